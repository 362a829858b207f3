"""Pure rules: from the terminal's answers to how pictures are drawn."""

import re
from collections.abc import Mapping, MutableMapping

from krea_tui.terminal.capabilities import (
    DEFAULT_CELL_SIZE,
    SIXEL_COLOURS,
    CellSize,
    GraphicsMode,
    TerminalAnswers,
    TerminalCapabilities,
)
from krea_tui.terminal.cell_size import valid_cell_size
from krea_tui.terminal.probe import is_remote

_KITTY_VERSION = re.compile(r"kitty\((\d+)\.(\d+)")
_FIRST_KITTY_WITH_PLACEHOLDERS = (0, 28)
_TRUECOLOR_NAMES = re.compile(
    r"kitty|ghostty|foot|XTerm|WezTerm|Konsole|iTerm2|contour|rio|mintty|VTE|xterm\.js|alacritty|mlterm", re.IGNORECASE
)
_TRUECOLOR_WORDS = ("truecolor", "24bit")


def choose(
    answers: TerminalAnswers, environ: Mapping[str, str], wanted: GraphicsMode = GraphicsMode.AUTO
) -> TerminalCapabilities:
    """Decide how pictures are drawn. Pure; a wanted mode other than ``AUTO`` is taken at its word."""
    in_tmux = bool(environ.get("TMUX"))
    in_screen = bool(environ.get("STY")) and not in_tmux
    name = (answers.tmux.terminal_name if answers.tmux else "") or answers.name
    base = TerminalCapabilities(
        cell_size=answers.cell_size or _cell_size_of(environ),
        in_tmux=in_tmux,
        in_screen=in_screen,
        truecolor=_truecolor(answers, environ, name, in_screen=in_screen),
        remote=is_remote(environ),
        terminal_name=name,
        sixel_colours=min(SIXEL_COLOURS, answers.sixel_colours or SIXEL_COLOURS),
        sixel_max_px=answers.sixel_max_px,
    )
    mode, reason = _judge(answers, environ, wanted, base)
    # Placeholders carry the picture's number in a 24-bit colour; a terminal that draws them has those colours.
    return base._replace(graphics=mode, reason=reason, truecolor=base.truecolor or mode is GraphicsMode.KITTY)


def _judge(
    answers: TerminalAnswers, environ: Mapping[str, str], wanted: GraphicsMode, known: TerminalCapabilities
) -> tuple[GraphicsMode, str]:
    if wanted is not GraphicsMode.AUTO:
        return wanted, f"Pictures are {_HOW[wanted]} because --graphics {wanted.value} asks for it."
    if not answers.is_terminal:
        return _without_terminal(environ)
    if known.in_screen:
        return GraphicsMode.HALFBLOCK, (
            "GNU screen passes no pictures on, so they are drawn as half-blocks. "
            "Run outside of screen, or in tmux with allow-passthrough, for sharp pictures."
        )
    if known.in_tmux:
        return _in_tmux(answers, known.terminal_name)
    return _directly(answers, known.terminal_name)


def prepare_environment(capabilities: TerminalCapabilities, environ: MutableMapping[str, str]) -> None:
    """Set what textual needs for right colours, before the ``App`` is made.

    SSH does not forward COLORTERM; without it textual sends 256 colours and kitty's placeholders stay empty. GNU
    screen is the opposite: COLORTERM leaks in and garbles everything. NO_COLOR is the person's and is left alone.
    """
    if capabilities.in_screen:
        environ.pop("COLORTERM", None)
    elif capabilities.truecolor and environ.get("COLORTERM", "").strip().lower() not in _TRUECOLOR_WORDS:
        environ["COLORTERM"] = "truecolor"
    if capabilities.graphics is GraphicsMode.KITTY and environ.get("TEXTUAL_COLOR_SYSTEM", "truecolor") != "truecolor":
        # Set by hand to fewer colours: right for text, fatal for the placeholders.
        environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"


_HOW = {
    GraphicsMode.KITTY: "sent by the kitty protocol",
    GraphicsMode.SIXEL: "sent as sixel",
    GraphicsMode.HALFBLOCK: "drawn as half-blocks",
    GraphicsMode.OFF: "not shown",
}


