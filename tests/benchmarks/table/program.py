"""A program to be measured: one table and the changes of its jobs. `probe` runs it, `--help` tells its options."""

import argparse
import asyncio
import cProfile
import gc
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Final, Protocol

from textual.app import App, ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from krea_tui.domain.job import Job
from krea_tui.engine.book import JobBook
from krea_tui.ui.widgets.job_table import JobTable
from tests.benchmarks.table.beside import JobDataTable
from tests.benchmarks.table.changes import Changes, running
from tests.benchmarks.table.history import jobs
from tests.benchmarks.table.report import p95, report

LIVE: Final = "live"
BESIDE: Final = "DataTable"
NAIVE: Final = "naive DataTable"
NOTHING: Final = "nothing"
TABLES: Final = (LIVE, BESIDE, NAIVE, NOTHING)

# Only the newest of many jobs change.
CHANGING: Final = 1_000
SETTLE_S: Final = 1.0
LAST_FRAME_S: Final = 0.3


class Measured(Protocol):
    """What each table is told."""

    def keys_changed(self, job_ids: Collection[str]) -> None:
        """These jobs changed in their places."""


class Silent(Static):
    """A place without a table: what is measured then is the book and the changes."""

    def keys_changed(self, job_ids: Collection[str]) -> None:
        """Show nothing."""


class TableProgram(App[None]):
    """The table alone on the screen. Reports `filled`, then `begin` and `end` around the changes."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self.book = JobBook()
        self._options = options

    def compose(self) -> ComposeResult:
        """The table over an empty book."""
        table = self._make_table()
        table.id = "table"
        yield table

    def _make_table(self) -> Widget:
        kind = self._options.table
        if kind == LIVE:
            return JobTable(self.book, empty=Content("No jobs"))
        if kind == NOTHING:
            return Silent()
        return JobDataTable(self.book.get, self.size.width - 1, is_naive=kind == NAIVE)

    def on_mount(self) -> None:
        """Measure behind the first frame."""
        self.query_one("#table").focus()
        self.call_after_refresh(self.run_worker, self._measure(), exit_on_error=True)

    async def _measure(self) -> None:
        options = self._options
        made = [self._begun(number, job) for number, job in enumerate(jobs(self._options.jobs), 1)]
        gc.collect()
        gc.freeze()
        self.book.put(made)
        newest = made[: -CHANGING - 1 : -1]
        report("loading")
        table = self.query_one("#table")
        if isinstance(table, JobDataTable):
            table.load(self.book)
        elif isinstance(table, JobTable):
            table.rows_changed()
        await asyncio.sleep(SETTLE_S)
        self.book.subscribe(table.keys_changed)  # type: ignore[attr-defined]
        changes = Changes(self.book, newest, options.rate, options.seconds)
        gc.collect()
        gc.freeze()
        report("begin")
        profile = cProfile.Profile() if options.profile else None
        if profile:
            profile.enable()
        cpu_s = time.process_time()
        if options.rate:
            await changes.run()
        else:
            await asyncio.sleep(options.seconds)
        await asyncio.sleep(LAST_FRAME_S)
        cpu_s = time.process_time() - cpu_s
        if profile:
            profile.disable()
            profile.dump_stats(options.profile)
        late_s = changes.late_s or [0.0]
        report("end", cpu_s=cpu_s, late_p95_s=p95(late_s), late_max_s=max(late_s))

    def _begun(self, number: int, job: Job) -> Job:
        job = replace(job, seq=number, revision=1)
        if number <= self._options.jobs - self._options.running:
            return job
        return running(job, time.time(), float(number % 14))


def main() -> None:
    """Run one of the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.table.program", description="One table alone")
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--running", type=int, default=0, help="how many of the newest jobs run")
    parser.add_argument("--rate", type=int, default=1_000, help="status changes a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--profile", default="", help="a file for what cProfile saw of the changes")
    TableProgram(parser.parse_args()).run()


if __name__ == "__main__":
    main()
