"""Programs in terminals of their own, and a gateway on loopback that counts what it was sent."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from tests.terminals.pseudo import PLAIN, Answers, PseudoTerminal

ROOT = Path(__file__).parents[2]
KEY = "a-key-that-never-shows"

OpenTerminal = Callable[..., PseudoTerminal]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What the program is told by its environment; the program itself is this checkout's."""
    return {
        "PIXAZO_API_KEY": KEY,
        "KREA_TUI_DATA_DIR": str(tmp_path / "data"),
        "COLORTERM": "truecolor",
        "PYTHONPATH": str(ROOT),
    }


@dataclass(frozen=True)
class Gateway:
    """A simulated gateway in this process, and where it is."""

    simulator: Simulator
    url: str


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour(latency_s=0.1))
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


@pytest.fixture
def in_terminal(environ: dict[str, str]) -> Iterator[OpenTerminal]:
    """Run `krea-tui` with the given arguments in a terminal that the test plays."""
    opened: list[PseudoTerminal] = []

    def run(
        *arguments: str,
        size: tuple[int, int] = (120, 40),
        answers: Answers = PLAIN,
        changes: Mapping[str, str] | None = None,
    ) -> PseudoTerminal:
        command = [sys.executable, "-m", "krea_tui", *arguments]
        terminal = PseudoTerminal(command, {**environ, **(changes or {})}, size, answers)
        opened.append(terminal)
        return terminal

    yield run
    for terminal in opened:
        terminal.close()
