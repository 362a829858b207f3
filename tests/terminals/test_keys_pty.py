"""Keys, signals and sizes of a real terminal, byte by byte. Needs nothing but Python."""

import signal
import subprocess
import sys
from collections.abc import Mapping

import pytest

from krea_tui.simulator import Behaviour
from tests.support.waiting import wait_until
from tests.terminals.conftest import Gateway, OpenTerminal
from tests.terminals.history import jobs_of, prompts_of
from tests.terminals.pseudo import KITTY, MUTE, PLAIN, Answers, PseudoTerminal
from tests.terminals.remains import keyboard_depth, kitty_pictures, modes_left, modes_set

CTRL_Q = "\x11"
LINES = ["a harbour at dawn", "paper boats on still water", "low sun, gouache", "no people"]


def at_the_prompt(terminal: PseudoTerminal) -> PseudoTerminal:
    """Wait until it takes keys and knows who sends."""
    terminal.wait_for("Compose")
    terminal.wait_for("idle")
    return terminal


def leave(terminal: PseudoTerminal) -> None:
    terminal.type(CTRL_Q)
    assert terminal.end_of() == 0


# --- line feeds ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tail", ["", "\n"], ids=["", "with a last line feed"])
def test_a_paste_without_brackets_sends_nothing(
    tail: str, gateway: Gateway, in_terminal: OpenTerminal, environ: Mapping[str, str]
) -> None:
    terminal = at_the_prompt(in_terminal("--gateway", gateway.url))
    terminal.type("\n".join(LINES) + tail)
    for line in LINES:
        terminal.wait_for(line)
    rows = [row for line in LINES for row, text in enumerate(terminal.lines()) if line in text]
    assert rows == list(range(rows[0], rows[0] + len(LINES)))
    leave(terminal)
    assert gateway.simulator.stats.posts == 0
    assert jobs_of(environ) == []


def test_a_long_paste_without_brackets_sends_nothing(
    gateway: Gateway, in_terminal: OpenTerminal, environ: Mapping[str, str]
) -> None:
    terminal = at_the_prompt(in_terminal("--gateway", gateway.url))
    terminal.type("\n".join(f"line {number} of a list that somebody copied" for number in range(200)))
    terminal.wait_for("line 199 of a list")
    leave(terminal)
    assert gateway.simulator.stats.posts == 0
    assert jobs_of(environ) == []


def test_what_was_pasted_is_sent_whole_by_one_ctrl_j(
    gateway: Gateway, in_terminal: OpenTerminal, environ: Mapping[str, str]
) -> None:
    terminal = at_the_prompt(in_terminal("--gateway", gateway.url))
    terminal.type("\n".join(LINES))
    terminal.wait_for(LINES[-1])
    wait_until(lambda: terminal.shows(LINES[-1]) and not terminal.shows("all 1"))
    press_alone(terminal, "\n")
    wait_until(lambda: terminal.lines() and gateway.simulator.stats.posts == 1)
    leave(terminal)
    assert gateway.simulator.stats.posts == 1
    assert prompts_of(environ) == ["\n".join(LINES)]


@pytest.mark.parametrize(
    "keys",
    ["\n", "\x1b[106;5u", "\x1b[57442;5u\x1b[106;5u"],
    ids=["line feed", "kitty", "kitty with its modifier as a key"],
)
def test_ctrl_j_sends_exactly_one_job(
    keys: str, gateway: Gateway, in_terminal: OpenTerminal, environ: Mapping[str, str]
) -> None:
    terminal = at_the_prompt(in_terminal("--gateway", gateway.url, answers=KITTY if "\x1b" in keys else PLAIN))
    terminal.type("a lighthouse")
    terminal.wait_for("a lighthouse")
    press_alone(terminal, keys)
    terminal.wait_for("all 1")
    wait_until(lambda: terminal.lines() and gateway.simulator.stats.posts == 1)
    leave(terminal)
    assert gateway.simulator.stats.posts == 1
    assert prompts_of(environ) == ["a lighthouse"]


def press_alone(terminal: PseudoTerminal, keys: str) -> None:
    """Press a key well after the one before it, as a person does."""
    screens: list[list[str]] = []

    def is_at_rest() -> bool:
        screens.append(terminal.lines())
        return len(screens) > 10 and all(screen == screens[-1] for screen in screens[-10:])

    wait_until(is_at_rest, what="a screen at rest")
    terminal.type(keys)


# --- leaving ------------------------------------------------------------------------------------------------------


def assert_as_it_was(terminal: PseudoTerminal) -> None:
    assert {1049, 2004, 1000, 1006} <= modes_set(terminal.raw)
    assert modes_left(terminal.raw) == set()
    assert keyboard_depth(terminal.raw) == 0
    assert terminal.settings() == terminal.settings_before


def test_ctrl_q_leaves_the_terminal_as_it_was(in_terminal: OpenTerminal, gateway: Gateway) -> None:
    terminal = at_the_prompt(in_terminal("--gateway", gateway.url))
    assert modes_left(terminal.raw) != set()
    leave(terminal)
    assert_as_it_was(terminal)


