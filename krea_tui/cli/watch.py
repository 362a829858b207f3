"""`watch`: follows every active job to its end, as the engine where there is none."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from datetime import datetime

from krea_tui.cli.exit_codes import ExitCode, code_of_job, worst
from krea_tui.cli.following import pause_words
from krea_tui.cli.lines import job_line
from krea_tui.cli.output import tell, tell_result
from krea_tui.cli.planning import plan_of
from krea_tui.cli.reminders import Reminders, count_and_sum
from krea_tui.cli.session import Session, run_session
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.text import clean_line
from krea_tui.engine.health import PauseReason
from krea_tui.opening import has_history
from krea_tui.storage.processes import SignOfLife

_PROMPT_LENGTH = 60


def watch(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print a line for each change until nothing is active; left-overs are never sent, and not waited for."""
    plan = plan_of(arguments, environ)
    if not has_history(plan.locations):
        tell("Nothing is active.")
        return ExitCode.DONE

    async def action(session: Session) -> ExitCode:
        return await _Log(session).run()

    return run_session(plan, action)


class _Log:
    """The changes of the book as lines."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._processes = SignOfLife(session.plan.locations.instances_dir)
        self._last_line: dict[str, str] = {}
        self._last_pause = ""
        self._codes: list[ExitCode] = []
        self._watched: set[str] = set()

    async def run(self) -> ExitCode:
        """Watch until nothing is active."""
        unsubscribe = self._session.book.subscribe(self._on_change)
        try:
            self._tell_start()
            await self._session.until(self._has_ended)
        finally:
            unsubscribe()
        if self._key_is_refused():
            tell(f"The gateway refuses the key: {pause_words(self._session.book.health.pause)}")
            self._tell_what_stays()
            return ExitCode.KEY
        tell("Nothing is active any more.")
        self._tell_what_stays()
        found = (self._session.book.get(job_id) for job_id in self._watched)
        return worst(code_of_job(job) for job in found if job is not None)

    def _tell_what_stays(self) -> None:
        reminders = Reminders(self._session.plan.locations, self._session.engine.policy.profile)
        held = list(self._session.book.held())
        left = {job.id for job in reminders.left_over(held)}
        if others := [job for job in held if job.id not in left]:
            tell(f"{count_and_sum(others)} held, not sent: `krea-tui jobs status:held` lists what is held.")
        reminders.tell(list(self._session.book))

    def _tell_start(self) -> None:
        active = list(self._active())
        tell(f"{len(active):,} active; {'fetching here' if self._session.leads else 'another krea-tui fetches'}.")
        self._on_change(frozenset(job.id for job in active))

    def _has_ended(self) -> bool:
        self._watched.update(job.id for job in self._active())
        return self._key_is_refused() or not any(True for _ in self._active())

    def _key_is_refused(self) -> bool:
        pause = self._session.book.health.pause
        return pause is not None and pause.reason is PauseReason.KEY

    def _active(self) -> Iterable[Job]:
        profile = self._session.engine.policy.profile
        return (job for job in self._session.book if job.profile == profile and self._moves(job))

    def _moves(self, job: Job) -> bool:
        if job.status is JobStatus.HELD:
            # What nobody living accepted is a left-over, whatever it is called by now.
            stands = self._session.book.health.pause is not None
            return job.is_sendable and not stands and self._processes.died_at(job.accepted_by) is None
        return job.is_running

    def _on_change(self, job_ids: frozenset[str]) -> None:
        pause = pause_words(self._session.book.health.pause)
        if pause and pause != self._last_pause:
            tell(f"Sending stands still: {pause}")
        self._last_pause = pause
        for job_id in sorted(job_ids):
            job = self._session.book.get(job_id)
            if job is not None:
                self._tell_change(job)

    def _tell_change(self, job: Job) -> None:
        line = job_line(job, self._session.plan.locations.pictures_dir)
        if self._last_line.get(job.id) == line:
            return
        self._last_line[job.id] = line
        prompt = "" if job.pictures or job.error else f"  {clean_line(job.request.prompt, _PROMPT_LENGTH)}"
        tell_result(f"{datetime.now().astimezone():%H:%M:%S}  {line}{prompt}")
