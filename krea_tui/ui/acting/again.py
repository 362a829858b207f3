"""Buying again: the same pictures, or new seeds. Count and sum are said before money is spent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.pricing import format_usd, price_of
from krea_tui.domain.request import GenerationRequest, draw_seed
from krea_tui.ui.acting.hands import Hands, count_of, left_out
from krea_tui.ui.key_times import SLIP_S
from krea_tui.ui.messages import KeyWanted

_TWICE: Final = "Pressed twice at once: the second press was ignored."


class SpendGuard:
    """Lets one buying act through at a time, and none right behind another: a second press so soon is a slip."""

    def __init__(self) -> None:
        self._is_buying = False
        self._spent_at = float("-inf")

    def spent(self) -> None:
        """Something was bought at this moment."""
        self._spent_at = time.monotonic()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether this press counts; the next one does once this is left."""
        if self._is_buying or time.monotonic() - self._spent_at < SLIP_S:
            # A key that is held down is one press, however long it is.
            self.spent()
            yield False
            return
        self._is_buying = True
        try:
            yield True
        finally:
            self._is_buying = False


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The jobs of an act: what can be bought again, and what is left out."""

    jobs: list[Job]
    unconfirmed: list[Job]
    active: list[Job]
    repeated: int


async def retry(hands: Hands) -> None:
    """New jobs with the same seeds; buying a finished picture again asks first, and so do many."""
    if not (jobs := await hands.targets()):
        return
    with hands.screen.spend_guard.alone() as counts:
        if not counts:
            hands.say(_TWICE)
            return
        found = _sorted(jobs, takes_active=False)
        if len(jobs) == 1 and found.unconfirmed:
            hands.screen.action_resolve()
        elif not found.jobs:
            _say_none(hands, found)
        elif await _may_retry(hands, found, len(jobs)):
            await _buy(hands, [(job.request, job.id) for job in found.jobs])


async def vary(hands: Hands) -> None:
    """The same requests with new seeds; many are asked for."""
    if not (jobs := await hands.targets()):
        return
    with hands.screen.spend_guard.alone() as counts:
        if not counts:
            hands.say(_TWICE)
            return
        if len(jobs) == 1:
            await _buy(hands, _varied(jobs))
            return
        found = _sorted(jobs, takes_active=True)
        if not found.jobs:
            _say_none(hands, found)
            return
        varied = _varied(found.jobs)
        question = f"Generate {count_of(len(varied), 'picture')} with new seeds, for {_total(varied)}?"
        if await _agrees(hands, "Vary", question, _about(found), varied):
            await _buy(hands, varied)


async def _may_retry(hands: Hands, found: _Sorted, meant: int) -> bool:
    finished = [job for job in found.jobs if job.is_done]
    wanted = [(job.request, job.id) for job in found.jobs]
    if meant == 1:
        if not finished:
            return True
        question = f"This picture is finished. The same seed gives the same picture, for another {_total(wanted)}."
        return await hands.agrees("Buy the same picture again?", question, "Press n instead for a new seed.")
    about = _about(found)
    if finished:
        noun = "is a finished picture" if len(finished) == 1 else "are finished pictures"
        about = f"{len(finished):,} of {len(found.jobs):,} {noun} that you would buy again.\n{about}"
    question = f"Send {count_of(len(wanted), 'request')} again, for {_total(wanted)}?"
    return await _agrees(hands, "Retry", question, about.strip(), wanted)


async def _agrees(
    hands: Hands, title: str, question: str, about: str, wanted: Sequence[tuple[GenerationRequest, str]]
) -> bool:
    """A sum over the threshold of the settings is agreed to by the number of the jobs."""
    if not _is_affordable(hands, wanted):
        return False
    plan = hands.session.plan
    detail = "This is the demo: nothing is spent." if plan.is_demo else about
    if _sum(wanted) > plan.settings.money.ask_above_microusd:
        return await hands.agrees_to_all(title, question, detail, do="Send", count=len(wanted))
    return await hands.agrees(title, question, detail, yes="Send")


async def _buy(hands: Hands, wanted: Sequence[tuple[GenerationRequest, str]]) -> None:
    if not _is_affordable(hands, wanted):
        return
    # Written first, shown next: what is on the screen is on the disk.
    jobs = await (await hands.engine()).submit_again(wanted)
    hands.screen.spend_guard.spent()
    if hands.marked:
        # While anything is marked the rows stand still, and new ones wait.
        hands.screen.marks_are_done()
        hands.say(f"{count_of(jobs)} accepted.")
    hands.screen.show_accepted(jobs)


def _is_affordable(hands: Hands, wanted: Sequence[tuple[GenerationRequest, str]]) -> bool:
    """Whether there is a key to send with, and the cap of a batch allows it; said where not."""
    if not hands.session.has_key:
        hands.screen.post_message(KeyWanted())
        return False
    cap = hands.session.plan.settings.money.batch_cap_microusd
    if cap is not None and _sum(wanted) > cap:
        hands.say(f"{_total(wanted)} is over your cap of {format_usd(cap)} for a batch: nothing was sent.", "error")
        return False
    return True


def _sorted(jobs: Sequence[Job], *, takes_active: bool) -> _Sorted:
    unconfirmed, active, others = [], [], []
    for job in jobs:
        if job.status is JobStatus.UNCONFIRMED:
            unconfirmed.append(job)
        elif job.is_active and not takes_active:
            active.append(job)
        else:
            others.append(job)
    # Of two jobs with one seed the second would buy the same picture twice; varied, each has a seed of its own.
    once = others if takes_active else list({job.request: job for job in reversed(others)}.values())[::-1]
    return _Sorted(once, unconfirmed, active, len(others) - len(once))


def _about(found: _Sorted) -> str:
    words = left_out(
        found.unconfirmed,
        "is unconfirmed and left out: u resolves it",
        "are unconfirmed and left out: u resolves them",
    )
    words += left_out(found.active, "is still on its way and left out", "are still on their way and left out")
    if found.repeated:
        words += (
            f" {found.repeated:,} would be the same picture as another of them, and {_is(found.repeated)} left out."
        )
    return words.strip()


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _say_none(hands: Hands, found: _Sorted) -> None:
    if len(found.active) == 1 and not found.unconfirmed:
        hands.say("It is still on its way: there is nothing to retry yet.")
    elif words := _about(found):
        hands.say(f"Nothing was sent. {words}")


def _varied(jobs: Sequence[Job]) -> list[tuple[GenerationRequest, str]]:
    seeds = {job.request.seed for job in jobs}
    varied = []
    for job in jobs:
        seed = next(seed for seed in iter(draw_seed, None) if seed not in seeds)
        seeds.add(seed)
        varied.append((replace(job.request, seed=seed), job.id))
    return varied


def _sum(wanted: Sequence[tuple[GenerationRequest, str]]) -> int:
    return sum(price_of(request).microusd for request, _ in wanted)


def _total(wanted: Sequence[tuple[GenerationRequest, str]]) -> str:
    return format_usd(_sum(wanted))
