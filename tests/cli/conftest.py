"""The real command against a simulated gateway on loopback."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from tests.cli.running import KEY, LIMIT_S, Cli, OpenGateway


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    runner = Cli(tmp_path / "data", {"KREA_TUI_DATA_DIR": str(tmp_path / "data"), "PIXAZO_API_KEY": KEY})
    yield runner
    for process in runner.running:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=LIMIT_S)


@pytest.fixture
def open_gateway(cli: Cli) -> Iterator[OpenGateway]:
    """Start a gateway of this behaviour and point the command at it."""
    with ExitStack() as servers:

        def start(behaviour: Behaviour) -> Simulator:
            simulator = Simulator(behaviour, keys=[KEY])
            cli.environ["KREA_TUI_GATEWAY"] = servers.enter_context(SimulatorServer(simulator))
            return simulator

        yield start
