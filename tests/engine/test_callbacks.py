"""Callbacks hasten what would have been found out anyway, find what was lost, and are never believed."""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from krea_tui.config.locations import find_locations
from krea_tui.config.plan import Plan
from krea_tui.config.settings import GatewaySettings, Settings, WebhookSettings
from krea_tui.domain.answers import CallbackHint
from krea_tui.domain.job import Charge, Job, JobStatus
from krea_tui.engine.callbacks import CHECKS_HASTENED, CLAIM_DENIALS, CLAIMS_LOOKED_UP, REOPEN_S
from krea_tui.engine.health import PauseReason
from krea_tui.engine.ports import MakeReceiver, Receiver
from krea_tui.gateway.webhook import WebhookReceiver
from krea_tui.simulator import Close, Fault, Target
from krea_tui.simulator.jobs import Job as SimulatedJob
from krea_tui.simulator.webhook import call_back
from krea_tui.studio import open_studio
from tests.support.bench import Bench, Process, requests
from tests.support.ports import free_port
from tests.support.waiting import wait_until_async

LOST = Fault(on=Target.POST, close=Close.AFTER_ACCEPT)
# So long that the simulated gateway never calls by itself in a test: the test is the caller then.
NEVER_S = 3_600.0


def receiving(port: int) -> MakeReceiver:
    async def make_receiver(secret: bytes, hints: "asyncio.Queue[CallbackHint]") -> Receiver:
        return WebhookReceiver(f"http://127.0.0.1:{port}", port, secret, hints)

    return make_receiver


@pytest.fixture
def port() -> int:
    return free_port()


def at_gateway(bench: Bench) -> list[SimulatedJob]:
    """Every job that the gateway took, the oldest first."""
    return list(bench.simulator._jobs._jobs.values())


def url_of(job: SimulatedJob) -> str:
    assert job.webhook_url is not None
    return job.webhook_url


async def called_back(bench: Bench, times: int = 1) -> None:
    """Until the simulated gateway has called by itself; meanwhile no time passes."""
    with bench.clock.busy():
        await wait_until_async(lambda: bench.stats["webhooks_sent"] == times, what="the gateway calls back")


async def call(bench: Bench, url: str, body: Mapping[str, object]) -> None:
    """Call as the simulated gateway does."""
    with bench.clock.busy():
        assert await call_back(url, body)


async def at_risk(process: Process, job: Job) -> None:
    await process.until(lambda: process.job(job).status is JobStatus.UNCONFIRMED, what="the answer is lost")


def asked(bench: Bench) -> list[str]:
    return [what for _, what in bench.log if what != "POST"]


def times_of(bench: Bench, request_id: str) -> list[float]:
    return [at for at, what in bench.log if what == request_id]


def statuses(process: Process, jobs: Iterable[Job]) -> set[JobStatus]:
    return set(process.statuses(jobs))


# --- a job that is known ----------------------------------------------------------------------------------------------


async def test_a_callback_completes_a_job_before_its_first_check_is_due(bench: Bench, port: int) -> None:
    async with bench.process(make_receiver=receiving(port)) as process:
        assert process.engine.book.health.callbacks_at == f"http://127.0.0.1:{port}"
        [job] = await process.engine.submit(requests(1))
        await called_back(bench)
        await process.done([job], within_s=1.0)
        assert len(asked(bench)) == 1


async def test_a_callback_between_two_checks_is_obeyed_two_seconds_after_the_last(bench: Bench, port: int) -> None:
    bench.tell(latency_s=6.0, latency_spread=0.0)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: len(asked(bench)) == 1)
        checked_at = bench.clock.now()
        await bench.clock.advance(1.2)
        [running] = at_gateway(bench)
        await call(bench, url_of(running), {"request_id": running.request_id, "status": "COMPLETED"})
        await process.done([job])
        first, second = times_of(bench, running.request_id)
        assert first == pytest.approx(checked_at)
        assert 2.0 <= second - first < 2.5


