"""A thousand status changes a second: what they cost the process, the event loop and the line to the terminal."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.table.commands import WHOLE, command
from tests.benchmarks.table.lines import Effort, Line, compare, milliseconds, number
from tests.benchmarks.table.probe import Probe
from tests.benchmarks.table.program import BESIDE, LIVE, NAIVE, NOTHING

JOBS: Final = 1_000
RATE: Final = 1_000
CPU_AT_MOST: Final = 1 / 8
BYTES_AT_MOST: Final = 1 / 20
_START_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one program took while its jobs changed."""

    cpu_s: float
    late_p95_s: float
    late_max_s: float
    written_bytes: int
    frames: int


def cost_of(home: Path, table: str, seconds: float, *, jobs: int = JOBS, rate: int = RATE) -> Cost:
    """Run one program under changes, or at rest where the rate is zero."""
    with Probe(command(home, table, jobs=jobs, rate=rate, seconds=seconds), home) as probe:
        begin = probe.hear("begin", _START_S)
        frames = probe.screen.frames
        end = probe.hear("end", _START_S + 3 * seconds)
        late = end.numbers["late_p95_s"], end.numbers["late_max_s"]
        return Cost(end.numbers["cpu_s"], *late, end.bytes_before - begin.bytes_before, probe.screen.frames - frames)


def measure(home: Path, effort: Effort) -> Iterator[Line]:
    """The programs in turn, so that what else the machine does falls on all of them."""
    tables = (LIVE, BESIDE, NAIVE, NOTHING, WHOLE)
    costs: dict[str, list[Cost]] = {table: [] for table in tables}
    for _ in range(effort.runs):
        for table, found in costs.items():
            found.append(cost_of(home, table, effort.changing_s))
    live = costs[LIVE]
    # The better of the two DataTables is the one to beat, at each figure.
    rivals = [(coalesced, naive) for coalesced, naive in zip(costs[BESIDE], costs[NAIVE], strict=True)]
    what = f"{RATE:,} changes/s on {JOBS:,} jobs, {effort.changing_s:g} s"
    yield compare(
        f"{what}: CPU",
        [cost.cpu_s for cost in live],
        [min(cost.cpu_s for cost in pair) for pair in rivals],
        " s",
        at_most=CPU_AT_MOST,
        target="≤ 1/8",
    )
    yield compare(
        "… to the terminal",
        [cost.written_bytes / 1_000 for cost in live],
        [min(cost.written_bytes for cost in pair) / 1_000 for pair in rivals],
        " KB",
        at_most=BYTES_AT_MOST,
        target="≤ 1/20",
    )
    better = min((BESIDE, NAIVE), key=lambda table: statistics.median(cost.late_p95_s for cost in costs[table]))
    yield Line("… event loop late, p95 / max", _late(live), _late(costs[better]))
    yield Line("… frames a second", _frames(live, effort), _frames(costs[BESIDE], effort))
    yield Line("… DataTable updated at every change: CPU, written", "", _both(costs[NAIVE]))
    yield Line("… the book and the changes without a table: CPU", number(_median_cpu_s(costs[NOTHING]), " s"))
    yield Line("… the whole app: CPU, written", _both(costs[WHOLE]))
    yield Line("… the whole app: event loop late, p95 / max", _late(costs[WHOLE]))


def _median_cpu_s(costs: list[Cost]) -> float:
    return statistics.median(cost.cpu_s for cost in costs)


def _both(costs: list[Cost]) -> str:
    written_kb = statistics.median(cost.written_bytes for cost in costs) / 1_000
    return f"{number(_median_cpu_s(costs), ' s')}, {number(written_kb, ' KB')}"


def _late(costs: list[Cost]) -> str:
    return milliseconds(
        statistics.median(cost.late_p95_s for cost in costs), statistics.median(cost.late_max_s for cost in costs)
    )


def _frames(costs: list[Cost], effort: Effort) -> str:
    return number(statistics.median(cost.frames for cost in costs) / effort.changing_s)
