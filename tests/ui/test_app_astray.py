"""Text that is pasted into the jobs pane buys nothing and throws nothing away, with or without bracketed paste."""

import time

import pytest
from textual import events

from krea_tui.domain.job import JobStatus
from krea_tui.ui.screens.dialog import Confirm
from tests.support.waiting import wait_until_async
from tests.ui.app_support import BETWEEN_KEYS_S, Running, a_job, plan_for, remember, studio, with_picture


async def paste(app: Running, text: str) -> None:
    """Every letter a key, as a terminal without bracketed paste sends them."""
    names = {" ": "space", "\n": "ctrl+j"}
    for character in text:
        # All at once, however slow this machine is.
        app.app.post_message(events.Key(names.get(character, character), character))
    await settled(app)


async def settled(app: Running) -> None:
    since = time.monotonic()
    await wait_until_async(lambda: time.monotonic() - since > BETWEEN_KEYS_S, 5, "what the keys may do")
    await app.pilot.pause()


@pytest.mark.parametrize("text", ["nnn rrr", "lantern glow\nonly", "gray clay", "xxd one", "dx ko\nok", "pp ll zz"])
async def test_a_paste_into_the_jobs_does_nothing(text: str) -> None:
    plan = plan_for()
    done = with_picture(plan.locations, a_job("done"))
    remember(plan.locations, [done, a_job("held", JobStatus.HELD)])
    async with studio(plan) as app:
        await app.select(next(job for job in app.jobs if job.id == "done"))
        before = app.jobs
        await paste(app, text)
        assert app.jobs == before
        assert app.form.draft.prompt in {"", *text.split("\n")[1:]}
        assert app.app.session.book.health.pause is None
        assert not isinstance(app.screen, Confirm)


async def test_a_letter_by_itself_still_acts() -> None:
    plan = plan_for()
    async with studio(plan) as app:
        remember(plan.locations, [a_job("failed", JobStatus.FAILED)])
        await app.until(lambda: app.jobs, "the job")
        await app.select(app.jobs[0])
        await app.press("e")
        assert app.form.draft.prompt == app.jobs[0].request.prompt


async def test_a_key_held_down_buys_one_picture() -> None:
    plan = plan_for()
    remember(plan.locations, [a_job("failed", JobStatus.FAILED)])
    async with studio(plan) as app:
        await app.select(app.jobs[0])
        await app.press("n", "n", "n")
        await app.until(lambda: len(app.jobs) == 2, "the one new job")
        await settled(app)
        assert len(app.jobs) == 2


async def test_the_letters_of_a_paste_are_no_answer_to_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_for()
    remember(plan.locations, [with_picture(plan.locations, a_job("done"))])
    async with studio(plan) as app:
        await app.select(app.jobs[0])
        await app.press("r")
        await app.until(lambda: isinstance(app.screen, Confirm), "the question")
        with monkeypatch.context() as patched:
            patched.setattr("krea_tui.ui.screens.dialog.READ_S", 60.0)
            await app.pilot.press("y")
            await settled(app)
        assert isinstance(app.screen, Confirm), "a Yes before the question can have been read"
        await paste(app, "sayyes")
        assert isinstance(app.screen, Confirm), "a Yes among other letters"
        assert len(app.jobs) == 1
