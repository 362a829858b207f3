"""Where the cursor and the top of the view go when the rows under them change: they stay on their jobs."""

from __future__ import annotations

from typing import NamedTuple

from krea_tui.ui.widgets.job_rows import JobRows


class Standing(NamedTuple):
    """The view as the person last saw it: row numbers, and the ids of the visible rows from `top` down."""

    cursor: int = 0
    cursor_id: str | None = None
    top: int = 0
    ids: tuple[str | None, ...] = ()

    @property
    def shows_cursor(self) -> bool:
        """Whether the cursor's row was visible."""
        return 0 <= self.cursor - self.top < len(self.ids)

    def cursor_in(self, rows: JobRows) -> int:
        """The cursor's row among the changed rows; a lost job's place is taken by its next neighbour still there."""
        if self.cursor_id is not None and (index := rows.index_of(self.cursor_id)) is not None:
            return index
        return max(0, min(self._neighbour_in(rows), len(rows) - 1))

    def top_in(self, rows: JobRows, cursor: int) -> int:
        """The first visible row: what was looked at keeps its line.

        At the very top new rows come into view instead, as long as they do not push the cursor out of it.
        """
        if self.top == 0:
            return max(0, cursor - len(self.ids) + 1) if self.shows_cursor else 0
        if self.shows_cursor:
            return max(0, cursor - (self.cursor - self.top))
        for line, job_id in enumerate(self.ids):
            if job_id is not None and (index := rows.index_of(job_id)) is not None:
                return max(0, index - line)
        return self.top

    def _neighbour_in(self, rows: JobRows) -> int:
        if not self.shows_cursor:
            return self.cursor
        line = self.cursor - self.top
        # A row that was never loaded is no lost job: it keeps its distance to its neighbours.
        keeps_distance = self.cursor_id is None
        for step, job_id in enumerate(self.ids[line + 1 :], 1):
            if job_id is not None and (index := rows.index_of(job_id)) is not None:
                return index - step if keeps_distance else index
        for step, job_id in enumerate(reversed(self.ids[:line]), 1):
            if job_id is not None and (index := rows.index_of(job_id)) is not None:
                return index + step if keeps_distance else index + 1
        return self.cursor
