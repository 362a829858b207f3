"""The one budget: polls before submissions, and nobody's going away costs the others anything."""

import asyncio
from itertools import pairwise

from krea_tui.domain.pacing import TokenBucket
from krea_tui.engine.budget import Budget, Priority
from tests.support.virtual_clock import VirtualClock


async def test_polls_that_come_later_are_served_before_submissions_that_wait() -> None:
    clock = VirtualClock(0.0)
    budget = Budget(TokenBucket(1.0, 1, 0.0), clock)
    served: list[str] = []

    async def ask(name: str, priority: Priority) -> None:
        await budget.acquire(priority)
        served.append(f"{name}@{clock.monotonic():g}")

    await budget.acquire(Priority.SUBMIT)
    tasks = [asyncio.create_task(ask(f"submit{n}", Priority.SUBMIT)) for n in (1, 2)]
    await clock.advance(0.5)
    tasks += [asyncio.create_task(ask(f"poll{n}", Priority.POLL)) for n in (1, 2)]
    await clock.run_until(lambda: len(served) == 4, 60)
    assert served == ["poll1@1", "poll2@2", "submit1@3", "submit2@4"]
    await budget.aclose()


async def test_a_waiter_that_goes_away_takes_no_token() -> None:
    clock = VirtualClock(0.0)
    budget = Budget(TokenBucket(1.0, 1, 0.0), clock)
    await budget.acquire(Priority.POLL)
    gone = asyncio.create_task(budget.acquire(Priority.POLL))
    await clock.advance(0.1)
    stays = asyncio.create_task(budget.acquire(Priority.SUBMIT))
    await clock.advance(0.1)
    gone.cancel()
    await clock.run_until(stays.done, 60)
    assert clock.monotonic() == 1.0
    await budget.aclose()


async def test_a_429_while_one_waits_makes_it_wait_longer() -> None:
    clock = VirtualClock(0.0)
    budget = Budget(TokenBucket(1.0, 1, 0.0), clock)
    await budget.acquire(Priority.POLL)
    waits = asyncio.create_task(budget.acquire(Priority.POLL))
    await clock.advance(0.5)
    budget.rate_limited(30.0)
    await clock.run_until(waits.done, 60)
    assert clock.monotonic() >= 30.5
    await budget.aclose()


async def test_a_submission_that_waits_gets_every_third_token_however_many_polls_there_are() -> None:
    clock = VirtualClock(0.0)
    budget = Budget(TokenBucket(1.0, 1, 0.0), clock)
    served: list[Priority] = []

    async def ask_for_ever(priority: Priority) -> None:
        while True:
            await budget.acquire(priority)
            served.append(priority)

    tasks = [asyncio.create_task(ask_for_ever(priority)) for priority in (Priority.POLL, Priority.SUBMIT)]
    await clock.run_until(lambda: len(served) >= 31, 60)
    submissions = [number for number, priority in enumerate(served) if priority is Priority.SUBMIT]
    assert [later - earlier for earlier, later in pairwise(submissions)] == [3] * (len(submissions) - 1)
    assert len(submissions) == 10
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await budget.aclose()
