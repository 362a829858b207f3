"""The live table by itself: rows of anything, columns of anything, and nothing of jobs."""

from operator import attrgetter
from typing import NamedTuple

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

import krea_tui.ui.live_table as package
from krea_tui.ui.live_table import Column, LiveTable, Moment, Piece
from krea_tui.ui.live_table.messages import Opened


class Place(NamedTuple):
    name: str
    height_m: int


class Places(list[Place]):
    """The simplest source of rows is a list."""

    def row_at(self, index: int) -> Place | None:
        return self[index]

    def index_of(self, key: str) -> int | None:
        return next((index for index, place in enumerate(self) if place.name == key), None)


COLUMNS = (
    Column[Place, Moment]("name", "place", 8, lambda place, _at, _width: (Piece(place.name, "text"),), grows_to=40),
    Column[Place, Moment](
        "height", "height", 8, lambda place, _at, _width: (Piece(f"{place.height_m} m", "muted"),), align_right=True
    ),
)


class PlaceTable(LiveTable[Place, Moment]):
    def scene(self) -> Moment:
        return Moment(0.0, self.plain)


class PlaceApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.places = Places([Place("雪山", 3_776), Place("hill", 120), Place("dune", 40)])
        self.table = PlaceTable(self.places, COLUMNS, key_of=attrgetter("name"), empty=Content("No places"))
        self.opened: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_live_table_opened(self, message: Opened) -> None:
        self.opened.append(message.key)

    @property
    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]


async def test_it_shows_rows_of_anything_and_stays_on_them() -> None:
    app = PlaceApp()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.focus()
        await pilot.pause()
        header, first, second, *_ = app.lines
        assert header.split() == ["place", "height"]
        assert header.index("height") + len("height") == len(second)
        assert first.split() == ["▌", "雪山", "3776", "m"]
        await pilot.press("down", "space", "up", "enter")
        assert app.opened == ["hill"]
        app.places.insert(0, Place("peak", 8_849))
        app.table.rows_changed()
        await pilot.pause(0.1)
        assert [line.strip("▌✓ ").split()[0] for line in app.lines[1:5]] == ["peak", "雪山", "hill", "dune"]
        assert app.table.cursor_key == "hill"


async def test_a_row_that_became_another_one_is_drawn_anew() -> None:
    app = PlaceApp()
    async with app.run_test(size=(60, 8)) as pilot:
        app.places[1] = Place("hill", 121)
        app.table.keys_changed(["hill"])
        await pilot.pause(0.1)
        assert "121 m" in app.lines[2]


def test_the_package_offers_its_parts_by_name_and_nothing_else() -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Jobs'"):
        _ = package.Jobs
