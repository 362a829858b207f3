"""What is asked and refused before money is spent, and how the app is left."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from krea_tui.domain.job import JobStatus
from krea_tui.simulator import Behaviour, Fault, Simulator, SimulatorServer, Target
from krea_tui.ui.screens.dialog import Confirm
from tests.ui.app_support import Gateway, Running, a_job, plan_for, remember, settings_with, stored, studio


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour(latency_s=600.0))
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


def compose(app: Running, count: int, **changes: str) -> None:
    app.form.draft = replace(app.form.draft, prompt="paper boats", seed="100", count=str(count), **changes)  # type: ignore[arg-type]


async def leave(app: Running) -> str:
    await app.press("ctrl+q")
    await app.until(lambda: not app.app.is_running, "the end of the app")
    return " ".join(str(words) for words in app.app._exit_renderables)


@pytest.mark.parametrize("key", ["n", "escape", "enter"])
async def test_no_sends_nothing_and_keeps_the_draft(gateway: Gateway, key: str) -> None:
    plan = plan_for(gateway.url)
    async with studio(plan) as app:
        compose(app, 17)
        draft = app.form.draft
        await app.press("ctrl+j")
        await app.until(lambda: isinstance(app.screen, Confirm), "the question")
        assert "Generate 17 pictures for $1.02?" in app.text
        await app.press(key)
        assert app.screen is app.workbench
        assert app.form.draft == draft
        assert not app.jobs
    assert gateway.posts == 0
    assert stored(plan.locations) == []


async def test_yes_sends_each_seed_once(gateway: Gateway) -> None:
    async with studio(plan_for(gateway.url)) as app:
        compose(app, 17)
        await app.press("ctrl+j")
        await app.until(lambda: isinstance(app.screen, Confirm), "the question")
        await app.press("y")
        await app.until(lambda: gateway.posts == 16, "as many as may be at the gateway at once")
        await app.until(lambda: sum(bool(job.request_id) for job in app.jobs) == 16, "their answers")
        assert sorted(job.request.seed for job in app.jobs) == list(range(100, 117))
        assert "16 running  1 held" in app.status


async def test_a_small_batch_is_not_asked_for(gateway: Gateway) -> None:
    async with studio(plan_for(gateway.url)) as app:
        compose(app, 2)
        await app.press("ctrl+j")
        await app.until(lambda: len(app.jobs) == 2, "two jobs")
        assert app.screen is app.workbench


async def test_a_batch_over_the_cap_is_refused(gateway: Gateway) -> None:
    plan = plan_for(gateway.url, settings=settings_with(money={"batch_cap_microusd": 500_000}))
    async with studio(plan) as app:
        compose(app, 9)
        draft = app.form.draft
        await app.press("ctrl+j")
        await app.says("$0.54 is over your cap of $0.50 for a batch: nothing was sent.")
        assert app.form.draft == draft
        assert not app.jobs
    assert gateway.posts == 0


async def test_an_empty_wallet_pauses_and_says_so(gateway: Gateway) -> None:
    gateway.behave(balance_microusd=0)
    async with studio(plan_for(gateway.url)) as app:
        compose(app, 2)
        await app.press("ctrl+j")
        await app.until(lambda: "402 wallet empty · top up, then Esc p" in app.status, "the alarm")
        await app.until(lambda: "after 402" in app.text, "the row's words")
        await app.press("escape", "down")
        await app.until(lambda: "held" in app.text, "the preview")


async def test_leaving_says_what_goes_on_and_what_was_not_sent(gateway: Gateway) -> None:
    plan = plan_for(gateway.url, settings=settings_with(money={"ask_above_microusd": 10_000_000}))
    async with studio(plan) as app:
        compose(app, 18)
        await app.press("ctrl+j")
        await app.until(lambda: sum(bool(job.request_id) for job in app.jobs) == 16, "the answers")
        said = await leave(app)
    assert "16 paid jobs go on at the gateway ($0.96)" in said
    assert "2 jobs were not sent and cost nothing" in said
    assert [job.status for job in stored(plan.locations)].count(JobStatus.HELD) == 2


async def test_leaving_the_demo_speaks_of_no_money(gateway: Gateway) -> None:
    async with studio(plan_for(gateway.url, is_demo=True)) as app:
        compose(app, 1)
        await app.press("ctrl+j")
        await app.until(lambda: app.jobs and app.jobs[0].request_id, "the answer")
        assert "demo: nothing is spent" in app.status
        said = await leave(app)
    assert "1 job goes on when the demo is started again; nothing was spent." in said
    assert "paid" not in said
    assert "$" not in said


async def test_leaving_with_nothing_on_its_way_says_nothing() -> None:
    plan = plan_for()
    remember(plan.locations, [a_job("failed0001")])
    async with studio(plan) as app:
        assert not await leave(app)
    assert app.app.return_code == 0


async def test_a_second_quit_leaves_at_once(gateway: Gateway) -> None:
    gateway.behave(faults=(Fault(Target.POST, hang_s=30.0),))
    plan = plan_for(gateway.url)
    async with studio(plan) as app:
        compose(app, 1)
        await app.press("ctrl+j")
        await app.until(lambda: app.app.session.is_sending, "the request on its way")
        await app.press("ctrl+q")
        await app.says("Ctrl+Q again leaves at once")
        said = await leave(app)
    assert app.app.return_code == 130
    assert "unconfirmed" in said
    assert stored(plan.locations)[0].status is JobStatus.SENDING
