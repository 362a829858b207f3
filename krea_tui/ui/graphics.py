"""The one adapter for textual-image, and the only place that touches its private parts.

What is used of it: its kitty placeholders, its sixel encoder and its half-block renderable. What is not: its widgets,
which decode, encode and write on the event loop, send pictures twice and never free them. It asks the terminal when it
is imported, so it is imported here only, late, in a worker thread, with its questions answered beforehand.
Works with 0.12 (Python 3.11) and 0.14 (3.12 and later). Importing this module costs neither Pillow nor textual-image.
"""

import atexit
import base64
import importlib
import io
import itertools
import math
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rich.console import Console, RenderableType
from rich.segment import Segment
from textual.strip import Strip

from krea_tui.pictures.decode import PictureUnreadable
from krea_tui.pictures.prepare import PreparedPicture, Rendition, Rgb, prepare
from krea_tui.terminal import CellSize, GraphicsMode, TerminalCapabilities, measure_cell_size

_KITTY_CHUNK = 4096
"""Largest payload of one message, by the protocol."""
_TMUX_LARGEST_SIXEL = 1_000_000
"""tmux drops a sequence of more than 1 MiB (its INPUT_BUF_LIMIT)."""
_TMUX_COLOURS = 64
_TMUX_ATTEMPTS = 5
_TMUX_CHUNKS_AT_ONCE = 3
_TMUX_PAUSE_S = 0.01
"""tmux throws away what its terminal has not taken once some 8 bytes a cell wait (TTY_BLOCK_START): send no faster."""
_SIXEL_BAND_PX = 6
_FAST_LINE_BYTES_PER_S = 1_000_000
_ENOUGH_TO_MEASURE_BYTES = 200_000

_seeding = threading.Lock()
_sending = threading.Lock()
"""A kitty picture goes in many messages, between which no other graphics message may come."""
_kitty_ids = itertools.count(secrets.randbelow(1 << 24) + (1 << 24))
"""From a random start: other programs of the same terminal number their pictures too."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """What to draw and where it has to fit; equal requests give equal drawings."""

    path: Path
    columns: int
    rows: int
    cell_size: CellSize
    background: Rgb


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture ready to be painted: cheap to paint, as often as the screen wants."""

    request: PictureRequest
    columns: int
    rows: int
    strips: tuple[Strip, ...] = ()
    """One for each row, ``columns`` wide; empty for sixel."""
    sixel: str = ""
    kitty_id: int = 0


