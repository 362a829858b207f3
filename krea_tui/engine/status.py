"""The status lane: one scheduler for every poll, a heap by due time over the one budget."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from dataclasses import replace

from krea_tui.domain.errors import (
    GatewayError,
    ImpossibleTransition,
    KeyRefused,
    RateLimited,
    StoreError,
    UnknownRequest,
)
from krea_tui.domain.events import Event, StatusDenied, StatusRead
from krea_tui.domain.job import NOT_FOUND_RECHECK_S, Job, JobStatus
from krea_tui.domain.lifecycle import advance
from krea_tui.domain.pacing import (
    BREAKER_BASE_S,
    BREAKER_MAX_S,
    BREAKER_THRESHOLD,
    DENIED_INTERVAL_S,
    NOT_FOUND_INTERVAL_S,
    RECHECK_GAP_S,
    STATUS_RETRY_S,
    backoff,
    first_check_delay,
    next_check_delay,
    stepped,
)
from krea_tui.engine.budget import Priority
from krea_tui.engine.clock import rest_of, wait_for
from krea_tui.engine.context import LaneContext
from krea_tui.engine.faults import LOG, keep_going
from krea_tui.engine.health import Pause, PauseReason
from krea_tui.engine.patience import Patience

MAX_CHECKS_AT_ONCE = 8
_REMEMBERED_DURATIONS = 50
_ENOUGH_DURATIONS = 5
_STOPPING = frozenset({PauseReason.KEY, PauseReason.FORBIDDEN})


class StatusLane:
    """Asks the gateway for every job that may have something new to say.

    Its waits are on the monotonic clock, so that neither a set clock nor a sleep makes or delays a check.
    """

    def __init__(self, context: LaneContext) -> None:
        self._context = context
        self._book = context.book
        self._store = context.store
        self._gateway = context.gateway
        self._budget = context.budget
        self._clock = context.clock
        self._chance = context.chance
        self._wake = asyncio.Event()
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._checking: dict[str, asyncio.Task[None]] = {}
        self._checked_at: dict[str, float] = {}
        self._retries: dict[str, int] = {}
        self._hinted: set[str] = set()
        self._durations: deque[float] = deque(maxlen=_REMEMBERED_DURATIONS)
        self._preferred: str | None = None
        self._failures = 0
        self._openings = 0
        self._breaker_until: float | None = None
        self.patience = Patience(context)

    async def run(self) -> None:
        """Poll until cancelled; never raises for anything the gateway or the disk does."""
        unsubscribe = self._book.subscribe(self._on_change)
        try:
            self._on_change(frozenset(job.id for job in self._book))
            await keep_going(self._step, lambda: False, self._clock)
        finally:
            unsubscribe()
            checks = tuple(self._checking.values())
            for check in checks:
                check.cancel()
            await asyncio.gather(*checks, return_exceptions=True)

    async def _step(self) -> None:
        self._wake.clear()
        wait_s = self._wait_s()
        if wait_s is None or wait_s > 0:
            await wait_for(self._wake, self._clock, wait_s)
            return
        await self._budget.acquire(Priority.POLL)
        # Chosen after the wait: what is most urgent now, not what was when the queue began.
        wait_s = self._wait_s()
        if wait_s is not None and wait_s <= 0 and (job_id := self._pop()) is not None:
            self._checked_at[job_id] = self._clock.monotonic()
            self._checking[job_id] = asyncio.create_task(self._check(job_id), name=f"check-{job_id}")

    def prefer(self, job_id: str | None) -> None:
        """The job the person looks at goes first among those that are due."""
        self._preferred = job_id

    def hint(self, job_id: str) -> bool:
        """There may be news of this job: check it as soon as that may be; false where this changes nothing."""
        job = self._book.get(job_id)
        if job is None or not self._wants(job):
            return False
        if job_id in self._checking:
            # Its answer may have been on the way before the news was.
            is_new = job_id not in self._hinted
            self._hinted.add(job_id)
            return is_new
        due_at = self._recheck_due(job)
        if due_at >= self._due.get(job_id, float("inf")):
            return False
        self._schedule(job_id, due_at)
        return True

    async def knows(self, job_id: str, request_id: str) -> bool | None:
        """Whether the gateway knows this request id, said to be this job's; None where it cannot be asked now.

        One status request of the one budget, under the same breaker as the checks.
        """
        health = self._book.health
        if health.stands_for(_STOPPING):
            return None
        if self._breaker_until is not None and (self._checking or self._breaker_until > self._clock.monotonic()):
            return None
        await self._budget.acquire(Priority.POLL)
        is_known = True
        self._context.asks()
        try:
            await self._gateway.status(request_id)
        except UnknownRequest:
            is_known = False
        except GatewayError as error:
            self._not_told(job_id, error)
            return None
        self._succeeded(job_id)
        return is_known

    def resume(self) -> None:
        """The key or the address was mended: ask again."""
        self._failures = self._openings = 0
        self._breaker_until = self._book.health.breaker_until = None
        self._wake.set()

    def _on_change(self, job_ids: frozenset[str]) -> None:
        for job_id in job_ids:
            job = self._book.get(job_id)
            if job is None or not self._wants(job):
                for known in (self._due, self._retries, self._checked_at):
                    known.pop(job_id, None)
                self.patience.forget(job_id)
            elif job_id in self._checking:
                # The answer under way is the newest there can be.
                continue
            elif job.recheck_at is not None:
                # What is overdue already keeps its place, however often the person asks.
                self._schedule(job_id, min(self._due.get(job_id, float("inf")), self._recheck_due(job)))
            elif job_id not in self._due:
                self._schedule(job_id, self._first_due(job))
        self._wake.set()

    def _recheck_due(self, job: Job) -> float:
        now = self._clock.monotonic()
        rest_s = 0.0 if job.last_checked_at is None else rest_of(self._clock, job.last_checked_at, RECHECK_GAP_S)
        # A check that told nothing new is not written down.
        return max(now + rest_s, self._checked_at.get(job.id, now - RECHECK_GAP_S) + RECHECK_GAP_S)

    def _wants(self, job: Job) -> bool:
        if not job.is_polled or job.profile != self._context.policy.profile or job.deleted_at is not None:
            return False
        if job.status is JobStatus.NOT_FOUND:
            denied_for_s = self._clock.now() - (job.denied_since or 0.0)
            return denied_for_s < NOT_FOUND_RECHECK_S or job.recheck_at is not None
        return True

    def _first_due(self, job: Job) -> float:
        now = self._clock.monotonic()
        interval_s = self._interval(job)
        if job.last_checked_at is not None:
            return now + rest_of(self._clock, job.last_checked_at, interval_s)
        earliest = min(self._durations) if len(self._durations) >= _ENOUGH_DURATIONS else None
        delay_s = first_check_delay(earliest)
        return now + (delay_s if job.submitted_at is None else rest_of(self._clock, job.submitted_at, delay_s))

    def _interval(self, job: Job) -> float:
        if job.status is JobStatus.NOT_FOUND:
            return NOT_FOUND_INTERVAL_S
        if job.denials:
            return DENIED_INTERVAL_S
        polled = len(self._due) + len(self._checking)
        return next_check_delay(self.patience.age_s(job), polled, self._budget.bucket.rate_per_s, self._chance)

    def _schedule(self, job_id: str, due_at: float) -> None:
        self._due[job_id] = due_at
        heapq.heappush(self._heap, (due_at, job_id))
        self._wake.set()

    def _wait_s(self) -> float | None:
        """Seconds until a check may be made; 0 if one is due, None if nothing is to be checked or nothing may be."""
        health = self._book.health
        self._drop_stale()
        now = self._clock.monotonic()
        health.next_check_at = self._clock.now() + self._heap[0][0] - now if self._heap else None
        if not self._heap or len(self._checking) >= MAX_CHECKS_AT_ONCE:
            return None
        if health.stands_for(_STOPPING):
            return None
        due_at = self._heap[0][0]
        if self._breaker_until is not None:
            # One probe for all: while it is under way nobody else asks.
            if self._checking:
                return None
            due_at = max(due_at, self._breaker_until)
            health.next_check_at = self._clock.now() + due_at - now
        return max(0.0, due_at - now)

    def _drop_stale(self) -> None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)

    def _pop(self) -> str | None:
        self._drop_stale()
        if not self._heap:
            return None
        job_id = self._heap[0][1]
        preferred = self._preferred
        if preferred is not None and self._due.get(preferred, float("inf")) <= self._clock.monotonic():
            job_id = preferred
        del self._due[job_id]
        return job_id

    async def _check(self, job_id: str) -> None:
        delay_s: float | None = STATUS_RETRY_S[-1]
        try:
            delay_s = await self._ask(job_id)
        except Exception:
            LOG.exception("a check of job %s met a fault and is made again", job_id)
        finally:
            self._checking.pop(job_id, None)
            self._wake.set()
        job = self._book.get(job_id)
        is_hinted = job_id in self._hinted
        self._hinted.discard(job_id)
        if job is not None and self._wants(job):
            if is_hinted and delay_s is None:
                delay_s = RECHECK_GAP_S
            self._schedule(job_id, self._clock.monotonic() + (self._interval(job) if delay_s is None else delay_s))

    async def _ask(self, job_id: str) -> float | None:
        """One status request; returns the seconds to the next where a rule names them."""
        job = self._book.get(job_id)
        if job is None or job.request_id is None:
            return None
        event: Event
        self._context.asks()
        try:
            answer = await self._gateway.status(job.request_id)
            event = StatusRead(self._clock.now(), answer)
        except UnknownRequest:
            event = StatusDenied(self._clock.now())
        except GatewayError as error:
            return self._not_told(job_id, error)
        self._succeeded(job_id)
        try:
            await self.patience.excuse_missed_time()
            await self._record(job, event)
        except ImpossibleTransition:
            self._book.put([await self._store.get(job.id)])
        except StoreError:
            return STATUS_RETRY_S[0]
        return None

    async def _record(self, job: Job, event: Event) -> None:
        job = self._book.get(job.id) or job
        moved = advance(job, event)
        if replace(moved, last_checked_at=job.last_checked_at) == job:
            # Nothing new: the time of the check is worth no write to the disk.
            return
        stored = await self._store.apply(job.id, event)
        if stored.answered_at is not None and job.answered_at is None and stored.submitted_at is not None:
            self._durations.append(stored.answered_at - stored.submitted_at)
        self._book.put([stored])

    def _succeeded(self, job_id: str) -> None:
        self._retries.pop(job_id, None)
        self._failures = self._openings = 0
        self._breaker_until = self._book.health.breaker_until = None
        self._context.answered()

    def _not_told(self, job_id: str, error: GatewayError) -> float:
        """Seconds until it is worth asking again."""
        if isinstance(error, RateLimited):
            return self._rate_limited(error)
        if isinstance(error, KeyRefused):
            self._book.health.stand(Pause(PauseReason.KEY, str(error), error.advice))
            self._book.touch()
            return STATUS_RETRY_S[0]
        return self._failed(job_id, error)

    def _failed(self, job_id: str, error: GatewayError) -> float:
        self._failures += 1
        step = self._retries.get(job_id, 0)
        self._retries[job_id] = step + 1
        health = self._book.health
        if self._failures >= BREAKER_THRESHOLD:
            wait_s = max(BREAKER_BASE_S / 2, backoff(self._openings, BREAKER_BASE_S, BREAKER_MAX_S, self._chance))
            wait_s = max(wait_s, getattr(error, "retry_after_s", None) or 0.0)
            self._openings += 1
            self._breaker_until = self._clock.monotonic() + wait_s
            health.breaker_until = self._clock.now() + wait_s
            health.breaker_words = str(error)
            self._book.touch()
        return stepped(STATUS_RETRY_S, step)

    def _rate_limited(self, error: RateLimited) -> float:
        wait_s = error.retry_after_s
        if not wait_s:
            wait_s = backoff(self._failures, BREAKER_BASE_S, BREAKER_MAX_S, self._chance)
            self._failures += 1
        self._context.rate_limited(wait_s)
        self._book.touch()
        return max(wait_s, STATUS_RETRY_S[0])
