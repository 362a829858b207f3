"""`cancel` and `pause`: they change the history alone, and whichever engine runs sees it."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.lines import job_line, status_words
from krea_tui.cli.output import PROGRAM, tell, tell_result
from krea_tui.cli.planning import locations_of
from krea_tui.config.locations import Locations
from krea_tui.domain.errors import ImpossibleTransition, UnknownJob
from krea_tui.domain.events import Withdrawn
from krea_tui.engine.signals import Signals
from krea_tui.opening import has_history, prepare

if TYPE_CHECKING:
    from krea_tui.storage.store import JobStore


@contextmanager
def writable_store(locations: Locations) -> Iterator[JobStore]:
    """The history, made where there is none."""
    prepare(locations)
    from krea_tui.storage.store import JobStore

    store = JobStore(locations.database)
    try:
        yield store
    finally:
        store.close()


async def signal_all(locations: Locations, say: Callable[[Signals], Awaitable[object]]) -> None:
    """Tell every process of the history something, without being its engine."""
    prepare(locations)
    from krea_tui.storage.threaded import ThreadedStore

    store = ThreadedStore(locations.database)
    await store.open()
    try:
        await say(Signals(store))
    finally:
        await store.aclose()


def cancel(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Withdraw held jobs; what was sent cannot be, and is named."""
    locations = locations_of(arguments, environ)
    if not has_history(locations):
        raise UnknownJob(f"no job has the id {arguments.ids[0]}: there are no jobs yet")
    code = ExitCode.DONE
    with writable_store(locations) as store:
        # All ids are looked up first: a mistyped one must not leave half of the work done.
        for job_id in dict.fromkeys(store.get(start).id for start in arguments.ids):
            try:
                job = store.apply(job_id, Withdrawn(time.time()))
            except ImpossibleTransition:
                tell(f"{PROGRAM}: {job_id} is {status_words(store.get(job_id))}: only what is held can be withdrawn")
                code = ExitCode.JOB_FAILED
            else:
                tell_result(job_line(job, locations.pictures_dir))
    return code


def pause(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Nothing more is sent, by any process of this history, until `resume`."""
    asyncio.run(signal_all(locations_of(arguments, environ), Signals.pause))
    tell("Sending is paused; what is at the gateway goes on. `krea-tui resume` lets it go again.")
    return ExitCode.DONE
