"""The header as something to take hold of: labels are clicked and moved, the gaps between them make columns wider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple

from krea_tui.ui.live_table.columns import GAP, Column, PlacedColumn
from krea_tui.ui.live_table.layout import ColumnLayout
from krea_tui.ui.live_table.rows import RowT, SceneT


class SortSign(NamedTuple):
    """Which column the rows are sorted by, and which way."""

    key: str
    descending: bool

    def arrow(self, *, plain: bool) -> str:
        """The glyph behind the label."""
        if plain:
            return "v" if self.descending else "^"
        return "▼" if self.descending else "▲"


class Part(Enum):
    """What of a column is under the mouse in the header."""

    LABEL = "label"
    EDGE = "edge"


def part_at(placed: Sequence[PlacedColumn[RowT, SceneT]], x: int) -> tuple[PlacedColumn[RowT, SceneT], Part] | None:
    """The column whose label, or whose right edge, is at this cell of the header."""
    for spot in placed:
        if spot.x <= x < spot.end:
            return spot, Part.LABEL
        if spot.end <= x < spot.end + GAP:
            return spot, Part.EDGE
    return None


@dataclass
class HeaderDrag(Generic[RowT, SceneT]):
    """A column held by its label or by its edge, since the mouse went down at `start_x`."""

    spot: PlacedColumn[RowT, SceneT]
    part: Part
    start_x: int
    placed: tuple[PlacedColumn[RowT, SceneT], ...]
    columns: tuple[Column[RowT, SceneT], ...]
    before: ColumnLayout
    has_moved: bool = False

    def layout_at(self, x: int) -> ColumnLayout:
        """The layout with the column dragged so far."""
        self.has_moved = self.has_moved or x != self.start_x
        key = self.spot.column.key
        if not self.has_moved:
            return self.before
        if self.part is Part.EDGE:
            return self.before.with_width(key, self.spot.width + x - self.start_x)
        # Judged by where the columns stood at first, so that none swaps back and forth under a still mouse.
        others = [spot for spot in self.placed if spot.column.key != key]
        passed = [spot.column.key for spot in others if spot.x + spot.width / 2 < x]
        if self.spot.x <= x < self.spot.end:
            return self.before
        return moved_behind(self.before, self.columns, key, passed[-1] if passed else None)


def moved_behind(
    layout: ColumnLayout, columns: Sequence[Column[RowT, SceneT]], key: str, other: str | None
) -> ColumnLayout:
    """The layout with this column behind another one, or before all where that is None."""
    order = [known for known in layout.ordered([column.key for column in columns]) if known != key]
    order.insert(order.index(other) + 1 if other is not None else 0, key)
    return layout.with_order(order)
