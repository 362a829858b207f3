"""The rows of a view over a real history: what is read when, what stays, what goes, and what is never shown."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from krea_tui.domain.events import Withdrawn
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.ordering import NEWEST_FIRST, Ordering, SortKey
from krea_tui.engine.listing import FRAME_S
from krea_tui.engine.listing_counts import COUNT_PAUSE_S
from krea_tui.engine.listing_search import PAGE_ROWS, REFRESH_PAUSE_S
from krea_tui.engine.listing_windows import BLOCK_ROWS, CACHED_JOBS
from tests.support.listing_bench import ListingBench, listing_bench, varied, view
from tests.support.making import AT, accepted, claimed, completed

MANY = 700
OLDEST_FIRST = Ordering(SortKey.CREATED, descending=False)
BY_STATUS = Ordering(SortKey.STATUS, descending=False)
BY_PROMPT = Ordering(SortKey.PROMPT, descending=False)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[ListingBench]:
    async with listing_bench(tmp_path, [varied(number) for number in range(MANY)]) as bench:
        yield bench


def prompts(bench: ListingBench) -> list[str]:
    rows = [bench.listing.row_at(index) for index in range(len(bench.listing))]
    return [job.request.prompt for job in rows if job is not None]


async def completed_one(bench: ListingBench, job: Job) -> Job:
    held = await bench.store.claim(job.id, claimed(attempt_id=f"attempt-{job.id}"))
    bench.book.put([held])
    await bench.apply(held, accepted(f"request-{job.id}"))
    return await bench.apply(held, completed())


# --- searching


async def test_the_first_page_is_there_before_the_whole_order(bench: ListingBench) -> None:
    bench.reader.orders_may_pass.clear()
    shown = asyncio.create_task(bench.listing.show(view()))
    await bench.settle()
    assert len(bench.listing) == PAGE_ROWS
    assert len(prompts(bench)) == PAGE_ROWS
    assert bench.listing.is_searching
    assert not bench.listing.is_complete
    assert not shown.done()
    assert bench.reader.windows == []
    bench.reader.orders_may_pass.set()
    await shown
    assert len(bench.listing) == MANY
    await bench.settle()
    await bench.check()


async def test_a_view_of_one_page_is_searched_for_once(bench: ListingBench) -> None:
    await bench.show("fog 1")
    assert 0 < len(bench.listing) < PAGE_ROWS
    assert len(bench.reader.pages) == 1
    assert bench.reader.orders == []
    await bench.check()


@pytest.mark.parametrize("key", SortKey)
@pytest.mark.parametrize("descending", [True, False])
async def test_every_ordering_has_its_rows(bench: ListingBench, key: SortKey, *, descending: bool) -> None:
    await bench.show("-fog", Ordering(key, descending))
    await bench.check()


async def test_the_newest_view_wins_and_who_waits_for_an_older_one_is_let_go(bench: ListingBench) -> None:
    bench.reader.orders_may_pass.clear()
    older = asyncio.create_task(bench.listing.show(view("-fog", BY_PROMPT)))
    await bench.settle()
    newer = asyncio.create_task(bench.listing.show(view("fog")))
    await bench.settle()
    assert older.done()
    assert bench.reader.interrupts == 1
    # The answer to the older question comes late, and is not taken.
    lengths: set[int] = set()
    bench.listing.subscribe(lambda *_: lengths.add(len(bench.listing)))
    bench.reader.orders_may_pass.set()
    await newer
    await bench.settle()
    assert set(prompts(bench)) == {"fog 0", "fog 1", "fog 2"}
    assert {len(bench.listing)} <= lengths <= {PAGE_ROWS, len(bench.listing)}
    await bench.check()


async def test_a_page_of_an_older_view_that_comes_late_is_not_shown(bench: ListingBench) -> None:
    bench.reader.pages_may_pass.clear()
    older = asyncio.create_task(bench.listing.show(view("harbour")))
    await bench.settle()
    newer = asyncio.create_task(bench.listing.show(view("fog")))
    seen: set[str] = set()
    bench.listing.subscribe(lambda *_: seen.update(prompts(bench)))
    bench.reader.pages_may_pass.set()
    await asyncio.gather(older, newer)
    assert seen == {"fog 0", "fog 1", "fog 2"}


async def test_rows_of_the_older_view_stay_until_there_are_new_ones(bench: ListingBench) -> None:
    await bench.show("fog")
    before = prompts(bench)
    bench.told.clear()
    task = asyncio.create_task(bench.listing.show(view("harbour")))
    await asyncio.sleep(0)
    assert bench.told == [(False, frozenset())]
    assert bench.listing.is_searching
    assert not bench.listing.is_complete
    assert prompts(bench) == before
    await task
    assert set(prompts(bench)) == {"harbour 0", "harbour 1", "harbour 2"}


async def test_a_caller_that_goes_away_leaves_the_search_alone(bench: ListingBench) -> None:
    task = asyncio.create_task(bench.listing.show(view()))
    await asyncio.sleep(0)
    task.cancel()
    await bench.settle()
    await bench.check()


async def test_what_changes_while_one_searches_is_neither_lost_nor_shown_twice(bench: ListingBench) -> None:
    bench.reader.orders_may_pass.clear()
    shown = asyncio.create_task(bench.listing.show(view("status:held")))
    await bench.settle()
    await bench.insert([varied(1), varied(2)])
    oldest = (await bench.store.jobs_by_seq([1]))[0]
    await bench.apply(oldest, Withdrawn(AT))
    # Its row comes with the rest: between the page and it there are others.
    await bench.mark(await bench.store.jobs_by_seq([2]), {"starred": True})
    await bench.settle()
    assert len(bench.listing) == PAGE_ROWS + 2
    bench.reader.orders_may_pass.set()
    await shown
    assert len(bench.listing) == MANY + 1
    await bench.settle()
    await bench.check()


# --- windows


async def test_a_look_reads_what_is_around_it_once(bench: ListingBench) -> None:
    await bench.show()
    assert [bench.listing.row_at(index) for index in range(500, 520)] == [None] * 20
    await bench.settle()
    looked = [bench.listing.row_at(index) for index in range(500, 520)]
    assert None not in looked
    read = [seq for window in bench.reader.windows for seq in window]
    assert len(read) == len(set(read)) == 3 * BLOCK_ROWS
    assert max(len(window) for window in bench.reader.windows) <= BLOCK_ROWS
    await bench.settle()
    assert len(bench.reader.windows) == 3
    ids = frozenset(job.id for job in looked if job is not None)
    assert any(ids <= told and not order_changed for order_changed, told in bench.told)


async def test_what_is_looked_at_last_is_read_first(bench: ListingBench) -> None:
    await bench.show()
    bench.reader.windows_may_pass.clear()
    bench.listing.row_at(250)
    await bench.settle()
    for index in (300, 400, 500, 690, 400):
        bench.listing.row_at(index)
    bench.reader.windows_may_pass.set()
    await bench.settle()
    assert [MANY - window[0] for window in bench.reader.windows[:5]] == [250, 400, 650, 500, 300]


@pytest.mark.parametrize("is_other_view", [False, True])
async def test_what_has_been_scrolled_away_is_not_read(bench: ListingBench, *, is_other_view: bool) -> None:
    await bench.show()
    bench.reader.windows_may_pass.clear()
    bench.listing.row_at(600)
    await bench.settle()
    for index in range(200, MANY, 10):
        bench.listing.row_at(index)
    if is_other_view:
        # All its rows come with its one page.
        await bench.listing.show(view("fog 1"))
    bench.reader.windows_may_pass.set()
    await bench.settle()
    read = {(MANY - window[0]) // BLOCK_ROWS for window in bench.reader.windows}
    assert read == ({12} if is_other_view else set(range(5, 14)))


async def test_the_book_knows_better_than_what_was_read(bench: ListingBench) -> None:
    await bench.show()
    bench.listing.row_at(600)
    await bench.settle()
    job = bench.listing.row_at(600)
    assert job is not None
    assert job.id not in bench.book
    await bench.elsewhere.mark([job.id], {"starred": True})
    await bench.follow()
    now = bench.listing.row_at(600)
    assert now is not None
    assert now.starred
    assert bench.listing.get(job.id) is now


async def test_a_job_that_changes_while_it_is_read_is_shown_as_it_is_by_then(bench: ListingBench) -> None:
    await bench.show()
    bench.reader.windows_may_pass.clear()
    bench.listing.row_at(600)
    await bench.settle()
    [job] = await bench.store.jobs_by_seq([MANY - 600])
    await bench.mark([job], {"starred": True})
    bench.reader.windows_may_pass.set()
    await bench.settle()
    now = bench.listing.row_at(600)
    assert now is not None
    assert now.starred


async def test_jobs_are_let_go_and_their_ids_are_still_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("krea_tui.engine.listing_windows.CACHED_JOBS", PAGE_ROWS)
    async with listing_bench(tmp_path, [varied(number) for number in range(MANY)]) as bench:
        await bench.show()
        first = bench.listing.row_at(0)
        assert first is not None
        for index in range(0, MANY, 10):
            bench.listing.row_at(index)
            await bench.settle()
        assert bench.listing.get(first.id) is None
        assert bench.listing.index_of(first.id) == 0
        assert bench.listing.row_at(0) is None
    assert CACHED_JOBS == 2_000


async def test_a_job_that_was_never_loaded_is_located(bench: ListingBench) -> None:
    await bench.show("fog")
    [there] = await bench.store.jobs_by_seq([1])
    [elsewhere] = await bench.store.jobs_by_seq([2])
    assert await bench.listing.locate(there.id) == len(bench.listing) - 1
    assert await bench.listing.locate(elsewhere.id) is None
    assert await bench.listing.locate("nosuchjob0") is None
    assert not bench.listing.failure


async def test_ids_of_a_span_are_those_of_its_rows(bench: ListingBench) -> None:
    bench.reader.orders_may_pass.clear()
    shown = asyncio.create_task(bench.listing.show(view()))
    await bench.settle()
    everything = asyncio.create_task(bench.listing.ids())
    await bench.settle()
    # All are asked for: not those of the first page.
    assert not everything.done()
    bench.reader.orders_may_pass.set()
    await shown
    ids = await everything
    assert ids == [job.id for job in await bench.rows()]
    assert await bench.listing.ids(3, 5) == ids[3:6]
    assert await bench.listing.ids(MANY - 2, MANY + 9) == ids[-2:]


# --- live


async def test_jobs_come_where_they_belong_and_go(bench: ListingBench) -> None:
    await bench.show("fog", OLDEST_FIRST)
    count, searches = len(bench.listing), len(bench.reader.orders)
    [fog, other, *_] = await bench.insert([varied(0), varied(1)])
    await bench.settle()
    assert len(bench.listing) == count + 1
    assert bench.listing.index_of(fog.id) == count
    assert bench.listing.index_of(other.id) is None
    await bench.mark([fog], {"deleted_at": AT})
    await bench.settle()
    assert len(bench.listing) == count
    assert bench.listing.index_of(fog.id) is None
    await bench.mark([fog], {"deleted_at": None})
    await bench.settle()
    assert bench.listing.index_of(fog.id) == count
    # In the order of creation nothing of this needs the history.
    assert len(bench.reader.orders) == searches
    await bench.check()


@pytest.mark.parametrize("ordering", [NEWEST_FIRST, BY_PROMPT, BY_STATUS])
async def test_a_job_leaves_the_filter_that_it_no_longer_fits(bench: ListingBench, ordering: Ordering) -> None:
    job = (await bench.store.jobs_by_seq([300]))[0]
    await bench.show("is:active -is:held", ordering)
    assert len(bench.listing) == 0
    held = await bench.store.claim(job.id, claimed())
    bench.book.put([held])
    await bench.settle()
    assert bench.listing.index_of(job.id) == 0
    await bench.apply(job, accepted())
    await bench.apply(job, completed())
    await bench.show("status:completed", ordering)
    assert bench.listing.index_of(job.id) == 0
    await bench.mark([job], {"deleted_at": AT})
    await bench.settle()
    assert len(bench.listing) == 0


async def test_a_job_of_another_process_comes_by_the_book(bench: ListingBench) -> None:
    await bench.show()
    [theirs] = await bench.elsewhere.insert([varied(5)])
    await bench.follow()
    await bench.settle()
    assert bench.listing.index_of(theirs.id) == 0
    await bench.check()


async def test_a_job_moves_with_what_it_is_sorted_by(bench: ListingBench) -> None:
    await bench.show("", BY_STATUS)
    [job] = await bench.store.jobs_by_seq([350])
    held = await bench.store.claim(job.id, claimed())
    bench.book.put([held])
    await bench.settle()
    assert bench.listing.index_of(job.id) == 0
    await bench.check()


@pytest.mark.parametrize(("ordering", "is_read"), [(BY_PROMPT, False), (BY_STATUS, True)])
async def test_the_history_is_searched_again_only_where_a_job_may_have_moved(
    bench: ListingBench, ordering: Ordering, *, is_read: bool
) -> None:
    await bench.show("", ordering)
    searches = len(bench.reader.orders)
    await completed_one(bench, (await bench.store.jobs_by_seq([350]))[0])
    await bench.settle()
    assert (len(bench.reader.orders) > searches) is is_read
    await bench.check()


async def test_a_storm_of_changes_is_taken_in_by_frames(bench: ListingBench) -> None:
    await bench.show()
    jobs = await bench.store.latest(50)
    bench.told.clear()
    searches, counts = len(bench.reader.orders), bench.reader.counts
    seconds, is_starred = 2, False
    for number in range(20 * seconds):
        is_starred = not is_starred
        await bench.mark(jobs[: 1 + number % 50], {"starred": is_starred})
        await bench.clock.advance(0.05)
    assert len(bench.told) <= seconds / FRAME_S
    assert {order_changed for order_changed, _ in bench.told} == {False}
    assert len(bench.reader.orders) == searches
    assert bench.reader.counts - counts <= seconds / COUNT_PAUSE_S + 2
    await bench.settle()
    await bench.check()


async def test_another_ordering_is_searched_for_again_with_pauses(bench: ListingBench) -> None:
    await bench.show("", BY_STATUS)
    searches, steps = len(bench.reader.orders), 100
    for _ in range(steps):
        await bench.insert([varied(0)])
        await bench.clock.advance(0.01)
    assert 1 <= len(bench.reader.orders) - searches <= steps * 0.01 / REFRESH_PAUSE_S + 2
    await bench.settle()
    assert len(bench.listing) == MANY + steps
    await bench.check()


async def test_counts_follow_the_whole_history_and_rest_with_it(bench: ListingBench) -> None:
    await bench.show("status:completed")
    assert dict(bench.listing.counts) == {JobStatus.HELD: MANY}
    await bench.apply((await bench.store.jobs_by_seq([3]))[0], Withdrawn(AT))
    await bench.settle()
    assert dict(bench.listing.counts) == {JobStatus.HELD: MANY - 1, JobStatus.CANCELLED: 1}
    counts = bench.reader.counts
    bench.book.touch()
    await bench.settle()
    assert bench.reader.counts == counts


# --- frozen


@pytest.mark.parametrize("ordering", [NEWEST_FIRST, BY_STATUS])
async def test_nothing_moves_under_the_hands(bench: ListingBench, ordering: Ordering) -> None:
    await bench.show("-is:starred fog", ordering)
    bench.listing.freeze()
    before = [job.id for job in await bench.rows()]
    new = await bench.insert([varied(0), varied(1), varied(5)])
    gone = bench.listing.row_at(7)
    assert gone is not None
    await bench.mark([gone], {"starred": True})
    withdrawn = bench.listing.row_at(9)
    assert withdrawn is not None
    await bench.apply(withdrawn, Withdrawn(AT))
    await bench.settle()
    rows = await bench.rows()
    assert [job.id for job in rows] == before
    # What the rows show goes on changing.
    assert rows[7].starred
    assert rows[9].status is JobStatus.CANCELLED
    assert bench.listing.waiting == 3
    # One comes back by itself.
    await bench.mark([gone], {"starred": False})
    await bench.settle()
    assert bench.listing.waiting == 2
    bench.listing.thaw()
    assert bench.listing.waiting == 0
    await bench.settle()
    assert bench.listing.index_of(new[0].id) is not None
    await bench.check()


async def test_a_search_that_ends_under_the_hands_waits_for_them(bench: ListingBench) -> None:
    await bench.show("", BY_STATUS)
    bench.reader.orders_may_pass.clear()
    await bench.insert([varied(0)])
    await bench.settle()
    bench.listing.freeze()
    bench.reader.orders_may_pass.set()
    await bench.settle()
    assert len(bench.listing) == MANY
    assert bench.listing.waiting == 1
    bench.listing.thaw()
    await bench.settle()
    assert len(bench.listing) == MANY + 1
    await bench.check()


async def test_a_job_that_moved_while_one_searched_is_put_in_its_place_after_the_hands(bench: ListingBench) -> None:
    await bench.show("", BY_STATUS)
    bench.listing.freeze()
    bench.reader.orders_may_pass.clear()
    again = asyncio.create_task(bench.listing.show(view("", BY_STATUS)))
    await bench.settle()
    held = await bench.store.claim((await bench.store.jobs_by_seq([MANY - 50]))[0].id, claimed())
    bench.book.put([held])
    await bench.settle()
    bench.reader.orders_may_pass.set()
    await again
    await bench.settle()
    assert bench.listing.index_of(held.id) != 0
    bench.listing.thaw()
    await bench.settle()
    assert bench.listing.index_of(held.id) == 0
    await bench.check()


@pytest.mark.parametrize("ordering", [NEWEST_FIRST, BY_STATUS])
async def test_what_has_waited_comes_in_once_though_the_hands_stay(bench: ListingBench, ordering: Ordering) -> None:
    await bench.show("", ordering)
    bench.listing.freeze()
    await bench.insert([varied(0), varied(1)])
    await bench.settle()
    assert bench.listing.waiting == 2
    bench.listing.thaw()
    bench.listing.freeze()
    await bench.settle()
    assert len(bench.listing) == MANY + 2
    assert bench.listing.waiting == 0
    await bench.insert([varied(2)])
    await bench.settle()
    assert len(bench.listing) == MANY + 2
    assert bench.listing.waiting == 1


async def test_another_view_is_shown_though_hands_are_on_the_rows(bench: ListingBench) -> None:
    await bench.show("fog")
    bench.listing.freeze()
    await bench.insert([varied(0)])
    await bench.settle()
    assert bench.listing.waiting == 1
    await bench.show("harbour")
    assert bench.listing.waiting == 0
    assert set(prompts(bench)) == {"harbour 0", "harbour 1", "harbour 2"}


# --- faults


async def test_what_the_history_cannot_answer_is_told_and_asked_again(
    bench: ListingBench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.show("fog")
    before = prompts(bench)
    with sqlite3.connect(tmp_path / "history.db", isolation_level=None) as history:
        history.execute("ALTER TABLE jobs RENAME TO away")
        await bench.listing.show(view("harbour"))
        assert "no such table" in bench.listing.failure
        assert not bench.listing.is_searching
        assert prompts(bench) == before
        assert await bench.listing.ids() == []
        assert await bench.listing.locate("nosuchjob0") is None
        history.execute("ALTER TABLE away RENAME TO jobs")
    history.close()
    await bench.settle()
    assert await bench.listing.ids()
    await bench.check()
    assert caplog.records == []


async def test_rows_that_cannot_be_read_are_read_as_soon_as_they_can_be(bench: ListingBench, tmp_path: Path) -> None:
    await bench.show()
    with sqlite3.connect(tmp_path / "history.db", isolation_level=None) as history:
        history.execute("ALTER TABLE jobs RENAME TO away")
        bench.listing.row_at(500)
        await bench.settle()
        assert bench.listing.row_at(500) is None
        assert "no such table" in bench.listing.failure
        assert len(bench.reader.windows) < 10
        history.execute("ALTER TABLE away RENAME TO jobs")
    history.close()
    await bench.settle()
    assert bench.listing.row_at(500) is not None
    assert not bench.listing.failure


async def test_a_closed_listing_does_nothing_more(bench: ListingBench) -> None:
    await bench.show()
    await bench.listing.aclose()
    await bench.listing.aclose()
    bench.told.clear()
    pages = len(bench.reader.pages)
    bench.listing.row_at(500)
    await bench.insert([varied(0)])
    bench.listing.thaw()
    await bench.settle()
    assert bench.told == []
    assert bench.reader.windows == []
    assert len(bench.reader.pages) == pages


async def test_a_listener_that_fails_stops_nobody(bench: ListingBench, caplog: pytest.LogCaptureFixture) -> None:
    def failing(order_changed: bool, job_ids: frozenset[str]) -> None:
        raise RuntimeError(f"{order_changed} {len(job_ids)}")

    stop = bench.listing.subscribe(failing)
    bench.listing.subscribe(lambda *told: bench.told.append(told))
    await bench.show()
    assert bench.told
    assert "a listener of the listing failed" in caplog.text
    stop()
    await bench.check()


async def test_who_cannot_wait_for_the_next_frame_takes_in_what_has_changed(bench: ListingBench) -> None:
    await bench.show()
    [first] = await bench.insert([varied(0)])
    assert bench.listing.index_of(first.id) is None
    bench.listing.catch_up()
    assert bench.listing.index_of(first.id) == 0
    assert bench.told[-1] == (True, frozenset({first.id}))
    await bench.settle()
    await bench.check()
