"""The person's orders about many jobs at once: keep them back, let them go, let some go before the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from krea_tui.domain.events import Event, HeldBack, Released, Withdrawn
from krea_tui.domain.job import Job, Marks
from krea_tui.engine.book import JobBook
from krea_tui.engine.ports import Clock, Store
from krea_tui.engine.slices import apply_to_many, mark_many


class Orders:
    """Carries them out in the history; the lanes follow the book. Every method raises `StoreError`."""

    def __init__(self, store: Store, book: JobBook, clock: Clock, process_id: str) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._process_id = process_id

    async def withdraw(self, job_ids: Iterable[str]) -> list[Job]:
        """Cancel held jobs, for nothing; those already sent are left alone and not returned."""
        return await self.apply(job_ids, Withdrawn(self._clock.now()))

    async def hold_back(self, job_ids: Iterable[str]) -> list[Job]:
        """Keep these from being sent until they are released, whatever else goes on; returns those that were kept."""
        return await self.apply(job_ids, HeldBack(self._clock.now()))

    async def release(self, job_ids: Iterable[str]) -> list[Job]:
        """Let held jobs go, sent by this process or by the one that it follows; returns them, oldest first."""
        return sorted(await self.apply(job_ids, Released(self._process_id)), key=lambda job: job.turn)

    async def reprioritise(self, job_ids: Iterable[str], *, is_first: bool) -> list[Job]:
        """Send these held jobs before all others, or behind them; among themselves they keep their order.

        Returns the jobs whose turn has changed.
        """
        wanted = set(job_ids)
        held = sorted(self._book.held(), key=lambda job: job.turn)
        others = [job.priority for job in held if job.id not in wanted]
        chosen = [job for job in held if job.id in wanted]
        if not chosen or not others:
            return []
        moved: list[Job] = []
        # What stands right already stays as it is, so that a key held down moves nothing on and on.
        if is_first and min(job.priority for job in chosen) <= max(others):
            base = max(others) + 1 - min(job.priority for job in chosen)
            moved = await self._shift(chosen, base)
        elif not is_first and max(job.priority for job in chosen) >= min(others):
            base = min(others) - 1 - max(job.priority for job in chosen)
            moved = await self._shift(chosen, base)
        return moved

    async def mark(self, job_ids: Iterable[str], marks: Marks) -> list[Job]:
        """Set fields that are no part of the life cycle: stars, tags, the trash."""
        return await mark_many(self._store, self._book, job_ids, marks)

    async def apply(self, job_ids: Iterable[str], event: Event) -> list[Job]:
        """Advance the jobs whose state allows it, and return those."""
        return await apply_to_many(self._store, self._book, job_ids, event)

    async def _shift(self, jobs: Sequence[Job], by: int) -> list[Job]:
        moved: list[Job] = []
        for priority in sorted({job.priority for job in jobs}):
            ids = [job.id for job in jobs if job.priority == priority]
            moved += await self.mark(ids, {"priority": priority + by})
        return moved
