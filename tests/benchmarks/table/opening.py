"""Opening the app with a hundred thousand jobs of history, beside opening it with none."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.programs import STUDIO
from tests.benchmarks.table.history import seed_of, write_history
from tests.benchmarks.table.lines import Effort, Line, milliseconds, number
from tests.benchmarks.table.probe import Probe
from tests.benchmarks.table.program import BESIDE, NOTHING
from tests.benchmarks.table.screen import Screen

FRAME_AT_MOST: Final = 1.1
MEMORY_AT_MOST_MB: Final = 15.0
EMPTY_WORDS: Final = "No jobs yet"
_WITHIN_S: Final = 180.0
_MB: Final = 1e6


@dataclass(frozen=True, slots=True)
class Opening:
    """Seconds from exec to the first whole frame, and to the first rows (or the words that there are none)."""

    frame_s: float
    rows_s: float


def history_in(home: Path, count: int) -> Path:
    """A data directory of the demo with so many jobs in its history; made at the first call."""
    folder = home / f"history-{count}"
    if not folder.exists():
        (folder / "demo").mkdir(mode=0o700, parents=True)
        if count:
            write_history(folder / "demo" / "history.db", count)
    return folder


def open_app(home: Path, count: int) -> Opening:
    """Start the app over so many jobs."""
    with Probe(STUDIO.arguments, home, KREA_TUI_DATA_DIR=str(history_in(home, count))) as probe:
        frame_s = probe.shows(lambda screen: _has(screen, STUDIO.frame), _WITHIN_S, "the first frame")
        words = (str(seed_of(count)),) if count else (EMPTY_WORDS,)
        return Opening(frame_s, probe.shows(lambda screen: _has(screen, words), _WITHIN_S, "the first rows"))


def memory_of_app(home: Path, count: int) -> int:
    """Bytes that the app takes over so many jobs, at rest and after a collection."""
    folder = history_in(home, count) / "demo"
    with Probe(["-m", "tests.benchmarks.table.whole", "--data-dir", str(folder)], home) as probe:
        probe.hear("begin", _WITHIN_S)
        return probe.memory_bytes()


def beside(home: Path, count: int) -> tuple[float, int]:
    """Seconds until a DataTable shows so many rows that lie ready, and the bytes it takes for them."""
    with Probe(_command(BESIDE, count), home) as probe:
        loading = probe.hear("loading", _WITHIN_S)
        shown_at_s = probe.shows(lambda screen: _has(screen, (str(seed_of(count)),)), _WITHIN_S, "the rows")
        probe.hear("begin", _WITHIN_S)
        with_rows = probe.memory_bytes()
    with Probe(_command(NOTHING, count), home) as probe:
        probe.hear("begin", _WITHIN_S)
        return shown_at_s - loading.at_s, with_rows - probe.memory_bytes()


def measure(home: Path, effort: Effort) -> Iterator[Line]:
    """Starts over both histories in turn, then the memory of both."""
    full = effort.history
    for count in (0, full):
        open_app(home, count)  # the first start makes what the later ones find
    openings: dict[int, list[Opening]] = {0: [], full: []}
    for _ in range(effort.starts):
        for count, found in openings.items():
            found.append(open_app(home, count))
    shown_s, taken = beside(home, full)
    frames = {count: statistics.median(opening.frame_s for opening in found) for count, found in openings.items()}
    rows = {count: statistics.median(opening.rows_s for opening in found) for count, found in openings.items()}
    ratio = frames[full] / frames[0]
    yield Line(
        f"first frame with {full:,} jobs of history, and with none",
        milliseconds(frames[full], frames[0]),
        "",
        f"{ratio:.2f}",
        f"≤ {FRAME_AT_MOST}",
        ratio <= FRAME_AT_MOST,
    )
    yield Line(
        "first rows with that history, words with none; DataTable: the rows alone",
        milliseconds(rows[full], rows[0]),
        milliseconds(shown_s),
        f"{rows[full] / rows[0]:.2f}",
    )
    differences = [memory_of_app(home, full) - memory_of_app(home, 0) for _ in range(max(1, effort.runs))]
    difference_mb = statistics.median(differences) / _MB
    yield Line(
        "memory for that history; DataTable: for its rows alone",
        number(difference_mb, " MB"),
        number(taken / _MB, " MB"),
        "",
        f"≤ {MEMORY_AT_MOST_MB:g} MB",
        difference_mb <= MEMORY_AT_MOST_MB,
    )


def _has(screen: Screen, words: tuple[str, ...]) -> bool:
    text = screen.text()
    return all(word in text for word in words)


def _command(table: str, count: int) -> list[str]:
    options = ["--jobs", str(count), "--rate", "0", "--seconds", "60"]
    return ["-m", "tests.benchmarks.table.program", table, *options]
