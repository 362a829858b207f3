"""What a person decides about an unconfirmed job: adopt, not charged, or send again."""

import asyncio
from dataclasses import replace

import pytest

from krea_tui.domain.errors import ImpossibleTransition, RequestIdTaken
from krea_tui.domain.job import Charge, Job, JobStatus
from krea_tui.simulator import Close, Fault, Target
from tests.support.bench import Bench, Process, requests

SILENT = Fault(on=Target.POST, close=Close.AFTER_ACCEPT)
REFUSED_IN_DOUBT = Fault(on=Target.POST, status=502)


async def unconfirmed(bench: Bench, process: Process, *faults: Fault) -> list[Job]:
    """As many unconfirmed jobs as there are faults."""
    jobs: list[Job] = []
    for seed, fault in enumerate(faults):
        bench.tell(fault)
        [job] = await process.engine.submit([replace(requests(1)[0], seed=seed)])
        await process.until(lambda job=job: process.job(job).needs_decision)  # type: ignore[misc]
        jobs.append(job)
    return jobs


def accepted_ids(bench: Bench) -> list[str]:
    """What the vendor's console would show."""
    return list(bench.simulator._jobs._jobs)


async def test_an_adopted_request_id_brings_the_paid_picture_home(bench: Bench) -> None:
    async with bench.process() as process:
        [job] = await unconfirmed(bench, process, SILENT)
        [request_id] = accepted_ids(bench)
        adopted = await process.engine.adopt(job.id, request_id)
        assert (adopted.status, adopted.request_id) == (JobStatus.QUEUED, request_id)
        await process.done([job])
        assert process.job(job).charge is Charge.SPENT
    assert (bench.stats["posts"], bench.stats["charges"]) == (1, 1)


async def test_a_request_id_that_nobody_knows_leaves_the_job_as_it_was(bench: Bench) -> None:
    async with bench.process() as process:
        [job] = await unconfirmed(bench, process, SILENT)
        await process.engine.adopt(job.id, "11111111-2222-3333-4444-555555555555")
        await process.until(lambda: process.job(job).needs_decision, within_s=10)
        assert "does not know" in (process.job(job).error or "")
        [request_id] = accepted_ids(bench)
        await process.engine.adopt(job.id, request_id)
        await process.done([job])


async def test_what_is_no_request_id_or_another_s_is_refused_and_changes_nothing(bench: Bench) -> None:
    async with bench.process() as process:
        [job] = await unconfirmed(bench, process, SILENT)
        [other] = await process.engine.submit(requests(1, "a fox"))
        await process.until(lambda: process.job(other).request_id)
        with pytest.raises(RequestIdTaken):
            await process.engine.adopt(job.id, process.job(other).request_id or "")
        with pytest.raises(ImpossibleTransition):
            await process.engine.adopt(job.id, "../../keys")
        with pytest.raises(ImpossibleTransition):
            await process.engine.adopt(other.id, "one-more")
        assert process.job(job).needs_decision


async def test_not_charged_ends_the_job_and_frees_its_sum(bench: Bench) -> None:
    async with bench.process() as process:
        first, second = await unconfirmed(bench, process, REFUSED_IN_DOUBT, REFUSED_IN_DOUBT)
        assert [job.id for job in await process.engine.declare_not_charged([first.id])] == [first.id]
        await process.engine.refresh_ledger()
        assert process.job(first).charge is Charge.NONE
        assert process.engine.book.ledger.at_risk_microusd == process.job(second).price_microusd


async def test_sending_again_is_one_more_job_and_settles_the_doubtful_one(bench: Bench) -> None:
    async with bench.process() as process:
        [job] = await unconfirmed(bench, process, SILENT)
        [again] = await process.engine.send_again([job.id])
        await process.done([again])
        settled = process.job(job)
        assert (settled.status, settled.needs_decision, settled.charge) == (
            JobStatus.UNCONFIRMED,
            False,
            Charge.AT_RISK,
        )
        assert again.id in (settled.error or "")
        assert (again.retry_of, again.request) == (job.id, job.request)
        with pytest.raises(ImpossibleTransition):
            await process.engine.send_again([job.id])
        assert len(await process.store.latest(10)) == 2
    assert (bench.stats["posts"], bench.stats["charges"]) == (2, 2)


async def test_nobody_sends_again_what_another_process_is_settling(bench: Bench) -> None:
    async with bench.process() as leader, bench.process(ready=False) as follower:
        [job] = await unconfirmed(bench, leader, SILENT)
        await follower.until(lambda: follower.engine.book.get(job.id) is not None)
        with bench.clock.busy():
            found = await asyncio.gather(
                leader.engine.send_again([job.id]), follower.engine.send_again([job.id]), return_exceptions=True
            )
        assert sum(isinstance(result, list) for result in found) == 1
        assert sum(isinstance(result, ImpossibleTransition) for result in found) == 1
        assert len(await leader.store.latest(10)) == 2


async def test_a_request_id_found_later_corrects_the_person_s_word(bench: Bench) -> None:
    async with bench.process() as process:
        declared, resent = await unconfirmed(bench, process, SILENT, SILENT)
        await process.engine.declare_not_charged([declared.id])
        await process.engine.send_again([resent.id])
        first_id, second_id, *_ = accepted_ids(bench)
        await process.engine.adopt(declared.id, first_id)
        await process.engine.adopt(resent.id, second_id)
        await process.done([declared, resent])
        assert [process.job(job).charge for job in (declared, resent)] == [Charge.SPENT] * 2
