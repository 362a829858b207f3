"""Marks by keys, by the mouse and by the app; ranges, over rows that are not loaded too; and hands on the list."""

import pytest
from textual.geometry import Offset
from textual.pilot import Pilot

from krea_tui.ui.live_table.marks import SPAN_ROWS
from tests.support.job_tables import Rows, WatchedTable, a_job, running, settle


async def drag(pilot: Pilot[None], table: WatchedTable, *points: tuple[int, int]) -> None:
    """The left button goes down at the first point, along the others, and up at the last."""
    await pilot.mouse_down(table, offset=points[0])
    for point in points[1:]:
        await pilot.hover(table, offset=point)
    await pilot.mouse_up(table, offset=points[-1])
    await pilot.pause()


def ids(*numbers: int) -> frozenset[str]:
    return frozenset(f"id{number}" for number in numbers)


async def test_space_marks_with_a_sign_and_moves_on_and_again_unmarks() -> None:
    async with running(Rows(20)) as (app, table, pilot):
        await pilot.press("space", "space")
        assert table.marked == ids(20, 19)
        assert table.seen_marks == ["20", "19"]
        assert table.seen_cursor == "18"
        await pilot.press("up", "space")
        assert table.marked == ids(20)
        assert table.seen_marks == ["20"]
        assert app.told("marks") == ["1", "2", "1"]


async def test_a_mark_has_an_ascii_twin() -> None:
    async with running(Rows(20)) as (_, table, pilot):
        table.plain = True
        await pilot.press("space", "up")
        assert table.shown[1].startswith("># ")
        assert "".join(table.shown).isascii()


@pytest.mark.parametrize(
    ("keys", "marked"),
    [
        (["down", "shift+down", "shift+down"], {19, 18, 17}),
        (["down", "shift+down", "shift+down", "shift+up"], {19, 18}),
        (["down", "down", "shift+down", "shift+up", "shift+up"], {18, 19}),
        (["down", "shift+end"], set(range(1, 20))),
        (["down", "shift+end", "shift+home"], {20, 19}),
        (["shift+pagedown"], set(range(11, 21))),
        (["end", "shift+pageup", "shift+pageup"], set(range(1, 20))),
        (["space", "down", "shift+down", "shift+up"], {20, 18}),
        (["shift+down", "down", "down", "shift+down"], {20, 19, 17, 16}),
        (["shift+down", "space", "shift+down"], {20, 18, 17}),
        (["down", "down", "space", "home", *["shift+down"] * 3, "shift+up", "shift+up"], {20, 19, 18}),
    ],
)
async def test_a_range_follows_the_cursor_and_leaves_no_marks_behind(keys: list[str], marked: set[int]) -> None:
    async with running(Rows(20), (80, 11)) as (_, table, pilot):
        await pilot.press(*keys)
        assert table.marked == ids(*marked)


async def test_escape_unmarks_first_and_only_then_is_somebody_else_s_key() -> None:
    async with running(Rows(20)) as (app, table, pilot):
        others: list[str] = []
        app.bind("escape", "note", show=False)
        app.action_note = lambda: others.append("escape")  # type: ignore[attr-defined]
        await pilot.press("shift+down", "escape")
        assert table.marked == frozenset()
        assert table.seen_marks == []
        assert others == []
        await pilot.press("escape")
        assert others == ["escape"]


async def test_all_and_invert_are_asked_of_the_app_and_answered_by_it() -> None:
    rows = Rows(20)
    async with running(rows) as (app, table, pilot):
        await pilot.press("a", "v")
        assert app.told("wish")[:2] == ["AllAsked", "InvertAsked"]
        table.mark([job.id for job in rows.jobs if job])
        assert len(table.marked) == 20
        table.mark_only(["id20", "id1"])
        await pilot.pause()
        assert table.seen_marks == ["20"]
        table.clear_marks()
        await pilot.pause()
        assert table.seen_marks == []
        assert app.told("marks") == ["20", "2", "0"]


async def test_a_span_that_is_too_long_is_asked_for_and_what_the_range_leaves_is_not_marked_late() -> None:
    async with running(Rows(2_000)) as (app, table, pilot):
        await pilot.press("down", "shift+end")
        assert app.told("span") == ["1-1999"]
        assert table.marked == frozenset()
        app.spans[0].answer([f"id{number}" for number in range(1, 2_000)])
        assert len(table.marked) == 1_999
        await pilot.press("shift+up")
        assert app.told("span") == ["1-1999", "1-1998"]
        assert table.marked == frozenset()
        await pilot.press("escape")
        app.spans[1].answer(["id7"])
        assert table.marked == frozenset()


async def test_rows_that_are_not_loaded_are_asked_for_in_a_short_span_too() -> None:
    rows = Rows(20)
    rows.jobs[2] = None
    async with running(rows) as (app, table, pilot):
        await pilot.press("shift+down")
        assert app.told("span") == []
        await pilot.press("shift+down", "shift+down")
        assert app.told("span") == ["1-2", "2-3"]
        for span in app.spans:
            span.answer([f"id{20 - index}" for index in range(span.first, span.last + 1)])
        assert table.marked == ids(20, 19, 18, 17)


async def test_a_range_grows_row_by_row_beyond_what_a_span_may_be() -> None:
    async with running(Rows(SPAN_ROWS + 50), (80, 60)) as (app, table, pilot):
        for _ in range(6):
            await pilot.press("shift+pagedown")
        assert app.told("span") == []
        assert len(table.marked) == table.cursor_index + 1 > SPAN_ROWS


