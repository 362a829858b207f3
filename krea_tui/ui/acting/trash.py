"""The trash: jobs out of the lists, their pictures still on disk, each way one act that can be taken back."""

from __future__ import annotations

from collections.abc import Sequence

from krea_tui.domain.job import Job
from krea_tui.ui.acting.hands import Hands, count_of, left_out
from krea_tui.ui.acting.undo import as_before
from krea_tui.ui.job_text import title_of

_TITLE_LENGTH = 40


async def delete_or_restore(hands: Hands) -> None:
    """Take jobs out of the list, or bring them back where they are all in the trash."""
    jobs = await hands.targets()
    if not jobs:
        return
    if all(job.deleted_at is not None for job in jobs):
        await _move(hands, jobs, is_deleted=False)
        return
    here = [job for job in jobs if job.deleted_at is None]
    ended = [job for job in here if not job.is_active]
    if not ended:
        hands.say(_why_not(here))
        return
    await _move(hands, ended, is_deleted=True, rest=[job for job in here if job.is_active])


async def _move(hands: Hands, jobs: Sequence[Job], *, is_deleted: bool, rest: Sequence[Job] = ()) -> None:
    engine = await hands.engine()
    what = title_of(jobs[0])[:_TITLE_LENGTH] if len(jobs) == 1 else count_of(jobs)
    did = "deleted" if is_deleted else "brought back"
    # Before the rows go: what is marked goes with them.
    hands.can_be_undone(as_before(f"{what} {did}", jobs, lambda job: {"deleted_at": job.deleted_at}))
    await hands.in_slices(
        jobs,
        "Deleting" if is_deleted else "Bringing back",
        lambda ids: engine.set_deleted(ids, is_deleted=is_deleted),
    )
    if hands.marked:
        hands.screen.marks_are_done()
    words = f"Deleted: {what}. z brings it back." if len(jobs) == 1 else f"{what} deleted. z brings them back."
    if not is_deleted:
        words = f"Brought back: {what}."
    hands.say(words + left_out(rest, "is still on its way, and stays", "are still on their way, and stay"))


def _why_not(jobs: Sequence[Job]) -> str:
    if all(job.needs_decision for job in jobs):
        it = "it" if len(jobs) == 1 else "them"
        return f"Nobody knows yet what became of {it}: u resolves {it} first."
    if len(jobs) == 1:
        return "It is still on its way. Cancel it while it is held (x), or wait for its end."
    return "They are still on their way. Cancel what is held (x), or wait for their end."
