"""From a typed prompt to a picture on the screen, over real HTTP; and again the next day."""

from collections.abc import Iterator

import pytest

from krea_tui.domain.job import JobStatus
from krea_tui.simulator import Behaviour, Fault, Simulator, SimulatorServer, Target
from tests.ui.app_support import Gateway, QuickClock, plan_for, stored, studio


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setattr("krea_tui.studio.SystemClock", QuickClock)
    simulator = Simulator(Behaviour())
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


async def test_a_prompt_becomes_a_picture_that_is_there_again_the_next_day(gateway: Gateway) -> None:
    # The answer to the POST hangs, so that what is seen before it is seen before the gateway said anything.
    gateway.behave(faults=(Fault(Target.POST, hang_s=1.0),))
    plan = plan_for(gateway.url)
    async with studio(plan) as app:
        await app.type("a red kite over dunes")
        await app.press("ctrl+j")
        await app.until(lambda: app.table.cursor_key, "a row under the cursor")
        job = app.jobs[0]
        assert app.table.cursor_key == job.id
        assert app.prompt.has_focus
        assert job.request_id is None
        assert job.status in {JobStatus.HELD, JobStatus.SENDING}
        await app.until(lambda: any("a red kite" in line and "sending" in line for line in app.lines), "the row")
        assert (job := app.jobs[0]).request_id is None

        await app.until(lambda: app.jobs[0].request_id, "the gateway's answer")
        await app.until(lambda: app.jobs[0].is_done, "the job's end")
        await app.until(lambda: app.half_blocks() > 400, "the picture in half-blocks")
        assert "completed" in app.text
        assert any(f"seed {job.request.seed}" in line and "saved" in line for line in app.lines)
        picture = app.app.session.picture_path(app.jobs[0])
        assert picture is not None
        whole = picture.read_bytes()
        await app.press("ctrl+q")
        await app.until(lambda: not app.app.is_running, "the end of the app")
    assert app.app.return_value is None

    async with studio(plan) as app:
        assert [job.status for job in app.jobs] == [JobStatus.COMPLETED]
        await app.until(lambda: app.half_blocks() > 400, "the picture again")
        assert any("a red kite" in line and "completed" in line for line in app.lines)
        assert picture.read_bytes() == whole

    assert gateway.posts == 1
    assert gateway.simulator.stats.charges == 1


async def test_quitting_waits_for_the_request_on_its_way(gateway: Gateway) -> None:
    gateway.behave(faults=(Fault(Target.POST, hang_s=1.0),), latency_s=60.0)
    plan = plan_for(gateway.url)
    async with studio(plan) as app:
        await app.type("a red kite")
        await app.press("ctrl+j")
        await app.until(lambda: app.app.session.is_sending, "the request on its way")
        await app.press("ctrl+q")
        await app.says("Waiting for the request on its way")
        await app.until(lambda: not app.app.is_running, "the end of the app")
        said = " ".join(str(words) for words in app.app._exit_renderables)
    job = stored(plan.locations)[0]
    assert job.status in {JobStatus.QUEUED, JobStatus.PROCESSING}
    assert job.request_id
    assert "1 paid job goes on at the gateway ($0.06)" in said
    assert app.app.return_code == 0
    assert gateway.posts == 1


async def test_a_second_ctrl_q_with_nothing_on_its_way_is_no_alarm() -> None:
    async with studio(plan_for()) as app:
        app.app.action_quit_now_or_soon()
        app.app.action_quit_now_or_soon()
        await app.until(lambda: not app.app.is_running, "the end of the app")
    assert app.app.return_code == 0
    assert not app.app._exit_renderables