def test_no_picture_stays_in_the_terminal(in_terminal: OpenTerminal, gateway: Gateway) -> None:
    terminal = at_the_prompt(in_terminal("--gateway", gateway.url, answers=KITTY))
    terminal.type("red dunes")
    press_alone(terminal, "\n")
    wait_until(lambda: terminal.lines() and kitty_pictures(terminal.raw)[0], 30, "a picture in the terminal")
    leave(terminal)
    sent, kept = kitty_pictures(terminal.raw)
    assert sent
    assert kept == set()
    assert_as_it_was(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_in_order(
    number: signal.Signals, in_terminal: OpenTerminal, gateway: Gateway, environ: Mapping[str, str]
) -> None:
    gateway.simulator.set_behaviour(Behaviour(latency_s=600))
    terminal = at_the_prompt(in_terminal("--gateway", gateway.url))
    terminal.type("a lighthouse")
    press_alone(terminal, "\n")
    wait_until(lambda: terminal.shows("queued") or terminal.shows("processing"), 30, "a job at the gateway")
    terminal.send_signal(number)
    assert terminal.end_of() == 0
    assert_as_it_was(terminal)
    assert "1 paid job goes on at the gateway" in "".join(terminal.lines())
    (job,) = jobs_of(environ)
    assert job["request_id"]


def lose_the_line(terminal: PseudoTerminal, gateway: Gateway) -> None:
    """Hang up while a job is at the gateway."""
    gateway.simulator.set_behaviour(Behaviour(latency_s=600))
    at_the_prompt(terminal)
    terminal.type("a lighthouse")
    press_alone(terminal, "\n")
    wait_until(lambda: terminal.shows("queued") or terminal.shows("processing"), 30, "a job at the gateway")
    terminal.hang_up()


def test_a_lost_line_loses_no_job(in_terminal: OpenTerminal, gateway: Gateway, environ: Mapping[str, str]) -> None:
    lose_the_line(in_terminal("--gateway", gateway.url), gateway)
    (job,) = jobs_of(environ)
    assert job["request_id"]
    assert gateway.simulator.stats.posts == 1


def test_a_lost_line_ends_the_process(in_terminal: OpenTerminal, gateway: Gateway) -> None:
    terminal = in_terminal("--gateway", gateway.url)
    lose_the_line(terminal, gateway)
    wait_until(lambda: terminal.process.poll() is not None, 10, "the end")


# --- odd terminals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (20, 5)], ids=str)
def test_a_terminal_of_an_odd_size_starts_and_ends(
    size: tuple[int, int], in_terminal: OpenTerminal, gateway: Gateway
) -> None:
    terminal = in_terminal("--gateway", gateway.url, size=size)
    wait_until(lambda: terminal.lines() and b"\x1b[?2004h" in terminal.raw, 30, "the app")
    terminal.resize(120, 40)
    at_the_prompt(terminal)
    leave(terminal)
    assert b"Traceback" not in terminal.raw


@pytest.mark.parametrize(
    ("answers", "changes"),
    [(MUTE, {}), (Answers(KITTY.to, late_s=0.5), {"SSH_CONNECTION": "198.51.100.1 50000 198.51.100.2 22"})],
    ids=["mute", "far away"],
)
def test_a_terminal_that_is_mute_or_slow_is_no_obstacle(
    answers: Answers, changes: Mapping[str, str], in_terminal: OpenTerminal, gateway: Gateway
) -> None:
    terminal = at_the_prompt(in_terminal("--gateway", gateway.url, answers=answers, changes=changes))
    terminal.type("hello")
    terminal.wait_for("│ hello  ")
    leave(terminal)
    assert gateway.simulator.stats.posts == 0


def test_a_dumb_terminal_gets_words(in_terminal: OpenTerminal) -> None:
    terminal = in_terminal("--demo", changes={"TERM": "dumb"})
    assert terminal.end_of(within_s=10) == 2
    assert b"\x1b" not in terminal.raw
    assert terminal.shows("terminal")


def test_no_terminal_gets_words() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "krea_tui", "--demo"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"needs a terminal" in ended.stderr


def test_a_new_size_is_followed(in_terminal: OpenTerminal, gateway: Gateway) -> None:
    terminal = at_the_prompt(in_terminal("--gateway", gateway.url))
    terminal.type("a lighthouse")
    press_alone(terminal, "\n")
    terminal.wait_for("completed")
    wait_until(lambda: half_blocks(terminal) > 400, 30, "the picture")
    terminal.resize(80, 24)
    wait_until(lambda: terminal.shows("Preview") and not half_blocks(terminal), 30, "the tabs")
    assert all(len(line.rstrip()) <= 80 for line in terminal.lines())
    terminal.resize(160, 50)
    wait_until(lambda: half_blocks(terminal) > 800, 30, "a larger picture")
    leave(terminal)


def half_blocks(terminal: PseudoTerminal) -> int:
    return sum(line.count("▀") + line.count("▄") for line in terminal.lines())
