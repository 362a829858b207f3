"""A filter over a DataTable: an Input, and at each of its letters the rows that match instead of those before."""

import argparse
import time
from dataclasses import replace

from textual import on
from textual.app import App, ComposeResult
from textual.widgets import Input

from krea_tui.domain.matching import matches
from krea_tui.domain.query import parse_filter
from tests.benchmarks.table.beside import JobDataTable
from tests.benchmarks.table.history import jobs
from tests.benchmarks.table.report import report


class FilterProgram(App[None]):
    """All jobs are in memory: what is measured is matching them and filling the table."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, count: int) -> None:
        super().__init__()
        numbered = [replace(job, seq=number) for number, job in enumerate(jobs(count), 1)]
        self._jobs = {job.id: job for job in reversed(numbered)}

    def compose(self) -> ComposeResult:
        """The line, and the table under it."""
        yield Input()
        yield JobDataTable(self._jobs.get, self.size.width - 1)

    def on_mount(self) -> None:
        """Fill it behind the first frame."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        self.query_one(JobDataTable).load(self._jobs.values())
        self.call_after_refresh(report, "begin")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        terms = parse_filter(event.value, time.time()).terms
        found = [job for job in self._jobs.values() if matches(terms, job)] if terms else list(self._jobs.values())
        self.query_one(JobDataTable).load(found)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.table.beside_filter", description="A filter")
    parser.add_argument("--jobs", type=int, default=100_000)
    FilterProgram(parser.parse_args().jobs).run()


if __name__ == "__main__":
    main()
