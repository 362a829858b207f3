"""A gateway that refuses, fails and falls silent: who waits, who goes on, and that no storm buys anything twice."""

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from krea_tui.domain.job import HoldReason, Job, JobStatus, PictureState
from krea_tui.domain.pacing import BREAKER_MAX_S
from krea_tui.engine.health import PauseReason
from krea_tui.simulator import Close, Fault, Target
from tests.support.bench import Bench, Process, requests
from tests.support.keys import OTHER_KEY

TIRED_HOST = tuple(Fault(on=Target.MEDIA, status=503) for _ in range(3))


def pause_of(process: Process) -> PauseReason | None:
    pause = process.engine.book.health.pause
    return pause.reason if pause else None


async def with_a_picture_to_fetch(bench: Bench, process: Process) -> Job:
    """A job that is completed at the gateway, and whose picture's host is tired for a while."""
    bench.tell(*TIRED_HOST)
    [job] = await process.engine.submit(requests(1, "a picture to fetch"))
    await process.until(lambda: process.job(job).pictures and process.job(job).pictures[0].attempts)
    assert process.job(job).pictures[0].state is PictureState.PENDING
    return job


def asked_since(bench: Bench, at: float) -> list[float]:
    return [when for when, _ in bench.log if when > at]


# --- 429 -------------------------------------------------------------------------------------------------------------

WAITS = {
    "seconds": ({"retry_after_s": 90.0}, 90.0),
    "date": ({"retry_after_date_s": 90.0}, 89.0),
    "body": ({"retry_after_body_s": 90.0}, 90.0),
    "no word": ({}, 1.0),
    "zero": ({"retry_after_s": 0.0}, 1.0),
    "negative": ({"headers": (("Retry-After", "-40"),)}, 1.0),
    "a date that is over": ({"headers": (("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"),)}, 1.0),
    "garbage": ({"headers": (("Retry-After", "soon"),)}, 1.0),
}


@pytest.mark.parametrize("on", [Target.POST, Target.STATUS])
@pytest.mark.parametrize(("says", "wait_s"), WAITS.values(), ids=WAITS.keys())
async def test_a_429_stops_both_gateway_lanes_to_the_second_and_no_download(
    bench: Bench, on: Target, says: dict[str, object], wait_s: float
) -> None:
    async with bench.process() as process:
        health = process.engine.book.health
        picture = await with_a_picture_to_fetch(bench, process)
        bench.tell(*TIRED_HOST[:2], Fault(on=on, status=429, **says), latency_s=20.0)  # type: ignore[arg-type]
        jobs = await process.engine.submit(requests(1))
        await process.until(lambda: health.rate_limited_count)
        refused_at = bench.clock.now()
        assert health.rate_per_s == bench.policy.requests_per_s / 2
        jobs += await process.engine.submit(requests(3)[1:])
        assert health.rate_limited_until is not None
        assert health.rate_limited_until - refused_at >= wait_s
        await process.done([picture, *jobs], within_s=wait_s + 600)
        later = asked_since(bench, refused_at)
        assert min(later) >= refused_at + wait_s
        assert min(later) <= refused_at + max(wait_s + 2.1, 20.0)
        if wait_s >= 60:
            assert process.job(picture).completed_at is not None
            assert (process.job(picture).completed_at or 0.0) < refused_at + 60, "the download went on meanwhile"
        assert (bench.stats["charges"], bench.stats["duplicates"]) == (4, 0)


async def test_nobody_waits_for_longer_than_a_day_and_that_is_said(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, status=429, headers=(("Retry-After", "999999999"),)))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.engine.book.health.rate_limited_count)
        assert "24 hours" in (process.job(job).error or "")
        bench.clock.suspend(86_400 - 10)
        await bench.clock.advance(5)
        assert bench.stats["posts"] == 1
        await process.done([job], within_s=60)


async def test_success_wins_the_rate_back(bench: Bench) -> None:
    bench.tell(Fault(on=Target.STATUS, status=429, retry_after_s=5.0, times=2))
    async with bench.process() as process:
        health = process.engine.book.health
        await process.done(await process.engine.submit(requests(1)))
        assert health.rate_per_s < bench.policy.requests_per_s
        await process.done(await process.engine.submit(requests(9)[1:]))
        assert health.rate_per_s == bench.policy.requests_per_s


