"""A live table under the mouse: rows are pointed at and marked, headers clicked, moved and made wider, cells told."""

from __future__ import annotations

from typing import Final

from textual import events, on
from textual.content import Content
from textual.geometry import Offset

from krea_tui.ui.live_table.columns import MARGIN, Column
from krea_tui.ui.live_table.header import HeaderDrag, Part, part_at
from krea_tui.ui.live_table.marks import MarkedTable
from krea_tui.ui.live_table.messages import LayoutChanged, NewWanted, Opened, SortAsked
from krea_tui.ui.live_table.painter import HeaderLook
from krea_tui.ui.live_table.pieces import text_of
from krea_tui.ui.live_table.rows import RowT, SceneT
from krea_tui.ui.live_table.view import HEADER_LINES

_DOUBLE_CLICK: Final = 2
_LEFT: Final = 1
_TOOLTIP_CHARACTERS: Final = 600


class PointedTable(MarkedTable[RowT, SceneT]):
    """A click points at a row, in the margin it marks it; a drag in the margin marks a range, as Shift does."""

    _header_drag: HeaderDrag[RowT, SceneT] | None = None
    _margin_line: int | None = None
    _was_dragged = False

    @on(events.Mount)
    def _follow_bar(self) -> None:
        # A hand on the scroll bar is a hand on the rows.
        self.watch(
            self.vertical_scrollbar, "grabbed", lambda grabbed: self._hold_mouse(grabbed is not None), init=False
        )

    # --- down, along, up ---------------------------------------------------------------------------------------------

    @on(events.MouseDown)
    def _pressed(self, event: events.MouseDown) -> None:
        offset = event.get_content_offset(self)
        self._was_dragged = False
        if offset is None or event.button != _LEFT:
            return
        if offset.y >= HEADER_LINES:
            self._hold_mouse(True)
            self.capture_mouse()
            self._margin_line = offset.y if self._is_margin(offset) else None
            return
        found = part_at(self._painter.placed, offset.x)
        if found is not None and not self._is_at_waiting(offset) and len(self._rows):
            spot, part = found
            self._header_drag = HeaderDrag(spot, part, offset.x, self._painter.placed, self.columns, self.column_layout)
            self._hold_column(spot.column.key)
            self.capture_mouse()

    @on(events.MouseMove)
    def _moved(self, event: events.MouseMove) -> None:
        # Of a held mouse the place beside the table counts too.
        offset = event.get_content_offset_capture(self)
        if self._header_drag is not None:
            self.column_layout = self._header_drag.layout_at(offset.x)
        elif self._margin_line is not None:
            self._mark_along(offset.y)
        else:
            self._tell_about(offset)

    @on(events.MouseUp)
    def _released(self) -> None:
        self.release_mouse()
        drag, self._header_drag, self._margin_line = self._header_drag, None, None
        if drag is not None:
            self._hold_column(None)
            self._was_dragged = self.column_layout != drag.before
            if self._was_dragged:
                self.post_message(LayoutChanged(self, self.column_layout))
        if self._mouse_is_held:
            self._hold_mouse(False)

    def _drop_header(self) -> bool:
        """Leave the columns as they were before the mouse took one; false where it holds none."""
        drag, self._header_drag = self._header_drag, None
        if drag is None:
            return False
        self._hold_column(None)
        self.column_layout = drag.before
        return True

    def _hold_column(self, key: str | None) -> None:
        self._held_column = key
        self._repaint_changed(range(HEADER_LINES))

    def _mark_along(self, y: int) -> None:
        line = max(HEADER_LINES, min(y, HEADER_LINES + len(self._standing.keys) - 1))
        if self._margin_line is None or (line == self._margin_line and not self._was_dragged):
            return
        if not self._was_dragged:
            self._was_dragged = True
            self._move_cursor(self._index_at(self._margin_line))
        self._extend_to(self._index_at(line))

    # --- clicks ------------------------------------------------------------------------------------------------------

    @on(events.Click)
    def _clicked(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or self._was_dragged or event.button != _LEFT:
            return
        if offset.y < HEADER_LINES:
            self._header_clicked(offset, event.chain)
            return
        line, seen = offset.y - HEADER_LINES, self._standing
        if line >= len(seen.keys):
            return
        # The row that was seen there, even where the rows have moved on since.
        key = seen.keys[line]
        self._settle_if_due()
        index = self._standing.top + line if key is None else self._rows.index_of(key)
        if index is None:
            return
        if event.shift:
            self._extend_to(index)
            return
        self._move_cursor(index, key)
        if event.ctrl or self._is_margin(offset):
            self._toggle(key)
        elif event.chain == _DOUBLE_CLICK and key is not None:
            self.post_message(Opened(self, key))

    def _header_clicked(self, offset: Offset, chain: int) -> None:
        if self._is_at_waiting(offset):
            self._want_new()
            self._wants_first = True
            return
        found = part_at(self._painter.placed, offset.x) if len(self._rows) else None
        if found is None:
            return
        spot, part = found
        if part is Part.LABEL and spot.column.can_sort:
            self.post_message(SortAsked(self, spot.column.key))
        elif part is Part.EDGE and chain == _DOUBLE_CLICK:
            self.column_layout = self.column_layout.with_width(spot.column.key, None)
            self.post_message(LayoutChanged(self, self.column_layout))

    def _want_new(self) -> None:
        self.post_message(NewWanted(self))

    def _is_margin(self, offset: Offset) -> bool:
        return offset.x < MARGIN

    def _is_at_waiting(self, offset: Offset) -> bool:
        words = HeaderLook(waiting=self.waiting).waiting_words
        return bool(words) and offset.x >= self.scrollable_content_region.width - len(words)

    # --- what a cell could not show ----------------------------------------------------------------------------------

    def _tell_about(self, offset: Offset) -> None:
        words = self._words_at(offset)
        self.tooltip = Content(words[:_TOOLTIP_CHARACTERS]) if words else None

    def _words_at(self, offset: Offset) -> str:
        spot = next((spot for spot in self._painter.placed if spot.x <= offset.x < spot.end), None)
        if spot is None or not len(self._rows):
            return ""
        if offset.y < HEADER_LINES:
            return _help_of(spot.column)
        index = self._index_at(offset.y)
        row = self._rows.row_at(index) if 0 <= index < len(self._rows) else None
        if row is None:
            return ""
        scene = self.scene()
        whole = self._painter.whole_of(spot, row, scene)
        return whole if self._painter.is_cut(spot, row, scene) or whole not in text_of(spot.cell(row, scene)) else ""


def _help_of(column: Column[RowT, SceneT]) -> str:
    sorts = "click to sort, " if column.can_sort else ""
    return f"{column.name}: {sorts}drag to move, drag the gap behind it to resize"
