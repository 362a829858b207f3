"""A history that does not answer for a while: nothing paid is forgotten, nothing is sent unwritten, no lane ends."""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import pytest

from krea_tui.domain.answers import SubmitAnswer
from krea_tui.domain.errors import HistoryDamaged, StoreError
from krea_tui.domain.events import Accepted, Claimed, Event, StatusRead
from krea_tui.domain.job import Job, JobStatus, Marks
from krea_tui.domain.money import DailyCap
from krea_tui.domain.outcome import Outcome
from krea_tui.engine.health import PauseReason
from krea_tui.engine.outcomes import words_of
from krea_tui.simulator import Fault, Simulator, SimulatorServer, Target
from krea_tui.storage import threaded
from krea_tui.storage.outbox import OutcomeFile
from krea_tui.storage.threaded import ThreadedStore
from tests.support.bench import Bench, requests
from tests.support.keys import KEY


class TiredStore(ThreadedStore):
    """Refuses what it is told to refuse, so often."""

    refusals: dict[str, int]
    damaged: frozenset[str] = frozenset()

    def _tire(self, name: str) -> None:
        if name in self.damaged:
            self.damage = HistoryDamaged("the history is damaged: database disk image is malformed")
            raise self.damage
        if self.refusals.get(name, 0):
            self.refusals[name] -= 1
            raise StoreError("the history does not answer: database or disk is full")

    async def claim(self, job_id: str, event: Claimed, cap: DailyCap | None = None) -> Job:
        self._tire("claim")
        return await super().claim(job_id, event, cap)

    async def apply(self, job_id: str, event: Event) -> Job:
        self._tire(type(event).__name__)
        return await super().apply(job_id, event)

    async def mark(self, job_ids: Iterable[str], marks: Marks) -> list[Job]:
        self._tire("mark")
        return await super().mark(job_ids, marks)

    async def data_version(self) -> int:
        self._tire("data_version")
        return await super().data_version()

    async def set_meta(self, name: str, value: str | None) -> None:
        self._tire("set_meta")
        await super().set_meta(name, value)


async def tired(bench: Bench) -> TiredStore:
    store = TiredStore(bench.folder / "history.db")
    store.refusals = {}
    with bench.clock.busy():
        await store.open()
    return store


async def test_what_cannot_be_written_down_is_not_sent_and_goes_on_by_itself(bench: Bench) -> None:
    store = await tired(bench)
    async with bench.process(store=store) as process:
        store.refusals["claim"] = 3
        jobs = await process.engine.submit(requests(2))
        await process.until(lambda: process.engine.book.health.pause is not None)
        pause = process.engine.book.health.pause
        assert pause is not None
        assert pause.reason is PauseReason.DISK
        assert bench.stats["posts"] == 0
        await process.done(jobs)
        assert process.engine.book.health.pause is None
        assert bench.stats["charges"] == 2
    await store.aclose()


async def test_an_acceptance_is_written_down_however_long_the_disk_needs(bench: Bench) -> None:
    store = await tired(bench)
    async with bench.process(store=store) as process:
        store.refusals[Accepted.__name__] = 10
        jobs = await process.engine.submit(requests(2))
        await process.until(lambda: store.refusals[Accepted.__name__] == 5)
        assert process.statuses(jobs) == [JobStatus.SENDING, JobStatus.HELD]
        assert bench.stats["posts"] == 1, "nothing more is sent meanwhile"
        await process.done(jobs)
        assert (bench.stats["posts"], bench.stats["duplicates"]) == (2, 0)
    await store.aclose()


@pytest.mark.parametrize("name", [StatusRead.__name__, "PictureSaved", "data_version", "mark", "set_meta"])
async def test_no_lane_ends_with_the_disk(bench: Bench, name: str) -> None:
    store = await tired(bench)
    async with bench.process(store=store) as process, bench.process() as other:
        store.refusals[name] = 3
        mine = await process.engine.submit(requests(2))
        theirs = await other.engine.submit(requests(2, "a harbour"))
        await process.done([*mine, *theirs])
        assert process.engine.book.health.is_engine
        assert not process.task.done()
        assert bench.stats["charges"] == 4
    await store.aclose()


