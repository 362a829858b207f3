"""How far the batches are that are under way. A change costs the same however many jobs there are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from krea_tui.domain.job import Job, JobStatus, PictureState


class Phase(Enum):
    """What a job means for the end of its batch."""

    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    HELD = auto()
    UNDECIDED = auto()
    WITHDRAWN = auto()


# Something will still happen to it: by itself, or when the person says so.
_OPEN: Final = (Phase.WAITING, Phase.RUNNING, Phase.HELD, Phase.UNDECIDED)


def phase_of(job: Job) -> Phase:
    """Where this job stands in its batch."""
    if job.is_running:
        return Phase.RUNNING
    if job.status is JobStatus.HELD:
        return Phase.WAITING if job.is_sendable else Phase.HELD
    if job.status is JobStatus.CANCELLED:
        return Phase.WITHDRAWN
    if job.needs_decision:
        return Phase.UNDECIDED
    has_image = any(picture.state is PictureState.SAVED for picture in job.pictures)
    return Phase.DONE if job.status is JobStatus.COMPLETED and has_image else Phase.FAILED


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """One batch under way. `total` leaves out what was withdrawn before it was sent.

    `ahead` is how many jobs are still to be sent until the last of this batch is, its own included; `youngest_at` is
    when the newest of its jobs at the gateway was sent (epoch seconds). `is_whole` is false until all that the history
    knows of it was taken in.
    """

    batch_id: str
    prompt: str
    created_at: float
    total: int
    done: int
    failed: int
    running: int
    waiting: int
    held: int
    undecided: int
    ahead: int
    youngest_at: float | None
    is_whole: bool

    @property
    def ended(self) -> int:
        """Jobs of which nothing more is to come."""
        return self.done + self.failed

    @property
    def is_going(self) -> bool:
        """Whether something happens to it by itself."""
        return bool(self.waiting or self.running)


_Place = tuple[int, int]


@dataclass(slots=True)
class _Known:
    """The last state that was taken in of a job; `place` is that in the line of those to be sent."""

    batch_id: str | None
    phase: Phase
    revision: int
    place: _Place


@dataclass(slots=True)
class _Batch:
    first_seq: int
    prompt: str
    created_at: float
    is_whole: bool
    counts: Counter[Phase] = field(default_factory=Counter)
    waiting: list[_Place] = field(default_factory=list)
    jobs: set[str] = field(default_factory=set)
    running: dict[str, float] = field(default_factory=dict)


class Batches:
    """The batches of one gateway that are under way, from the jobs that are told. Keeps no job that is over.

    What was created before `since` (epoch seconds) may have jobs that nobody has told: such a batch is `unread` until
    `learn` was told all of them.
    """

    def __init__(self, profile: str, since: float) -> None:
        self._profile = profile
        self._since = since
        self._jobs: dict[str, _Known] = {}
        self._batches: dict[str, _Batch] = {}
        self._line: list[_Place] = []
        # Batches that were under way once: what is known of them is gone.
        self._left: set[str] = set()

    @property
    def unread(self) -> frozenset[str]:
        """Batches under way of which the history may know more."""
        return frozenset(batch_id for batch_id, batch in self._batches.items() if not batch.is_whole)

    @property
    def waiting_count(self) -> int:
        """Jobs that will be sent when their turn comes."""
        return len(self._line)

    def take_in(self, jobs: Iterable[Job]) -> None:
        """Take in jobs as they are now; an older state of one than is known is left out."""
        touched: set[str] = set()
        for job in jobs:
            known = self._jobs.get(job.id)
            if job.profile != self._profile or (known is not None and known.revision >= job.revision):
                continue
            if known is not None:
                self._forget(job.id, known)
            if job.deleted_at is None:
                self._remember(job)
            touched.update(batch_id for batch_id in (job.batch_id, known and known.batch_id) if batch_id)
        for batch_id in touched:
            self._leave_if_over(batch_id)

    def learn(self, batch_id: str, jobs: Iterable[Job]) -> None:
        """Take in everything that the history knows of a batch."""
        if (batch := self._batches.get(batch_id)) is not None:
            batch.is_whole = True
            self.take_in(jobs)

    def is_under_way(self, batch_id: str) -> bool:
        """Whether anything of this batch is still to come."""
        return batch_id in self._batches

    def under_way(self) -> list[BatchProgress]:
        """Every batch of which something is still to come, the newest first."""
        newest_first = sorted(self._batches.items(), key=lambda item: -item[1].first_seq)
        return [self._progress(batch_id, batch) for batch_id, batch in newest_first]

    def _progress(self, batch_id: str, batch: _Batch) -> BatchProgress:
        counts = batch.counts
        return BatchProgress(
            batch_id=batch_id,
            prompt=batch.prompt,
            created_at=batch.created_at,
            total=counts.total() - counts[Phase.WITHDRAWN],
            done=counts[Phase.DONE],
            failed=counts[Phase.FAILED],
            running=counts[Phase.RUNNING],
            waiting=counts[Phase.WAITING],
            held=counts[Phase.HELD],
            undecided=counts[Phase.UNDECIDED],
            ahead=bisect_right(self._line, batch.waiting[-1]) if batch.waiting else 0,
            youngest_at=max(batch.running.values(), default=None),
            is_whole=batch.is_whole,
        )

    def _remember(self, job: Job) -> None:
        phase = phase_of(job)
        known = _Known(job.batch_id, phase, job.revision, job.turn)
        if job.batch_id is None and phase is not Phase.WAITING:
            return
        self._jobs[job.id] = known
        if phase is Phase.WAITING:
            insort(self._line, known.place)
        if job.batch_id is None:
            return
        batch = self._batches.get(job.batch_id)
        if batch is None:
            is_whole = job.created_at >= self._since and job.batch_id not in self._left
            batch = self._batches[job.batch_id] = _Batch(job.seq, job.request.prompt, job.created_at, is_whole)
        elif job.seq < batch.first_seq:
            batch.first_seq, batch.prompt, batch.created_at = job.seq, job.request.prompt, job.created_at
        batch.jobs.add(job.id)
        batch.counts[phase] += 1
        if phase is Phase.WAITING:
            insort(batch.waiting, known.place)
        elif phase is Phase.RUNNING:
            batch.running[job.id] = job.submitted_at or job.attempted_at or job.created_at

    def _forget(self, job_id: str, known: _Known) -> None:
        del self._jobs[job_id]
        if known.phase is Phase.WAITING:
            _take_out(self._line, known.place)
        batch = self._batches.get(known.batch_id) if known.batch_id is not None else None
        if batch is None:
            return
        batch.jobs.discard(job_id)
        batch.counts[known.phase] -= 1
        batch.running.pop(job_id, None)
        if known.phase is Phase.WAITING:
            _take_out(batch.waiting, known.place)

    def _leave_if_over(self, batch_id: str) -> None:
        batch = self._batches.get(batch_id)
        if batch is not None and not any(batch.counts[phase] for phase in _OPEN):
            for job_id in batch.jobs:
                del self._jobs[job_id]
            del self._batches[batch_id]
            self._left.add(batch_id)


def _take_out(places: list[_Place], place: _Place) -> None:
    del places[bisect_left(places, place)]
