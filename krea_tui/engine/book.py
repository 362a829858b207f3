"""The job book: the one truth in memory that every pane is a projection of. It does no I/O."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from krea_tui.domain.job import AT_GATEWAY, HoldReason, Job, JobStatus
from krea_tui.domain.money import Ledger
from krea_tui.engine.faults import LOG
from krea_tui.engine.health import GatewayHealth

IN_FLIGHT: Final = frozenset({JobStatus.SENDING, *AT_GATEWAY})

Listener = Callable[[frozenset[str]], None]


class JobBook:
    """Jobs by id, newest first; publishes the ids of what changed.

    Listeners are called on the loop that changes the book, with an empty set when only `health` or `ledger` changed.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._order: list[tuple[int, str]] = []
        self._ids: dict[int, str] = {}
        self._listeners: list[Listener] = []
        self._counts: Counter[JobStatus] = Counter()
        self._in_flight: Counter[str] = Counter()
        self._saving = 0
        # As keys of dicts, which keep the order in which they came.
        self._held: dict[HoldReason, dict[str, None]] = {reason: {} for reason in HoldReason}
        self._unconfirmed: dict[str, None] = {}
        self._revision = 0
        self.health = GatewayHealth()
        self.ledger = Ledger()

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Job]:
        """Every job, newest first."""
        return (self._jobs[job_id] for _, job_id in self._order)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    def get(self, job_id: str) -> Job | None:
        """The job with this id, if it is in the book."""
        return self._jobs.get(job_id)

    def at_seq(self, seq: int) -> Job | None:
        """The job with this sequence number, deleted or not, if it is in the book."""
        job_id = self._ids.get(seq)
        return None if job_id is None else self._jobs[job_id]

    def row_at(self, index: int) -> Job | None:
        """The job in this place, newest first; None beyond the end."""
        if not 0 <= index < len(self._order):
            return None
        return self._jobs[self._order[index][1]]

    def index_of(self, job_id: str) -> int | None:
        """The place of a job, newest first."""
        job = self._jobs.get(job_id)
        if job is None or job.deleted_at is not None:
            return None
        index = bisect_left(self._order, (-job.seq, job_id))
        return index if index < len(self._order) and self._order[index][1] == job_id else None

    @property
    def revision(self) -> int:
        """The newest revision seen, from which a follower asks for changes."""
        return self._revision

    def count(self, *statuses: JobStatus) -> int:
        """How many jobs of the book have one of these statuses."""
        return sum(self._counts[status] for status in statuses)

    def held(self, *reasons: HoldReason) -> Iterator[Job]:
        """Every job that is held, for one of these reasons where some are named; in no order."""
        groups = [self._held[reason] for reason in reasons or HoldReason]
        return (self._jobs[job_id] for group in groups for job_id in group)

    def undecided(self, profile: str) -> list[Job]:
        """Jobs of this gateway that may have been charged and about which a person must decide, newest first."""
        found = (self._jobs[job_id] for job_id in self._unconfirmed)
        asked = [job for job in found if job.needs_decision and job.profile == profile]
        return sorted(asked, key=lambda job: job.seq, reverse=True)

    def left_over(self, profile: str) -> list[Job]:
        """Held jobs of this gateway that go only when the person says so, in no order."""
        return [job for job in self.held(HoldReason.LEFT_OVER) if job.profile == profile]

    @property
    def running_count(self) -> int:
        """Jobs at the gateway, on the way there, or whose pictures are being saved."""
        return self.count(JobStatus.SENDING, JobStatus.QUEUED, JobStatus.PROCESSING) + self._saving

    def in_flight_count(self, profile: str) -> int:
        """Jobs that take one of the places at this gateway."""
        return self._in_flight[profile]

    def put(self, jobs: Iterable[Job]) -> None:
        """Take these states in, unless a newer one is known, and publish what changed."""
        changed = {job.id for job in jobs if self._put_one(job)}
        if changed:
            self._publish(frozenset(changed))

    def touch(self) -> None:
        """Publish that health or ledger changed."""
        self._publish(frozenset())

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener after every change; returns how to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _publish(self, job_ids: frozenset[str]) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(job_ids)
            except Exception:
                # A pane's fault must not stop a lane between two steps of a paid job.
                LOG.exception("a listener of the job book failed")

    def _put_one(self, job: Job) -> bool:
        known = self._jobs.get(job.id)
        if known is not None:
            if known.revision >= job.revision:
                return False
            self._count(known, -1)
        was_shown = known is not None and known.deleted_at is None
        is_shown = job.deleted_at is None
        key = (-job.seq, job.id)
        if is_shown and not was_shown:
            insort(self._order, key)
        elif was_shown and not is_shown:
            del self._order[bisect_left(self._order, key)]
        self._jobs[job.id] = job
        self._ids[job.seq] = job.id
        self._count(job, 1)
        self._revision = max(self._revision, job.revision)
        return True

    def _count(self, job: Job, step: int) -> None:
        if job.deleted_at is None:
            self._group(job, is_in=step > 0)
            self._counts[job.status] += step
            self._in_flight[job.profile] += step * (job.status in IN_FLIGHT)
            self._saving += step * job.is_saving

    def _group(self, job: Job, *, is_in: bool) -> None:
        if job.status is JobStatus.HELD:
            group = self._held[job.hold_reason or HoldReason.READY]
        elif job.status is JobStatus.UNCONFIRMED:
            group = self._unconfirmed
        else:
            return
        if is_in:
            group[job.id] = None
        else:
            group.pop(job.id, None)
