"""The columns window and the sort menu: what is changed there is seen in the table at once."""

import re

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot

from krea_tui.domain.ordering import NEWEST_FIRST, Ordering, SortKey
from krea_tui.ui.live_table.layout import AUTOMATIC, ColumnLayout, Showing
from krea_tui.ui.screens.columns import ColumnsScreen
from krea_tui.ui.screens.sort import SortScreen
from krea_tui.ui.sorting import key_of
from krea_tui.ui.themes import THEMES
from krea_tui.ui.widgets.job_columns import COLUMNS
from krea_tui.ui.widgets.job_table import JobTable
from tests.support.job_tables import Rows

SIZES = [(80, 24), (120, 40), (200, 60)]


class WindowApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.table = JobTable(Rows(30), empty=Content("None yet"))
        self.results: list[object] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "krea-dark"

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]

    @property
    def shown(self) -> list[str]:
        return [spot.column.key for spot in self.table.placed_columns]

    def line_of(self, name: str) -> str:
        """What the window says in the line of a column, or of a key to sort by."""
        return self.lines[self.y_of(name)].split("│")[1]

    def y_of(self, name: str) -> int:
        line = re.compile(rf"│ +[›>]? *(\[.\] )?{name} ")
        return next((y for y, text in enumerate(self.lines) if line.search(text)), -1)


async def open_columns(pilot: Pilot[None], app: WindowApp) -> None:
    app.push_screen(ColumnsScreen(app.table), app.results.append)
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_every_column_is_a_line_that_says_whether_it_is_shown(size: tuple[int, int]) -> None:
    app = WindowApp()
    async with app.run_test(size=size) as pilot:
        await open_columns(pilot, app)
        for column in COLUMNS:
            line = app.line_of(column.name)
            if column.on_wish:
                assert "never" in line
            else:
                assert ("no room" in line) is (column.key not in app.shown)
                assert ("cells" in line) is (column.key in app.shown)
        assert any("Close (q)" in line for line in app.lines)
        await pilot.press("q")
        assert app.results == [None]


async def test_space_shows_a_column_always_then_never_then_where_there_is_room() -> None:
    app = WindowApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_columns(pilot, app)
        assert "price" not in app.shown
        index = [column.key for column in COLUMNS].index("price")
        await pilot.press(*["down"] * index, "space")
        assert "price" in app.shown
        assert "always" in app.line_of("price")
        await pilot.press("space")
        assert "never" in app.line_of("price")
        await pilot.press("space")
        assert app.table.column_layout == AUTOMATIC
        await pilot.press("space", "escape")
        assert app.results == [AUTOMATIC.with_showing("price", Showing.ALWAYS)]
        assert any("price" in line for line in app.lines)


async def test_a_column_on_wish_is_shown_or_not() -> None:
    app = WindowApp()
    async with app.run_test(size=(120, 24)) as pilot:
        await open_columns(pilot, app)
        await pilot.press("j", "j", "j", "enter")
        assert "tags" in app.shown
        await pilot.press("enter")
        assert "tags" not in app.shown
        assert "never" in app.line_of("tags")
        await pilot.press("enter")
        assert "tags" in app.shown


async def test_one_column_always_stays() -> None:
    app = WindowApp()
    async with app.run_test(size=(120, 24)) as pilot:
        await open_columns(pilot, app)
        for _ in COLUMNS:
            await pilot.press("space", "space", "down")
        assert app.shown == ["created"]
        assert any("One column must stay" in line for line in app.lines)


async def test_columns_are_moved_and_resized_by_keys_and_all_of_it_is_taken_back() -> None:
    app = WindowApp()
    async with app.run_test(size=(120, 24)) as pilot:
        await open_columns(pilot, app)
        await pilot.press("down", "J", "shift+down", "K")
        assert app.shown[:3] == ["status", "prompt", "time"]
        await pilot.press("right", "right", "left")
        assert app.table.column_layout.width_of("time") == 15
        assert "15 cells, yours" in app.line_of("time")
        await pilot.press("0")
        assert app.table.column_layout.width_of("time") is None
        await pilot.press("z")
        assert app.table.column_layout.width_of("time") == 15
        await pilot.press(*["z"] * 9)
        assert app.table.column_layout == AUTOMATIC
        await pilot.press("J", "r")
        assert app.table.column_layout == AUTOMATIC
        await pilot.press("C")
        assert app.results == [None]