async def test_a_callback_while_its_job_is_checked_asks_once_more(bench: Bench, port: int) -> None:
    bench.tell(Fault(on=Target.STATUS, hang_s=0.5, status_word="PROCESSING"), latency_s=4.0, latency_spread=0.0)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).status is JobStatus.QUEUED)
        [running] = at_gateway(bench)
        due = asyncio.ensure_future(bench.clock.advance(5.05))
        await wait_until_async(lambda: asked(bench))
        assert not due.done(), "the check is on the wire"
        await call(bench, url_of(running), {"request_id": running.request_id, "status": "COMPLETED"})
        await due
        await process.done([job])
        first, second = times_of(bench, running.request_id)
        assert second - first < 3.0


@pytest.mark.parametrize(
    "claim",
    [
        {"status": "COMPLETED", "output": {"media_url": ["https://evil.example/x.png"], "media_type": "image/png"}},
        {"status": "FAILED", "error": "[b]pay again[/b]\x1b]0;x\x07"},
        {"status": "ERROR", "error": None},
        {"status": "COMPLETED", "request_id": "somebody-else-s"},
    ],
    ids=lambda claim: f"{claim['status']}-{claim.get('request_id', '')}",
)
async def test_what_a_callback_says_of_a_job_is_not_believed(
    bench: Bench, port: int, claim: Mapping[str, object]
) -> None:
    bench.tell(latency_s=NEVER_S)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).status is JobStatus.QUEUED)
        [running] = at_gateway(bench)
        before = process.job(job)
        await call(bench, url_of(running), {"request_id": running.request_id} | dict(claim))
        await bench.clock.advance(1)
        assert asked(bench) == [running.request_id], "it was asked about, under its own request id"
        assert process.job(job).status is JobStatus.QUEUED
        assert process.job(job).pictures == ()
        assert (process.job(job).request_id, process.job(job).error) == (before.request_id, None)
        assert bench.stats["downloads"] == 0


async def test_a_forged_address_moves_nothing(bench: Bench, port: int) -> None:
    bench.tell(latency_s=NEVER_S)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).status is JobStatus.QUEUED)
        [running] = at_gateway(bench)
        forged = url_of(running).rpartition("-")[0] + "-" + "0" * 32
        with bench.clock.busy():
            async with httpx.AsyncClient(trust_env=False) as client:
                assert (await client.post(forged, json={"request_id": running.request_id})).status_code == 404
        await bench.clock.advance(4)
        assert asked(bench) == []


async def test_every_attempt_has_an_address_of_its_own(bench: Bench, port: int) -> None:
    async with bench.process(make_receiver=receiving(port)) as process:
        jobs = await process.engine.submit(requests(4))
        await process.done(jobs)
        urls = {url_of(job) for job in at_gateway(bench)}
        assert len(urls) == 4
        assert not any((process.job(job).request_id or "") in url for job in jobs for url in urls)


async def test_repeated_callbacks_are_one_check(bench: Bench, port: int) -> None:
    bench.tell(webhook_repeat=5)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await called_back(bench, 5)
        await process.done([job], within_s=1.0)
        await bench.clock.advance(60)
        assert len(asked(bench)) == 1
        assert bench.stats["downloads"] == 1


async def test_a_thousand_callbacks_cost_three_checks_and_stop_nobody(bench: Bench, port: int) -> None:
    bench.tell(latency_s=NEVER_S)
    policy = replace(bench.policy, requests_per_s=1.0, burst=5)
    async with bench.process(policy, make_receiver=receiving(port)) as process:
        jobs = await process.engine.submit(requests(3))
        await process.until(lambda: statuses(process, jobs) == {JobStatus.QUEUED})
        noisy = at_gateway(bench)[0]

        async def shout(client: httpx.AsyncClient, count: int) -> None:
            for number in range(count):
                await client.post(url_of(noisy), json={"request_id": f"id-{number}", "status": "PROCESSING"})

        started_at = bench.clock.now()
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            for _ in range(10):
                with bench.clock.busy():
                    await asyncio.gather(*(shout(client, 25) for _ in range(4)))
                await bench.clock.advance(3.0)
        assert [job for job in map(process.job, jobs) if job.status is not JobStatus.QUEUED] == []
        expected = (bench.clock.now() - started_at) / 5.0
        assert len(times_of(bench, noisy.request_id)) <= expected + CHECKS_HASTENED + 1
        assert set(asked(bench)) == {job.request_id for job in at_gateway(bench)[:3]}
        [late] = await process.engine.submit(requests(4)[3:])
        await process.until(lambda: process.job(late).status is JobStatus.QUEUED, within_s=30)


