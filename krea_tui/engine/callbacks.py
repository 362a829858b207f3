"""The gateway's callbacks: hints that make us ask now. What they say is never believed."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Final

from krea_tui.domain.answers import CallbackHint, SubmitAnswer
from krea_tui.domain.errors import KreaTuiError, RequestIdTaken, StoreError
from krea_tui.domain.events import Accepted
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.lifecycle import can_take
from krea_tui.domain.pacing import stepped
from krea_tui.engine.context import LaneContext
from krea_tui.engine.faults import LOG, keep_going
from krea_tui.engine.ports import MakeReceiver, Receiver
from krea_tui.engine.status import StatusLane
from krea_tui.engine.world import try_apply

REOPEN_S: Final = 30.0
MAX_WAITING: Final = 1_000
# A callback comes once, at the end, and may be repeated: what goes on calling after that changes nothing any more.
CHECKS_HASTENED: Final = 3
# Whoever knows an attempt's address may name wrong request ids: only so many are ever asked about.
CLAIMS_LOOKED_UP: Final = 8
CLAIM_DENIALS: Final = 3
LOOK_UP_RETRY_S: Final = (5.0, 10.0, 20.0, 60.0, 300.0)

_KEPT_AS: Final = "callback_secret"


@dataclass(slots=True)
class _Attempt:
    """What was heard of one attempt. `claims` are the request ids that its callbacks named."""

    job_id: str
    checks_hastened: int = 0
    claims: set[str] = field(default_factory=set)
    early: list[CallbackHint] = field(default_factory=list)


class Callbacks:
    """Keeps the receiver listening and obeys what it hears; without `make_receiver` there is nothing to hear."""

    def __init__(self, context: LaneContext, status: StatusLane, make_receiver: MakeReceiver | None) -> None:
        self._context = context
        self._status = status
        self._make_receiver = make_receiver
        self._book = context.book
        self._store = context.store
        self._clock = context.clock
        self._hints: asyncio.Queue[CallbackHint] = asyncio.Queue(MAX_WAITING)
        self._receiver: Receiver | None = None
        self._attempts: dict[str, _Attempt] = {}
        self._look_ups: set[asyncio.Task[None]] = set()
        context.callback_url = self._callback_url

    async def open(self) -> None:
        """Listen, or tell in the health why not; jobs are sent and checked either way. Never raises."""
        if self._make_receiver is None:
            return
        trouble = ""
        try:
            receiver = await self._make_receiver(await self._secret(), self._hints)
            await receiver.start()
            self._receiver = receiver
        except KreaTuiError as error:
            trouble = str(error)
        except Exception:
            LOG.exception("the receiver of callbacks cannot be started")
            trouble = "the receiver of callbacks cannot be started"
        health = self._book.health
        health.callbacks_at = self._receiver.public_url if self._receiver is not None else None
        if self._receiver is not None or health.callbacks_trouble != trouble:
            health.callbacks_trouble = trouble
            self._book.touch()

    async def run(self) -> None:
        """Obey what is heard until cancelled, and listen again where that failed; never raises for any of it."""
        unsubscribe = self._book.subscribe(self._on_change)
        try:
            self._on_change(frozenset(job.id for job in self._book))
            async with asyncio.TaskGroup() as group:
                group.create_task(keep_going(self._next_hint, lambda: False, self._clock))
                if self._make_receiver is not None:
                    group.create_task(keep_going(self._keep_open, lambda: False, self._clock))
        finally:
            unsubscribe()
            look_ups = tuple(self._look_ups)
            for look_up in look_ups:
                look_up.cancel()
            await asyncio.gather(*look_ups, return_exceptions=True)

    async def aclose(self) -> None:
        """Listen no more."""
        receiver, self._receiver = self._receiver, None
        health = self._book.health
        health.callbacks_at, health.callbacks_trouble = None, ""
        if receiver is not None:
            await receiver.aclose()

    def _callback_url(self, attempt_id: str) -> str | None:
        # An address at which nobody listens is not given away.
        if self._receiver is None or not self._receiver.is_listening:
            return None
        return self._receiver.callback_url(attempt_id)

    async def _secret(self) -> bytes:
        # Kept beside the history, so that an address holds after a restart and a takeover.
        known = await self._store.get_meta(_KEPT_AS)
        if known is None:
            known = secrets.token_hex(32)
            await self._store.set_meta(_KEPT_AS, known)
        return bytes.fromhex(known)

    async def _keep_open(self) -> None:
        await self._clock.sleep(REOPEN_S)
        if self._receiver is not None and not self._receiver.is_listening:
            await self.aclose()
        if self._receiver is None:
            await self.open()

    def _on_change(self, job_ids: frozenset[str]) -> None:
        for job_id in job_ids:
            job = self._book.get(job_id)
            if job is None or job.attempt_id is None:
                continue
            if not self._concerns(job):
                self._attempts.pop(job.attempt_id, None)
                continue
            attempt = self._attempts.setdefault(job.attempt_id, _Attempt(job_id))
            if attempt.early and job.status is not JobStatus.SENDING:
                early, attempt.early = attempt.early, []
                for hint in early:
                    self._obey(hint)

    def _concerns(self, job: Job) -> bool:
        if job.deleted_at is not None or job.profile != self._context.policy.profile:
            return False
        return job.is_polled or can_take(job, Accepted)

    async def _next_hint(self) -> None:
        self._obey(await self._hints.get())

    def _obey(self, hint: CallbackHint) -> None:
        attempt = self._attempts.get(hint.attempt_id)
        job = self._book.get(attempt.job_id) if attempt is not None else None
        if attempt is None or job is None or job.attempt_id != hint.attempt_id:
            return
        if job.status is JobStatus.SENDING:
            # The answer to the submission itself says more: it is waited for.
            if hint not in attempt.early and len(attempt.early) < CLAIMS_LOOKED_UP:
                attempt.early.append(hint)
        elif job.is_polled:
            if attempt.checks_hastened < CHECKS_HASTENED and self._status.hint(job.id):
                attempt.checks_hastened += 1
        elif hint.request_id is not None and hint.request_id not in attempt.claims:
            self._look_up(attempt, hint.request_id)

    def _look_up(self, attempt: _Attempt, request_id: str) -> None:
        if len(attempt.claims) >= CLAIMS_LOOKED_UP:
            return
        attempt.claims.add(request_id)
        task = asyncio.create_task(self._confirm(attempt.job_id, request_id), name=f"confirm-{attempt.job_id}")
        self._look_ups.add(task)
        task.add_done_callback(self._look_ups.discard)

    async def _confirm(self, job_id: str, request_id: str) -> None:
        """Ask the gateway for a request id that a callback named, until it is the job's or known to be wrong."""
        denials = tries = 0
        while denials < CLAIM_DENIALS and self._is_open(job_id):
            try:
                is_known = await self._status.knows(job_id, request_id)
                if is_known:
                    await self._accept(job_id, request_id)
                    return
                denials += is_known is False
            except RequestIdTaken:
                LOG.warning("a callback for job %s names the request id of another job", job_id)
                return
            except StoreError as error:
                LOG.warning("job %s cannot take its request id yet: %s", job_id, error)
            except Exception:
                LOG.exception("looking a request id up for job %s met a fault", job_id)
            await self._clock.sleep(stepped(LOOK_UP_RETRY_S, tries))
            tries += 1

    async def _accept(self, job_id: str, request_id: str) -> None:
        event = Accepted(self._clock.now(), SubmitAnswer(request_id))
        if await try_apply(self._store, self._book, job_id, event) is not None:
            self._status.hint(job_id)

    def _is_open(self, job_id: str) -> bool:
        job = self._book.get(job_id)
        return job is not None and job.request_id is None and self._concerns(job)
