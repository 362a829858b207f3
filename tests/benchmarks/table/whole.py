"""The whole app over a history that lies ready, and changes of its newest jobs. Reports `begin` and `end` around them.

It is the app as it is started by `krea-tui --demo`; the jobs that change belong to another gateway than the demo's, so
its engine asks for none of them.
"""

import argparse
import asyncio
import gc
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

import krea_tui.ui.app
from krea_tui.cli.app import run_app
from krea_tui.cli.options import AppOptions
from krea_tui.domain.job import Job
from krea_tui.ui.app import StudioApp
from tests.benchmarks.table.changes import Changes, running
from tests.benchmarks.table.history import jobs
from tests.benchmarks.table.program import CHANGING, LAST_FRAME_S
from tests.benchmarks.table.report import p95, report

SETTLE_S: Final = 3.0
# Newer than whatever the store has given.
REVISION: Final = 1_000_000_000


class WholeProgram(StudioApp):
    """The app, and what happens to it."""

    options: ClassVar[argparse.Namespace]

    def _opened(self) -> None:
        super()._opened()
        self.run_worker(self._measure(), exit_on_error=True)

    async def _measure(self) -> None:
        options, book = self.options, self.session.book
        await self.session.engine()
        changing = await asyncio.to_thread(_newest, options.jobs, options.running)
        book.put(changing)
        await asyncio.sleep(SETTLE_S)
        changes = Changes(book, changing, options.rate, options.seconds)
        gc.collect()

        def tell(what: str) -> None:
            late_s = changes.late_s or [0.0]
            report(what, cpu_s=time.process_time() - cpu_s, late_p95_s=p95(late_s), late_max_s=max(late_s))

        # Asked in the middle, it tells what it has seen so far.
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell, "so far")
        cpu_s = time.process_time()
        report("begin")
        await (changes.run() if options.rate or options.watch else asyncio.sleep(options.seconds))
        await asyncio.sleep(LAST_FRAME_S)
        tell("end")


def _newest(count: int, running_count: int) -> list[Job]:
    """The newest of the history's jobs, from the top down, as the store has numbered them."""
    now = time.time()
    made = [replace(job, seq=number, revision=REVISION) for number, job in enumerate(jobs(count), 1)]
    newest = made[: -CHANGING - 1 : -1]
    # Muted: two hundred notices a second are another matter than the table.
    newest = [replace(job, muted=True) for job in newest]
    return [running(job, now, float(at % 14)) if at < running_count else job for at, job in enumerate(newest)]


def main() -> int:
    """Run the app in the folder that is named."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.table.whole", description="The whole app")
    parser.add_argument("--data-dir", type=Path, required=True, help="where a history of `--jobs` jobs lies")
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--running", type=int, default=0, help="how many of the newest jobs run")
    parser.add_argument("--rate", type=int, default=0, help="status changes a second")
    parser.add_argument("--watch", action="store_true", help="watch the event loop without any changes, too")
    parser.add_argument("--seconds", type=float, default=600.0)
    WholeProgram.options = parser.parse_args()
    krea_tui.ui.app.StudioApp = WholeProgram  # type: ignore[misc]
    start = AppOptions(demo=True)
    start.data_dir = WholeProgram.options.data_dir
    return run_app(start, os.environ)


if __name__ == "__main__":
    sys.exit(main())
