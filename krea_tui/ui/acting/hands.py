"""What every act works with: the jobs that are meant, the engine behind them, words and questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from textual.screen import Screen

from krea_tui.domain.pricing import format_usd
from krea_tui.engine.slices import SLICE, slices_of
from krea_tui.ui.acting.progress import ProgressLine
from krea_tui.ui.screens.decisions import AsksCount
from krea_tui.ui.screens.dialog import Confirm

if TYPE_CHECKING:
    from krea_tui.domain.job import Job
    from krea_tui.engine.engine import Engine
    from krea_tui.ui.acting.undo import Undone
    from krea_tui.ui.job_actions import JobActions
    from krea_tui.ui.session import Session

# Fewer are done before anybody could read how far they are.
_SHOWS_PROGRESS_FROM: Final = 2 * SLICE


class Say(Protocol):
    """Tells the person something, in a notice."""

    def __call__(self, words: str, severity: str = "information") -> None:
        """Tell it."""


@dataclass(frozen=True, slots=True)
class Hands:
    """One act of the person. `marked` and `job` are what was marked, and under the cursor, when the key came."""

    screen: JobActions
    session: Session
    marked: frozenset[str]
    job: Job | None
    say: Say

    async def targets(self) -> list[Job]:
        """The jobs that are meant, oldest first; none where there are none, which is said."""
        if not self.marked:
            jobs = [self.job] if self.job else []
        else:
            if len(self.marked) >= _SHOWS_PROGRESS_FROM:
                self.say(f"Reading {count_of(len(self.marked))} …")
            jobs = await self.screen.jobs_of(self.marked)
            if self.screen.marked_ids() != self.marked:
                # Whoever takes the marks back takes the key back, too.
                self.say("The marks have changed meanwhile: nothing was done.")
                return []
        if not jobs:
            self.say("There is no job here yet.")
        return sorted(jobs, key=lambda job: job.seq)

    async def engine(self) -> Engine:
        """The engine, once it is known who leads."""
        return await self.session.engine()

    async def agrees(self, title: str, question: str, detail: str = "", *, yes: str = "Yes") -> bool:
        """Ask; the answer is No unless the person says Yes."""
        return await self._asked(Confirm(title, question, detail, yes=yes)) is True

    async def agrees_to_all(self, title: str, question: str, detail: str, *, do: str, count: int) -> bool:
        """Ask for the number of jobs."""
        return bool(await self._asked(AsksCount(title, question, detail, do=do, count=count)))

    async def in_slices(
        self, jobs: Sequence[Job], doing: str, order: Callable[[Sequence[str]], Awaitable[list[Job]]]
    ) -> list[Job]:
        """Have an order carried out on thousands, slice by slice, and show how far it is."""
        done: list[Job] = []
        line: ProgressLine | None = None
        try:
            for ids in slices_of(job.id for job in jobs):
                if len(jobs) >= _SHOWS_PROGRESS_FROM and line is None:
                    line = ProgressLine(doing, len(jobs))
                    await self.screen.mount(line)
                done += await order(ids)
                if line is not None:
                    line.advance(len(ids))
        finally:
            if line is not None:
                await line.remove()
        return done

    def can_be_undone(self, done: Undone) -> None:
        """Remember how things were before this act."""
        self.screen.undo.push(done)

    async def _asked(self, window: Screen[bool] | Screen[str]) -> bool | str | None:
        return await self.screen.app.push_screen_wait(window)


def count_of(jobs: Sequence[Job] | int, noun: str = "job") -> str:
    """`1 job`, `12,000 jobs`."""
    count = jobs if isinstance(jobs, int) else len(jobs)
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sum_of(jobs: Iterable[Job]) -> str:
    """What these cost, or would."""
    return format_usd(sum(job.price_microusd for job in jobs))


def left_out(jobs: Sequence[object], one: str, many: str) -> str:
    """A sentence about those that an act leaves alone; blank where there are none."""
    if not jobs:
        return ""
    return f" One {one}." if len(jobs) == 1 else f" {len(jobs):,} {many}."
