"""A listing over a real history and a book, in virtual time, with another process's connection beside it."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from krea_tui.domain.events import Event
from krea_tui.domain.job import Job, JobStatus, Marks
from krea_tui.domain.ordering import NEWEST_FIRST, Ordering, View
from krea_tui.domain.query import parse_query
from krea_tui.domain.request import AspectRatio, Creativity, GenerationRequest
from krea_tui.engine.book import JobBook
from krea_tui.engine.listing import Listing
from krea_tui.storage.store import JobStore
from krea_tui.storage.threaded import ThreadedStore
from tests.support.making import AT, make_job
from tests.support.virtual_clock import VirtualClock

WORDS = ("fog", "lighthouse", "harbour", "élan", "夜")
PRICES = (60_000, 65_000)
# Longer than every throttle of a listing.
SETTLED_S = 6.0


def view(query: str = "", ordering: Ordering = NEWEST_FIRST) -> View:
    return View(parse_query(query, AT), ordering)


def varied(number: int) -> Job:
    """A job that differs from its neighbours in whatever jobs can be sorted and searched by."""
    request = GenerationRequest(
        prompt=f"{WORDS[number % len(WORDS)]} {number % 3}",
        seed=number % 11,
        aspect_ratio=list(AspectRatio)[number % len(AspectRatio)],
        creativity=list(Creativity)[number % len(Creativity)],
    )
    return make_job(request=request, price_microusd=PRICES[number % 2], created_at=AT + number)


class WatchedReader:
    """The history, with a record of what was asked of it; its answers can be held back on their way."""

    def __init__(self, store: ThreadedStore) -> None:
        self._store = store
        self.pages: list[View] = []
        self.orders: list[View] = []
        self.windows: list[list[int]] = []
        self.counts = 0
        self.interrupts = 0
        self.pages_may_pass = asyncio.Event()
        self.pages_may_pass.set()
        self.orders_may_pass = asyncio.Event()
        self.orders_may_pass.set()
        self.windows_may_pass = asyncio.Event()
        self.windows_may_pass.set()

    async def page(self, view: View, limit: int) -> list[Job]:
        self.pages.append(view)
        jobs = await self._store.page(view, limit)
        await self.pages_may_pass.wait()
        return jobs

    async def order(self, view: View) -> "array[int]":
        self.orders.append(view)
        seqs = await self._store.order(view)
        await self.orders_may_pass.wait()
        return seqs

    async def jobs_by_seq(self, seqs: Sequence[int]) -> list[Job]:
        self.windows.append(list(seqs))
        jobs = await self._store.jobs_by_seq(seqs)
        await self.windows_may_pass.wait()
        return jobs

    async def ids_by_seq(self, seqs: Sequence[int]) -> list[str]:
        return await self._store.ids_by_seq(seqs)

    async def status_counts(self) -> Mapping[JobStatus, int]:
        self.counts += 1
        return await self._store.status_counts()

    async def get(self, job_id: str) -> Job:
        return await self._store.get(job_id)

    def interrupt_search(self) -> None:
        self.interrupts += 1
        self._store.interrupt_search()


class ListingBench:
    """What is changed here is told to the book as the engine would; `elsewhere` changes are heard of by `follow`."""

    def __init__(self, store: ThreadedStore, elsewhere: ThreadedStore) -> None:
        self.clock = VirtualClock(AT)
        self.book = JobBook()
        self.store = store
        self.elsewhere = elsewhere
        self.reader = WatchedReader(store)
        self.listing = Listing(self.book, self.reader, self.clock, paint_s=0.0)
        self.told: list[tuple[bool, frozenset[str]]] = []
        self.listing.subscribe(lambda order_changed, job_ids: self.told.append((order_changed, job_ids)))
        self._followed = 0

    async def insert(self, jobs: Iterable[Job]) -> list[Job]:
        stored = await self.store.insert(list(jobs))
        self.book.put(stored)
        return stored

    async def mark(self, jobs: Iterable[Job], marks: Marks) -> list[Job]:
        marked = await self.store.mark([job.id for job in jobs], marks)
        self.book.put(marked)
        return marked

    async def apply(self, job: Job, event: Event) -> Job:
        moved = await self.store.apply(job.id, event)
        self.book.put([moved])
        return moved

    async def follow(self) -> None:
        """Hear what the other process has committed."""
        changes = await self.store.changes_since(self._followed)
        self._followed = max((job.revision for job in changes), default=self._followed)
        self.book.put(changes)

    async def settle(self) -> None:
        await self.clock.advance(SETTLED_S)

    async def show(self, query: str = "", ordering: Ordering = NEWEST_FIRST) -> None:
        await self.listing.show(view(query, ordering))
        await self.settle()

    async def rows(self) -> list[Job]:
        """Every row, loaded as a table would load it: by looking."""
        await self.settle()
        rows: list[Job] = []
        for index in range(len(self.listing)):
            if self.listing.row_at(index) is None:
                await self.settle()
            job = self.listing.row_at(index)
            assert job is not None, f"row {index} is never loaded"
            rows.append(job)
        return rows

    async def check(self) -> None:
        """The rows are those of a fresh search, each knows its place, and each is as the history has it."""
        wanted = await self.store.jobs_by_seq(await self.store.order(self.listing.view))
        rows = await self.rows()
        assert [job.id for job in rows] == [job.id for job in wanted]
        assert rows == wanted
        assert [self.listing.index_of(job.id) for job in rows] == list(range(len(rows)))
        assert self.listing.row_at(len(rows)) is None
        assert self.listing.row_at(-1) is None
        assert dict(self.listing.counts) == await self.store.status_counts()
        assert not self.listing.failure
        assert self.listing.is_complete
        assert not self.listing.is_searching


@asynccontextmanager
async def listing_bench(folder: Path, jobs: Iterable[Job] = ()) -> AsyncIterator[ListingBench]:
    """A bench on a history that holds these jobs, of which the book knows none."""
    path = folder / "history.db"
    history = JobStore(path)
    history.insert(list(jobs))
    history.close()
    store, elsewhere = ThreadedStore(path), ThreadedStore(path)
    await store.open()
    await elsewhere.open()
    bench = ListingBench(store, elsewhere)
    bench._followed = await store.revision()
    # From now on the clock stands still while the history is read.
    await bench.clock.advance(0)
    try:
        yield bench
    finally:
        await bench.listing.aclose()
        await store.aclose()
        await elsewhere.aclose()
