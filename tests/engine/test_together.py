"""Two processes on one data directory: one leads, the other follows, and orders reach the one that leads."""

import os
from dataclasses import replace

from krea_tui.domain.job import HoldReason, JobStatus
from krea_tui.engine.engine import Engine
from krea_tui.engine.health import PauseReason
from krea_tui.engine.leadership import HISTORY_PAGE
from krea_tui.engine.policy import Policy
from krea_tui.engine.world import World
from krea_tui.simulator import Fault, Target
from krea_tui.storage.processes import SignOfLife
from krea_tui.storage.threaded import ThreadedStore
from tests.support.bench import Bench, Process, requests
from tests.support.keys import OTHER_KEY


def leads(process: Process) -> bool:
    return process.engine.book.health.is_engine


def pause_of(process: Process) -> PauseReason | None:
    pause = process.engine.book.health.pause
    return None if pause is None else pause.reason


def command(bench: Bench) -> Policy:
    return replace(bench.policy, adopts_orphans=False)


async def left_behind(bench: Bench, *, died_s_ago: float, count: int = 2) -> list[str]:
    """Jobs that a process accepted which then died without a word."""
    store = ThreadedStore(bench.folder / "history.db")
    with bench.clock.busy():
        await store.open()
    world: World = bench.world(store)
    engine = Engine(world, bench.policy)
    jobs = await engine.submit(requests(count, "what the dead left"))
    await store.aclose()
    (bench.folder / "instances").mkdir(mode=0o700, exist_ok=True)
    alive = bench.folder / "instances" / f"{engine.process_id}.alive"
    alive.touch()
    died_at = bench.clock.now() - died_s_ago
    os.utime(alive, (died_at, died_at))
    return [job.id for job in jobs]


async def test_the_second_follows_and_its_jobs_are_sent_by_the_first(bench: Bench) -> None:
    bench.tell(latency_s=8.0)
    async with bench.process() as first, bench.process() as second:
        assert (leads(first), leads(second)) == (True, False)
        jobs = await second.engine.submit(requests(3))
        await second.done(jobs)
        assert first.are_done(jobs)
        assert bench.stats["charges"] == 3
        assert second.job(jobs[0]).accepted_by == first.engine.process_id
        await second.until(lambda: second.engine.book.ledger.spent_microusd == 180_000, within_s=5)


async def test_the_follower_takes_over_and_nothing_is_sent_twice(bench: Bench) -> None:
    bench.tell(latency_s=30.0)
    policy = replace(bench.policy, max_in_flight=2)
    async with bench.process(policy) as first, bench.process(policy) as second:
        jobs = await first.engine.submit(requests(5))
        await second.until(lambda: second.engine.book.count(JobStatus.QUEUED, JobStatus.PROCESSING) == 2)
        left = await first.finish()
        assert left == [], "the other takes them over"
        assert leads(second)
        await second.done(jobs)
        assert (bench.stats["charges"], bench.stats["duplicates"]) == (5, 0)


async def test_who_takes_over_stands_still_for_three_doubts_until_the_person_resumes(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, status=500, times=3))
    async with bench.process() as first, bench.process() as second:
        jobs = await first.engine.submit(requests(5))
        await second.until(lambda: pause_of(second) is PauseReason.DOUBT)
        assert await first.finish() == [], "the other takes them over"
        await second.until(lambda: leads(second))
        await bench.clock.advance(150)
        assert (pause_of(second), bench.stats["posts"]) == (PauseReason.DOUBT, 3)
        await second.engine.resume()
        await second.done(jobs[3:])
        assert pause_of(second) is None
        assert bench.stats["posts"] == 5


async def test_a_clean_stop_alone_leaves_its_jobs_over_and_only_the_person_lets_them_go(bench: Bench) -> None:
    async with bench.process() as process:
        await process.engine.pause()
        jobs = await process.engine.submit(requests(2))
        assert {job.id for job in await process.finish()} == {job.id for job in jobs}
    async with bench.process() as again:
        await again.engine.resume()
        await bench.clock.advance(60)
        assert [again.job(job).hold_reason for job in jobs] == [HoldReason.LEFT_OVER] * 2
        assert bench.stats["posts"] == 0
        await again.engine.release([job.id for job in jobs])
        await again.done(jobs)


