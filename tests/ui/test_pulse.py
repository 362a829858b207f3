"""The line at the foot of the jobs: what it says, what goes first where there is no room, how seldom it is painted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.content import Content

from krea_tui.domain.job import JobStatus
from krea_tui.engine.health import Pause, PauseReason
from krea_tui.ui.widgets.pulse import BatchState, Pulse, PulseState
from krea_tui.ui.widgets.status_counts import EVERY_STATUS, GROUPS
from tests.support.waiting import wait_until_async
from tests.ui.app_support import GATEWAY, NOW, plan_for, settings_with
from tests.ui.whole_app import WholeApp, busy_hour, numbered

COUNTS = {JobStatus.HELD: 188, JobStatus.PROCESSING: 7, JobStatus.FAILED: 2, JobStatus.REJECTED: 1}
FULL = PulseState(
    COUNTS | {JobStatus.COMPLETED: 101_204},
    cells=tuple(range(20)),
    rate="22/min",
    batch=BatchState(312, 500, "about 14 min", others=2),
)


def line(state: PulseState, width: int, *, plain: bool = False) -> str:
    pulse = Pulse(plain=plain)
    pulse._state = state
    return pulse._line(width).plain


def said(app: App[None]) -> str:
    strips = app.screen_stack[0]._compositor.render_strips()
    return strips[-1].text.strip()


@pytest.mark.parametrize(
    ("width", "stays", "goes"),
    [
        (160, ("188 held", "3 failed", "101,204 completed", "22/min", "━", "312 of 500, about 14 min (+2 more)"), ()),
        (110, ("‖ 188", "✕ 3", "● 101,204", "▁", "22/min", "312 of 500, about 14 min"), ("held", "more")),
        (75, ("‖ 188", "◐ 7", "✕ 3", "● 101,204", "█ 22/min", "312 of 500, about 14 min"), ("held", "━")),
        (64, ("‖ 188", "● 101,204", "█", "312 of 500, about 14 min"), ("22/min",)),
        (48, ("‖ 188", "✕ 3", "312 of 500, about 14 min"), ("●", "▁")),
        (30, ("312 of 500, about 14 min",), ("‖",)),
    ],
)
def test_counts_and_the_end_of_the_batch_go_last(width: int, stays: tuple[str, ...], goes: tuple[str, ...]) -> None:
    words = line(FULL, width)
    assert [part for part in stays if part not in words] == []
    assert [part for part in goes if part in words] == []


@given(st.integers(0, 220), st.booleans(), st.booleans(), st.booleans())
def test_it_is_never_longer_than_its_place(width: int, plain: bool, has_batch: bool, has_counts: bool) -> None:
    state = FULL._replace(counts=FULL.counts if has_counts else {}, batch=FULL.batch if has_batch else None)
    words = line(state, width, plain=plain)
    assert len(words) <= width
    assert not plain or words.replace("…", "").isascii()


def test_every_status_is_counted_once() -> None:
    assert sorted(status for group in EVERY_STATUS for status in group.statuses) == sorted(JobStatus)
    counted = [status for group in GROUPS for status in group.statuses]
    assert sorted({*counted, JobStatus.CANCELLED}) == sorted(JobStatus)
    assert len(counted) == len(set(counted))


async def test_where_there_is_nothing_to_say_there_is_no_line() -> None:
    app = WholeApp(plan_for(), [], lambda: NOW)
    app.counts.more = {}
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert not app.query_one(Pulse).display
        app.counts.jobs.append(numbered(1))
        await wait_until_async(lambda: said(app) == "‖ 1 held", 10, "the line")


@pytest.mark.parametrize("plain", [False, True])
async def test_it_says_how_far_the_newest_batch_that_goes_is(plain: bool) -> None:
    plan = plan_for(settings=settings_with(screen={"plain": plain}))
    app = WholeApp(plan, busy_hour(GATEWAY), lambda: NOW)
    async with app.run_test(size=(200, 24)) as pilot:
        await pilot.pause()
        words = said(app)
        assert "202 held" in words
        assert "12 failed" in words
        assert "101,300 completed" in words
        assert "0 of 23, about 10 min, 3 held (+1 more)" in words
        assert words.isascii() is plain


async def test_a_click_on_a_count_chooses_its_status_and_the_rest_of_the_line_nothing() -> None:
    app = WholeApp(plan_for(), busy_hour(GATEWAY), lambda: NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        words = " " + said(app)
        await pilot.click(Pulse, offset=(words.index("✕"), 0))
        await pilot.click(Pulse, offset=(words.index("✕") - 2, 0))
        await pilot.click(Pulse, offset=(words.index("0 of 23"), 0))
        await pilot.click(Pulse, offset=(words.index("8"), 0))
        await pilot.pause()
        assert app.chosen == ["status:failed,error,rejected,not_found", "status:processing"]


async def test_it_is_painted_once_a_second_at_most_and_only_for_other_words() -> None:
    paints = ticks = 0

    class Counting(Pulse):
        def _tick(self) -> None:
            nonlocal ticks
            ticks += 1
            super()._tick()

        def render(self) -> Content:
            nonlocal paints
            paints += 1
            return super().render()

    class CountingApp(App[None]):
        CSS = "Pulse { dock: bottom; }"

        def compose(self) -> ComposeResult:
            yield Counting()

    app = CountingApp()
    async with app.run_test(size=(100, 24)) as pilot:
        pulse = app.query_one(Counting)
        pulse.tell(PulseState({JobStatus.HELD: 1}))
        await pilot.pause()
        await wait_until_async(lambda: said(app) == "‖ 1 held", 10, "the line")
        since, ticks_since = paints, ticks
        for number in range(200):
            pulse.tell(PulseState({JobStatus.HELD: 2 + number}))
            await pilot.pause()
        assert paints - since <= ticks - ticks_since + 1 < 100
        await wait_until_async(lambda: said(app) == "‖ 201 held", 10, "the last words")
        since = paints
        for _ in range(3):
            pulse._tick()
            await pilot.pause()
        assert paints == since


async def test_what_stands_says_why_and_promises_nothing() -> None:
    app = WholeApp(plan_for(), busy_hour(GATEWAY), lambda: NOW)
    async with app.run_test(size=(120, 24)) as pilot:
        await pilot.pause()
        app.session.book.health.stand(Pause(PauseReason.CAP, "the day's cap is reached"))
        await wait_until_async(lambda: "0 of 23, daily cap, 3 held" in said(app), 10, "the cap")
        assert "about" not in said(app)
        app.session.book.health.lift_pause()
        await wait_until_async(lambda: "about 10 min" in said(app), 10, "the end")
        app.session.book.health.breaker_until = NOW + 5
        await wait_until_async(lambda: "0 of 23, gateway in trouble" in said(app), 10, "the breaker")


async def test_when_the_last_job_has_ended_the_batch_is_no_longer_told() -> None:
    jobs = [numbered(1, JobStatus.PROCESSING, batch_id="b", submitted_at=NOW - 5)]
    jobs.append(numbered(2, JobStatus.COMPLETED, batch_id="b"))
    app = WholeApp(plan_for(), jobs, lambda: NOW)
    async with app.run_test(size=(120, 24)) as pilot:
        await pilot.pause()
        assert "1 of 2, under a minute" in said(app)
        app.put(numbered(1, JobStatus.COMPLETED, batch_id="b", revision=9))
        await wait_until_async(lambda: " of " not in said(app), 10, "the end of the batch")
        assert "2/min" in said(app)
