"""What a person can do with a job: every key, what it asks, what it says, and what reaches the gateway."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from krea_tui.config.plan import Plan
from krea_tui.domain.errors import StoreError
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import AspectRatio, Creativity, Moodboard, Style, StyleReference
from krea_tui.engine.engine import Engine
from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from krea_tui.ui.screens.dialog import Question
from krea_tui.ui.screens.resolve import Resolve
from tests.ui.app_support import (
    Gateway,
    QuickClock,
    Running,
    a_job,
    a_request,
    details_text,
    plan_for,
    remember,
    stored,
    studio,
    with_picture,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour(latency_s=600.0))
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


@pytest.fixture
def gateway(server: Gateway, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Accepts everything and finishes nothing."""
    monkeypatch.setattr("krea_tui.studio.SystemClock", QuickClock)
    server.simulator.stats.posts = 0
    return server


def known(plan: Plan, *jobs: Job) -> list[Job]:
    """A history of this gateway."""
    return remember(plan.locations, [replace(job, profile=plan.settings.gateway.url) for job in jobs])


def finished(plan: Plan, job_id: str = "finished01") -> Job:
    return with_picture(plan.locations, a_job(job_id, request_id=f"request-of-{job_id}"))


async def answer(app: Running, *keys: str) -> None:
    await app.until(lambda: isinstance(app.screen, Question), "a question")
    await app.press(*keys)
    await app.until(lambda: app.screen is app.workbench, "the answer")


async def new_job(app: Running, *known_ids: str) -> Job:
    await app.until(lambda: any(job.id not in known_ids for job in app.jobs), "a new job")
    job = next(job for job in app.jobs if job.id not in known_ids)
    await app.until(lambda: app.table.cursor_key == job.id, "the new job under the cursor")
    await app.until(lambda: app.app.session.book.get(job.id).request_id, "the gateway's answer")  # type: ignore[union-attr]
    return job


# --- retry and vary -------------------------------------------------------------------------------------------------


