"""Textual's DataTable as the live table: the same columns, the same words, the same colours, the same data."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import Job
from krea_tui.ui.live_table.anchored import CLOCK_S, FRAME_S
from krea_tui.ui.live_table.columns import PlacedColumn, place
from krea_tui.ui.live_table.pieces import Cell
from krea_tui.ui.widgets.job_columns import COLUMNS
from krea_tui.ui.widgets.job_looks import Circumstances, Tone, is_ticking

# What of a job can change; the rest is its request's.
CHANGING: Final = ("status", "time", "price")

JobOf = Callable[[str], Job | None]


class JobDataTable(DataTable[Text]):
    """A DataTable of jobs, newest first, written as well as it can be.

    Changes are collected for a frame, by the rule of the live table; only cells whose text differs are updated;
    no width is measured anew; the clock touches visible rows alone. `is_naive` updates every changing cell of a row
    at every change instead.
    """

    DEFAULT_CSS = """
    JobDataTable {
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;

        & > .job--text { color: $foreground; }
        & > .job--muted { color: $text-muted; }
        & > .job--held { color: $text-warning; }
        & > .job--queued { color: $foreground; }
        & > .job--running { color: $text-primary; }
        & > .job--completed { color: $text-success; }
        & > .job--unconfirmed { color: $text-warning; text-style: bold; }
        & > .job--failed { color: $text-error; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"job--{tone}" for tone in Tone}

    def __init__(self, job_of: JobOf, width: int, *, is_naive: bool = False) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, show_row_labels=False, cell_padding=1)
        self._job_of = job_of
        self._spots = place(COLUMNS, width)
        self._is_naive = is_naive
        self._changed: set[str] = set()
        self._flush_is_due = False
        self._flushed_at = 0.0
        self._tones: dict[str, Style] = {}
        self._last: dict[tuple[str, str], Cell] = {}

    def on_mount(self) -> None:
        """Its columns, and its clock."""
        for spot in self._spots:
            self.add_column(spot.column.label.strip(), key=spot.column.key, width=spot.width)
        self.set_interval(CLOCK_S, self._tick)

    def load(self, jobs: Iterable[Job]) -> None:
        """Show these rows and no others."""
        self.clear()
        circumstances = _now()
        for job in jobs:
            self.add_row(*(self._text(spot, job, circumstances) for spot in self._spots), key=job.id)

    def load_rows(self, rows: Iterable[tuple[str, Sequence[Text]]]) -> None:
        """Show these rows, made before, and no others."""
        self.clear()
        for key, cells in rows:
            self.add_row(*cells, key=key)

    def row_of(self, job: Job) -> tuple[str, list[Text]]:
        """A row to be loaded later."""
        circumstances = _now()
        return job.id, [self._text(spot, job, circumstances) for spot in self._spots]

    def keys_changed(self, job_ids: Iterable[str]) -> None:
        """Jobs changed in their places."""
        if self._is_naive:
            for job_id in job_ids:
                self._update(job_id, CHANGING, is_forced=True)
            return
        self._changed.update(job_ids)
        if not self._flush_is_due:
            self._flush_is_due = True
            wait_s = self._flushed_at + FRAME_S - time.monotonic()
            if wait_s > 0:
                self.set_timer(wait_s, self._flush)
            else:
                self.call_later(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        self._flushed_at = time.monotonic()
        changed, self._changed = self._changed, set()
        for job_id in changed:
            self._update(job_id, CHANGING)

    def _tick(self) -> None:
        circumstances = _now()
        top = self.scroll_offset.y
        for row in range(top, min(top + self.size.height, self.row_count)):
            job_id = str(self.coordinate_to_cell_key(Coordinate(row, 0)).row_key.value)
            job = self._job_of(job_id)
            if job is not None and is_ticking(job, circumstances.now):
                self._update(job_id, ("time",))

    def _update(self, job_id: str, keys: Sequence[str], *, is_forced: bool = False) -> None:
        job = self._job_of(job_id)
        if job is None:
            return
        circumstances = _now()
        for spot in self._spots:
            key = spot.column.key
            if key not in keys:
                continue
            cell = spot.cell(job, circumstances)
            if is_forced or self._last.get((job_id, key)) != cell:
                self._last[job_id, key] = cell
                self.update_cell(job_id, key, self._styled(cell))

    def _text(self, spot: PlacedColumn[Job, Circumstances], job: Job, circumstances: Circumstances) -> Text:
        return self._styled(spot.cell(job, circumstances))

    def _styled(self, cell: Cell) -> Text:
        if len(cell) == 1:
            return Text(cell[0].text, self._style_of(cell[0].tone), no_wrap=True, end="")
        return Text.assemble(*((piece.text, self._style_of(piece.tone)) for piece in cell), no_wrap=True, end="")

    def _style_of(self, tone: str) -> Style:
        if tone not in self._tones:
            self._tones[tone] = self.get_component_rich_style(f"job--{tone}", partial=True)
        return self._tones[tone]


def _now() -> Circumstances:
    return Circumstances(time.time(), DurationEstimate())