async def test_a_callback_before_the_answer_to_the_submission_waits_for_it(bench: Bench, port: int) -> None:
    bench.tell(Fault(on=Target.POST, drip_s=0.004))
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await called_back(bench)
        assert process.job(job).status is JobStatus.SENDING, "the answer is still on its way"
        assert asked(bench) == []
        await process.done([job], within_s=1.0)
        assert len(asked(bench)) == 1
        assert (bench.stats["posts"], bench.stats["charges"]) == (1, 1)


# --- a job whose answer was lost --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        LOST,
        Fault(on=Target.POST, omit_request_id=True),
        Fault(on=Target.POST, status=500, accept=True),
        Fault(on=Target.POST, status=202, body="{}", accept=True),
        Fault(on=Target.POST, cut_at=70),
    ],
    ids=["closed", "no request id", "500", "empty", "cut"],
)
async def test_a_callback_resolves_an_unconfirmed_job(bench: Bench, port: int, fault: Fault) -> None:
    bench.tell(fault)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await called_back(bench)
        await process.done([job], within_s=3)
        [taken] = at_gateway(bench)
        assert process.job(job).request_id == taken.request_id
        assert process.job(job).charge is Charge.SPENT
        assert (bench.stats["posts"], bench.stats["charges"]) == (1, 1)


async def test_a_lost_job_that_is_still_running_is_polled_to_its_end(bench: Bench, port: int) -> None:
    bench.tell(LOST, latency_s=20.0, latency_spread=0.0)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await at_risk(process, job)
        [taken] = at_gateway(bench)
        await call(bench, url_of(taken), {"request_id": taken.request_id, "status": "QUEUED"})
        await process.until(lambda: process.job(job).status is JobStatus.QUEUED, within_s=1)
        await process.done([job])
        assert bench.stats["charges"] == 1


async def test_a_request_id_that_the_gateway_does_not_know_is_not_taken(bench: Bench, port: int) -> None:
    bench.tell(LOST, latency_s=NEVER_S)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await at_risk(process, job)
        [taken] = at_gateway(bench)
        for _ in range(3):
            await call(bench, url_of(taken), {"request_id": "nobody-s", "status": "COMPLETED"})
            await bench.clock.advance(60)
        assert process.job(job).status is JobStatus.UNCONFIRMED
        assert process.job(job).request_id is None
        denied = times_of(bench, "nobody-s")
        assert len(denied) == CLAIM_DENIALS
        assert min(later - earlier for earlier, later in pairwise(denied)) >= 5.0
        await call(bench, url_of(taken), {"request_id": taken.request_id})
        await process.until(lambda: process.job(job).request_id == taken.request_id, within_s=1)


@pytest.mark.parametrize("body", [{}, {"request_id": None}, {"request_id": "../x"}, {"status": "COMPLETED"}])
async def test_without_a_request_id_it_stays_unconfirmed(bench: Bench, port: int, body: Mapping[str, object]) -> None:
    bench.tell(LOST, latency_s=NEVER_S)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await at_risk(process, job)
        await call(bench, url_of(at_gateway(bench)[0]), body)
        await bench.clock.advance(60)
        assert process.job(job).status is JobStatus.UNCONFIRMED
        assert asked(bench) == []


