"""`resume`: lets sending go on, and sends what was held."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.holding import signal_all, writable_store
from krea_tui.cli.output import tell
from krea_tui.cli.planning import plan_of, require_key
from krea_tui.cli.reminders import Reminders
from krea_tui.cli.sending import ask, deliver
from krea_tui.cli.session import Session, run_session
from krea_tui.config.settings import gateway_profile
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.domain.pricing import format_usd
from krea_tui.engine.signals import Signals

if TYPE_CHECKING:
    from krea_tui.config.plan import Plan


def resume(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """End a pause; send what was held for money, a cap, the key or a pause, and left-overs if that was asked for."""
    plan = plan_of(arguments, environ)
    profile = gateway_profile(plan.settings, demo=plan.is_demo)
    with writable_store(plan.locations) as store:
        jobs = [job for job in store.open_jobs() if job.profile == profile]
    reminders = Reminders(plan.locations, profile)
    left_over = reminders.left_over(jobs)
    waiting = [job for job in jobs if job.status is JobStatus.HELD and not job.is_sendable and not _waits_for_more(job)]
    if arguments.left_over and left_over:
        require_key(plan)
        total = format_usd(sum(job.price_microusd for job in left_over))
        ask(f"{len(left_over):,} left over, {total} in all", yes=arguments.yes)
        waiting += left_over
    elif arguments.left_over:
        tell("Nothing is left over.")
    if waiting:
        require_key(plan)
        return _resume(plan, waiting)
    asyncio.run(signal_all(plan.locations, Signals.resume))
    tell("Sending goes on; nothing was held for you to release.")
    reminders.tell(jobs)
    return ExitCode.DONE


def _waits_for_more(job: Job) -> bool:
    """What is left over, and what the person keeps back alone, is no part of a pause that ends."""
    return job.hold_reason is HoldReason.LEFT_OVER or job.is_held_back


def _resume(plan: Plan, waiting: Sequence[Job]) -> ExitCode:
    async def action(session: Session) -> ExitCode:
        released = {job.id: job for job in await session.engine.resume()}
        rest = [job.id for job in waiting if job.id not in released]
        released |= {job.id: job for job in await session.engine.release(rest)}
        return await deliver(session, list(released.values()), waits=False, as_json=False, unreachable_limit_s=0.0)

    return run_session(plan, action)