class TerminalPictures:
    """Makes drawings for one terminal. ``draw`` belongs in a thread; nothing here needs the event loop.

    Args:
        capabilities: How pictures are drawn.
        output: Where kitty's pictures are sent; by default standard error, the stream that textual's driver writes
            to, so that the two never cut into each other's sequences. None for an app without a terminal: then
            nothing is sent.
    """

    def __init__(self, capabilities: TerminalCapabilities, output: TextIO | None = sys.__stderr__) -> None:
        self.capabilities = capabilities
        self._output = output
        self._kitty_in_terminal: set[int] = set()
        self._bytes_per_s: float | None = None
        self._closed = threading.Event()
        atexit.register(self.close)

    @property
    def mode(self) -> GraphicsMode:
        """How pictures are drawn; never ``AUTO``."""
        return self.capabilities.graphics

    def cell_size(self) -> CellSize:
        """The size of a cell now: a new font size changes it while the app runs."""
        measured = measure_cell_size() if self._output is not None else None
        return measured or self.capabilities.cell_size

    def draw(self, request: PictureRequest, still_wanted: Callable[[], bool] = lambda: True) -> Drawing | None:
        """Decode, scale, encode and, for kitty, send a picture. Blocks: for a worker thread.

        Args:
            request: The picture and its box.
            still_wanted: Asked between the steps and between the messages of a transmission.

        Returns:
            The drawing, or None if it was no longer wanted. A drawing must be given to ``free`` in the end.

        Raises:
            PictureUnreadable: With a sentence for the person.
        """
        prepared = self._prepare(request, (request.columns, request.rows), self._palette_size())
        if not still_wanted():
            return None
        seed(self.capabilities)
        match self.mode:
            case GraphicsMode.KITTY:
                return self._draw_kitty(request, prepared, still_wanted)
            case GraphicsMode.SIXEL:
                return self._draw_sixel(request, prepared, still_wanted)
            case _:
                return Drawing(request, prepared.columns, prepared.rows, strips=_half_block_strips(prepared))

    def free(self, drawing: Drawing) -> None:
        """Free what the terminal keeps of a drawing. Writes a few bytes; further calls do nothing."""
        if drawing.kitty_id in self._kitty_in_terminal:
            self._kitty_in_terminal.discard(drawing.kitty_id)
            with _sending:
                self._write(_kitty_message(f"a=d,d=I,i={drawing.kitty_id},q=2"))

    def close(self) -> None:
        """Free every picture that the terminal still keeps."""
        self._closed.set()
        atexit.unregister(self.close)
        for kitty_id in list(self._kitty_in_terminal):
            self._kitty_in_terminal.discard(kitty_id)
            self._write(_kitty_message(f"a=d,d=I,i={kitty_id},q=2"))

    def _palette_size(self) -> int | None:
        """Colours of the palette; None for full colour, which kitty gets unless the line is far and slow."""
        if self.mode is GraphicsMode.SIXEL:
            return max(2, self.capabilities.sixel_colours)
        proved_fast = self._bytes_per_s is not None and self._bytes_per_s > _FAST_LINE_BYTES_PER_S
        return 256 if self.capabilities.remote and not proved_fast else None

    def _prepare(self, request: PictureRequest, cells: tuple[int, int], colours: int | None) -> PreparedPicture:
        sixel = self.mode is GraphicsMode.SIXEL
        # tmux fills what is missing of a last band of sixels with a line of its own.
        rows_step = _SIXEL_BAND_PX // math.gcd(_SIXEL_BAND_PX, request.cell_size.height)
        return prepare(
            request.path,
            cells,
            request.cell_size,
            _rendition(self.mode, colours),
            colours=colours or 256,
            background=request.background,
            most_px=self.capabilities.sixel_max_px if sixel else None,
            rows_step=rows_step if sixel and self.capabilities.in_tmux else 1,
        )

    def _draw_sixel(
        self, request: PictureRequest, prepared: PreparedPicture, still_wanted: Callable[[], bool]
    ) -> Drawing | None:
        """Encode; in tmux with fewer colours, then smaller, until it passes."""
        sixel = _sixel(prepared)
        cells = (request.columns, request.rows)
        for _ in range(_TMUX_ATTEMPTS):
            if not self.capabilities.in_tmux or len(sixel) <= _TMUX_LARGEST_SIXEL:
                break
            if not still_wanted():
                return None
            prepared = self._prepare(request, cells, min(_TMUX_COLOURS, self._palette_size() or _TMUX_COLOURS))
            sixel = _sixel(prepared)
            shrink = min(1.0, math.sqrt(_TMUX_LARGEST_SIXEL * 0.9 / len(sixel)))
            cells = (max(1, int(prepared.columns * shrink)), max(1, int(prepared.rows * shrink)))
        return Drawing(request, prepared.columns, prepared.rows, sixel=sixel)

    def _draw_kitty(
        self, request: PictureRequest, prepared: PreparedPicture, still_wanted: Callable[[], bool]
    ) -> Drawing | None:
        kitty_id = next(_kitty_ids)
        payload = _png_base64(prepared)
        strips = _kitty_strips(prepared, kitty_id)
        drawing = Drawing(request, prepared.columns, prepared.rows, strips=strips, kitty_id=kitty_id)
        while not _sending.acquire(timeout=0.1):
            if not still_wanted():
                return None
        try:
            self._kitty_in_terminal.add(kitty_id)
            complete = self._send(kitty_id, payload, still_wanted)
            if complete:
                placement = f"a=p,U=1,i={kitty_id},c={prepared.columns},r={prepared.rows},q=2"
                self._write(_kitty_message(placement))
        finally:
            _sending.release()
        if complete and still_wanted():
            return drawing
        self.free(drawing)
        return None

    def _send(self, kitty_id: int, payload: str, still_wanted: Callable[[], bool]) -> bool:
        """Send a picture in small messages, so that textual's frames find their way between them on a slow line."""
        started_at = time.monotonic()
        keys = f"a=t,f=100,i={kitty_id},q=2,"
        for offset in range(0, len(payload), _KITTY_CHUNK):
            if not still_wanted():
                # An empty last message ends the transmission; the terminal drops the half picture.
                self._write(_kitty_message(f"{keys}m=0"))
                return False
            more = int(offset + _KITTY_CHUNK < len(payload))
            self._write(_kitty_message(f"{keys}m={more}", payload[offset : offset + _KITTY_CHUNK]))
            keys = "q=2,"
            if self.capabilities.in_tmux and offset // _KITTY_CHUNK % _TMUX_CHUNKS_AT_ONCE == _TMUX_CHUNKS_AT_ONCE - 1:
                self._closed.wait(_TMUX_PAUSE_S)
        if len(payload) >= _ENOUGH_TO_MEASURE_BYTES:
            self._bytes_per_s = len(payload) / max(time.monotonic() - started_at, 1e-6)
        return True

    def _write(self, message: str) -> None:
        if self._output is None:
            return
        if self.capabilities.in_tmux:
            message = "\x1bPtmux;" + message.replace("\x1b", "\x1b\x1b") + "\x1b\\"
        try:
            self._output.write(message)
            self._output.flush()
        except (OSError, ValueError):
            return  # hung up, or closed at exit: there is no terminal left to tell


