"""What may have been charged is never sent again; what was not goes on when its cause is mended."""

from dataclasses import replace
from itertools import pairwise

import pytest

from krea_tui.domain.job import Charge, HoldReason, JobStatus
from krea_tui.engine.health import PauseReason
from krea_tui.simulator import Close, Fault, Target
from tests.support.bench import Bench, Process, requests
from tests.support.keys import OTHER_KEY
from tests.support.waiting import wait_until_async


def pause_of(process: Process) -> PauseReason | None:
    pause = process.engine.book.health.pause
    return pause.reason if pause else None


async def test_a_429_keeps_everybody_away_until_retry_after(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, retry_after_s=90.0, skip=1), latency_s=20.0)
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(3))
        await process.until(lambda: process.engine.book.health.rate_limited_count)
        refused_at = bench.clock.now()
        assert process.job(jobs[1]).hold_reason is HoldReason.READY
        await process.done(jobs)
        later = [at for at, _ in bench.log if at > refused_at]
        assert min(later) >= refused_at + 90.0
        assert bench.stats["charges"] == 3
        assert bench.stats["posts"] == 4


async def test_a_429_of_a_status_request_stops_submissions_too(bench: Bench) -> None:
    bench.tell(Fault(on=Target.STATUS, status=429, retry_after_body_s=60.0))
    async with bench.process() as process:
        [first] = await process.engine.submit(requests(1))
        await process.until(lambda: process.engine.book.health.rate_limited_count)
        refused_at = bench.clock.now()
        second = await process.engine.submit(requests(2)[1:])
        await process.done([first, *second])
        assert min(at for at, _ in bench.log if at > refused_at) >= refused_at + 60.0


async def test_an_empty_wallet_in_mid_batch_holds_the_rest_and_resume_goes_on(bench: Bench) -> None:
    bench.tell(balance_microusd=120_000)
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(5))
        await process.done(jobs[:2])
        await process.until(lambda: pause_of(process) is PauseReason.MONEY)
        await bench.clock.advance(30)
        assert process.job(jobs[2]).hold_reason is HoldReason.MONEY
        assert [process.job(job).hold_reason for job in jobs[3:]] == [HoldReason.READY] * 2
        assert bench.stats["posts"] == 3
        bench.tell(balance_microusd=None)
        await process.engine.resume()
        await process.done(jobs)
        assert (bench.stats["charges"], bench.stats["duplicates"]) == (5, 0)


async def test_the_only_probe_of_an_empty_wallet_is_the_next_approved_job(bench: Bench) -> None:
    bench.tell(balance_microusd=0)
    async with bench.process() as process:
        [first, second] = await process.engine.submit(requests(2))
        await process.until(lambda: pause_of(process) is PauseReason.MONEY)
        bench.tell(balance_microusd=None)
        await bench.clock.advance(120)
        assert bench.stats["posts"] == 1
        [approved] = await process.engine.submit(requests(3)[2:])
        await process.done([approved, second])
        assert pause_of(process) is None
        assert process.job(first).hold_reason is HoldReason.MONEY


async def test_a_refused_key_holds_and_another_key_goes_on(bench: Bench) -> None:
    bench.simulator._keys = frozenset({OTHER_KEY})
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(3))
        await process.until(lambda: pause_of(process) is PauseReason.KEY)
        await bench.clock.advance(120)
        assert process.job(jobs[0]).hold_reason is HoldReason.KEY
        assert bench.stats["posts"] == 1
        await process.engine.use_key(OTHER_KEY, "another print")
        await process.done(jobs)
        assert {process.job(job).key_fingerprint for job in jobs} == {"another print"}


async def test_a_key_refused_by_the_status_endpoint_stops_every_check_until_it_is_mended(bench: Bench) -> None:
    bench.tell(latency_s=30.0)
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(4))
        await process.until(lambda: process.statuses(jobs) == [JobStatus.QUEUED] * 4)
        bench.simulator._keys = frozenset({OTHER_KEY})
        await process.until(lambda: pause_of(process) is PauseReason.KEY)
        await bench.clock.advance(1)
        asked = len(bench.log)
        await bench.clock.advance(120)
        assert len(bench.log) == asked
        await process.engine.use_key(OTHER_KEY, "another print")
        await process.done(jobs)


