"""What is said of jobs that end: each by itself, those of a batch together when the batch is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from krea_tui.domain.job import Job, JobStatus
from krea_tui.ui.messages import BatchEnded, JobEnded


@dataclass
class _Ended:
    done: int = 0
    failed: int = 0


class Notices:
    """Takes each job that has ended, once. `is_under_way` tells of a batch whether anything of it is still to come."""

    def __init__(self, is_under_way: Callable[[str], bool]) -> None:
        self._is_under_way = is_under_way
        self._batches: dict[str, _Ended] = {}

    def of(self, job: Job, *, is_seen: bool) -> JobEnded | BatchEnded | None:
        """What is to be said now that this job has ended; nothing of what is seen, muted, or withdrawn.

        Five hundred notices would bury what they tell of: of a batch its first failure is told at once, the rest
        when it is over.
        """
        if job.batch_id is None:
            is_quiet = is_seen or job.muted or job.status is JobStatus.CANCELLED
            return None if is_quiet else JobEnded(job)
        ended = self._batches.setdefault(job.batch_id, _Ended())
        is_well = job.is_done and not job.error
        if job.status is not JobStatus.CANCELLED and not job.muted:
            ended.done += is_well
            ended.failed += not is_well
        if not self._is_under_way(job.batch_id):
            del self._batches[job.batch_id]
            return self._whole(job, ended, is_seen=is_seen)
        is_first_failure = not is_well and ended.failed == 1 and job.status is not JobStatus.CANCELLED
        return JobEnded(job) if is_first_failure and not job.muted and not is_seen else None

    def _whole(self, job: Job, ended: _Ended, *, is_seen: bool) -> JobEnded | BatchEnded | None:
        if ended.done + ended.failed > 1:
            return BatchEnded(job, ended.done, ended.failed)
        is_quiet = is_seen or job.muted or job.status is JobStatus.CANCELLED
        return None if is_quiet else JobEnded(job)