async def test_a_history_that_does_not_answer_at_the_takeover_is_asked_again(bench: Bench) -> None:
    store = await tired(bench)
    async with bench.process() as first, bench.process(store=store) as second:
        [job] = await first.engine.submit(requests(1))
        store.refusals |= {"set_meta": 2, "data_version": 2}
        await first.finish()
        await second.done([job])
        assert second.engine.book.health.is_engine
    await store.aclose()


# --- the disk itself -------------------------------------------------------------------------------------------------


def fill_up(store: ThreadedStore) -> None:
    """SQLite's own "database or disk is full": no page more than there are now, and no free one among them."""
    connection = store._main._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    assert connection.execute(f"PRAGMA max_page_count={pages}").fetchone()[0] == pages
    for number in range(100):
        try:
            connection.execute("INSERT INTO meta VALUES (?, ?)", (f"filler-{number}", "x" * 4_000))
        except sqlite3.OperationalError:
            return
    raise AssertionError("it is never full")


def make_room(store: ThreadedStore) -> None:
    store._main._connection.execute("PRAGMA max_page_count=1073741823")


def outbox_of(bench: Bench) -> OutcomeFile:
    return OutcomeFile(bench.folder / "outbox.json")


LONG = requests(4, "a lighthouse in heavy fog " * 200)


async def test_on_a_full_disk_nothing_is_sent_and_everything_goes_on_with_room(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, retry_after_s=60.0))
    async with bench.process() as process:
        jobs = await process.engine.submit(LONG)
        await process.until(lambda: bench.stats["posts"] == 1)
        fill_up(process.store)
        with pytest.raises(StoreError, match="the disk is full"):
            await process.engine.submit(LONG)
        await process.until(lambda: process.engine.book.health.pause is not None)
        pause = process.engine.book.health.pause
        assert pause is not None
        assert (pause.reason, pause.words.partition(":")[0]) == (PauseReason.DISK, "the disk is full")
        await process.clock.advance(300)
        assert bench.stats["posts"] == 1, "what cannot be written down is not sent"
        assert set(process.statuses(jobs)) == {JobStatus.HELD}
        make_room(process.store)
        await process.done(jobs, 36_000)
        assert bench.stats["charges"] == len(jobs)
        assert process.engine.book.health.pause is None


async def test_an_answer_that_the_disk_has_no_room_for_survives_the_end_of_the_process(bench: Bench) -> None:
    store = await tired(bench)
    async with bench.process(store=store, outbox=outbox_of(bench)) as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        store.refusals[Accepted.__name__] = 10_000
        [second] = await process.engine.submit(requests(1, "a harbour"))
        await process.until(lambda: process.engine.unwritten is not None)
        unwritten = process.engine.unwritten
        assert unwritten is not None
        assert unwritten.is_kept
        assert process.statuses([second]) == [JobStatus.SENDING]
        # It does not wait for the disk: the next start knows.
        await process.finish()
        unwritten = process.engine.unwritten
        assert unwritten is not None
        request_id = unwritten.outcome.request_id
        assert request_id is not None
        assert request_id in words_of(unwritten)
        assert "next start" in words_of(unwritten)
    await store.aclose()
    async with bench.process(outbox=outbox_of(bench)) as process:
        assert process.job(second).request_id == request_id
        await process.done([second])
    assert outbox_of(bench).load() is None
    assert (bench.stats["posts"], bench.stats["charges"], bench.stats["duplicates"]) == (2, 2, 0)


class NoRoom(OutcomeFile):
    """A disk without even that much room."""

    is_full = True

    def keep(self, outcome: Outcome) -> None:
        if self.is_full:
            raise StoreError("no space left on device")
        super().keep(outcome)


async def test_an_answer_that_is_safe_nowhere_is_waited_for_and_named(bench: Bench) -> None:
    store = await tired(bench)
    outbox = NoRoom(bench.folder / "outbox.json")
    async with bench.process(store=store, outbox=outbox) as process:
        store.refusals[Accepted.__name__] = 10_000
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.engine.unwritten is not None)
        stop = asyncio.ensure_future(process.engine.stop())
        await process.clock.advance(600)
        assert not stop.done(), "a paid answer is not dropped"
        unwritten = process.engine.unwritten
        assert unwritten is not None
        assert not unwritten.is_kept
        assert f"--adopt {unwritten.outcome.request_id}" in words_of(unwritten)
        outbox.is_full = False
        await process.until(stop.done)
    await store.aclose()
    async with bench.process(outbox=outbox_of(bench)) as process:
        await process.done([job])
    assert bench.stats["charges"] == 1


