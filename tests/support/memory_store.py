"""The history as a dictionary, for runs of ten thousand jobs in which not the disk is on trial."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from krea_tui.domain.errors import ImpossibleTransition, NotClaimed, RequestIdTaken, UnknownJob
from krea_tui.domain.events import Claimed, Event, SentAgain
from krea_tui.domain.job import Job, Marks
from krea_tui.domain.lifecycle import advance
from krea_tui.domain.money import DailyCap, Ledger


class MemoryStore:
    """One process's history; there is no other that could change it, and no ledger."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._meta: dict[str, str] = {}
        self._request_ids: set[str] = set()
        self._revision = 0

    @property
    def damage(self) -> None:
        return None

    def _put(self, job: Job) -> Job:
        self._revision += 1
        stored = replace(job, revision=self._revision, seq=job.seq or len(self._jobs) + 1)
        self._jobs[job.id] = stored
        return stored

    async def insert(self, jobs: Sequence[Job]) -> list[Job]:
        return [self._put(job) for job in jobs]

    async def claim(self, job_id: str, event: Claimed, cap: DailyCap | None = None) -> Job:
        del cap
        job = await self.get(job_id)
        if not job.is_sendable:
            raise NotClaimed(f"job {job_id} is {job.status.value}")
        return self._put(advance(job, event))

    async def apply(self, job_id: str, event: Event) -> Job:
        job = await self.get(job_id)
        moved = advance(job, event)
        if moved.request_id != job.request_id:
            if moved.request_id in self._request_ids:
                raise RequestIdTaken("another job already owns this request id")
            self._request_ids.add(moved.request_id or "")
        return job if moved == job else self._put(moved)

    async def apply_all(self, job_ids: Iterable[str], event: Event) -> list[Job]:
        moved = []
        for job_id in job_ids:
            with suppress(ImpossibleTransition):
                moved.append(await self.apply(job_id, event))
        return moved

    async def send_again(self, job_id: str, at: float, successor: Job) -> tuple[Job, Job]:
        return await self.apply(job_id, SentAgain(at, successor.id)), self._put(successor)

    async def mark(self, job_ids: Iterable[str], marks: Marks) -> list[Job]:
        return [self._put(replace(await self.get(job_id), **marks)) for job_id in job_ids]

    async def get_meta(self, name: str) -> str | None:
        return self._meta.get(name)

    async def set_meta(self, name: str, value: str | None) -> None:
        self._meta.pop(name, None)
        if value is not None:
            self._meta[name] = value

    async def data_version(self) -> int:
        return 0

    async def changes_since(self, revision: int) -> list[Job]:
        return [job for job in self._jobs.values() if job.revision > revision]

    async def revision(self) -> int:
        return self._revision

    async def open_jobs(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.is_active or job.is_polled]

    async def get(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise UnknownJob(f"no job has the id {job_id}")
        return self._jobs[job_id]

    async def latest(self, limit: int, *, before_seq: int | None = None) -> list[Job]:
        del before_seq
        return list(reversed(self._jobs.values()))[:limit]

    async def ledger(self, since: float, profile: str) -> Ledger:
        del since, profile
        return Ledger()
