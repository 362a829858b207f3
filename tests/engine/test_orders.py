"""Orders about held jobs: kept back, let go, sent first or last, here and in another process, also after a restart."""

from dataclasses import replace

import pytest

from krea_tui.domain.events import Withdrawn
from krea_tui.domain.job import KEPT_BACK, HoldReason, Job, JobStatus
from krea_tui.engine import slices
from krea_tui.engine.policy import Policy
from krea_tui.storage.store import JobStore
from tests.support.bench import Bench, Process, requests


def ids(jobs: list[Job]) -> list[str]:
    return [job.id for job in jobs]


def one_at_a_time(bench: Bench) -> Policy:
    return replace(bench.policy, max_in_flight=1)


def sent_seeds(bench: Bench) -> list[object]:
    """The seeds as the gateway got them, in their order."""
    return [job.body["seed"] for job in bench.simulator._jobs._jobs.values()]


async def held(process: Process, count: int) -> list[Job]:
    """Jobs that wait behind a pause."""
    await process.engine.pause()
    return await process.engine.submit(requests(count))


async def test_the_first_and_the_last_go_as_they_were_told(bench: Bench) -> None:
    async with bench.process(one_at_a_time(bench)) as process:
        jobs = await held(process, 6)
        assert ids(await process.engine.reprioritise([jobs[4].id, jobs[3].id], is_first=True)) == ids(jobs[3:5])
        await process.engine.reprioritise([jobs[0].id], is_first=False)
        await process.engine.resume()
        await process.done(jobs)
    assert sent_seeds(bench) == [3, 4, 1, 2, 5, 0]
    assert (bench.stats["charges"], bench.stats["duplicates"]) == (6, 0)


async def test_those_before_others_keep_their_own_order_and_nothing_moves_twice(bench: Bench) -> None:
    async with bench.process(one_at_a_time(bench)) as process:
        jobs = await held(process, 5)
        await process.engine.reprioritise([jobs[4].id], is_first=True)
        await process.engine.reprioritise(ids(jobs[2:5]), is_first=True)
        before = [process.job(job).priority for job in jobs]
        assert await process.engine.reprioritise(ids(jobs[2:5]), is_first=True) == []
        assert [process.job(job).priority for job in jobs] == before
        assert await process.engine.reprioritise(ids(jobs), is_first=True) == []
        await process.engine.resume()
        await process.done(jobs)
    assert sent_seeds(bench) == [4, 2, 3, 0, 1]


async def test_what_was_sent_has_no_turn(bench: Bench) -> None:
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(2))
        await process.done(jobs)
        assert await process.engine.reprioritise(ids(jobs), is_first=True) == []
        assert await process.engine.hold_back(ids(jobs)) == []
    assert bench.stats["posts"] == 2


async def test_one_that_is_kept_back_stays_when_sending_goes_on(bench: Bench) -> None:
    async with bench.process() as process:
        jobs = await held(process, 3)
        [kept] = await process.engine.hold_back([jobs[1].id])
        assert (kept.hold_reason, kept.is_held_back) == (HoldReason.PAUSED, True)
        await process.engine.resume()
        await process.done([jobs[0], jobs[2]])
        await process.engine.pause()
        await process.engine.resume()
        await bench.clock.advance(60)
        assert process.job(jobs[1]).is_held_back
        assert bench.stats["posts"] == 2
        await process.engine.release([jobs[1].id])
        await process.done(jobs)
    assert (bench.stats["charges"], bench.stats["duplicates"]) == (3, 0)


async def test_one_that_waits_for_its_next_try_is_kept_back_too(bench: Bench) -> None:
    async with bench.process(base_url="http://127.0.0.1:9") as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).hold_reason is HoldReason.RETRY)
        [kept] = await process.engine.hold_back([job.id])
        assert (kept.is_held_back, kept.error, kept.not_before) == (True, KEPT_BACK, 0.0)
        tries = len(bench.post_times)
        await process.engine.resume()
        await bench.clock.advance(300)
        assert len(bench.post_times) == tries


