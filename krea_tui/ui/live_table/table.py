"""The live table: a Line-API widget over virtual rows.

Everything is keyed: the cursor and the scroll position stay on their row while rows come, go and re-sort.
Only lines whose content changed are painted, at most once a frame, however often the app reports changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, Final

from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.timer import Timer

from krea_tui.ui.live_table.columns import Column
from krea_tui.ui.live_table.messages import Highlighted, NearEnd, Opened
from krea_tui.ui.live_table.rows import Rows, RowT, SceneT
from krea_tui.ui.live_table.standing import Standing
from krea_tui.ui.live_table.view import HEADER_LINES, LiveTableView

FRAME_S: Final = 0.05
CLOCK_S: Final = 1.0
NEAR_END_ROWS: Final = 20
_DOUBLE_CLICK: Final = 2

_MOVE: Final = Binding.Group("Move")


class LiveTable(LiveTableView[RowT, SceneT]):
    """A table of rows that come, go and change, which costs the same with ten of them as with a hundred thousand.

    The app changes its rows, then says so: `rows_changed()` where the order or the count changed,
    `keys_changed(keys)` where rows changed in their place. A table of something overrides `scene`, `is_same` and
    `is_ticking`, and names the tones of its cells in its `COMPONENT_CLASSES`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", tooltip="Open the row under the cursor", id="table.open"),
        Binding("up,k", "cursor_up", "Up", show=False, tooltip="A row up", id="table.up", group=_MOVE),
        Binding("down,j", "cursor_down", "Down", show=False, tooltip="A row down", id="table.down", group=_MOVE),
        Binding("pageup", "page_up", "Page up", show=False, tooltip="A page up", id="table.page_up", group=_MOVE),
        Binding(
            "pagedown", "page_down", "Page down", show=False, tooltip="A page down", id="table.page_down", group=_MOVE
        ),
        Binding("home,g", "first", "First", show=False, tooltip="To the first row", id="table.first", group=_MOVE),
        Binding("end,G", "last", "Last", show=False, tooltip="To the last row", id="table.last", group=_MOVE),
    ]

    def __init__(
        self,
        rows: Rows[RowT],
        columns: Sequence[Column[RowT, SceneT]],
        *,
        key_of: Callable[[RowT], str],
        empty: Content,
        now: Callable[[], float] = time.time,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 -- Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(rows, columns, key_of=key_of, empty=empty, now=now, name=name, id=id, classes=classes)
        self._standing = Standing()
        self._cursor_key: str | None = None
        self._was_moved = False
        self._is_unseen = True
        self._changed: set[str] = set()
        self._order_changed = False
        self._flush_is_due = False
        self._flushed_at = 0.0
        self._near_end_told_at = 0
        self._clock: Timer | None = None

    # --- what the app calls --------------------------------------------------------------------------------------

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._cursor_key

    @property
    def cursor_index(self) -> int:
        """The row of the cursor; 0 where there are no rows."""
        return self._cursor

    def keys_changed(self, keys: Collection[str]) -> None:
        """Jobs changed in their place: paint those that are visible, with the next frame."""
        if keys:
            self._changed.update(keys)
            self._schedule_flush()

    def rows_changed(self) -> None:
        """Rows came, went, moved or were replaced: settle on them with the next frame."""
        self._order_changed = True
        self._schedule_flush()

    def move_to(self, key: str) -> bool:
        """Put the cursor on this row, and scroll there; false where it is not among the rows."""
        self._settle_if_due()
        index = self._rows.index_of(key)
        if index is None:
            return False
        self._move_cursor(index, key)
        return True

    # --- keys and mouse ------------------------------------------------------------------------------------------

    def action_cursor_up(self) -> None:
        """A row up."""
        self._move_by(-1)

    def action_cursor_down(self) -> None:
        """A row down."""
        self._move_by(1)

    def action_page_up(self) -> None:
        """A page up."""
        self._move_by(-max(1, self._page - 1))

    def action_page_down(self) -> None:
        """A page down."""
        self._move_by(max(1, self._page - 1))

    def action_first(self) -> None:
        """To the first row."""
        self._move_by(-len(self._rows))

    def action_last(self) -> None:
        """To the last row."""
        self._move_by(len(self._rows))

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self._cursor_key is not None:
            self.post_message(Opened(self, self._cursor_key))

    @on(events.Click)
    def _point(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEADER_LINES:
            return
        line, keys = offset.y - HEADER_LINES, self._standing.keys
        if line >= len(keys):
            return
        # The row that was seen there, even where the rows have moved on since.
        key = keys[line]
        if key is None:
            self._move_by(self._standing.top + line - self._cursor)
        elif not self.move_to(key):
            return
        if event.chain == _DOUBLE_CLICK:
            self.action_open()

    # --- moving and settling -------------------------------------------------------------------------------------

    def _move_cursor(self, index: int, key: str | None = None) -> None:
        count = len(self._rows)
        if not count:
            return
        self._was_moved = True
        left, self._cursor = self._cursor, max(0, min(index, count - 1))
        self._bring_cursor_into_view()
        top = self.scroll_offset.y
        lines = (row - top + HEADER_LINES for row in (left, self._cursor) if 0 <= row - top < self._page)
        self._repaint_changed(lines)
        self._identify_cursor(key)
        self._view_settled()

    def _move_by(self, rows: int) -> None:
        self._settle_if_due()
        self._move_cursor(self._cursor + rows)

    def _settle_if_due(self) -> None:
        if self._order_changed:
            self._flush()

    def _bring_cursor_into_view(self) -> None:
        top = self.scroll_offset.y
        if self._page and not top <= self._cursor < top + self._page:
            top = self._cursor if self._cursor < top else self._cursor - self._page + 1
            self.scroll_to(y=top, animate=False, force=True)

    def _identify_cursor(self, known_key: str | None = None) -> None:
        row = self._rows.row_at(self._cursor) if len(self._rows) else None
        key = known_key if row is None else self._key_of(row)
        if key != self._cursor_key:
            self._cursor_key = key
            self.post_message(Highlighted(self, key))

    def _schedule_flush(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            # Through the own queue, so that the caller's context does not matter.
            self.call_later(self._begin_frame)

    def _begin_frame(self) -> None:
        wait_s = self._flushed_at + FRAME_S - time.monotonic()
        if wait_s > 0:
            self.set_timer(wait_s, self._flush)
        else:
            self._flush()

    def _flush(self) -> None:
        self._flush_is_due = False
        self._flushed_at = time.monotonic()
        changed, self._changed = self._changed, set()
        if self._order_changed:
            self._order_changed = False
            self._settle()
        elif changed:
            shown = enumerate(self._standing.keys, HEADER_LINES)
            lines = [y for y, key in shown if key is None or key in changed]
            self._repaint_changed(lines)
            if self._cursor_key is None:
                self._identify_cursor()
            if lines:
                self._view_settled()

    def _settle(self) -> None:
        before, count = self._standing, len(self._rows)
        cursor = before.cursor_in(self._rows) if count and self._was_moved else 0
        top = before.top_in(self._rows, cursor) if count else 0
        if not count or not before.keys:
            self.refresh()
        self._set_length(count)
        self._cursor = cursor
        known = self._cursor_key
        self._identify_cursor(known if known is not None and self._rows.index_of(known) == cursor else None)
        if not self._is_unseen:
            self.scroll_to(y=top, animate=False, force=True)
            if not before.keys:
                self._bring_cursor_into_view()
        self._repaint_changed(self._row_lines)
        self._view_settled()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the view: what is visible decides about the clock and about loading more."""
        super().watch_scroll_y(old_value, new_value)
        self._view_settled()

    def _view_changed(self) -> None:
        self._repaint_changed(self._row_lines)
        self._view_settled()

    def _view_settled(self) -> None:
        """Remember what is seen, ask for more rows, and let the clock run only if something visible needs it."""
        if self._clock is None:
            return
        self._is_unseen = self._is_unseen or not self._page
        if self._is_unseen:
            # In a closed tab a widget has no size; what was last seen is kept for the day it opens again.
            self._standing = self._standing._replace(cursor_key=self._cursor_key)
            self._clock.pause()
            return
        rows, top, count = self._visible_rows(), self.scroll_offset.y, len(self._rows)
        keys = tuple(None if row is None else self._key_of(row) for row in rows)
        self._standing = Standing(self._cursor, self._cursor_key, top, keys)
        last = max(self._cursor, top + self._page - 1)
        if count and last >= count - NEAR_END_ROWS and self._near_end_told_at != count:
            self._near_end_told_at = count
            self.post_message(NearEnd(self))
        now = self._now()
        if any(row is not None and self.is_ticking(row, now) for row in rows):
            self._clock.resume()
        else:
            self._clock.pause()

    def _tick(self) -> None:
        self._settle_if_due()
        self._view_changed()

    @on(events.Mount)
    def _start(self) -> None:
        self._clock = self.set_interval(CLOCK_S, self._tick, pause=True)
        self._flush_is_due = self._order_changed = False
        self._settle()

    @on(events.Hide)
    def _hidden(self) -> None:
        self._is_unseen = True
        self._view_settled()

    @on(events.Resize)
    def _resized(self) -> None:
        if self._standing.shows_cursor and not self._is_unseen:
            self._bring_cursor_into_view()
        self._seen()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Being painted is the one sure sign of being seen: a tab that opens again sends no event."""
        if self._is_unseen:
            self.call_later(self._seen)
        return super().render_lines(crop)

    def _seen(self) -> None:
        if self._is_unseen and self._page:
            self._is_unseen = False
            self._settle()
        else:
            self._view_settled()
