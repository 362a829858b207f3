"""A live table as something to look at: lines, styles, a virtual height. What moves it is in `table`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Final, Generic

from rich.style import Style
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from krea_tui.ui.live_table.columns import Column, PlacedColumn
from krea_tui.ui.live_table.header import SortSign
from krea_tui.ui.live_table.layout import AUTOMATIC, ColumnLayout
from krea_tui.ui.live_table.marking import Marking
from krea_tui.ui.live_table.painter import HeaderLook, Look, RowPainter, changed_span
from krea_tui.ui.live_table.pieces import HEADER, HEADER_HELD, MARGIN, MARK, MUTED, TEXT, WAITING
from krea_tui.ui.live_table.rows import Rows, RowT, SceneT

HEADER_LINES: Final = 1


class LiveTableView(ScrollView, Generic[RowT, SceneT], can_focus=True, inherit_bindings=False):
    """Draws the visible rows, and paints again only the cells that differ from what is on the screen.

    Every tone that its cells speak in is a component class, `live-table--<tone>`.
    """

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    LiveTableView {
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        content-align: center middle;
        text-align: center;

        & > .live-table--header { color: $text-muted; }
        & > .live-table--text { color: $foreground; }
        & > .live-table--muted { color: $text-muted; }
        & > .live-table--header-held { color: $text-primary; text-style: bold; }
        & > .live-table--waiting { color: $text-primary; text-style: bold; }
        & > .live-table--margin { color: $text-muted; }
        & > .live-table--mark { color: $text-primary; text-style: bold; }
        & > .live-table--cursor { background: $foreground 8%; }
        &:focus > .live-table--margin { color: $primary; }
        &:focus > .live-table--cursor { background: $primary 30%; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "live-table--cursor",
        *(f"live-table--{tone}" for tone in (TEXT, MUTED, HEADER, HEADER_HELD, WAITING, MARGIN, MARK)),
    }

    plain: reactive[bool] = reactive(False, init=False)
    """Plain mode: ASCII twins for every glyph, per cent for the bar."""

    column_layout: reactive[ColumnLayout] = reactive(AUTOMATIC, init=False, repaint=False)
    """Which columns are shown, in which order and how wide."""

    sort: reactive[SortSign | None] = reactive(None, init=False, repaint=False)
    """What the header's arrow says; the rows are sorted by who gives them."""

    waiting: reactive[int] = reactive(0, init=False, repaint=False)
    """How many rows wait to be taken in, as the header's right end says."""

    empty: reactive[Content] = reactive(Content, init=False)
    """What to say where there are no rows."""

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
        super().__init__(name=name, id=id, classes=classes)
        self.columns = tuple(columns)
        self._rows = rows
        self._key_of = key_of
        self._now = now
        self._cursor = 0
        self._marking = Marking()
        self._held_column: str | None = None
        self.set_reactive(LiveTableView.empty, empty)
        self._styles_of_tones: dict[tuple[str, bool], Style] = {}
        self._painter = RowPainter(self.columns, key_of=key_of, is_same=self.is_same, style_of=self._style_of)
        self._scene: SceneT | None = None
        self._painted: dict[int, Strip] = {}
        self._teaching: tuple[Size, list[Strip]] = (Size(), [])

    # --- what a table of something says about it -----------------------------------------------------------------

    def scene(self) -> SceneT:
        """What the cells depend on besides their row, as it is now."""
        raise NotImplementedError

    def is_same(self, before: RowT, after: RowT) -> bool:
        """Whether two states of a row are drawn alike but for the scene."""
        return before is after

    def is_ticking(self, _row: RowT, _now: float) -> bool:
        """Whether the row changes by the clock alone."""
        return False

    @property
    def placed_columns(self) -> tuple[PlacedColumn[RowT, SceneT], ...]:
        """The columns that are shown now, from the left."""
        self._arrange()
        return self._painter.placed

    # --- painting ------------------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Take the width and the time once for all lines of a paint."""
        self._arrange()
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

    def watch_column_layout(self) -> None:
        """Draw every row anew, and paint what differs."""
        self._repaint_changed(range(self.size.height))

    def watch_sort(self) -> None:
        """Draw the arrow where it belongs now."""
        self._repaint_changed(range(HEADER_LINES))

    def watch_waiting(self) -> None:
        """Say how many wait."""
        self._repaint_changed(range(HEADER_LINES))

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

    def _style_of(self, tone: str, has_cursor: bool) -> Style:
        key = (tone, has_cursor)
        if (style := self._styles_of_tones.get(key)) is None:
            row = ("live-table--cursor",) if has_cursor else ()
            style = self._styles_of_tones[key] = self.get_visual_style(*row, f"live-table--{tone}").rich_style
        return style

    def _arrange(self) -> None:
        """Take the width and the time once for all lines of a paint."""
        self._painter.arrange(self.scrollable_content_region.width, self.column_layout)
        self._scene = self.scene()

    def _line(self, y: int) -> Strip:
        count = len(self._rows)
        if y < HEADER_LINES and (count or self.waiting):
            return self._painter.header(HeaderLook(self.sort, self._held_column, self.waiting, self.plain))
        if not count:
            return self._teaching_line(y)
        index = self._index_at(y)
        if index >= count:
            return self._painter.blank()
        scene, look = self._scene or self.scene(), Look(has_cursor=index == self._cursor)
        if (row := self._rows.row_at(index)) is None:
            return self._painter.placeholder(scene, look)
        if self._key_of(row) in self._marking:
            look = look._replace(is_marked=True)
        return self._painter.row(row, scene, look)

    def _teaching_line(self, y: int) -> Strip:
        size, lines = self._teaching
        if size != self.scrollable_content_region.size:
            size, style = self.scrollable_content_region.size, self.get_visual_style("live-table--muted")
            lines = Visual.to_strips(self, self.empty, size.width, size.height, style, pad=True)
            self._teaching = (size, lines)
        return lines[y] if y < len(lines) else self._painter.blank()

    def _repaint_changed(self, lines: Iterable[int]) -> None:
        self._arrange()
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

    def _visible_rows(self) -> list[RowT | None]:
        top = self.scroll_offset.y
        return [self._rows.row_at(index) for index in range(top, min(top + self._page, len(self._rows)))]

    def _set_length(self, count: int) -> None:
        size = Size(0, count + HEADER_LINES if count else 0)
        height = self.size.height
        if (size.height > height) is not (self.virtual_size.height > height):
            self.virtual_size = size
            return
        # Assigned plainly, each new length would lay out the whole screen; only the scroll bar must know.
        self.set_reactive(LiveTableView.virtual_size, size)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = size.height