async def test_without_a_key_nothing_goes_out(bench: Bench) -> None:
    async with bench.process(bench.policy.with_key("", "")) as process:
        assert not process.engine.book.health.has_key
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: pause_of(process) is PauseReason.KEY)
        assert process.job(job).hold_reason is HoldReason.KEY
        assert bench.stats["connections"] == 0


@pytest.mark.parametrize("code", [400, 413, 415, 422])
async def test_a_refused_request_is_not_charged_and_the_next_goes_on(bench: Bench, code: int) -> None:
    bench.tell(Fault(on=Target.POST, status=code, body='{"error": "Bad", "message": "no such ratio"}'))
    async with bench.process() as process:
        [bad, good] = await process.engine.submit(requests(2))
        await process.done([good])
        assert process.job(bad).status is JobStatus.REJECTED
        assert process.job(bad).charge is Charge.NONE
        assert "no such ratio" in (process.job(bad).error or "")
        assert pause_of(process) is None


async def test_a_disabled_model_does_not_burn_the_batch(bench: Bench) -> None:
    bench.tell(model_enabled=False)
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(3))
        await process.until(lambda: pause_of(process) is PauseReason.MODEL)
        await bench.clock.advance(30)
        assert process.statuses(jobs) == [JobStatus.REJECTED, JobStatus.HELD, JobStatus.HELD]
        assert bench.stats["posts"] == 1


async def test_one_403_rejects_one_job_and_the_second_stops_the_lanes(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, status=403, times=2))
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(4))
        await process.until(lambda: pause_of(process) is PauseReason.FORBIDDEN)
        await bench.clock.advance(30)
        assert process.statuses(jobs) == [JobStatus.REJECTED] * 2 + [JobStatus.HELD] * 2
        await process.engine.resume()
        await process.done(jobs[2:])


async def test_a_403_between_successes_stops_nothing(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, status=403), Fault(on=Target.POST, status=403, skip=1))
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(4))
        await process.done([jobs[1], jobs[3]])
        assert process.statuses(jobs[::2]) == [JobStatus.REJECTED] * 2
        assert pause_of(process) is None


@pytest.mark.parametrize("code", [301, 404, 405])
async def test_a_wrong_address_holds_the_job_and_is_named(bench: Bench, code: int) -> None:
    bench.tell(Fault(on=Target.POST, status=code))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: pause_of(process) is PauseReason.ADDRESS)
        assert (process.job(job).status, process.job(job).hold_reason) == (JobStatus.HELD, HoldReason.PAUSED)
        pause = process.engine.book.health.pause
        assert pause is not None
        assert bench.server.base_url in pause.words
        await process.engine.resume()
        await process.done([job])


DOUBTFUL = [
    Fault(on=Target.POST, close=Close.AFTER_HEADERS),
    Fault(on=Target.POST, close=Close.AFTER_BODY),
    Fault(on=Target.POST, close=Close.AFTER_ACCEPT),
    Fault(on=Target.POST, cut_at=70),
    Fault(on=Target.POST, status=500),
    Fault(on=Target.POST, status=503, retry_after_s=1),
    Fault(on=Target.POST, status=408),
    Fault(on=Target.POST, status=409),
    Fault(on=Target.POST, status=451),
    Fault(on=Target.POST, status=202, body="{}", accept=True),
    Fault(on=Target.POST, status=200, html=True, accept=True),
    Fault(on=Target.POST, status=202, body='{"request_id": "../../v1/keys"}', accept=True),
    Fault(on=Target.POST, omit_request_id=True),
]


@pytest.mark.parametrize("fault", DOUBTFUL, ids=lambda fault: f"{fault.close or fault.status or 'answer'}")
async def test_what_may_have_been_charged_is_never_sent_again(bench: Bench, fault: Fault) -> None:
    bench.tell(fault)
    async with bench.process() as process:
        [job, other] = await process.engine.submit(requests(2))
        await process.done([other])
        await bench.clock.advance(45)
        assert process.job(job).status is JobStatus.UNCONFIRMED
        assert process.job(job).charge is Charge.AT_RISK
        assert bench.stats["posts"] == 2
        await process.engine.resume()
        await process.engine.release([job.id])
        await bench.clock.advance(30)
        assert bench.stats["posts"] == 2
    async with bench.process() as again:
        await bench.clock.advance(30)
        assert again.job(job).status is JobStatus.UNCONFIRMED
        assert bench.stats["posts"] == 2


