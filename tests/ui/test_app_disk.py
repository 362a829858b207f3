"""The disk under the app: a damaged history, a locked one, and an answer that cannot be written down."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Static

from krea_tui.domain.errors import StoreError
from krea_tui.domain.events import Accepted, Event
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.domain.outcome import Outcome
from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from krea_tui.storage.outbox import OutcomeFile
from krea_tui.storage.processes import SignOfLife
from krea_tui.storage.store import JobStore
from krea_tui.ui.screens.dialog import Trouble
from krea_tui.ui.screens.rescued import Rescued
from tests.ui.app_support import Gateway, Running, a_job, a_request, plan_for, remember, stored, studio, with_picture


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour(latency_s=600.0))
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


def words_of(app: Running) -> str:
    return " ".join(str(words.content) for words in app.screen.query(Static))


def kept_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("history-damaged-*.db"))


async def left(app: Running) -> str:
    await app.until(lambda: not app.app.is_running, "the end of the app")
    return " ".join(str(words) for words in app.app._exit_renderables)


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_a_damaged_history_is_made_anew_and_the_person_is_told(key: str) -> None:
    plan = plan_for()
    done = with_picture(plan.locations, a_job("done000001"))
    remember(plan.locations, [done, a_job("held000001", JobStatus.HELD), a_job("sent000001", JobStatus.SENDING)])
    plan.locations.database.write_bytes(b"\xff" * 64 + plan.locations.database.read_bytes()[64:])
    async with studio(plan) as app:
        await app.until(lambda: isinstance(app.screen, Rescued), "what there is to tell")
        words = words_of(app)
        [kept] = kept_in(plan.locations.data_dir)
        assert str(kept) in words
        assert "3 jobs could be read from it" in words
        assert "1 job unconfirmed" in words
        assert "1 job not sent" in words
        assert "vendor's console" in words
        assert "The history was damaged" in app.text
        await app.press(key)
        assert not isinstance(app.screen, Rescued)
        standing = {job.id: (job.status, job.hold_reason) for job in app.jobs}
        assert standing == {
            "done000001": (JobStatus.COMPLETED, None),
            "held000001": (JobStatus.HELD, HoldReason.LEFT_OVER),
            "sent000001": (JobStatus.UNCONFIRMED, None),
        }
    async with studio(plan) as app:
        assert not isinstance(app.screen, Rescued), "it is told once"


async def test_the_words_of_a_rescue_fit_into_a_small_terminal_and_its_button_can_be_clicked() -> None:
    plan = plan_for()
    remember(plan.locations, [a_job("held000001", JobStatus.HELD), a_job("sent000001", JobStatus.SENDING)])
    plan.locations.database.write_bytes(b"\xff" * 64 + plan.locations.database.read_bytes()[64:])
    async with studio(plan, size=(80, 24)) as app:
        await app.until(lambda: isinstance(app.screen, Rescued), "what there is to tell")
        await app.until(lambda: "Go on" in app.text, "the button")
        await app.pilot.click("Rescued Button")
        await app.until(lambda: not isinstance(app.screen, Rescued), "the way on")


async def test_a_damaged_history_that_another_process_uses_is_left_alone() -> None:
    plan = plan_for()
    remember(plan.locations, [a_job("done000001")])
    plan.locations.database.write_bytes(b"\xff" * 64 + plan.locations.database.read_bytes()[64:])
    other = SignOfLife(plan.locations.instances_dir)
    other.start()
    async with studio(plan, is_ready=False) as app:
        await app.until(lambda: isinstance(app.screen, Trouble), "the trouble screen")
        assert "still has it open" in words_of(app)
        assert "Close every other krea-tui" in words_of(app)
        await app.press("enter")
        await left(app)
    other.stop()
    assert app.app.return_code == 1
    assert not kept_in(plan.locations.data_dir)


async def test_a_history_that_proves_damaged_while_it_is_used_ends_the_app_and_comes_back() -> None:
    plan = plan_for()
    jobs = [a_job(f"ended{number:05}", JobStatus.REJECTED, request=a_request("fog " * 60)) for number in range(400)]
    remember(plan.locations, jobs)
    connection = sqlite3.connect(plan.locations.database)
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'jobs'").fetchone()[0]
    connection.close()
    # The first child of the table's root holds its oldest rows (https://sqlite.org/fileformat2.html, 1.6).
    data = plan.locations.database.read_bytes()
    root = data[(page - 1) * 4_096 : page * 4_096]
    assert root[0] == 0x05
    cell = int.from_bytes(root[12:14])
    oldest = int.from_bytes(root[cell : cell + 4])
    with plan.locations.database.open("r+b") as file:
        file.seek((oldest - 1) * 4_096)
        file.write(os.urandom(4_096))
    async with studio(plan) as app:
        await app.to_jobs()
        await app.press("G")
        await app.until(lambda: isinstance(app.screen, Trouble), "the trouble screen")
        assert "the history is damaged" in words_of(app)
        assert "Start krea-tui" in words_of(app)
        await app.press("enter")
        await left(app)
    async with studio(plan) as app:
        await app.until(lambda: isinstance(app.screen, Rescued), "what there is to tell")
        assert "cannot be read any more" in words_of(app)
    assert len(stored(plan.locations)) > 380
    assert len(kept_in(plan.locations.data_dir)) == 1


async def test_a_locked_history_is_waited_for_with_words() -> None:
    plan = plan_for()
    remember(plan.locations, [a_job("done000001")])
    other = sqlite3.connect(plan.locations.database, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    async with studio(plan, is_ready=False) as app:
        await app.says("another program locks the history")
        assert not app.jobs
        other.execute("COMMIT")
        other.close()
        await app.until(lambda: app.jobs, "the job")
        await app.ready()


def refuse_answers(patch: pytest.MonkeyPatch) -> None:
    real = JobStore.apply

    def apply(self: JobStore, job_id: str, event: Event) -> Job:
        if isinstance(event, Accepted):
            raise StoreError("the disk is full: the history cannot be written: database or disk is full")
        return real(self, job_id, event)

    patch.setattr(JobStore, "apply", apply)


async def send_one(app: Running) -> str:
    """Send a job whose answer cannot be written down; returns its request id."""
    await app.type("a red kite")
    await app.press("ctrl+j")
    await app.until(lambda: app.app.session.unwritten, "an answer without a place")
    unwritten = app.app.session.unwritten
    assert unwritten is not None
    assert unwritten.outcome.request_id is not None
    await app.until(lambda: "the disk is full" in app.status, "the status line")
    return unwritten.outcome.request_id


async def test_leaving_with_a_full_disk_keeps_the_answer_for_the_next_start(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(gateway.url)
    with monkeypatch.context() as patch:
        refuse_answers(patch)
        async with studio(plan) as app:
            request_id = await send_one(app)
            await app.press("ctrl+q")
            said = await left(app)
    assert request_id in said
    assert "kept beside it for the next start" in said
    [job] = stored(plan.locations)
    assert (job.status, job.request_id) == (JobStatus.SENDING, None)
    async with studio(plan) as app:
        assert [(job.status, job.request_id) for job in app.jobs] == [(JobStatus.QUEUED, request_id)]
    assert gateway.posts == 1


async def test_where_it_is_safe_nowhere_the_app_waits_says_so_and_names_the_request_id_at_last(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: OutcomeFile, _outcome: Outcome) -> None:
        raise StoreError("no space left on device")

    plan = plan_for(gateway.url)
    with monkeypatch.context() as patch:
        refuse_answers(patch)
        patch.setattr(OutcomeFile, "keep", full)
        async with studio(plan) as app:
            request_id = await send_one(app)
            await app.press("ctrl+q")
            await app.says("is not safe yet")
            await app.says("Ctrl+Q again leaves")
            assert app.app.is_running
            await app.press("ctrl+q")
            said = await left(app)
    assert app.app.return_code == 130
    [job] = stored(plan.locations)
    assert job.status is JobStatus.SENDING, "which the next start takes for unconfirmed"
    assert f"krea-tui resolve {job.id} --adopt {request_id}" in said