async def test_a_failed_job_is_retried_with_the_same_seed(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    [failed] = known(plan, a_job("failed0001", JobStatus.FAILED))
    async with studio(plan) as app:
        await app.select(failed)
        await app.press("r")
        job = await new_job(app, failed.id)
        assert job.request == failed.request
        assert job.retry_of == failed.id
    assert gateway.posts == 1


@pytest.mark.parametrize(("key", "posts"), [("n", 0), ("escape", 0), ("enter", 0), ("y", 1)])
async def test_buying_a_finished_picture_again_asks_first(gateway: Gateway, key: str, posts: int) -> None:
    plan = plan_for(gateway.url)
    [done] = known(plan, finished(plan))
    async with studio(plan) as app:
        await app.select(done)
        await app.press("r")
        await app.until(lambda: "another $0.06" in app.text, "the price")
        await answer(app, key)
        if posts:
            await new_job(app, done.id)
    assert gateway.posts == posts
    assert len(stored(plan.locations)) == 1 + posts


async def test_an_unconfirmed_job_is_not_retried(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    [job] = known(plan, a_job("doubted001", JobStatus.UNCONFIRMED, attempted_at=1.0, attempt_id="x"))
    async with studio(plan) as app:
        await app.select(job)
        await app.press("r")
        await app.until(lambda: isinstance(app.screen, Resolve), "the ways to resolve it")
    assert gateway.posts == 0
    assert len(stored(plan.locations)) == 1


async def test_a_held_job_is_not_retried(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    [job] = known(plan, a_job("held000001", JobStatus.HELD))
    async with studio(plan) as app:
        await app.select(job)
        await app.press("r")
        await app.says("still on its way")
    assert len(stored(plan.locations)) == 1


async def test_a_job_is_varied_by_a_new_seed(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    [done] = known(plan, finished(plan))
    async with studio(plan) as app:
        await app.select(done)
        await app.press("n")
        job = await new_job(app, done.id)
        assert job.request.seed != done.request.seed
        assert replace(job.request, seed=done.request.seed) == done.request
    assert gateway.posts == 1


# --- edit and copy --------------------------------------------------------------------------------------------------


async def test_a_job_is_edited_as_a_new_one(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    request = a_request(
        "paper boats [red]in a storm drain",
        aspect_ratio=AspectRatio.FOUR_FIVE,
        creativity=Creativity.HIGH,
        image_style_references=(StyleReference("https://images.example/one.jpg", 0.4),),
        styles=(Style("3f2a0e6c-8d7a-4a63-9d5b-0d2f3d7a1c11", 0.3),),
        moodboards=(Moodboard("3f2a0e6c-8d7a-4a63-9d5b-0d2f3d7a1c12", 0.5),),
    )
    [job] = known(plan, a_job("failed0001", JobStatus.FAILED, request=request))
    async with studio(plan) as app:
        await app.select(job)
        await app.press("e")
        await app.until(lambda: app.prompt.has_focus, "the prompt")
        draft = app.form.draft
        assert draft.prompt == request.prompt
        assert (draft.aspect_ratio, draft.creativity) == (AspectRatio.FOUR_FIVE, Creativity.HIGH)
        assert [entry.value for entry in draft.references] == ["https://images.example/one.jpg"]
        assert len(draft.styles) == len(draft.moodboards) == 1
    assert gateway.posts == 0


async def test_prompt_path_and_url_are_copied_as_they_are() -> None:
    plan = plan_for()
    job = finished(plan)
    [job] = remember(plan.locations, [replace(job, request=a_request("two\nlines [red]and \x1b[31m more"))])
    async with studio(plan) as app:
        await app.select(job)
        await app.press("y")
        assert app.app.clipboard == job.request.prompt
        await app.press("Y")
        path = Path(app.app.clipboard)
        assert path.is_absolute()
        assert path == app.app.session.picture_path(job)
        await app.press("U")
        assert app.app.clipboard == "https://media.example/one.png"


async def test_what_is_not_there_is_not_copied() -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [a_job("failed0001")])
    async with studio(plan) as app:
        await app.select(job)
        app.app.copy_to_clipboard("kept")
        await app.press("Y")
        await app.says("no picture on disk")
        await app.press("U")
        await app.says("no picture URL")
        await app.press("o")
        assert app.app.clipboard == "kept"


async def test_without_a_desktop_the_path_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    plan = plan_for()
    [job] = remember(plan.locations, [finished(plan)])
    async with studio(plan) as app:
        await app.select(job)
        await app.press("o")
        await app.says("There is no desktop here")
        assert app.app.clipboard.endswith("one.png")
        await app.press("O")
        assert app.app.clipboard.endswith("2026-11")


async def test_with_a_desktop_its_opener_gets_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opener, noted = tmp_path / "xdg-open", tmp_path / "noted"
    opener.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {noted}.part && mv {noted}.part {noted}\n')
    opener.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _name: str(opener))
    plan = plan_for()
    [job] = remember(plan.locations, [finished(plan)])
    async with studio(plan) as app:
        await app.select(job)
        await app.press("o")
        await app.until(noted.exists, "the opener")
        assert noted.read_text() == str(app.app.session.picture_path(job))


# --- check, cancel, delete ------------------------------------------------------------------------------------------


async def test_a_job_at_the_gateway_is_asked_for_now(server: Gateway) -> None:
    """By the real clock, on which the first check of its own would be seconds away."""
    plan = plan_for(server.url)
    async with studio(plan) as app:
        await app.write("a kite")
        await app.press("ctrl+j")
        job = await new_job(app)
        assert app.jobs[0].last_checked_at is None
        await app.to_jobs()
        await app.press("c")
        await app.until(lambda: server.simulator.stats.polls_of[app.jobs[0].request_id or ""], "a check", 3.0)
        assert app.jobs[0].id == job.id


async def test_an_ended_job_is_not_asked_for() -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [a_job("failed0001")])
    async with studio(plan) as app:
        await app.select(job)
        await app.press("c")
        await app.says("nothing more to say")


async def test_only_a_held_job_is_cancelled() -> None:
    plan = plan_for()
    held, done = remember(plan.locations, [a_job("held000001", JobStatus.HELD), a_job("failed0001")])
    async with studio(plan) as app:
        await app.select(done)
        await app.press("x")
        await app.says("Only a held job can be cancelled")
        await app.select(held)
        await app.press("x")
        await app.says("nothing was spent")
    assert {job.id: job.status for job in stored(plan.locations)} == {
        held.id: JobStatus.CANCELLED,
        done.id: JobStatus.FAILED,
    }


async def test_a_deleted_job_comes_back() -> None:
    plan = plan_for()
    older, newer = remember(plan.locations, [a_job("older00001"), a_job("newer00001")])
    async with studio(plan) as app:
        await app.press("escape", "z")
        await app.says("Nothing was deleted")
        await app.select(newer)
        await app.press("d")
        await app.until(lambda: [job.id for job in app.jobs] == [older.id], "one job less")
        await app.until(lambda: app.table.cursor_key == older.id, "the cursor on its neighbour")
        await app.says("z brings it back")
        await app.press("delete")
        await app.until(lambda: not app.jobs, "no job")
        assert "No jobs yet" in app.text
        await app.press("z")
        await app.until(lambda: [job.id for job in app.jobs] == [older.id], "the last one back")
        await app.press("z")
        await app.until(lambda: [job.id for job in app.jobs] == [newer.id, older.id], "both back")


async def test_a_job_on_its_way_is_not_deleted() -> None:
    plan = plan_for()
    [held] = remember(plan.locations, [a_job("held000001", JobStatus.HELD)])
    async with studio(plan) as app:
        await app.select(held)
        await app.press("d")
        await app.says("Cancel it while it is held")
        assert len(app.jobs) == 1


# --- pause and left-overs -------------------------------------------------------------------------------------------


async def test_a_paused_lane_sends_when_it_is_resumed(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    async with studio(plan) as app:
        await app.press("escape", "p")
        await app.says("Sending is paused")
        await app.until(lambda: "paused · p resumes" in app.status, "the alarm")
        await app.press("1")
        await app.write("a kite")
        await app.press("ctrl+j")
        await app.until(lambda: app.jobs, "the job")
        await app.press("escape", "p")
        await app.says("Sending goes on")
        await app.until(lambda: app.jobs[0].request_id, "the gateway's answer")
        assert "paused" not in app.status
    assert gateway.posts == 1


async def test_left_overs_go_only_after_count_and_sum_were_said(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    held = [a_job(f"left00000{n}", JobStatus.HELD, request=a_request(seed=n), accepted_by="gone") for n in range(3)]
    known(plan, *held)
    async with studio(plan) as app:
        await app.until(lambda: "3 jobs left over, $0.18  Esc l sends or cancels" in app.text, "count and sum")
        await app.press("escape", "l")
        await app.until(lambda: "Send 3 jobs of an earlier session now, for $0.18?" in app.text, "the question")
        await answer(app, "enter")
        assert [job.hold_reason for job in app.jobs] == [HoldReason.LEFT_OVER] * 3
        await app.press("l")
        await answer(app, "y")
        await app.until(lambda: all(job.request_id for job in app.jobs), "all sent")
        await app.press("l")
        await app.says("Nothing is left over")
        assert "left over," not in app.text
    assert gateway.posts == 3


async def test_left_overs_are_cancelled_together_for_nothing(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    known(plan, *[a_job(f"left00000{n}", JobStatus.HELD, accepted_by="gone") for n in range(3)])
    async with studio(plan) as app:
        await app.press("escape", "l")
        await app.until(lambda: "Cancel (x)" in app.text, "the question")
        await app.press("x")
        await app.says("3 of 3 cancelled; nothing was spent.")
    assert {job.status for job in stored(plan.locations)} == {JobStatus.CANCELLED}
    assert gateway.posts == 0


# --- looking --------------------------------------------------------------------------------------------------------


async def test_the_details_name_everything_known() -> None:
    plan = plan_for()
    request = a_request(
        "first line\nsecond line", image_style_references=(StyleReference("https://images.example/one.jpg", 0.4),)
    )
    job = replace(finished(plan), request=request, request_id="9b1c5a44-6f0e-4f5c-9a35-0c6cbb1d7a55", model_id="krea-2")
    [job] = remember(plan.locations, [job])
    async with studio(plan, (80, 24)) as app:
        await app.select(job)
        await app.press("i")
        assert app.workbench.has_class("-show-preview")
        words = details_text(app)
        for known_fact in (
            "first line\nsecond line", "completed", "1:1", "medium", "777", "0.4", "https://images.example/one.jpg",
            "$0.06", "2026-11-22 14:02:20", "15.0 s", job.id, job.request_id, "krea-2", "96×64",
        ):  # fmt: skip
            assert known_fact
            assert known_fact in words
        assert "second line" in app.text
        await app.press("down")
        assert "first line" not in "\n".join(app.lines[3:])
        await app.press("i")
        await app.until(app.half_blocks, "the picture")


async def test_enter_shows_the_picture_alone_and_escape_goes_back() -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [finished(plan)])
    async with studio(plan) as app:
        await app.select(job)
        await app.until(app.half_blocks, "the picture")
        small = app.half_blocks()
        await app.press("enter")
        await app.until(lambda: app.half_blocks() > 2 * small, "a larger picture")
        assert "Esc goes back" in app.text
        assert not app.form.region
        await app.press("escape")
        await app.until(lambda: app.table.has_focus, "the queue")
        assert app.form.region
        assert "Esc goes back" not in app.text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_digits_and_escape_go_from_pane_to_pane(size: tuple[int, int]) -> None:
    async with studio(plan_for(), size, is_still=True) as app:
        assert app.prompt.has_focus
        await app.press("escape")
        assert app.table.has_focus
        await app.press("3")
        assert app.preview.has_focus
        await app.press("escape")
        assert app.table.has_focus
        await app.press("1")
        assert app.prompt.has_focus
        await app.press("escape", "2")
        assert app.table.has_focus


async def test_tabs_are_chosen_by_the_mouse() -> None:
    async with studio(plan_for(), (80, 24), is_still=True) as app:
        for pane, x in (("Jobs", 15), ("Preview", 22), ("Compose", 4)):
            await app.pilot.click("#tabs", offset=(x, 0))
            await app.pilot.pause()
            assert any(line.startswith("╭─ " + pane) for line in app.lines), app.text
            shown = [name for name in ("compose", "jobs", "preview") if app.workbench.has_class(f"-show-{name}")]
            assert shown == [pane.lower()]


async def test_letters_typed_into_the_prompt_never_act(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    [job] = known(plan, a_job("failed0001"))
    letters = "rneioOyYUcxdzplKT?123gGjk/"
    async with studio(plan) as app:
        await app.press(*(("question_mark" if c == "?" else "slash" if c == "/" else c) for c in letters))
        assert app.prompt.text == letters
        assert app.screen is app.workbench
        assert not app.notices
        assert [known_job.id for known_job in app.jobs] == [job.id]
        assert app.app.clipboard == ""
    assert gateway.posts == 0


async def test_every_key_of_an_empty_queue_is_answered() -> None:
    async with studio(plan_for()) as app:
        for key in "rneyYUoOcxd":
            await app.press("escape", key)
            await app.until(lambda: app.notices, f"words for {key}")
            assert app.notices[-1] == "There is no job here yet."
            app.app.clear_notifications()


# --- what goes wrong is said ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "order"),
    [("d", "set_deleted"), ("x", "withdraw"), ("p", "pause"), ("ly", "release")],
)
async def test_an_order_that_fails_is_said(keys: str, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_for()
    status = JobStatus.FAILED if order == "set_deleted" else JobStatus.HELD
    [job] = remember(plan.locations, [a_job("first00001", status)])

    async def fail(*_arguments: object, **_options: object) -> None:
        await asyncio.sleep(0)
        raise StoreError("the disk is [full]", advice="Make room.")

    async with studio(plan) as app:
        await app.select(job)
        monkeypatch.setattr(Engine, order, fail)
        for key in keys:
            await app.press(key)
        await app.says("the disk is [full] Make room.")
        assert app.screen is app.workbench


async def test_a_submission_that_cannot_be_stored_is_said_and_the_draft_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_arguments: object, **_options: object) -> list[Job]:
        await asyncio.sleep(0)
        raise StoreError("the history cannot be written", advice="Make room.")

    async with studio(plan_for()) as app:
        monkeypatch.setattr(Engine, "submit", fail)
        await app.write("a kite")
        await app.press("ctrl+j")
        await app.says("the history cannot be written Make room.")
        assert app.prompt.text == "a kite"
        assert not app.jobs


async def test_a_row_that_names_a_foreign_picture_is_a_job_without_one() -> None:
    plan = plan_for()
    picture = Picture(url="https://media.example/x", state=PictureState.SAVED, path="../../etc/passwd")
    job = a_job("damaged001", JobStatus.COMPLETED, pictures=(picture,), completed_at=1.0)
    [job] = remember(plan.locations, [job])
    async with studio(plan) as app:
        await app.select(job)
        await app.press("Y")
        await app.says("no picture on disk")
