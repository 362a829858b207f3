"""From a cursor key to the frame that shows the cursor on its new row, among a hundred thousand."""

import random
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.benchmarks.table.commands import WHOLE, command
from tests.benchmarks.table.lines import Effort, Line, milliseconds
from tests.benchmarks.table.probe import Probe
from tests.benchmarks.table.program import BESIDE, LIVE
from tests.benchmarks.table.report import p95

DOWN: Final = "\x1b[B"
PAGE_DOWN: Final = "\x1b[6~"
KEYS: Final = ((DOWN, "down"), (PAGE_DOWN, "page down"))
CHANGES_PER_S: Final = 1_000
# A table of a hundred thousand rows takes its time to be filled.
_FILLED_WITHIN_S: Final = 180.0
_MOVED_WITHIN_S: Final = 10.0
_FOCUS_S: Final = 0.5


def moves_of(home: Path, table: str, count: int, rate: int, keys: int) -> dict[str, list[float]]:
    """Seconds from each key to its frame, by key.

    Each is pressed so many times, after the one before was answered, and not in step with the frames.
    """
    with Probe(command(home, table, jobs=count, rate=rate), home) as probe:
        probe.hear("begin", _FILLED_WITHIN_S)
        if table == WHOLE:
            # From the form, which has the focus at the start, to the list.
            probe.type("\x1b")
            probe.read_for(_FOCUS_S)
        return {name: list(press(probe, key, keys)) for key, name in KEYS}


def press(probe: Probe, key: str, times: int) -> Iterator[float]:
    """Press a key, and again once the cursor has moved; yields the seconds it took."""
    dice = random.Random(times)
    for _ in range(times):
        probe.read_for(dice.uniform(0.03, 0.12))
        before = probe.screen.seed_under_cursor()
        pressed_at = probe.seconds
        probe.type(key)
        yield (
            probe.shows(
                lambda screen, before=before: screen.seed_under_cursor() not in {None, before},  # type: ignore[misc]
                _MOVED_WITHIN_S,
                "the cursor on another row",
            )
            - pressed_at
        )


def measure(home: Path, effort: Effort) -> Iterator[Line]:
    """Idle, and while a thousand jobs a second change."""
    for rate, circumstances in ((0, "idle"), (CHANGES_PER_S, f"under {CHANGES_PER_S:,} changes/s")):
        live, beside, whole = (
            moves_of(home, table, effort.history, rate, effort.keys) for table in (LIVE, BESIDE, WHOLE)
        )
        for _, name in KEYS:
            ours, theirs, app = live[name], beside[name], whole[name]
            yield Line(
                f"key {name} in {effort.history:,} rows, {circumstances}: p50 / p95",
                milliseconds(statistics.median(ours), p95(ours)),
                milliseconds(statistics.median(theirs), p95(theirs)),
                f"1/{p95(theirs) / p95(ours):.1f}",
            )
            yield Line("… in the whole app", milliseconds(statistics.median(app), p95(app)))