async def test_a_request_id_of_another_job_is_not_taken(bench: Bench, port: int) -> None:
    bench.tell(replace(LOST, skip=1), latency_s=NEVER_S)
    async with bench.process(make_receiver=receiving(port)) as process:
        [known, lost] = await process.engine.submit(requests(2))
        await process.until(lambda: process.statuses([known, lost]) == [JobStatus.QUEUED, JobStatus.UNCONFIRMED])
        its, mine = at_gateway(bench)
        await call(bench, url_of(mine), {"request_id": its.request_id})
        await process.until(lambda: its.request_id in asked(bench), within_s=1)
        await bench.clock.advance(31)
        own_checks = times_of(bench, its.request_id)[1:]
        gaps = [later - earlier for earlier, later in pairwise(own_checks)]
        assert min(gaps) >= 5.0, "but for its own checks it is not asked about again"
        assert process.job(lost).status is JobStatus.UNCONFIRMED
        assert process.job(lost).request_id is None
        assert process.job(known).request_id == its.request_id
        await call(bench, url_of(mine), {"request_id": mine.request_id})
        await process.until(lambda: process.job(lost).request_id == mine.request_id, within_s=1)


async def test_only_so_many_request_ids_are_asked_about_for_one_attempt(bench: Bench, port: int) -> None:
    bench.tell(LOST, latency_s=NEVER_S)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await at_risk(process, job)
        for number in range(30):
            await call(bench, url_of(at_gateway(bench)[0]), {"request_id": f"guess-{number}"})
        await bench.clock.advance(600)
        assert len(asked(bench)) == CLAIMS_LOOKED_UP * CLAIM_DENIALS
        assert process.job(job).status is JobStatus.UNCONFIRMED


async def test_trouble_of_the_gateway_puts_the_question_off(bench: Bench, port: int) -> None:
    bench.tell(LOST, Fault(on=Target.STATUS, status=503, times=3))
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await called_back(bench)
        await bench.clock.advance(4)
        assert process.job(job).status is JobStatus.UNCONFIRMED
        await process.done([job], within_s=120)
        [taken] = at_gateway(bench)
        gaps = [later - earlier for earlier, later in pairwise(times_of(bench, taken.request_id)[:4])]
        assert [round(gap) for gap in gaps] == [5, 10, 20]
        assert bench.stats["charges"] == 1


async def test_a_429_to_the_question_stops_both_lanes_for_so_long(bench: Bench, port: int) -> None:
    bench.tell(LOST, Fault(on=Target.STATUS, status=429, retry_after_s=90.0))
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await called_back(bench)
        await process.until(lambda: process.engine.book.health.rate_limited_count)
        refused_at = bench.clock.now()
        await process.done([job], within_s=600)
        assert min(at for at, _ in bench.log if at > refused_at) >= refused_at + 90.0


async def test_a_refused_key_puts_the_question_off_until_it_is_mended(bench: Bench, port: int) -> None:
    bench.tell(LOST, Fault(on=Target.STATUS, status=401))
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await called_back(bench)
        health = process.engine.book.health
        await process.until(lambda: health.pause is not None and health.pause.reason is PauseReason.KEY)
        await bench.clock.advance(900)
        assert len(asked(bench)) == 1
        await process.engine.use_key(bench.policy.key, "another print")
        await process.done([job], within_s=600)


async def test_a_callback_proves_the_person_s_word_wrong(bench: Bench, port: int) -> None:
    bench.tell(LOST, latency_s=NEVER_S)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await at_risk(process, job)
        await process.engine.declare_not_charged([job.id])
        assert process.job(job).status is JobStatus.REJECTED
        [taken] = at_gateway(bench)
        await call(bench, url_of(taken), {"request_id": taken.request_id})
        await process.until(lambda: process.job(job).request_id == taken.request_id, within_s=1)
        assert process.job(job).charge is Charge.RESERVED


# --- restarts, takeovers, ports ---------------------------------------------------------------------------------------


async def test_a_callback_after_a_restart_still_finds_its_job(bench: Bench, port: int) -> None:
    bench.tell(LOST, latency_s=NEVER_S)
    async with bench.process(make_receiver=receiving(port)) as process:
        [job] = await process.engine.submit(requests(1))
        await at_risk(process, job)
    [taken] = at_gateway(bench)
    body = {"request_id": taken.request_id, "status": "COMPLETED"}
    assert not await call_back(url_of(taken), body), "nobody listens in between"
    async with bench.process(make_receiver=receiving(port)) as again:
        await bench.clock.advance(30)
        assert again.job(job).status is JobStatus.UNCONFIRMED
        await call(bench, url_of(taken), body)
        await again.until(lambda: again.job(job).request_id == taken.request_id, within_s=1)
    assert (bench.stats["posts"], bench.stats["charges"]) == (1, 1)


