"""An engine that runs under a command: it starts, is waited for, and leaves nothing half done."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.output import tell
from krea_tui.config.plan import Plan
from krea_tui.domain.errors import ImpossibleTransition, StoreError
from krea_tui.domain.events import PutOnHold
from krea_tui.domain.job import HoldReason, Job
from krea_tui.engine.book import JobBook
from krea_tui.engine.engine import Engine
from krea_tui.engine.health import PauseReason
from krea_tui.engine.outcomes import Unwritten, words_of
from krea_tui.studio import Studio, open_studio

# What no change of the book announces (time itself) is looked at this often.
TICK_S: Final = 0.5
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """The person, or the system, asked the command to end."""


class Session:
    """A studio and its running engine."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._studio: Studio | None = None
        self._run: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._interrupted = False
        self._told_unwritten: Unwritten | None = None
        self._told_pause = ""

    @property
    def studio(self) -> Studio:
        """The studio; only while the session is open."""
        if self._studio is None:
            raise StoreError("the session is not open")
        return self._studio

    @property
    def engine(self) -> Engine:
        """The engine of this process, which leads or follows."""
        return self.studio.engine

    @property
    def book(self) -> JobBook:
        """Every job that is known."""
        return self.engine.book

    @property
    def leads(self) -> bool:
        """Whether this process sends and polls."""
        return self.book.health.is_engine

    def interrupt(self) -> None:
        """A signal came; a second one ends the process where it stands."""
        if self._interrupted:
            self._tell_unwritten()
            os._exit(ExitCode.INTERRUPTED)
        self._interrupted = True
        self._wake.set()

    async def open(self) -> None:
        """Build the studio and run its engine until it is known who leads."""
        self._studio = await open_studio(self.plan, say=tell)
        for words in self._studio.rescue:
            tell(words)
        self.book.subscribe(lambda _: self._wake.set())
        self._run = asyncio.create_task(self.engine.run(), name="engine")
        self._run.add_done_callback(lambda _: self._wake.set())
        if self._studio.key_notice:
            tell(self._studio.key_notice)
        await self.until(self._is_ready)

    def _is_ready(self) -> bool:
        pause = self.book.health.pause
        is_ready = self.engine.is_ready.is_set()
        if not is_ready and pause is not None and pause.reason is PauseReason.DISK and pause.words != self._told_pause:
            self._told_pause = pause.words
            tell(f"Waiting: {pause.words}. {pause.advice}")
        return is_ready

    async def until(self, condition: Callable[[], bool], within_s: float | None = None) -> bool:
        """Wait for a condition over the book, no longer than `within_s`; false where the time ran out.

        Raises:
            Interrupted: a signal came.
            StoreError: the engine ended, since the history cannot be used.
        """
        deadline = None if within_s is None else time.monotonic() + within_s
        while True:
            self._wake.clear()
            if self._run is not None and self._run.done():
                self._run.result()
                raise StoreError("the engine ended")
            if self._interrupted:
                raise Interrupted
            if condition():
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK_S)

    async def put_on_hold(self, job_ids: Iterable[str], reason: HoldReason, words: str | None = None) -> list[Job]:
        """Keep what was not sent of these from being sent by itself; the rest is left alone and not returned."""
        held: list[Job] = []
        for job_id in job_ids:
            job = await self.studio.store.get(job_id)
            if job.is_sendable:
                with suppress(ImpossibleTransition):
                    held.append(await self.studio.store.apply(job_id, PutOnHold(reason, words)))
        self.book.put(held)
        return held

    async def drain(self) -> None:
        """Send what other commands have handed to this engine, as far as the lanes go, before it leaves."""

        def is_empty() -> bool:
            health = self.book.health
            if not health.is_engine or health.pause is not None or health.send_backoff_until is not None:
                return True
            process_id = self.engine.process_id
            return not any(job.is_sendable and job.accepted_by == process_id for job in self.book.held())

        if not is_empty():
            tell("Sending what was handed over by other commands; interrupt to leave it.")
        await self.until(is_empty)

    async def stop(self) -> list[Job]:
        """Send nothing more and let the request in flight end; returns what this process leaves unsent."""
        if self._studio is None or self._run is None or self._run.done():
            return []
        if self.engine.is_sending:
            self._tell_unwritten()
            tell("Waiting for the request in flight; interrupt again to end at once.")
        left = await self.engine.stop()
        self._tell_unwritten()
        with suppress(StoreError):
            await self._run
        return left

    def _tell_unwritten(self) -> None:
        unwritten = None if self._studio is None else self.engine.unwritten
        if unwritten is not None and unwritten != self._told_unwritten:
            tell(words_of(unwritten))
        self._told_unwritten = unwritten

    async def close(self) -> None:
        """Stop, and close the history."""
        if self._studio is not None:
            try:
                await self.stop()
            finally:
                await self._studio.aclose()


@contextmanager
def _signals_to(session: Session) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    # Under nohup the end of the terminal is to be ignored.
    wanted = [number for number in _SIGNALS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
    for number in wanted:
        loop.add_signal_handler(number, session.interrupt)
    try:
        yield
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)


def run_session(plan: Plan, action: Callable[[Session], Awaitable[ExitCode]]) -> ExitCode:
    """Run an action beside an engine and return its exit code."""

    async def run() -> ExitCode:
        session = Session(plan)
        if plan.is_demo:
            tell("Demo: a simulated gateway on this machine; nothing is spent.")
        with _signals_to(session):
            try:
                await session.open()
                return await action(session)
            except Interrupted:
                return ExitCode.INTERRUPTED
            finally:
                await session.close()

    return asyncio.run(run())
