"""The job table as something to look at: lines, styles, a virtual height. What moves it is in `job_table`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from rich.style import Style
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import Job
from krea_tui.ui.widgets.job_looks import Circumstances, Tone
from krea_tui.ui.widgets.job_rows import JobRows, RowPainter, changed_span

HEADER_LINES: Final = 1


class JobTableView(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws the visible rows, and paints again only the cells that differ from what is on the screen."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    JobTableView {
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

    plain: reactive[bool] = reactive(False, init=False)
    """Plain mode: ASCII twins for every glyph, per cent for the bar."""

    estimate: reactive[DurationEstimate] = reactive(DurationEstimate, init=False, repaint=False)
    """What is known of how long jobs take; running rows follow it with their next second."""

    empty: reactive[Content] = reactive(Content, init=False)
    """What to say where there are no rows."""

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
        self._cursor = 0
        self.set_reactive(JobTableView.empty, empty)
        self._styles_of_tones: dict[tuple[Tone, bool], Style] = {}
        self._circumstances = self._circumstances_now()
        self._painter = RowPainter(self._style_of)
        self._painted: dict[int, Strip] = {}
        self._teaching: tuple[Size, list[Strip]] = (Size(), [])

    # --- painting ------------------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Take the width and the time once for all lines of a paint."""
        self._painter.set_width(self.scrollable_content_region.width)
        self._circumstances = self._circumstances_now()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """The line of the screen at `y`: the header, a row, or a line of the empty table's text."""
        strip = self._painted[y] = self._line(y)
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
            self._repaint_changed(self._row_lines)

    def _forget_drawn(self) -> None:
        self._painter.forget()
        self._teaching = (Size(), [])

    def _style_of(self, tone: Tone, has_cursor: bool) -> Style:
        key = (tone, has_cursor)
        if (style := self._styles_of_tones.get(key)) is None:
            row = ("job-table--cursor",) if has_cursor else ()
            style = self._styles_of_tones[key] = self.get_visual_style(*row, f"job-table--{tone}").rich_style
        return style

    def _circumstances_now(self) -> Circumstances:
        return Circumstances(self._now(), self.estimate, self.plain)

    def _line(self, y: int) -> Strip:
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
            return self._painter.placeholder(self._circumstances, has_cursor=has_cursor)
        return self._painter.row(job, self._circumstances, has_cursor=has_cursor)

    def _teaching_line(self, y: int) -> Strip:
        size, lines = self._teaching
        if size != self.scrollable_content_region.size:
            size, style = self.scrollable_content_region.size, self.get_visual_style("job-table--muted")
            lines = Visual.to_strips(self, self.empty, size.width, size.height, style, pad=True)
            self._teaching = (size, lines)
        return lines[y] if y < len(lines) else self._painter.blank()

    def _repaint_changed(self, lines: Iterable[int]) -> None:
        self._painter.set_width(self.scrollable_content_region.width)
        self._circumstances = self._circumstances_now()
        changed: list[Region] = []
        for y in lines:
            strip, painted = self._line(y), self._painted.get(y)
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
        self.set_reactive(JobTableView.virtual_size, size)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = size.height
