"""The header under the mouse: clicks sort, drags move and resize; and what the cells had no room for is told."""

import pytest
from textual.pilot import Pilot
from textual.widgets import Tooltip

from krea_tui.domain.request import AspectRatio, GenerationRequest, StyleReference
from krea_tui.ui.live_table.header import SortSign
from krea_tui.ui.live_table.layout import AUTOMATIC, ColumnLayout, Showing
from tests.support.job_tables import START, Rows, WatchedTable, a_job, running, settle
from tests.ui.test_table_marks import drag

LONG = "a lighthouse keeper's desk, low sun through salt-stained glass, gouache, and much more of it than fits"


def labels(table: WatchedTable) -> list[str]:
    return table.header.split()


def x_of(table: WatchedTable, word: str) -> int:
    return table.header.index(word)


# --- sorting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "key"), [("status", "status"), ("ratio", "aspect_ratio"), ("time", "time")])
async def test_a_click_on_a_label_asks_for_an_order(label: str, key: str) -> None:
    async with running(Rows(20)) as (app, table, pilot):
        await pilot.click(table, offset=(x_of(table, label), 0))
        assert app.told("sort") == [key]
        assert app.told("layout") == []
        assert table.seen_cursor == "20"


async def test_what_cannot_sort_asks_for_nothing() -> None:
    async with running(Rows(20), (120, 11)) as (app, table, pilot):
        table.column_layout = ColumnLayout().with_showing("tags", Showing.ALWAYS)
        await pilot.pause()
        await pilot.click(table, offset=(x_of(table, "tags"), 0))
        assert app.told("sort") == []


@pytest.mark.parametrize(("plain", "arrows"), [(False, "▼▲"), (True, "v^")])
async def test_an_arrow_says_how_it_is_sorted(plain: bool, arrows: str) -> None:
    async with running(Rows(20), (150, 11)) as (_, table, pilot):
        table.plain = plain
        for column in table.placed_columns:
            for descending, arrow in zip((True, False), arrows, strict=True):
                table.sort = SortSign(column.column.key, descending)
                await pilot.pause()
                assert arrow in table.header.partition(column.column.name)[2][:2]
                assert len(table.header) == 149
        table.sort = None
        await pilot.pause()
        assert labels(table)[:3] == ["status", "time", "prompt"]


async def test_a_new_arrow_paints_the_header_alone() -> None:
    async with running(Rows(20)) as (_, table, pilot):
        table.painted.clear()
        table.sort = SortSign("seed", descending=True)
        await pilot.pause()
        assert table.painted == [0]


# --- moving and resizing --------------------------------------------------------------------------------------------


async def test_a_label_dragged_behind_another_one_moves_its_column() -> None:
    async with running(Rows(20)) as (app, table, pilot):
        assert labels(table) == ["status", "time", "prompt", "ratio", "seed"]
        seed = x_of(table, "seed")
        await drag(pilot, table, (seed, 0), (seed - 20, 0), (x_of(table, "prompt") - 12, 0))
        assert labels(table) == ["status", "seed", "time", "prompt", "ratio"]
        assert app.told("sort") == []
        kept = app.told("layout")
        assert len(kept) == 1
        assert ColumnLayout.from_text(str(kept[0])) == table.column_layout
        assert "picture number 20" in table.shown[1]


async def test_a_column_can_be_dragged_to_either_end() -> None:
    async with running(Rows(20)) as (_, table, pilot):
        time = x_of(table, "time")
        await drag(pilot, table, (time, 0), (79, 0))
        assert labels(table) == ["status", "prompt", "ratio", "seed", "time"]
        await drag(pilot, table, (x_of(table, "prompt"), 0), (0, 0))
        assert labels(table) == ["prompt", "status", "ratio", "seed", "time"]


async def test_a_column_dragged_back_home_has_not_moved() -> None:
    async with running(Rows(20)) as (app, table, pilot):
        seed = x_of(table, "seed")
        await drag(pilot, table, (seed, 0), (10, 0), (seed, 0))
        assert table.column_layout == AUTOMATIC
        assert app.told("layout") == []


async def test_the_gap_behind_a_label_makes_its_column_wider_and_two_clicks_there_take_that_back() -> None:
    async with running(Rows(20)) as (app, table, pilot):
        status, time = table.placed_columns[:2]
        await drag(pilot, table, (status.end, 0), (status.end + 4, 0))
        assert table.placed_columns[0].width == status.width + 4
        assert table.placed_columns[1].x == time.x + 4
        assert app.told("layout") == [f"| status={status.width + 4}"]
        await pilot.double_click(table, offset=(status.end + 4, 0))
        assert table.column_layout == AUTOMATIC
        assert app.told("layout")[-1] == ""
        assert app.told("sort") == []


