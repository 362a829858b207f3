"""How all jobs together do: batches and when they are over, how fast jobs end. A projection of the job book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from krea_tui.domain.batches import Batches, BatchProgress
from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.errors import SearchInterrupted
from krea_tui.domain.eta import WATCHED_S, Pace, SteadyEta, about_words, remaining_s
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.ordering import View
from krea_tui.domain.terms import InBatch
from krea_tui.domain.throughput import SLICE_S, JobEnds, rate_words
from krea_tui.engine.book import JobBook
from krea_tui.engine.health import PauseReason
from krea_tui.engine.ports import ListingReader
from krea_tui.ui.widgets.pulse import PULSE_CELL_S, PULSE_CELLS, BatchState, PulseState

_READ_AT_ONCE: Final = 250

# Why a batch does not go on, in a word behind its numbers.
STANDS: Final[Mapping[PauseReason, str]] = {
    PauseReason.PERSON: "paused",
    PauseReason.MONEY: "wallet empty",
    PauseReason.KEY: "key refused",
    PauseReason.CAP: "daily cap",
    PauseReason.FORBIDDEN: "forbidden",
    PauseReason.MODEL: "model is off",
    PauseReason.ADDRESS: "wrong address",
    PauseReason.DOUBT: "unconfirmed",
    PauseReason.DISK: "disk trouble",
}

_LEAST_SPAN_S: Final = 60.0


class BatchOutlook(NamedTuple):
    """A batch under way, and what is to be said of its end."""

    progress: BatchProgress
    words: str


class Whole:
    """Takes in changed jobs. Times are epoch seconds; `since` is when this process began to listen.

    `places` and `requests_per_s` are those of the settings: what the gateway allows meanwhile is in the book's health.
    """

    def __init__(self, book: JobBook, profile: str, *, places: int, requests_per_s: float, since: float) -> None:
        self._book = book
        self._places = places
        self._requests_per_s = requests_per_s
        self._durations = DurationEstimate()
        self._batches = Batches(profile, since)
        self._ends = JobEnds()
        self._etas: dict[str, SteadyEta] = {}
        self._queue_eta = SteadyEta()
        self._is_reading = False

    @property
    def is_unread(self) -> bool:
        """Whether the history knows more of a batch under way than was told here, and nobody is reading it."""
        return not self._is_reading and bool(self._batches.unread)

    @property
    def waiting_count(self) -> int:
        """Jobs that go when their turn comes."""
        return self._batches.waiting_count

    async def read(self, history: ListingReader) -> None:
        """Read what the history knows of batches that were there before; raises `StoreError`.

        Where a newer search ends the reading it is left for the next time.
        """
        self._is_reading = True
        try:
            for batch_id in sorted(self._batches.unread):
                self._batches.learn(batch_id, await _jobs_of(history, batch_id))
        except SearchInterrupted:
            return
        finally:
            self._is_reading = False

    def take_in(self, jobs: Iterable[Job], durations: DurationEstimate, now: float) -> None:
        """Take in jobs that changed, and how long jobs take."""
        jobs = list(jobs)
        self._durations = durations
        self._batches.take_in(jobs)
        self._ends.take_in(jobs, now)
        self._watch(now)

    def pulse(self, counts: Mapping[JobStatus, int], now: float) -> PulseState:
        """The line at the foot of the jobs; `counts` are those of the whole history."""
        outlooks = self.batches(now)
        newest = next((outlook for outlook in outlooks if outlook.progress.is_going), next(iter(outlooks), None))
        batch = None
        if newest is not None:
            batch = BatchState(newest.progress.ended, newest.progress.total, newest.words, len(outlooks) - 1)
        return PulseState(dict(counts), self.cells(now, PULSE_CELLS, PULSE_CELL_S), self.rate(now, WATCHED_S), batch)

    def cells(self, now: float, count: int, cell_s: float) -> tuple[int, ...]:
        """How many jobs ended in the last `count` spans of `cell_s` seconds, oldest first; an hour at most."""
        return self._ends.recent.cells(now, count, round(cell_s / SLICE_S))

    def is_under_way(self, batch_id: str) -> bool:
        """Whether anything of a batch is still to come."""
        return self._batches.is_under_way(batch_id)

    def rate(self, now: float, span_s: float) -> str:
        """How fast jobs ended in the last `span_s` seconds, in words; blank where none did."""
        recent = self._ends.recent
        # What began a moment ago has not gone on for the whole span.
        return rate_words(recent.total(now, span_s), min(span_s, max(_LEAST_SPAN_S, recent.reach_s(now, span_s))))

    def batches(self, now: float) -> list[BatchOutlook]:
        """Batches under way, the newest first, each with what is to be said of its end."""
        self._watch(now)
        pace = self._pace(now)
        under_way = self._batches.under_way()
        self._etas = {progress.batch_id: self._etas.get(progress.batch_id) or SteadyEta() for progress in under_way}
        return [BatchOutlook(progress, self._words(progress, pace, now)) for progress in under_way]

    def queue_s(self, now: float) -> float | None:
        """Seconds until everything that goes by itself has ended; None where that cannot be said."""
        waiting = self._batches.waiting_count
        stands = self._stands(is_sending=True)
        return self._queue_eta.tell(remaining_s(self._pace(now), waiting, None) if not stands else None, now)

    def _words(self, progress: BatchProgress, pace: Pace, now: float) -> str:
        eta = self._etas[progress.batch_id]
        stands = self._stands(is_sending=progress.waiting > 0)
        if progress.is_going and not stands:
            age_s = None if progress.youngest_at is None else now - progress.youngest_at
            told = eta.tell(remaining_s(pace, progress.ahead, age_s), now)
            words = "" if told is None else about_words(told)
        else:
            eta.tell(None, now)
            words = stands if progress.is_going else ""
        parts = [words]
        if progress.held:
            parts.append(f"{progress.held:,} held")
        if progress.undecided:
            parts.append(f"{progress.undecided:,} unconfirmed")
        return ", ".join(part for part in parts if part)

    def _stands(self, *, is_sending: bool) -> str:
        health = self._book.health
        if is_sending and health.pause is not None:
            return STANDS[health.pause.reason]
        return "gateway in trouble" if health.breaker_until is not None else ""

    def _watch(self, now: float) -> None:
        has_work = self._batches.waiting_count > 0 or self._book.running_count > 0
        self._ends.watch(now, is_going=has_work and not self._stands(is_sending=True))

    def _pace(self, now: float) -> Pace:
        allowed = self._book.health.gauges(now).rate_per_s or self._requests_per_s
        return self._ends.pace(now, self._durations, self._places, allowed)


async def _jobs_of(history: ListingReader, batch_id: str) -> list[Job]:
    seqs = await history.order(View((InBatch(batch_id),)))
    jobs: list[Job] = []
    for start in range(0, len(seqs), _READ_AT_ONCE):
        jobs += await history.jobs_by_seq(seqs[start : start + _READ_AT_ONCE])
    return jobs
