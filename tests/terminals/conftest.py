"""Programs in terminals of their own, and a gateway on loopback that counts what it was sent."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from tests.support.key_search import look_at
from tests.support.keys import KEY
from tests.terminals.pseudo import PLAIN, Answers, PseudoTerminal

ROOT = Path(__file__).parents[2]

OpenTerminal = Callable[..., PseudoTerminal]


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the program is told by its environment; the program itself is this checkout's."""
    yield {
        "PIXAZO_API_KEY": KEY,
        "KREA_TUI_DATA_DIR": str(tmp_path / "data"),
        "COLORTERM": "truecolor",
        "PYTHONPATH": str(ROOT),
    }

    end_what_is_left(tmp_path)


def end_what_is_left(folder: Path) -> None:
    """Kill the programs that still work in the folder: a test that failed may have lost their terminal."""
    for sign in folder.rglob("instances/*.alive"):
        number = int(sign.name.partition("-")[0])
        # A number may belong to another process by now.
        with suppress(OSError):
            if str(folder).encode() in Path(f"/proc/{number}/environ").read_bytes():
                os.kill(number, signal.SIGKILL)


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
        look_at("the bytes written to a terminal", terminal.raw)
