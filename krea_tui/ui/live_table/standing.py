"""Where the cursor and the top of the view go when the rows under them change: they stay on their rows."""

from __future__ import annotations

from typing import NamedTuple

from krea_tui.ui.live_table.rows import Rows


class Standing(NamedTuple):
    """The view as the person last saw it: places, and the keys of the visible rows from `top` down."""

    cursor: int = 0
    cursor_key: str | None = None
    top: int = 0
    keys: tuple[str | None, ...] = ()

    @property
    def shows_cursor(self) -> bool:
        """Whether the cursor's row was visible."""
        return 0 <= self.cursor - self.top < len(self.keys)

    def cursor_in(self, rows: Rows[object]) -> int:
        """The cursor's row among the changed rows; a lost row's place is taken by its next neighbour still there."""
        if self.cursor_key is not None and (index := rows.index_of(self.cursor_key)) is not None:
            return index
        return max(0, min(self._neighbour_in(rows), len(rows) - 1))

    def top_in(self, rows: Rows[object], cursor: int) -> int:
        """The first visible row: what was looked at keeps its line.

        At the very top new rows come into view instead, as long as they do not push the cursor out of it.
        """
        if self.top == 0:
            return max(0, cursor - len(self.keys) + 1) if self.shows_cursor else 0
        if self.shows_cursor:
            return max(0, cursor - (self.cursor - self.top))
        for line, key in enumerate(self.keys):
            if key is not None and (index := rows.index_of(key)) is not None:
                return max(0, index - line)
        return self.top

    def _neighbour_in(self, rows: Rows[object]) -> int:
        if not self.shows_cursor:
            return self.cursor
        line = self.cursor - self.top
        # A row that was never loaded is not lost: it keeps its distance to its neighbours.
        keeps_distance = self.cursor_key is None
        for step, key in enumerate(self.keys[line + 1 :], 1):
            if key is not None and (index := rows.index_of(key)) is not None:
                return index - step if keeps_distance else index
        for step, key in enumerate(reversed(self.keys[:line]), 1):
            if key is not None and (index := rows.index_of(key)) is not None:
                return index + step if keeps_distance else index + 1
        return self.cursor
