"""Desktop notices are one harmless sequence, whatever a prompt says."""

import io

import pytest

from krea_tui.terminal import TerminalCapabilities
from krea_tui.ui.desktop import desktop_notice

PLAIN = TerminalCapabilities()


def written(words: str, capabilities: TerminalCapabilities = PLAIN) -> str:
    output = io.StringIO()
    desktop_notice(words, capabilities, output)
    return output.getvalue()


def test_a_notice_is_osc_9() -> None:
    assert written("completed: a heron") == "\x1b]9;completed: a heron\x1b\\"


@pytest.mark.parametrize("hostile", ["a\x1b]0;title\x07b", "a\x1b\\\x1b[2Jb", "a\nb\x9cc", "\u202eabc"])
def test_no_prompt_ends_the_sequence_early(hostile: str) -> None:
    text = written(hostile)
    inside = text.removeprefix("\x1b]9;").removesuffix("\x1b\\")
    assert inside.isprintable()
    assert text.count("\x1b") == 2


def test_a_long_prompt_is_cut() -> None:
    assert len(written("x" * 5_000)) < 140


def test_tmux_passes_it_on() -> None:
    assert written("done", PLAIN._replace(in_tmux=True)) == "\x1bPtmux;\x1b\x1b]9;done\x1b\x1b\\\x1b\\"


def test_screen_gets_nothing() -> None:
    assert written("done", PLAIN._replace(in_screen=True)) == ""


def test_a_closed_stream_is_no_obstacle() -> None:
    output = io.StringIO()
    output.close()
    desktop_notice("done", PLAIN, output)