@pytest.mark.parametrize("says", [{}, {"retry_after_s": 0.0}], ids=["no word", "zero"])
async def test_a_gateway_that_answers_429_for_ever_is_not_hammered(bench: Bench, says: dict[str, float]) -> None:
    bench.tell(standing=(Fault(on=Target.POST, status=429, **says),))  # type: ignore[arg-type]
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(3))
        await process.until(lambda: process.engine.book.health.rate_limited_count)
        await bench.clock.advance(600)
        assert 10 <= len(bench.post_times) <= 60
        assert min(later - earlier for earlier, later in pairwise(bench.post_times)) >= 1.0
        assert process.statuses(jobs) == [JobStatus.HELD] * 3
        assert pause_of(process) is None
        bench.tell(standing=())
        await process.done(jobs, within_s=200)
        assert (bench.stats["charges"], bench.stats["duplicates"]) == (3, 0)


# --- 402 -------------------------------------------------------------------------------------------------------------


async def test_an_empty_wallet_stops_nothing_but_sending(bench: Bench) -> None:
    async with bench.process() as process:
        picture = await with_a_picture_to_fetch(bench, process)
        bench.tell(*TIRED_HOST, balance_microusd=120_000, latency_s=20.0)
        jobs = await process.engine.submit(requests(6))
        await process.until(lambda: pause_of(process) is PauseReason.MONEY)
        refused_at = bench.clock.now()
        await process.done([picture, *jobs[:2]], within_s=120)
        assert asked_since(bench, refused_at), "polls went on"
        assert process.statuses(jobs[2:]) == [JobStatus.HELD] * 4
        assert bench.stats["posts"] == 4
        assert pause_of(process) is PauseReason.MONEY


async def test_after_a_402_exactly_one_approved_job_asks_again_each_time(bench: Bench) -> None:
    bench.tell(balance_microusd=0)
    async with bench.process() as process:
        waiting = await process.engine.submit(requests(3))
        await process.until(lambda: pause_of(process) is PauseReason.MONEY)
        for probes in (1, 2):
            more = await process.engine.submit(requests(10 * probes + 3)[10 * probes :])
            await bench.clock.advance(200)
            assert bench.stats["posts"] == 1 + probes
            assert pause_of(process) is PauseReason.MONEY
            assert [process.job(job).hold_reason for job in more] == [HoldReason.MONEY] + [HoldReason.READY] * 2
        bench.tell(balance_microusd=None)
        await bench.clock.advance(200)
        assert bench.stats["posts"] == 3, "a wallet that was filled is found out by no request of ours"
        [approved] = await process.engine.submit(requests(41)[40:])
        await process.done([approved, *waiting[1:]])
        assert pause_of(process) is None
        assert process.job(waiting[0]).hold_reason is HoldReason.MONEY
        await process.engine.resume()
        await process.done(waiting)
        assert bench.stats["duplicates"] == 0


async def test_the_probe_of_an_empty_wallet_heeds_backoff_when_nobody_answers(bench: Bench) -> None:
    bench.tell(balance_microusd=0)
    async with bench.process() as process:
        await process.engine.submit(requests(1))
        await process.until(lambda: pause_of(process) is PauseReason.MONEY)
        bench.server.stop()
        [probe] = await process.engine.submit(requests(2)[1:])
        await process.until(lambda: process.job(probe).not_sent_count)
        await bench.clock.advance(120)
        assert 3 <= process.job(probe).not_sent_count <= 40
        assert pause_of(process) is PauseReason.MONEY


# --- 401 -------------------------------------------------------------------------------------------------------------


async def test_a_key_revoked_in_mid_flight_stops_the_gateway_lanes_and_no_download(bench: Bench) -> None:
    async with bench.process(replace(bench.policy, max_in_flight=4)) as process:
        picture = await with_a_picture_to_fetch(bench, process)
        bench.tell(*TIRED_HOST, latency_s=30.0)
        jobs = await process.engine.submit(requests(6))
        await process.until(lambda: process.engine.book.count(JobStatus.QUEUED) == 4)
        bench.simulator._keys = frozenset({OTHER_KEY})
        await process.until(lambda: pause_of(process) is PauseReason.KEY)
        await bench.clock.advance(1)
        stopped_at = bench.clock.now()
        await process.done([picture], within_s=120)
        await bench.clock.advance(120)
        assert asked_since(bench, stopped_at) == []
        await process.engine.use_key(OTHER_KEY, "another print")
        await process.done(jobs)
        assert (bench.stats["charges"], bench.stats["duplicates"]) == (7, 0)
        assert pause_of(process) is None


