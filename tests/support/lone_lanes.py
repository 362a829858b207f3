"""The status and the submission lane over one budget, in memory and in virtual time, with a log of every request."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

from krea_tui.domain.answers import StatusAnswer, SubmitAnswer
from krea_tui.domain.job import Job
from krea_tui.domain.pacing import TokenBucket
from krea_tui.engine.book import JobBook
from krea_tui.engine.budget import Budget
from krea_tui.engine.context import LaneContext
from krea_tui.engine.policy import Policy
from krea_tui.engine.ports import Clock, Files
from krea_tui.engine.status import StatusLane
from krea_tui.engine.submission import SubmissionLane
from krea_tui.engine.timekeeper import Timekeeper
from tests.support.memory_store import MemoryStore

PROCESS = "1-aaaa"
POST = "POST"
Answer = Callable[[str], StatusAnswer]


class LoggingGateway:
    """Answers after `takes_s`; `answer` says what, by request id, and may raise."""

    def __init__(self, clock: Clock, answer: Answer, takes_s: float = 0.05) -> None:
        self._clock = clock
        self._answer = answer
        self._takes_s = takes_s
        self.log: list[tuple[float, str]] = []
        self.on_submit: Callable[[str, Mapping[str, object]], None] = lambda request_id, body: None

    async def submit(self, body: Mapping[str, object], *, callback_url: str | None = None) -> SubmitAnswer:
        del callback_url
        request_id = f"sent-{len(self.log)}"
        self.log.append((self._clock.monotonic(), POST))
        await self._clock.sleep(self._takes_s)
        self.on_submit(request_id, body)
        return SubmitAnswer(request_id)

    async def status(self, request_id: str) -> StatusAnswer:
        self.log.append((self._clock.monotonic(), request_id))
        await self._clock.sleep(self._takes_s)
        return self._answer(request_id)

    def download(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise AssertionError(f"{url}: these lanes download nothing")

    def use_key(self, key: str) -> None:
        del key

    async def aclose(self) -> None:
        return None


class LoneLanes:
    """Both lanes that share the budget."""

    def __init__(self, clock: Clock, gateway: LoggingGateway, policy: Policy, store: MemoryStore | None = None) -> None:
        self.clock = clock
        self.gateway = gateway
        self.book = JobBook()
        self.store = store or MemoryStore()
        self.budget = Budget(TokenBucket(policy.requests_per_s, policy.burst, clock.monotonic()), clock)
        context = LaneContext(
            book=self.book,
            store=self.store,
            gateway=gateway,
            files=cast(Files, None),
            budget=self.budget,
            clock=clock,
            timekeeper=Timekeeper(clock),
            policy=policy,
            process_id=PROCESS,
            day_start=lambda: 0.0,
            chance=random.Random(7),
        )
        self.status = StatusLane(context)
        self.submission = SubmissionLane(context)

    async def put(self, jobs: Sequence[Job]) -> list[Job]:
        stored = await self.store.insert(jobs)
        self.book.put(stored)
        return stored

    async def recheck(self, *job_ids: str) -> None:
        """The mark that `Engine.recheck` sets."""
        self.book.put(await self.store.mark(job_ids, {"recheck_at": self.clock.now()}))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.status.run()), asyncio.create_task(self.submission.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.budget.aclose()
