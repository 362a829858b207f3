"""The job keys on many at once: what they ask, what they say, what reaches the gateway, and what z takes back."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from krea_tui.config.plan import Plan
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from krea_tui.ui.acting import hands
from krea_tui.ui.acting.progress import ProgressLine
from krea_tui.ui.screens.decisions import AsksCount
from krea_tui.ui.screens.dialog import Confirm
from tests.support.bench import TinyGallery
from tests.ui.acting_support import Acting, acting
from tests.ui.app_support import Gateway, a_job, a_request, plan_for, remember, settings_with, stored, with_picture


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour(latency_s=600.0))
    simulator._gallery = TinyGallery()  # type: ignore[assignment]
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


def known(plan: Plan, count: int = 3, status: JobStatus = JobStatus.FAILED, **changes: object) -> list[Job]:
    """Jobs of this gateway, each with a seed of its own."""
    jobs = [
        a_job(f"{status.value.lower()[:6]:0<8}{n:02}".replace("_", "0"), status, request=a_request(seed=n), **changes)
        for n in range(count)
    ]
    return remember(plan.locations, [replace(job, profile=plan.settings.gateway.url) for job in jobs])


def finished(plan: Plan, count: int) -> list[Job]:
    jobs = [
        with_picture(
            plan.locations,
            a_job(
                f"done00000{n}", request=a_request(seed=100 + n), request_id=f"r{n}", profile=plan.settings.gateway.url
            ),
            f"{n}",
        )
        for n in range(count)
    ]
    return remember(plan.locations, jobs)


def rich(gateway: Gateway) -> Plan:
    """Nothing under a hundred dollars is asked for by its count."""
    return plan_for(gateway.url, settings=settings_with(money={"ask_above_microusd": 100_000_000}))


async def paused(app: Acting) -> None:
    """Nothing is sent: every job that is accepted waits."""
    await (await app.session.engine()).pause()


async def many_held(app: Acting, count: int = 4) -> list[Job]:
    await paused(app)
    return await app.session.submit([a_request(seed=n) for n in range(count)])


# --- buying again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "posts"), [("n", 0), ("escape", 0), ("enter", 0), ("y", 3)])
async def test_retrying_many_asks_with_count_and_sum(gateway: Gateway, key: str, posts: int) -> None:
    plan = rich(gateway)
    jobs = known(plan)
    async with acting(plan) as app:
        app.mark(*jobs)
        await app.press("r")
        await app.asks("Send 3 requests again, for $0.18?")
        await app.press(key)
        await app.until(lambda: app.app.screen is app.bench, "the answer")
        if posts:
            await app.says("3 jobs accepted.")
            assert [job.request for job in app.bench.accepted] == [job.request for job in jobs]
            assert [job.retry_of for job in app.bench.accepted] == [job.id for job in jobs]
            assert len({job.batch_id for job in app.bench.accepted}) == 1
            assert app.bench.marks == frozenset()
            await app.until(lambda: gateway.posts == posts, "the requests")
        else:
            assert len(app.bench.marks) == 3
    assert gateway.posts == posts
    assert len(stored(plan.locations)) == 3 + posts


async def test_over_the_threshold_the_count_is_typed(gateway: Gateway) -> None:
    plan = plan_for(gateway.url, settings=settings_with(money={"ask_above_microusd": 100_000}))
    jobs = known(plan)
    async with acting(plan) as app:
        app.mark(*jobs)
        await app.press("r")
        await app.until(lambda: isinstance(app.app.screen, AsksCount), "the question")
        await app.enter("2")
        await app.asks("type 3 to say that you mean all of them")
        assert gateway.posts == 0
        await app.enter("3")
        await app.until(lambda: gateway.posts == 3, "the requests")


async def test_what_is_left_out_is_said_and_what_is_finished_is_named(gateway: Gateway) -> None:
    plan = rich(gateway)
    [*failed] = known(plan, 2)
    [doubted] = known(plan, 1, JobStatus.UNCONFIRMED, attempted_at=1.0, attempt_id="x")
    [held] = known(plan, 1, JobStatus.HELD)
    done = finished(plan, 2)
    [twin] = remember(plan.locations, [replace(failed[0], id="twin000001", seq=0)])
    async with acting(plan) as app:
        app.mark(*failed, doubted, held, *done, twin)
        await app.press("r")
        await app.asks("Send 4 requests again, for $0.24?")
        words = app.words
        assert "2 of 4 are finished pictures that you would buy again." in words
        assert "One is unconfirmed and left out: u resolves it." in words
        assert "One is still on its way and left out." in words
        assert "1 would be the same picture as another of them, and is left out." in words
        await app.press("y")
        await app.until(lambda: gateway.posts == 4, "the requests")
        assert {job.request.seed for job in app.bench.accepted} == {0, 1, 100, 101}
    assert sum(job.status is JobStatus.UNCONFIRMED for job in stored(plan.locations)) == 1


async def test_varying_many_draws_a_seed_for_each(gateway: Gateway) -> None:
    plan = rich(gateway)
    done = finished(plan, 3)
    async with acting(plan) as app:
        app.mark(*done)
        await app.press("n")
        await app.asks("Generate 3 pictures with new seeds, for $0.18?")
        await app.press("y")
        await app.until(lambda: gateway.posts == 3, "the requests")
        seeds = {job.request.seed for job in app.bench.accepted}
        assert len(seeds) == 3
        assert not seeds & {job.request.seed for job in done}


@pytest.mark.parametrize("key", ["r", "n"])
async def test_a_double_press_buys_once(gateway: Gateway, key: str) -> None:
    plan = rich(gateway)
    [failed, *_] = known(plan)
    async with acting(plan) as app:
        app.bench.cursor = failed.id
        await app.press(key, key)
        await app.says("the second press was ignored")
        await app.until(lambda: gateway.posts, "the request")
    assert len(stored(plan.locations)) == 4
    assert gateway.posts == 1


async def test_while_it_asks_nothing_else_is_bought(gateway: Gateway) -> None:
    plan = rich(gateway)
    jobs = known(plan)
    async with acting(plan) as app:
        app.mark(*jobs)
        app.bench.action_retry()
        await app.asks("Send 3 requests")
        app.bench.action_vary()
        await app.says("the second press was ignored")
        await app.press("y")
        await app.until(lambda: gateway.posts == 3, "the requests")
    assert len(stored(plan.locations)) == 6


async def test_the_cap_of_a_batch_holds_for_marks_too(gateway: Gateway) -> None:
    plan = plan_for(gateway.url, settings=settings_with(money={"batch_cap_microusd": 150_000}))
    jobs = known(plan)
    async with acting(plan) as app:
        app.mark(*jobs)
        await app.press("r")
        await app.says("$0.18 is over your cap of $0.15 for a batch: nothing was sent.")
        assert app.app.screen is app.bench
    assert (gateway.posts, len(stored(plan.locations))) == (0, 3)


async def test_without_a_key_it_is_asked_for(gateway: Gateway) -> None:
    plan = plan_for(gateway.url, key="")
    jobs = known(plan)
    async with acting(plan) as app:
        app.mark(*jobs)
        await app.press("r")
        await app.until(lambda: app.app.keys_wanted, "the wish for a key")
    assert len(stored(plan.locations)) == 3


# --- the queue ------------------------------------------------------------------------------------------------------


async def test_cancelling_many_asks_and_leaves_what_was_sent(gateway: Gateway) -> None:
    plan = rich(gateway)
    [failed, *_] = known(plan)
    async with acting(plan) as app:
        jobs = await many_held(app)
        app.mark(*jobs[:3], failed)
        await app.press("x")
        await app.asks("Cancel 3 held jobs, $0.18?")
        assert "One was sent already, and is left alone." in app.words
        await app.press("n")
        assert {app.job(job).status for job in jobs} == {JobStatus.HELD}
        await app.press("x", "y")
        await app.says("3 jobs cancelled, and nothing was spent. r sends them as new jobs.")
        assert [app.job(job).status for job in jobs] == [*[JobStatus.CANCELLED] * 3, JobStatus.HELD]
    assert gateway.posts == 0


async def test_kept_back_they_stay_until_the_same_key_lets_them_go(gateway: Gateway) -> None:
    plan = rich(gateway)
    async with acting(plan) as app:
        jobs = await many_held(app)
        app.mark(*jobs[:2])
        await app.press("H")
        await app.says("2 jobs are kept back until H lets them go; p does not.")
        await app.press("p")
        await app.until(lambda: gateway.posts == 2, "the others")
        assert [app.job(job).is_held_back for job in jobs] == [True, True, False, False]
        await app.press("H")
        await app.says("2 jobs are let go: $0.12 when their turn comes.")
        await app.until(lambda: gateway.posts == 4, "all of them")
    assert gateway.simulator.stats.as_json()["duplicates"] == 0


async def test_what_something_else_holds_is_let_go_only_after_count_and_sum(gateway: Gateway) -> None:
    plan = rich(gateway)
    left = known(plan, 2, JobStatus.HELD)
    async with acting(plan) as app:
        app.mark(*left)
        await app.press("H")
        await app.asks("Send 2 held jobs now, for $0.12?")
        assert "Held until now: left over." in app.words
        await app.press("enter")
        assert {app.job(job).hold_reason for job in left} == {HoldReason.LEFT_OVER}
        await app.press("H", "y")
        await app.until(lambda: gateway.posts == 2, "the requests")


async def test_first_and_last_and_back(gateway: Gateway) -> None:
    plan = rich(gateway)
    async with acting(plan) as app:
        jobs = await many_held(app)

        def turns() -> list[int]:
            return [job.request.seed for job in sorted(map(app.job, jobs), key=lambda job: job.turn)]

        app.mark(*jobs[2:])
        await app.press("right_square_bracket")
        await app.says("2 jobs go first; z takes it back.")
        assert turns() == [2, 3, 0, 1]
        await app.press("right_square_bracket")
        await app.says("They go first already.")
        app.mark()
        app.bench.cursor = jobs[2].id
        await app.press("left_square_bracket")
        await app.says("1 job goes last")
        assert turns() == [3, 0, 1, 2]
        await app.press("z")
        assert turns() == [2, 3, 0, 1]
        await app.press("z")
        assert turns() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("x", "Only a held job can be cancelled"),
        ("H", "Only a held job of this gateway can be kept back or let go."),
        ("right_square_bracket", "Only held jobs have a turn"),
        ("c", "nothing more to say about these jobs"),
    ],
)
async def test_what_was_sent_is_left_alone(gateway: Gateway, key: str, words: str) -> None:
    plan = rich(gateway)
    jobs = known(plan)
    async with acting(plan) as app:
        app.mark(*jobs)
        await app.press(key)
        await app.says(words)
        assert app.app.screen is app.bench
    assert gateway.posts == 0


@pytest.mark.parametrize("key", ["r", "n", "x", "H", "s", "t", "m", "d", "c", "X", "y", "Y", "U", "e", "o"])
async def test_without_a_job_that_is_said(gateway: Gateway, key: str) -> None:
    async with acting(plan_for(gateway.url)) as app:
        await app.press(key)
        await app.says("There is no job here yet.")
        assert app.app.screen is app.bench


# --- stars, quiet, trash --------------------------------------------------------------------------------------------


async def test_stars_are_given_to_all_then_taken_from_all_and_z_goes_back_step_by_step(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    jobs = known(plan)
    async with acting(plan) as app:

        def stars() -> list[bool]:
            return [app.job(job).starred for job in jobs]

        app.bench.cursor = jobs[1].id
        await app.press("s")
        assert stars() == [False, True, False]
        app.mark(*jobs)
        await app.press("s")
        await app.says("2 jobs starred; z takes it back.")
        assert stars() == [True, True, True]
        await app.press("s")
        assert stars() == [False, False, False]
        await app.press("z")
        assert stars() == [True, True, True]
        await app.press("z")
        assert stars() == [False, True, False]
        await app.press("z")
        assert stars() == [False, False, False]
        await app.press("z")
        await app.says("Nothing was deleted, starred, tagged or moved in this session.")


async def test_the_ends_of_many_are_made_quiet(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    jobs = known(plan)
    async with acting(plan) as app:
        app.mark(*jobs[:2])
        await app.press("m")
        await app.says("2 jobs end without a notice")
        assert [app.job(job).muted for job in jobs] == [True, True, False]


async def test_many_go_to_the_trash_and_come_back_as_a_whole(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    jobs = known(plan, 4)
    [held] = known(plan, 1, JobStatus.HELD)
    async with acting(plan) as app:
        app.mark(*jobs[:3], held)
        await app.press("d")
        await app.says("3 jobs deleted. z brings them back. One is still on its way, and stays.")
        assert app.bench.marks == frozenset()
        assert [job.id for job in app.jobs] == [jobs[3].id, held.id]
        app.bench.cursor = jobs[3].id
        await app.press("delete")
        await app.until(lambda: len(app.jobs) == 1, "one less")
        await app.press("z")
        await app.until(lambda: len(app.jobs) == 2, "the last act taken back")
        await app.press("z")
        await app.until(lambda: len(app.jobs) == 5, "all of them")
        await app.says("Taken back: 3 jobs deleted.")


async def test_in_the_trash_the_same_key_brings_back(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    jobs = known(plan, 3, deleted_at=1_795_000_000.0)
    async with acting(plan) as app:
        engine = await app.session.engine()
        app.session.book.put(await engine.mark([job.id for job in jobs], {}))
        app.mark(*jobs[:2])
        await app.press("d")
        await app.says("Brought back: 2 jobs.")
        assert [job.id for job in app.jobs] == [job.id for job in jobs[:2]]
        await app.press("z")
        await app.until(lambda: not app.jobs, "the trash as it was")
        assert app.job(jobs[0]).deleted_at == 1_795_000_000.0


async def test_what_nobody_knows_of_is_not_thrown_away(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    doubted = known(plan, 2, JobStatus.UNCONFIRMED, attempted_at=1.0, attempt_id="x")
    async with acting(plan) as app:
        app.mark(*doubted)
        await app.press("d")
        await app.says("Nobody knows yet what became of them: u resolves them first.")
        assert len(app.jobs) == 2


async def test_thousands_go_by_slices_and_how_far_they_are_is_shown(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("krea_tui.engine.slices.SLICE", 10)
    monkeypatch.setattr(hands, "_SHOWS_PROGRESS_FROM", 20)
    plan = plan_for(gateway.url)
    jobs = known(plan, 60)
    lines: list[str] = []
    monkeypatch.setattr(ProgressLine, "update", lambda _line, words: lines.append(words))
    async with acting(plan) as app:
        app.mark(*jobs)
        await app.press("d")
        await app.until(lambda: not app.jobs, "an empty list")
        await app.says("60 jobs deleted")
        assert lines == [f"Deleting {n} of 60 …" for n in range(0, 61, 10)]
        assert not app.bench.query(ProgressLine)


# --- the clipboard --------------------------------------------------------------------------------------------------


async def test_prompts_paths_and_urls_of_many_are_copied(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    done, [failed, *_] = finished(plan, 2), known(plan)
    async with acting(plan) as app:
        app.mark(*done, failed)
        await app.press("Y")
        paths = [str(app.session.picture_path(job)) for job in done]
        assert app.app.clipboard == "\n".join(paths)
        await app.press("U")
        assert app.app.clipboard == "\n".join(["https://media.example/one.png"] * 2)
        await app.press("y")
        assert app.app.clipboard == failed.request.prompt
        app.mark(failed)
        await app.press("Y")
        await app.says("None of them has a picture on disk.")


async def test_a_question_is_a_confirmation_in_the_demo_too() -> None:
    simulator = Simulator(Behaviour(latency_s=600.0))
    with SimulatorServer(simulator) as url:
        plan = plan_for(url, is_demo=True)
        jobs = remember(
            plan.locations, [a_job(f"failed000{n}", profile="demo", request=a_request(seed=n)) for n in range(2)]
        )
        async with acting(plan) as app:
            app.mark(*jobs)
            await app.press("r")
            await app.until(lambda: isinstance(app.app.screen, Confirm), "the question")
            assert "This is the demo: nothing is spent." in app.words
