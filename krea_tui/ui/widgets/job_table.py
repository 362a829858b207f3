"""The job table: a live table of jobs, newest first."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import Job
from krea_tui.ui.live_table.rows import Rows
from krea_tui.ui.live_table.table import LiveTable
from krea_tui.ui.widgets.job_columns import COLUMNS, is_same_job
from krea_tui.ui.widgets.job_looks import Circumstances, Tone, is_ticking


def _of_jobs(binding: BindingType) -> BindingType:
    """A key of the table, in the words of its rows."""
    if not isinstance(binding, Binding):
        return binding
    return replace(binding, tooltip=binding.tooltip.replace("row", "job"))


class JobTable(LiveTable[Job, Circumstances], inherit_bindings=False):
    """Jobs by their ids. What a row says is in `job_looks`, and in which columns in `job_columns`."""

    BINDINGS: ClassVar[list[BindingType]] = [_of_jobs(binding) for binding in LiveTable.BINDINGS]

    DEFAULT_CSS = """
    JobTable {
        & > .live-table--star { color: $text-warning; }
        & > .live-table--held { color: $text-warning; }
        & > .live-table--queued { color: $foreground; }
        & > .live-table--running { color: $text-primary; }
        & > .live-table--completed { color: $text-success; }
        & > .live-table--unconfirmed { color: $text-warning; text-style: bold; }
        & > .live-table--failed { color: $text-error; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"live-table--{tone}" for tone in Tone}

    estimate: reactive[DurationEstimate] = reactive(DurationEstimate, init=False, repaint=False)
    """What is known of how long jobs take; running rows follow it with their next second."""

    is_standing: reactive[bool] = reactive(False, init=False, repaint=False)
    """Whether nothing is sent now: then no held job says that it waits for its turn."""

    def __init__(
        self,
        rows: Rows[Job],
        *,
        empty: Content,
        now: Callable[[], float] = time.time,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 -- Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(
            rows, COLUMNS, key_of=attrgetter("id"), empty=empty, now=now, name=name, id=id, classes=classes
        )

    def scene(self) -> Circumstances:
        """The time, and what is known of durations."""
        return Circumstances(self._now(), self.estimate, self.plain, self.is_standing)

    def watch_is_standing(self) -> None:
        """Say it in every row that it changes."""
        self._repaint_changed(self._row_lines)

    def is_same(self, before: Job, after: Job) -> bool:
        """Whether the store gave both the same revision."""
        return is_same_job(before, after)

    def is_ticking(self, row: Job, now: float) -> bool:
        """Whether it runs, or waits for a moment."""
        return is_ticking(row, now)
