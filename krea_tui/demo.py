"""The demo's gateway: the simulator inside this process, off the caller's loop. Nothing is spent."""

from __future__ import annotations

from pathlib import Path


class DemoGateway:
    """Starts the simulator when asked, which is when this process becomes the demo's engine."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._base_url = ""

    def start(self) -> str:
        """Bring the simulator up (once) and return its base URL; blocking. It ends with the process."""
        if not self._base_url:
            from krea_tui.simulator import DEMO, Simulator, SimulatorServer

            self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._base_url = SimulatorServer(Simulator(DEMO, state_dir=self._state_dir)).start()
        return self._base_url
