"""Filter, views, marks, order and columns in the whole app: what is shown, and what the job keys then mean."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import pytest

from krea_tui.config.plan import Plan
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.ordering import Ordering, SortKey
from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from krea_tui.storage.store import JobStore
from krea_tui.ui.screens.columns import ColumnsScreen
from krea_tui.ui.screens.overview import OverviewScreen
from krea_tui.ui.screens.sort import SortScreen
from krea_tui.ui.screens.views import ViewsScreen
from krea_tui.ui.sorting import after_click, column_of, sort_from_text, sort_to_text
from tests.support.bench import TinyGallery
from tests.ui.app_support import Gateway, Running, a_job, a_request, plan_for, remember, stored, studio

# More than the listing reads at once, so that rows are met that were never loaded.
MANY = 1_500
WORDS = ("violin", "harbour", "orchard")


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour(latency_s=600.0))
    simulator._gallery = TinyGallery()  # type: ignore[assignment]
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


def many(plan: Plan, count: int = MANY) -> list[Job]:
    """Failed jobs, the last one newest; every third has the same word."""
    jobs = [
        a_job(f"{n:010}", JobStatus.FAILED, request=a_request(f"a {WORDS[n % 3]} number {n}", seed=n))
        for n in range(count)
    ]
    return remember(plan.locations, [replace(job, profile=plan.settings.gateway.url) for job in jobs])


def rows(app: Running) -> list[str]:
    """The lines of the table, without its header."""
    region = app.table.region
    return [line[region.x : region.right] for line in app.lines[region.y + 1 : region.bottom]]


async def shows(app: Running, count: int) -> None:
    """Wait for a view of so many jobs, all of its visible rows loaded."""
    listing = app.workbench._jobs.listing
    assert listing is not None
    await app.until(lambda: listing.is_complete and len(listing) == count, f"{count} rows")
    await app.until(lambda: not any(row.strip() == "…" for row in rows(app)), "the rows")


async def filtered(app: Running, text: str) -> None:
    """Type a filter and go to the rows."""
    await app.to_jobs()
    await app.press("slash")
    await app.type(text)
    await app.press("enter")


async def test_a_history_longer_than_any_page_is_all_there() -> None:
    plan = plan_for()
    many(plan)
    async with studio(plan, is_still=True) as app:
        await shows(app, MANY)
        await app.until(lambda: "all 1,500" in app.lines[1], "the title")
        await app.to_jobs()
        await app.press("G")
        await app.until(
            lambda: any("number 0 " in f"{row} " for row in rows(app)) or "seed 0" in app.text, "the oldest"
        )
        assert app.workbench.job is not None
        assert app.workbench.job.request.seed == 0
        await app.press("g")
        await app.until(lambda: app.workbench.job is not None and app.workbench.job.request.seed == MANY - 1, "newest")


async def test_the_filter_works_as_it_is_typed_and_escape_clears_it() -> None:
    plan = plan_for()
    many(plan, 30)
    async with studio(plan, is_still=True) as app:
        await shows(app, 30)
        await app.to_jobs()
        await app.press("slash")
        await app.type("vio")
        await shows(app, 10)
        assert all("a violin" in row for row in rows(app) if row.strip())
        await app.until(lambda: "10 of 30" in app.text, "the count")
        await app.type("lin 27")
        await shows(app, 1)
        await app.press("enter")
        assert app.table.has_focus
        assert "filter violin 27" in app.text
        assert app.workbench.job is not None
        assert app.workbench.job.request.seed == 27
        await app.press("escape")
        await shows(app, 30)
        assert "filter" not in app.text.replace("/ f w Find", "")


async def test_a_filter_that_finds_nothing_says_how_to_go_on() -> None:
    plan = plan_for()
    many(plan, 5)
    async with studio(plan, is_still=True) as app:
        await filtered(app, "zebra")
        await app.until(lambda: "No job matches" in app.text, "the words")
        assert app.workbench.job is None
        await app.press("escape")
        await shows(app, 5)


async def test_a_job_that_the_filter_hides_says_so(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    many(plan, 3)
    async with studio(plan) as app:
        await filtered(app, "violin")
        await shows(app, 1)
        await app.press("1")
        await app.type("a fox")
        await app.press("ctrl+j")
        await app.says("The filter hides it")
        await app.until(lambda: gateway.posts == 1, "the request")
        await shows(app, 1)


async def test_every_job_of_a_view_is_marked_though_most_were_never_loaded() -> None:
    plan = plan_for()
    many(plan)
    async with studio(plan, is_still=True) as app:
        await filtered(app, "harbour")
        await shows(app, MANY // 3)
        await app.press("a")
        await app.until(lambda: "500 marked" in app.text, "the marks")
        assert len(await app.workbench.jobs_of(app.workbench.marked_ids())) == MANY // 3
        await app.press("space")
        await app.until(lambda: "499 marked" in app.text, "one mark less")
        await app.press("v")
        await app.until(lambda: "1 marked" in app.text and "499" not in app.text, "the other way round")
        await app.press("escape")
        await app.until(lambda: "marked" not in app.text, "no marks")
        assert "filter harbour" in app.text, "marks go first, the filter stays"


async def test_marked_jobs_go_to_the_trash_together_and_come_back(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    many(plan, 30)
    async with studio(plan) as app:
        await filtered(app, "orchard")
        await shows(app, 10)
        await app.press("a", "d")
        await app.until(lambda: "No job matches" in app.text, "an empty view")
        assert sum(job.deleted_at is not None for job in stored_all(plan)) == 10
        await app.press("f")
        await app.until(lambda: isinstance(app.screen, ViewsScreen), "the views")
        await app.press("6")
        await shows(app, 10)
        await app.press("z")
        await app.until(lambda: all(job.deleted_at is None for job in stored_all(plan)), "the jobs back")
        await app.until(lambda: "No job matches" in app.text, "an empty trash")


def stored_all(plan: Plan) -> list[Job]:
    """Deleted ones too."""
    store = JobStore(plan.locations.database)
    try:
        return store.changes_since(0)
    finally:
        store.close()


async def test_rows_stand_still_while_jobs_are_marked(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    many(plan, 3)
    async with studio(plan) as app:
        await shows(app, 3)
        await app.to_jobs()
        await app.press("space")
        before = [row for row in rows(app) if row.strip()]
        await app.press("1")
        await app.type("a fox")
        await app.press("ctrl+j")
        await app.until(lambda: gateway.posts == 1 and app.table.waiting == 1, "a job that waits above")
        await app.until(lambda: "1 new" in app.text, "the count")
        assert [row for row in rows(app) if row.strip()] == before
        await app.to_jobs()
        await app.press("escape")
        await app.until(lambda: "a fox" in rows(app)[0], "the new row")


async def test_a_status_is_one_key_and_a_number_away_and_the_pulse_shows_it() -> None:
    plan = plan_for()
    jobs = many(plan, 4)
    remember(plan.locations, [replace(jobs[0], id="cancelled0", status=JobStatus.CANCELLED)])
    async with studio(plan, is_still=True) as app:
        await shows(app, 5)
        await app.to_jobs()
        await app.press("f")
        await app.until(lambda: isinstance(app.screen, ViewsScreen) and "cancelled" in app.text, "the counts")
        await app.press("3")
        await shows(app, 4)
        assert "filter is:failed" in app.text


async def test_order_and_columns_are_kept_for_the_next_start() -> None:
    plan = plan_for()
    many(plan, 12)
    async with studio(plan, size=(140, 40), is_still=True) as app:
        await shows(app, 12)
        await app.to_jobs()
        await app.press("S")
        await app.until(lambda: isinstance(app.screen, SortScreen), "the window")
        await app.press("escape")
        app.workbench._jobs.sort(Ordering(SortKey.SEED, descending=False))
        await app.until(lambda: "number 0" in rows(app)[0], "the smallest seed first")
        await app.press("C")
        await app.until(lambda: isinstance(app.screen, ColumnsScreen), "the window")
        await app.press("down", "down", "space")
        await app.press("escape")
        await app.until(lambda: app.screen is app.workbench, "the way back")
        layout = app.table.column_layout
        header = app.lines[app.table.region.y]
    async with studio(plan, size=(140, 40), is_still=True) as app:
        await app.until(lambda: app.table.column_layout == layout, "the columns")
        await app.until(lambda: "number 0" in rows(app)[0], "the order")
        assert app.lines[app.table.region.y] == header


async def test_a_new_order_leaves_the_cursor_on_its_job() -> None:
    plan = plan_for()
    many(plan, 300)
    async with studio(plan, is_still=True) as app:
        await shows(app, 300)
        await app.to_jobs()
        await app.press("pagedown", "pagedown", "pagedown")
        job = app.workbench.job
        assert job is not None
        for ordering in (Ordering(SortKey.SEED, descending=False), Ordering(SortKey.PROMPT, descending=False)):
            app.workbench._jobs.sort(ordering)
            listing = app.workbench._jobs.listing
            assert listing is not None
            await app.until(lambda: listing.shown.ordering == ordering and listing.is_complete, "the order")  # noqa: B023
            await app.until(lambda: "▌  ✕ failed" in app.text, "the row")
            assert app.table.cursor_key == job.id
            assert listing.index_of(job.id) == app.table.cursor_index


async def test_a_filter_begins_at_its_first_row_unless_the_job_under_the_cursor_is_among_its_rows() -> None:
    plan = plan_for()
    many(plan, 300)
    async with studio(plan, is_still=True) as app:
        await shows(app, 300)
        await app.to_jobs()
        await app.press("pagedown", "pagedown", "pagedown")
        before = app.workbench.job
        assert before is not None
        app.workbench._jobs.find(before.request.prompt.split()[1])
        await shows(app, 100)
        assert app.table.cursor_key == before.id
        app.workbench._jobs.find(next(word for word in WORDS if word not in before.request.prompt))
        await app.until(lambda: app.workbench.job is not None and app.workbench.job.id != before.id, "another job")
        await shows(app, 100)
        assert app.table.cursor_index == 0


async def test_marks_that_are_taken_back_take_the_key_back(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_for()
    many(plan, 9)
    async with studio(plan, is_still=True) as app:
        await shows(app, 9)
        await app.to_jobs()
        await app.press("a")
        await app.until(lambda: "9 marked" in app.text, "the marks")
        read = app.app.session.history.jobs_by_id

        async def slowly(ids: Collection[str]) -> list[Job]:
            app.workbench.marks_are_done()
            return await read(ids)

        monkeypatch.setattr(app.app.session.history, "jobs_by_id", slowly)
        await app.press("r")
        await app.says("The marks have changed meanwhile")
        assert app.screen is app.workbench


async def test_earlier_filters_come_back_the_next_day() -> None:
    plan = plan_for()
    many(plan, 6)
    async with studio(plan, is_still=True) as app:
        await filtered(app, "violin")
        await shows(app, 2)
        await filtered(app, "seed:3")
        await shows(app, 1)
        await app.until(lambda: kept(plan, "filters") == "violin\nseed:3", "the filters on disk")
    async with studio(plan, is_still=True) as app:
        await shows(app, 6)
        await app.to_jobs()
        await app.press("slash", "up", "up")
        await shows(app, 2)
        assert app.workbench._jobs.filter_text == "violin"


def kept(plan: Plan, name: str) -> str | None:
    store = JobStore(plan.locations.database)
    try:
        return store.get_meta(name)
    finally:
        store.close()


async def test_the_overview_has_its_key_and_gives_orders(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    async with studio(plan) as app:
        await app.to_jobs()
        await app.press("w")
        await app.until(lambda: isinstance(app.screen, OverviewScreen), "the overview")
        await app.press("p")
        await app.says("Sending is paused")
        await app.press("escape")
        assert app.screen is app.workbench
        assert len(stored(plan.locations)) == 0


def test_a_click_on_a_label_sorts_then_turns_then_is_forgotten() -> None:
    newest = sort_from_text(None)
    by_price = after_click(newest, "price")
    assert by_price == Ordering(SortKey.PRICE, descending=True)
    assert column_of(by_price) == "price"
    assert after_click(by_price, "price") == Ordering(SortKey.PRICE, descending=False)
    assert after_click(after_click(by_price, "price"), "price") == newest
    assert after_click(by_price, "refs") == Ordering(SortKey.REFERENCES, descending=True)
    assert after_click(newest, "created") == Ordering(SortKey.CREATED, descending=False)
    assert after_click(newest, "tags") == newest
    for ordering in (newest, by_price, Ordering(SortKey.PROMPT, descending=False)):
        assert sort_from_text(sort_to_text(ordering)) == ordering
    assert sort_from_text("-nonsense") == newest
