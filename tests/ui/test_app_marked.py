"""Marks and job keys together, in the whole app."""

from collections.abc import Iterator

import pytest

from krea_tui.config.plan import Plan
from krea_tui.domain.job import Job
from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from tests.ui.app_support import Gateway, a_job, a_request, plan_for, remember, stored, studio


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour(latency_s=600.0))
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


def failed(plan: Plan, count: int = 5) -> list[Job]:
    url = plan.settings.gateway.url
    return remember(
        plan.locations,
        [a_job(f"failed00{n:02}", request=a_request(f"kite {n}", seed=n), profile=url) for n in range(count)],
    )


async def test_the_marked_are_bought_again_and_the_first_new_one_is_under_the_cursor(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    jobs = failed(plan)
    async with studio(plan) as app:
        await app.select(jobs[4])
        await app.press("space", "space", "r")
        await app.until(lambda: "Send 2 requests again, for $0.12?" in app.text, "the question")
        await app.press("y")
        await app.until(lambda: gateway.posts == 2, "the requests")
        new = [job for job in app.jobs if job.retry_of]
        assert [job.retry_of for job in new] == [jobs[4].id, jobs[3].id]
        await app.until(lambda: app.table.cursor_key == new[1].id, "the first new one under the cursor")
        assert not app.table.marked


async def test_the_marked_go_to_the_trash_and_one_of_them_is_brought_back_from_there(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    jobs = failed(plan)
    async with studio(plan) as app:
        await app.select(jobs[3])
        await app.press("space", "space", "space", "d")
        await app.says("3 jobs deleted")
        await app.until(lambda: "kite 2" not in app.text and "kite 4" in app.text, "the rest")
        assert not app.table.marked
        app.workbench._find("is:deleted")
        trash = app.workbench._jobs.listing
        await app.until(lambda: "kite 2" in app.text and "kite 4" not in app.text, "the trash")
        await app.select(jobs[2])
        await app.press("d")
        await app.says("Brought back: kite 2.")
        await app.until(lambda: trash is not None and len(trash) == 2, "the trash without it")
    assert {job.id for job in stored(plan.locations)} == {jobs[0].id, jobs[2].id, jobs[4].id}


async def test_stars_and_tags_are_given_to_the_marked_alone(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    jobs = failed(plan)
    async with studio(plan) as app:
        await app.select(jobs[1])
        await app.press("space", "space", "s")
        await app.says("2 jobs starred")
        await app.press("t")
        await app.until(lambda: "Tags of 2 jobs" in app.text, "the window")
        await app.type("sea")
        await app.press("ctrl+j")
        await app.says("2 jobs tagged")
        assert app.table.marked == {jobs[1].id, jobs[0].id}
    by_id = {job.id: (job.starred, job.tags) for job in stored(plan.locations)}
    assert [by_id[job.id] for job in jobs] == [(True, ("sea",))] * 2 + [(False, ())] * 3
