"""A real studio in a process of its own, made to be killed. It ends by itself once nothing more will happen.

The processes come from a server that has imported everything already (`multiprocessing`'s forkserver): each is a
process of its own with connections, locks and threads of its own, and starts within milliseconds.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

# What a studio imports in its threads behind the first frame; here once, in the server of processes.
import anyio._backends._asyncio  # noqa: F401
import PIL.PngImagePlugin  # noqa: F401

import krea_tui.gateway.client
import krea_tui.pictures.files
import krea_tui.storage.threaded  # noqa: F401
from krea_tui.config.locations import find_locations
from krea_tui.config.settings import GatewaySettings, Settings
from krea_tui.domain import pacing
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.request import GenerationRequest
from krea_tui.studio import Plan, Studio, open_studio
from tests.support.steps import Steps
from tests.support.waiting import wait_until_async

CHECK_EVERY_S = 0.08
LEADING = "leading"
SETTLED = "settled"
WAITING = "waiting"
WORD_LIMIT_S = 60.0
_RUNNING = frozenset({JobStatus.SENDING, JobStatus.QUEUED, JobStatus.PROCESSING})


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is to do. `key` names it on the wire; `count` jobs are given to it, seeds from `seed` on."""

    folder: Path
    trace: Path
    url: str
    key: str
    count: int = 0
    seed: int = 0
    die_at: str | None = None
    is_command: bool = False
    waits: bool = False
    releases: bool = False
    refused: str | None = None

    @property
    def word(self) -> Path:
        """The file that tells a waiting process to submit its jobs."""
        return self.trace.with_suffix(".go")


def live(order: Order) -> None:
    """The whole life of one process."""
    errors = os.open(order.trace.with_suffix(".stderr"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(errors, sys.stderr.fileno())
    # The rules stay, the person's patience is shortened: a check every 0.08 s in place of every 5 s.
    vars(pacing).update(POLL_INTERVAL_S=CHECK_EVERY_S, AGE_STEPS=((0.0, CHECK_EVERY_S),))
    steps = Steps(order.trace, order.die_at, order.refused)
    steps.watch()
    asyncio.run(_live(order, steps))


async def _live(order: Order, steps: Steps) -> None:
    environ = {**os.environ, "PIXAZO_API_KEY": order.key}
    settings = Settings()._replace(gateway=GatewaySettings(url=order.url, requests_per_s=100.0, burst=100))
    plan = Plan(settings, find_locations(environ, order.folder), environ, is_command=order.is_command)
    studio = await open_studio(plan)
    changed = asyncio.Event()
    was_leading = False

    def look(_: frozenset[str]) -> None:
        nonlocal was_leading
        if studio.engine.book.health.is_engine and not was_leading:
            was_leading = True
            steps.say(LEADING)
        changed.set()

    studio.engine.book.subscribe(look)
    run = asyncio.create_task(studio.engine.run())
    await studio.engine.is_ready.wait()
    look(frozenset())
    requests = [GenerationRequest("a lighthouse in heavy fog", order.seed + n) for n in range(order.count)]
    if order.waits:
        steps.say(WAITING)
        await wait_until_async(order.word.exists, WORD_LIMIT_S, "the word to go")
    if order.releases:
        await studio.engine.release([job.id for job in studio.engine.book.left_over(studio.engine.policy.profile)])
    if requests:
        await studio.engine.submit(requests)
    while not _is_settled(studio):
        changed.clear()
        await changed.wait()
    steps.say(SETTLED)
    await studio.engine.stop()
    await run
    await studio.aclose()


def _is_settled(studio: Studio) -> bool:
    """Whether this process leads and nothing will happen by itself any more."""
    return studio.engine.book.health.is_engine and not any(
        _goes_on(job, studio.engine.process_id) for job in studio.engine.book
    )


def _goes_on(job: Job, process_id: str) -> bool:
    return job.status in _RUNNING or job.is_saving or (job.is_sendable and job.accepted_by == process_id)
