import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.programs import MINIMAL, run
from tests.benchmarks.startup import start
from tests.benchmarks.terminal import KINDS, KITTY, MUTE, Kind, Silence, Terminal


@contextlib.contextmanager
def shell(script: str, kind: Kind) -> Iterator[Terminal]:
    with Terminal(["/bin/sh", "-c", script], {}, "/", kind) as terminal:
        yield terminal


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_a_start_has_a_frame_and_then_a_letter(tmp_path: Path, kind: Kind) -> None:
    measured = start(MINIMAL, tmp_path, kind)
    assert 0 < measured.frame_s < measured.letter_s


def test_a_terminal_answers_each_question_once_in_the_order_asked() -> None:
    question = r"stty raw -echo; printf '\033[16t\033[c'; head -c 17 | cat -v; echo asked"
    with shell(question, KITTY) as terminal:
        terminal.wait_for(["asked"])
        assert "^[[6;20;10t^[[?62;c" in terminal.text()


def test_a_mute_terminal_answers_nothing() -> None:
    with shell(r"stty raw -echo min 0 time 2; printf '\033[c'; head -c 1 | wc -c; echo over", MUTE) as terminal:
        terminal.wait_for(["over"])
        assert terminal.text().split() == ["0", "over"]


def test_what_is_never_shown_is_reported_with_what_was() -> None:
    with shell("echo something else", MUTE) as terminal, pytest.raises(Silence, match="something else"):
        terminal.wait_for(["Compose"])


def test_the_screen_is_the_one_that_is_named(tmp_path: Path) -> None:
    with run(MINIMAL, tmp_path, MUTE) as terminal:
        terminal.wait_for(MINIMAL.frame)
    with shell("stty size", MUTE) as terminal:
        terminal.wait_for(["40 120"])
