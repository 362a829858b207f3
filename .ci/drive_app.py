"""Runs a command in a terminal of its own until it shows a text, presses Ctrl+Q, and passes on its exit code."""

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

ROWS, COLUMNS = 40, 120
CTRL_Q = b"\x11"
ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P_^][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")
TAIL = 4000


class Terminal:
    """A child in a pty of 120x40 that answers no query."""

    def __init__(self, command: str) -> None:
        self.output = b""
        self.exit_code: int | None = None
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.execv("/bin/sh", ["/bin/sh", "-c", command])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def text(self) -> str:
        """Return all that was written, without its escape sequences."""
        return ESCAPES.sub(b"", self.output).decode(errors="replace")

    def read_for(self, seconds: float) -> bool:
        """Read what comes within the time; say whether anything did."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            chunk = os.read(self._fd, 65536)
        except OSError:  # Linux's word for a closed terminal
            chunk = b""
        self.output += chunk
        if not chunk:
            self.exit_code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return bool(chunk)

    def press(self, key: bytes) -> None:
        """Send a key's bytes."""
        os.write(self._fd, key)

    def end(self) -> None:
        """Kill the child's own process group, if it still runs."""
        if self.exit_code is None:
            os.killpg(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


def drive(terminal: Terminal, wait_for: str, within_s: float, quit_within_s: float) -> str:
    """Return what went wrong, or nothing."""
    deadline = time.monotonic() + within_s
    while wait_for not in terminal.text():
        terminal.read_for(1.0)
        if terminal.exit_code is not None:
            return f"ended with {terminal.exit_code} before it showed {wait_for!r}"
        if time.monotonic() > deadline:
            return f"did not show {wait_for!r} within {within_s:g} s"
    settled = time.monotonic() + 5
    while time.monotonic() < settled and terminal.read_for(1.0):
        pass
    terminal.press(CTRL_Q)
    deadline = time.monotonic() + quit_within_s
    while terminal.exit_code is None:
        terminal.read_for(1.0)
        if time.monotonic() > deadline:
            return f"did not quit within {quit_within_s:g} s of Ctrl+Q"
    return f"ended with {terminal.exit_code}" if terminal.exit_code else ""


def main() -> int:
    """Return 0 if the app showed the text and left with 0, else 1 with what it showed last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command")
    parser.add_argument("--wait-for", required=True)
    parser.add_argument("--within", type=float, default=420.0)
    parser.add_argument("--quit-within", type=float, default=30.0)
    options = parser.parse_args()
    terminal = Terminal(options.command)
    try:
        trouble = drive(terminal, options.wait_for, options.within, options.quit_within)
    finally:
        terminal.end()
    if trouble:
        sys.stdout.write(f"{terminal.text()[-TAIL:]}\nthe app {trouble}\n")
        return 1
    sys.stdout.write(f"showed {options.wait_for!r}, left by Ctrl+Q with 0\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
