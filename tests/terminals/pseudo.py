"""A terminal played by the test: it answers what it is told to answer, and keeps the screen and every byte."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from select import select

import pyte

from tests.support.waiting import wait_until

WITHIN_S = 30.0
# Takes the pty for its controlling terminal, so that a new size and a hang-up reach it as signals.
_LAUNCHER = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
_STRING = rb"\x1b[P_\]^X](?:[^\x1b\x07]|\x1b(?!\\))*?(?:\x1b\\|\x07)"
_CONTROL = rb"\x1b\[[0-?]*[ -/]*[@-~]"
_TOKEN = re.compile(_STRING + rb"|" + _CONTROL + rb"|\x1b[ -/]*[0-OQ-WYZ`-~\\]|[^\x1b]+")
# pyte knows neither graphics nor keyboard protocols, and would print them.
_NOT_FOR_PYTE = re.compile(_STRING + rb"|\x1b\[[<=>][0-?]*[ -/]*[@-~]|\x1b\[[0-?]*[ -/]+[@-~]|\x1b\[\?[0-9;]*[Su]")


@dataclass(frozen=True)
class Answers:
    """What the terminal says of itself, and how late."""

    to: Mapping[bytes, bytes]
    late_s: float = 0.0


MUTE = Answers({})
PLAIN = Answers({b"\x1b[c": b"\x1b[?62;22c", b"\x1b[16t": b"\x1b[6;18;9t"})
KITTY = Answers(
    {
        b"\x1b[>q": b"\x1bP>|kitty(0.41.1)\x1b\\",
        b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\": b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b[16t": b"\x1b[6;18;9t",
        b"\x1b[c": b"\x1b[?62;c",
        b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    }
)


class PseudoTerminal:
    """Runs a command in a pty. `screen` is what a person would see, `raw` every byte that was written."""

    def __init__(
        self,
        command: list[str],
        environ: Mapping[str, str] | None = None,
        size: tuple[int, int] = (120, 40),
        answers: Answers = PLAIN,
    ) -> None:
        self.raw = b""
        self._screen = pyte.Screen(*(size if all(size) else (80, 24)))
        self._stream = pyte.ByteStream(self._screen)
        self._unread = b""
        self._answers = answers
        self._due: list[tuple[float, bytes]] = []
        self._master, self._slave = pty.openpty()
        self._set_size(size)
        self.settings_before = termios.tcgetattr(self._slave)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env={**os.environ, **(environ or {})},
            start_new_session=True,
        )

    # --- looking -------------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """Return the screen as it stands, line by line."""
        self._read()
        return [str(line) for line in self._screen.display]

    def shows(self, text: str) -> bool:
        return any(text in line for line in self.lines())

    def wait_for(self, text: str, within_s: float = WITHIN_S) -> None:
        try:
            wait_until(lambda: self.shows(text) or self._has_ended(), within_s, repr(text))
        except TimeoutError as error:
            raise AssertionError("\n".join([str(error), *self.lines()])) from error
        if not self.shows(text):
            raise AssertionError("\n".join([f"ended before it showed {text!r}", *self.lines()]))

    def settings(self) -> list[object]:
        """Return the terminal's own settings: echo, line mode, signals."""
        return list(termios.tcgetattr(self._slave))

    # --- doing ---------------------------------------------------------------------------------------------------

    def type(self, keys: str | bytes) -> None:
        left = keys.encode() if isinstance(keys, str) else keys
        while left:
            # A pty holds 4 KB of what nobody has read yet.
            left = left[os.write(self._master, left[:1024]) :]
            self._read()

    def resize(self, columns: int, rows: int) -> None:
        self._read()
        self._screen.resize(rows, columns)
        self._set_size((columns, rows))

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def hang_up(self) -> None:
        """Drop the line, as a lost connection does."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def end_of(self, within_s: float = WITHIN_S) -> int:
        """Wait for the process's own end and return its exit code."""
        try:
            wait_until(self._has_ended, within_s, "the end")
        except TimeoutError as error:
            raise AssertionError("\n".join([str(error), *self.lines()])) from error
        self._read()
        return int(self.process.returncode)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._master >= 0:
            self.hang_up()

    def _has_ended(self) -> bool:
        self._read()
        return self.process.poll() is not None

    # --- the terminal's side -------------------------------------------------------------------------------------

    def _set_size(self, size: tuple[int, int]) -> None:
        columns, rows = size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, columns * 9, rows * 18))

    def _read(self) -> None:
        """Take what was written, answer what was asked."""
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            os.write(self._master, self._due.pop(0)[1])
        while self._master >= 0 and select([self._master], [], [], 0)[0]:
            chunk = os.read(self._master, 65_536)
            self.raw += chunk
            self._unread += chunk
            self._take_in()

    def _take_in(self) -> None:
        end = 0
        # What is at the end may be the first half of a sequence: it waits for the other.
        while token := _TOKEN.match(self._unread, end):
            end = token.end()
            self._take(token[0])
        self._unread = self._unread[end:]

    def _take(self, token: bytes) -> None:
        if token in self._answers.to:
            self._due.append((time.monotonic() + self._answers.late_s, self._answers.to[token]))
        elif not _NOT_FOR_PYTE.fullmatch(token):
            self._stream.feed(token)
