"""How jobs are asked about: when, how often, and what the answers mean."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from krea_tui.domain.events import Event
from krea_tui.domain.job import Charge, Job, JobStatus
from krea_tui.domain.pacing import BREAKER_THRESHOLD
from krea_tui.simulator import Fault, MediaUrlForm, Target
from tests.support.bench import Bench, requests


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


async def test_one_job_is_checked_after_five_seconds_and_then_every_five(bench: Bench) -> None:
    bench.tell(latency_s=33.0, latency_spread=0.0)
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        polls = bench.polls_of(process.job(job))
        assert 5.0 <= polls[0] - bench.post_times[0] < 5.1
        assert all(5.0 <= gap <= 5.5 + 1e-6 for gap in gaps(polls))
        assert polls[-1] - bench.post_times[0] < 33.0 + 5.6


async def test_many_jobs_stretch_the_interval_and_keep_to_the_rate(bench: Bench) -> None:
    bench.tell(latency_s=90.0, latency_spread=0.3)
    policy = replace(bench.policy, requests_per_s=1.0, burst=5, max_in_flight=12)
    async with bench.process(policy) as process:
        jobs = await process.engine.submit(requests(20))
        await process.done(jobs)
        times = [at for at, _ in bench.log]
        for index, at in enumerate(times):
            within = [other for other in times[: index + 1] if other > at - 30.0]
            assert len(within) <= 30 * 1.0 + 5 + 1
        assert min(gap for job in jobs for gap in gaps(bench.polls_of(process.job(job))) or [9.0]) >= 5.0


async def test_polls_go_before_submissions_and_still_leave_them_their_share(bench: Bench) -> None:
    bench.tell(latency_s=60.0, latency_spread=0.0)
    policy = replace(bench.policy, requests_per_s=1.0, burst=1, max_in_flight=40)
    async with bench.process(policy) as process:
        jobs = await process.engine.submit(requests(30))
        await process.until(lambda: len(bench.post_times) == 30, within_s=120)
        polled = Counter(what for _, what in bench.log if what != "POST")
        early = [process.job(job) for job in jobs[:3]]
        assert all(polled[job.request_id or ""] >= 3 for job in early)


async def test_a_recheck_is_made_at_once_but_never_within_two_seconds(bench: Bench) -> None:
    bench.tell(latency_s=300.0)
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: len(bench.polls_of(process.job(job))) == 2)
        for _ in range(4):
            await process.engine.recheck([job.id])
            await bench.clock.advance(0.1)
        await bench.clock.advance(1.95)
        polls = bench.polls_of(process.job(job))
        assert len(polls) == 3
        assert 2.0 <= polls[2] - polls[1] < 2.3
        assert process.job(job).recheck_at is None


async def test_unknown_words_of_the_gateway_are_still_running(bench: Bench) -> None:
    bench.tell(Fault(on=Target.STATUS, status_word="Warming_Up", times=3))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).status_word == "WARMING_UP")
        assert process.job(job).status is JobStatus.PROCESSING
        await process.done([job])
        assert process.job(job).status_word == "COMPLETED"


async def test_words_in_lower_case_and_a_lone_url_are_understood(bench: Bench) -> None:
    bench.tell(standing=(Fault(on=Target.STATUS, lowercase=True, media_url=MediaUrlForm.STRING),))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])


async def test_failed_is_at_risk_and_error_is_free(bench: Bench) -> None:
    bench.tell(fail_rate=1.0)
    async with bench.process() as process:
        [failed] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(failed).status is JobStatus.FAILED)
        bench.tell(fail_rate=0.0, error_rate=1.0)
        [error] = await process.engine.submit(requests(2)[1:])
        await process.until(lambda: process.job(error).status is JobStatus.ERROR)
        assert (process.job(failed).charge, process.job(error).charge) == (Charge.AT_RISK, Charge.NONE)
        assert process.job(failed).error
        assert process.job(error).error


async def test_denied_three_times_over_ten_minutes_is_not_found_and_a_recheck_reopens_it(bench: Bench) -> None:
    bench.tell(standing=(Fault(on=Target.STATUS, status=404),))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).denials >= 2)
        assert process.job(job).status is JobStatus.QUEUED
        await process.until(lambda: process.job(job).status is JobStatus.NOT_FOUND)
        assert bench.clock.now() - (process.job(job).denied_since or 0.0) >= 600.0
        assert process.job(job).denials >= 3
        assert process.job(job).charge is Charge.AT_RISK
        bench.tell(standing=())
        await process.engine.recheck([job.id])
        await process.done([job], within_s=10)


async def test_completed_without_a_url_is_asked_again_for_ten_minutes_then_at_risk(bench: Bench) -> None:
    bench.tell(standing=(Fault(on=Target.STATUS, media_url=MediaUrlForm.EMPTY),))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).status is JobStatus.COMPLETED)
        assert process.job(job).is_saving
        since = bench.clock.now()
        await process.until(lambda: process.job(job).gave_up_at is not None)
        assert 600.0 <= bench.clock.now() - since < 700.0
        given_up = process.job(job)
        assert (given_up.charge, given_up.is_active, given_up.is_polled) == (Charge.AT_RISK, False, False)
        assert "no picture" in (given_up.error or "")


async def test_a_url_that_comes_late_is_fetched(bench: Bench) -> None:
    bench.tell(Fault(on=Target.STATUS, media_url=MediaUrlForm.NULL, times=3))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        assert process.job(job).error is None


async def test_trouble_is_retried_at_5_10_20_and_five_in_a_row_leave_one_probe(bench: Bench) -> None:
    bench.tell(Fault(on=Target.STATUS, status=503, times=12), latency_s=1.0)
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(6))
        book = process.engine.book
        await process.until(lambda: book.health.breaker_until is not None)
        opened_at = bench.clock.now()
        asked = [at for at, what in bench.log if what != "POST"]
        assert len(asked) >= BREAKER_THRESHOLD
        await process.done(jobs)
        probes = [at for at, what in bench.log if what != "POST" and at > opened_at]
        # Until the first success: one at a time, each at least five seconds after the one before.
        failing = probes[: 12 - len(asked)]
        assert failing
        assert min(gaps(failing), default=5.0) >= 5.0
        assert book.health.breaker_until is None


async def test_one_job_in_trouble_waits_longer_each_time(bench: Bench) -> None:
    bench.tell(Fault(on=Target.STATUS, status=502, times=4))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        found = gaps(bench.polls_of(process.job(job)))
        assert [round(gap) for gap in found[:4]] == [5, 10, 20, 20]


async def test_the_preferred_job_goes_first(bench: Bench) -> None:
    bench.tell(latency_s=600.0)
    policy = replace(bench.policy, requests_per_s=0.5, burst=1)
    async with bench.process(policy) as process:
        jobs: list[Job] = await process.engine.submit(requests(6))
        await process.until(lambda: process.engine.book.count(JobStatus.QUEUED) == 6, within_s=600)
        await bench.clock.advance(60)
        process.engine.prefer(jobs[4].id)
        counts = Counter(what for _, what in bench.log)
        await bench.clock.advance(120)
        asked = Counter(what for _, what in bench.log) - counts
        ids = [process.job(job).request_id or "" for job in jobs]
        assert all(asked[request_id] for request_id in ids), "no job starves"
        assert asked[ids[4]] >= max(asked[request_id] for request_id in ids)


async def test_a_fault_in_one_check_neither_ends_the_lane_nor_loses_the_job(bench: Bench) -> None:
    async with bench.process() as process:
        lanes = process.engine._leadership.lanes
        assert lanes is not None
        real, faults = lanes.status._record, 2

        async def record(job: Job, event: Event) -> None:
            nonlocal faults
            if faults:
                faults -= 1
                raise RuntimeError("nobody foresaw this")
            await real(job, event)

        lanes.status._record = record  # type: ignore[method-assign]
        jobs = await process.engine.submit(requests(2))
        await process.done(jobs)
        assert faults == 0


async def test_a_pane_that_fails_stops_nothing(bench: Bench) -> None:
    def broken(_: frozenset[str]) -> None:
        raise RuntimeError("a widget's fault")

    async with bench.process() as process:
        process.engine.book.subscribe(broken)
        jobs = await process.engine.submit(requests(2))
        await process.done(jobs)
        assert bench.stats["charges"] == 2


async def test_a_stop_for_the_key_while_the_lane_waits_for_its_turn_is_heeded(bench: Bench) -> None:
    bench.tell(latency_s=600.0)
    policy = replace(bench.policy, requests_per_s=0.2, burst=2)
    async with bench.process(policy) as process:
        await process.engine.submit(requests(2))
        # Both are due, the first check gets the next token and learns that the key is refused.
        await process.until(lambda: process.engine.book.count(JobStatus.QUEUED) == 2)
        bench.simulator._keys = frozenset()
        await process.until(lambda: process.engine.book.health.pause is not None)
        asked = len(bench.log)
        await bench.clock.advance(60)
        assert len(bench.log) == asked


async def test_a_recheck_during_a_check_makes_no_second_one_beside_it(bench: Bench) -> None:
    bench.tell(latency_s=300.0)
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: len(bench.polls_of(process.job(job))) == 1)
        lanes = process.engine._leadership.lanes
        assert lanes is not None
        lanes.status._due.clear()
        lanes.status._checking[job.id] = process.task
        await process.engine.recheck([job.id])
        assert job.id not in lanes.status._due
        del lanes.status._checking[job.id]
