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

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState, new_id
from krea_tui.domain.pricing import price_of
from krea_tui.domain.request import AspectRatio, Creativity, GenerationRequest, draw_seed
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
_DICE: Final = random.Random(7)  # noqa: S311 -- a demo's changes


class _InventedJobs:
    """Invented jobs, newest first, in a list: the simplest source of rows."""

    def __init__(self, count: int) -> None:
        self.jobs = [invent(seq, time.time()) for seq in range(count, 0, -1)]

    def __len__(self) -> int:
        return len(self.jobs)

    def row_at(self, index: int) -> Job | None:
        return self.jobs[index]

    def index_of(self, job_id: str) -> int | None:
        # A source with real history keeps an index; a demo's rows are found by their order.
        newest = self.jobs[0].seq if self.jobs else 0
        index = newest - int(job_id.partition("-")[0])
        return index if 0 <= index < len(self.jobs) and self.jobs[index].id == job_id else None


def invent(seq: int, now: float) -> Job:
    """A job in any state."""
    request = GenerationRequest(
        _DICE.choice(_PROMPTS), draw_seed(), _DICE.choice(list(AspectRatio)), _DICE.choice(list(Creativity))
    )
    price = price_of(request)
    job = Job(f"{seq}-{new_id()}", request, price.microusd, now, "demo", price.is_estimate, seq, revision=1)
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
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, count: int, changes_per_second: int) -> None:
        super().__init__()
        self._source = _InventedJobs(count)
        self._each_frame = changes_per_second * _FRAME_S
        self._owed = 0.0

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield JobTable(
            self._source, empty=Content("No jobs yet. Write a prompt on the left and press Ctrl+J."), id="jobs"
        )

    def on_mount(self) -> None:
        """Start the changes."""
        self._table.estimate = DurationEstimate().learned([9.0, 12.0, 14.0, 21.0])
        self._changes = self.set_interval(_FRAME_S, self._change)

    @property
    def _table(self) -> JobTable:
        return self.query_one(JobTable)

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

    def action_new_job(self) -> None:
        """A job at the top, as Generate does it."""
        jobs = self._source.jobs
        jobs.insert(0, invent(jobs[0].seq + 1 if jobs else 1, time.time()))
        self._table.rows_changed()
        self._table.move_to(jobs[0].id)

    def action_changes(self) -> None:
        """Stop or go on."""
        self._each_frame = 0.0 if self._each_frame else 1_000 * _FRAME_S

    def action_plain(self) -> None:
        """Plain mode on or off."""
        self._table.plain = not self._table.plain


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    JobTableDemo(*(numbers + [10_000, 40][len(numbers) :])).run()
