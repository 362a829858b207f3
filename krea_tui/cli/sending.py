"""What `submit`, `retry` and `resume` share: money is asked for first, jobs go out once, every end is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from krea_tui.cli.exit_codes import ExitCode, GatewayUnreachable, MoneyRefused
from krea_tui.cli.following import Following, pause_words
from krea_tui.cli.lines import job_line
from krea_tui.cli.output import confirm, is_interactive, tell, tell_error, tell_object, tell_result
from krea_tui.cli.reminders import Reminders, count_and_sum, count_of
from krea_tui.cli.session import Interrupted, Session, run_session
from krea_tui.config.plan import Plan
from krea_tui.config.settings import MoneySettings
from krea_tui.domain.errors import UsageError
from krea_tui.domain.job import AT_GATEWAY, HoldReason, Job, JobStatus, new_id
from krea_tui.domain.job_json import job_json
from krea_tui.domain.pricing import Price, format_price, format_usd, price_of
from krea_tui.domain.request import GenerationRequest

UNREACHABLE_LIMIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Order:
    """Requests that are accepted together; `retry_of` is the job that they repeat."""

    requests: tuple[GenerationRequest, ...]
    retry_of: str | None = None


def approve(requests: Sequence[GenerationRequest], money: MoneySettings, *, yes: bool) -> None:
    """Ask for a batch that costs more than the settings allow without asking.

    Raises `MoneyRefused` over the cap of a batch, `UsageError` where nobody can be asked or the answer is no.
    """
    if len(requests) <= 1:
        return
    prices = [price_of(request) for request in requests]
    total = Price(sum(price.microusd for price in prices), any(price.is_estimate for price in prices))
    cap = money.batch_cap_microusd
    if cap is not None and total.microusd > cap:
        raise MoneyRefused(
            f"{len(requests):,} jobs cost {format_price(total)}, the cap of a batch is {format_usd(cap)}",
            advice="Nothing was stored or sent. Send fewer, or raise money.batch_cap_usd in the settings.",
        )
    if total.microusd > money.ask_above_microusd:
        ask(f"{len(requests):,} jobs cost {format_price(total)}", yes=yes)


def ask(what: str, *, yes: bool) -> None:
    """Have a person say yes to what costs money; raises `UsageError` where they do not, or nobody is there."""
    if yes:
        return
    if not is_interactive():
        raise UsageError(f"{what}: say --yes to send them without being asked", advice="Nothing was sent.")
    if not confirm(f"{what}. Send them?"):
        raise UsageError("nothing was sent")


def send(
    plan: Plan,
    orders: Sequence[Order],
    *,
    waits: bool,
    as_json: bool,
    unreachable_limit_s: float = UNREACHABLE_LIMIT_S,
) -> ExitCode:
    """Accept the orders, send or hand them over, and follow them as far as was asked."""

    async def action(session: Session) -> ExitCode:
        batch_id = new_id() if sum(len(order.requests) for order in orders) > 1 else None
        jobs: list[Job] = []
        for order in orders:
            jobs += await session.engine.submit(order.requests, retry_of=order.retry_of, batch_id=batch_id)
        return await deliver(session, jobs, waits=waits, as_json=as_json, unreachable_limit_s=unreachable_limit_s)

    return run_session(plan, action)


async def deliver(
    session: Session, jobs: Sequence[Job], *, waits: bool, as_json: bool, unreachable_limit_s: float
) -> ExitCode:
    """See accepted jobs on their way, each reported on stdout as it ends, the whole told in words."""
    told: list[Job] = []
    pictures_dir = session.plan.locations.pictures_dir

    def report(job: Job) -> None:
        told.append(job)
        tell_job(job, pictures_dir, as_json=as_json)

    following = Following(
        session,
        [job.id for job in jobs],
        report,
        waits=waits,
        patience_s=unreachable_limit_s if waits else 0.0,
    )
    pause = session.book.health.pause
    if waits and pause is not None:
        tell(f"Sending stands still: {pause_words(pause)}")
    try:
        code = await following.run()
    except Interrupted:
        _tell_interrupted(told)
        raise
    if following.is_unreachable:
        error = next((job.error for job in told if job.error), "")
        tell_error(GatewayUnreachable(f"the gateway cannot be reached{f': {error}' if error else ''}"))
    if following.is_stranded:
        tell("Another krea-tui runs on this history and did not take over; it may use another gateway.")
    tell_left_over(told)
    tell_unconfirmed(told)
    _tell_standing(session, told)
    if not waits:
        _tell_parting(session, following.handed_over, told)
    remind(session, told)
    await session.drain()
    return code


def tell_job(job: Job, pictures_dir: PurePath, *, as_json: bool) -> None:
    """One job as a result."""
    if as_json:
        tell_object(job_json(job, lambda path: str(pictures_dir / path)))
    else:
        tell_result(job_line(job, pictures_dir))


def tell_left_over(jobs: Sequence[Job]) -> None:
    """Name what was not sent and is not sent by itself any more."""
    left = [job for job in jobs if job.status is JobStatus.HELD and job.hold_reason is HoldReason.LEFT_OVER]
    if left:
        tell(f"Left over, not sent: {_named(left)}: {count_and_sum(left)}.")
        tell("`krea-tui resume --left-over` sends what is left over, `krea-tui cancel ID` withdraws it.")


def tell_unconfirmed(jobs: Sequence[Job]) -> None:
    """Name what may have been charged, and how to find out."""
    doubtful = [job for job in jobs if job.needs_decision]
    if doubtful:
        which = doubtful[0].id if len(doubtful) == 1 else ""
        tell(
            f"Unconfirmed, perhaps charged: {_named(doubtful)}: {count_and_sum(doubtful)}. Never sent again by itself."
        )
        tell(f"`{f'krea-tui resolve {which}'.rstrip()}` says what can be done.")


def remind(session: Session, told: Sequence[Job]) -> None:
    """Name what earlier commands have left for the person to decide; none of it is touched."""
    own = {job.id for job in told}
    reminders = Reminders(session.plan.locations, session.engine.policy.profile)
    reminders.tell([job for job in session.book if job.id not in own])


def _tell_interrupted(jobs: Sequence[Job]) -> None:
    tell_left_over(jobs)
    tell_unconfirmed(jobs)
    going_on = [job for job in jobs if job.status in AT_GATEWAY or job.is_saving]
    if going_on:
        tell(f"At the gateway: {_named(going_on)}. krea-tui or `krea-tui watch` fetches them.")


def _tell_standing(session: Session, jobs: Sequence[Job]) -> None:
    standing = [
        job
        for job in jobs
        if job.status is JobStatus.HELD and not job.is_sendable and job.hold_reason is not HoldReason.LEFT_OVER
    ]
    if not standing:
        return
    pause = session.book.health.pause
    words = next((job.error for job in standing if job.error), None) or (pause.words if pause else "it stands still")
    tell(f"Held, not sent: {_named(standing)} ({count_of(standing)}): {words.rstrip('.')}.")
    if pause is not None and pause.advice:
        tell(pause.advice)
    tell("`krea-tui resume` sends what is held, `krea-tui cancel ID` withdraws it.")


def _tell_parting(session: Session, handed_over: Sequence[Job], jobs: Sequence[Job]) -> None:
    if not session.leads:
        if handed_over or any(job.status in AT_GATEWAY for job in jobs):
            tell("The running krea-tui has taken over; it sends and fetches.")
        return
    at_gateway = [job for job in jobs if job.status in AT_GATEWAY]
    if at_gateway:
        tell(f"{count_of(at_gateway)} at the gateway. Nothing is fetching now: open krea-tui, or run `krea-tui watch`.")


def _named(jobs: Sequence[Job]) -> str:
    return ", ".join(job.id for job in jobs)
