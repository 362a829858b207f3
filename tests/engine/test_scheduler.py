"""The scheduler with ten thousand jobs, in virtual time: the real lanes over the real budget, every request logged.

How long a job may wait for its next check (`bound_s`) follows from the rules of pacing. Let n jobs be polled at r
tokens a second. After a check the next one is due within `max(AGE_STEPS, n / r) * (1 + JITTER)`. Then at most n - 1
others are due before it (the heap is ordered by due time, and what is due later goes later), which takes n / r at most.
Where submissions wait, every third token is theirs while polls queue up (here less: a submission that is under way
does not wait, and at this rate polls get their tokens meanwhile).
"""

import random
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest

from krea_tui.domain.answers import StatusAnswer
from krea_tui.domain.errors import RateLimited
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.pacing import AGE_STEPS, JITTER, POLL_INTERVAL_S, RECHECK_GAP_S
from krea_tui.engine.policy import Policy
from tests.support.lone_lanes import POST, PROCESS, Answer, LoggingGateway, LoneLanes
from tests.support.making import make_job, make_request
from tests.support.one_thread import LoneClock

COUNT = 10_000
RATE = 40.0
BURST = 20
START = 1_800_000_000.0
EPSILON = 1e-6
POLICY = Policy("bench", "key", "print", max_in_flight=10 * COUNT, requests_per_s=RATE, burst=BURST)
# Checks under way, and what an answer takes.
SLACK_S = 1.0
OLDEST_INTERVAL_S = AGE_STEPS[0][1]


def bound_s(jobs: int, *, submissions_wait: bool = False) -> float:
    """The longest time from one check of a job to the next."""
    interval_s = max(OLDEST_INTERVAL_S, jobs / RATE) * (1 + JITTER)
    share_of_tokens = 2 / 3 if submissions_wait else 1.0
    return interval_s + jobs / (RATE * share_of_tokens) + SLACK_S


def still_queued(request_id: str) -> StatusAnswer:
    return StatusAnswer("QUEUED", request_id)


def at_gateway(count: int, *, ages_s: tuple[float, float] = (0.0, 7_200.0)) -> list[Job]:
    """Jobs that were accepted in the time before now, as a start finds them in the history."""
    chance = random.Random(count)
    return [
        make_job(
            id=f"{number:010d}",
            request=make_request(seed=number),
            status=JobStatus.QUEUED,
            hold_reason=None,
            request_id=f"request-{number}",
            submitted_at=START - chance.uniform(*ages_s),
            attempted_at=START - ages_s[1],
        )
        for number in range(count)
    ]


def held(count: int) -> list[Job]:
    return [
        make_job(id=f"h{number:09d}", request=make_request(seed=number), accepted_by=PROCESS) for number in range(count)
    ]


def lanes_for(clock: LoneClock, answer: Answer = still_queued) -> LoneLanes:
    return LoneLanes(clock, LoggingGateway(clock, answer), POLICY)


def checks_of(lanes: LoneLanes) -> dict[str, list[float]]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    for at, what in lanes.gateway.log:
        if what != POST:
            times[what].append(at)
    return times


def assert_rate(times: list[float]) -> None:
    """No window, however long and wherever it begins, holds more than rate x time + burst requests.

    A window from the i-th to the j-th request holds j - i + 1. That is too many for some i if and only if it is for the
    i with the least `i - rate * time`, so one pass over the times checks every window.
    """
    least = float("inf")
    for number, at in enumerate(times):
        least = min(least, number - RATE * at)
        assert number - RATE * at - least + 1 <= BURST + EPSILON, f"too many requests until {at:.3f} s"


def assert_gaps(lanes: LoneLanes, longest_s: float, until: float, shortest_s: float = POLL_INTERVAL_S) -> None:
    times = checks_of(lanes)
    assert len(times) >= COUNT
    for request_id, checks in times.items():
        assert all(later - earlier >= shortest_s - EPSILON for earlier, later in pairwise(checks)), request_id
        edges = [0.0, *checks, until] if request_id.startswith("request") else [*checks, until]
        assert max(later - earlier for earlier, later in pairwise(edges)) <= longest_s, request_id


@pytest.mark.slow
async def test_ten_thousand_jobs_keep_to_the_rate_and_none_waits_beyond_its_bound() -> None:
    clock = LoneClock(START)
    lanes = lanes_for(clock)
    await lanes.put(at_gateway(COUNT))
    async with lanes.running():
        await clock.advance(800.0)
    times = [at for at, _ in lanes.gateway.log]
    assert_rate(times)
    assert_gaps(lanes, bound_s(COUNT), 800.0)
    # It is not kept by idling: three quarters of the budget at least are used.
    assert len(times) >= 0.75 * RATE * 800.0