async def test_a_restart_in_the_middle_posts_nothing_again(bench: Bench) -> None:
    bench.tell(Fault(on=Target.MEDIA, status=503, times=2), latency_s=20.0)
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(4))
        await process.until(lambda: process.statuses(jobs) == [JobStatus.QUEUED] * 4)
    async with bench.process() as process:
        await process.until(lambda: JobStatus.COMPLETED in process.statuses(jobs))
    async with bench.process() as process:
        await process.done(jobs)
    assert (bench.stats["posts"], bench.stats["charges"]) == (4, 4)


async def test_what_died_without_a_witness_waits_for_the_person_however_lately_it_died(bench: Bench) -> None:
    ids = await left_behind(bench, died_s_ago=2)
    async with bench.process() as process:
        await bench.clock.advance(30)
        assert {process.job(job_id).hold_reason for job_id in ids} == {HoldReason.LEFT_OVER}
        assert bench.stats["posts"] == 0
        await process.engine.release(ids)
        await process.until(lambda: all(process.job(job_id).is_done for job_id in ids))


async def test_what_died_longer_ago_is_left_over(bench: Bench) -> None:
    ids = await left_behind(bench, died_s_ago=301)
    async with bench.process() as process:
        await bench.clock.advance(30)
        assert {process.job(job_id).hold_reason for job_id in ids} == {HoldReason.LEFT_OVER}
        assert bench.stats["posts"] == 0


async def test_a_command_never_sends_what_another_left(bench: Bench) -> None:
    ids = await left_behind(bench, died_s_ago=5)
    async with bench.process(command(bench)) as process:
        jobs = await process.engine.submit(requests(1))
        await process.done(jobs)
        await bench.clock.advance(30)
        assert {process.job(job_id).status for job_id in ids} == {JobStatus.HELD}
        assert bench.stats["posts"] == 1


async def test_a_command_that_hands_over_and_leaves_at_once_is_served(bench: Bench) -> None:
    async with bench.process() as app:
        async with bench.process(command(bench)) as quick:
            jobs = await quick.engine.submit(requests(2))
            assert await quick.finish() == []
        await app.done(jobs)


async def test_a_command_goes_on_with_its_own_jobs_when_the_app_it_gave_them_to_ends(bench: Bench) -> None:
    policy = replace(bench.policy, max_in_flight=1)
    bench.tell(latency_s=30.0)
    async with bench.process(policy) as app, bench.process(replace(command(bench), max_in_flight=1)) as waiting:
        jobs = await waiting.engine.submit(requests(3))
        await app.until(lambda: app.engine.book.count(JobStatus.QUEUED) == 1)
        assert {app.job(job).accepted_by for job in jobs} == {app.engine.process_id}
        await app.finish()
        await waiting.done(jobs)
        assert bench.stats["charges"] == 3


async def test_a_command_goes_on_with_its_own_jobs_when_the_app_it_gave_them_to_is_killed(bench: Bench) -> None:
    async with bench.process(command(bench)) as process, bench.process(command(bench)) as other:
        await process.engine.pause()
        [mine] = await process.engine.submit(requests(1))
        # As the app left it that took the job over and was killed.
        await other.store.mark([mine.id], {"accepted_by": "1-killed"})
        await process.engine.resume()
        await process.done([mine])


async def test_the_follower_shows_why_the_leader_stands_and_its_resume_reaches_it(bench: Bench) -> None:
    bench.tell(model_enabled=False)
    async with bench.process() as first, bench.process() as second:
        jobs = await second.engine.submit(requests(3))
        await second.until(lambda: second.engine.book.health.pause is not None)
        pause = second.engine.book.health.pause
        assert pause is not None
        assert pause.reason is PauseReason.MODEL
        bench.tell(model_enabled=True)
        await second.engine.resume()
        await second.done(jobs[1:])
        assert first.engine.book.health.pause is None
        await second.until(lambda: second.engine.book.health.pause is None, within_s=5)


async def test_the_follower_shows_what_the_leader_waits_for(bench: Bench) -> None:
    async with bench.process() as first, bench.process() as second:
        [job] = await second.engine.submit(requests(1))
        await second.until(lambda: second.job(job).status is JobStatus.QUEUED)
        bench.tell(standing=(Fault(on=Target.STATUS, status=503),))
        await second.until(lambda: second.engine.book.health.breaker_until is not None)
        assert second.engine.book.health.breaker_until == first.engine.book.health.breaker_until
        assert "503" in second.engine.book.health.breaker_words
        bench.tell(standing=(Fault(on=Target.STATUS, retry_after_s=90.0),))
        await second.until(lambda: second.engine.book.health.rate_limited_until is not None)
        bench.tell()
        bench.simulator.set_behaviour(replace(bench.simulator.behaviour, standing=()))
        await second.done([job])
        await second.until(lambda: second.engine.book.health.breaker_until is None, within_s=5)