async def test_a_column_keeps_some_cells_however_far_its_edge_is_dragged() -> None:
    async with running(Rows(20)) as (_, table, pilot):
        status = table.placed_columns[0]
        await drag(pilot, table, (status.end, 0), (0, 0))
        assert table.placed_columns[0].width == 3
        assert "✕ …" in table.shown[1]


async def test_escape_puts_a_held_column_back() -> None:
    async with running(Rows(20)) as (app, table, pilot):
        seed = x_of(table, "seed")
        await pilot.mouse_down(table, offset=(seed, 0))
        await pilot.hover(table, offset=(4, 0))
        assert labels(table)[0] == "seed"
        await pilot.press("escape")
        assert labels(table)[-1] == "seed"
        await pilot.mouse_up(table, offset=(4, 0))
        await pilot.pause()
        assert app.told("layout") == []
        assert table.column_layout == AUTOMATIC


# --- what was cut ---------------------------------------------------------------------------------------------------


async def tooltip(pilot: Pilot[None], table: WatchedTable, x: int, y: int) -> str:
    await pilot.hover(table, offset=(x - 1, y))
    await pilot.hover(table, offset=(x, y))
    shown = pilot.app.screen.query_one(Tooltip)
    if table.tooltip is None:
        return ""
    await settle(pilot, lambda: shown.display)
    return str(shown.render())


async def test_a_cut_cell_under_the_mouse_tells_all_of_it() -> None:
    rows = Rows(20)
    rows.jobs[1] = a_job(19, request=GenerationRequest(LONG, 1, AspectRatio.CINEMA))
    async with running(rows) as (_, table, pilot):
        x = x_of(table, "prompt") + 3
        assert "…" in table.shown[2]
        assert await tooltip(pilot, table, x, 3) == ""
        assert await tooltip(pilot, table, 1, 2) == ""
        assert await tooltip(pilot, table, x, 2) == LONG


async def test_what_is_abbreviated_is_told_in_full() -> None:
    rows = Rows(20)
    request = GenerationRequest("boats", 1, image_style_references=(StyleReference("https://a.example/1.png"),) * 2)
    rows.jobs[1] = a_job(19, request=request, starred=True)
    async with running(rows, (150, 11)) as (_, table, pilot):
        assert await tooltip(pilot, table, x_of(table, "refs"), 3) == ""
        assert await tooltip(pilot, table, x_of(table, "prompt") + 1, 2) == ""
        assert await tooltip(pilot, table, x_of(table, "refs"), 2) == "2 references"
        await pilot.press("down")
        assert table.cut_text() == ""


async def test_a_tooltip_is_text_and_not_markup() -> None:
    rows = Rows(20)
    hostile = "[red]x[/sad] \x1b[2J" + "long " * 30
    rows.jobs[1] = a_job(19, request=GenerationRequest(hostile, 1))
    async with running(rows) as (_, table, pilot):
        said = await tooltip(pilot, table, x_of(table, "prompt") + 3, 2)
        assert said.startswith("[red]x[/sad] [2J")


async def test_a_label_tells_what_can_be_done_with_it() -> None:
    async with running(Rows(20)) as (_, table, pilot):
        assert "click to sort" in await tooltip(pilot, table, x_of(table, "ratio") + 1, 0)


async def test_what_the_row_under_the_cursor_had_no_room_for_is_told_once() -> None:
    rows = Rows(20)
    request = GenerationRequest(LONG, 1, image_style_references=(StyleReference("https://a.example/1.png"),) * 2)
    rows.jobs[1] = a_job(19, request=request, starred=True)
    async with running(rows) as (app, table, pilot):
        assert LONG not in table.cut_text()
        await pilot.press("down")
        detail = table.cut_text()
        assert detail.startswith(LONG)
        assert "refs 2 references" in detail
        assert "price $0.06" in detail
        assert app.told("detail")[-1] == detail
        told = len(app.told("detail"))
        rows.change("id18", starred=True)
        table.keys_changed(["id18"])
        await settle(pilot, lambda: "★" in table.shown[3])
        assert len(app.told("detail")) == told
        await pilot.resize_terminal(300, 11)
        await settle(pilot, lambda: table.size.width == 300)
        assert "refs" not in table.cut_text()


async def test_the_detail_of_a_row_is_not_that_of_another_one_alike() -> None:
    rows = Rows(20)
    for index, word in enumerate(("first", "second")):
        rows.jobs[index] = a_job(20 - index, request=GenerationRequest(f"{word} {LONG}", 1), created_at=START)
    async with running(rows) as (_, table, pilot):
        assert table.cut_text().startswith("first")
        await pilot.press("down")
        assert table.cut_text().startswith("second")
