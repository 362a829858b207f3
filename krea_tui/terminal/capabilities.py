"""The values that the probe, the choice and the picture code exchange."""

from enum import Enum
from typing import NamedTuple


class GraphicsMode(Enum):
    """How pictures are drawn; the values are the words of ``--graphics``."""

    AUTO = "auto"
    KITTY = "kitty"
    SIXEL = "sixel"
    HALFBLOCK = "halfblock"
    OFF = "off"


class CellSize(NamedTuple):
    """Size of one character cell in pixels."""

    width: int
    height: int


DEFAULT_CELL_SIZE = CellSize(10, 20)
"""The VT340's, which sixel terminals imitate when they do not say."""

SIXEL_COLOURS = 256
"""Colour registers of nearly every terminal that draws sixel."""


class TmuxAnswers(NamedTuple):
    """What tmux says of the terminal around it."""

    terminal_name: str = ""
    features: frozenset[str] = frozenset()
    passthrough: bool = False


class TerminalAnswers(NamedTuple):
    """What the terminal said of itself; every field keeps its default where it said nothing."""

    is_terminal: bool = False
    complete: bool = False
    """Whether the question that ends the batch (DA1) was answered in time."""
    kitty_graphics: bool = False
    sixel: bool = False
    cell_size: CellSize | None = None
    name: str = ""
    """The answer to XTVERSION, such as ``kitty(0.41.1)`` or ``XTerm(379)``."""
    sixel_colours: int | None = None
    sixel_max_px: tuple[int, int] | None = None
    """Width and height of the largest picture that the terminal draws."""
    seconds: float = 0.0
    tmux: TmuxAnswers | None = None


class TerminalCapabilities(NamedTuple):
    """What the app may rely on. The defaults suit a terminal of which nothing is known."""

    graphics: GraphicsMode = GraphicsMode.HALFBLOCK
    """Never ``AUTO``."""
    cell_size: CellSize = DEFAULT_CELL_SIZE
    in_tmux: bool = False
    in_screen: bool = False
    truecolor: bool = False
    remote: bool = False
    """Whether the line is SSH, and bytes may be dear."""
    terminal_name: str = ""
    sixel_colours: int = SIXEL_COLOURS
    sixel_max_px: tuple[int, int] | None = None
    reason: str = "Nothing is known of the terminal, so pictures are drawn as half-blocks."
    """Why this mode, and what to change to get better pictures: plain sentences for the person."""