async def test_what_is_kept_for_another_attempt_or_an_unknown_job_changes_nothing(bench: Bench) -> None:
    bench.tell(Fault(on=Target.POST, status=500))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).status is JobStatus.UNCONFIRMED)
    outbox = outbox_of(bench)
    outbox.keep(Outcome(job.id, "another-attempt", Accepted(1.0, SubmitAnswer("of-another"))))
    async with bench.process(outbox=outbox) as process:
        assert process.statuses([job]) == [JobStatus.UNCONFIRMED]
    assert outbox.load() is None
    outbox.keep(Outcome("n0tther000", "attempt", Accepted(1.0, SubmitAnswer("of-nobody"))))
    async with bench.process(outbox=outbox):
        assert outbox.load() is None
    assert "of-nobody" in (bench.folder / "outbox-n0tther000.json").read_text()


async def test_the_next_start_waits_for_the_disk_before_it_doubts(bench: Bench) -> None:
    store = await tired(bench)
    async with bench.process(store=store, outbox=outbox_of(bench)) as process:
        store.refusals[Accepted.__name__] = 10_000
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.engine.unwritten is not None)
    await store.aclose()
    again = await tired(bench)
    again.refusals[Accepted.__name__] = 3
    async with bench.process(store=again, outbox=outbox_of(bench)) as process:
        await process.done([job])
    await again.aclose()
    assert bench.stats["charges"] == 1


# --- locked and damaged while it runs --------------------------------------------------------------------------------