async def test_the_window_works_by_mouse_too() -> None:
    app = WindowApp()
    async with app.run_test(size=(120, 24)) as pilot:
        await open_columns(pilot, app)
        await pilot.click(offset=(40, app.y_of("tags")))
        assert "tags" in app.shown
        await pilot.click("#columns-undo")
        assert "tags" not in app.shown
        await pilot.click(offset=(40, app.y_of("tags")))
        await pilot.click("#columns-reset")
        assert app.table.column_layout == AUTOMATIC
        await pilot.click("#columns-close")
        assert app.results == [None]


async def test_what_was_changed_before_is_the_beginning() -> None:
    app = WindowApp()
    async with app.run_test(size=(120, 24)) as pilot:
        app.table.column_layout = ColumnLayout.from_text("seed=20 -price")
        await open_columns(pilot, app)
        assert "20 cells, yours" in app.line_of("seed")
        assert "never" in app.line_of("price")
        await pilot.press("escape")
        assert app.results == [None]


async def test_plain_windows_are_ascii() -> None:
    app = WindowApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.plain = True
        await open_columns(pilot, app)
        assert all(app.line_of(column.name).isascii() for column in COLUMNS)
        await pilot.press("q")
        app.push_screen(SortScreen(NEWEST_FIRST, plain=True))
        await pilot.pause()
        assert app.line_of("created").isascii()


# --- the sort menu --------------------------------------------------------------------------------------------------


async def open_sort(pilot: Pilot[None], app: WindowApp, ordering: Ordering = NEWEST_FIRST) -> None:
    app.push_screen(SortScreen(ordering), app.results.append)
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_the_menu_has_every_key_in_both_ways(size: tuple[int, int]) -> None:
    app = WindowApp()
    async with app.run_test(size=size) as pilot:
        await open_sort(pilot, app)
        assert len([line for line in app.lines if line.count("first") == 2]) == 7
        assert {key_of(column.key) for column in COLUMNS if column.can_sort} == set(SortKey)
        assert "● " in app.line_of("created")


@pytest.mark.parametrize(
    ("keys", "ordering"),
    [
        (["enter"], NEWEST_FIRST),
        (["space", "enter"], Ordering(SortKey.CREATED, descending=False)),
        (["down", "enter"], Ordering(SortKey.STATUS, descending=False)),
        (["j", "j", "right", "enter"], Ordering(SortKey.DURATION, descending=False)),
        (["down"] * 20 + ["enter"], Ordering(SortKey.PRICE, descending=True)),
        (["down", "escape"], None),
        (["down", "q"], None),
        (["down", "S"], None),
    ],
)
async def test_keys_choose_an_order(keys: list[str], ordering: Ordering | None) -> None:
    app = WindowApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_sort(pilot, app)
        await pilot.press(*keys)
        assert app.results == [ordering]


async def test_the_menu_begins_with_the_order_in_force() -> None:
    app = WindowApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_sort(pilot, app, Ordering(SortKey.PROMPT, descending=True))
        assert app.line_of("prompt").index("●") > app.line_of("prompt").index("A to Z")
        await pilot.press("enter")
        assert app.results == [Ordering(SortKey.PROMPT, descending=True)]


@pytest.mark.parametrize(
    ("words", "ordering"),
    [
        ("oldest first", Ordering(SortKey.CREATED, descending=False)),
        ("dearest first", Ordering(SortKey.PRICE, descending=True)),
        ("Z to A", Ordering(SortKey.PROMPT, descending=True)),
    ],
)
async def test_a_click_chooses_an_order(words: str, ordering: Ordering) -> None:
    app = WindowApp()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_sort(pilot, app)
        y = next(y for y, line in enumerate(app.lines) if words in line)
        await pilot.click(offset=(app.lines[y].index(words) + 1, y))
        assert app.results == [ordering]


async def test_a_click_on_close_changes_nothing() -> None:
    app = WindowApp()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_sort(pilot, app)
        await pilot.click("#sort-close")
        assert app.results == [None]