def seed(capabilities: TerminalCapabilities) -> None:
    """Answer textual-image's questions before it asks the terminal, which by now belongs to textual."""
    with _seeding:
        terminal = importlib.import_module("textual_image._terminal")
        if getattr(terminal, "answered_by_krea_tui", False):
            return
        cell_size = terminal.CellSize(*capabilities.cell_size)
        answers: dict[str, object] = {
            "answered_by_krea_tui": True,
            "get_cell_size": lambda: cell_size,
            "capture_terminal_response": _refuse_to_ask,
        }
        if hasattr(terminal, "probe_terminal"):  # 0.13 and later
            known = terminal.TerminalCapabilities(cell_size, sixel=False, tgp=False)
            answers["probe_terminal"] = lambda: known
        # In place before textual_image.renderable binds these names.
        vars(terminal).update(answers)


def _refuse_to_ask(*_: object, **__: object) -> None:
    raise TimeoutError("the terminal was asked before textual started")


def _rendition(mode: GraphicsMode, colours: int | None) -> Rendition:
    if mode is GraphicsMode.SIXEL:
        return Rendition.PALETTE
    if mode is GraphicsMode.KITTY:
        return Rendition.FULL_COLOUR if colours is None else Rendition.PALETTE
    return Rendition.HALF_BLOCKS


def _rendered(renderable: RenderableType, columns: int, rows: int) -> tuple[Strip, ...]:
    """Render what textual-image made for rich into strips for textual."""
    console = Console(file=io.StringIO(), width=columns, height=rows, force_terminal=True, color_system="truecolor")
    lines: Iterator[list[Segment]] = iter(console.render_lines(renderable, pad=False))
    return tuple(Strip(line, columns) for line in itertools.islice(lines, rows))


def _half_block_strips(prepared: PreparedPicture) -> tuple[Strip, ...]:
    from textual_image.renderable.halfcell import Image as HalfcellImage

    renderable = HalfcellImage(prepared.image, width=prepared.columns, height=prepared.rows)
    return tuple(strip.simplify() for strip in _rendered(renderable, prepared.columns, prepared.rows))


def _kitty_strips(prepared: PreparedPicture, kitty_id: int) -> tuple[Strip, ...]:
    from PIL import Image
    from textual_image.renderable.tgp import Image as TGPImage

    renderable = TGPImage(Image.new("RGB", (1, 1)), width=prepared.columns, height=prepared.rows)
    # With an id it takes its picture for sent, and gives the placeholders alone.
    renderable.terminal_image_id = kitty_id
    return _rendered(renderable, prepared.columns, prepared.rows)


def _kitty_message(keys: str, payload: str = "") -> str:
    return f"\x1b_G{keys};{payload}\x1b\\" if payload else f"\x1b_G{keys}\x1b\\"


def _png_base64(prepared: PreparedPicture) -> str:
    png = io.BytesIO()
    prepared.image.save(png, format="PNG", compress_level=4)
    return base64.b64encode(png.getvalue()).decode("ascii")


def _sixel(prepared: PreparedPicture) -> str:
    """Encode a palette picture, the same on every version of textual-image."""
    import textual_image._sixel as encoder

    sixel: str = encoder.image_to_sixels(prepared.image)
    if not hasattr(encoder, "_LazyColorTracker"):
        # 0.12 defines a colour and takes it for selected, which xterm and foot do not.
        sixel = re.sub(r"#(\d+);2;(\d+);(\d+);(\d+)", r"#\1;2;\2;\3;\4#\1", sixel)
    # The line feed after the last band paints a strip below the picture; P2=1 leaves unset pixels as they are.
    sixel = sixel.removesuffix("\x1b\\").removesuffix("-") + "\x1b\\"
    return sixel.replace("\x1bP0;0;0q", "\x1bP0;1;0q", 1)


__all__ = [
    "CellSize",
    "Drawing",
    "GraphicsMode",
    "PictureRequest",
    "PictureUnreadable",
    "TerminalCapabilities",
    "TerminalPictures",
    "seed",
]
