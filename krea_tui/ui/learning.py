"""What the app learns from the jobs it sees: how long they take, and which of them have just ended."""

from __future__ import annotations

from collections.abc import Iterable

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import Job, JobStatus


class Learning:
    """Takes in changed jobs; knows durations, and tells each end once."""

    def __init__(self) -> None:
        self.estimate = DurationEstimate()
        self.has_changed = False
        self._active: set[str] = set()
        self._learned: set[str] = set()

    def take_in(self, jobs: Iterable[Job]) -> list[Job]:
        """The jobs that were active before and have ended now; `has_changed` tells whether durations were learned."""
        ended: list[Job] = []
        durations: list[float] = []
        for job in sorted(jobs, key=lambda job: job.answered_at or 0.0):
            if job.is_active:
                self._active.add(job.id)
            elif job.id in self._active:
                self._active.discard(job.id)
                ended.append(job)
            if (
                job.status is JobStatus.COMPLETED
                and job.id not in self._learned
                and job.submitted_at
                and job.answered_at
            ):
                self._learned.add(job.id)
                durations.append(job.answered_at - job.submitted_at)
        self.has_changed = bool(durations)
        if durations:
            self.estimate = self.estimate.learned(durations)
        return ended
