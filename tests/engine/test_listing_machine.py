"""A listing over a real history, while jobs come, change and go here and elsewhere, views change, and hands hold it.

`KREA_TUI_MACHINE_EXAMPLES=500 pytest tests/engine/test_listing_machine.py` searches deeper than the suite does.
"""

import asyncio
import itertools
import os
import tempfile
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from krea_tui.domain.events import Withdrawn
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.ordering import NEWEST_FIRST, Ordering, SortKey
from krea_tui.engine import listing_search, listing_windows
from krea_tui.storage.threaded import ThreadedStore
from tests.support.listing_bench import listing_bench, varied, view
from tests.support.making import AT, accepted, claimed, completed

T = TypeVar("T")

EXAMPLES = int(os.environ.get("KREA_TUI_MACHINE_EXAMPLES", "30"))
STEPS = int(os.environ.get("KREA_TUI_MACHINE_STEPS", "25"))

QUERIES = st.sampled_from(
    ["", "", "fog", "élan", "status:held", "is:active", "is:starred", "-is:starred", "is:deleted", "cost:>0.06 2"]
)
ORDERINGS = st.one_of(
    st.just(NEWEST_FIRST),
    st.builds(Ordering, st.sampled_from([SortKey.CREATED, *SortKey]), st.booleans()),
)
WHICH = st.lists(st.integers(0, 40), min_size=1, max_size=4)
HERE = st.booleans()
PAUSES = st.sampled_from([0.0, 0.0, 0.02, 0.2, 1.0])


