"""The demo's gateway: the simulator inside this process, off the caller's loop. Nothing is spent."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# Quick enough for a first picture within ten seconds, slow enough to watch a job move.
DEMO_LATENCY_S: Final = 5.5


class DemoGateway:
    """Starts the simulator when asked, which is when this process becomes the demo's engine."""

    def __init__(self, state_dir: Path, latency_s: float = DEMO_LATENCY_S) -> None:
        self._state_dir = state_dir
        self._latency_s = latency_s
        self._base_url = ""

    def start(self) -> str:
        """Bring the simulator up (once) and return its base URL; blocking. It ends with the process."""
        if not self._base_url:
            from krea_tui.simulator.behaviour import Behaviour
            from krea_tui.simulator.gateway import Simulator
            from krea_tui.simulator.server import SimulatorServer

            self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            simulator = Simulator(Behaviour(latency_s=self._latency_s, concurrency=4), state_dir=self._state_dir)
            self._base_url = SimulatorServer(simulator).start()
        return self._base_url