async def test_after_a_restart_the_order_and_the_hold_are_as_they_were(bench: Bench) -> None:
    async with bench.process(one_at_a_time(bench)) as process:
        jobs = await held(process, 4)
        await process.engine.reprioritise([jobs[3].id], is_first=True)
        await process.engine.hold_back([jobs[1].id])
    async with bench.process(one_at_a_time(bench)) as process:
        assert process.job(jobs[1]).is_held_back
        assert process.job(jobs[3]).hold_reason is HoldReason.LEFT_OVER
        await process.engine.resume()
        released = await process.engine.release(ids([jobs[0], jobs[2], jobs[3]]))
        assert ids(released) == ids([jobs[3], jobs[0], jobs[2]])
        await process.done([jobs[0], jobs[2], jobs[3]])
        await bench.clock.advance(30)
        assert process.job(jobs[1]).is_held_back
    assert sent_seeds(bench) == [3, 0, 2]


async def test_the_orders_of_a_follower_are_obeyed_by_the_one_that_sends(bench: Bench) -> None:
    policy = one_at_a_time(bench)
    async with bench.process(policy) as first, bench.process(policy) as second:
        jobs = await held(first, 5)
        await second.until(lambda: all(second.engine.book.get(job.id) for job in jobs))
        await second.engine.reprioritise([jobs[4].id], is_first=True)
        await second.engine.hold_back([jobs[0].id, jobs[1].id])
        await second.engine.resume()
        await first.done(jobs[2:])
        await second.engine.release([jobs[1].id])
        await first.done(jobs[1:])
        await first.until(lambda: first.job(jobs[0]).is_held_back)
    assert sent_seeds(bench) == [4, 2, 3, 1]
    assert (bench.stats["charges"], bench.stats["duplicates"]) == (4, 0)


async def test_one_that_is_moved_about_while_it_is_sent_is_sent_once(bench: Bench) -> None:
    bench.tell(latency_s=5.0)
    async with bench.process(one_at_a_time(bench)) as process:
        jobs = await held(process, 4)
        moves = 0

        def disturb(changed: frozenset[str]) -> None:
            nonlocal moves
            moves += len(changed)

        process.engine.book.subscribe(disturb)
        await process.engine.resume()
        for _ in range(6):
            await process.engine.reprioritise([jobs[3].id], is_first=True)
            await process.engine.hold_back(ids(jobs))
            await process.engine.reprioritise([jobs[3].id], is_first=False)
            await process.engine.release(ids(jobs))
            await bench.clock.advance(1.5)
        await process.done(jobs)
        assert moves
    assert (bench.stats["posts"], bench.stats["charges"], bench.stats["duplicates"]) == (4, 4, 0)


async def test_many_are_moved_by_slices_each_in_one_commit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 4)
    commits: list[int] = []
    apply_all = JobStore.apply_all

    def counted(store: JobStore, job_ids: list[str], event: object) -> list[Job]:
        moved = apply_all(store, job_ids, event)  # type: ignore[arg-type]
        commits.append(len(moved))
        return moved

    monkeypatch.setattr(JobStore, "apply_all", counted)
    async with bench.process() as process:
        jobs = await held(process, 10)
        await process.engine.hold_back([jobs[0].id])
        commits.clear()
        kept = await process.engine.hold_back([*ids(jobs), jobs[3].id])
        assert (ids(kept), commits) == (ids(jobs[1:]), [4, 4, 1])
        assert len(await process.engine.withdraw(ids(jobs))) == 10
        assert {process.job(job).status for job in jobs} == {JobStatus.CANCELLED}
    assert bench.stats["posts"] == 0


async def test_the_requests_of_many_are_accepted_as_one_batch_each_naming_its_job(bench: Bench) -> None:
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(3))
        await process.done(jobs)
        again = await process.engine.submit_again([(job.request, job.id) for job in jobs])
        assert [job.retry_of for job in again] == ids(jobs)
        assert len({job.batch_id for job in again}) == 1
        assert again[0].batch_id not in {None, jobs[0].batch_id}
        [alone] = await process.engine.submit_again([(jobs[0].request, jobs[0].id)])
        assert alone.batch_id is None
        await process.done([*again, alone])
    assert bench.stats["charges"] == 7


async def test_what_another_process_has_just_moved_is_left_alone_and_taken_in(bench: Bench) -> None:
    async with bench.process() as process:
        jobs = await held(process, 2)
        behind = JobStore(bench.folder / "history.db")
        behind.apply(jobs[0].id, Withdrawn(bench.clock.now()))
        behind.close()
        assert process.job(jobs[0]).status is JobStatus.HELD
        assert ids(await process.engine.hold_back(ids(jobs))) == [jobs[1].id]
        assert process.job(jobs[0]).status is JobStatus.CANCELLED
