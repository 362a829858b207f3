"""Running rows at rest: what the clock alone writes to the terminal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.benchmarks.table.commands import WHOLE, command
from tests.benchmarks.table.lines import Effort, Line, number
from tests.benchmarks.table.probe import Probe
from tests.benchmarks.table.program import BESIDE, LIVE

JOBS: Final = 100
RUNNING: Final = 20
_START_S: Final = 60.0

# What a running row cannot do without once a second: a cursor move (`ESC [ 38 ; 120 H`: 9 bytes), and its elapsed
# time, bar and rest, 14 cells in three colours. A colour in true colour with its background and its end is 42 bytes
# (`ESC [ 38;2;r;g;b;48;2;r;g;b m` and `ESC [ 0 m`), a cell of the bar 3 bytes, any other 1. Painting begins at the
# left edge of the row, so margin and status come along: 18 cells in two colours.
MOVE_BYTES: Final = 9
COLOUR_BYTES: Final = 42
TIME_BYTES: Final = 3 * COLOUR_BYTES + 4 * 3 + 10
STATUS_BYTES: Final = 2 * COLOUR_BYTES + 2 + 18
# The marks of a synchronised frame, one a second.
FRAME_BYTES: Final = 16
CEILING: Final = RUNNING * (MOVE_BYTES + STATUS_BYTES + TIME_BYTES) + FRAME_BYTES


def written_per_s(home: Path, table: str, running: int, seconds: float) -> float:
    """Bytes a second with so many rows running and nothing else going on."""
    with Probe(command(home, table, jobs=JOBS, running=running, seconds=seconds), home) as probe:
        begin = probe.hear("begin", _START_S)
        end = probe.hear("end", _START_S + seconds)
        return (end.bytes_before - begin.bytes_before) / (end.at_s - begin.at_s)


def measure(home: Path, effort: Effort) -> Iterator[Line]:
    """With running rows, and without."""
    live, beside = (written_per_s(home, table, RUNNING, effort.resting_s) for table in (LIVE, BESIDE))
    yield Line(
        f"{RUNNING} rows running at rest, {effort.resting_s:g} s: written a second",
        number(live, " B"),
        number(beside, " B"),
        f"1/{beside / live:.1f}",
        f"≤ {CEILING:,} B",
        live <= CEILING,
    )
    whole = written_per_s(home, WHOLE, RUNNING, effort.resting_s / 3)
    yield Line("… the whole app, as many of them as its list has room for", number(whole, " B"))
    live, beside = (written_per_s(home, table, 0, effort.resting_s / 3) for table in (LIVE, BESIDE))
    yield Line("nothing running: written a second", number(live, " B"), number(beside, " B"), "", "0 B", live == 0)
    yield Line("… the whole app", number(written_per_s(home, WHOLE, 0, effort.resting_s / 3), " B"))
