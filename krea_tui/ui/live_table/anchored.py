"""A live table that keeps its place: cursor and scroll stay on their rows while rows come, go and re-sort.

Only lines whose content changed are painted, at most once a frame, however often the app reports changes; one clock
paints what changes by the time alone, and only while such a row is in sight.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Final

from textual import events, on
from textual.geometry import Region
from textual.strip import Strip
from textual.timer import Timer

from krea_tui.ui.live_table.messages import DetailChanged, Highlighted, NearEnd
from krea_tui.ui.live_table.rows import RowT, SceneT
from krea_tui.ui.live_table.standing import Standing
from krea_tui.ui.live_table.view import HEADER_LINES, LiveTableView

FRAME_S: Final = 0.05
# Other rows are what somebody has just typed or asked for.
ROWS_FRAME_S: Final = 0.02
CLOCK_S: Final = 1.0
NEAR_END_ROWS: Final = 20
_DETAIL_GAP: Final = "  ·  "
_PLAIN_GAP: Final = " | "


class AnchoredTable(LiveTableView[RowT, SceneT]):
    """Rows under a cursor.

    The app changes its rows, then says so: `rows_changed()` where the order or the count changed, `keys_changed(keys)`
    where rows changed in their place.
    """

    _standing = Standing()
    _cursor_key: str | None = None
    _was_moved = False
    _wants_first = False
    _is_unseen = True
    _order_changed = False
    _flush_is_due = False
    _flush_due_at = 0.0
    _flushed_at = 0.0
    _near_end_told_at = 0
    _detail = ""
    _detailed: tuple[str, RowT, object] | None = None
    _clock: Timer | None = None
    _changed: set[str]

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
        """Rows changed in their place: paint those that are visible, with the next frame."""
        # Most changes in a long list are out of sight; a row that is not loaded yet may be any of them.
        seen = self._standing.keys
        if self._clock is not None and (None in seen or any(key in keys for key in seen)):
            self._changed.update(keys)
            self._schedule_flush()

    def rows_changed(self) -> None:
        """Rows came, went, moved or were replaced: settle on them with the next frame."""
        # Before it is mounted there is nothing to settle: it begins with the rows as they are then.
        if self._clock is not None:
            self._order_changed = True
            self._schedule_flush(ROWS_FRAME_S)

    def move_to(self, key: str) -> bool:
        """Put the cursor on this row, and scroll there; false where it is not among the rows."""
        self._settle_if_due()
        index = self._rows.index_of(key)
        if index is None:
            return False
        self._move_cursor(index, key)
        return True

    # --- moving and settling -------------------------------------------------------------------------------------

    def _move_cursor(self, index: int, key: str | None = None, *, ends_range: bool = True) -> None:
        count = len(self._rows)
        if not count:
            return
        if ends_range:
            self._marking.end_range()
        self._was_moved, self._wants_first = True, False
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

    def _schedule_flush(self, frame_s: float = FRAME_S) -> None:
        due_at = self._flushed_at + frame_s
        if not self._flush_is_due or due_at < self._flush_due_at:
            self._flush_is_due, self._flush_due_at = True, due_at
            # One of the toolkit's timers for each frame would be a task for each frame: a tenth of what a flood costs.
            wait_s = max(0.0, due_at - time.monotonic())
            asyncio.get_running_loop().call_later(wait_s, self._begin_frame)

    def _begin_frame(self) -> None:
        if self.is_running:
            # Through the own queue, so that the caller's context does not matter.
            self.call_next(self._flush)

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
        is_at_first = self._wants_first or not self._was_moved
        cursor = before.cursor_in(self._rows) if count and not is_at_first else 0
        top = before.top_in(self._rows, cursor) if count and not self._wants_first else 0
        self._wants_first = False
        self._marking.rows_moved(self._rows.index_of, cursor)
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
        self._tell_detail()
        now = self._now()
        if any(row is not None and self.is_ticking(row, now) for row in rows):
            self._clock.resume()
        else:
            self._clock.pause()

    # --- what was cut ------------------------------------------------------------------------------------------------

    def cut_text(self) -> str:
        """What the row under the cursor says beyond what its cells could show, for a line of detail; may be empty."""
        self._tell_detail()
        return self._detail

    def _tell_detail(self) -> None:
        row = self._rows.row_at(self._cursor) if self._cursor < len(self._rows) else None
        drawn = None if row is None else (self._key_of(row), row, self._painter.arrangement)
        known, self._detailed = self._detailed, drawn
        if known and drawn and known[0] == drawn[0] and known[2] is drawn[2] and self.is_same(known[1], drawn[1]):
            return
        detail = "" if row is None else self._detail_of(row)
        if detail != self._detail:
            self._detail = detail
            self.post_message(DetailChanged(self, detail))

    def _detail_of(self, row: RowT) -> str:
        # What ticks would be told anew every second.
        scene, painter, shown = self.scene(), self._painter, self._painter.arrangement
        cut = (spot for spot in shown.placed if not spot.column.ticks and painter.is_cut(spot, row, scene))
        left_out = (
            (spot.column.name, painter.whole_of(spot, row, scene)) for spot in shown.left_out if not spot.column.ticks
        )
        words = [painter.whole_of(spot, row, scene) for spot in cut]
        words += [f"{name} {text}" for name, text in left_out if text]
        return (_PLAIN_GAP if self.plain else _DETAIL_GAP).join(words)

    def _tick(self) -> None:
        self._settle_if_due()
        self._view_changed()

    @on(events.Mount)
    def _start(self) -> None:
        self._changed = set()
        self._clock = self.set_interval(CLOCK_S, self._tick, pause=True)
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
