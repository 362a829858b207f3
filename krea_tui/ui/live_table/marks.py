"""A live table whose rows are marked: by a key, by a range, by the app; and that says when hands are on it."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Final

from krea_tui.ui.live_table.anchored import AnchoredTable
from krea_tui.ui.live_table.messages import HandsOff, HandsOn, MarksChanged, SpanAsked
from krea_tui.ui.live_table.rows import RowT, SceneT

# Of more rows than this the source tells the keys by itself: most of them are not loaded.
SPAN_ROWS: Final = 256


class MarkedTable(AnchoredTable[RowT, SceneT]):
    """Marks stay with their keys. While there are any, or the mouse is held, hands are on the table."""

    _told_count = 0
    _mouse_is_held = False
    _hands_are_on = False

    @property
    def marked(self) -> frozenset[str]:
        """The keys of the marked rows, in sight or not."""
        return self._marking.keys

    @property
    def hands_are_on(self) -> bool:
        """Whether rows are marked, or the mouse is held: whether nothing should move."""
        return self._hands_are_on

    def mark(self, keys: Collection[str]) -> None:
        """Mark these rows too."""
        self._marking.add(keys)
        self._marks_changed()

    def mark_only(self, keys: Collection[str]) -> None:
        """Mark these rows and no others."""
        self._marking.replace(keys)
        self._marks_changed()

    def clear_marks(self) -> None:
        """Mark nothing."""
        self.mark_only(())

    def _toggle(self, key: str | None) -> None:
        if key is not None:
            self._marking.toggle(key)
            self._marks_changed()

    def _extend_to(self, index: int) -> None:
        """Draw the range from where the cursor stands, or from where it began, on to this row."""
        self._settle_if_due()
        if not len(self._rows):
            return
        to = max(0, min(index, len(self._rows) - 1))
        asked = self._marking.extend(self._cursor, self._cursor_key, to, self._keys_between)
        if asked is not None:
            answer = partial(self._take_span, asked.ticket)
            self.post_message(SpanAsked(self, asked.first, asked.last, answer))
        self._move_cursor(to, ends_range=False)
        self._marks_changed()

    def _keys_between(self, first: int, last: int) -> list[str] | None:
        if last - first >= SPAN_ROWS:
            return None
        rows = [self._rows.row_at(index) for index in range(first, last + 1)]
        keys = [self._key_of(row) for row in rows if row is not None]
        return keys if len(keys) == len(rows) else None

    def _take_span(self, ticket: int, keys: Collection[str]) -> None:
        self._marking.answer(ticket, keys)
        self._marks_changed()

    def _marks_changed(self) -> None:
        self._repaint_changed(self._row_lines)
        count = len(self._marking)
        if count or self._told_count:
            self._told_count = count
            self.post_message(MarksChanged(self, count))
        self._tell_hands()

    def _hold_mouse(self, is_held: bool) -> None:
        self._mouse_is_held = is_held
        self._tell_hands()

    def _tell_hands(self) -> None:
        are_on = self._mouse_is_held or len(self._marking) > 0
        if are_on is not self._hands_are_on:
            self._hands_are_on = are_on
            self.post_message(HandsOn(self) if are_on else HandsOff(self))
