"""A terminal that knows what it shows, and hears from inside the program what only the program can measure."""

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.benchmarks.programs import ROOT
from tests.benchmarks.table.report import REPORT_VARIABLE
from tests.benchmarks.table.screen import Screen
from tests.benchmarks.terminal import COLUMNS, KITTY, ROWS, Silence, Terminal


class Report(NamedTuple):
    """One line that the program wrote: what happened, its numbers, when it came, and the bytes shown until then."""

    what: str
    numbers: Mapping[str, float]
    at_s: float
    bytes_before: int


class Probe(Terminal):
    """Runs one Python program in a terminal of 120x40 that supports synchronised output and true colour."""

    def __init__(self, arguments: Sequence[str], home: Path, **variables: str) -> None:
        self.screen = Screen(ROWS, COLUMNS)
        self.reports: list[Report] = []
        self._partial = b""
        self._is_told = True
        self.read_at_s = 0.0
        self._reader, writer = os.pipe()
        os.set_inheritable(writer, True)
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        environment = {"LANG": "C.UTF-8", **kept, "HOME": str(home), REPORT_VARIABLE: str(writer), **variables}
        try:
            super().__init__([sys.executable, *arguments], environment, str(ROOT), KITTY)
        finally:
            os.close(writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        super().__exit__(kind, error, at)
        os.close(self._reader)

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        os.kill(self._pid, number)

    def memory_bytes(self) -> int:
        """What the program's process takes of memory (PSS: shared pages by their share)."""
        for line in Path(f"/proc/{self._pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        raise OSError("the system does not tell the memory of a process")

    def hear(self, what: str, within_s: float) -> Report:
        """Wait for a report of this name."""
        self.until(lambda: any(report.what == what for report in self.reports), within_s, f"a report of {what!r}")
        return next(report for report in self.reports if report.what == what)

    def until(self, is_so: Callable[[], bool], within_s: float, words: str) -> float:
        """Read until the condition holds; returns when the bytes that made it so were read. Raises `Silence`."""
        limit = self.seconds + within_s
        while not is_so():
            if self.has_ended or self.seconds > limit:
                raise Silence(f"waited for {words} and saw:\n{self.screen.text()}")
            self._read_once(0.2)
        return self.read_at_s

    def shows(self, is_so: Callable[[Screen], bool], within_s: float, words: str) -> float:
        """Read until a whole frame meets the condition; returns when it had been written."""
        return self.until(lambda: self.screen.is_whole and is_so(self.screen), within_s, words)

    def _read_once(self, longest_s: float) -> None:
        before = len(self.output)
        if self._is_told and not self._answers:
            # Both at once, or a report would wait for the next byte on the screen.
            ready = select.select([self._fd, self._reader], [], [], max(0.0, longest_s))[0]
            if self._fd not in ready:
                self._take_reports()
                return
        super()._read_once(longest_s)
        self.read_at_s = self.seconds
        self.screen.feed(bytes(self.output[before:]))
        self._take_reports()

    def _take_reports(self) -> None:
        while self._is_told and select.select([self._reader], [], [], 0)[0]:
            data = os.read(self._reader, 65_536)
            if not data:
                self._is_told = False
                return
            *lines, self._partial = (self._partial + data).split(b"\n")
            for line in lines:
                numbers = json.loads(line)
                self.reports.append(Report(numbers.pop("what"), numbers, self.seconds, len(self.output)))
