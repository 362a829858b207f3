"""Orders to the queue: cancel, keep back, let go, send first or last, ask the gateway now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from krea_tui.domain.job import Job, JobStatus, PictureState
from krea_tui.domain.money import CapReached
from krea_tui.engine.health import PauseReason
from krea_tui.ui.acting.hands import Hands, count_of, left_out, sum_of
from krea_tui.ui.acting.undo import as_before
from krea_tui.ui.screens.decisions import LeftOver, LeftOverAnswer
from krea_tui.ui.situation import held_back, is_capped, stays_capped

_SENT: Final = ("was sent already, and is left alone", "were sent already, and are left alone")


async def withdraw(hands: Hands) -> None:
    """Cancel jobs that were not sent yet; many are asked for, since what is cancelled comes back only as new jobs."""
    jobs = await hands.targets()
    held = [job for job in jobs if job.status is JobStatus.HELD]
    if not jobs:
        return
    if not held:
        hands.say("Only a held job can be cancelled: the gateway cannot take back what was sent.")
        return
    others = [job for job in jobs if job.status is not JobStatus.HELD]
    if len(held) > 1:
        detail = f"They were never sent, and cost nothing.{left_out(others, *_SENT)}"
        if not await hands.agrees("Cancel", f"Cancel {count_of(held, 'held job')}, {sum_of(held)}?", detail):
            return
    engine = await hands.engine()
    done = await hands.in_slices(held, "Cancelling", engine.withdraw)
    if len(held) == 1:
        words = "Cancelled, and nothing was spent. r sends it as a new job." if done else "Too late: it was just sent."
    else:
        words = f"{count_of(done)} cancelled, and nothing was spent. r sends them as new jobs."
        words += left_out(held[len(done) :], *_SENT)
    hands.say(words)


async def hold_or_release(hands: Hands) -> None:
    """Keep jobs back from being sent, or let them go where none of them would be sent."""
    jobs = await hands.targets()
    profile = hands.session.plan.profile
    held = [job for job in jobs if job.status is JobStatus.HELD and job.profile == profile]
    if not jobs:
        return
    if not held:
        hands.say("Only a held job of this gateway can be kept back or let go.")
    elif sendable := [job for job in held if job.is_sendable]:
        engine = await hands.engine()
        kept = await hands.in_slices(sendable, "Keeping back", engine.hold_back)
        if kept:
            hands.say(f"{_these(kept)} kept back until H lets {_them(kept)} go; p does not.")
        else:
            hands.say("Too late: what was meant was just sent.")
    else:
        await _release(hands, held)


async def _release(hands: Hands, held: Sequence[Job]) -> None:
    """What the person kept back alone goes at once; what anything else holds is named with count and sum first."""
    others = [job for job in held if not job.is_held_back]
    if others:
        reasons = {job.hold_reason.value.replace("_", " ") for job in others if job.hold_reason}
        question = f"Send {count_of(held, 'held job')} now, for {sum_of(held)}?"
        if not await hands.agrees("Held", question, f"Held until now: {', '.join(sorted(reasons))}.", yes="Send"):
            return
    engine = await hands.engine()
    released = await hands.in_slices(held, "Letting go", engine.release)
    hands.say(f"{_these(released)} let go: {sum_of(released)} when {_their(released)} turn comes.")


async def send_first(hands: Hands) -> None:
    """Let these go before everything else that is held."""
    await _reprioritise(hands, is_first=True)


async def send_last(hands: Hands) -> None:
    """Let these go behind everything else that is held."""
    await _reprioritise(hands, is_first=False)


async def _reprioritise(hands: Hands, *, is_first: bool) -> None:
    jobs = await hands.targets()
    held = [job for job in jobs if job.status is JobStatus.HELD]
    if not jobs:
        return
    if not held:
        hands.say("Only held jobs have a turn: what was sent is at the gateway.")
        return
    engine = await hands.engine()
    moved = await engine.reprioritise([job.id for job in held], is_first=is_first)
    place = "first" if is_first else "last"
    if not moved:
        hands.say(f"{'It goes' if len(held) == 1 else 'They go'} {place} already.")
        return
    words = f"{count_of(moved)} {'goes' if len(moved) == 1 else 'go'} {place}"
    moved_ids = {job.id for job in moved}
    before = [job for job in held if job.id in moved_ids]
    hands.can_be_undone(as_before(words, before, lambda job: {"priority": job.priority}))
    hands.say(f"{words}; z takes it back.")


async def recheck(hands: Hands) -> None:
    """Ask the gateway about these now, as the budget allows, and fetch lost pictures once more."""
    jobs = await hands.targets()
    wanted = [
        job for job in jobs if job.is_polled or any(picture.state is PictureState.LOST for picture in job.pictures)
    ]
    if not jobs:
        return
    if not wanted:
        about = "this job" if len(jobs) == 1 else "these jobs"
        hands.say(f"The gateway has nothing more to say about {about}.")
        return
    engine = await hands.engine()
    await hands.in_slices(wanted, "Asking for", engine.recheck)
    if len(wanted) > 1:
        hands.say(f"The gateway is asked about {count_of(wanted)}, as fast as it may be.")


async def pause(hands: Hands) -> None:
    """Pause sending, or go on with all that was held for a mended cause."""
    book, plan = hands.session.book, hands.session.plan
    pause_now, held = book.health.pause, held_back(book, plan.profile)
    if pause_now is not None:
        stands = pause_now.reason is PauseReason.CAP and is_capped(book, plan.settings.money.daily_cap_microusd)
        if stands:
            hands.say(f"Nothing is sent: {pause_now.words}. {pause_now.advice}")
            return
    elif held:
        # Nothing stands and nothing is to be sent: what p can do here is to let these go.
        question = f"Send {count_of(held, 'held job')} now, for {sum_of(held)}?"
        detail = "A cap, an empty wallet, the key or a pause held them; x on a job cancels it for nothing."
        if not await hands.agrees("Held", question, detail):
            return
    else:
        await (await hands.engine()).pause()
        hands.say("Sending is paused. What is at the gateway goes on; p resumes.")
        return
    cap = plan.settings.money.daily_cap_microusd
    reached = CapReached(book.ledger.committed_microusd, cap) if cap is not None else None
    is_over = stays_capped(book, cap, plan.profile)
    await (await hands.engine()).resume()
    hands.say(f"Nothing is sent: {reached}. {reached.advice}" if reached and is_over else "Sending goes on.")


async def release_left_overs(hands: Hands) -> None:
    """Send or cancel what earlier sessions left, after saying how many and for how much."""
    left = hands.session.book.left_over(hands.session.plan.profile)
    if not left:
        hands.say("Nothing is left over from earlier sessions.")
        return
    question = f"Send {count_of(left)} of an earlier session now, for {sum_of(left)}?"
    detail = "They were never sent and cost nothing so far."
    answer = await hands.screen.app.push_screen_wait(LeftOver("Left over", question, detail))
    engine = await hands.engine()
    if answer is LeftOverAnswer.SEND:
        sent = await hands.in_slices(left, "Letting go", engine.release)
        hands.say(f"{len(sent):,} of {len(left):,} go out when their turn comes.")
    elif answer is LeftOverAnswer.CANCEL:
        cancelled = await hands.in_slices(left, "Cancelling", engine.withdraw)
        hands.say(f"{len(cancelled):,} of {len(left):,} cancelled; nothing was spent.")


def _these(jobs: Sequence[Job]) -> str:
    return f"{count_of(jobs)} {'is' if len(jobs) == 1 else 'are'}"


def _them(jobs: Sequence[Job]) -> str:
    return "it" if len(jobs) == 1 else "them"


def _their(jobs: Sequence[Job]) -> str:
    return "its" if len(jobs) == 1 else "their"
