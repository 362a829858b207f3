"""The job table as it is painted: what the person sees after keys, clicks, changes and the passing of time."""

import pytest
from textual.events import MouseScrollDown

from krea_tui.domain.job import HoldReason, JobStatus
from krea_tui.ui.live_table import anchored
from tests.support.job_tables import START, TEACHING, Rows, a_job, running, settle

# --- what is seen ---------------------------------------------------------------------------------------------------


async def test_the_newest_job_is_at_the_top_under_the_cursor() -> None:
    async with running(Rows(100)) as (app, table, _):
        assert table.shown[0].split() == ["status", "time", "prompt", "ratio", "seed"]
        assert "picture number 100 " in table.shown[1]
        assert "picture number 91 " in table.shown[10]
        assert table.seen_cursor == "100"
        assert table.cursor_key == "id100"
        assert app.told("highlighted") == ["id100"]


async def test_an_empty_table_says_what_to_do() -> None:
    rows = Rows(0)
    async with running(rows) as (app, table, pilot):
        text = next(line for line in table.shown if line.strip())
        assert text.strip() == TEACHING
        assert abs(len(text) - len(text.lstrip()) - (80 - len(TEACHING)) // 2) <= 1
        await pilot.press("down", "end", "enter", "pagedown")
        assert app.messages == []
        rows.jobs.append(a_job(1))
        table.rows_changed()
        await settle(pilot, lambda: "picture number 1" in table.shown[1])
        assert TEACHING not in "".join(table.shown)
        rows.jobs.clear()
        table.rows_changed()
        await settle(pilot, lambda: TEACHING in "".join(table.shown))
        assert app.told("highlighted") == ["id1", None]


async def test_a_row_that_is_not_loaded_is_a_quiet_line_until_it_comes() -> None:
    rows = Rows(5)
    late, rows.jobs[2] = rows.jobs[2], None
    async with running(rows) as (app, table, pilot):
        assert table.shown[3].strip() == "…"
        await pilot.press("down", "down")
        assert table.cursor_key is None
        rows.jobs[2] = late
        table.keys_changed(["id3"])
        await settle(pilot, lambda: "picture number 3" in table.shown[3])
        assert app.told("highlighted") == ["id5", "id4", None, "id3"]


async def test_plain_mode_shows_ascii_only() -> None:
    async with running(Rows(30, JobStatus.PROCESSING)) as (_, table, pilot):
        assert not "".join(table.shown).isascii()
        table.plain = True
        await pilot.pause()
        assert "".join(table.shown).isascii()
        assert table.seen_cursor == "30"


async def test_the_pane_s_width_decides_the_columns() -> None:
    async with running(Rows(5), size=(130, 8)) as (_, table, pilot):
        assert "price" in table.shown[0]
        await pilot.resize_terminal(50, 8)
        await settle(pilot, lambda: table.shown[0].split() == ["status", "time", "prompt"])
        assert all(len(line) <= 50 for line in table.shown)


async def test_the_cursor_is_stronger_with_the_focus() -> None:
    async with running(Rows(5)) as (_, table, pilot):
        focused = table.render_line(1)
        table.blur()
        await pilot.pause()
        blurred = table.render_line(1)
        elsewhere = table.render_line(2)
        backgrounds = [next(iter(strip)).style.bgcolor for strip in (focused, blurred, elsewhere)]  # type: ignore[union-attr]
        assert len(set(backgrounds)) == 3


# --- keys and mouse -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["down"], "99"),
        (["j", "j", "k"], "99"),
        (["up"], "100"),
        (["G"], "1"),
        (["end", "home"], "100"),
        (["G", "g", "down"], "99"),
        (["pagedown"], "91"),
        (["pagedown", "pagedown", "pageup"], "91"),
        (["end", "down"], "1"),
    ],
)
async def test_keys_move_the_cursor_and_keep_it_in_view(keys: list[str], expected: str) -> None:
    async with running(Rows(100)) as (app, table, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        assert table.seen_cursor == expected
        assert table.cursor_key == f"id{expected}"
        assert app.told("highlighted")[-1] == f"id{expected}"


async def test_each_move_is_told_once_and_none_where_nothing_moved() -> None:
    async with running(Rows(3)) as (app, _, pilot):
        await pilot.press("down", "down", "down", "down", "up")
        assert app.told("highlighted") == ["id3", "id2", "id1", "id2"]


async def test_enter_and_a_double_click_open_a_job_and_a_click_points_at_it() -> None:
    async with running(Rows(100)) as (app, table, pilot):
        await pilot.press("down", "enter")
        assert app.told("opened") == ["id99"]
        await pilot.click(table, offset=(10, 4))
        assert table.cursor_key == "id97"
        assert app.told("opened") == ["id99"]
        await pilot.double_click(table, offset=(10, 6))
        assert app.told("opened") == ["id99", "id95"]
        await pilot.click(table, offset=(10, 0))
        assert table.cursor_key == "id95"


async def test_move_to_shows_a_job_at_once() -> None:
    rows = Rows(100)
    async with running(rows) as (_, table, pilot):
        await pilot.press("end")
        rows.jobs.insert(0, a_job(101))
        table.rows_changed()
        assert table.move_to("id101")
        await pilot.pause()
        assert table.seen_cursor == "101"
        assert "number 101 " in table.shown[1]
        assert not table.move_to("nobody")
        assert table.cursor_key == "id101"


# --- rows come and go -----------------------------------------------------------------------------------------------


async def test_rows_inserted_above_leave_cursor_and_view_on_their_jobs_without_painting() -> None:
    rows = Rows(100)
    async with running(rows) as (app, table, pilot):
        assert table.move_to("id50")
        await pilot.press("up", "up", "up")
        before = table.shown
        table.painted.clear()
        rows.jobs[:0] = [a_job(103), a_job(102), a_job(101)]
        table.rows_changed()
        await settle(pilot, lambda: table.cursor_index == 50)
        assert table.shown == before
        assert table.seen_cursor == "53"
        assert table.painted == []
        assert app.told("highlighted")[-1] == "id53"
        await pilot.press("up")
        assert table.seen_cursor == "54"


async def test_at_the_top_new_rows_come_into_view_and_the_cursor_goes_down_with_its_job() -> None:
    rows = Rows(100)
    async with running(rows) as (_, table, pilot):
        await pilot.press("down", "up")
        rows.jobs.insert(0, a_job(101))
        table.rows_changed()
        await settle(pilot, lambda: "number 101 " in table.shown[1])
        assert table.seen_cursor == "100"
        rows.jobs[:0] = [a_job(seq) for seq in range(140, 101, -1)]
        table.rows_changed()
        await settle(pilot, lambda: table.cursor_index == 40)
        assert table.seen_cursor == "100"


async def test_until_something_was_chosen_the_cursor_is_on_the_first_row() -> None:
    rows = Rows(10)
    async with running(rows) as (app, table, pilot):
        rows.jobs.insert(0, a_job(11))
        table.rows_changed()
        await settle(pilot, lambda: table.seen_cursor == "11")
        assert app.told("highlighted") == ["id10", "id11"]


async def test_when_its_job_goes_the_cursor_takes_the_next_one() -> None:
    rows = Rows(100)
    async with running(rows) as (_, table, pilot):
        table.move_to("id60")
        rows.jobs = [job for job in rows.jobs if job and job.id not in {"id60", "id59", "id80"}]
        rows.jobs.insert(0, a_job(101))
        table.rows_changed()
        await settle(pilot, lambda: table.cursor_key != "id60")
        assert table.cursor_key == "id58"
        assert table.seen_cursor == "58"


async def test_a_cursor_on_a_row_that_was_never_loaded_keeps_its_distance_to_its_neighbours() -> None:
    rows = Rows(40)
    rows.jobs[12] = None
    async with running(rows) as (_, table, pilot):
        table.move_to("id29")
        await pilot.press("down")
        assert table.cursor_key is None
        rows.jobs[:0] = [a_job(42), a_job(41)]
        table.rows_changed()
        await settle(pilot, lambda: table.cursor_index == 14)
        await pilot.press("down")
        assert table.seen_cursor == "27"


async def test_a_new_order_is_followed() -> None:
    rows = Rows(100)
    async with running(rows) as (_, table, pilot):
        table.move_to("id98")
        rows.jobs.reverse()
        table.rows_changed()
        await settle(pilot, lambda: table.cursor_index == 97)
        assert table.seen_cursor == "98"


async def test_fewer_rows_than_the_view_stood_on() -> None:
    rows = Rows(100)
    async with running(rows) as (_, table, pilot):
        await pilot.press("end")
        rows.jobs = rows.jobs[:4]
        table.rows_changed()
        await settle(pilot, lambda: "number 100 " in table.shown[1])
        assert table.seen_cursor == "97"
        assert [line.strip() for line in table.shown[5:]] == [""] * 6


async def test_the_end_comes_near_once_for_each_length() -> None:
    rows = Rows(100)
    async with running(rows) as (app, table, pilot):
        await pilot.press("pagedown", "pagedown")
        assert app.told("near end") == []
        await pilot.press("end", "up", "up", "end")
        assert app.told("near end") == ["100"]
        rows.jobs += [a_job(1_000 + seq) for seq in range(10)]
        table.rows_changed()
        await settle(pilot, lambda: app.told("near end") == ["100", "110"])


async def test_scrolling_by_the_wheel_comes_near_the_end_and_leaves_the_cursor() -> None:
    async with running(Rows(40)) as (app, table, pilot):
        table.scroll_to(y=25, animate=False)
        await pilot.pause()
        assert app.told("near end") == ["40"]
        assert table.seen_cursor is None
        assert table.cursor_key == "id40"


async def test_a_key_that_comes_before_the_next_frame_moves_from_the_job_not_from_its_old_row() -> None:
    rows = Rows(100)
    async with running(rows) as (_, table, pilot):
        await pilot.press("down")
        rows.jobs[:0] = [a_job(102), a_job(101)]
        table.rows_changed()
        table.action_cursor_down()
        assert table.cursor_key == "id98"
        await pilot.pause()
        assert table.seen_cursor == "98"


async def test_a_click_means_the_job_that_was_seen_there() -> None:
    rows = Rows(100)
    async with running(rows) as (_, table, pilot):
        await pilot.press("down")
        rows.jobs[:0] = [a_job(102), a_job(101)]
        table._order_changed = True
        await pilot.click(table, offset=(10, 5))
        assert table.cursor_key == "id96"


async def test_shown_again_it_has_the_time_of_now_and_stands_where_it_stood() -> None:
    rows = Rows(100, JobStatus.PROCESSING)
    async with running(rows) as (app, table, pilot):
        table.move_to("id50")
        await pilot.press("up", "up")
        before = [line.partition("picture")[2] for line in table.shown]
        table.display = False
        await pilot.pause()
        app.clock = START + 42
        rows.jobs[:0] = [a_job(102), a_job(101)]
        table.rows_changed()
        await settle(pilot, lambda: table.cursor_index == 50)
        table.display = True
        await settle(pilot, lambda: "0:42" in "".join(table.shown))
        assert [line.partition("picture")[2] for line in table.shown] == before
        assert table.seen_cursor == "52"


async def test_a_job_moved_to_in_a_closed_tab_is_in_view_when_it_opens() -> None:
    rows = Rows(100)
    async with running(rows) as (app, table, pilot):
        await pilot.press("end")
        table.display = False
        await pilot.pause()
        rows.jobs.insert(0, a_job(101))
        table.rows_changed()
        assert table.move_to("id101")
        await settle(pilot, lambda: app.told("highlighted")[-1] == "id101")
        table.display = True
        await settle(pilot, lambda: any("number 101 " in line for line in table.shown))
        assert table.seen_cursor == "101"


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "nord"])
async def test_every_theme_draws_it(theme: str) -> None:
    async with running(Rows(10, JobStatus.PROCESSING)) as (app, table, pilot):
        app.theme = theme
        await pilot.pause()
        assert "picture number 9 " in table.shown[2]
        assert table.seen_cursor == "10"


