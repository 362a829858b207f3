"""What only a person can move, counted and summed for the end of a command: left-overs, and what is unconfirmed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from krea_tui.cli.output import tell
from krea_tui.domain.errors import StoreError
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.domain.pricing import format_usd

if TYPE_CHECKING:
    from krea_tui.config.locations import Locations
    from krea_tui.storage.processes import SignOfLife


class Reminders:
    """Judges the jobs of one gateway profile by themselves and by the processes that had them."""

    def __init__(self, locations: Locations, profile: str) -> None:
        self._instances_dir = locations.instances_dir
        self._profile = profile

    def left_over(self, jobs: Iterable[Job]) -> list[Job]:
        """What goes only when the person says so; with what nobody living has accepted, whatever it is called yet."""
        return [
            job
            for job in jobs
            if job.status is JobStatus.HELD
            and job.profile == self._profile
            and (job.hold_reason is HoldReason.LEFT_OVER or (job.is_sendable and self.has_lost_its_process(job)))
        ]

    def unconfirmed(self, jobs: Iterable[Job]) -> list[Job]:
        """What needs a decision; with what was on its way when its program ended."""
        return [
            job
            for job in jobs
            if job.profile == self._profile
            and (job.needs_decision or (job.status is JobStatus.SENDING and self.has_lost_its_process(job)))
        ]

    def has_lost_its_process(self, job: Job) -> bool:
        """Whether the process that may send the job, or is sending it, is gone."""
        try:
            return self._processes.died_at(job.accepted_by) is not None
        except StoreError:
            # Where no lock can be tried nothing can be told; a living process must not be called dead.
            return False

    @cached_property
    def _processes(self) -> SignOfLife:
        from krea_tui.storage.processes import SignOfLife

        return SignOfLife(self._instances_dir)

    def tell(self, jobs: Sequence[Job]) -> None:
        """Name both kinds among these jobs, with count, sum and what can be done; silent where there are none."""
        if left := self.left_over(jobs):
            tell(
                f"{count_and_sum(left)} left over, not sent: `krea-tui resume --left-over` sends them,"
                " `krea-tui cancel ID` withdraws one."
            )
        if doubtful := self.unconfirmed(jobs):
            tell(f"{count_and_sum(doubtful)} unconfirmed, perhaps charged: `krea-tui resolve` says what can be done.")


def count_and_sum(jobs: Sequence[Job]) -> str:
    """How many jobs, and what they cost: `2 jobs ($0.12)`."""
    return f"{count_of(jobs)} ({format_usd(sum(job.price_microusd for job in jobs))})"


def count_of(jobs: Sequence[Job]) -> str:
    """How many jobs, in words."""
    return f"{len(jobs):,} job{'' if len(jobs) == 1 else 's'}"