# --- the mouse ------------------------------------------------------------------------------------------------------


async def test_a_click_in_the_margin_marks_and_elsewhere_only_points() -> None:
    async with running(Rows(20)) as (_, table, pilot):
        await pilot.click(table, offset=(1, 4))
        assert table.marked == ids(17)
        assert table.seen_cursor == "17"
        await pilot.click(table, offset=(30, 5))
        assert table.marked == ids(17)
        assert table.seen_cursor == "16"
        await pilot.click(table, offset=(1, 4))
        assert table.marked == frozenset()


async def test_control_marks_one_more_and_shift_all_up_to_there() -> None:
    async with running(Rows(20)) as (_, table, pilot):
        await pilot.click(table, offset=(30, 3))
        await pilot.click(table, offset=(30, 6), shift=True)
        assert table.marked == ids(18, 17, 16, 15)
        await pilot.click(table, offset=(30, 2), shift=True)
        assert table.marked == ids(19, 18)
        await pilot.click(table, offset=(30, 9), control=True)
        assert table.marked == ids(19, 18, 12)


async def test_a_drag_along_the_margin_marks_what_it_passes_and_not_what_it_leaves() -> None:
    async with running(Rows(20)) as (_, table, pilot):
        await drag(pilot, table, (1, 2), (1, 6), (1, 5))
        assert table.marked == ids(19, 18, 17, 16)
        await drag(pilot, table, (1, 8), (1, 9))
        assert table.marked == ids(19, 18, 17, 16, 13, 12)


# --- hands ----------------------------------------------------------------------------------------------------------


async def test_hands_are_on_the_list_while_the_mouse_is_held_or_rows_are_marked() -> None:
    async with running(Rows(20)) as (app, table, pilot):
        await pilot.mouse_down(table, offset=(30, 3))
        await pilot.pause()
        assert app.told("wish") == ["HandsOn"]
        assert table.hands_are_on
        await pilot.mouse_up(table, offset=(30, 3))
        await pilot.pause()
        assert app.told("wish") == ["HandsOn", "HandsOff"]
        await pilot.press("space", "space")
        await pilot.click(table, offset=(30, 8))
        assert app.told("wish") == ["HandsOn", "HandsOff", "HandsOn"]
        await pilot.press("escape")
        assert app.told("wish") == ["HandsOn", "HandsOff", "HandsOn", "HandsOff"]
        assert not table.hands_are_on


async def test_the_mouse_lets_go_wherever_it_is() -> None:
    async with running(Rows(20)) as (app, table, pilot):
        table.styles.width = 60
        await pilot.pause()
        await pilot.mouse_down(table, offset=(30, 3))
        await pilot.mouse_up(None, offset=(75, 5))
        await pilot.pause()
        assert app.told("wish") == ["HandsOn", "HandsOff"]


async def test_a_hand_on_the_scroll_bar_is_one_too() -> None:
    async with running(Rows(200)) as (app, table, pilot):
        table.vertical_scrollbar.grabbed = Offset(1, 1)
        await pilot.pause()
        assert app.told("wish") == ["HandsOn"]
        table.vertical_scrollbar.grabbed = None
        await pilot.pause()
        assert app.told("wish") == ["HandsOn", "HandsOff"]


# --- what waits -----------------------------------------------------------------------------------------------------


async def test_what_waits_stands_at_the_header_s_end_and_a_click_there_wants_it() -> None:
    rows = Rows(50)
    async with running(rows) as (app, table, pilot):
        await pilot.press("end")
        table.waiting = 12
        await pilot.pause()
        assert table.header.rstrip().endswith(" 12 new")
        assert len(table.header) == len(table.shown[1])
        await pilot.click(table, offset=(len(table.header) - 3, 0))
        assert app.told("wish") == ["NewWanted"]
        rows.jobs[:0] = [a_job(seq) for seq in range(62, 50, -1)]
        table.waiting = 0
        table.rows_changed()
        await settle(pilot, lambda: table.seen_cursor == "62")
        assert "new" not in table.header


async def test_g_takes_in_what_waits_and_stands_on_it() -> None:
    rows = Rows(50)
    async with running(rows) as (app, table, pilot):
        await pilot.press("end", "g")
        assert app.told("wish") == []
        await pilot.press("end")
        table.waiting = 1
        await pilot.press("g")
        assert app.told("wish") == ["NewWanted"]
        rows.jobs.insert(0, a_job(51))
        table.rows_changed()
        await settle(pilot, lambda: table.seen_cursor == "51")
        rows.jobs.insert(0, a_job(52))
        table.rows_changed()
        await settle(pilot, lambda: table.cursor_index == 1)
        assert table.cursor_key == "id51"


async def test_escape_takes_in_what_waits_where_nothing_is_marked_and_stays() -> None:
    rows = Rows(50)
    async with running(rows) as (app, table, pilot):
        await pilot.press("down", "space")
        table.waiting = 1
        await pilot.press("escape")
        assert app.told("wish") == ["HandsOn", "HandsOff"]
        await pilot.press("escape")
        assert app.told("wish") == ["HandsOn", "HandsOff", "NewWanted"]
        rows.jobs.insert(0, a_job(51))
        table.rows_changed()
        await settle(pilot, lambda: table.cursor_index == 3)
        assert table.cursor_key == "id48"


async def test_an_empty_list_says_what_waits_too() -> None:
    async with running(Rows(0)) as (_, table, pilot):
        table.waiting = 3
        await pilot.pause()
        assert table.header.rstrip().endswith("3 new")
