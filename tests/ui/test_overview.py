"""The overview: what it says at every size, that it lives while it is open, what can be ordered, how it is left."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.theme import Theme

from krea_tui.config.settings import Settings
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.engine.health import Gauges, Pause, PauseReason
from krea_tui.ui.screens.dialog import READ_S, Confirm
from krea_tui.ui.screens.overview import Order, OverviewScreen
from krea_tui.ui.themes import DARK, LIGHT
from krea_tui.ui.widgets.sheet import Sheet
from tests.support.waiting import wait_until_async
from tests.ui.app_support import GATEWAY, NOW, plan_for, settings_with
from tests.ui.whole_app import WholeApp, busy_hour, numbered

REPORT_DIR = os.environ.get("TEXTUAL_SNAPSHOT_TEMPDIR", "")
Compare = Callable[..., bool]
TAKEN = "webhook.port: port 8765 is taken by another program, so no callbacks are received"


@dataclass
class Open:
    app: WholeApp
    pilot: Pilot[None]

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def sheet(self) -> str:
        return self.app.screen.query_one(Sheet).text

    def row(self, label: str) -> str:
        return next(line.removeprefix(label).strip() for line in self.sheet.splitlines() if line.startswith(label))

    async def until(self, condition: Callable[[], object], what: str) -> None:
        await wait_until_async(condition, 10, what)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause(0.15)


def trouble(app: WholeApp) -> None:
    """A gateway that was crossed at times."""
    health = app.session.book.health
    health.rate_per_s, health.configured_rate_per_s = 0.5, 1.0
    for second in range(50):
        health.requests.add(NOW - second, NOW)
    for seconds in (240, 900, 1_000, 4_000):
        health.rate_limits.add(NOW - seconds, NOW)
    health.rate_limited_at = NOW - 240
    health.next_check_at, health.last_answer_at = NOW + 4, NOW - 2


@asynccontextmanager
async def overview(
    jobs: list[Job] | None = None,
    size: tuple[int, int] = (120, 40),
    *,
    settings: Settings | None = None,
    is_demo: bool = False,
    now: Callable[[], float] = lambda: NOW,
) -> AsyncIterator[Open]:
    plan = plan_for(settings=settings, is_demo=is_demo)
    app = WholeApp(plan, busy_hour("demo" if is_demo else GATEWAY) if jobs is None else jobs, now)
    trouble(app)
    async with app.run_test(size=size, notifications=True) as pilot:
        app.open_overview()
        await pilot.pause()
        yield Open(app, pilot)


# --- what it says ----------------------------------------------------------------------------------------------------


async def test_it_says_where_every_job_stands_and_when_the_batches_are_over() -> None:
    async with overview() as shown:
        assert shown.row("jobs") == "101,537 in the history"
        for count in ("202 held", "2 queued", "8 processing", "1 unconfirmed", "12 failed", "12 cancelled"):
            assert count in shown.sheet
        assert shown.row("ended") == "4.3/min lately   312 in the last hour"
        assert "0 of 23, about 20 min, 3 held" in shown.row("batches")
        assert "━━━━━━━━━─────── 312 of 500, 12 failed, about 18 min" in shown.sheet


async def test_what_is_held_is_counted_and_summed_by_its_reason() -> None:
    async with overview() as shown:
        assert shown.row("held").split()[:2] == ["198", "$11.88"]
        assert "waiting for their turn, about 20 min" in shown.sheet
        assert "3    $0.18   after 402" in shown.sheet
        assert "1    $0.06   left over" in shown.sheet
        shown.app.session.book.health.stand(Pause(PauseReason.MONEY, "402 from the gateway", "Top up, then resume."))
        shown.app.session.book.touch()
        await shown.until(lambda: "nothing is sent: 402 from the gateway. Top up" in shown.sheet, "the pause")
        assert "about" not in shown.row("held")


async def test_it_says_how_the_gateway_does() -> None:
    async with overview() as shown:
        assert shown.row("gateway") == "● gateway.example"
        assert shown.row("requests") == "50 in the last minute, 30 allowed (slowed down from 60)"
        assert shown.row("429") == "3 in the last hour, the last one 4 min ago"
        assert shown.row("breaker") == "closed: checks go through"
        assert shown.row("checks") == "next one in 4 s, last answer 2 s ago"
        assert shown.row("callbacks") == "off: jobs are checked in their turn"


async def test_a_receiver_that_cannot_listen_is_told_in_full() -> None:
    async with overview(size=(80, 40)) as shown:
        shown.app.session.book.health.callbacks_trouble = TAKEN
        shown.app.session.book.touch()
        await shown.until(lambda: shown.row("callbacks").startswith("webhook.port: port 8765 is taken"), "the trouble")
        assert "received" in shown.sheet.splitlines()[-1]


async def test_the_breaker_counts_down_and_then_tries() -> None:
    clock = [NOW]
    async with overview(now=lambda: clock[0]) as shown:
        health = shown.app.session.book.health
        health.breaker_until, health.breaker_words = NOW + 12, "503 from the gateway"
        await shown.until(lambda: shown.row("breaker") == "open, next try in 12 s: 503 from the gateway", "the breaker")
        assert shown.row("checks") == "last answer 2 s ago"
        clock[0] = NOW + 5
        await shown.until(lambda: "next try in 7 s" in shown.sheet, "the clock")
        clock[0] = NOW + 20
        await shown.until(lambda: "open, trying now" in shown.sheet, "the probe")


async def test_a_follower_shows_what_the_other_one_told() -> None:
    async with overview() as shown:
        health = shown.app.session.book.health
        health.is_follower = True
        health.told = Gauges(2.0, 2.0, 33, 1, NOW - 30, NOW - 7)
        await shown.until(lambda: "another window sends" in shown.row("gateway"), "the other window")
        assert shown.row("requests") == "33 in the last minute, 120 allowed"
        assert shown.row("429") == "1 in the last hour, the last one 30 s ago"
        assert shown.row("checks") == "last answer 7 s ago"


async def test_the_demo_names_no_sums() -> None:
    async with overview(is_demo=True) as shown:
        assert "$" not in shown.sheet
        assert "waiting for their turn" in shown.sheet


async def test_an_empty_history_has_an_overview_too() -> None:
    async with overview([]) as shown:
        assert "batches" not in shown.sheet
        assert shown.row("held") == "nothing waits"
        assert shown.row("ended") == "none lately   0 in the last hour"


async def test_plain_marks_are_ascii() -> None:
    jobs = [numbered(n, batch_id="b") for n in range(1, 5)] + [numbered(9, JobStatus.COMPLETED, batch_id="b")]
    async with overview(jobs, settings=settings_with(screen={"plain": True})) as shown:
        assert shown.sheet.isascii()
        assert "###............. 1 of 5" in shown.sheet
        assert "= 4 held" in shown.sheet


# --- how it lives ----------------------------------------------------------------------------------------------------


async def test_it_lives_while_it_is_open() -> None:
    async with overview() as shown:
        done = numbered(330, JobStatus.COMPLETED, batch_id="one", revision=9_000)
        shown.app.put(done)
        await shown.until(lambda: "313 of 500" in shown.sheet, "the job that ended")
        assert "313 in the last hour" in shown.row("ended")


async def test_only_lines_that_changed_are_painted_again() -> None:
    clock = [NOW]
    async with overview(now=lambda: clock[0]) as shown:
        await shown.pilot.pause()
        sheet = shown.app.screen.query_one(Sheet)
        asked: list[int] = []
        render_line = sheet.render_line

        def counted(y: int) -> object:
            asked.append(y)
            return render_line(y)

        sheet.render_line = counted  # type: ignore[method-assign,assignment]
        clock[0] = NOW + 1
        await shown.until(lambda: shown.row("checks").startswith("next one in 3 s"), "the clock")
        await shown.pilot.pause()
        rows = {shown.sheet.splitlines()[y].split()[0] for y in asked}
        assert "checks" in rows
        assert rows <= {"checks", "requests", "batches", "held", "▁"}
        assert len(asked) <= 6


@pytest.mark.parametrize("size", [(80, 24), (80, 20), (60, 16), (200, 60)])
async def test_at_every_size_the_way_out_is_in_sight_and_the_rest_scrolls_into_it(size: tuple[int, int]) -> None:
    async with overview(size=size) as shown:
        await shown.until(lambda: "Overview" in shown.text, "the window")
        assert all(cell_len(line) == size[0] for line in shown.lines)
        await shown.press("end")
        await shown.until(lambda: "callbacks" in shown.text, "the end of the sheet")
        if size[0] >= 80:
            assert "Close (q)" in shown.text
            assert "Pause (p)" in shown.text


# --- what can be ordered ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "order"), [("p", Order.PAUSE), ("l", Order.RELEASE), ("u", Order.RESOLVE)])
async def test_orders_are_given_by_key_and_by_mouse(key: str, order: Order) -> None:
    async with overview(size=(80, 24)) as shown:
        await shown.press(key)
        await shown.pilot.click(f"#overview-{order.value}")
        await shown.pilot.pause()
        assert shown.app.orders == [order, order]
        assert isinstance(shown.app.screen, OverviewScreen)


async def test_what_cannot_be_ordered_is_not_offered() -> None:
    async with overview([numbered(1, JobStatus.COMPLETED)]) as shown:
        assert "Pause (p)" in shown.text
        for word in ("Left over", "Resolve", "Cancel held"):
            assert word not in shown.text
        await shown.press("x")
        assert isinstance(shown.app.screen, OverviewScreen)


@pytest.mark.parametrize("reason", [PauseReason.PERSON, PauseReason.CAP])
async def test_what_stands_can_go_on(reason: PauseReason) -> None:
    async with overview() as shown:
        shown.app.session.book.health.stand(Pause(reason, "words"))
        shown.app.session.book.health.pause = Pause(reason, "words")
        shown.app.session.book.touch()
        await shown.until(lambda: "Resume (p)" in shown.text, "the other word")


async def test_all_that_is_held_is_cancelled_after_a_question_with_count_and_sum() -> None:
    cancelled: list[str] = []

    class Engine:
        async def withdraw(self, ids: list[str]) -> list[str]:
            cancelled.extend(ids)
            return ids

    async def engine() -> Engine:
        return Engine()

    other = numbered(9, profile="https://other.example")
    jobs = [numbered(1), numbered(2, hold_reason=HoldReason.PAUSED), numbered(3, JobStatus.QUEUED), other]
    async with overview(jobs) as shown:
        shown.app.session.engine = engine  # type: ignore[method-assign,assignment]
        await shown.press("x")
        await shown.until(lambda: isinstance(shown.app.screen, Confirm), "the question")
        assert "Cancel all 2 held jobs, $0.12?" in shown.text
        await shown.press("n")
        assert cancelled == []
        await shown.pilot.click("#overview-cancel")
        await shown.until(lambda: isinstance(shown.app.screen, Confirm), "the question again")
        await shown.pilot.pause(READ_S)
        await shown.pilot.click("#yes")
        await shown.until(lambda: sorted(cancelled) == [jobs[0].id, jobs[1].id], "the order")


# --- how it is left --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["escape", "q", "w", "click"])
async def test_it_is_left_by_keys_and_by_mouse(way: str) -> None:
    async with overview(size=(80, 24)) as shown:
        if way == "click":
            await shown.pilot.click("#overview-close")
        else:
            await shown.press(way)
        await shown.until(lambda: shown.app.chosen == [None], "the way out")


@pytest.mark.parametrize(
    ("words", "query"),
    [("12 failed", "status:failed"), ("8 processing", "status:processing"), ("312 of 500", "batch:one")],
)
async def test_a_click_leaves_with_the_search_for_what_was_clicked(words: str, query: str) -> None:
    async with overview() as shown:
        y, at = next((y, line.index(words)) for y, line in enumerate(shown.lines) if words in line)
        await shown.pilot.click(offset=(at, y))
        await shown.until(lambda: shown.app.chosen == [query], "the search")


# --- what it looks like ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_its_looks(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, theme: Theme, size: tuple[int, int]) -> None:
    monkeypatch.setenv("TEXTUAL_SNAPSHOT_TEMPDIR", REPORT_DIR)
    app = WholeApp(plan_for(), busy_hour(GATEWAY), lambda: NOW)
    trouble(app)

    async def run_before(pilot: Pilot[None]) -> None:
        app.theme = theme.name
        app.open_overview()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=run_before)
