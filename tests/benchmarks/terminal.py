"""A terminal of 120x40 that notes when it was written to, and answers questions as some real one would, or never."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ROWS: Final = 40
COLUMNS: Final = 120
ANSWER_DELAY_S: Final = 0.001
_ESCAPES: Final = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P_^][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a terminal calls itself, and its answer to each question it knows."""

    name: str
    environment: Mapping[str, str]
    answers: Mapping[bytes, bytes]


KITTY: Final = Kind(
    "kitty",
    {"TERM": "xterm-kitty", "COLORTERM": "truecolor"},
    {
        b"\x1b[>q": b"\x1bP>|kitty(0.35.2)\x1b\\",
        b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\": b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b[16t": b"\x1b[6;20;10t",
        b"\x1b[c": b"\x1b[?62;c",
        b"\x1b[?2026$p": b"\x1b[?2026;2$y",
        b"\x1b[?2048$p": b"\x1b[?2048;2$y",
        b"\x1b[?2048h": b"\x1b[48;40;120;800;1200t",
    },
)
XTERM: Final = Kind(
    "xterm, sixel",
    {"TERM": "xterm-256color"},
    {
        b"\x1b[>q": b"\x1bP>|XTerm(390)\x1b\\",
        b"\x1b[?1;1;0S": b"\x1b[?1;0;1024S",
        b"\x1b[?2;1;0S": b"\x1b[?2;0;1000;1000S",
        b"\x1b[16t": b"\x1b[6;20;10t",
        b"\x1b[c": b"\x1b[?64;1;2;4;6;9;15;18;21;22c",
        b"\x1b[?2026$p": b"\x1b[?2026;0$y",
        b"\x1b[?2048$p": b"\x1b[?2048;0$y",
    },
)
MUTE: Final = Kind("mute", {"TERM": "xterm-256color"}, {})
KINDS: Final = (KITTY, XTERM, MUTE)


class Silence(Exception):
    """A program did not show in time what was waited for; the text is what it showed last."""


class Terminal:
    """Runs one program; every time is in seconds since just before its start."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: str, kind: Kind) -> None:
        self.output = bytearray()
        self.has_ended = False
        self._kind = kind
        self._asked = 0
        self._answers: list[tuple[float, bytes]] = []
        environment = {**environment, **kind.environment}
        self._started_at = time.perf_counter()
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, COLUMNS * 10, ROWS * 20))
            os.chdir(folder)
            os.execve(command[0], list(command), environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def seconds(self) -> float:
        """The time since the start."""
        return time.perf_counter() - self._started_at

    @property
    def cpu_s(self) -> float:
        """How long the program's threads have run on a core so far; zero where the system does not say (Linux does).

        On a machine with other work it says more than the clock on the wall.
        """
        tasks = Path(f"/proc/{self._pid}/task").glob("*/schedstat")
        return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9

    def text(self) -> str:
        """Everything that was written so far, without its escape sequences."""
        return _ESCAPES.sub(b"", bytes(self.output)).decode(errors="replace")

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._fd, keys.encode())

    def wait_for(self, texts: Sequence[str], within_s: float = 20.0) -> float:
        """Read until all these texts were written, in any order; returns when the last of them was there."""
        while True:
            shown = self.text()
            if all(text in shown for text in texts):
                return self.seconds
            if self.has_ended or self.seconds > within_s:
                raise Silence(f"waited for {texts!r} and saw: {shown[-2000:]}")
            self._read_once(0.5)

    def read_for(self, seconds: float) -> int:
        """Read for so long; returns how many bytes came."""
        before = len(self.output)
        until = self.seconds + seconds
        while not self.has_ended and (left := until - self.seconds) > 0:
            self._read_once(left)
        return len(self.output) - before

    def kill(self) -> None:
        """End the program at once."""
        if self._fd >= 0:
            os.kill(self._pid, signal.SIGKILL)
            os.close(self._fd)
            os.waitpid(self._pid, 0)
            self._fd = -1

    def _read_once(self, longest_s: float) -> None:
        due_in = self._answers[0][0] - self.seconds if self._answers else longest_s
        if select.select([self._fd], [], [], max(0.0, min(longest_s, due_in)))[0]:
            try:
                chunk = os.read(self._fd, 65_536)
            except OSError:  # Linux's word for a terminal that the program has left
                chunk = b""
            self.has_ended = not chunk
            self.output += chunk
            self._hear()
        while self._answers and self._answers[0][0] <= self.seconds:
            os.write(self._fd, self._answers.pop(0)[1])

    def _hear(self) -> None:
        """Take note of every whole question that has come since the last one."""
        asked = [
            (at, question)
            for question in self._kind.answers
            for at in [self.output.find(question, self._asked)]
            if at >= 0
        ]
        for at, question in sorted(asked):
            self._answers.append((self.seconds + ANSWER_DELAY_S, self._kind.answers[question]))
            self._asked = max(self._asked, at + len(question))
        # What has been looked through holds no more than the beginning of another question.
        self._asked = max(self._asked, len(self.output) - max(map(len, self._kind.answers), default=0))