def _without_terminal(environ: Mapping[str, str]) -> tuple[GraphicsMode, str]:
    if environ.get("TERM", "") in ("dumb", "unknown"):
        return GraphicsMode.OFF, "TERM says that this terminal draws nothing. Set TERM to its name for pictures."
    return GraphicsMode.HALFBLOCK, (
        "The terminal could not be asked (input or output is not a terminal), so pictures are drawn as half-blocks."
    )


def _directly(answers: TerminalAnswers, name: str) -> tuple[GraphicsMode, str]:
    called = name or "The terminal"
    if answers.kitty_graphics and _draws_placeholders(name):
        return GraphicsMode.KITTY, f"{called} draws pictures by the kitty protocol."
    if answers.sixel:
        return GraphicsMode.SIXEL, f"{called} draws sixel pictures."
    if not answers.complete:
        return GraphicsMode.HALFBLOCK, (
            "The terminal did not answer in time, so pictures are drawn as half-blocks. "
            "If it can do better, say so with --graphics kitty or --graphics sixel."
        )
    if answers.kitty_graphics:
        return GraphicsMode.HALFBLOCK, (
            f"{called} knows the kitty protocol but not its placeholders (kitty has them since 0.28), "
            "so pictures are drawn as half-blocks. A newer version shows them sharp."
        )
    return GraphicsMode.HALFBLOCK, (
        f"{called} draws no pictures, so they are shown as half-blocks. "
        "kitty, Ghostty, WezTerm, foot, iTerm2 or Konsole show them sharp."
    )


def _in_tmux(answers: TerminalAnswers, name: str) -> tuple[GraphicsMode, str]:
    tmux = answers.tmux
    if tmux is None or not tmux.terminal_name:
        return GraphicsMode.HALFBLOCK, (
            "tmux does not say which terminal is around it, so pictures are drawn as half-blocks. "
            "If it can do better, say so with --graphics kitty or --graphics sixel."
        )
    if _draws_placeholders(name):
        if not tmux.passthrough:
            return GraphicsMode.HALFBLOCK, (
                f"tmux keeps pictures from {name}, so they are drawn as half-blocks. "
                "Put `set -g allow-passthrough on` into tmux.conf for sharp pictures."
            )
        if "RGB" not in tmux.features:
            return GraphicsMode.HALFBLOCK, (
                f"tmux has no true colour for {name}, which its pictures need, so they are drawn as half-blocks. "
                "Put `set -as terminal-features ',*:RGB'` into tmux.conf for sharp pictures."
            )
        return GraphicsMode.KITTY, f"{name} draws pictures by the kitty protocol, through tmux."
    if answers.sixel and "sixel" in tmux.features:
        return GraphicsMode.SIXEL, f"{name} draws sixel pictures, through tmux."
    return GraphicsMode.HALFBLOCK, (
        f"tmux passes no pictures to {name}, so they are drawn as half-blocks. If the terminal draws sixel, "
        "tmux 3.4 or later does with `set -as terminal-features ',*:sixel'`."
    )


def _draws_placeholders(name: str) -> bool:
    """Konsole and WezTerm claim the kitty protocol too, but draw no placeholders."""
    if version := _KITTY_VERSION.search(name):
        return (int(version[1]), int(version[2])) >= _FIRST_KITTY_WITH_PLACEHOLDERS
    return "ghostty" in name.lower()


def _truecolor(answers: TerminalAnswers, environ: Mapping[str, str], name: str, *, in_screen: bool) -> bool:
    if in_screen:
        return False
    if environ.get("COLORTERM", "").strip().lower() in _TRUECOLOR_WORDS:
        return True
    tmux_agrees = answers.tmux is None or "RGB" in answers.tmux.features
    return bool(_TRUECOLOR_NAMES.search(name)) and tmux_agrees


def _cell_size_of(environ: Mapping[str, str]) -> CellSize:
    """textual-serve tells the size of its cells by these variables."""
    width, height = environ.get("TEXTUAL_CELL_WIDTH", ""), environ.get("TEXTUAL_CELL_HEIGHT", "")
    if width.isdecimal() and height.isdecimal():
        return valid_cell_size(int(width), int(height)) or DEFAULT_CELL_SIZE
    return DEFAULT_CELL_SIZE