class ListingMachine(RuleBasedStateMachine):
    """What is done elsewhere is heard of some time later; the final word is a fresh search of the history."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="krea-tui-listing-")
        self.opened = AsyncExitStack()
        self.numbers = itertools.count()
        self.jobs: dict[str, Job] = {}
        self.shows: list[asyncio.Task[None]] = []
        # The order when the hands came on it.
        self.held: list[str] | None = None

    @initialize(count=st.integers(0, 30))
    def settle_in(self, *, count: int) -> None:
        jobs = [varied(next(self.numbers)) for _ in range(count)]
        self.bench = self.run(self.opened.enter_async_context(listing_bench(Path(self.folder.name), jobs)))
        self.jobs = {job.id: job for job in self.run(self.bench.store.latest(100))}
        self.show("", NEWEST_FIRST)

    # --- the machinery

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def store(self, *, here: bool) -> ThreadedStore:
        return self.bench.store if here else self.bench.elsewhere

    def pick(self, which: Iterable[int]) -> list[Job]:
        jobs = sorted(self.jobs.values(), key=lambda job: -job.seq)
        return [jobs[index] for index in {number % len(jobs) for number in which}] if jobs else []

    def note(self, jobs: list[Job], *, here: bool) -> None:
        async def tell() -> None:
            if here:
                self.bench.book.put(jobs)

        self.jobs |= {job.id: job for job in jobs}
        self.run(tell())

    async def moved(self, store: ThreadedStore, job: Job) -> Job:
        """One step of this job's way."""
        number = next(self.numbers)
        match job.status:
            case JobStatus.HELD if number % 3 == 0:
                return await store.apply(job.id, Withdrawn(AT))
            case JobStatus.HELD:
                return await store.claim(job.id, claimed(attempt_id=f"attempt-{number}"))
            case JobStatus.SENDING:
                return await store.apply(job.id, accepted(f"request-{number}"))
            case JobStatus.QUEUED:
                return await store.apply(job.id, completed(AT + 20 + number))
            case _:
                return (await store.mark([job.id], {"muted": not job.muted}))[0]

    # --- what happens to jobs

    @rule(count=st.integers(1, 9), here=HERE)
    def insert(self, *, count: int, here: bool) -> None:
        jobs = [varied(next(self.numbers)) for _ in range(count)]
        self.note(self.run(self.store(here=here).insert(jobs)), here=here)

    @rule(which=WHICH, here=HERE)
    def move(self, *, which: list[int], here: bool) -> None:
        for job in self.pick(which):
            self.note([self.run(self.moved(self.store(here=here), job))], here=here)

    @rule(which=WHICH, here=HERE)
    def star(self, *, which: list[int], here: bool) -> None:
        for job in self.pick(which):
            self.note(self.run(self.store(here=here).mark([job.id], {"starred": not job.starred})), here=here)

    @rule(which=WHICH, here=HERE)
    def delete(self, *, which: list[int], here: bool) -> None:
        ids = [job.id for job in self.pick(which)]
        self.note(self.run(self.store(here=here).mark(ids, {"deleted_at": AT})), here=here)

    @rule(which=WHICH, here=HERE)
    def bring_back(self, *, which: list[int], here: bool) -> None:
        ids = [job.id for job in self.pick(which) if job.deleted_at is not None]
        self.note(self.run(self.store(here=here).mark(ids, {"deleted_at": None})), here=here)

    @rule()
    def follow(self) -> None:
        self.run(self.bench.follow())

    # --- what the person does

    @precondition(lambda self: self.held is None)
    @rule(query=QUERIES, ordering=ORDERINGS)
    def show(self, query: str, ordering: Ordering) -> None:
        async def begin() -> None:
            self.shows.append(asyncio.create_task(self.bench.listing.show(view(query, ordering))))
            # So long that the search is under way.
            await asyncio.sleep(0)

        self.run(begin())

    @rule(row=st.integers(0, 60))
    def look(self, *, row: int) -> None:
        async def looked() -> Job | None:
            return self.bench.listing.row_at(row)

        job = self.run(looked())
        if job is not None:
            assert self.bench.listing.index_of(job.id) == row

    @rule(first=st.integers(0, 20), length=st.one_of(st.none(), st.integers(1, 30)))
    def mark_span(self, *, first: int, length: int | None) -> None:
        listing = self.bench.listing
        last = None if length is None else first + length - 1
        ids = self.run(listing.ids(first, last))
        rows = self.run(self.bench.rows())
        if self.held is not None:
            assert ids == [job.id for job in rows][first : None if last is None else last + 1]

    @rule(which=WHICH)
    def locate(self, *, which: list[int]) -> None:
        async def located(job_id: str) -> bool:
            return await self.bench.listing.locate(job_id) == self.bench.listing.index_of(job_id)

        assert all(self.run(located(job.id)) for job in self.pick(which))

    @precondition(lambda self: self.held is None)
    @rule()
    def freeze(self) -> None:
        self.run(self.bench.settle())
        self.bench.listing.freeze()
        self.held = [job.id for job in self.run(self.bench.rows())]

    @precondition(lambda self: self.held is not None)
    @rule()
    def look_while_held(self) -> None:
        self.follow()
        self.run(self.bench.settle())
        assert [job.id for job in self.run(self.bench.rows())] == self.held
        wanted = self.run(self.bench.store.ids_by_seq(self.run(self.bench.store.order(self.bench.listing.view))))
        assert self.bench.listing.waiting == len(set(wanted) ^ set(self.held or ()))

    @precondition(lambda self: self.held is not None)
    @rule()
    def thaw(self) -> None:
        async def thaw() -> None:
            self.bench.listing.thaw()

        self.run(thaw())
        self.held = None
        assert self.bench.listing.waiting == 0

    @rule(seconds=PAUSES)
    def wait(self, *, seconds: float) -> None:
        self.run(self.bench.clock.advance(seconds))

    @precondition(lambda self: self.held is None)
    @rule()
    def check(self) -> None:
        self.follow()
        self.run(self.bench.settle())
        self.run(self.bench.check())
        assert all(task.done() for task in self.shows)

    def teardown(self) -> None:
        try:
            if self.held is not None:
                self.thaw()
            self.check()
        finally:
            self.run(self.opened.aclose())
            self.runner.close()
            self.folder.cleanup()


@pytest.mark.timeout(600)
def test_a_settled_listing_is_what_a_fresh_search_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    # So small that a few jobs are many: pages, blocks and a cache that lets go.
    monkeypatch.setattr(listing_search, "PAGE_ROWS", 5)
    monkeypatch.setattr(listing_windows, "BLOCK_ROWS", 4)
    monkeypatch.setattr(listing_windows, "CACHED_JOBS", 12)
    run_state_machine_as_test(
        ListingMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
