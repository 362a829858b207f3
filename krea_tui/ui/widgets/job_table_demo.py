"""The job table by itself: ten thousand invented jobs, and a thousand changes a second on the newest.

Run it with `python -m krea_tui.ui.widgets.job_table_demo [rows] [changes a second]`.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Final

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Footer, Static

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState, new_id
from krea_tui.domain.ordering import NEWEST_FIRST, Ordering, sort_value
from krea_tui.domain.pricing import price_of
from krea_tui.domain.request import AspectRatio, Creativity, GenerationRequest, Style, StyleReference, draw_seed
from krea_tui.ui.live_table import messages
from krea_tui.ui.live_table.header import SortSign
from krea_tui.ui.screens.columns import ColumnsScreen
from krea_tui.ui.screens.sort import SortScreen
from krea_tui.ui.sorting import after_click, column_of
from krea_tui.ui.themes import THEMES
from krea_tui.ui.widgets.job_table import JobTable

_PROMPTS: Final = (
    "a lighthouse keeper's desk, low sun through salt-stained glass, gouache",
    "paper boats in a storm drain, long exposure",
    "the orchard at 4 am, fog, a single lamp between the trees",
    "雨の夜の路地、ネオンの反射、傘を差した人",
    "👩‍🚀 an astronaut's breakfast 🍳, overhead, soft light ❤️",
    "[bold red]not markup[/] \x1b[31mnot an escape",
)
_CHANGING: Final = 1_000
_FRAME_S: Final = 0.02
_STARRED: Final = 0.1
_DICE: Final = random.Random(7)  # noqa: S311 -- a demo's changes


class _InventedJobs:
    """Invented jobs in a list: the simplest source of rows. While it is frozen new ones wait."""

    def __init__(self, count: int) -> None:
        self.jobs = [invent(seq, time.time()) for seq in range(count, 0, -1)]
        self.waiting: list[Job] = []
        self.is_frozen = False
        self.ordering = NEWEST_FIRST
        self._places: dict[str, int] = {}
        self._next_seq = count + 1
        self.settle()

    def __len__(self) -> int:
        return len(self.jobs)

    def row_at(self, index: int) -> Job | None:
        return self.jobs[index]

    def index_of(self, key: str) -> int | None:
        return self._places.get(key)

    def settle(self) -> None:
        """Take in what waits, unless it is frozen, in the order that is wanted."""
        if not self.is_frozen:
            self.jobs[:0], self.waiting = self.waiting, []
        key, descending = self.ordering.key, self.ordering.descending
        self.jobs.sort(key=lambda job: str(sort_value(job, key)).zfill(20), reverse=descending)
        # A source with real history keeps an index too.
        self._places = {job.id: index for index, job in enumerate(self.jobs)}

    def add(self) -> Job:
        """A new job, as Generate makes it."""
        job = invent(self._next_seq, time.time())
        self._next_seq += 1
        self.waiting.insert(0, job)
        self.settle()
        return job


def invent(seq: int, now: float) -> Job:
    """A job in any state."""
    request = GenerationRequest(
        _DICE.choice(_PROMPTS),
        draw_seed(),
        _DICE.choice(list(AspectRatio)),
        _DICE.choice(list(Creativity)),
        image_style_references=(StyleReference("https://pictures.example/1.png"),) * _DICE.choice((0, 0, 1, 10)),
        styles=(Style("salt-print"),) * _DICE.choice((0, 0, 0, 2)),
    )
    price = price_of(request)
    job = Job(f"{seq}-{new_id()}", request, price.microusd, now, "demo", price.is_estimate, seq, revision=1)
    tags = _DICE.choice(((), (), ("fog", "sea"), ("雨",)))
    job = replace(job, tags=tags, starred=_DICE.random() < _STARRED)
    return in_status(job, _DICE.choice(list(JobStatus)), now)


def in_status(job: Job, status: JobStatus, now: float) -> Job:
    """The job as it could look in this state."""
    held = status is JobStatus.HELD
    picture = Picture("https://pictures.example/1.png", _DICE.choice([PictureState.SAVED, PictureState.PENDING]))
    return replace(
        job,
        revision=job.revision + 1,
        status=status,
        hold_reason=_DICE.choice(list(HoldReason)) if held else None,
        not_before=now + 9 if held else 0.0,
        attempted_at=now - 14,
        submitted_at=now - _DICE.uniform(0, 14),
        completed_at=now,
        pictures=(picture,) if status is JobStatus.COMPLETED else (),
    )


class JobTableDemo(App[None]):
    """One table and its changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new_job", "New job"),
        Binding("c", "changes", "Changes on/off"),
        Binding("p", "plain", "Plain"),
        Binding("C", "columns", "Columns"),
        Binding("S", "sort", "Sort"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, count: int, changes_per_second: int) -> None:
        super().__init__()
        self._source = _InventedJobs(count)
        self._each_frame = changes_per_second * _FRAME_S
        self._owed = 0.0
        self._table = JobTable(
            self._source, empty=Content("No jobs yet. Write a prompt on the left and press Ctrl+J."), id="jobs"
        )
        self._detail = Static(id="detail", markup=False)

    def compose(self) -> ComposeResult:
        """The table, what it had no room for, and the keys."""
        yield self._table
        yield self._detail
        yield Footer()

    def on_mount(self) -> None:
        """Start the changes."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "krea-dark"
        self._detail.styles.height = 1
        self._table.estimate = DurationEstimate().learned([9.0, 12.0, 14.0, 21.0])
        self._changes = self.set_interval(_FRAME_S, self._change)

    def _change(self) -> None:
        self._owed += self._each_frame
        changed = list(self._changed_jobs(int(self._owed)))
        self._owed -= int(self._owed)
        self._table.keys_changed(changed)

    def _changed_jobs(self, count: int) -> Iterator[str]:
        jobs = self._source.jobs
        for _ in range(count if jobs else 0):
            index = _DICE.randrange(min(_CHANGING, len(jobs)))
            jobs[index] = in_status(jobs[index], _DICE.choice(list(JobStatus)), time.time())
            yield jobs[index].id

    # --- what the table asks for -----------------------------------------------------------------------------------

    @on(messages.HandsOn)
    def _freeze(self) -> None:
        self._source.is_frozen = True

    @on(messages.HandsOff)
    @on(messages.NewWanted)
    def _thaw(self) -> None:
        self._source.is_frozen = False
        self._settle()

    def _settle(self) -> None:
        self._source.settle()
        self._table.waiting = len(self._source.waiting)
        self._table.rows_changed()

    @on(messages.AllAsked)
    def _mark_all(self) -> None:
        self._table.mark([job.id for job in self._source.jobs])

    @on(messages.InvertAsked)
    def _invert(self) -> None:
        self._table.mark_only([job.id for job in self._source.jobs if job.id not in self._table.marked])

    @on(messages.SpanAsked)
    def _mark_span(self, event: messages.SpanAsked) -> None:
        event.answer([job.id for job in self._source.jobs[event.first : event.last + 1]])

    @on(messages.SortAsked)
    def _sort_by(self, event: messages.SortAsked) -> None:
        self._show(after_click(self._source.ordering, event.column_key))

    @on(messages.DetailChanged)
    def _tell(self, event: messages.DetailChanged) -> None:
        self._detail.update(Content(event.text))

    def _show(self, ordering: Ordering | None) -> None:
        if ordering is not None:
            self._source.ordering = ordering
            self._table.sort = SortSign(column_of(ordering), ordering.descending)
            self._settle()

    # --- keys ------------------------------------------------------------------------------------------------------

    def action_columns(self) -> None:
        """Choose, move and resize columns."""
        self.push_screen(ColumnsScreen(self._table))

    def action_sort(self) -> None:
        """Choose the order."""
        self.push_screen(SortScreen(self._source.ordering, plain=self._table.plain), self._show)

    def action_new_job(self) -> None:
        """A job at the top, as Generate does it; while the list is held it waits."""
        job = self._source.add()
        self._settle()
        self._table.move_to(job.id)

    def action_changes(self) -> None:
        """Stop or go on."""
        self._each_frame = 0.0 if self._each_frame else 1_000 * _FRAME_S

    def action_plain(self) -> None:
        """Plain mode on or off."""
        self._table.plain = not self._table.plain


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    JobTableDemo(*(numbers + [10_000, 40][len(numbers) :])).run()
