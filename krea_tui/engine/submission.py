"""The submission lane: one POST at a time, written down before it leaves, judged by what may have been charged."""

from __future__ import annotations

import asyncio
import uuid
from bisect import bisect_left, insort
from contextlib import suppress

from krea_tui.domain.errors import (
    AccessForbidden,
    GatewayError,
    InDoubt,
    InsufficientBalance,
    KeyRefused,
    KreaTuiError,
    ModelUnavailable,
    NotClaimed,
    NotSent,
    RateLimited,
    RequestRefused,
    StoreError,
    WrongAddress,
)
from krea_tui.domain.events import Accepted, Claimed, Doubted, NotAccepted, PutOnHold, Refused
from krea_tui.domain.job import HoldReason, Job
from krea_tui.domain.money import CapReached, DailyCap
from krea_tui.domain.outcome import OutcomeEvent
from krea_tui.domain.pacing import (
    DOUBTS_UNTIL_STOP,
    FORBIDDEN_UNTIL_STOP,
    SUBMIT_BACKOFF_BASE_S,
    SUBMIT_BACKOFF_MAX_S,
    backoff,
)
from krea_tui.engine.budget import Priority
from krea_tui.engine.clock import rest_of, wait_for
from krea_tui.engine.context import LaneContext
from krea_tui.engine.faults import keep_going
from krea_tui.engine.health import Pause, PauseReason
from krea_tui.engine.outcomes import Outcomes, Unwritten
from krea_tui.engine.world import try_apply

_CLAIM_RETRY_S = 15.0

# A job's turn, and its id.
_Entry = tuple[tuple[int, int], str]


