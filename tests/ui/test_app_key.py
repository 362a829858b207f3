"""The key: asked for where there is none, kept for its owner alone, and never shown."""

import stat
from collections.abc import Iterator
from dataclasses import replace

import pytest
from textual.widgets import Input, Static

from krea_tui.domain.job import HoldReason, JobStatus
from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from krea_tui.ui.app import TRY_DEMO
from krea_tui.ui.screens.key import KeyScreen
from tests.support.keys import KEY as SECRET
from tests.support.keys import OTHER_KEY
from tests.ui.app_support import Gateway, Running, a_job, plan_for, remember, studio


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour(latency_s=600.0), keys={SECRET})
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


async def asked(app: Running) -> None:
    await app.until(lambda: isinstance(app.screen, KeyScreen), "the key screen")


async def paste(app: Running, text: str) -> None:
    app.screen.query_one(Input).value = text
    await app.press("enter")


def problem(app: Running) -> str:
    return str(app.screen.query_one("#key-problem", Static).content)


async def test_a_first_start_asks_and_keeps_the_key_for_its_owner(gateway: Gateway) -> None:
    plan = plan_for(gateway.url, key="")
    async with studio(plan) as app:
        await asked(app)
        assert "Welcome to krea·tui" in app.text
        await paste(app, f"  {SECRET}\n")
        await app.says("The key is kept. It will not be shown again.")
        assert SECRET not in app.text
        assert SECRET not in app.app.export_screenshot()
        await app.write("a kite")
        await app.press("ctrl+j")
        await app.until(lambda: app.jobs and app.jobs[0].request_id, "the gateway's answer")
        assert SECRET not in repr(app.jobs)
    assert plan.locations.key_file.read_text().strip() == SECRET
    assert stat.S_IMODE(plan.locations.key_file.stat().st_mode) == 0o600
    for file in plan.locations.data_dir.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()


async def test_the_key_is_hidden_while_it_is_pasted() -> None:
    async with studio(plan_for(key="")) as app:
        await asked(app)
        app.screen.query_one(Input).value = SECRET
        await app.pilot.pause()
        assert "•" * 10 in app.text
        assert SECRET not in app.text
        assert SECRET not in app.app.export_screenshot()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the key is empty"),
        ("YOUR_API_KEY", "placeholder"),
        ("two words in it", "one word"),
        ("short", "8 to 512 characters"),
        ("schlüssel-von-hier", "plain ASCII"),
    ],
)
async def test_what_can_be_no_key_is_refused_in_words(text: str, words: str) -> None:
    plan = plan_for(key="")
    async with studio(plan) as app:
        await asked(app)
        await paste(app, text)
        assert words in problem(app)
        assert isinstance(app.screen, KeyScreen)
        assert app.screen.query_one(Input).has_focus
        assert not text or text not in app.text
    assert not plan.locations.key_file.exists()


async def test_without_a_key_the_draft_stays_and_nothing_is_sent(gateway: Gateway) -> None:
    async with studio(plan_for(gateway.url, key="")) as app:
        await asked(app)
        await app.press("escape")
        await app.says("Without a key nothing can be sent. K asks again.")
        app.form.draft = draft = replace(app.form.draft, prompt="a kite", seed="77", count="3")
        await app.press("ctrl+j")
        await asked(app)
        assert app.form.draft == draft
        await app.press("escape")
        assert not app.jobs
        assert app.prompt.text == "a kite"
        await app.press("escape", "K")
        await asked(app)
    assert gateway.posts == 0


async def test_the_demo_can_be_tried_instead() -> None:
    async with studio(plan_for(key="")) as app:
        await asked(app)
        await app.pilot.click("#demo")
        await app.until(lambda: not app.app.is_running, "the end of the app")
    assert app.app.return_value == TRY_DEMO


async def test_the_demo_asks_for_no_key() -> None:
    async with studio(plan_for(key="", is_demo=True), is_still=True) as app:
        assert app.screen is app.workbench
        await app.press("escape", "K")
        await app.says("The demo needs no key: nothing is spent.")
        assert app.screen is app.workbench
        assert "demo: nothing is spent" in app.status


async def test_a_refused_key_is_mended_and_the_job_goes_on(gateway: Gateway) -> None:
    plan = plan_for(gateway.url, key=OTHER_KEY)
    held = a_job("held000001", JobStatus.HELD, profile=gateway.url, hold_reason=HoldReason.KEY)
    remember(plan.locations, [held])
    async with studio(plan) as app:
        await app.write("a kite")
        await app.press("ctrl+j")
        await app.until(lambda: "key refused · Esc K mends" in app.status, "the alarm")
        await app.press("escape", "K")
        await asked(app)
        assert "Paste another API key" in app.text
        assert not app.screen.query("#demo")
        await paste(app, SECRET)
        await app.until(lambda: all(job.request_id for job in app.jobs), "both jobs at the gateway")
        assert "refused" not in app.status
