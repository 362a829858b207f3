"""Text from outside is shown as it is, wherever it turns up, and never runs, colours or breaks the screen."""

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest
from textual.content import Content
from textual.widgets import Button, Static

from krea_tui.domain.job import Job, JobStatus
from krea_tui.simulator import Behaviour, Fault, Simulator, SimulatorServer, Target
from krea_tui.ui.screens.dialog import Confirm, Trouble
from tests.ui.app_support import Gateway, Running, a_job, a_request, details_text, plan_for, remember, studio

MARKUP = "a [red]cat[/sad] [@click=app.quit]press[/] [link=https://evil.example]here"
CONTROLS = "\x1b[31mred\x1b[2J \x1b]0;title\x07 \x9b2J \u202egnisrever\u202c \u2066isolated\u2069 nul\x00"
LONG = "very long words " * 625


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour())
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


def assert_clean(app: Running) -> None:
    """Nothing of the screen can steer a terminal."""
    painted = app.text
    for character in "\x1b\x07\x9b\x00\u202e\u2066\u202c\u2069\r":
        assert character not in painted


def hostile(job_id: str, prompt: str, **changes: object) -> Job:
    return a_job(job_id, JobStatus.FAILED, request=a_request(prompt), error=prompt, **changes)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_markup_is_plain_text_in_every_pane(size: tuple[int, int]) -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [hostile("markup0001", MARKUP, request_id=MARKUP, model_id=MARKUP)])
    async with studio(plan, size) as app:
        await app.select(job)
        title = app.preview._border_title
        assert isinstance(title, Content)
        assert title.plain == f"Preview · {MARKUP}"
        assert not title.spans
        assert "[red]cat" in app.text
        await app.press("3")
        assert "[red]cat[/sad]" in app.text
        app.preview.has_details = True
        await app.until(lambda: details_text(app).count("[@click=app.quit]press[/]") >= 3, "the details")
        await app.press("i")
        assert "[red]cat[/sad]" in app.text
        await app.press("escape", "enter")
        assert app.workbench.has_class("-solo")


@pytest.mark.parametrize(
    "prompt", [CONTROLS, f"line one\n{CONTROLS}\r\nline three", LONG], ids=["one", "lines", "long"]
)
async def test_controls_and_length_do_no_harm(prompt: str) -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [hostile("control001", prompt, request_id=prompt[:300])])
    async with studio(plan) as app:
        await app.select(job)
        for keys in (("3",), ("i",), ("escape", "enter"), ("i",), ("escape",)):
            await app.press(*keys)
            assert_clean(app)
        rows = [line for line in app.lines if "✕ failed" in line]
        assert rows
        await app.press("y")
        assert app.app.clipboard == prompt


async def test_notices_show_what_came_as_it_came(gateway: Gateway) -> None:
    """The gateway refuses with hostile words: row, preview, details and notice are plain."""
    body = json.dumps({"error": MARKUP + CONTROLS, "message": MARKUP + CONTROLS})
    gateway.behave(faults=(Fault(Target.POST, status=400, body=body),))
    async with studio(plan_for(gateway.url)) as app:
        await app.write(f"a kite {MARKUP}")
        await app.press("ctrl+j")
        await app.until(lambda: app.jobs and app.jobs[0].status is JobStatus.REJECTED, "the refusal")
        await app.until(lambda: "[red]cat[/sad]" in app.text, "the gateway's words")
        assert_clean(app)
        app.preview.has_details = True
        await app.until(lambda: "[red]cat[/sad]" in details_text(app), "the details")


async def test_an_end_elsewhere_is_told_in_plain_text() -> None:
    plan = plan_for()
    first, second = remember(
        plan.locations, [a_job("first00001", JobStatus.HELD, request=a_request(MARKUP)), a_job("second0001")]
    )
    async with studio(plan) as app:
        await app.select(second)
        book = app.app.session.book
        held = book.get(first.id)
        assert held is not None
        book.put([replace(held, status=JobStatus.FAILED, hold_reason=None, error=MARKUP, revision=book.revision + 1)])
        await app.says("[red]cat[/sad]")
        await app.until(lambda: "✕ failed  a [red]cat" in app.text, "the toast")
        assert_clean(app)


async def test_deleting_names_a_hostile_prompt_plainly() -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [hostile("markup0001", MARKUP)])
    async with studio(plan) as app:
        await app.select(job)
        await app.press("d")
        await app.says("Deleted: a [red]cat[/sad]")
        await app.until(lambda: "Deleted: a [red]cat[/sad]" in app.text, "the toast")


async def test_windows_show_titles_and_words_as_they_are() -> None:
    async with studio(plan_for(), is_still=True) as app:
        app.app.push_screen(Confirm(MARKUP, MARKUP, MARKUP, yes="[b]Yes", no="[i]No"))
        await app.pilot.pause()
        assert app.text.count("[red]cat[/sad]") == 3
        assert [str(button.label) for button in app.screen.query(Button)] == ["[b]Yes (y)", "[i]No (n)"]
        await app.press("n")
        app.app.push_screen(Trouble(MARKUP, MARKUP, MARKUP))
        await app.pilot.pause()
        assert app.text.count("[red]cat[/sad]") == 3


# --- trouble --------------------------------------------------------------------------------------------------------


async def close(app: Running, *keys: str) -> None:
    await app.press(*keys)
    await app.until(lambda: not app.app.is_running, "the end of the app")


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_a_history_of_a_newer_version_is_left_alone(key: str) -> None:
    plan = plan_for()
    remember(plan.locations, [a_job("first00001")])
    with sqlite3.connect(plan.locations.database) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    async with studio(plan, is_ready=False) as app:
        await app.until(lambda: isinstance(app.screen, Trouble), "the trouble screen")
        words = " ".join(str(words.content) for words in app.screen.query(Static))
        assert "newer version" in words
        await close(app, key)
    assert app.app.return_code == 1


async def test_a_folder_that_cannot_be_used_is_named() -> None:
    plan = plan_for()
    plan.locations.data_dir.parent.mkdir(parents=True)
    plan.locations.data_dir.write_text("in the way")
    async with studio(plan, is_ready=False) as app:
        await app.until(lambda: isinstance(app.screen, Trouble), "the trouble screen")
        words = " ".join(str(words.content) for words in app.screen.query(Static))
        assert str(plan.locations.data_dir) in words
        assert "in the way" in words
        await app.pilot.click("Trouble Button")
        await app.until(lambda: not app.app.is_running, "the end of the app")
    assert app.app.return_code == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
async def test_a_read_only_folder_is_named() -> None:
    plan = plan_for()
    plan.locations.data_dir.mkdir(parents=True, mode=0o500)
    async with studio(plan, is_ready=False) as app:
        await app.until(lambda: isinstance(app.screen, Trouble), "the trouble screen")
        await close(app, "enter")
    assert app.app.return_code == 1


async def test_what_was_typed_before_the_trouble_sends_nothing() -> None:
    plan = plan_for()
    plan.locations.data_dir.parent.mkdir(parents=True)
    plan.locations.data_dir.write_text("in the way")
    async with studio(plan, is_ready=False) as app:
        await app.until(lambda: isinstance(app.screen, Trouble), "the trouble screen")
        app.workbench.submit_requests((a_request(),))
        await app.says("in the way")
        await close(app, "enter")