async def test_the_wheel_scrolls() -> None:
    async with running(Rows(100)) as (_, table, pilot):
        event = MouseScrollDown(table, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False, screen_x=5, screen_y=5)
        table.post_message(event)
        await settle(pilot, lambda: "number 100 " not in table.shown[1])
        assert table.shown[0].split()[0] == "status"


async def test_a_lane_that_stands_is_seen_in_the_rows_that_wait_for_it_and_in_no_other() -> None:
    rows = Rows(10, JobStatus.FAILED)
    rows.change("id9", status=JobStatus.HELD, hold_reason=HoldReason.READY)
    async with running(rows) as (_, table, pilot):
        assert "waiting" in table.shown[2]
        table.painted.clear()
        table.is_standing = True
        await pilot.pause()
        assert "stands" in table.shown[2]
        assert table.painted == [2]


# --- only what changed is painted -----------------------------------------------------------------------------------


async def test_only_visible_rows_that_look_different_are_painted() -> None:
    rows = Rows(100)
    async with running(rows) as (_, table, pilot):
        table.painted.clear()
        rows.change("id97", status=JobStatus.QUEUED)
        rows.change("id96", last_checked_at=START + 5)
        rows.change("id20", status=JobStatus.QUEUED)
        table.keys_changed(["id97", "id96", "id20"])
        await settle(pilot, lambda: "queued" in table.shown[4])
        assert table.painted == [4]