async def test_three_doubts_in_a_row_pause_until_the_person_resumes(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, status=500, times=3))
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(5))
        await process.until(lambda: pause_of(process) is PauseReason.DOUBT)
        await bench.clock.advance(150)
        assert bench.stats["posts"] == 3
        first, second, third = bench.post_times
        assert second - first >= 1.0
        assert third - second >= 1.0
        await process.engine.resume()
        await process.done(jobs[3:])
        assert process.statuses(jobs[:3]) == [JobStatus.UNCONFIRMED] * 3


async def test_a_gateway_that_cannot_be_reached_costs_nothing_and_is_tried_again(bench: Bench) -> None:
    async with bench.process(base_url="http://127.0.0.1:9") as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).not_sent_count >= 4)
        held = process.job(job)
        assert (held.status, held.hold_reason) == (JobStatus.HELD, HoldReason.RETRY)
        assert held.charge is Charge.HELD
        gaps = [later - earlier for earlier, later in pairwise(bench.post_times)]
        assert min(gaps) >= 1.0


async def test_no_more_jobs_than_allowed_are_at_the_gateway(bench: Bench) -> None:
    bench.tell(latency_s=20.0)
    most = 0
    async with bench.process(replace(bench.policy, max_in_flight=3)) as process:
        book = process.engine.book

        def look(_: frozenset[str]) -> None:
            nonlocal most
            most = max(most, book.count(JobStatus.SENDING, JobStatus.QUEUED, JobStatus.PROCESSING))

        book.subscribe(look)
        jobs = await process.engine.submit(requests(8))
        await process.done(jobs)
    assert most == 3


async def test_jobs_of_another_gateway_take_no_place_and_are_not_asked_about(bench: Bench) -> None:
    bench.tell(latency_s=3_600.0)
    async with bench.process(replace(bench.policy, profile="elsewhere")) as process:
        elsewhere = await process.engine.submit(requests(2))
        await process.until(lambda: process.statuses(elsewhere) == [JobStatus.QUEUED] * 2)
    bench.tell(latency_s=0.0)
    polls = len(bench.log)
    async with bench.process(replace(bench.policy, max_in_flight=2)) as process:
        jobs = await process.engine.submit(requests(3, "a harbour"))
        await process.done(jobs)
        assert not {job.request_id for job in map(process.job, elsewhere)} & {what for _, what in bench.log[polls:]}


async def test_cancelling_what_is_held_is_free(bench: Bench) -> None:
    async with bench.process() as process:
        await process.engine.pause()
        jobs = await process.engine.submit(requests(3))
        await bench.clock.advance(30)
        withdrawn = await process.engine.withdraw([jobs[0].id, jobs[2].id])
        assert [job.status for job in withdrawn] == [JobStatus.CANCELLED] * 2
        await process.engine.resume()
        await process.done([jobs[1]])
        assert await process.engine.withdraw([jobs[1].id]) == []
        assert bench.stats["charges"] == 1


async def test_the_day_s_cap_holds_the_lane(bench: Bench) -> None:
    async with bench.process(replace(bench.policy, daily_cap_microusd=130_000)) as process:
        jobs = await process.engine.submit(requests(4))
        await process.done(jobs[:2])
        await process.until(lambda: pause_of(process) is PauseReason.CAP)
        await bench.clock.advance(30)
        assert process.job(jobs[2]).hold_reason is HoldReason.CAP
        assert (bench.stats["posts"], bench.stats["charged_microusd"]) == (2, 120_000)


async def test_stopping_waits_for_the_request_in_flight_and_writes_its_answer_down(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, hang_s=0.3))
    async with bench.process() as process:
        [job, held] = await process.engine.submit(requests(2))
        await wait_until_async(lambda: process.engine.is_sending and bench.stats["posts"])
        left = await process.finish()
        assert [job.id for job in left] == [held.id]
        assert process.job(job).status is JobStatus.QUEUED
        assert process.job(held).hold_reason is HoldReason.LEFT_OVER
        assert bench.stats["posts"] == 1
