"""A history that does not answer for a while: nothing paid is forgotten, nothing is sent unwritten, no lane ends."""

from collections.abc import Iterable

import pytest

from krea_tui.domain.errors import StoreError
from krea_tui.domain.events import Accepted, Claimed, Event, StatusRead
from krea_tui.domain.job import Job, JobStatus, Marks
from krea_tui.domain.money import DailyCap
from krea_tui.engine.health import PauseReason
from krea_tui.storage.threaded import ThreadedStore
from tests.support.bench import Bench, requests


class TiredStore(ThreadedStore):
    """Refuses what it is told to refuse, so often."""

    refusals: dict[str, int]

    def _tire(self, name: str) -> None:
        if self.refusals.get(name, 0):
            self.refusals[name] -= 1
            raise StoreError("the history does not answer: database or disk is full")

    async def claim(self, job_id: str, event: Claimed, cap: DailyCap | None = None) -> Job:
        self._tire("claim")
        return await super().claim(job_id, event, cap)

    async def apply(self, job_id: str, event: Event) -> Job:
        self._tire(type(event).__name__)
        return await super().apply(job_id, event)

    async def mark(self, job_ids: Iterable[str], marks: Marks) -> list[Job]:
        self._tire("mark")
        return await super().mark(job_ids, marks)

    async def data_version(self) -> int:
        self._tire("data_version")
        return await super().data_version()

    async def set_meta(self, name: str, value: str | None) -> None:
        self._tire("set_meta")
        await super().set_meta(name, value)


async def tired(bench: Bench) -> TiredStore:
    store = TiredStore(bench.folder / "history.db")
    store.refusals = {}
    with bench.clock.busy():
        await store.open()
    return store


async def test_what_cannot_be_written_down_is_not_sent_and_goes_on_by_itself(bench: Bench) -> None:
    store = await tired(bench)
    async with bench.process(store=store) as process:
        store.refusals["claim"] = 3
        jobs = await process.engine.submit(requests(2))
        await process.until(lambda: process.engine.book.health.pause is not None)
        pause = process.engine.book.health.pause
        assert pause is not None
        assert pause.reason is PauseReason.DISK
        assert bench.stats["posts"] == 0
        await process.done(jobs)
        assert process.engine.book.health.pause is None
        assert bench.stats["charges"] == 2
    await store.aclose()


async def test_an_acceptance_is_written_down_however_long_the_disk_needs(bench: Bench) -> None:
    store = await tired(bench)
    async with bench.process(store=store) as process:
        store.refusals[Accepted.__name__] = 10
        jobs = await process.engine.submit(requests(2))
        await process.until(lambda: store.refusals[Accepted.__name__] == 5)
        assert process.statuses(jobs) == [JobStatus.SENDING, JobStatus.HELD]
        assert bench.stats["posts"] == 1, "nothing more is sent meanwhile"
        await process.done(jobs)
        assert (bench.stats["posts"], bench.stats["duplicates"]) == (2, 0)
    await store.aclose()


@pytest.mark.parametrize("name", [StatusRead.__name__, "PictureSaved", "data_version", "mark", "set_meta"])
async def test_no_lane_ends_with_the_disk(bench: Bench, name: str) -> None:
    store = await tired(bench)
    async with bench.process(store=store) as process, bench.process() as other:
        store.refusals[name] = 3
        mine = await process.engine.submit(requests(2))
        theirs = await other.engine.submit(requests(2, "a harbour"))
        await process.done([*mine, *theirs])
        assert process.engine.book.health.is_engine
        assert not process.task.done()
        assert bench.stats["charges"] == 4
    await store.aclose()


async def test_a_history_that_does_not_answer_at_the_takeover_is_asked_again(bench: Bench) -> None:
    store = await tired(bench)
    async with bench.process() as first, bench.process(store=store) as second:
        [job] = await first.engine.submit(requests(1))
        store.refusals |= {"set_meta": 2, "data_version": 2}
        await first.finish()
        await second.done([job])
        assert second.engine.book.health.is_engine
    await store.aclose()