@pytest.mark.slow
async def test_submissions_get_their_share_beside_ten_thousand_polls_and_these_theirs() -> None:
    clock = LoneClock(START)
    lanes = lanes_for(clock)
    await lanes.put(at_gateway(COUNT))
    await lanes.put(held(COUNT))
    span_s = 700.0
    async with lanes.running():
        await clock.advance(span_s)
    assert_rate([at for at, _ in lanes.gateway.log])
    posts = [at for at, what in lanes.gateway.log if what == POST]
    for begin in range(0, int(span_s), 100):
        within = sum(begin <= at < begin + 100 for at in posts)
        assert within >= 0.2 * RATE * 100, f"{within} submissions from {begin} s on"
    assert_gaps(lanes, bound_s(COUNT + len(posts), submissions_wait=True), span_s)


async def test_the_selected_job_goes_before_thousands_that_are_due() -> None:
    clock = LoneClock(START)
    lanes = lanes_for(clock)
    jobs = await lanes.put(at_gateway(COUNT))
    async with lanes.running():
        await clock.advance(20.0)
        selected = jobs[COUNT // 2].request_id or ""
        assert not checks_of(lanes)[selected]
        seen = len(lanes.gateway.log)
        lanes.status.prefer(jobs[COUNT // 2].id)
        await clock.advance(2.0)
        asked = [what for _, what in lanes.gateway.log[seen:]]
        # One check may have had its token already.
        assert selected in asked[:2]


async def test_retry_after_is_obeyed_to_the_second_by_both_lanes() -> None:
    clock = LoneClock(START)
    waits = iter([37.0, 5.0, 121.0, 0.5, 64.0])
    refused: list[tuple[float, float]] = []

    def answer(request_id: str) -> StatusAnswer:
        if clock.monotonic() - (refused[-1][0] + refused[-1][1] if refused else 0.0) > 30.0:
            wait_s = next(waits, None)
            if wait_s is not None:
                refused.append((clock.monotonic(), wait_s))
                raise RateLimited("429", retry_after_s=wait_s)
        return still_queued(request_id)

    lanes = lanes_for(clock, answer)
    await lanes.put(at_gateway(COUNT))
    await lanes.put(held(2_000))
    async with lanes.running():
        await clock.advance(500.0)
    assert len(refused) == 5
    times = [at for at, _ in lanes.gateway.log]
    assert_rate(times)
    for at, wait_s in refused:
        later = [time for time in times if time > at + EPSILON]
        assert at + wait_s <= later[0] < at + wait_s + 1.0
    assert sum(what == POST for _, what in lanes.gateway.log) > 100


async def test_rechecks_take_their_turn_in_the_same_bucket_at_most_every_two_seconds() -> None:
    clock = LoneClock(START)
    lanes = lanes_for(clock)
    jobs = await lanes.put(at_gateway(COUNT))
    [one, *_] = jobs
    async with lanes.running():
        await clock.advance(300.0)
        seen = len(lanes.gateway.log)
        for _ in range(60):
            await lanes.recheck(one.id)
            await clock.advance(0.5)
        # Thousands at once are no more of a burst than one.
        await lanes.recheck(*[job.id for job in jobs[:3_000]])
        await clock.advance(40.0)
    asked = [at for at, what in lanes.gateway.log[seen:] if what == one.request_id and at < 330.0]
    assert len(asked) >= 10
    assert all(later - earlier >= RECHECK_GAP_S - EPSILON for earlier, later in pairwise(asked))
    assert_rate([at for at, _ in lanes.gateway.log])


async def test_an_impatient_person_s_rechecks_do_not_put_a_job_back_in_the_queue() -> None:
    clock = LoneClock(START)
    lanes = lanes_for(clock)
    jobs = await lanes.put(at_gateway(COUNT))
    # All are due at once, in the order of their ids: the one in the middle has its turn after half of the time.
    middle = jobs[COUNT // 2]
    async with lanes.running():
        for _ in range(int(COUNT / RATE / 2) + 10):
            await lanes.recheck(middle.id)
            await clock.advance(1.0)
    assert checks_of(lanes)[middle.request_id or ""]


async def test_old_jobs_get_their_turn_among_many_young_ones() -> None:
    clock = LoneClock(START)
    lanes = lanes_for(clock)
    old = await lanes.put(at_gateway(50, ages_s=(50_000.0, 80_000.0)))
    young = [
        make_job(id=f"y{number:09d}", status=JobStatus.QUEUED, hold_reason=None, request_id=f"young-{number}")
        for number in range(COUNT)
    ]
    async with lanes.running():
        for begin in range(0, COUNT, 1_000):
            # They come in waves, each with its first checks all due at once.
            await lanes.put([replace(job, submitted_at=clock.now()) for job in young[begin : begin + 1_000]])
            await clock.advance(20.0)
        await clock.advance(250.0)
    times = checks_of(lanes)
    limit_s = bound_s(COUNT + len(old))
    for job in old:
        checks = [0.0, *times[job.request_id or ""], clock.monotonic()]
        assert max(later - earlier for earlier, later in pairwise(checks)) <= limit_s
