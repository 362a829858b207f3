"""Follows the jobs of one command until each is done or can go no further, and says so as it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from krea_tui.cli.exit_codes import ExitCode, code_of_job, worst
from krea_tui.cli.reachability import Reachability
from krea_tui.cli.session import Interrupted, Session
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.engine.health import Pause, PauseReason

# What a standing lane means for the jobs behind it. A pause for money is judged by the job that got the 402,
# since the next approved job goes out as the probe.
_HOLD_FOR: Final = {
    PauseReason.KEY: HoldReason.KEY,
    PauseReason.CAP: HoldReason.CAP,
    PauseReason.ADDRESS: HoldReason.PAUSED,
    PauseReason.FORBIDDEN: HoldReason.PAUSED,
    PauseReason.MODEL: HoldReason.PAUSED,
    PauseReason.DOUBT: HoldReason.PAUSED,
    PauseReason.DISK: HoldReason.PAUSED,
}
_STANDING: Final = frozenset({HoldReason.MONEY, HoldReason.CAP, HoldReason.KEY, HoldReason.PAUSED})
_ENDED: Final = frozenset(
    {
        JobStatus.REJECTED,
        JobStatus.FAILED,
        JobStatus.ERROR,
        JobStatus.CANCELLED,
        JobStatus.NOT_FOUND,
        JobStatus.UNCONFIRMED,
    }
)

# A running engine looks for handed-over jobs several times a second.
HANDOVER_LIMIT_S: Final = 10.0
HANDOVER_GRACE_S: Final = 1.0

Report = Callable[[Job], None]


def can_go_no_further(job: Job) -> bool:
    """Done, or at a point from which only a person can move it."""
    if job.status is JobStatus.HELD:
        return not job.is_sendable
    return job.status in _ENDED or job.is_done or (job.status is JobStatus.COMPLETED and job.gave_up_at is not None)


class Following:
    """The jobs of one command, on their way.

    `waits`: to the end of each; else only until each has left this process's hands. `patience_s` is how long the
    gateway may be unreachable. `report` is called once for each job, when it ends or when the command gives up on it.
    """

    def __init__(
        self, session: Session, job_ids: Iterable[str], report: Report, *, waits: bool, patience_s: float
    ) -> None:
        self.is_unreachable = False
        self.is_stranded = False
        self.handed_over: list[Job] = []
        self._session = session
        self._pending = list(job_ids)
        self._report = report
        self._waits = waits
        self._reachability = Reachability(patience_s)
        self._codes: list[ExitCode] = []
        self._reason: HoldReason | None = None
        self._taken_at: dict[str, float] = {}
        self._untaken_since: float | None = None

    async def run(self) -> ExitCode:
        """Follow to the end. Raises `Interrupted`, after what was not sent has become left-over."""
        try:
            await self._session.until(self._has_ended)
        except Interrupted:
            leaving = asyncio.create_task(self._session.stop())
            # One turn of the loop stops the lane. The newest are held first: who takes over sends the oldest.
            await asyncio.sleep(0)
            words = "interrupted before it was sent"
            await self._session.put_on_hold(tuple(reversed(self._pending)), HoldReason.LEFT_OVER, words)
            await leaving
            await self._give_up(HoldReason.LEFT_OVER, words)
            raise
        if self.is_unreachable:
            await self._give_up(HoldReason.LEFT_OVER, None)
            self._codes.append(ExitCode.UNREACHABLE)
        elif self.is_stranded:
            await self._give_up(HoldReason.LEFT_OVER, "no running krea-tui took it over")
        elif self._pending:
            await self._stand_still()
        return worst(self._codes)

    async def _stand_still(self) -> None:
        pause = self._session.book.health.pause
        is_fault = pause is not None and pause.reason is not PauseReason.PERSON
        await self._give_up(self._reason or HoldReason.LEFT_OVER, pause.words if pause and is_fault else None)
        if self._reason is HoldReason.KEY:
            # What is at the gateway already cannot be asked for either.
            self._codes.append(ExitCode.KEY)
        elif pause is not None and is_fault and pause.reason is not PauseReason.ADDRESS:
            self._codes.append(ExitCode.JOB_FAILED)

    def _has_ended(self) -> bool:
        for job in self._jobs():
            if self._is_over(job):
                self._close(job)
        jobs = self._jobs()
        if not jobs:
            return True
        # What another process has taken over it goes on trying; only who waits cares.
        if self._waits or self._session.leads:
            self.is_unreachable = self._reachability.is_lost(jobs, self._session.book.health)
        self.is_stranded = self._nobody_takes(jobs)
        if self.is_unreachable or self.is_stranded:
            return True
        self._reason = self._standstill()
        if self._reason is HoldReason.KEY:
            # Without a key nothing is polled either.
            return not any(job.status is JobStatus.SENDING or job.is_saving for job in jobs)
        return self._reason is not None and all(job.status is JobStatus.HELD for job in jobs)

    def _is_over(self, job: Job) -> bool:
        if can_go_no_further(job):
            return True
        if self._waits:
            return False
        if job.status is not JobStatus.HELD:
            return job.status is not JobStatus.SENDING
        if self._session.leads or job.accepted_by == self._session.engine.process_id:
            self._taken_at.pop(job.id, None)
            return False
        # The process that took it may be leaving at this very moment: then this one takes it back.
        taken_at = self._taken_at.setdefault(job.id, time.monotonic())
        if time.monotonic() - taken_at < HANDOVER_GRACE_S:
            return False
        self.handed_over.append(job)
        return True

    def _nobody_takes(self, jobs: Iterable[Job]) -> bool:
        process_id = self._session.engine.process_id
        if self._session.leads or not any(job.is_sendable and job.accepted_by == process_id for job in jobs):
            self._untaken_since = None
            return False
        self._untaken_since = self._untaken_since or time.monotonic()
        return time.monotonic() - self._untaken_since >= HANDOVER_LIMIT_S

    def _close(self, job: Job) -> None:
        self._pending.remove(job.id)
        self._codes.append(code_of_job(job))
        if job.status is JobStatus.HELD and job.hold_reason in _STANDING:
            self._reason = job.hold_reason
        self._report(job)

    def _standstill(self) -> HoldReason | None:
        if self._reason is not None:
            return self._reason
        pause = self._session.book.health.pause
        if pause is None:
            return None
        if pause.reason is PauseReason.PERSON:
            # Who waits may be let go from elsewhere; what was handed over is the other process's to hold.
            return HoldReason.PAUSED if self._session.leads and not self._waits else None
        return _HOLD_FOR.get(pause.reason)

    async def _give_up(self, reason: HoldReason, words: str | None) -> None:
        await self._session.put_on_hold(tuple(self._pending), reason, words)
        for job_id in tuple(self._pending):
            self._close(await self._session.studio.store.get(job_id))

    def _jobs(self) -> list[Job]:
        found = (self._session.book.get(job_id) for job_id in self._pending)
        return [job for job in found if job is not None]


def pause_words(pause: Pause | None) -> str:
    """Why nothing is sent, with what can be done about it; empty where the lanes go."""
    if pause is None:
        return ""
    return f"{pause.words.rstrip('.')}. {pause.advice}".rstrip()
