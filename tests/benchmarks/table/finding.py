"""Typing a filter over a hundred thousand jobs: from each letter to its echo, and to the frame with what it finds.

What a filter finds is asked of the history beforehand, so that the frame with the right rows is known by its rows.
"""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGUSR1
from typing import Final

from krea_tui.domain.ordering import View
from krea_tui.domain.query import parse_filter
from krea_tui.storage.query import select_of
from krea_tui.storage.store import JobStore
from tests.benchmarks.table.lines import Effort, Line, milliseconds
from tests.benchmarks.table.opening import history_in
from tests.benchmarks.table.probe import Probe
from tests.benchmarks.table.report import p95
from tests.benchmarks.table.screen import Screen
from tests.benchmarks.terminal import ROWS

P95_AT_MOST_S: Final = 0.05
# As a person would type them; the first ones are typed into the DataTable, too.
QUERIES: Final = (
    "heron moon", "kite", "lighthouse keeper", "status:failed", "orchard fog lamp", "aspect:16:9 neon",
    "is:starred", "cost:>0.06 paper", "storm drain gouache", "ref:yes orch", "窗边的猫", "status:error harbour",
)  # fmt: skip
BESIDE_QUERIES: Final = 2
QUICK_LETTERS_PER_S: Final = 30.0
_MARKER: Final = "qzx"
_ESCAPE: Final = "\x1b"
_BACKSPACE: Final = "\x7f"
_TO_TABLE_S: Final = 0.5
_WITHIN_S: Final = 60.0
_BESIDE_WITHIN_S: Final = 300.0
_PAUSE_S: Final = 0.08


@dataclass(frozen=True, slots=True)
class Typed:
    """Seconds from each letter to its echo, and to its rows; from the last letter of a burst; the loop's worst."""

    echoes_s: list[float]
    rows_s: list[float]
    bursts_s: list[float]
    late_p95_s: float
    late_max_s: float


def expectations(path: Path, queries: Sequence[str]) -> dict[str, list[int]]:
    """The seeds that each beginning of each query finds, from the top of the list, no more than fit on a screen."""
    store = JobStore(path, read_only=True)
    found: dict[str, list[int]] = {}
    for query in queries:
        for end in range(len(query) + 1):
            view = View(parse_filter(query[:end], time.time()).terms)
            found[query[:end]] = [job.request.seed for job in store.page(select_of(view), ROWS)]
    store.close()
    return found


class FilterLine:
    """The place on the screen where the filter is typed, and the list under it."""

    def __init__(self, probe: Probe, expected: dict[str, list[int]]) -> None:
        self._probe = probe
        self._expected = expected
        self._column = probe.screen.seed_column()
        self._first_line = 0
        self._place = (0, 0)

    def learn(self) -> None:
        """Type what nothing begins with, see where it stands, and take it back."""
        self._probe.type(_MARKER)
        self._probe.shows(lambda screen: screen.find(_MARKER) is not None, _WITHIN_S, "the filter's line")
        self._place = self._probe.screen.find(_MARKER) or (0, 0)
        self._probe.shows(lambda screen: not screen.seeds(self._column), _WITHIN_S, "an empty list")
        self._probe.type(_BACKSPACE * len(_MARKER))
        first = self._expected[""][0]
        self._probe.shows(
            lambda screen: first in screen.seeds(self._column).values(), _BESIDE_WITHIN_S, "the whole list again"
        )
        self._probe.read_for(_TO_TABLE_S)
        self._first_line = min(self._probe.screen.seeds(self._column))

    def echoes(self, screen: Screen, text: str) -> bool:
        """Whether the line shows this text."""
        return screen.text_at(*self._place).startswith(text)

    def lists(self, screen: Screen, text: str) -> bool:
        """Whether every row that is seen is the one that this filter has there; a row may be covered."""
        expected, seen = self._expected[text], screen.seeds(self._column)
        are_right = all(
            0 <= y - self._first_line < len(expected) and expected[y - self._first_line] == seed
            for y, seed in seen.items()
        )
        return are_right and bool(seen) is bool(expected)

    def type_letter(self, text: str, within_s: float) -> tuple[float, float]:
        """Type the last letter of this text; returns the seconds to its echo and to its rows."""
        pressed_at = self._probe.seconds
        self._probe.type(text[-1])
        echoed_at = self._probe.shows(lambda screen: self.echoes(screen, text), within_s, f"the echo of {text!r}")
        listed_at = self._probe.shows(lambda screen: self.lists(screen, text), within_s, f"the rows of {text!r}")
        return echoed_at - pressed_at, listed_at - pressed_at

    def type_out(self, text: str, within_s: float) -> Iterator[tuple[float, float]]:
        """Type the whole text, a letter once the one before has its rows; a blank has no echo that could be seen."""
        for end, letter in enumerate(text, 1):
            if letter.isspace():
                self._probe.type(letter)
            else:
                yield self.type_letter(text[:end], within_s)
            self._probe.read_for(_PAUSE_S)

    def clear(self, text: str, within_s: float) -> None:
        """Take the whole text back."""
        self._probe.type(_BACKSPACE * len(text))
        self._probe.shows(lambda screen: self.lists(screen, ""), within_s, "the whole list")
        self._probe.read_for(_PAUSE_S)

    def burst(self, text: str) -> float:
        """Type it all as fast as fingers can; returns the seconds from the last letter to its rows."""
        for letter in text[:-1]:
            self._probe.type(letter)
            self._probe.read_for(1 / QUICK_LETTERS_PER_S)
        return self.type_letter(text, _WITHIN_S)[1]