async def test_pause_and_cancel_of_a_follower_hold_the_leader(bench: Bench) -> None:
    async with bench.process() as first, bench.process() as second:
        await second.engine.pause()
        await first.until(lambda: first.engine.book.health.is_paused_by_person)
        jobs = await first.engine.submit(requests(2))
        await bench.clock.advance(30)
        assert not bench.post_times
        await second.until(lambda: second.engine.book.get(jobs[1].id) is not None)
        assert len(await second.engine.withdraw([jobs[0].id])) == 1
        await second.engine.resume()
        await first.done(jobs[1:])
        assert first.job(jobs[0]).status is JobStatus.CANCELLED
        assert bench.stats["posts"] == 1


async def test_a_person_s_pause_outlives_every_other_one(bench: Bench) -> None:
    bench.tell(balance_microusd=0)
    async with bench.process() as process:
        await process.engine.submit(requests(1))
        await process.until(lambda: process.engine.book.health.pause is not None)
        await process.engine.pause()
        bench.tell(balance_microusd=None)
        await process.engine.submit(requests(3)[2:])
        await process.engine.use_key("another", "print 2")
        await bench.clock.advance(60)
        assert bench.stats["posts"] == 1
    async with bench.process() as again:
        pause = again.engine.book.health.pause
        assert pause is not None
        assert pause.reason is PauseReason.PERSON


async def test_a_recheck_asked_for_by_a_follower_is_made_by_the_leader(bench: Bench) -> None:
    bench.tell(latency_s=600.0)
    async with bench.process() as first, bench.process() as second:
        [job] = await first.engine.submit(requests(1))
        await second.until(lambda: bench.log and len(bench.polls_of(first.job(job))) == 1)
        await bench.clock.advance(2)
        await second.until(lambda: second.job(job).request_id is not None)
        await second.engine.recheck([job.id])
        await bench.clock.advance(1.0)
        assert len(bench.polls_of(first.job(job))) == 2


async def test_a_key_given_to_a_follower_reaches_the_leader_without_passing_the_history(bench: Bench) -> None:
    bench.simulator._keys = frozenset({OTHER_KEY})
    kept: list[tuple[str, str]] = []

    def read_key() -> tuple[str, str] | None:
        return kept[-1] if kept else None

    async with bench.process(read_key=read_key) as first, bench.process(read_key=read_key) as second:
        jobs = await second.engine.submit(requests(2))
        await second.until(lambda: second.engine.book.health.pause is not None)
        kept.append((OTHER_KEY, "print 2"))
        await second.engine.use_key(OTHER_KEY, "print 2")
        await second.done(jobs)
        assert first.engine.policy.key == OTHER_KEY
    assert not any(OTHER_KEY.encode() in file.read_bytes() for file in bench.folder.glob("history.db*"))


async def test_a_follower_that_reads_changes_late_misses_none(bench: Bench) -> None:
    async with bench.process() as first, bench.process() as second:
        await first.engine.pause()
        await second.engine.pause()
        mine = await first.engine.submit(requests(3))
        theirs = await second.engine.submit(requests(3))
        # Changes of both, so that the revisions of each hide among the other's.
        await first.engine.mark([job.id for job in mine], {"starred": True})
        await second.engine.mark([theirs[0].id], {"starred": True})
        await bench.clock.advance(2)
        for process in (first, second):
            assert [process.job(job).starred for job in (*mine, *theirs)] == [True] * 4 + [False] * 2


async def test_the_book_begins_with_the_newest_page_and_every_open_job(bench: Bench) -> None:
    page = HISTORY_PAGE
    async with bench.process() as process:
        await process.engine.pause()
        old = await process.engine.submit(requests(1))
        many = await process.engine.submit(requests(page + 30))
        await process.engine.withdraw([job.id for job in many])
    async with bench.process() as again:
        book = again.engine.book
        assert len(book) == page + 1
        assert book.get(old[0].id) is not None


async def test_a_sign_of_life_ends_with_a_clean_stop(bench: Bench) -> None:
    async with bench.process() as process:
        watcher = SignOfLife(bench.folder / "instances")
        assert watcher.died_at(process.engine.process_id) is None
        await process.finish()
        assert watcher.died_at(process.engine.process_id) == 0.0
