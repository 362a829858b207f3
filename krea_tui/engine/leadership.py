"""Who sends and polls: one process leads, elected by an OS lock; the others follow what it commits."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from krea_tui.domain.errors import ImpossibleTransition, StoreError
from krea_tui.domain.events import Doubted, Event, PutOnHold
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.domain.pacing import TokenBucket
from krea_tui.engine.book import JobBook
from krea_tui.engine.budget import Budget
from krea_tui.engine.context import LaneContext
from krea_tui.engine.download import DownloadLane
from krea_tui.engine.health import Pause, PauseReason
from krea_tui.engine.policy import Policy
from krea_tui.engine.ports import Clock, Election, Files, Gateway, Processes, Store
from krea_tui.engine.status import StatusLane
from krea_tui.engine.submission import SubmissionLane

OpenGateway = Callable[[str], Awaitable[Gateway]]

FOLLOW_INTERVAL_S = 0.4
SIGN_OF_LIFE_S = 5.0
TAKEOVER_WINDOW_S = 300.0
LEDGER_DELAY_S = 0.1
HISTORY_PAGE = 200
PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class World:
    """What the composition hands in. `open_gateway` gets the key and may take its time (TLS, a simulator's start)."""

    store: Store
    files: Files
    election: Election
    processes: Processes
    clock: Clock
    open_gateway: OpenGateway


@dataclass(slots=True)
class Lanes:
    """The three lanes of a leading process, and what they share."""

    context: LaneContext
    submission: SubmissionLane
    status: StatusLane
    download: DownloadLane


class Leadership:
    """Leads or follows until stopped; keeps the book in step with the history either way."""

    def __init__(self, world: World, policy: Policy, book: JobBook) -> None:
        self.book = book
        self.policy = policy
        self.lanes: Lanes | None = None
        self.is_ready = asyncio.Event()
        self._world = world
        self._store = world.store
        self._clock = world.clock
        self._stop = asyncio.Event()
        self._followed = 0
        self._data_version = -1
        self._last_touch = 0.0
        self._ledger_task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Lead or follow until `stop()`; raises `StoreError` where the history cannot be used."""
        processes = self._world.processes
        await asyncio.to_thread(processes.start)
        unsubscribe = self.book.subscribe(self._on_change)
        try:
            await self._load()
            while not self._stop.is_set():
                if await asyncio.to_thread(self._world.election.try_acquire):
                    await self._lead()
                else:
                    self.is_ready.set()
                    await self._follow_once()
        finally:
            unsubscribe()
            if self._ledger_task is not None:
                self._ledger_task.cancel()
            await asyncio.to_thread(self._world.election.release)
            await asyncio.to_thread(processes.stop)

    async def stop(self) -> list[Job]:
        """Send nothing more, let the request in flight end, and leave; returns the jobs that became left-overs."""
        if self.lanes is not None:
            await self.lanes.submission.finish()
        left = await self._leave_over()
        self._stop.set()
        return left

    async def _load(self) -> None:
        self._followed = await self._store.revision()
        self.book.put(await self._store.open_jobs())
        self.book.put(await self._store.latest(HISTORY_PAGE))
        await self._read_pause()
        await self.refresh_ledger()

    async def _lead(self) -> None:
        self.book.health.is_engine = True
        await self._follow_changes()
        await self._doubt_interrupted()
        await self._adopt_handed_over()
        gateway = await self._world.open_gateway(self.policy.key)
        lanes = self._make_lanes(gateway)
        self.lanes = lanes
        await asyncio.to_thread(self._world.files.sweep)
        tasks = [
            asyncio.create_task(lanes.submission.run(), name="submission-lane"),
            asyncio.create_task(lanes.status.run(), name="status-lane"),
            asyncio.create_task(lanes.download.run(), name="download-lane"),
            asyncio.create_task(self._watch(), name="engine-watch"),
        ]
        stop = asyncio.create_task(self._stop.wait(), name="engine-stop")
        self.is_ready.set()
        self.book.touch()
        try:
            done, _ = await asyncio.wait({*tasks, stop}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stop}:
                task.result()
        finally:
            await lanes.submission.finish()
            for task in (*tasks, stop):
                task.cancel()
            await asyncio.gather(*tasks, stop, return_exceptions=True)
            self.lanes = None
            self.book.health.is_engine = False
            await gateway.aclose()

    def _make_lanes(self, gateway: Gateway) -> Lanes:
        policy = self.policy
        bucket = TokenBucket(policy.requests_per_s, policy.burst, self._clock.monotonic())
        self.book.health.rate_per_s = policy.requests_per_s
        context = LaneContext(
            book=self.book,
            store=self._store,
            gateway=gateway,
            files=self._world.files,
            budget=Budget(bucket, self._clock),
            clock=self._clock,
            policy=policy,
            process_id=self._world.processes.process_id,
            day_start=self.day_start,
            chance=random.Random(),  # noqa: S311 -- jitter, not a secret
        )
        return Lanes(context, SubmissionLane(context), StatusLane(context), DownloadLane(context))

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(FOLLOW_INTERVAL_S)
            if await self._follow_changes():
                await self._adopt_handed_over()

    async def _follow_once(self) -> None:
        await self._follow_changes()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), FOLLOW_INTERVAL_S)

    async def _follow_changes(self) -> bool:
        """Take in what other processes committed; true if there was anything."""
        await self._sign_of_life()
        version = await self._store.data_version()
        if version == self._data_version:
            return False
        self._data_version = version
        changes = await self._store.changes_since(self._followed)
        self._followed = max((job.revision for job in changes), default=self._followed)
        self.book.put(changes)
        await self._read_pause()
        return True

    async def _sign_of_life(self) -> None:
        now = self._clock.monotonic()
        if now - self._last_touch >= SIGN_OF_LIFE_S:
            self._last_touch = now
            await asyncio.to_thread(self._world.processes.touch)

    async def _read_pause(self) -> None:
        health = self.book.health
        words = await self._store.get_meta(PAUSED)
        if words and (health.pause is None or health.pause.reason is PauseReason.PERSON):
            health.pause = Pause(PauseReason.PERSON, words, "Resume when you are ready.")
        elif not words and health.pause is not None and health.pause.reason is PauseReason.PERSON:
            self.unpause()

    async def _doubt_interrupted(self) -> None:
        """A SENDING row whose process is gone may have been sent."""
        for job in [job for job in self.book if job.status is JobStatus.SENDING]:
            words = "the program ended while the request was on its way"
            await self.try_apply(job.id, Doubted(self._clock.now(), words))

    async def _adopt_handed_over(self) -> None:
        """Held jobs of other processes: of living ones they are handed to us, of dead ones they are left-overs."""
        process_id = self._world.processes.process_id
        mine: list[str] = []
        for job in [job for job in self.book if job.is_sendable and job.accepted_by != process_id]:
            died_at = await asyncio.to_thread(self._world.processes.died_at, job.accepted_by)
            is_recent = died_at is not None and self._clock.now() - died_at <= TAKEOVER_WINDOW_S
            if died_at is None or (is_recent and self.policy.adopts_orphans):
                mine.append(job.id)
            elif not is_recent:
                await self.try_apply(job.id, PutOnHold(HoldReason.LEFT_OVER))
        if mine:
            self.book.put(await self._store.mark(mine, {"accepted_by": process_id}))

    async def _leave_over(self) -> list[Job]:
        process_id = self._world.processes.process_id
        mine = [job for job in self.book if job.is_sendable and job.accepted_by == process_id]
        if not mine or await asyncio.to_thread(self._world.processes.others_alive):
            # Whoever is alive takes over within seconds, and may send what this process had accepted.
            return []
        left = [await self.try_apply(job.id, PutOnHold(HoldReason.LEFT_OVER)) for job in mine]
        return [job for job in left if job is not None]

    async def refresh_ledger(self) -> None:
        """Read today's ledger again."""
        self.book.ledger = await self._store.ledger(self.day_start(), self.policy.profile)
        self.book.touch()

    def day_start(self) -> float:
        """The local midnight before now, epoch seconds."""
        today = datetime.fromtimestamp(self._clock.now()).astimezone()
        return today.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()

    def unpause(self) -> None:
        """Let every lane go again."""
        self.book.health.pause = None
        if self.lanes is not None:
            self.lanes.submission.resume()
            self.lanes.status.resume()
            self.lanes.download.resume()
        self.book.touch()

    async def try_apply(self, job_id: str, event: Event) -> Job | None:
        """Advance a job where its state allows it, else take in what it is by now; None then."""
        try:
            job = await self._store.apply(job_id, event)
        except ImpossibleTransition:
            self.book.put([await self._store.get(job_id)])
            return None
        self.book.put([job])
        return job

    def _on_change(self, job_ids: frozenset[str]) -> None:
        if job_ids and (self._ledger_task is None or self._ledger_task.done()):
            self._ledger_task = asyncio.create_task(self._ledger_soon(), name="ledger")

    async def _ledger_soon(self) -> None:
        await self._clock.sleep(LEDGER_DELAY_S)
        with suppress(StoreError):
            await self.refresh_ledger()
