"""How long a job has been waited for: time that was lived through, whatever was done to the clocks meanwhile."""

from __future__ import annotations

import asyncio

from krea_tui.domain.job import Job, Marks
from krea_tui.engine.context import LaneContext


class Patience:
    """Measures the ages of jobs, and keeps what nobody lived through from counting against them."""

    def __init__(self, context: LaneContext) -> None:
        self._context = context
        self._clock = context.clock
        # When each age began: by the wall, as it is written down, and by the monotonic clock.
        self._ages: dict[str, tuple[float, float]] = {}
        self._excused_s = context.timekeeper.missed_s
        self._excused: set[str] = set()
        self._excusing = asyncio.Lock()

    def age_s(self, job: Job) -> float:
        """Seconds since it was submitted, or has been completed without a picture; a set clock changes nothing."""
        since = job.no_picture_since or job.submitted_at or job.created_at
        now = self._clock.monotonic()
        known, began_at = self._ages.get(job.id, (None, now))
        if known != since:
            began_at = now - max(0.0, self._clock.now() - since)
            self._ages[job.id] = (since, began_at)
        return now - began_at

    def forget(self, job_id: str) -> None:
        """Nobody waits for this job any more."""
        self._ages.pop(job_id, None)

    async def excuse_missed_time(self) -> None:
        """What nobody lived through, since the machine slept or its clock was set, is no denial and no waiting.

        Raises `StoreError`; the next call goes on where it stopped.
        """
        async with self._excusing:
            self._context.timekeeper.look()
            missed_s = self._context.timekeeper.missed_s - self._excused_s
            if not missed_s:
                return
            for job in tuple(self._context.book):
                marks = _later(job, missed_s)
                if marks and job.profile == self._context.policy.profile and job.id not in self._excused:
                    self._context.book.put(await self._context.store.mark([job.id], marks))
                    self._excused.add(job.id)
            self._excused.clear()
            self._excused_s += missed_s


def _later(job: Job, by_s: float) -> Marks:
    marks: Marks = {}
    if job.is_polled and job.denied_since is not None:
        marks["denied_since"] = job.denied_since + by_s
    if job.is_polled and job.no_picture_since is not None:
        marks["no_picture_since"] = job.no_picture_since + by_s
    return marks
