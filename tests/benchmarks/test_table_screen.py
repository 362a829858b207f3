"""The screen that the benchmarks look at shows what a terminal would."""

from pathlib import Path

import pyte
import pytest

from tests.benchmarks.programs import MINIMAL
from tests.benchmarks.table.probe import Probe
from tests.benchmarks.table.screen import Screen
from tests.benchmarks.terminal import COLUMNS, ROWS

SELECTED = "\x1b[38;2;1;2;3;48;2;9;9;9m"
PLAIN = "\x1b[38;2;1;2;3;48;2;0;0;0m"


def screen_of(text: str) -> Screen:
    screen = Screen(6, 40)
    screen.feed(text.encode())
    return screen


def rows(cursor: int) -> str:
    return "".join(
        f"\x1b[{y + 1};1H{SELECTED if y == cursor else PLAIN}held  a prompt  {seed}  $0.06\x1b[0m"
        for y, seed in enumerate((49_271_000, 49_222_729, 1_234_567))
    )


def test_a_move_writes_over_what_was_there() -> None:
    assert screen_of("\x1b[2;3Hfour\x1b[2;4Hi").line(1).rstrip() == "  fiur"


def test_a_wide_character_takes_two_cells_and_a_joined_one_none() -> None:
    screen = screen_of("\x1b[1;1H窗x\u0301!")
    assert screen.line(0).rstrip() == "窗x\u0301!"
    assert screen.find("!") == (0, 3)


def test_a_frame_is_whole_when_its_end_has_come_however_it_was_cut() -> None:
    screen = Screen(6, 40)
    seen = []
    for byte in f"\x1b[?2026h{rows(0)}\x1b[?2026l".encode():
        screen.feed(bytes([byte]))
        seen.append(screen.is_whole)
    assert seen.count(False) > len(rows(0)) - 10
    assert screen.is_whole
    assert screen.frames == 1


@pytest.mark.parametrize("cursor", [0, 1, 2])
def test_the_cursor_is_the_row_that_looks_different(cursor: int) -> None:
    seeds = [49_271_000, 49_222_729, 1_234_567]
    screen = screen_of(rows(cursor).replace("1234567 ", " 1234567"))
    assert list(screen.seeds().values()) == seeds
    assert screen.seed_under_cursor() == seeds[cursor]


def test_no_row_has_the_cursor_where_all_look_alike() -> None:
    assert screen_of(rows(9)).seed_under_cursor() is None


def test_a_real_program_looks_the_same_to_a_terminal_of_others(tmp_path: Path) -> None:
    with Probe(MINIMAL.arguments, tmp_path) as probe:
        probe.shows(lambda screen: screen.find(MINIMAL.frame[0]) is not None, 20.0, "its frame")
        probe.read_for(0.5)
        other = pyte.Screen(COLUMNS, ROWS)
        # It takes the reset of a keyboard protocol for text.
        pyte.ByteStream(other).feed(bytes(probe.output).replace(b"\x1b[>1u", b"").replace(b"\x1b[=0;1u", b""))
        assert [line.rstrip() for line in other.display] == [probe.screen.line(y).rstrip() for y in range(ROWS)]
