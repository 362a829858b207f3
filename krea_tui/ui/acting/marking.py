"""The person's own signs on jobs: stars, tags, and quiet about their ends."""

from __future__ import annotations

from collections.abc import Sequence

from krea_tui.domain.errors import UsageError
from krea_tui.domain.job import Job, Marks
from krea_tui.domain.tags import MAX_TAGS, tags_of
from krea_tui.ui.acting.hands import Hands, count_of
from krea_tui.ui.acting.undo import Undone, as_before
from krea_tui.ui.screens.tags import TagChange, TagsScreen


async def star(hands: Hands) -> None:
    """Star these; where all of them are starred, take the stars away."""
    jobs = await hands.targets()
    is_on = not all(job.starred for job in jobs)
    changed = [job for job in jobs if job.starred is not is_on]
    if changed:
        words = f"{count_of(changed)} {'starred' if is_on else 'without a star'}"
        await _mark(hands, as_before(words, changed, lambda job: {"starred": job.starred}), changed, {"starred": is_on})


async def mute(hands: Hands) -> None:
    """Say nothing when these end; where all of them are quiet, say it again."""
    jobs = await hands.targets()
    is_on = not all(job.muted for job in jobs)
    changed = [job for job in jobs if job.muted is not is_on]
    if changed:
        words = f"{count_of(changed)} {'end without a notice' if is_on else 'with a notice at the end'}"
        await _mark(hands, as_before(words, changed, lambda job: {"muted": job.muted}), changed, {"muted": is_on})


async def tag(hands: Hands) -> None:
    """Show the tags of these, and change them."""
    jobs = await hands.targets()
    if not jobs:
        return
    change = await hands.screen.app.push_screen_wait(TagsScreen(jobs, await hands.screen.known_tags()))
    if not change:
        return
    # What they are by now, not what they were when the window was opened.
    now = [hands.session.book.get(job.id) or job for job in jobs]
    wanted: dict[tuple[str, ...], list[Job]] = {}
    full = 0
    for job in now:
        tags = _changed(job, change)
        if tags is None:
            full += 1
        elif tags != job.tags:
            wanted.setdefault(tags, []).append(job)
    changed = [job for group in wanted.values() for job in group]
    if changed:
        words = f"{count_of(changed)} tagged"
        engine = await hands.engine()
        hands.can_be_undone(as_before(words, changed, lambda job: {"tags": job.tags}))
        for tags, group in wanted.items():
            marks: Marks = {"tags": tags}
            await hands.in_slices(group, "Tagging", lambda ids, marks=marks: engine.mark(ids, marks))  # type: ignore[misc]
        hands.say(f"{words}; z takes it back.")
    if full:
        hands.say(
            f"{count_of(full)} would have more than {MAX_TAGS} tags, and {'is' if full == 1 else 'are'} as before."
        )


def _changed(job: Job, change: TagChange) -> tuple[str, ...] | None:
    kept = [tag for tag in job.tags if tag not in change.removed]
    try:
        return tags_of([*kept, *change.added])
    except UsageError:
        return None


async def _mark(hands: Hands, done: Undone, jobs: Sequence[Job], marks: Marks) -> None:
    engine = await hands.engine()
    # Remembered first: what a disk that fails in the middle has done by then can be taken back.
    hands.can_be_undone(done)
    await hands.in_slices(jobs, "Marking", lambda ids: engine.mark(ids, marks))
    hands.say(f"{done.words}; z takes it back.")