async def test_a_lock_that_another_program_holds_for_long_stops_nothing_for_good(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threaded, "BUSY_TIMEOUT_MS", 20)
    bench.tell(Fault(on=Target.POST, retry_after_s=60.0))
    async with bench.process() as process:
        jobs = await process.engine.submit(requests(2))
        await process.until(lambda: bench.stats["posts"] == 1)
        other = sqlite3.connect(bench.folder / "history.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        await process.until(lambda: process.engine.book.health.pause is not None)
        pause = process.engine.book.health.pause
        assert pause is not None
        assert pause.words.startswith("another program locks the history")
        posts = bench.stats["posts"]
        await process.clock.advance(300)
        assert bench.stats["posts"] == posts
        with pytest.raises(StoreError, match="another program locks the history"):
            await process.engine.submit(requests(1))
        other.execute("ROLLBACK")
        other.close()
        await process.done(jobs)
        assert (bench.stats["charges"], bench.stats["duplicates"]) == (2, 0)


async def test_a_history_that_proves_damaged_ends_the_engine_and_keeps_the_answer_in_flight(bench: Bench) -> None:
    store = await tired(bench)
    async with bench.process(store=store, outbox=outbox_of(bench)) as process:
        [done] = await process.engine.submit(requests(1))
        await process.done([done])
        store.damaged = frozenset({Accepted.__name__})
        [job] = await process.engine.submit(requests(1, "a harbour"))
        await process.clock.run_until(process.task.done, 60, "the engine ends")
        with pytest.raises(HistoryDamaged) as end:
            process.task.result()
        assert "krea-tui watch" in end.value.advice
    await store.aclose()
    kept = outbox_of(bench).load()
    assert kept is not None
    assert kept.job_id == job.id
    async with bench.process(outbox=outbox_of(bench)) as process:
        await process.done([job])
    assert bench.stats["charges"] == 2


async def test_a_follower_ends_with_a_damaged_history_too(bench: Bench) -> None:
    async with bench.process() as first, bench.process() as second:
        assert second.engine.book.health.is_follower
        second.store.damage = HistoryDamaged("the history is damaged: malformed")
        await second.clock.run_until(second.task.done, 60, "the follower ends")
        assert isinstance(second.task.exception(), HistoryDamaged)
        assert not first.task.done()


# --- a real process, whose files may not grow ------------------------------------------------------------------------

FULL = """
import asyncio, os, resource, sys
from pathlib import Path
from krea_tui.config.locations import find_locations
from krea_tui.config.settings import GatewaySettings, Settings
from krea_tui.domain.job import JobStatus
from krea_tui.domain.request import GenerationRequest
from krea_tui.studio import Plan, open_studio

async def main():
    environ = dict(os.environ)
    settings = Settings()._replace(gateway=GatewaySettings(url=sys.argv[2], requests_per_s=50.0, burst=100))
    studio = await open_studio(Plan(settings, find_locations(environ, Path(sys.argv[1])), environ))
    engine = studio.engine
    run = asyncio.create_task(engine.run())
    await engine.is_ready.wait()

    def stop_growing(_):
        if any(job.status is JobStatus.SENDING for job in engine.book):
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    engine.book.subscribe(stop_growing)
    [job] = await engine.submit([GenerationRequest("a lighthouse in heavy fog", 1)])
    while engine.unwritten is None:
        await asyncio.sleep(0.05)
    print(job.id, engine.unwritten.outcome.request_id, engine.unwritten.is_kept, flush=True)
    if "killed" in sys.argv:
        os.kill(os.getpid(), 9)
    await engine.stop()
    await run
    await studio.aclose()

asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_paid_answer_outlives_a_process_whose_disk_is_full(tmp_path: Path, end: str) -> None:
    simulator = Simulator()
    environ = os.environ | {"PIXAZO_API_KEY": KEY}
    with SimulatorServer(simulator) as url:
        child = subprocess.run(
            [sys.executable, "-c", FULL, str(tmp_path / "data"), url, end],
            cwd=Path(__file__).parents[2],
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert child.returncode == (0 if end == "stopped" else -9), child.stderr
        job_id, request_id, is_kept = child.stdout.split()
        assert is_kept == "True"
        with sqlite3.connect(tmp_path / "data" / "history.db") as connection:
            assert connection.execute("SELECT status, request_id FROM jobs").fetchall() == [("SENDING", None)]
        connection.close()
        command = [sys.executable, "-m", "krea_tui", "--data-dir", str(tmp_path / "data"), "--gateway", url, "watch"]
        watched = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert watched.returncode == 0, watched.stderr
        assert job_id in watched.stdout
    with sqlite3.connect(tmp_path / "data" / "history.db") as connection:
        assert connection.execute("SELECT id, status, request_id FROM jobs").fetchall() == [
            (job_id, "COMPLETED", request_id)
        ]
    connection.close()
    assert (simulator.stats.posts, simulator.stats.charges) == (1, 1)


SAFE_NOWHERE = """
import runpy, sys
from krea_tui.domain.errors import StoreError
from krea_tui.domain.events import Accepted
from krea_tui.storage.outbox import OutcomeFile
from krea_tui.storage.store import JobStore
real = JobStore.apply
def apply(self, job_id, event):
    if isinstance(event, Accepted):
        raise StoreError("the disk is full: the history cannot be written")
    return real(self, job_id, event)
def keep(self, outcome):
    print("refused", file=sys.stderr, flush=True)
    raise StoreError("no space left on device")
JobStore.apply, OutcomeFile.keep = apply, keep
runpy.run_module("krea_tui", run_name="__main__")
"""


def read_until(stream: IO[str], words: str) -> str:
    said = ""
    while words not in said:
        line = stream.readline()
        assert line, said
        said += line
    return said


def test_a_command_interrupted_twice_names_the_paid_request_id_before_it_ends(tmp_path: Path) -> None:
    simulator = Simulator()
    with SimulatorServer(simulator) as url:
        environ = os.environ | {"PIXAZO_API_KEY": KEY}
        options = ["--data-dir", str(tmp_path / "data"), "--gateway", url]
        with subprocess.Popen(
            [sys.executable, "-c", SAFE_NOWHERE, *options, "submit", "a harbour", "--wait"],
            cwd=Path(__file__).parents[2],
            env=environ,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            said = read_until(process.stderr, "refused")
            process.send_signal(signal.SIGINT)
            said += read_until(process.stderr, "interrupt again to end at once")
            process.send_signal(signal.SIGINT)
            said += process.stderr.read()
            assert process.wait(30) == 130
    found = re.search(r"--adopt (\S+)`", said)
    assert found, said
    assert simulator._jobs.get(found[1]) is not None
