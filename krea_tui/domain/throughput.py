"""How often something happened lately: counts by slices of time, the rate of them, and a line that draws them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.eta import WATCHED_S, Pace
from krea_tui.domain.job import Job, JobStatus

SLICE_S: Final = 5.0
_REMEMBERED_S: Final = 3_600.0
# What the gateway gave an answer for. The rest was taken back by a person, or is not over.
_ANSWERED: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.ERROR, JobStatus.REJECTED})

# Nothing at all is a line on the ground, so that anything stands out from it.
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS: Final = "_.:-=+*#"


class RecentCount:
    """Counts in slices of `slice_s` seconds, the oldest forgotten after `slices` of them.

    Times are seconds on one clock of the caller. What is in the future counts as now; when the clock is set back, all
    that was counted moves back with it.
    """

    def __init__(self, slice_s: float, slices: int) -> None:
        self.slice_s = slice_s
        self._counts: deque[int] = deque([0] * slices, maxlen=slices)
        self._newest: int | None = None

    @property
    def span_s(self) -> float:
        """How far back it remembers, in seconds."""
        return self.slice_s * len(self._counts)

    def add(self, at: float, now: float) -> None:
        """Something happened at `at`."""
        if not (math.isfinite(at) and math.isfinite(now)):
            return
        current = self._slice_of(now)
        newest = current if self._newest is None else self._newest
        if current > newest:
            self._counts.extend([0] * min(current - newest, len(self._counts)))
        # One slice back is the jitter of two clocks, more is a clock that was set.
        self._newest = newest = newest if newest - current == 1 else current
        age = newest - self._slice_of(min(at, now))
        if age < len(self._counts):
            self._counts[-1 - age] += 1

    def total(self, now: float, span_s: float) -> int:
        """How often it happened in the last `span_s` seconds, to the nearest slice."""
        slices = self._slice_of(now) - math.floor((now - span_s) / self.slice_s + 0.5) + 1
        return sum(count for age, count in self._aged(now) if age < slices)

    def reach_s(self, now: float, span_s: float) -> float:
        """How long ago the first of what is counted in the last `span_s` seconds happened, to the whole slice."""
        ages = [age for age, _ in self._aged(now) if age * self.slice_s < span_s]
        return (max(ages) + 1) * self.slice_s if ages else 0.0

    def cells(self, now: float, count: int, slices_a_cell: int) -> tuple[int, ...]:
        """The last `count` spans of so many slices, oldest first; the last one is still filling.

        Spans begin at fixed times, so that a cell keeps its height while it moves to the left.
        """
        cells = [0] * count
        current = self._slice_of(now)
        for age, counted in self._aged(now):
            place = count - 1 - (current // slices_a_cell - (current - age) // slices_a_cell)
            if place >= 0:
                cells[place] += counted
        return tuple(cells)

    def _slice_of(self, at: float) -> int:
        return math.floor(at / self.slice_s)

    def _aged(self, now: float) -> Iterator[tuple[int, int]]:
        """Age in slices and count, of what is not empty."""
        if self._newest is not None:
            since = max(0, self._slice_of(now) - self._newest)
            ages = range(since, since + len(self._counts))
            yield from ((age, count) for age, count in zip(ages, reversed(self._counts), strict=True) if count)


class JobEnds:
    """When jobs ended, each counted once, over the last hour. Times are epoch seconds."""

    def __init__(self) -> None:
        self.recent = RecentCount(SLICE_S, round(_REMEMBERED_S / SLICE_S) + 1)
        self._counted: set[str] = set()
        self._by_age: deque[tuple[float, str]] = deque()
        self._going_since: float | None = None
        self._last_at: float | None = None

    def take_in(self, jobs: Iterable[Job], now: float) -> None:
        """Count those of these jobs that have ended."""
        while self._by_age and self._by_age[0][0] < now - _REMEMBERED_S:
            self._counted.discard(self._by_age.popleft()[1])
        for job in jobs:
            at = job.completed_at
            if at is None or job.status not in _ANSWERED or job.settled_at is not None or job.is_saving:
                continue
            # What is older than the memory would be counted anew whenever it is told.
            if at < now - _REMEMBERED_S or job.id in self._counted:
                continue
            self._counted.add(job.id)
            self._by_age.append((now, job.id))
            self.recent.add(at, now)
            self._last_at = max(at, self._last_at or at)

    def watch(self, now: float, *, is_going: bool) -> None:
        """Tell whether jobs can end at this moment: what stands still says nothing about the pace."""
        if not is_going:
            self._going_since = None
        elif self._going_since is None:
            self._going_since = now

    def pace(self, now: float, durations: DurationEstimate, places: int, requests_per_s: float) -> Pace:
        """How fast jobs end now; `places` and `requests_per_s` are what the settings and the gateway allow."""
        since = now if self._going_since is None else self._going_since
        # The first end can come when a job has had its time.
        watched_s = min(WATCHED_S, max(0.0, now - since - durations.expected_s))
        return Pace(
            expected_s=durations.expected_s,
            late_s=durations.late_s,
            places=max(1, places),
            requests_per_s=requests_per_s,
            ended=self.recent.total(now, watched_s),
            watched_s=watched_s,
            quiet_s=now - max(since, self._last_at or since),
        )


def sparkline(cells: Sequence[int], *, plain: bool = False) -> str:
    """One character a cell, as high as its share of the highest; a cell with anything in it stands above the ground."""
    blocks = _PLAIN_BLOCKS if plain else _BLOCKS
    most = max(cells, default=0)
    steps = len(blocks) - 1
    return "".join(blocks[math.ceil(count * steps / most) if most else 0] for count in cells)


def rate_words(count: int, span_s: float) -> str:
    """So many in so many seconds as a rate: `22/min`, `3.5/min`, `9/h`; blank for none."""
    if count <= 0 or span_s <= 0:
        return ""
    per_minute = count * 60 / span_s
    if per_minute >= 10:  # noqa: PLR2004 -- two digits say enough
        return f"{per_minute:,.0f}/min"
    if per_minute >= 1:
        return f"{per_minute:.1f}".removesuffix(".0") + "/min"
    return f"{max(1, round(per_minute * 60))}/h"
