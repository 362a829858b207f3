"""The engine of one process: it takes the person's orders and has them carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from krea_tui.domain.events import Adopted, DeclaredNotCharged, PictureWanted
from krea_tui.domain.job import Job, Marks, PictureState, new_id
from krea_tui.domain.pricing import price_of
from krea_tui.domain.request import GenerationRequest
from krea_tui.engine.book import JobBook
from krea_tui.engine.leadership import Leadership
from krea_tui.engine.orders import Orders
from krea_tui.engine.outcomes import Unwritten
from krea_tui.engine.policy import Policy
from krea_tui.engine.world import World, try_apply


class Engine:
    """Moves jobs from held to done. Run it on one loop: `run()` in a task, then give orders; `stop()` ends it."""

    def __init__(self, world: World, policy: Policy, book: JobBook | None = None) -> None:
        self.book = JobBook() if book is None else book
        self._world = world
        self._store = world.store
        self._clock = world.clock
        self._leadership = Leadership(world, policy, self.book)
        self._orders = Orders(world.store, self.book, world.clock, world.processes.process_id)

    @property
    def is_ready(self) -> asyncio.Event:
        """Set once the history is in the book and it is known who leads."""
        return self._leadership.is_ready

    @property
    def policy(self) -> Policy:
        """What the settings say, with the key in use."""
        return self._leadership.policy

    @property
    def process_id(self) -> str:
        """This process in the register of living ones."""
        return self._world.processes.process_id

    @property
    def is_sending(self) -> bool:
        """Whether a request is in flight, which `stop()` waits for."""
        lanes = self._leadership.lanes
        return lanes is not None and lanes.submission.is_sending

    @property
    def unwritten(self) -> Unwritten | None:
        """What the gateway answered and the history could not take; `stop()` waits for it unless it is kept."""
        return self._leadership.unwritten

    async def run(self) -> None:
        """Lead or follow until `stop()`; raises `StoreError` where the history cannot be used."""
        await self._leadership.run()

    async def stop(self) -> list[Job]:
        """Send nothing more, let the request in flight end, and leave; returns the jobs that became left-overs."""
        return await self._leadership.stop()

    async def refresh_ledger(self) -> None:
        """Read today's ledger again."""
        await self._leadership.refresh_ledger()

    def day_start(self) -> float:
        """The local midnight before now, epoch seconds."""
        return self._leadership.day_start()

    async def submit(
        self, requests: Sequence[GenerationRequest], *, retry_of: str | None = None, batch_id: str | None = None
    ) -> list[Job]:
        """Accept requests: they are on disk as held when this returns, and go out when their turn comes."""
        now = self._clock.now()
        if batch_id is None and len(requests) > 1:
            batch_id = new_id()
        return await self._accept(
            [self._held(request, now, retry_of=retry_of, batch_id=batch_id) for request in requests]
        )

    async def submit_again(self, successors: Sequence[tuple[GenerationRequest, str]]) -> list[Job]:
        """Accept requests that each repeat a job, named by its id; all or none, as one batch."""
        now = self._clock.now()
        batch_id = new_id() if len(successors) > 1 else None
        return await self._accept(
            [self._held(request, now, retry_of=job_id, batch_id=batch_id) for request, job_id in successors]
        )

    async def adopt(self, job_id: str, request_id: str) -> Job:
        """Take the request id that the person found for an unconfirmed job; the next check shows whether it is right.

        Raises:
            ImpossibleTransition: the job is not unconfirmed, or this is no request id.
            RequestIdTaken: another job owns it.
        """
        job = await self._store.apply(job_id, Adopted(self._clock.now(), request_id))
        self.book.put([job])
        await self.recheck([job_id])
        return self.book.get(job_id) or job

    async def declare_not_charged(self, job_ids: Iterable[str]) -> list[Job]:
        """End unconfirmed jobs that the person knows were never charged; others are left alone and not returned."""
        return await self._orders.apply(job_ids, DeclaredNotCharged(self._clock.now()))

    async def send_again(self, job_ids: Iterable[str]) -> list[Job]:
        """Send the requests of unconfirmed jobs once more, which may be paid for twice; returns the new jobs.

        Raises `ImpossibleTransition` at the first job about which nothing is to be decided; those before it are sent.
        """
        sent: list[Job] = []
        for job_id in job_ids:
            job = await self._store.get(job_id)
            now = self._clock.now()
            successor = self._held(job.request, now, retry_of=job.id, batch_id=job.batch_id)
            settled, stored = await self._store.send_again(job_id, now, successor)
            self._approved([stored])
            self.book.put([settled, stored])
            sent.append(stored)
        return sent

    async def withdraw(self, job_ids: Iterable[str]) -> list[Job]:
        """Cancel held jobs, for nothing; those already sent are left alone and not returned."""
        return await self._orders.withdraw(job_ids)

    async def hold_back(self, job_ids: Iterable[str]) -> list[Job]:
        """Keep held jobs from being sent until they are released; those already sent are left alone."""
        return await self._orders.hold_back(job_ids)

    async def reprioritise(self, job_ids: Iterable[str], *, is_first: bool) -> list[Job]:
        """Send these held jobs before all others, or behind them; returns those whose turn has changed."""
        return await self._orders.reprioritise(job_ids, is_first=is_first)

    async def release(self, job_ids: Iterable[str]) -> list[Job]:
        """Let held jobs go, left-overs too: the person has said so."""
        released = await self._orders.release(job_ids)
        self._approved(released)
        return released

    async def recheck(self, job_ids: Iterable[str]) -> list[Job]:
        """Ask the gateway about these jobs as soon as the budget allows, and fetch lost pictures once more."""
        wanted: list[str] = []
        for job_id in job_ids:
            job = self.book.get(job_id) or await self._store.get(job_id)
            for index, picture in enumerate(job.pictures):
                if picture.state is PictureState.LOST:
                    await try_apply(self._store, self.book, job_id, PictureWanted(index))
            if job.is_polled:
                wanted.append(job_id)
        marks: Marks = {"recheck_at": self._clock.now()}
        return await self._orders.mark(wanted, marks)

    async def mark(self, job_ids: Iterable[str], marks: Marks) -> list[Job]:
        """Star, tag or mute jobs."""
        return await self._orders.mark(job_ids, marks)

    async def set_deleted(self, job_ids: Iterable[str], *, is_deleted: bool) -> list[Job]:
        """Take jobs out of the lists, or bring them back; pictures stay on disk."""
        return await self.mark(job_ids, {"deleted_at": self._clock.now() if is_deleted else None})

    async def pause(self) -> None:
        """Send nothing more until `resume()`, here and in every process of this history."""
        await self._leadership.signals.pause()
        health = self.book.health
        health.is_paused_by_person = True
        if health.pause is None:
            health.lift_pause()
        self.book.touch()

    async def resume(self) -> list[Job]:
        """Let the lanes go again, with what was held for money, a cap, the key or a pause; left-overs stay."""
        return await self._leadership.resume()

    async def use_key(self, key: str, fingerprint: str) -> None:
        """The person gave another key, which lies in its file by now: what waited for one goes on."""
        await self._leadership.use_key(key, fingerprint)
        await self._leadership.signals.key_changed(fingerprint)

    def prefer(self, job_id: str | None) -> None:
        """The job the person looks at is checked first."""
        lanes = self._leadership.lanes
        if lanes is not None:
            lanes.status.prefer(job_id)

    def _held(self, request: GenerationRequest, now: float, *, retry_of: str | None, batch_id: str | None) -> Job:
        price = price_of(request)
        return Job(
            id=new_id(),
            request=request,
            price_microusd=price.microusd,
            price_is_estimate=price.is_estimate,
            created_at=now,
            profile=self.policy.profile,
            accepted_by=self.process_id,
            retry_of=retry_of,
            batch_id=batch_id,
        )

    async def _accept(self, jobs: Sequence[Job]) -> list[Job]:
        stored = await self._store.insert(jobs)
        self._approved(stored)
        self.book.put(stored)
        return stored

    def _approved(self, jobs: Sequence[Job]) -> None:
        self._leadership.heirs.accept(job.id for job in jobs)
        lanes = self._leadership.lanes
        if lanes is not None and jobs:
            lanes.submission.probe_with(jobs[0].id)
