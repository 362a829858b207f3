"""A tmux server of the test's own: nobody else's is ever asked or ended."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.waiting import wait_until

WITHIN_S = 40.0
LOOKS = 10


class Tmux:
    """One window of 120x40 with a shell in it, that a person types into."""

    def __init__(self, folder: Path, environ: Mapping[str, str], size: tuple[int, int] = (120, 40)) -> None:
        folder.mkdir()
        # A socket's path must be short; the name is under our own folder all the same.
        self._socket = os.path.relpath(folder / "s")
        columns, rows = map(str, size)
        shell = ["env", "PS1=$ ", "sh"]
        self._tmux("new-session", "-d", "-x", columns, "-y", rows, *shell, environ=environ)
        self.wait_for("$")

    def run(self, command: str) -> None:
        """Type a command line and press Enter; its exit code is shown when it has ended."""
        self._tmux("send-keys", "-l", f"clear; {command}; echo left with $?")
        self._tmux("send-keys", "Enter")

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def screen(self, *options: str) -> str:
        return self._tmux("capture-pane", "-p", *options)

    def wait_for(self, *texts: str, within_s: float = WITHIN_S) -> str:
        """Wait until all the texts are on the screen, and return it."""
        try:
            wait_until(lambda: all(text in self.screen() for text in texts), within_s, repr(texts))
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from error
        return self.screen()

    def wait_for_rest(self) -> None:
        """Wait until nothing has changed for a while, a few looks long."""
        screens: list[str] = []

        def is_at_rest() -> bool:
            screens.append(self.screen())
            return len(screens) > LOOKS and len(set(screens[-LOOKS:])) == 1

        wait_until(is_at_rest, WITHIN_S, "a screen at rest")

    def close(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *words: str, environ: Mapping[str, str] | None = None) -> str:
        command = ["tmux", "-S", self._socket, "-f", os.devnull, *words]
        ended = subprocess.run(
            command, env={**os.environ, **(environ or {})}, capture_output=True, text=True, timeout=20, check=True
        )
        return ended.stdout
