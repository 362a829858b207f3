"""The lid is closed, the clock is set: no check is lost, none made in a herd, no wait is endless, nothing is decided.

The gateway's own time goes on as it is: the simulator's clock is the true one.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from krea_tui.domain.job import Charge, HoldReason, JobStatus, PictureState
from krea_tui.engine.clock import LONGEST_NAP_S, SystemClock, rest_of
from krea_tui.engine.health import PauseReason
from krea_tui.engine.timekeeper import Timekeeper
from krea_tui.simulator import Fault, MediaUrlForm, Target
from tests.engine.test_together import left_behind
from tests.support.bench import Bench, Process, requests
from tests.support.virtual_clock import VirtualClock

HOUR_S = 3_600.0
YEAR_S = 365 * 86_400.0


def sleeps(seconds: float) -> Callable[[VirtualClock], None]:
    return lambda clock: clock.suspend(seconds)


def is_set(seconds: float) -> Callable[[VirtualClock], None]:
    return lambda clock: clock.jump_wall(seconds)


def sleeps_on_a_clock_that_stands_still(clock: VirtualClock) -> None:
    """To a monotonic clock that does not count sleep it looks as if the wall had been set."""
    clock.jump_wall(8 * HOUR_S)


JUMPS = {
    "8 h of sleep": sleeps(8 * HOUR_S),
    "8 h of sleep, uncounted": sleeps_on_a_clock_that_stands_still,
    "set 8 h on": is_set(8 * HOUR_S),
    "set 8 h back": is_set(-8 * HOUR_S),
    "set a year on": is_set(YEAR_S),
    "set a year back": is_set(-YEAR_S),
}
every_jump = pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS.keys())


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.simulator._jobs._clock = bench.clock.true_time
    return bench


class Steps:
    """When each request to the gateway was made, on the clock that nobody sets."""

    def __init__(self, bench: Bench) -> None:
        self._log, self._clock = bench.log, bench.clock
        self._at: list[float] = []

    def look(self) -> None:
        self._at += [self._clock.monotonic()] * (len(self._log) - len(self._at))

    def times(self, what: str | None = None) -> list[float]:
        self.look()
        return [at for at, (_, entry) in zip(self._at, self._log, strict=True) if what in {None, entry}]


async def passes(process: Process, bench: Bench, steps: Steps, seconds: float) -> None:
    """Let so much time pass, and note when requests are made."""
    until = bench.clock.monotonic() + seconds
    while (left_s := until - bench.clock.monotonic()) > 0:
        await bench.clock.advance(min(0.1, left_s))
        steps.look()
    assert not process.task.done()


@every_jump
async def test_every_job_is_checked_again_soon_and_never_in_a_herd(
    bench: Bench, jump: Callable[[VirtualClock], None]
) -> None:
    bench.tell(latency_s=40 * HOUR_S, latency_spread=0.0)
    policy = replace(bench.policy, requests_per_s=1.0, burst=5, max_in_flight=12)
    async with bench.process(policy) as process:
        steps = Steps(bench)
        jobs = await process.engine.submit(requests(12))
        await process.until(lambda: process.engine.book.count(JobStatus.QUEUED) == 12, within_s=120)
        await passes(process, bench, steps, 30)
        jump(bench.clock)
        woken_at = bench.clock.monotonic()
        await passes(process, bench, steps, 90)
        after = [at for at in steps.times() if at >= woken_at]
        for start in after:
            assert sum(start <= at <= start + 10 for at in after) <= 10 + 5 + 1, "rate x time + burst"
        for job in jobs:
            checks = [woken_at, *(at for at in steps.times(process.job(job).request_id) if at >= woken_at)]
            assert len(checks) > 1
            assert max(later - earlier for earlier, later in pairwise(checks)) <= 75.0
            assert process.job(job).status is JobStatus.QUEUED
        assert bench.stats["posts"] == 12


@every_jump
async def test_one_person_who_waits_still_has_a_quick_check(bench: Bench, jump: Callable[[VirtualClock], None]) -> None:
    bench.tell(latency_s=40 * HOUR_S, latency_spread=0.0)
    async with bench.process() as process:
        steps = Steps(bench)
        [job] = await process.engine.submit(requests(1))
        await passes(process, bench, steps, 12)
        jump(bench.clock)
        woken_at = bench.clock.monotonic()
        await passes(process, bench, steps, 24)
        checks = [at - woken_at for at in steps.times(process.job(job).request_id) if at >= woken_at]
        assert checks[0] <= 6
        # Only hours that have really passed make a job old.
        assert len(checks) >= (1 if jump is JUMPS["8 h of sleep"] else 4)
        health = process.engine.book.health
        assert health.next_check_at is not None
        assert 0 <= health.next_check_at - bench.clock.now() <= 70


@every_jump
async def test_a_429_is_obeyed_by_the_clock_that_nobody_sets(
    bench: Bench, jump: Callable[[VirtualClock], None]
) -> None:
    async with bench.process() as process:
        bench.tell(Fault(on=Target.POST, retry_after_s=300.0))
        steps = Steps(bench)
        jobs = await process.engine.submit(requests(2))
        await process.until(lambda: process.engine.book.health.rate_limited_count)
        steps.look()
        refused_at = bench.clock.monotonic()
        await passes(process, bench, steps, 10)
        jump(bench.clock)
        await passes(process, bench, steps, 1)
        until = process.engine.book.health.rate_limited_until
        assert until is not None
        assert until - bench.clock.now() <= 300
        # The rest of the wait, by true time: nothing if the machine slept through it.
        await passes(process, bench, steps, max(0.0, refused_at + 306 - bench.clock.monotonic()))
        again = steps.times("POST")[1]
        assert again >= refused_at + 300
        await process.done(jobs, within_s=60)
        assert (bench.stats["charges"], bench.stats["duplicates"]) == (2, 0)


@every_jump
async def test_the_breaker_is_open_for_its_time_and_no_longer(
    bench: Bench, jump: Callable[[VirtualClock], None]
) -> None:
    bench.tell(standing=(Fault(on=Target.STATUS, status=503),))
    async with bench.process() as process:
        health = process.engine.book.health
        jobs = await process.engine.submit(requests(3))
        await process.until(lambda: health.breaker_until is not None)
        bench.tell(standing=())
        jump(bench.clock)
        await process.done(jobs, within_s=150)
        assert health.breaker_until is None


@every_jump
async def test_after_a_doubt_the_next_goes_in_its_time(bench: Bench, jump: Callable[[VirtualClock], None]) -> None:
    bench.tell(Fault(on=Target.POST, status=503))
    async with bench.process() as process:
        [doubtful, next_one] = await process.engine.submit(requests(2))
        await process.until(lambda: process.engine.book.health.send_backoff_until is not None)
        jump(bench.clock)
        await process.done([next_one], within_s=70)
        assert process.job(doubtful).status is JobStatus.UNCONFIRMED
        assert bench.stats["posts"] == 2


@every_jump
async def test_what_was_not_sent_is_tried_again_in_its_time(bench: Bench, jump: Callable[[VirtualClock], None]) -> None:
    async with bench.process(base_url="http://127.0.0.1:9") as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).not_sent_count >= 5)
        tries = process.job(job).not_sent_count
        jump(bench.clock)
        await process.until(lambda: process.job(job).not_sent_count >= tries + 3, within_s=200)
        assert process.job(job).hold_reason is HoldReason.RETRY


@every_jump
async def test_downloads_are_tried_again_in_their_time_and_not_given_up(
    bench: Bench, jump: Callable[[VirtualClock], None]
) -> None:
    bench.tell(Fault(on=Target.MEDIA, status=503, times=6))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).pictures and process.job(job).pictures[0].attempts == 5)
        jump(bench.clock)
        await process.done([job], within_s=1_300)
        assert process.job(job).pictures[0].state is PictureState.SAVED


@every_jump
async def test_a_denied_job_is_not_found_only_after_ten_minutes_of_denials(
    bench: Bench, jump: Callable[[VirtualClock], None]
) -> None:
    bench.tell(standing=(Fault(on=Target.STATUS, status=404),))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).denials == 2)
        jump(bench.clock)
        woken_at = bench.clock.monotonic()
        for _ in range(5):
            # The person is impatient: many checks, little time.
            await process.engine.recheck([job.id])
            await bench.clock.advance(3)
        assert process.job(job).denials >= 5
        assert process.job(job).status is JobStatus.QUEUED
        await process.until(lambda: process.job(job).status is JobStatus.NOT_FOUND, within_s=1_300)
        assert bench.clock.monotonic() - woken_at >= 250
        bench.tell(standing=())
        await process.engine.recheck([job.id])
        await process.done([job], within_s=10)


@every_jump
async def test_what_is_not_found_goes_on_being_asked_about_for_its_day(
    bench: Bench, jump: Callable[[VirtualClock], None]
) -> None:
    bench.tell(standing=(Fault(on=Target.STATUS, status=404),))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).status is JobStatus.NOT_FOUND, within_s=1_300)
        jump(bench.clock)
        denials = process.job(job).denials
        await process.engine.recheck([job.id])
        await process.until(lambda: process.job(job).denials > denials, within_s=10)
        await bench.clock.advance(1)
        next_check_at = process.engine.book.health.next_check_at
        assert next_check_at is not None
        assert 3_500 <= next_check_at - bench.clock.now() <= 3_600


@every_jump
async def test_completed_without_a_picture_is_given_ten_minutes_that_were_lived_through(
    bench: Bench, jump: Callable[[VirtualClock], None]
) -> None:
    bench.tell(standing=(Fault(on=Target.STATUS, media_url=MediaUrlForm.EMPTY),))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).status is JobStatus.COMPLETED)
        await bench.clock.advance(30)
        jump(bench.clock)
        await bench.clock.advance(400)
        assert process.job(job).gave_up_at is None
        assert process.job(job).is_saving
        await process.until(lambda: process.job(job).gave_up_at is not None, within_s=400)
        assert process.job(job).charge is Charge.AT_RISK


@pytest.mark.parametrize("by_s", [-YEAR_S, -8 * HOUR_S, 8 * HOUR_S, YEAR_S])
async def test_an_engine_that_starts_after_the_clock_was_set_waits_for_nothing_of_the_future(
    bench: Bench, by_s: float
) -> None:
    bench.tell(Fault(on=Target.MEDIA, status=503, times=4), latency_s=60.0, latency_spread=0.0)
    async with bench.process() as process:
        [early] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(early).pictures and process.job(early).pictures[0].attempts == 4)
        [late] = await process.engine.submit(requests(2)[1:])
        await process.until(lambda: process.job(late).status is JobStatus.PROCESSING)
    bench.clock.jump_wall(by_s)
    async with bench.process() as process:
        await process.done([early, late], within_s=700)
    assert bench.stats["posts"] == 2


@pytest.mark.parametrize("by_s", [-YEAR_S, -8 * HOUR_S, YEAR_S])
async def test_left_overs_of_a_death_in_the_future_are_left_to_the_person(bench: Bench, by_s: float) -> None:
    [job_id] = await left_behind(bench, died_s_ago=by_s, count=1)
    async with bench.process() as process:
        await bench.clock.advance(30)
        assert process.job(job_id).hold_reason is HoldReason.LEFT_OVER
        assert bench.stats["posts"] == 0


@pytest.mark.parametrize("by_s", [YEAR_S, 26 * HOUR_S])
async def test_the_cap_s_day_is_the_wall_s_day(bench: Bench, by_s: float) -> None:
    async with bench.process(replace(bench.policy, daily_cap_microusd=130_000)) as process:
        jobs = await process.engine.submit(requests(5))
        await process.done(jobs[:2])
        await process.until(lambda: pause_of(process) is PauseReason.CAP)
        bench.clock.jump_wall(by_s)
        await process.engine.resume()
        await process.done(jobs[2:4])
        await process.until(lambda: pause_of(process) is PauseReason.CAP)
        assert process.job(jobs[4]).status is JobStatus.HELD
        await process.until(lambda: process.engine.book.ledger.committed_microusd == 120_000, within_s=5)


@pytest.mark.parametrize("by_s", [-YEAR_S, -26 * HOUR_S, -8 * HOUR_S])
async def test_nobody_gets_past_the_cap_by_setting_the_clock_back(bench: Bench, by_s: float) -> None:
    async with bench.process(replace(bench.policy, daily_cap_microusd=130_000)) as process:
        jobs = await process.engine.submit(requests(4))
        await process.done(jobs[:2])
        await process.until(lambda: pause_of(process) is PauseReason.CAP)
        bench.clock.jump_wall(by_s)
        await process.engine.resume()
        await bench.clock.advance(60)
        assert pause_of(process) is PauseReason.CAP
        assert bench.stats["posts"] == 2


def pause_of(process: Process) -> PauseReason | None:
    pause = process.engine.book.health.pause
    return pause.reason if pause else None


@every_jump
async def test_after_a_jump_there_is_still_one_engine_and_the_others_follow(
    bench: Bench, jump: Callable[[VirtualClock], None]
) -> None:
    bench.tell(latency_s=40 * HOUR_S, latency_spread=0.0)
    policy = replace(bench.policy, max_in_flight=2)
    async with bench.process(policy) as first, bench.process(policy) as second:
        jobs = await second.engine.submit(requests(5))
        await second.until(lambda: second.engine.book.count(JobStatus.QUEUED) == 2)
        jump(bench.clock)
        await bench.clock.advance(60)
        assert (first.lock.is_held, second.lock.is_held) == (True, False)
        assert (first.engine.book.health.is_engine, second.engine.book.health.is_engine) == (True, False)
        # Nothing became a left-over, and what may not go yet still waits.
        assert [second.job(job).hold_reason for job in jobs[2:]] == [HoldReason.READY] * 3
        assert bench.stats["posts"] == 2
        bench.tell(latency_s=0.0)
        alive = bench.folder / "instances" / f"{first.engine.process_id}.alive"
        os.utime(alive, (1.0, 1.0))
        bench.clock.jump_wall(-7.0)
        await bench.clock.advance(1)
        assert time.time() - alive.stat().st_mtime < 60, "it says at once that it lives"


# --- the clocks themselves -------------------------------------------------------------------------------------------


def test_the_timekeeper_tells_a_set_clock_from_a_sleep_and_both_from_time() -> None:
    clock = VirtualClock(1_000_000.0)
    keeper = Timekeeper(clock)
    clock.suspend(0.4)
    assert not keeper.look()
    clock.suspend(600)
    assert keeper.look()
    assert (keeper.wall_moved_s, keeper.missed_s) == (0.0, 570.0)
    clock.jump_wall(-100)
    assert keeper.look()
    assert (keeper.wall_moved_s, keeper.missed_s) == pytest.approx((-100.0, 470.0))
    clock.jump_wall(1.5)
    assert not keeper.look()
    assert not keeper.look()


@pytest.mark.parametrize(
    ("began_ago_s", "left_s"), [(0.0, 10.0), (4.0, 6.0), (10.0, 0.0), (YEAR_S, 0.0), (-YEAR_S, 10.0)]
)
def test_no_span_is_longer_than_itself(began_ago_s: float, left_s: float) -> None:
    clock = VirtualClock(1_000_000_000.0)
    assert rest_of(clock, clock.now() - began_ago_s, 10.0) == pytest.approx(left_s)


class WokenClock(SystemClock):
    """The machine's clock, after whose first look the machine has slept."""

    def __init__(self, slept_s: float) -> None:
        self._slept_s = slept_s
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return super().monotonic() + (self._slept_s if self._looks > 1 else 0.0)


async def test_a_wait_that_the_machine_slept_through_ends_soon_after_it_woke(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    real = asyncio.sleep

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", nap)
    await WokenClock(3_600.0).sleep(3_000.0)
    assert naps == [LONGEST_NAP_S]


async def test_the_real_clock_waits_as_long_as_it_is_told_and_never_shorter() -> None:
    clock = SystemClock()
    for seconds in (-1.0, 0.0, 0.05):
        before = clock.monotonic()
        await clock.sleep(seconds)
        assert clock.monotonic() - before >= seconds
    assert abs(clock.now() - time.time()) < 5
