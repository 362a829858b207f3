"""`resolve`: a person says what became of jobs that may have been charged."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from krea_tui.cli.exit_codes import ExitCode, worst
from krea_tui.cli.holding import writable_store
from krea_tui.cli.lines import status_words
from krea_tui.cli.output import (
    PROGRAM,
    confirm,
    confirm_count,
    is_interactive,
    tell,
    tell_error,
    tell_object,
    tell_result,
)
from krea_tui.cli.planning import plan_of, require_key
from krea_tui.cli.reminders import Reminders, count_and_sum, count_of
from krea_tui.cli.sending import UNREACHABLE_LIMIT_S, approve, deliver, tell_job
from krea_tui.cli.session import Session, run_session
from krea_tui.config.plan import Plan
from krea_tui.config.settings import gateway_profile
from krea_tui.domain.answers import pasted_request_id
from krea_tui.domain.errors import ImpossibleTransition, UnknownJob, UsageError
from krea_tui.domain.events import Adopted, DeclaredNotCharged, Doubted, SentAgain
from krea_tui.domain.job import AT_GATEWAY, Job, JobStatus
from krea_tui.domain.job_json import job_json
from krea_tui.domain.lifecycle import can_take
from krea_tui.domain.pricing import format_usd, price_of
from krea_tui.domain.text import clean_line
from krea_tui.engine.heirs import INTERRUPTED

_Choice = type[Adopted] | type[DeclaredNotCharged] | type[SentAgain]


def resolve(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List what is unconfirmed, or carry out the choice for the jobs that are meant."""
    choice = _choice_of(arguments)
    plan = plan_of(arguments, environ)
    profile = gateway_profile(plan.settings, demo=plan.is_demo)
    jobs = _jobs_of(arguments.ids, plan, profile)
    if choice is None:
        return _report(jobs, plan, profile, as_json=arguments.json)
    if arguments.all:
        jobs = [job for job in jobs if job.profile == profile]
    if not jobs:
        tell("Nothing is unconfirmed.")
        return ExitCode.DONE
    if refused := [(job, why) for job in jobs if (why := _why_not(job, choice, profile))]:
        for job, why in refused:
            tell(f"{PROGRAM}: {job.id} is {status_words(job)}: {why}")
        tell("Nothing was changed.")
        return ExitCode.JOB_FAILED
    if choice is Adopted:
        return _adopt(jobs[0], arguments, plan)
    if choice is DeclaredNotCharged:
        return _declare_not_charged(jobs, arguments, plan)
    return _send_again(jobs, arguments, plan)


def _choice_of(arguments: argparse.Namespace) -> _Choice | None:
    """What is to be done; raises `UsageError` where the options do not fit each other."""
    if arguments.ids and arguments.all:
        raise UsageError("--all means every unconfirmed job: leave the ids out, or --all")
    if arguments.adopt is not None:
        if len(set(arguments.ids)) != 1:
            raise UsageError("--adopt takes one job: a request id belongs to one", advice="Nothing was changed.")
        return Adopted
    choice = DeclaredNotCharged if arguments.not_charged else SentAgain if arguments.send_again else None
    if choice is not None and not (arguments.ids or arguments.all):
        raise UsageError(
            "which jobs? Name them, or say --all", advice="Nothing was changed. `krea-tui resolve` lists them."
        )
    if arguments.wait and choice is not SentAgain:
        raise UsageError("--wait goes with --adopt or --send-again: nothing else is to be waited for")
    return choice


def _jobs_of(ids: Sequence[str], plan: Plan, profile: str) -> list[Job]:
    """The named jobs, else every one that needs a decision, oldest first; raises `UnknownJob`."""
    from krea_tui.storage.store import open_read_only

    store = open_read_only(plan.locations.database)
    if store is None:
        if ids:
            raise UnknownJob(f"no job has the id {ids[0]}: there are no jobs yet")
        return []
    try:
        reminders = Reminders(plan.locations, profile)
        in_flight = [job for job in store.open_jobs() if job.status is JobStatus.SENDING]
        abandoned = [job for job in in_flight if reminders.has_lost_its_process(job)]
        if abandoned:
            _doubt(abandoned, plan)
        if ids:
            return list({job.id: job for job in map(store.get, ids)}.values())
        return [job for job in store.open_jobs() if job.needs_decision]
    finally:
        store.close()


def _doubt(abandoned: Sequence[Job], plan: Plan) -> None:
    """A request that was on its way when its program ended is unconfirmed: the next engine would say the same."""
    with writable_store(plan.locations) as store:
        for job in abandoned:
            with suppress(ImpossibleTransition):
                store.apply(job.id, Doubted(time.time(), INTERRUPTED))


def _why_not(job: Job, choice: _Choice, profile: str) -> str | None:
    if job.profile != profile and choice is not DeclaredNotCharged:
        return f"it belongs to another gateway; say --gateway {clean_line(job.profile)}"
    if can_take(job, choice):
        return None
    if job.settled_at is not None:
        return f"that was settled before: {clean_line(job.error or '')}"
    if job.status is JobStatus.HELD:
        return "it has not been sent: `krea-tui resume` lets it go, `krea-tui cancel` withdraws it"
    if job.status is JobStatus.SENDING:
        return "it is on its way, and its answer is still awaited"
    if job.status in AT_GATEWAY:
        return f"it was accepted as {job.request_id}; `krea-tui watch` follows it"
    return "only what is unconfirmed can be resolved"


