"""The views window as a person meets it: numbers at once, a key to choose, names that can be taken back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from krea_tui.domain.errors import SearchInterrupted, StoreError
from krea_tui.domain.job import JobStatus
from krea_tui.domain.view_edits import Views
from krea_tui.domain.views import SavedView
from krea_tui.ui.screens.views import ViewsScreen
from krea_tui.ui.text_only import TextOnlyApp
from krea_tui.ui.themes import THEMES
from tests.support.waiting import wait_until_async

OWN = (SavedView("fog at night", "fog tag:night"), SavedView("best", "is:starred has:image"))
FOUND = {"": 100_000, "is:active": 19, "is:failed": 35, "since:today": 212, "is:starred": 40, "is:deleted": 3}


class Jobs:
    """A history that answers from a table, and can be told to fail."""

    def __init__(self) -> None:
        self.now: dict[JobStatus, int] = {JobStatus.COMPLETED: 99_120, JobStatus.HELD: 12}
        self.asked: list[str] = []
        self.kept: list[Views] = []
        self.failures: list[Exception] = []
        self.full = False
        self.listeners: list[Callable[[], None]] = []

    @property
    def counts(self) -> Mapping[JobStatus, int]:
        return self.now

    async def count(self, query: str) -> int | None:
        self.asked.append(query)
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop()
        return FOUND.get(query, 7)

    async def keep_views(self, views: Views) -> None:
        if self.full:
            raise StoreError("the disk is full")
        self.kept.append(views)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


class Hands:
    def __init__(self, app: TextOnlyApp, pilot: Pilot[str], jobs: Jobs) -> None:
        self.app = app
        self.pilot = pilot
        self.jobs = jobs
        self.results: list[str | None] = []

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def said(self) -> str:
        return str(self.app.screen.query_one("#views-said", Static).content)

    def line_of(self, words: str) -> str:
        return next(line for line in self.lines if words in line)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        await wait_until_async(condition, 10, what)


@asynccontextmanager
async def opened(
    filter_text: str = "",
    views: Views = OWN,
    *,
    size: tuple[int, int] = (80, 24),
    plain: bool = False,
    theme: int = 0,
    jobs: Jobs | None = None,
) -> AsyncIterator[Hands]:
    jobs = jobs or Jobs()
    app = TextOnlyApp()
    async with app.run_test(size=size) as pilot:
        for each in THEMES:
            app.register_theme(each)
        app.theme = THEMES[theme].name
        hands = Hands(app, pilot, jobs)
        app.push_screen(ViewsScreen(jobs, filter_text, views, plain=plain), hands.results.append)
        await pilot.pause()
        yield hands


async def test_it_shows_at_once_what_stands_where() -> None:
    async with opened() as hands:
        assert hands.line_of("held").split()[-2:] == ["12", "│"]
        assert hands.line_of("completed").split()[-2:] == ["99,120", "│"]
        assert hands.line_of("sending").split()[-2:] == ["-", "│"]
        await hands.until(lambda: "35" in hands.line_of("3 failed"), "the number of failed ones")
        assert "100,000" in hands.line_of("1 all")
        assert "7" in hands.line_of("7 fog at night")
        assert set(FOUND) <= set(hands.jobs.asked)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("theme", [0, 1])
async def test_everything_is_in_sight_at_every_size(size: tuple[int, int], theme: int) -> None:
    many = tuple(SavedView(f"view {number}", f"seed:{number}") for number in range(60))
    async with opened("fog", many, size=size, theme=theme) as hands:
        for words in ("1 all", "6 trash", "? unconfirmed", "· cancelled", "Save (s)", "Close (q)", "on now: fog"):
            assert words in hands.text
        await hands.press("end")
        assert "view 59" in hands.text
        assert "filters by seed:59" in hands.text


async def test_plain_mode_has_no_glyphs() -> None:
    async with opened(plain=True) as hands:
        assert "x failed" in hands.text
        assert "+ completed" in hands.text


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        (("3",), "is:failed"),
        (("1",), ""),
        (("7",), "fog tag:night"),
        (("enter",), ""),
        (("down", "j", "k", "enter"), "is:active"),
        (("right", "down", "enter"), "status:processing"),
        (("tab", "enter"), "status:sending"),
        (("right", "left", "down", "enter"), "is:active"),
        (("escape",), None),
        (("q",), None),
        (("f",), None),
    ],
)
async def test_keys_choose_and_leave(keys: tuple[str, ...], result: str | None) -> None:
    async with opened("seed:1") as hands:
        await hands.press(*keys)
        assert hands.results == [result]


async def test_a_number_without_a_view_does_nothing() -> None:
    async with opened() as hands:
        await hands.press("9")
        assert hands.results == []


async def test_the_mouse_chooses_and_leaves() -> None:
    async with opened() as hands:
        await hands.pilot.click("#statuses", offset=(3, 4))
        await hands.pilot.pause()
        assert hands.results == ["status:held"]
    async with opened() as hands:
        await hands.pilot.click("#views-list", offset=(5, 4))
        await hands.pilot.pause()
        assert hands.results == ["is:starred"]
    async with opened() as hands:
        await hands.pilot.click("#views-close")
        await hands.pilot.pause()
        assert hands.results == [None]


async def test_the_cursor_starts_on_the_view_that_is_on() -> None:
    async with opened("is:starred has:image") as hands:
        assert "filters by is:starred has:image" in hands.text
        await hands.press("right", "down")
        assert "filters by status:processing" in hands.text


async def test_the_filter_is_saved_under_a_name_and_chosen_by_its_number() -> None:
    async with opened("seed:42 -is:muted") as hands:
        await hands.press("s")
        assert hands.app.screen.query_one("#views-name", Input).value == "seed:42 -is:muted"
        await hands.press(*"answers", "enter")
        new = SavedView("answers", "seed:42 -is:muted")
        assert hands.jobs.kept == [(*OWN, new)]
        assert "9 answers" in hands.text
        assert hands.said == "Saved: answers."
        await hands.press("9")
        assert hands.results == ["seed:42 -is:muted"]


async def test_without_a_filter_there_is_nothing_to_save() -> None:
    async with opened() as hands:
        await hands.press("s")
        assert "There is no filter to save" in hands.said
        assert hands.jobs.kept == []


async def test_a_name_that_is_taken_is_refused_and_escape_changes_nothing() -> None:
    async with opened("fog") as hands:
        await hands.press("s", *"trash", "enter")
        assert "trash is a view of its own" in hands.said
        assert hands.jobs.kept == []
        await hands.press("escape")
        assert "on now: fog" in hands.said
        assert hands.results == []
        await hands.press("escape")
        assert hands.results == [None]


async def test_a_view_is_renamed_deleted_and_brought_back() -> None:
    async with opened() as hands:
        await hands.press("end", "r", *"finest", "enter")
        await hands.press("d")
        assert "finest" not in hands.text.replace("Deleted: finest", "")
        await hands.press("z", "z")
        finest = (OWN[0], SavedView("finest", OWN[1].query))
        assert hands.jobs.kept == [finest, OWN[:1], finest, OWN]
        assert "8 best" in hands.text
        await hands.press("z")
        assert "Nothing was changed" in hands.said


async def test_the_same_by_mouse() -> None:
    async with opened("fog") as hands:
        await hands.pilot.click("#views-save")
        await hands.pilot.pause()
        await hands.press(*"mist")
        await hands.pilot.click("#views-save")
        await hands.pilot.pause()
        assert hands.jobs.kept[-1][-1] == SavedView("mist", "fog")
        await hands.pilot.click("#views-delete")
        await hands.pilot.pause()
        assert hands.jobs.kept[-1] == OWN
        await hands.pilot.click("#views-undo")
        await hands.pilot.pause()
        assert len(hands.jobs.kept[-1]) == 3


@pytest.mark.parametrize("key", ["r", "d"])
async def test_the_built_in_views_stay(key: str) -> None:
    async with opened() as hands:
        await hands.press(key)
        assert "That view is always here" in hands.said
        assert hands.jobs.kept == []


async def test_it_follows_the_jobs_and_stops_when_it_closes() -> None:
    async with opened() as hands:
        hands.jobs.now[JobStatus.PROCESSING] = 1_234
        [listener] = hands.jobs.listeners
        asked = len(hands.jobs.asked)
        listener()
        await hands.until(lambda: "1,234" in hands.line_of("processing"), "the new number")
        await hands.until(lambda: len(hands.jobs.asked) > asked, "another count")
        await hands.press("q")
        assert hands.jobs.listeners == []


async def test_a_count_that_was_interrupted_is_made_again() -> None:
    jobs = Jobs()
    jobs.failures.append(SearchInterrupted("a newer search"))
    async with opened(jobs=jobs) as hands:
        await hands.until(lambda: "35" in hands.line_of("3 failed"), "the numbers after all")
        assert "newer" not in hands.text


async def test_a_history_that_cannot_be_read_or_written_is_said() -> None:
    jobs = Jobs()
    jobs.failures.append(StoreError("the disk is gone"))
    async with opened("fog", jobs=jobs) as hands:
        await hands.until(lambda: "the disk is gone" in hands.said, "the trouble")
        jobs.full = True
        await hands.press("end", "d")
        await hands.until(lambda: [each.message for each in hands.app._notifications] == ["the disk is full"], "it")


async def test_names_and_queries_are_text() -> None:
    nasty = (SavedView("[red]x[/sad]\x1b[31m", "[red]y[/sad]\u202e"),)
    async with opened("[b]z", nasty) as hands:
        await hands.press("end")
        assert "[red]x[/sad]" in hands.text
        assert "filters by [red]y[/sad]" in hands.text
        assert "on now: [b]z" in hands.text
        assert "\x1b" not in hands.text
        await hands.press("r", "enter")
        assert "is now [red]x[/sad]" in hands.said
