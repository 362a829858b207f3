"""`retry`: jobs that have ended are sent once more, each as a new job."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.lines import status_words
from krea_tui.cli.output import PROGRAM, tell
from krea_tui.cli.planning import plan_of, require_key
from krea_tui.cli.sending import Order, approve, send
from krea_tui.domain.errors import UnknownJob
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.request import draw_seed

_WHY_NOT: Final = {
    JobStatus.UNCONFIRMED: "it may have been charged already: `krea-tui resolve {}` says what can be done",
    JobStatus.HELD: "it has not been sent yet: `krea-tui resume` lets it go",
}


def retry(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Send the named jobs again; refuses all of them where one may not be repeated."""
    plan = plan_of(arguments, environ)
    from krea_tui.storage.store import open_read_only

    store = open_read_only(plan.locations.database)
    if store is None:
        raise UnknownJob(f"no job has the id {arguments.ids[0]}: there are no jobs yet")
    try:
        jobs = list({job.id: job for job in map(store.get, arguments.ids)}.values())
    finally:
        store.close()
    if refused := [job for job in jobs if job.is_active or job.status is JobStatus.UNCONFIRMED]:
        for job in refused:
            why = _WHY_NOT.get(job.status, "it is still on its way").format(job.id)
            tell(f"{PROGRAM}: {job.id} is {status_words(job)}: {why}")
        tell("Nothing was sent.")
        return ExitCode.JOB_FAILED
    require_key(plan)
    orders = [_again(job, new_seed=arguments.new_seed) for job in jobs]
    requests = [request for order in orders for request in order.requests]
    approve(requests, plan.settings.money, yes=arguments.yes or plan.is_demo)
    return send(plan, orders, waits=arguments.wait, as_json=arguments.json)


def _again(job: Job, *, new_seed: bool) -> Order:
    request = replace(job.request, seed=draw_seed()) if new_seed else job.request
    return Order((request,), retry_of=job.id)
