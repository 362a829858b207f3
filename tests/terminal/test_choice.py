"""How pictures are drawn, from what the terminal said."""

import pytest

from krea_tui.terminal import CellSize, GraphicsMode, TerminalAnswers, TerminalCapabilities, choose, prepare_environment
from krea_tui.terminal.capabilities import TmuxAnswers
from krea_tui.terminal.multiplexer import parse_tmux_answer

TERM = {"TERM": "xterm-256color"}


def answers(
    name: str = "", *, kitty: bool = False, sixel: bool = False, complete: bool = True, tmux: TmuxAnswers | None = None
) -> TerminalAnswers:
    return TerminalAnswers(is_terminal=True, complete=complete, kitty_graphics=kitty, sixel=sixel, name=name, tmux=tmux)


def tmux(name: str, *features: str, passthrough: bool = True) -> TmuxAnswers:
    return TmuxAnswers(name, frozenset(features), passthrough)


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        (answers("kitty(0.41.1)", kitty=True), GraphicsMode.KITTY),
        (answers("kitty(0.28.0)", kitty=True), GraphicsMode.KITTY),
        (answers("kitty(0.26.5)", kitty=True), GraphicsMode.HALFBLOCK),
        (answers("ghostty 1.1", kitty=True), GraphicsMode.KITTY),
        (answers("kitty(0.41.1)"), GraphicsMode.HALFBLOCK),
        (answers("WezTerm 2024", kitty=True, sixel=True), GraphicsMode.SIXEL),
        (answers("Konsole 24", kitty=True, sixel=True), GraphicsMode.SIXEL),
        (answers("foot(1.21.0)", sixel=True), GraphicsMode.SIXEL),
        (answers("", sixel=True), GraphicsMode.SIXEL),
        (answers("alacritty"), GraphicsMode.HALFBLOCK),
        (answers(complete=False), GraphicsMode.HALFBLOCK),
    ],
)
def test_without_a_multiplexer(said: TerminalAnswers, mode: GraphicsMode) -> None:
    assert choose(said, TERM).graphics is mode


@pytest.mark.parametrize(
    ("said", "mode", "advice"),
    [
        (tmux("kitty(0.41.1)", "RGB"), GraphicsMode.KITTY, "through tmux"),
        (tmux("kitty(0.41.1)", "RGB", passthrough=False), GraphicsMode.HALFBLOCK, "allow-passthrough on"),
        (tmux("kitty(0.41.1)"), GraphicsMode.HALFBLOCK, "RGB"),
        (tmux("kitty(0.26.0)", "RGB"), GraphicsMode.HALFBLOCK, "half-blocks"),
        (tmux("XTerm(379)", "sixel"), GraphicsMode.SIXEL, "through tmux"),
        (tmux("XTerm(379)"), GraphicsMode.HALFBLOCK, "terminal-features"),
        (tmux(""), GraphicsMode.HALFBLOCK, "--graphics"),
    ],
)
def test_in_tmux_which_always_claims_sixel(said: TmuxAnswers, mode: GraphicsMode, advice: str) -> None:
    capabilities = choose(answers("tmux 3.5a", sixel=True, tmux=said), TERM | {"TMUX": "/x,1,0"})
    assert capabilities.graphics is mode
    assert capabilities.in_tmux
    assert advice in capabilities.reason


def test_screen_passes_nothing_on() -> None:
    capabilities = choose(answers("kitty(0.41.1)", kitty=True), TERM | {"STY": "1.pts", "COLORTERM": "truecolor"})
    assert capabilities.graphics is GraphicsMode.HALFBLOCK
    assert capabilities.in_screen
    assert not capabilities.truecolor


@pytest.mark.parametrize("mode", [mode for mode in GraphicsMode if mode is not GraphicsMode.AUTO])
def test_the_person_is_taken_at_their_word(mode: GraphicsMode) -> None:
    capabilities = choose(TerminalAnswers(), {"TERM": "dumb"}, mode)
    assert capabilities.graphics is mode
    assert f"--graphics {mode.value}" in capabilities.reason


def test_a_dumb_terminal_gets_no_pictures() -> None:
    assert choose(TerminalAnswers(), {"TERM": "dumb"}).graphics is GraphicsMode.OFF


@pytest.mark.parametrize("said", [answers(complete=False), answers("kitty(0.26.5)", kitty=True), answers("st")])
def test_every_reason_against_sharp_pictures_says_what_to_change(said: TerminalAnswers) -> None:
    reason = choose(said, TERM).reason
    assert reason.count(". ") >= 1
    assert reason.endswith(".")


@pytest.mark.parametrize(
    ("name", "environ", "truecolor"),
    [
        ("XTerm(379)", {}, True),
        ("", {}, False),
        ("", {"COLORTERM": "24bit"}, True),
        ("st-0.9", {"COLORTERM": "yes"}, False),
    ],
)
def test_true_colour_is_proved_by_name_or_word(name: str, environ: dict[str, str], truecolor: bool) -> None:
    assert choose(answers(name), TERM | environ).truecolor is truecolor


def test_cells_of_textual_serve() -> None:
    served = TERM | {"TEXTUAL_CELL_WIDTH": "7", "TEXTUAL_CELL_HEIGHT": "15"}
    assert choose(TerminalAnswers(), served).cell_size == CellSize(7, 15)
    assert choose(TerminalAnswers(), TERM).cell_size == CellSize(10, 20)


def test_a_palette_no_larger_than_the_terminals_registers() -> None:
    said = TerminalAnswers(is_terminal=True, complete=True, sixel=True, sixel_colours=16)
    assert choose(said, TERM).sixel_colours == 16
    assert choose(TerminalAnswers(sixel_colours=1024), TERM).sixel_colours == 256


def test_the_environment_of_a_proved_terminal_says_truecolor() -> None:
    environ = {"NO_COLOR": "1", "TEXTUAL_COLOR_SYSTEM": "256"}
    prepare_environment(TerminalCapabilities(graphics=GraphicsMode.KITTY, truecolor=True), environ)
    assert environ == {"NO_COLOR": "1", "TEXTUAL_COLOR_SYSTEM": "truecolor", "COLORTERM": "truecolor"}


def test_the_environment_of_an_unknown_terminal_is_left_alone() -> None:
    environ = {"COLORTERM": "yes", "TEXTUAL_COLOR_SYSTEM": "256"}
    prepare_environment(TerminalCapabilities(), environ)
    assert environ == {"COLORTERM": "yes", "TEXTUAL_COLOR_SYSTEM": "256"}


def test_colorterm_does_not_leak_into_screen() -> None:
    environ = {"COLORTERM": "truecolor", "STY": "1.pts"}
    prepare_environment(TerminalCapabilities(in_screen=True), environ)
    assert environ == {"STY": "1.pts"}


@pytest.mark.parametrize("text", ["", "nonsense", "a\tb"])
def test_odd_words_of_tmux_mean_nothing(text: str) -> None:
    assert parse_tmux_answer(text) == TmuxAnswers()