# --- 5xx -------------------------------------------------------------------------------------------------------------


async def test_a_5xx_storm_costs_three_doubts_and_no_more_until_the_person_says_so(bench: Bench) -> None:
    bench.tell(standing=(Fault(on=Target.POST, status=503, accept=True, retry_after_s=5.0),))
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(20))
        for round_ in (1, 2):
            await process.until(lambda: pause_of(process) is PauseReason.DOUBT)
            await bench.clock.advance(600)
            assert bench.stats["posts"] == 3 * round_
            assert process.statuses(jobs[: 3 * round_]) == [JobStatus.UNCONFIRMED] * 3 * round_
            assert process.statuses(jobs[3 * round_ :]) == [JobStatus.HELD] * (20 - 3 * round_)
            await process.engine.resume()
        assert bench.stats["duplicates"] == 0


async def test_the_breaker_counts_down_and_sends_one_probe_for_all(bench: Bench) -> None:
    bench.tell(latency_s=1.0)
    async with bench.process() as process:
        health = process.engine.book.health
        jobs = await process.engine.submit(requests(8))
        await process.until(lambda: process.engine.book.count(JobStatus.QUEUED) == 8)
        bench.tell(latency_s=1.0, standing=(Fault(on=Target.STATUS, status=500, body='{"message": "it is down"}'),))
        await process.until(lambda: health.breaker_until is not None)
        assert "it is down" in health.breaker_words
        for _ in range(5):
            until = health.breaker_until
            assert until is not None
            assert 0 < until - bench.clock.now() <= BREAKER_MAX_S
            asked = len(bench.log)
            await bench.clock.advance(until - bench.clock.now() - 0.1)
            assert health.next_check_at == pytest.approx(until, abs=0.01)
            assert len(bench.log) == asked
            await process.until(lambda until=until: health.breaker_until != until, within_s=60)  # type: ignore[misc]
            assert len(bench.log) == asked + 1, "one probe for all"
        bench.tell(standing=())
        await process.done(jobs, within_s=300)
        assert health.breaker_until is None
        # Submissions are no business of the breaker's.
        assert bench.stats["posts"] == 8


def draw(chance: random.Random) -> Fault:
    on = chance.choice([Target.POST, Target.POST, Target.STATUS, Target.STATUS, Target.MEDIA])
    kinds: list[Callable[[], Fault]] = [
        lambda: Fault(on=on, status=chance.choice([500, 502, 503, 504]), accept=chance.random() < 0.5),
        lambda: Fault(on=on, status=429, retry_after_s=chance.choice([None, 0.0, 3.0, 30.0])),
        lambda: Fault(on=on, close=chance.choice([Close.AFTER_HEADERS, Close.AFTER_BODY]), reset=chance.random() < 0.5),
        lambda: Fault(on=on, cut_at=chance.randrange(400)),
        lambda: Fault(on=on, html=True, status=chance.choice([200, 502]), accept=True),
        lambda: Fault(on=on, status=chance.choice([404, 403, 400])),
    ]
    if on is Target.POST:
        kinds.append(lambda: Fault(on=on, close=Close.AFTER_ACCEPT))
        kinds.append(lambda: Fault(on=on, status=402))
    return replace(chance.choice(kinds)(), skip=chance.randrange(2))


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_storm_every_charge_is_known_and_none_is_made_twice(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    bench.tell(*(draw(chance) for _ in range(60)), latency_s=15.0)
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(25))

        def is_settled() -> bool:
            settled = {JobStatus.UNCONFIRMED, JobStatus.REJECTED, JobStatus.NOT_FOUND}
            return all(process.job(job).is_done or process.job(job).status in settled for job in jobs)

        for _ in range(40):
            await process.until(lambda: is_settled() or pause_of(process) is not None, within_s=20_000)
            if is_settled():
                break
            await process.engine.resume()
        assert is_settled()
        sent = [job for job in map(process.job, jobs) if job.attempt_id is not None]
        # A charge belongs to a job that has its request id, or to one that says that it may have been charged.
        known = {job.request_id for job in sent if job.request_id}
        doubtful = [job for job in sent if job.status is JobStatus.UNCONFIRMED]
        assert bench.stats["charges"] == len(known) + len(set(bench.simulator._jobs._jobs) - known)
        assert len(set(bench.simulator._jobs._jobs) - known) <= len(doubtful)
        assert bench.stats["duplicates"] == 0