def _report(jobs: Sequence[Job], plan: Plan, profile: str, *, as_json: bool) -> ExitCode:
    """What is unconfirmed, as results; what it means and what can be done, in words."""
    for job in jobs:
        if as_json:
            tell_object(job_json(job, lambda path: str(plan.locations.pictures_dir / path)))
        else:
            _tell_listed(job, profile)
    undecided = [job for job in jobs if job.needs_decision]
    if not undecided:
        tell("Nothing is to be decided about it." if jobs else "Nothing is unconfirmed.")
        return ExitCode.DONE
    tell(f"{count_and_sum(undecided)} at risk: perhaps charged, and nothing is sent again by itself.")
    which = undecided[0].id if len(undecided) == 1 else "ID"
    tell("Look at the vendor's console, by time and prompt. Then say what became of it:")
    tell(f"`krea-tui resolve {which} --adopt REQUEST_ID`: it was accepted; its picture is fetched.")
    tell(f"`krea-tui resolve {which} --not-charged`: it never arrived; its sum is free again.")
    tell(f"`krea-tui resolve {which} --send-again`: a new job in its place; if it did arrive, it is paid for twice.")
    if len(undecided) > 1:
        tell("--all in place of ID means every one of them (but for --adopt).")
    return ExitCode.JOB_FAILED


def _tell_listed(job: Job, profile: str) -> None:
    sent = datetime.fromtimestamp(job.attempted_at or job.created_at).astimezone()
    price = format_usd(job.price_microusd)
    seed = f"seed {job.request.seed}"
    tell_result(f"{job.id}  {sent:%Y-%m-%d %H:%M:%S}  {price:>6}  {seed:<15}  {clean_line(job.request.prompt, 100)}")
    # Under its prompt, so that the ids stand alone in their column.
    status = "" if job.needs_decision else f"{status_words(job)} "
    tell_result(f"{'':12}{status}{clean_line(job.error or '', 300)}".rstrip())
    if job.profile != profile:
        tell_result(f"{'':12}at another gateway: --gateway {clean_line(job.profile)}")


def _adopt(job: Job, arguments: argparse.Namespace, plan: Plan) -> ExitCode:
    request_id = pasted_request_id(arguments.adopt)
    if request_id is None or request_id == job.id:
        raise UsageError(
            f"--adopt: {clean_line(arguments.adopt, 80) or 'nothing'} is no request id of the vendor's",
            advice="It has letters, digits, dots, dashes and underscores only; copy it alone. Nothing was changed.",
        )
    if arguments.wait:
        require_key(plan)

    async def action(session: Session) -> ExitCode:
        try:
            adopted = await session.engine.adopt(job.id, request_id)
        except ImpossibleTransition:
            raise _settled_meanwhile(job) from None
        tell(f"{job.id} has the request id {request_id}; it is believed once the gateway has answered for it.")
        return await _deliver(session, [adopted], arguments)

    return run_session(plan, action)


def _settled_meanwhile(job: Job) -> ImpossibleTransition:
    return ImpossibleTransition(
        f"{job.id} was settled meanwhile, and is left alone", advice="`krea-tui show` tells how."
    )


def _declare_not_charged(jobs: Sequence[Job], arguments: argparse.Namespace, plan: Plan) -> ExitCode:
    _ask(
        f"{count_and_sum(jobs)} as not charged: nothing of it counts as spent or at risk any more",
        "Was it never taken by the gateway?" if len(jobs) == 1 else "Was none of them taken by the gateway?",
        len(jobs),
        yes=arguments.yes,
    )
    code = ExitCode.DONE
    with writable_store(plan.locations) as store:
        for job in jobs:
            try:
                settled = store.apply(job.id, DeclaredNotCharged(time.time()))
            except ImpossibleTransition:
                tell_error(_settled_meanwhile(job))
                code = ExitCode.JOB_FAILED
            else:
                tell_job(settled, plan.locations.pictures_dir, as_json=arguments.json)
    return code


def _send_again(jobs: Sequence[Job], arguments: argparse.Namespace, plan: Plan) -> ExitCode:
    require_key(plan)
    requests = [job.request for job in jobs]
    # The question below is asked for any sum; what is left to `approve` is the cap of a batch.
    approve(requests, plan.settings.money, yes=True)
    total = format_usd(sum(price_of(request).microusd for request in requests))
    _ask(
        f"{count_of(jobs)} once more, for {total}; what was taken after all is paid for twice",
        "Send it again?" if len(jobs) == 1 else "Send them again?",
        len(jobs),
        yes=arguments.yes,
    )

    async def action(session: Session) -> ExitCode:
        sent: list[Job] = []
        missed = False
        for job in jobs:
            try:
                sent += await session.engine.send_again([job.id])
            except ImpossibleTransition:
                tell_error(_settled_meanwhile(job))
                missed = True
        code = await _deliver(session, sent, arguments) if sent else ExitCode.DONE
        return worst([code, ExitCode.JOB_FAILED]) if missed else code

    return run_session(plan, action)


async def _deliver(session: Session, jobs: Sequence[Job], arguments: argparse.Namespace) -> ExitCode:
    return await deliver(
        session, jobs, waits=arguments.wait, as_json=arguments.json, unreachable_limit_s=UNREACHABLE_LIMIT_S
    )


def _ask(what: str, question: str, count: int, *, yes: bool) -> None:
    """One job is decided by a clear yes, many by their number; raises `UsageError` where that is not said."""
    if yes:
        return
    if not is_interactive():
        raise UsageError(what, advice="Nothing was changed: say --yes to do it without being asked.")
    words = f"{what[0].upper()}{what[1:]}. {question}"
    if not (confirm(words) if count == 1 else confirm_count(words, count)):
        raise UsageError("nothing was changed")
