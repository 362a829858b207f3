"""The Spend window: what it adds up, how it is opened and left, that it follows the jobs, and what it looks like."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from krea_tui.config.settings import Settings
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.domain.spending import report_of
from krea_tui.engine.clock import SystemClock
from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from krea_tui.terminal import TerminalCapabilities
from krea_tui.ui.app import StudioApp
from krea_tui.ui.screens.dialog import Confirm
from krea_tui.ui.screens.spend import SpendScreen
from krea_tui.ui.themes import DARK, LIGHT
from krea_tui.ui.widgets.status_bar import StatusBar
from tests.ui.app_support import (
    GATEWAY,
    NOW,
    Gateway,
    Running,
    StillSession,
    a_job,
    plan_for,
    remember,
    settings_with,
    studio,
)

DAY_S = 86_400
CAPS = {"daily_cap_microusd": 5_000_000, "batch_cap_microusd": 2_000_000}
REPORT_DIR = os.environ.get("TEXTUAL_SNAPSHOT_TEMPDIR", "")

Compare = Callable[..., bool]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour(latency_s=600.0))
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


def some_weeks(profile: str = GATEWAY) -> list[Job]:
    """Busy days and idle ones over three weeks, and a today with every kind of charge."""
    counts = {0: 22, 1: 30, 2: 8, 4: 61, 5: 3, 6: 44, 9: 12, 10: 70, 13: 1, 19: 25}
    jobs = [
        a_job(f"d{day:02d}n{number:06d}", JobStatus.COMPLETED, attempted_at=NOW - day * DAY_S - 60, profile=profile)
        for day, count in counts.items()
        for number in range(count)
    ]
    four_days_ago: dict[str, object] = {"attempted_at": NOW - 4 * DAY_S}
    more: list[tuple[JobStatus, dict[str, object]]] = [
        *((JobStatus.PROCESSING, {}) for _ in range(4)),
        (JobStatus.UNCONFIRMED, {}),
        (JobStatus.FAILED, {"price_microusd": 65_000}),
        (JobStatus.ERROR, {}),
        *((JobStatus.FAILED, four_days_ago) for _ in range(3)),
    ]
    jobs += [
        a_job(f"more{number:06d}", status, **{"attempted_at": NOW - 30, "profile": profile, **changes})
        for number, (status, changes) in enumerate(more)
    ]
    return [*jobs, *(a_job(f"held{number:06d}", JobStatus.HELD, profile=profile) for number in range(3))]


def sheet(app: Running) -> str:
    return str(app.screen.query_one("#spend-sheet", Static).content)


async def opened(app: Running) -> None:
    await app.until(lambda: isinstance(app.screen, SpendScreen) and "all time" in sheet(app), "the sheet")


def line_of(app: Running, label: str) -> list[str]:
    return next(line.removeprefix(label).split() for line in sheet(app).splitlines() if line.startswith(label))


# --- what it says ----------------------------------------------------------------------------------------------------


async def test_it_adds_up_the_history_and_says_what_the_caps_leave() -> None:
    plan = plan_for(settings=settings_with(money=CAPS))
    remember(plan.locations, some_weeks())
    async with studio(plan, now=lambda: NOW, is_still=True) as app:
        await app.press("escape", "dollar_sign")
        await opened(app)
        assert line_of(app, "today ") == ["$1.32", "$0.24", "$0.125", "$1.685", "28"]
        assert line_of(app, "7 days") == ["$10.08", "$0.24", "$0.305", "$10.625", "177"]
        assert line_of(app, "this month") == line_of(app, "all time") == ["$16.56", "$0.24", "$0.305", "$17.105", "285"]
        assert line_of(app, "held")[:3] == ["$0.18", "3", "jobs"]
        assert "$3.315 left today, $3.135 after what is held" in sheet(app)
        assert "a batch over $1.00 asks first" in sheet(app)
        days = sheet(app).partition("by day")[2].splitlines()[1:]
        assert len(days) == 20
        assert days[0].startswith("today")
        assert days[3].split()[:3] == ["Thu", "19", "Nov"]
        assert "━" not in days[3]
        assert "╍┄" in days[0]


async def test_without_caps_it_says_how_to_set_one() -> None:
    async with studio(plan_for(), now=lambda: NOW, is_still=True) as app:
        await app.press("escape", "dollar_sign")
        await opened(app)
        assert "none  set money.daily_cap_usd" in sheet(app)
        assert "nothing waits" in sheet(app)
        assert len(sheet(app).partition("by day")[2].splitlines()) == 8


async def test_the_demo_says_that_nothing_is_spent() -> None:
    plan = plan_for(is_demo=True, settings=settings_with(money=CAPS))
    remember(plan.locations, some_weeks("demo"))
    async with studio(plan, now=lambda: NOW, is_still=True) as app:
        await app.press("escape", "dollar_sign")
        await opened(app)
        assert sheet(app).startswith("The demo spends nothing")
        assert "cap" not in sheet(app)


async def test_plain_marks_are_ascii() -> None:
    plan = plan_for(settings=settings_with(screen={"plain": True}, money=CAPS))
    remember(plan.locations, some_weeks())
    async with studio(plan, now=lambda: NOW, is_still=True) as app:
        await app.press("escape", "dollar_sign")
        await opened(app)
        assert sheet(app).isascii()
        assert "##" in sheet(app)


# --- how it is opened, followed and left -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_click_on_the_money_opens_it(size: tuple[int, int]) -> None:
    async with studio(plan_for(), size, is_still=True) as app:
        at = app.status.index("today")
        await app.pilot.click(StatusBar, offset=(at - 2, 0))
        assert app.screen is app.workbench
        await app.pilot.click(StatusBar, offset=(at + 1, 0))
        await opened(app)


@pytest.mark.parametrize("way", ["escape", "q", "dollar_sign", "click"])
async def test_it_is_left_by_keys_and_by_mouse(way: str) -> None:
    async with studio(plan_for(), (80, 24), is_still=True) as app:
        await app.press("escape", "dollar_sign")
        await opened(app)
        if way == "click":
            await app.pilot.click("#spend-close")
        else:
            await app.press(way)
        await app.until(lambda: app.screen is app.workbench, "the workbench")


async def test_where_there_is_no_room_the_sheet_scrolls_and_the_way_out_stays() -> None:
    plan = plan_for()
    remember(plan.locations, some_weeks())
    async with studio(plan, (80, 20), now=lambda: NOW, is_still=True) as app:
        await app.press("escape", "dollar_sign")
        await opened(app)
        await app.until(lambda: "Close (q)" in app.text, "the way out")
        assert "Tue  3 Nov" not in app.text
        await app.press("end")
        await app.until(lambda: "Tue  3 Nov" in app.text and "Close (q)" in app.text, "the end of the sheet")


async def test_in_a_text_field_the_key_is_a_letter() -> None:
    async with studio(plan_for(), is_still=True) as app:
        await app.press("dollar_sign")
        assert app.screen is app.workbench
        assert app.form.draft.prompt == "$"


async def test_it_follows_the_jobs_while_it_is_open(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    async with studio(plan) as app:
        await app.press("escape", "dollar_sign")
        await opened(app)
        assert line_of(app, "today ") == ["-"] * 5
        engine = await app.app.session.engine()
        [job] = await app.app.session.submit([replace(a_job("x").request)])
        await app.until(lambda: line_of(app, "today ") == ["-", "$0.06", "-", "$0.06", "1"], "the job on its way")
        await engine.pause()
        [held] = await app.app.session.submit([replace(a_job("x").request, seed=1)])
        await app.until(lambda: line_of(app, "held")[:2] == ["$0.06", "1"], "the held one")
        assert job.id != held.id


async def test_it_follows_what_another_process_does(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    [job] = remember(plan.locations, [a_job("held000001", JobStatus.HELD, profile=gateway.url)])
    async with studio(plan) as app:
        await app.press("escape", "dollar_sign")
        await opened(app)
        assert line_of(app, "held")[:2] == ["$0.06", "1"]
        remember(plan.locations, [a_job("new0000001", JobStatus.FAILED, profile=gateway.url, attempted_at=NOW * 2)])
        await app.until(lambda: line_of(app, "today ")[2:] == ["$0.06", "$0.06", "1"], "the other's job")
        assert job.id == "held000001"


# --- a cap that holds ------------------------------------------------------------------------------------------------


class Calendar(SystemClock):
    """The real clock, some days on."""

    days = 0

    def now(self) -> float:
        return super().now() + self.days * DAY_S


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> type[Calendar]:
    monkeypatch.setattr("krea_tui.studio.SystemClock", Calendar)
    monkeypatch.setattr(Calendar, "days", 0)
    return Calendar


async def send(app: Running, count: int) -> None:
    """Order so many pictures in the form."""
    app.form.draft = replace(app.form.draft, prompt="paper boats", seed="100", count=str(count))
    await app.press("ctrl+j")
    await app.until(lambda: len(app.jobs) == count, "the jobs")


async def test_a_reached_cap_says_both_sums_and_goes_on_the_next_day(
    gateway: Gateway, calendar: type[Calendar]
) -> None:
    plan = plan_for(gateway.url, settings=settings_with(money={"daily_cap_microusd": 130_000}))
    async with studio(plan) as app:
        await send(app, 4)
        await app.until(lambda: "daily cap reached · Esc p resumes tomorrow" in app.status, "the alarm")
        await app.until(lambda: "today $0.12 / $0.13" in app.status, "both sums")
        held = next(job for job in app.jobs if job.hold_reason is HoldReason.CAP)
        assert any("held" in line and "daily cap" in line for line in app.lines)
        await app.select(held)
        await app.until(lambda: "the day's cap is reached: $0.12 of $0.13" in app.text, "both sums in the preview")
        assert "Press p tomorrow, or raise the cap in the settings" in app.text

        await app.press("p")
        await app.says("Nothing is sent: the day's cap is reached: $0.12 of $0.13. Resume tomorrow, or raise")
        assert "daily cap reached" in app.status
        assert gateway.posts == 2

        calendar.days = 1
        await app.until(lambda: "the daily cap has room · p resumes" in app.status, "the next day")
        await app.until(lambda: "today $0.00 / $0.13" in app.status, "a new sum")
        assert gateway.posts == 2
        await app.press("p")
        await app.until(lambda: gateway.posts == 4, "the rest")
        await app.until(lambda: sum(bool(job.request_id) for job in app.jobs) == 4, "their answers")


async def test_going_on_is_not_promised_where_the_cap_holds_all_the_same(gateway: Gateway) -> None:
    plan = plan_for(gateway.url, settings=settings_with(money={"daily_cap_microusd": 70_000}))
    remember(plan.locations, [a_job("spent00001", JobStatus.FAILED, profile=gateway.url, attempted_at=NOW * 2)])
    async with studio(plan) as app:
        await app.to_jobs()
        await app.press("p")
        await app.says("Sending is paused")
        await app.until(lambda: "today $0.06 / $0.07" in app.status, "what was spent")
        await app.app.session.submit([replace(a_job("x").request)])
        await app.until(lambda: "1 held" in app.status, "the held job")
        await app.press("p")
        await app.says("Nothing is sent: the day's cap is reached: $0.06 of $0.07")
        assert not any("Sending goes on" in notice for notice in app.notices)
        assert gateway.posts == 0


async def test_what_a_cap_held_is_shown_at_the_next_start_and_goes_when_the_person_says_so(gateway: Gateway) -> None:
    capped = plan_for(gateway.url, settings=settings_with(money={"daily_cap_microusd": 130_000}))
    async with studio(capped) as app:
        await send(app, 3)
        await app.until(lambda: "daily cap reached" in app.status, "the alarm")
        await app.until(lambda: any(job.hold_reason is HoldReason.CAP for job in app.jobs), "the held job")
    async with studio(plan_for(gateway.url)) as app:
        await app.until(lambda: "‖ 1 job held, $0.06" in app.text, "the banner")
        await app.press("escape", "p")
        await app.until(lambda: "Send 1 held job now, for $0.06?" in app.text, "the question")
        await app.press("n")
        assert gateway.posts == 2
        await app.press("p")
        await app.until(lambda: isinstance(app.screen, Confirm), "the question again")
        await app.press("y")
        await app.until(lambda: gateway.posts == 3, "its sending")
        await app.until(lambda: "held, $0.06" not in app.text, "no banner")


async def test_the_question_before_a_batch_of_the_demo_says_that_nothing_is_spent(gateway: Gateway) -> None:
    async with studio(plan_for(gateway.url, is_demo=True)) as app:
        app.form.draft = replace(app.form.draft, prompt="paper boats", seed="100", count="17")
        await app.press("ctrl+j")
        await app.until(lambda: isinstance(app.screen, Confirm), "the question")
        assert "This is the demo: nothing is spent." in app.text


# --- what it looks like ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "theme"),
    [("80x24", "dark"), ("80x24", "light"), ("120x40", "dark"), ("120x40", "light"), ("200x60", "dark")],
)
def test_what_was_spent(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, size: str, theme: str) -> None:
    monkeypatch.setenv("TEXTUAL_SNAPSHOT_TEMPDIR", REPORT_DIR)
    themes = {"dark": DARK.name, "light": LIGHT.name}
    settings: Settings = settings_with(money=CAPS, screen={"theme": themes[theme]})
    plan = plan_for(settings=settings)
    remember(plan.locations, some_weeks())
    app = StudioApp(plan, TerminalCapabilities(), now=lambda: NOW)
    app.session = StillSession(plan)

    async def run_before(pilot: Pilot[Any]) -> None:
        running = Running(app, pilot)
        await running.furnished()
        await running.counted(len(some_weeks()))
        await running.press("escape", "dollar_sign")
        await opened(running)
        app.session.book.ledger = report_of(await app.session.spending(), NOW).ledger
        app.session.book.touch()
        await pilot.pause()

    width, height = map(int, size.split("x"))
    assert snap_compare(app, terminal_size=(width, height), run_before=run_before)
