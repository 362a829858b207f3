"""Status changes at a steady rate, published by the real book, and how late the event loop let each of them be."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.engine.book import JobBook

TICK_S: Final = 0.02
SAVED: Final = Picture("https://pictures.example/1.png", PictureState.SAVED, path="1.png")
_WAY: Final = (JobStatus.HELD, JobStatus.SENDING, JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.COMPLETED)


def next_on_its_way(job: Job, now: float) -> Job:
    """The job one status on; after its end it begins again."""
    at = _WAY.index(job.status) + 1 if job.status in _WAY else 0
    status = _WAY[at % len(_WAY)]
    return replace(
        job,
        revision=job.revision + 1,
        status=status,
        hold_reason=None,
        submitted_at=now if status is JobStatus.SENDING else job.submitted_at,
        completed_at=now if status is JobStatus.COMPLETED else None,
        pictures=(SAVED,) if status is JobStatus.COMPLETED else (),
    )


def running(job: Job, now: float, age_s: float) -> Job:
    """The job as one that has been at the gateway for so long."""
    return replace(
        job,
        revision=job.revision + 1,
        status=JobStatus.PROCESSING,
        hold_reason=None,
        submitted_at=now - age_s,
        completed_at=None,
        pictures=(),
    )


class Changes:
    """Changes random ones of these jobs, so many a second, each published by itself as the engine does it.

    They are made beforehand: what is measured is what they cost the screen.
    """

    def __init__(self, book: JobBook, jobs: Sequence[Job], per_second: int, seconds: float) -> None:
        self.late_s: list[float] = []
        self._book = book
        self._ticks = max(1, round(seconds / TICK_S))
        self._made = _made(jobs, per_second, round(per_second * seconds))
        self._tick = 0
        self._started_at = 0.0

    async def run(self) -> None:
        """Publish them all; a loop that was held up is not forgiven what it missed."""
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        self._started_at = loop.time()
        self._go_on(loop, over)
        await over

    def _go_on(self, loop: asyncio.AbstractEventLoop, over: asyncio.Future[None]) -> None:
        # A callback, not a task that sleeps: the measuring is to cost as little as it can.
        self.late_s.append(max(0.0, loop.time() - self._started_at - self._tick * TICK_S))
        made, tick = self._made, self._tick
        for job in made[len(made) * tick // self._ticks : len(made) * (tick + 1) // self._ticks]:
            self._book.put([job])
        self._tick += 1
        if self._tick < self._ticks:
            loop.call_at(self._started_at + self._tick * TICK_S, self._go_on, loop, over)
        else:
            over.set_result(None)


def _made(jobs: Sequence[Job], per_second: int, count: int) -> list[Job]:
    dice = random.Random(7)
    states = list(jobs)
    now = time.time()
    made: list[Job] = []
    for number in range(count):
        index = dice.randrange(len(states))
        states[index] = next_on_its_way(states[index], now + number / per_second)
        made.append(states[index])
    return made
