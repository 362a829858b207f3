"""A job table in an app of its own, and what of it is painted."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from textual import on
from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot
from textual.strip import Strip

from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.request import GenerationRequest
from krea_tui.ui.live_table.messages import (
    AllAsked,
    DetailChanged,
    HandsOff,
    HandsOn,
    Highlighted,
    InvertAsked,
    LayoutChanged,
    MarksChanged,
    NearEnd,
    NewWanted,
    Opened,
    SortAsked,
    SpanAsked,
    TableMessage,
)
from krea_tui.ui.widgets.job_table import JobTable
from tests.support.waiting import wait_until_async

TEACHING = "No jobs yet. Write a prompt on the left."
START = 1_000.0


def a_job(seq: int, status: JobStatus = JobStatus.FAILED, **changes: object) -> Job:
    fields: dict[str, object] = {"price_microusd": 60_000, "created_at": START, "profile": "p", "revision": 1}
    request = GenerationRequest(f"picture number {seq}", seq)
    job = Job(f"id{seq}", request, status=status, submitted_at=START, **fields)  # type: ignore[arg-type]
    return replace(job, hold_reason=None, **changes)  # type: ignore[arg-type]


class Rows:
    def __init__(self, count: int, status: JobStatus = JobStatus.FAILED) -> None:
        self.jobs: list[Job | None] = [a_job(seq, status) for seq in range(count, 0, -1)]

    def __len__(self) -> int:
        return len(self.jobs)

    def row_at(self, index: int) -> Job | None:
        return self.jobs[index]

    def index_of(self, job_id: str) -> int | None:
        return next((index for index, job in enumerate(self.jobs) if job and job.id == job_id), None)

    def change(self, job_id: str, **changes: object) -> None:
        index = self.index_of(job_id)
        assert index is not None
        job = self.jobs[index]
        assert job is not None
        self.jobs[index] = replace(job, revision=job.revision + 1, **changes)  # type: ignore[arg-type]


class WatchedTable(JobTable):
    """Keeps what was painted, line by line, and which lines were painted since `painted` was last cleared."""

    DEFAULT_CSS = ""

    def __init__(self, rows: Rows, now: Callable[[], float]) -> None:
        super().__init__(rows, empty=Content(TEACHING), now=now)
        self.screen_lines: dict[int, str] = {}
        self.painted: list[int] = []

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        self.screen_lines[y] = strip.text
        self.painted.append(y)
        return strip

    @property
    def shown(self) -> list[str]:
        return [self.screen_lines[y] for y in range(self.size.height)]

    @property
    def header(self) -> str:
        return self.screen_lines[0]

    @property
    def seen_marks(self) -> list[str]:
        """The prompts' numbers on the lines that carry a mark."""
        marked = [line for line in self.shown[1:] if line[1:2] in {"✓", "#"}]
        return [line.partition("number ")[2].split()[0] for line in marked]

    @property
    def seen_cursor(self) -> str | None:
        """The prompt's number on the line that carries the cursor's mark."""
        marked = [line for line in self.shown if line.startswith(("▌", ">"))]
        assert len(marked) <= 1
        return marked[0].partition("number ")[2].split()[0] if marked else None


class TableApp(App[None]):
    CSS = "WatchedTable { width: 100%; height: 100%; }"

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.rows = rows
        self.clock = START
        self.messages: list[tuple[str, str | None]] = []
        self.spans: list[SpanAsked] = []
        self.table = WatchedTable(rows, lambda: self.clock)

    def compose(self) -> ComposeResult:
        yield self.table

    def on_live_table_highlighted(self, message: Highlighted) -> None:
        self.messages.append(("highlighted", message.key))

    def on_live_table_opened(self, message: Opened) -> None:
        self.messages.append(("opened", message.key))

    def on_live_table_near_end(self, message: NearEnd) -> None:
        assert message.control is self.table
        self.messages.append(("near end", str(len(self.rows))))

    @on(MarksChanged)
    def _marks_changed(self, message: MarksChanged) -> None:
        self.messages.append(("marks", str(message.count)))

    @on(SpanAsked)
    def _span_asked(self, message: SpanAsked) -> None:
        self.messages.append(("span", f"{message.first}-{message.last}"))
        self.spans.append(message)

    @on(SortAsked)
    def _sort_asked(self, message: SortAsked) -> None:
        self.messages.append(("sort", message.column_key))

    @on(LayoutChanged)
    def _layout_changed(self, message: LayoutChanged) -> None:
        self.messages.append(("layout", message.layout.to_text()))

    @on(DetailChanged)
    def _detail_changed(self, message: DetailChanged) -> None:
        self.messages.append(("detail", message.text))

    @on(HandsOn)
    @on(HandsOff)
    @on(AllAsked)
    @on(InvertAsked)
    @on(NewWanted)
    def _told(self, message: TableMessage) -> None:
        self.messages.append(("wish", type(message).__name__))

    def told(self, kind: str) -> list[str | None]:
        return [word for name, word in self.messages if name == kind]


@asynccontextmanager
async def running(
    rows: Rows, size: tuple[int, int] = (80, 11)
) -> AsyncIterator[tuple[TableApp, WatchedTable, Pilot[None]]]:
    app = TableApp(rows)
    async with app.run_test(size=size, tooltips=True) as pilot:
        app.table.focus()
        await pilot.pause()
        yield app, app.table, pilot


async def settle(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    await wait_until_async(condition)
    await pilot.pause()