async def test_only_the_leader_receives_and_its_heir_hears_what_was_meant_for_it(bench: Bench, port: int) -> None:
    bench.tell(LOST, latency_s=NEVER_S)
    wants = receiving(port)
    async with bench.process(make_receiver=wants) as first, bench.process(make_receiver=wants) as second:
        healths = [process.engine.book.health for process in (first, second)]
        assert [bool(health.callbacks_at) for health in healths] == [True, False]
        assert [health.callbacks_trouble for health in healths] == ["", ""]
        [job] = await first.engine.submit(requests(1))
        await at_risk(first, job)
        await first.finish()
        await second.until(lambda: healths[1].callbacks_at, within_s=5)
        assert healths[0].callbacks_at is None
        [taken] = at_gateway(bench)
        await call(bench, url_of(taken), {"request_id": taken.request_id})
        await second.until(lambda: second.job(job).request_id == taken.request_id, within_s=1)


async def test_a_taken_port_is_told_stops_nothing_and_is_tried_again(bench: Bench) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    with closing(taken):
        async with bench.process(make_receiver=receiving(port)) as process:
            health = process.engine.book.health
            assert health.callbacks_at is None
            assert f"port {port} is taken" in health.callbacks_trouble
            [first] = await process.engine.submit(requests(1))
            await process.done([first])
            assert at_gateway(bench)[0].webhook_url is None, "an address at which nobody listens is not given away"
            await bench.clock.advance(REOPEN_S * 2)
            assert health.callbacks_trouble
            taken.close()
            await process.until(lambda: health.callbacks_at, within_s=REOPEN_S + 1)
            assert health.callbacks_trouble == ""
            [second] = await process.engine.submit(requests(2)[1:])
            await called_back(bench)
            await process.done([second], within_s=1)


async def test_a_receiver_that_died_is_started_again(bench: Bench, port: int) -> None:
    made: list[WebhookReceiver] = []

    async def make_receiver(secret: bytes, hints: "asyncio.Queue[CallbackHint]") -> Receiver:
        made.append(WebhookReceiver(f"http://127.0.0.1:{port}", port, secret, hints))
        return made[-1]

    async with bench.process(make_receiver=make_receiver) as process:
        server = made[0]._server
        assert server is not None
        server.should_exit = True
        with bench.clock.busy():
            await wait_until_async(lambda: not made[0].is_listening)
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        assert at_gateway(bench)[0].webhook_url is None
        await process.until(lambda: len(made) == 2 and made[1].is_listening, within_s=REOPEN_S + 1)


async def test_without_a_receiver_no_address_is_sent(bench: Bench) -> None:
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        assert process.engine.book.health.callbacks_at is None
        assert at_gateway(bench)[0].webhook_url is None


@pytest.mark.parametrize(("is_demo", "is_set"), [(False, True), (False, False), (True, True)])
async def test_a_studio_receives_where_the_setting_says_so_and_never_in_the_demo(
    bench: Bench, port: int, tmp_path: Path, is_demo: bool, is_set: bool
) -> None:
    environ = {"HOME": str(tmp_path), "PIXAZO_API_KEY": bench.policy.key}
    url = f"http://127.0.0.1:{port}"
    settings = Settings()._replace(
        gateway=GatewaySettings(url=bench.server.base_url),
        webhook=WebhookSettings(url if is_set else None, port),
    )
    locations = find_locations(environ, tmp_path / "studio", demo=is_demo)
    start_gateway = (lambda: bench.server.base_url) if is_demo else None
    studio = await open_studio(Plan(settings, locations, environ, start_gateway))
    run = asyncio.create_task(studio.engine.run())
    await asyncio.wait_for(studio.engine.is_ready.wait(), 15)
    assert studio.engine.book.health.callbacks_at == (url if is_set and not is_demo else None)
    await studio.engine.stop()
    await run
    await studio.aclose()
