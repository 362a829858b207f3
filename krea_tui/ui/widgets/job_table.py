"""The live job table: a Line-API widget over virtual rows.

Everything is keyed by job id: the cursor and the scroll position stay on their job while rows come, go and re-sort.
Only lines whose content changed are painted, at most once a frame, however often the app reports changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import ClassVar, Final

from rich.style import Style
from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer
from textual.visual import Visual

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import Job
from krea_tui.ui.widgets.job_looks import Circumstances, Tone, is_ticking
from krea_tui.ui.widgets.job_rows import JobRows, RowPainter, changed_span
from krea_tui.ui.widgets.job_standing import Standing

FRAME_S: Final = 0.05
CLOCK_S: Final = 1.0
NEAR_END_ROWS: Final = 20
HEADER_LINES: Final = 1
_DOUBLE_CLICK: Final = 2

_MOVE: Final = Binding.Group("Move")


class JobTable(ScrollView, can_focus=True, inherit_bindings=False):
    """A table of jobs, newest first, that costs the same with ten rows as with a hundred thousand.

    The app changes its rows, then says so: `rows_changed()` where the order or the count changed,
    `jobs_changed(ids)` where jobs changed in their place.
    """

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    JobTable {
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        content-align: center middle;
        text-align: center;

        & > .job-table--header { color: $text-muted; }
        & > .job-table--text { color: $foreground; }
        & > .job-table--muted { color: $text-muted; }
        & > .job-table--held { color: $text-warning; }
        & > .job-table--queued { color: $foreground; }
        & > .job-table--running { color: $text-primary; }
        & > .job-table--completed { color: $text-success; }
        & > .job-table--unconfirmed { color: $text-warning; text-style: bold; }
        & > .job-table--failed { color: $text-error; }
        & > .job-table--mark { color: $text-muted; }
        & > .job-table--cursor { background: $foreground 8%; }
        &:focus > .job-table--mark { color: $primary; }
        &:focus > .job-table--cursor { background: $primary 30%; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"job-table--cursor", *(f"job-table--{tone}" for tone in Tone)}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", tooltip="Open the job under the cursor", id="jobs.open"),
        Binding("up,k", "cursor_up", "Up", show=False, tooltip="To the newer job", id="jobs.up", group=_MOVE),
        Binding("down,j", "cursor_down", "Down", show=False, tooltip="To the older job", id="jobs.down", group=_MOVE),
        Binding("pageup", "page_up", "Page up", show=False, tooltip="A page up", id="jobs.page_up", group=_MOVE),
        Binding(
            "pagedown", "page_down", "Page down", show=False, tooltip="A page down", id="jobs.page_down", group=_MOVE
        ),
        Binding("home,g", "first", "Newest", show=False, tooltip="To the newest job", id="jobs.first", group=_MOVE),
        Binding("end,G", "last", "Oldest", show=False, tooltip="To the oldest job", id="jobs.last", group=_MOVE),
    ]

    plain: reactive[bool] = reactive(False, init=False)
    """Plain mode: ASCII twins for every glyph, per cent for the bar."""

    estimate: reactive[DurationEstimate] = reactive(DurationEstimate, init=False, repaint=False)
    """What is known of how long jobs take; running rows follow it with their next second."""

    empty: reactive[Content] = reactive(Content, init=False)
    """What to say where there are no rows."""

    class TableMessage(Message):
        """A message of a job table."""

        def __init__(self, table: JobTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> JobTable:
            """The table that sent it."""
            return self.table

    class Highlighted(TableMessage):
        """The cursor stands on another job; None where there is none, or its row is not loaded yet."""

        def __init__(self, table: JobTable, job_id: str | None) -> None:
            super().__init__(table)
            self.job_id = job_id

    class Opened(TableMessage):
        """The person asks for this job: Enter, or a double click."""

        def __init__(self, table: JobTable, job_id: str) -> None:
            super().__init__(table)
            self.job_id = job_id

    class NearEnd(TableMessage):
        """The last rows come into reach: load more. Once for each length."""

    def __init__(
        self,
        rows: JobRows,
        *,
        empty: Content,
        now: Callable[[], float] = time.time,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 -- Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._rows = rows
        self._now = now
        self.set_reactive(JobTable.empty, empty)
        self._styles_of_tones: dict[tuple[Tone, bool], Style] = {}
        self._painter = RowPainter(self._style_of)
        self._painted: dict[int, Strip] = {}
        self._teaching: tuple[Size, list[Strip]] = (Size(), [])
        self._standing = Standing()
        self._cursor = 0
        self._cursor_id: str | None = None
        self._was_moved = False
        self._is_hidden = False
        self._changed: set[str] = set()
        self._order_changed = False
        self._flush_is_due = False
        self._flushed_at = 0.0
        self._near_end_told_at = 0
        self._clock: Timer | None = None

    # --- what the app calls --------------------------------------------------------------------------------------

    @property
    def cursor_job_id(self) -> str | None:
        """The id of the job under the cursor."""
        return self._cursor_id

    @property
    def cursor_index(self) -> int:
        """The row of the cursor; 0 where there are no rows."""
        return self._cursor

    def jobs_changed(self, job_ids: Collection[str]) -> None:
        """Jobs changed in their place: paint those that are visible, with the next frame."""
        self._changed.update(job_ids)
        self._schedule_flush()

    def rows_changed(self) -> None:
        """Rows came, went, moved or were replaced: settle on them with the next frame."""
        self._order_changed = True
        self._schedule_flush()

    def move_to(self, job_id: str) -> bool:
        """Put the cursor on this job, and scroll there; false where it is not among the rows."""
        if self._order_changed:
            self._flush()
        index = self._rows.index_of(job_id)
        if index is None:
            return False
        self._move_cursor(index, job_id)
        return True

    # --- keys and mouse ------------------------------------------------------------------------------------------

    def action_cursor_up(self) -> None:
        """To the newer job."""
        self._move_cursor(self._cursor - 1)

    def action_cursor_down(self) -> None:
        """To the older job."""
        self._move_cursor(self._cursor + 1)

    def action_page_up(self) -> None:
        """A page up."""
        self._move_cursor(self._cursor - max(1, self._page - 1))

    def action_page_down(self) -> None:
        """A page down."""
        self._move_cursor(self._cursor + max(1, self._page - 1))

    def action_first(self) -> None:
        """To the newest job."""
        self._move_cursor(0)

    def action_last(self) -> None:
        """To the oldest job."""
        self._move_cursor(len(self._rows) - 1)

    def action_open(self) -> None:
        """Open the job under the cursor."""
        if self._cursor_id is not None:
            self.post_message(self.Opened(self, self._cursor_id))

    @on(events.Click)
    def _point(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEADER_LINES:
            return
        index = self._index_at(offset.y)
        if index >= len(self._rows):
            return
        self._move_cursor(index)
        if event.chain == _DOUBLE_CLICK:
            self.action_open()

    # --- painting ------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The line of the screen at `y`: the header, a row, or a line of the empty table's text."""
        strip = self._painted[y] = self._line(y, self._circumstances())
        return strip

    def notify_style_update(self) -> None:
        """Forget everything drawn in the old theme, or without the focus."""
        super().notify_style_update()
        self._styles_of_tones.clear()
        self._forget_drawn()

    def watch_plain(self) -> None:
        """Draw every row anew."""
        self._forget_drawn()

    def watch_empty(self) -> None:
        """Lay the text out anew."""
        self._forget_drawn()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paint only the lines that differ: a scroll that follows inserted rows changes none."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self._view_changed()

    def _forget_drawn(self) -> None:
        self._painter.forget()
        self._teaching = (Size(), [])

    def _style_of(self, tone: Tone, has_cursor: bool) -> Style:
        key = (tone, has_cursor)
        if (style := self._styles_of_tones.get(key)) is None:
            row = ("job-table--cursor",) if has_cursor else ()
            style = self._styles_of_tones[key] = self.get_visual_style(*row, f"job-table--{tone}").rich_style
        return style

    def _circumstances(self) -> Circumstances:
        return Circumstances(self._now(), self.estimate, self.plain)

    def _line(self, y: int, circumstances: Circumstances) -> Strip:
        self._painter.set_width(self.scrollable_content_region.width)
        count = len(self._rows)
        if not count:
            return self._teaching_line(y)
        if y < HEADER_LINES:
            return self._painter.header()
        index = self._index_at(y)
        if index >= count:
            return self._painter.blank()
        has_cursor = index == self._cursor
        if (job := self._rows.job_at(index)) is None:
            return self._painter.placeholder(circumstances, has_cursor=has_cursor)
        return self._painter.row(job, circumstances, has_cursor=has_cursor)

    def _teaching_line(self, y: int) -> Strip:
        size, lines = self._teaching
        if size != self.scrollable_content_region.size:
            size, style = self.scrollable_content_region.size, self.get_visual_style("job-table--muted")
            lines = Visual.to_strips(self, self.empty, size.width, size.height, style, pad=True)
            self._teaching = (size, lines)
        return lines[y] if y < len(lines) else self._painter.blank()

    def _repaint_changed(self, lines: Iterable[int]) -> None:
        circumstances = self._circumstances()
        changed: list[Region] = []
        for y in lines:
            strip, painted = self._line(y, circumstances), self._painted.get(y)
            if strip is painted:
                continue
            start, end = changed_span(painted, strip) if painted else (0, strip.cell_length)
            if end > start:
                changed.append(Region(start, y, end - start, 1))
        if changed:
            self.refresh(*changed)

    # --- where things are ----------------------------------------------------------------------------------------

    @property
    def _page(self) -> int:
        return max(0, self.size.height - HEADER_LINES)

    @property
    def _row_lines(self) -> range:
        return range(HEADER_LINES, self.size.height)

    def _index_at(self, y: int) -> int:
        return self.scroll_offset.y + y - HEADER_LINES

    def _visible_jobs(self) -> list[Job | None]:
        top = self.scroll_offset.y
        return [self._rows.job_at(index) for index in range(top, min(top + self._page, len(self._rows)))]

    def _set_length(self, count: int) -> None:
        size = Size(0, count + HEADER_LINES if count else 0)
        height = self.size.height
        if (size.height > height) is not (self.virtual_size.height > height):
            self.virtual_size = size
            return
        # Assigned plainly, each new length would lay out the whole screen; only the scroll bar must know.
        self.set_reactive(JobTable.virtual_size, size)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = size.height

    # --- moving and settling -------------------------------------------------------------------------------------

    def _move_cursor(self, index: int, job_id: str | None = None) -> None:
        count = len(self._rows)
        if not count:
            return
        self._was_moved = True
        left, self._cursor = self._cursor, max(0, min(index, count - 1))
        self._bring_cursor_into_view()
        top = self.scroll_offset.y
        lines = (row - top + HEADER_LINES for row in (left, self._cursor) if 0 <= row - top < self._page)
        self._repaint_changed(lines)
        self._identify_cursor(job_id)
        self._view_settled()

    def _bring_cursor_into_view(self) -> None:
        top = self.scroll_offset.y
        if self._page and not top <= self._cursor < top + self._page:
            top = self._cursor if self._cursor < top else self._cursor - self._page + 1
            self.scroll_to(y=top, animate=False, force=True)

    def _identify_cursor(self, known_id: str | None = None) -> None:
        job = self._rows.job_at(self._cursor) if len(self._rows) else None
        job_id = job.id if job else known_id
        if job_id != self._cursor_id:
            self._cursor_id = job_id
            self.post_message(self.Highlighted(self, job_id))

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
            shown = enumerate(self._standing.ids, HEADER_LINES)
            lines = [y for y, job_id in shown if job_id is None or job_id in changed]
            self._repaint_changed(lines)
            if self._cursor_id is None:
                self._identify_cursor()
            if lines:
                self._view_settled()

    def _settle(self) -> None:
        before, count = self._standing, len(self._rows)
        cursor = before.cursor_in(self._rows) if count and self._was_moved else 0
        top = before.top_in(self._rows, cursor) if count else 0
        if not count or not before.ids:
            self.refresh()
        self._set_length(count)
        self._cursor = cursor
        known = self._cursor_id
        self._identify_cursor(known if known is not None and self._rows.index_of(known) == cursor else None)
        self.scroll_to(y=top, animate=False, force=True)
        self._repaint_changed(self._row_lines)
        self._view_settled()

    def _view_changed(self) -> None:
        self._repaint_changed(self._row_lines)
        self._view_settled()

    def _view_settled(self) -> None:
        """Remember what is seen, ask for more rows, and let the clock run only if something visible needs it."""
        jobs, top, count = self._visible_jobs(), self.scroll_offset.y, len(self._rows)
        ids = tuple(job.id if job else None for job in jobs)
        self._standing = Standing(self._cursor, self._cursor_id, top, ids)
        last = max(self._cursor, top + self._page - 1)
        if count and last >= count - NEAR_END_ROWS and self._near_end_told_at != count:
            self._near_end_told_at = count
            self.post_message(self.NearEnd(self))
        if self._clock is None:
            return
        now = self._now()
        if not self._is_hidden and any(job and is_ticking(job, now) for job in jobs):
            self._clock.resume()
        else:
            self._clock.pause()

    def _tick(self) -> None:
        self._view_changed()

    @on(events.Mount)
    def _start(self) -> None:
        self._clock = self.set_interval(CLOCK_S, self._tick, pause=True)
        self._flush_is_due = self._order_changed = False
        self._settle()

    @on(events.Resize)
    def _resized(self) -> None:
        if self._standing.shows_cursor:
            self._bring_cursor_into_view()
        self._view_settled()

    @on(events.Show)
    @on(events.Hide)
    def _shown_or_hidden(self, event: events.Show | events.Hide) -> None:
        self._is_hidden = isinstance(event, events.Hide)
        self._view_settled()
