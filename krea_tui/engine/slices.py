"""Thousands of jobs, in slices: each is one transaction, and between two of them everybody else has a turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from krea_tui.domain.events import Event
from krea_tui.domain.job import Job, Marks
from krea_tui.domain.lifecycle import can_take
from krea_tui.engine.book import JobBook
from krea_tui.engine.ports import Store

# A transaction of so many takes some hundredths of a second.
SLICE: Final = 500


def slices_of(job_ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """The ids in their order, each once, by slices."""
    ids = list(dict.fromkeys(job_ids))
    for start in range(0, len(ids), SLICE):
        yield ids[start : start + SLICE]


async def apply_to_many(store: Store, book: JobBook, job_ids: Iterable[str], event: Event) -> list[Job]:
    """Advance the jobs whose state allows it and return them; what the others are by now is taken in.

    Raises `StoreError` where the disk fails; the slices before that one are carried out.
    """
    moved: list[Job] = []
    wanted = [job_id for job_id in job_ids if _may_take(book.get(job_id), event)]
    for ids in slices_of(wanted):
        jobs = await store.apply_all(ids, event)
        book.put(jobs)
        moved += jobs
        done = {job.id for job in jobs}
        book.put([await store.get(job_id) for job_id in ids if job_id not in done])
    return moved


async def mark_many(store: Store, book: JobBook, job_ids: Iterable[str], marks: Marks) -> list[Job]:
    """Set fields that are no part of the life cycle; raises `StoreError` as `apply_to_many` does."""
    marked: list[Job] = []
    for ids in slices_of(job_ids):
        jobs = await store.mark(ids, marks)
        book.put(jobs)
        marked += jobs
    return marked


def _may_take(job: Job | None, event: Event) -> bool:
    """Whether it is worth a try: what the book does not know, the store may."""
    return job is None or can_take(job, type(event))
