"""Told to end in the middle of a request: its answer is waited for and written down; told twice, it ends at once.

Real processes, real signals, the real clock.
"""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from krea_tui.simulator import Behaviour, Close, Fault, Simulator, SimulatorServer, Target
from tests.cli.running import Cli, end_of, field_of
from tests.support.bench import TinyGallery
from tests.support.keys import KEY
from tests.support.waiting import wait_until

every_signal = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
LONG_S = 45.0


@pytest.fixture
def simulator() -> Simulator:
    simulator = Simulator()
    simulator._gallery = TinyGallery()  # type: ignore[assignment]
    return simulator


@pytest.fixture
def cli(tmp_path: Path, simulator: Simulator) -> Iterator[Cli]:
    with ExitStack() as stack:
        url = stack.enter_context(SimulatorServer(simulator))
        data_dir = tmp_path / "data"
        environ = {"KREA_TUI_DATA_DIR": str(data_dir), "PIXAZO_API_KEY": KEY, "KREA_TUI_GATEWAY": url}
        cli = Cli(data_dir, environ)
        yield cli
        for process in cli.running:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=30)


def sending(cli: Cli, simulator: Simulator, fault: Fault) -> subprocess.Popen[str]:
    """A command of two jobs whose first request is at the gateway, and unanswered."""
    simulator.set_behaviour(Behaviour(latency_s=10_000, faults=(fault,)))
    process = cli.start("submit", "a fox", "--seed", "1", "--count", "2", "--wait")
    wait_until(lambda: simulator.stats.posts == 1, 30, "the request")
    return process


def said(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def by_seed(cli: Cli, name: str) -> list[object]:
    return field_of(sorted(cli.jobs(), key=lambda job: str(job["seed"])), name)


@every_signal
def test_the_request_on_its_way_is_waited_for_and_nothing_else_is_sent(
    cli: Cli, simulator: Simulator, number: signal.Signals
) -> None:
    process = sending(cli, simulator, Fault(Target.POST, hang_s=2.0))
    process.send_signal(number)
    assert "in flight" in said(process)
    assert end_of(process).code == 130
    assert by_seed(cli, "status") == ["QUEUED", "HELD"]
    assert by_seed(cli, "hold_reason") == [None, "left_over"]
    assert (simulator.stats.posts, simulator.stats.charges) == (1, 1)


@every_signal
def test_a_second_signal_ends_at_once_and_the_next_start_says_unconfirmed(
    cli: Cli, simulator: Simulator, number: signal.Signals
) -> None:
    process = sending(cli, simulator, Fault(Target.POST, hang_s=LONG_S))
    process.send_signal(number)
    assert "in flight" in said(process)
    process.send_signal(number)
    assert end_of(process, within_s=20).code == 130
    assert by_seed(cli, "status") == ["SENDING", "HELD"]
    simulator.set_behaviour(Behaviour(latency_s=10_000))
    assert cli.run("submit", "a hare", "--seed", "3").code == 0
    assert by_seed(cli, "status") == ["UNCONFIRMED", "HELD", "QUEUED"]
    assert simulator.stats.posts == 2


@every_signal
def test_a_request_that_ends_in_doubt_after_the_signal_is_written_down_as_such(
    cli: Cli, simulator: Simulator, number: signal.Signals
) -> None:
    process = sending(cli, simulator, Fault(Target.POST, hang_s=1.5, close=Close.AFTER_ACCEPT))
    process.send_signal(number)
    assert end_of(process).code == 130
    assert by_seed(cli, "status") == ["UNCONFIRMED", "HELD"]
    assert simulator.stats.posts == 1


def test_different_signals_count_together(cli: Cli, simulator: Simulator) -> None:
    process = sending(cli, simulator, Fault(Target.POST, hang_s=LONG_S))
    process.send_signal(signal.SIGHUP)
    assert "in flight" in said(process)
    process.send_signal(signal.SIGTERM)
    assert end_of(process, within_s=20).code == 130
    assert by_seed(cli, "status") == ["SENDING", "HELD"]
