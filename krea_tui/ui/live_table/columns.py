"""The columns of a live table, and how they share the width of the pane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic

from krea_tui.ui.live_table.layout import AUTOMATIC, ColumnLayout, Showing
from krea_tui.ui.live_table.pieces import Cell
from krea_tui.ui.live_table.rows import RowT, SceneT

# The signs of the cursor and of a mark stand beside the row, and a blank between them and what it says.
MARGIN: Final = 3
GAP: Final = 2
# The scroll bar keeps its distance.
_FREE_AT_THE_EDGE: Final = 1


# Without slots: Python 3.11 cannot make a generic one that has them as `Column[Row, Moment](...)`.
@dataclass(frozen=True)
class Column(Generic[RowT, SceneT]):
    """One column; widths are cells.

    `cell` draws a row for a width, and `whole` is all that it would say had it room: what a tooltip shows. A column
    with `grows_to` takes what the others leave, up to that width. Columns are left out, those with the highest
    `leaves` first, until each that stays leaves so many cells to what grows.

    To draw seldom: a cell that `ticks` depends on the scene too and is drawn with every paint, every other one only
    when its row is another one, and one with `source` only when that part of the row is.
    """

    key: str
    label: str
    width: int
    cell: Callable[[RowT, SceneT, int], Cell]
    narrow_width: int | None = None
    narrow_below: int = 0
    leaves: int = 0
    grows_to: int | None = None
    align_right: bool = False
    ticks: bool = False
    source: Callable[[RowT], object] | None = None
    whole: Callable[[RowT, SceneT], str] | None = None
    can_sort: bool = False
    on_wish: bool = False
    """Shown only where the person asks for it."""

    @property
    def name(self) -> str:
        """What the person calls it."""
        return self.label.strip()

    def width_in(self, pane_width: int) -> int:
        """The column's own width in a pane of this width, before it grows."""
        if self.narrow_width is not None and pane_width < self.narrow_below:
            return self.narrow_width
        return self.width


@dataclass(frozen=True, slots=True)
class PlacedColumn(Generic[RowT, SceneT]):
    """A column at the place where it is drawn, in cells from the pane's left edge."""

    column: Column[RowT, SceneT]
    x: int
    width: int

    @property
    def end(self) -> int:
        """The first cell to its right."""
        return self.x + self.width

    def cell(self, row: RowT, scene: SceneT) -> Cell:
        """What the column shows of this row."""
        return self.column.cell(row, scene, self.width)


@dataclass(frozen=True, slots=True)
class _Wish(Generic[RowT, SceneT]):
    column: Column[RowT, SceneT]
    width: int
    grows: bool
    """Takes what the others leave."""
    leaves: int
    is_wanted: bool
    """Asked for by the person: it goes last."""


@dataclass(frozen=True, slots=True)
class Arrangement(Generic[RowT, SceneT]):
    """The columns that a pane shows, and those that it would show had it room, the first to come back first."""

    placed: tuple[PlacedColumn[RowT, SceneT], ...] = ()
    left_out: tuple[PlacedColumn[RowT, SceneT], ...] = ()


def arrange(
    columns: Sequence[Column[RowT, SceneT]], pane_width: int, layout: ColumnLayout = AUTOMATIC
) -> Arrangement[RowT, SceneT]:
    """Share out a pane of this width: the columns in their order, with one cell left free at the right edge."""
    wishes = _wishes(columns, pane_width, layout)
    left_out: list[PlacedColumn[RowT, SceneT]] = []
    while len(wishes) > 1 and (least := _least(wishes, _spare(wishes, pane_width))) is not None:
        wishes.remove(least)
        left_out.insert(0, PlacedColumn(least.column, 0, least.width))
    spare = _spare(wishes, pane_width)
    placed: list[PlacedColumn[RowT, SceneT]] = []
    x = MARGIN
    for wish in wishes:
        width = wish.width
        if wish.grows:
            # A pane too narrow for everything takes it from here too; what does not fit is cropped at the edge.
            width = max(1, min(wish.column.grows_to or width, width + spare))
            spare -= width - wish.width
        placed.append(PlacedColumn(wish.column, x, width))
        x += width + GAP
    return Arrangement(tuple(placed), tuple(left_out))


def place(
    columns: Sequence[Column[RowT, SceneT]], pane_width: int, layout: ColumnLayout = AUTOMATIC
) -> tuple[PlacedColumn[RowT, SceneT], ...]:
    """The columns that a pane of this width shows."""
    return arrange(columns, pane_width, layout).placed


def _wishes(
    columns: Sequence[Column[RowT, SceneT]], pane_width: int, layout: ColumnLayout
) -> list[_Wish[RowT, SceneT]]:
    by_key = {column.key: column for column in columns}
    wishes: list[_Wish[RowT, SceneT]] = []
    for key in layout.ordered(list(by_key)):
        column = by_key[key]
        showing = layout.showing(key)
        if showing is Showing.NEVER or (showing is Showing.AUTOMATIC and column.on_wish):
            continue
        own = layout.width_of(key)
        grows = column.grows_to is not None and own is None
        width = column.width_in(pane_width) if own is None else own
        is_wanted = showing is Showing.ALWAYS
        wishes.append(_Wish(column, width, grows, 0 if is_wanted else column.leaves, is_wanted))
    # A table without columns would say nothing at all.
    return wishes or _wishes(columns, pane_width, AUTOMATIC)


def _spare(wishes: Sequence[_Wish[RowT, SceneT]], pane_width: int) -> int:
    taken = sum(wish.width for wish in wishes) + GAP * (len(wishes) - 1)
    return pane_width - MARGIN - taken - _FREE_AT_THE_EDGE


def _least(wishes: Sequence[_Wish[RowT, SceneT]], spare: int) -> _Wish[RowT, SceneT] | None:
    """The column that goes next for want of room, if one must."""
    grown = sum(wish.width for wish in wishes if wish.grows) + spare
    grows = any(wish.grows for wish in wishes)
    going = [
        wish
        for wish in wishes
        if wish.column.leaves and not wish.grows and (grown < wish.leaves if grows and wish.leaves else spare < 0)
    ]
    return max(going, key=lambda wish: (not wish.is_wanted, wish.column.leaves), default=None)