class SubmissionLane:
    """Sends what this process accepted and the person may pay for: by priority, then oldest first.

    Its waits are on the monotonic clock, so that neither a set clock nor a sleep makes or delays a request.
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
        # In the order in which they go: by priority, then by age.
        self._sendable: list[_Entry] = []
        self._entries: dict[str, _Entry] = {}
        self._sending: asyncio.Task[None] | None = None
        self._outcomes = Outcomes(context)
        self._stopping = False
        self._doubts = 0
        self._forbidden = 0
        self._faults = 0
        self._probe_id: str | None = None
        self._backoff_until: float | None = None
        # The time written down, and what it is on the monotonic clock.
        self._not_before: dict[str, tuple[float, float]] = {}

    async def run(self) -> None:
        """Send until `finish()`; never raises for anything the gateway or the disk does."""
        unsubscribe = self._book.subscribe(self._on_change)
        try:
            self._on_change(frozenset(job.id for job in self._book))
            await keep_going(self._step, lambda: self._stopping, self._clock)
        finally:
            unsubscribe()

    async def _step(self) -> None:
        self._wake.clear()
        job, wait_s = self._next()
        if job is None:
            await wait_for(self._wake, self._clock, wait_s)
            return
        await self._budget.acquire(Priority.SUBMIT)
        # While it waited for its turn the job may have been withdrawn, or the lane stopped.
        job, _ = self._next()
        if job is not None and not self._stopping:
            self._sending = asyncio.create_task(self._send(job), name=f"send-{job.id}")
            await asyncio.shield(self._sending)

    async def finish(self) -> None:
        """Send nothing more; return when the request in flight, if any, has ended and is committed."""
        self._stopping = True
        self._wake.set()
        self._outcomes.leave()
        if self._sending is not None and not self._sending.done():
            await asyncio.shield(self._sending)

    @property
    def is_sending(self) -> bool:
        """Whether a request is in flight right now."""
        return self._sending is not None and not self._sending.done()

    @property
    def unwritten(self) -> Unwritten | None:
        """The outcome that the history refuses right now."""
        return self._outcomes.unwritten

    def resume(self) -> None:
        """The person (or a mended cause) lets the lane go again."""
        self._doubts = self._forbidden = self._faults = 0
        self._book.health.lift_pause()
        self._backoff_until = self._book.health.send_backoff_until = None
        self._wake.set()

    def probe_with(self, job_id: str) -> None:
        """While the lane stands for money, a job approved after that is the one probe."""
        self._probe_id = job_id
        self._wake.set()

    def _on_change(self, job_ids: frozenset[str]) -> None:
        for job_id in job_ids:
            job = self._book.get(job_id)
            if job is None:
                continue
            entry = (job.turn, job_id) if self._is_ours(job) else None
            known = self._entries.get(job_id)
            if entry == known:
                continue
            if known is not None:
                del self._sendable[bisect_left(self._sendable, known)]
                del self._entries[job_id]
            if entry is None:
                self._not_before.pop(job_id, None)
            else:
                insort(self._sendable, entry)
                self._entries[job_id] = entry
        self._wake.set()

    def _is_ours(self, job: Job) -> bool:
        return (
            job.is_sendable
            and job.deleted_at is None
            and job.profile == self._context.policy.profile
            and job.accepted_by == self._context.process_id
        )

    def _next(self) -> tuple[Job | None, float | None]:
        """The job to send now, or None and the seconds until one may be due (None: until something changes)."""
        health = self._book.health
        policy = self._context.policy
        if health.is_paused_by_person or self._book.in_flight_count(policy.profile) >= policy.max_in_flight:
            return None, None
        is_standing = bool(health.standing.keys() - {PauseReason.DISK})
        if is_standing and not self._has_probe():
            return None, None
        now = self._clock.monotonic()
        if self._backoff_until is not None:
            if now < self._backoff_until:
                return None, self._backoff_until - now
            self._backoff_until = health.send_backoff_until = None
        soonest: float | None = None
        for _, job_id in self._sendable:
            job = self._book.get(job_id)
            if job is None or (is_standing and job_id != self._probe_id):
                continue
            due_at = self._due_at(job)
            if due_at <= now:
                return job, 0.0
            soonest = due_at if soonest is None else min(soonest, due_at)
        return None, None if soonest is None else soonest - now

    def _has_probe(self) -> bool:
        """Whether the lane stands for money, and there is the one job that may find out whether it still must."""
        reasons = self._book.health.standing.keys() - {PauseReason.DISK}
        probe = self._book.get(self._probe_id) if self._probe_id else None
        return reasons == {PauseReason.MONEY} and probe is not None and self._is_ours(probe)

    def _due_at(self, job: Job) -> float:
        """When this job may go, on the monotonic clock."""
        if not job.not_before:
            return 0.0
        written, due_at = self._not_before.get(job.id, (0.0, 0.0))
        if written != job.not_before:
            rest_s = rest_of(self._clock, job.not_before - SUBMIT_BACKOFF_MAX_S, SUBMIT_BACKOFF_MAX_S)
            due_at = self._clock.monotonic() + rest_s
            self._not_before[job.id] = (job.not_before, due_at)
        return due_at

    async def _send(self, job: Job) -> None:
        event = Claimed(self._clock.now(), uuid.uuid4().hex, self._context.policy.key_fingerprint)
        cap_microusd = self._context.policy.daily_cap_microusd
        cap = None if cap_microusd is None else DailyCap(self._context.day_start(), cap_microusd)
        try:
            claimed = await self._store.claim(job.id, event, cap)
        except NotClaimed:
            await self._take_in(job.id)
            return
        except CapReached as error:
            self._pause(PauseReason.CAP, error)
            with suppress(StoreError):
                await try_apply(self._store, self._book, job.id, PutOnHold(HoldReason.CAP, str(error)))
            return
        except StoreError as error:
            self._wait_before_sending(_CLAIM_RETRY_S)
            self._pause(PauseReason.DISK, error)
            return
        self._lift(PauseReason.DISK)
        self._book.put([claimed])
        doubts = self._doubts
        outcome = await self._post(claimed)
        written = await self._outcomes.write(claimed, outcome)
        if isinstance(outcome, Accepted) and isinstance(written, Doubted):
            # An answer with another job's request id is as bad as none.
            self._doubts = doubts
            self._doubt()

    async def _post(self, job: Job) -> OutcomeEvent:
        try:
            callback_url = self._context.callback_url(job.attempt_id or "")
            self._context.asks()
            answer = await self._gateway.submit(job.request.body(), callback_url=callback_url)
        except GatewayError as error:
            return self._judge(job, error)
        except Exception as error:
            return self._judge(job, InDoubt(f"an unexpected fault: {type(error).__name__}"))
        self._doubts = self._forbidden = self._faults = 0
        self._context.answered()
        self._lift(PauseReason.MONEY)
        return Accepted(self._clock.now(), answer)

    def _judge(self, job: Job, error: GatewayError) -> OutcomeEvent:  # noqa: PLR0911 -- one arm a rule
        words = str(error)
        now = self._clock.now()
        match error:
            case NotSent():
                wait_s = self._back_off()
                return NotAccepted(HoldReason.RETRY, words, now + wait_s)
            case RateLimited():
                self._rate_limited(error)
                return NotAccepted(HoldReason.READY, words)
            case InsufficientBalance():
                self._pause(PauseReason.MONEY, error)
                return NotAccepted(HoldReason.MONEY, words)
            case KeyRefused():
                self._pause(PauseReason.KEY, error)
                return NotAccepted(HoldReason.KEY, words)
            case WrongAddress():
                self._pause(PauseReason.ADDRESS, error)
                return NotAccepted(HoldReason.PAUSED, words)
            case AccessForbidden():
                self._forbidden += 1
                if self._forbidden >= FORBIDDEN_UNTIL_STOP:
                    self._pause(PauseReason.FORBIDDEN, error)
                return Refused(now, words)
            case ModelUnavailable():
                self._pause(PauseReason.MODEL, error)
                return Refused(now, words)
            case RequestRefused():
                return Refused(now, words)
            case _:
                self._doubt()
                return Doubted(now, words)

    def _doubt(self) -> None:
        self._doubts += 1
        self._back_off()
        if self._doubts >= DOUBTS_UNTIL_STOP:
            self._pause(PauseReason.DOUBT, InDoubt(f"{self._doubts} requests in a row are unconfirmed"))

    async def _take_in(self, job_id: str) -> None:
        with suppress(StoreError):
            self._book.put([await self._store.get(job_id)])

    def _rate_limited(self, error: RateLimited) -> None:
        wait_s = error.retry_after_s
        if not wait_s:
            wait_s = backoff(self._faults, SUBMIT_BACKOFF_BASE_S, SUBMIT_BACKOFF_MAX_S, self._chance)
            self._faults += 1
        self._context.rate_limited(wait_s)

    def _back_off(self) -> float:
        wait_s = backoff(self._faults, SUBMIT_BACKOFF_BASE_S, SUBMIT_BACKOFF_MAX_S, self._chance)
        self._faults += 1
        self._wait_before_sending(wait_s)
        return wait_s

    def _wait_before_sending(self, wait_s: float) -> None:
        self._backoff_until = self._clock.monotonic() + wait_s
        self._book.health.send_backoff_until = self._clock.now() + wait_s

    def _lift(self, reason: PauseReason) -> None:
        if self._book.health.mend(reason):
            self._book.touch()

    def _pause(self, reason: PauseReason, error: KreaTuiError) -> None:
        if reason is not PauseReason.DISK:
            self._probe_id = None
        self._book.health.stand(Pause(reason, str(error), error.advice))
        self._book.touch()