def type_into_app(home: Path, count: int, queries: Sequence[str]) -> Typed:
    """Type every query letter by letter into the app's filter, then each in one go."""
    folder = history_in(home, count) / "demo"
    expected = expectations(folder / "history.db", queries)
    command = ["-m", "tests.benchmarks.table.whole", "--data-dir", str(folder), "--watch"]
    echoes_s: list[float] = []
    rows_s: list[float] = []
    bursts_s: list[float] = []
    with Probe(command, home) as probe:
        probe.hear("begin", _WITHIN_S)
        probe.type(_ESCAPE)
        probe.read_for(_TO_TABLE_S)
        line = FilterLine(probe, expected)
        probe.type("/")
        probe.read_for(_TO_TABLE_S)
        line.learn()
        for query in queries:
            for echo_s, row_s in line.type_out(query, _WITHIN_S):
                echoes_s.append(echo_s)
                rows_s.append(row_s)
            line.clear(query, _WITHIN_S)
            bursts_s.append(line.burst(query))
            line.clear(query, _WITHIN_S)
        probe.signal(SIGUSR1)
        late = probe.hear("so far", _WITHIN_S).numbers
    return Typed(echoes_s, rows_s, bursts_s, late["late_p95_s"], late["late_max_s"])


def type_beside(home: Path, count: int, queries: Sequence[str]) -> Typed:
    """The same into an Input over a DataTable."""
    expected = expectations(history_in(home, count) / "demo" / "history.db", queries)
    echoes_s: list[float] = []
    rows_s: list[float] = []
    with Probe(["-m", "tests.benchmarks.table.beside_filter", "--jobs", str(count)], home) as probe:
        probe.hear("begin", _BESIDE_WITHIN_S)
        line = FilterLine(probe, expected)
        line.learn()
        for query in queries:
            for echo_s, row_s in line.type_out(query, _BESIDE_WITHIN_S):
                echoes_s.append(echo_s)
                rows_s.append(row_s)
            line.clear(query, _BESIDE_WITHIN_S)
    return Typed(echoes_s, rows_s, [], 0.0, 0.0)


def measure(home: Path, effort: Effort) -> Iterator[Line]:
    """The app's filter, and a DataTable that is cleared and filled again."""
    live = type_into_app(home, effort.history, QUERIES[: effort.words])
    beside = type_beside(home, effort.history, QUERIES[:BESIDE_QUERIES])
    worst_s = p95(live.rows_s)
    yield Line(
        f"filter over {effort.history:,}, a letter to its rows: p50 / p95 / max",
        _three(live.rows_s),
        _three(beside.rows_s),
        f"1/{p95(beside.rows_s) / worst_s:.0f}",
        f"p95 < {P95_AT_MOST_S * 1_000:g} ms",
        worst_s < P95_AT_MOST_S,
    )
    yield Line("… a letter to its echo: p50 / p95 / max", _three(live.echoes_s), _three(beside.echoes_s))
    yield Line(
        f"… at {QUICK_LETTERS_PER_S:g} letters/s, the last one to its rows: p50 / max",
        milliseconds(statistics.median(live.bursts_s), max(live.bursts_s)),
    )
    yield Line("… event loop late meanwhile, p95 / max", milliseconds(live.late_p95_s, live.late_max_s))


def _three(seconds: Sequence[float]) -> str:
    return milliseconds(statistics.median(seconds), p95(seconds), max(seconds))
