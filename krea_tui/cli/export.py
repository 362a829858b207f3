"""`export`: copies of pictures and tables of jobs, in a folder of the person. The history is only read."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.output import PROGRAM, tell, tell_result
from krea_tui.cli.planning import locations_of
from krea_tui.domain.job import Job
from krea_tui.domain.ordering import View
from krea_tui.domain.query import parse_query

if TYPE_CHECKING:
    from krea_tui.pictures.export import Exported, Progress, Target
    from krea_tui.storage.store import JobStore

_READ_AT_ONCE: Final = 500
_TELL_EVERY_S: Final = 5.0
_MOST_NAMED: Final = 20


def export(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write the jobs of a query to a folder or a table, newest first; missing pictures are named and end in 1."""
    terms = parse_query(" ".join(arguments.query), time.time())
    locations = locations_of(arguments, environ)
    from krea_tui.pictures.export import Export, target_of
    from krea_tui.pictures.files import PictureFiles
    from krea_tui.storage.query import select_of
    from krea_tui.storage.store import open_read_only

    target = target_of(arguments.to, may_replace=arguments.replace)
    store = open_read_only(locations.database)
    try:
        seqs = [] if store is None else list(store.order(select_of(View(terms))))
        if not seqs and not target.is_table:
            tell("No job matches: nothing was written." if terms else "There are no jobs yet: nothing was written.")
            return ExitCode.DONE
        run = Export(PictureFiles(locations.pictures_dir), target, arguments.replace, _Heed(len(seqs)))
        done = run.run([] if store is None else _jobs(store, seqs))
    finally:
        if store is not None:
            store.close()
    return _report(done, target)


def _jobs(store: JobStore, seqs: Sequence[int]) -> Iterator[Job]:
    """A history of any length passes by; only a few hundred jobs are in memory at a time."""
    for start in range(0, len(seqs), _READ_AT_ONCE):
        yield from sorted(store.jobs_by_seq(seqs[start : start + _READ_AT_ONCE]), key=lambda job: -job.seq)


class _Heed:
    """Says now and then how far a long export is."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._told_at = time.monotonic()

    def __call__(self, progress: Progress) -> bool:
        if time.monotonic() - self._told_at >= _TELL_EVERY_S:
            self._told_at = time.monotonic()
            tell(f"{progress.jobs:,} of {self._count:,} jobs, {progress.copied_bytes / 1_000_000:,.0f} MB copied …")
        return True


def _report(done: Exported, target: Target) -> ExitCode:
    for table in done.tables:
        tell_result(str(table))
    progress = done.progress
    words = f"{progress.jobs:,} {'job' if progress.jobs == 1 else 'jobs'}"
    if not target.is_table:
        noun = "picture" if progress.pictures == 1 else "pictures"
        words += (
            f", {progress.pictures:,} {noun} in {target.place} ({progress.copied_bytes / 1_000_000:,.1f} MB copied)"
        )
    tell(f"{words}.")
    if not done.missing:
        return ExitCode.DONE
    named = ", ".join(done.missing[:_MOST_NAMED]) + (" …" if len(done.missing) > _MOST_NAMED else "")
    tell(f"{PROGRAM}: {len(done.missing):,} not found where they were saved; pictures of {named}")
    return ExitCode.JOB_FAILED