async def test_many_changes_are_one_repaint_a_frame() -> None:
    rows = Rows(100)
    async with running(rows) as (_, table, pilot):
        rows.change("id97", status=JobStatus.QUEUED)
        table.keys_changed(["id97"])
        await settle(pilot, lambda: "queued" in table.shown[4])
        table.painted.clear()
        for number in range(500):
            rows.change("id97", status=JobStatus.PROCESSING, gateway_status=f"STEP{number}")
            table.keys_changed(["id97"])
        await settle(pilot, lambda: "step499" in table.shown[4])
        assert table.painted == [4]


async def test_the_clock_paints_only_visible_rows_whose_text_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchored, "CLOCK_S", 0.01)
    rows = Rows(100)
    rows.change("id98", status=JobStatus.PROCESSING, submitted_at=START)
    rows.change("id95", status=JobStatus.PROCESSING, submitted_at=START - 0.5)
    rows.change("id10", status=JobStatus.PROCESSING)
    async with running(rows) as (app, table, pilot):
        assert "0:00" in table.shown[3]
        table.painted.clear()
        app.clock = START + 0.7
        await settle(pilot, lambda: "0:01" in table.shown[6])
        assert table.painted == [6]
        app.clock = START + 1.0
        await settle(pilot, lambda: "0:01" in table.shown[3])
        assert table.painted == [6, 3]


async def test_without_a_running_row_in_view_no_clock_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchored, "CLOCK_S", 0.01)
    asked = 0
    rows = Rows(100)
    rows.change("id10", status=JobStatus.PROCESSING)
    async with running(rows) as (app, table, pilot):

        def now() -> float:
            nonlocal asked
            asked += 1
            return app.clock

        table._now = now
        # Twenty turns of a real clock that would tick a hundred times as often as the second.
        ticks: list[int] = []
        app.set_interval(0.01, lambda: ticks.append(1))
        await settle(pilot, lambda: len(ticks) >= 20)
        assert asked <= 1
        table.move_to("id10")
        before = asked
        await settle(pilot, lambda: asked > before + 5)
