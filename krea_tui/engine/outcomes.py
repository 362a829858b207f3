"""Writes down what became of each attempt, however long the disk needs, and never loses it meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from krea_tui.domain.errors import ImpossibleTransition, RequestIdTaken, StoreError, UnknownJob
from krea_tui.domain.events import Doubted
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.outcome import Outcome, OutcomeEvent
from krea_tui.engine.book import JobBook
from krea_tui.engine.clock import wait_for
from krea_tui.engine.context import LaneContext
from krea_tui.engine.faults import LOG
from krea_tui.engine.health import Pause, PauseReason
from krea_tui.engine.ports import Outbox, Store

_RETRY_S: Final = 2.0
_UNDECIDED: Final = frozenset({JobStatus.SENDING, JobStatus.UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class Unwritten:
    """An outcome that the history has refused until now; `is_kept` where it is safe in the outbox."""

    outcome: Outcome
    is_kept: bool


def words_of(unwritten: Unwritten) -> str:
    """What a person must know who leaves now."""
    outcome = unwritten.outcome
    named = f"job {outcome.job_id}" + (f" (request id {outcome.request_id})" if outcome.request_id else "")
    if unwritten.is_kept:
        return f"The history cannot be written: the answer for {named} is kept beside it for the next start."
    words = f"The history cannot be written: the answer for {named} is not safe yet."
    if outcome.request_id is None:
        return words
    return f"{words} Note it: `krea-tui resolve {outcome.job_id} --adopt {outcome.request_id}` brings it back."


class Outcomes:
    """The one writer of outcomes; it stands while the disk does, and is told when the process wants to leave."""

    def __init__(self, context: LaneContext) -> None:
        self._book = context.book
        self._store = context.store
        self._outbox = context.outbox
        self._clock = context.clock
        self._leaving = asyncio.Event()
        self.unwritten: Unwritten | None = None

    def leave(self) -> None:
        """The process wants to end: what is safe in the outbox need not be waited for."""
        self._leaving.set()

    async def write(self, job: Job, event: OutcomeEvent) -> OutcomeEvent:
        """Return when the outcome stands in the history, or is in the outbox and the process leaves.

        It is another one than was given where an acceptance proves to be none: then it is in doubt.
        """
        while True:
            outcome = Outcome(job.id, job.attempt_id or "", event)
            try:
                self._book.put([await self._store.apply(job.id, event)])
            except ImpossibleTransition:
                # Another process, or the person, was faster: what stands in the history holds.
                LOG.warning("job %s could not take %s any more", job.id, type(event).__name__)
                with suppress(StoreError):
                    self._book.put([await self._store.get(job.id)])
            except RequestIdTaken as error:
                words = f"the gateway answered with a request id of another job: {error}"
                event = Doubted(self._clock.now(), words)
                continue
            except StoreError as error:
                if await self._stand_still(outcome, error):
                    return event
                continue
            await self._written()
            return event

    async def _stand_still(self, outcome: Outcome, error: StoreError) -> bool:
        """Keep it elsewhere, and wait a little; true where nothing more can or need be waited for."""
        is_kept = self.unwritten is not None and self.unwritten.is_kept
        self.unwritten = Unwritten(outcome, is_kept or await self._keep(outcome))
        self._book.health.stand(Pause(PauseReason.DISK, str(error), error.advice))
        self._book.touch()
        if self.unwritten.is_kept:
            await wait_for(self._leaving, self._clock, _RETRY_S)
            return self._leaving.is_set()
        await self._clock.sleep(_RETRY_S)
        return False

    async def _keep(self, outcome: Outcome) -> bool:
        if self._outbox is None:
            return False
        try:
            await asyncio.to_thread(self._outbox.keep, outcome)
        except StoreError as error:
            LOG.warning("an outcome cannot even be kept beside the history: %s", error)
            return False
        return True

    async def _written(self) -> None:
        was_kept = self.unwritten is not None and self.unwritten.is_kept
        self.unwritten = None
        if self._book.health.mend(PauseReason.DISK):
            self._book.touch()
        if was_kept and self._outbox is not None:
            # What stays behind names an attempt that has an outcome: nobody takes it in twice.
            with suppress(StoreError):
                await asyncio.to_thread(self._outbox.clear)


async def take_in(outbox: Outbox, store: Store, book: JobBook) -> None:
    """Write down what an engine before this one had to keep beside the history; raises `StoreError`."""
    outcome = await asyncio.to_thread(outbox.load)
    if outcome is not None:
        try:
            job = await store.get(outcome.job_id)
            if job.attempt_id == outcome.attempt_id and job.status in _UNDECIDED:
                book.put([await store.apply(job.id, outcome.event)])
        except UnknownJob:
            LOG.warning("an outcome was kept for a job that is not in the history: %s", outcome)
            await asyncio.to_thread(outbox.set_aside)
        except (ImpossibleTransition, RequestIdTaken) as error:
            LOG.warning("an outcome that was kept is not taken in: %s", error)
    with suppress(StoreError):
        await asyncio.to_thread(outbox.clear)
