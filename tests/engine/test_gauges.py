"""How the engine fares at the gateway: counted where it happens, and told to whoever follows."""

import pytest

from krea_tui.domain.answers import StatusAnswer
from krea_tui.domain.errors import RateLimited
from krea_tui.domain.job import JobStatus
from krea_tui.engine.health import GatewayHealth, Gauges
from krea_tui.engine.policy import Policy
from krea_tui.engine.signals import Signals
from krea_tui.simulator import Fault, Target
from tests.support.bench import Bench, requests
from tests.support.lone_lanes import PROCESS, LoggingGateway, LoneLanes
from tests.support.making import AT, make_job
from tests.support.memory_store import MemoryStore
from tests.support.one_thread import LoneClock

POLICY = Policy("bench", "key", "print", requests_per_s=2.0, burst=5)


async def test_requests_and_429s_are_counted_where_they_arise() -> None:
    clock = LoneClock(AT)
    refusals = 2

    def answer(request_id: str) -> StatusAnswer:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise RateLimited("429", retry_after_s=10.0)
        return StatusAnswer("QUEUED", request_id)

    gateway = LoggingGateway(clock, answer)
    lanes = LoneLanes(clock, gateway, POLICY)
    await lanes.put([make_job(id=f"h{number:09d}", accepted_by=PROCESS) for number in range(3)])
    health = lanes.book.health
    async with lanes.running():
        await clock.advance(90.0)
        now = clock.now()
        gauges = health.gauges(now)
        assert gauges.rate_limits_last_hour == 2
        assert gauges.rate_limited_at is not None
        assert AT < gauges.rate_limited_at < AT + 60
        lately = sum(1 for at, _ in gateway.log if at > gateway.log[-1][0] - 58)
        assert lately <= gauges.requests_last_minute <= sum(1 for at, _ in gateway.log if at > clock.monotonic() - 62)
        assert gauges.last_answer_at is not None
        assert now - gauges.last_answer_at < 15
        assert gauges.rate_per_s == lanes.budget.bucket.rate_per_s > 0
    assert health.gauges(now + 120).requests_last_minute == 0
    assert health.gauges(now + 7_200).rate_limits_last_hour == 0


async def test_what_is_told_is_heard_as_it_was_and_written_only_when_it_is_another() -> None:
    store = MemoryStore()
    signals = Signals(store)
    told = Gauges(0.5, 1.0, 42, 3, AT - 60, AT)
    assert (await signals.hear()).gauges is None
    await signals.tell_gauges(told)
    assert (await signals.hear()).gauges == told
    await store.set_meta("engine_gauges", None)
    await signals.tell_gauges(told)
    assert await store.get_meta("engine_gauges") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"rate_per_s": "x"}', '{"requests_last_minute": 1e999}'])
async def test_what_cannot_be_read_is_no_gauge_and_no_fault(text: str) -> None:
    store = MemoryStore()
    await store.set_meta("engine_gauges", text)
    heard = (await Signals(store).hear()).gauges
    assert heard is None or heard == Gauges()


async def test_a_follower_knows_how_the_leader_fares(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, status=429, retry_after_s=5.0), latency_s=60.0)
    async with bench.process() as first, bench.process() as second:
        jobs = await first.engine.submit(requests(2))
        health = second.engine.book.health

        def heard() -> Gauges:
            return health.gauges(bench.clock.now())

        await second.until(lambda: heard().rate_limits_last_hour == 1, within_s=30)
        await second.until(lambda: heard().requests_last_minute > 3, within_s=60)
        await first.until(lambda: all(first.job(job).status is JobStatus.QUEUED for job in jobs))
        assert heard().configured_rate_per_s == bench.policy.requests_per_s
        assert heard().last_answer_at is not None
        assert GatewayHealth(is_follower=True).gauges(AT) == Gauges()


async def test_one_that_is_alone_tells_nobody(bench: Bench) -> None:
    async with bench.process() as alone:
        jobs = await alone.engine.submit(requests(1))
        await alone.done(jobs)
        await alone.until(lambda: bench.clock.now() > (alone.job(jobs[0]).completed_at or 0) + 20)
        assert await alone.store.get_meta("engine_gauges") is None
