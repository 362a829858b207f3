"""Who may send a held job: the process that accepted it, or the one it was handed to; the rest are left-overs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from krea_tui.domain.errors import StoreError
from krea_tui.domain.events import Doubted, PutOnHold, Released
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.engine.book import JobBook
from krea_tui.engine.slices import apply_to_many, mark_many, slices_of
from krea_tui.engine.world import World, try_apply

TAKEOVER_WINDOW_S: Final = 300.0
# Times of files and the clock may differ by so much without the clock having been set.
_AGREE_S: Final = 60.0
INTERRUPTED: Final = "the program ended while the request was on its way"
WAITING_FOR_A_KEY: Final = frozenset({HoldReason.KEY})
RESUMABLE: Final = frozenset({HoldReason.MONEY, HoldReason.CAP, HoldReason.KEY, HoldReason.PAUSED})


class Heirs:
    """Settles what processes that are gone, or do not lead, left in the history."""

    def __init__(self, world: World, book: JobBook) -> None:
        self._world = world
        self._store = world.store
        self._book = book
        # Jobs keep being this process's own when the engine it handed them to dies.
        self._accepted: set[str] = set()
        self._met: set[str] = set()

    async def meet(self) -> None:
        """Take note of who is alive beside this process: only what these had may it take over."""
        self._met |= await asyncio.to_thread(self._world.processes.living_others)

    def accept(self, job_ids: Iterable[str]) -> None:
        """The person gave these jobs to this process."""
        self._accepted.update(job_ids)

    def mine(self) -> list[Job]:
        """Held jobs that only this process would send."""
        process_id = self._world.processes.process_id
        return [job for job in self._book.held() if job.is_sendable and job.accepted_by == process_id]

    async def doubt_interrupted(self) -> None:
        """A SENDING row whose process is gone may have been sent."""
        for job in [job for job in self._book if job.status is JobStatus.SENDING]:
            await try_apply(self._store, self._book, job.id, Doubted(self._world.clock.now(), INTERRUPTED))

    async def adopt(self, profile: str, *, takes_orphans: bool) -> list[str]:
        """Held jobs of living processes are handed to us, those of dead ones are left-overs.

        With `takes_orphans` what a process had that lived beside this one, and was well within the last five minutes,
        is taken over too: the person still has a window open. After a death without witnesses the person decides. Jobs
        of another gateway's profile are never ours: we could not send them. Returns the ids of the jobs that are ours
        from now on.
        """
        processes = self._world.processes
        others: dict[str, list[Job]] = {}
        for job in self._book.held():
            if job.is_sendable and job.accepted_by != processes.process_id:
                others.setdefault(job.accepted_by, []).append(job)
        adopted: list[str] = []
        for owner, jobs in others.items():
            died_at = await asyncio.to_thread(processes.died_at, owner)
            # A death in the future was written down by a clock that has been set back: nobody knows when it was.
            is_recent = died_at is not None and -_AGREE_S <= self._world.clock.now() - died_at <= TAKEOVER_WINDOW_S
            inherits = is_recent and takes_orphans and owner in self._met
            # A command leaves to the app what has just died.
            is_over = died_at is not None and (takes_orphans or not is_recent)
            over: list[str] = []
            for job in jobs:
                is_heir = died_at is None or job.id in self._accepted or inherits
                if is_heir and job.profile == profile:
                    adopted.append(job.id)
                elif is_over and not inherits:
                    over.append(job.id)
            await apply_to_many(self._store, self._book, over, PutOnHold(HoldReason.LEFT_OVER))
        await mark_many(self._store, self._book, adopted, {"accepted_by": processes.process_id})
        return adopted

    async def release(self, reasons: frozenset[HoldReason], profile: str) -> list[Job]:
        """What was held for these reasons goes on, sent by this process or by the engine it follows."""
        held = [job for job in self._book.held() if job.hold_reason in reasons and job.profile == profile]
        # What the person keeps back alone is no part of a pause that ends.
        ids = [job.id for job in sorted(held, key=lambda job: job.turn) if not job.is_held_back]
        event = Released(self._world.processes.process_id)
        released = await apply_to_many(self._store, self._book, ids, event)
        self.accept(job.id for job in released)
        return released

    async def leave_over(self) -> list[Job]:
        """Nobody will send what this process had: only the person may let it go now. Returns those jobs."""
        left: list[Job] = []
        for ids in slices_of(job.id for job in self.mine()):
            try:
                left += await apply_to_many(self._store, self._book, ids, PutOnHold(HoldReason.LEFT_OVER))
            except StoreError:
                # The next engine finds the process gone and says the same.
                return left
        return left
