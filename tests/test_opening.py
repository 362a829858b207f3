"""A data directory is opened by one process at a time: local, writable, its history sound or made anew."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from krea_tui.config.locations import Locations, find_locations
from krea_tui.config.settings import Settings
from krea_tui.domain.errors import HistoryDamaged, StoreError
from krea_tui.domain.job import HoldReason, JobStatus
from krea_tui.opening import open_history, prepare
from krea_tui.simulator import Behaviour
from krea_tui.storage import filesystems
from krea_tui.storage.processes import EngineLock, SignOfLife
from krea_tui.storage.store import JobStore
from krea_tui.studio import Plan, open_studio
from tests.cli.conftest import cli, open_gateway
from tests.cli.running import KEY, Cli, OpenGateway, end_of
from tests.support.making import claimed, make_job
from tests.support.waiting import wait_until_async

__all__ = ["cli", "open_gateway"]

ROOT = Path(__file__).parents[1]
GATEWAY = "https://gateway.example"
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode=EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
connection.execute("UPDATE meta SET value = value")
print("held", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
connection.close()
"""


def silent(_words: str) -> None:
    return None


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    found = find_locations({"HOME": str(tmp_path)}, tmp_path / "data")
    prepare(found)
    return found


@contextmanager
def another(code: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Another program; it lives until its input ends."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()


def let_go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait(10)


def damage(database: Path) -> bytes:
    with database.open("r+b") as file:
        file.write(b"\xff" * 64)
    return database.read_bytes()


def kept_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("history-damaged-*.db"))


def spending(cli: Cli) -> dict[str, object]:
    [told] = cli.run("spend", "--json").objects
    del told["at"]
    return told


# --- damaged ---------------------------------------------------------------------------------------------------------


def test_a_history_destroyed_on_disk_comes_back_from_its_pictures_and_the_money_with_it(
    cli: Cli, open_gateway: OpenGateway
) -> None:
    gateway = open_gateway(Behaviour())
    ended = cli.run("submit", "a lighthouse in fog", "--count", "3", "--seed", "5", "--wait", "--yes")
    assert ended.code == 0, ended.err
    before = cli.jobs()
    spent = spending(cli)
    database = cli.data_dir / "history.db"
    junk = os.urandom(database.stat().st_size)
    database.write_bytes(junk)

    for words in (("jobs",), ("show", str(before[0]["id"])), ("spend",), ("cancel", str(before[0]["id"]))):
        refused = cli.run(*words)
        assert refused.code == 1
        assert "history is damaged" in refused.err
        assert "krea-tui watch" in refused.err
        assert "Traceback" not in refused.err
        assert "unexpected" not in refused.err
    assert database.read_bytes() == junk, "who only reads moves nothing"
    assert not kept_in(cli.data_dir)

    watched = cli.run("watch")
    assert watched.code == 0, watched.err
    [kept] = kept_in(cli.data_dir)
    assert kept.read_bytes() == junk
    assert str(kept) in watched.err
    assert "3 jobs came back from the pictures' records" in watched.err
    after = cli.jobs()
    for field in ("id", "status", "prompt", "seed", "price", "request_id", "created_at", "submitted_at", "images"):
        assert [job[field] for job in after] == [job[field] for job in before], field
    assert spending(cli) == spent
    assert gateway.stats.posts == 3, "nothing is sent again"
    assert "damaged" not in cli.run("watch").err


def test_a_paid_job_that_had_no_picture_yet_is_fetched_after_the_rescue(cli: Cli, open_gateway: OpenGateway) -> None:
    open_gateway(Behaviour())
    ended = cli.run("submit", "a harbour", "--seed", "1")
    assert ended.code == 0, ended.err
    damage(cli.data_dir / "history.db")
    watched = cli.run("watch")
    assert "1 job at the gateway" in watched.err
    [job] = cli.jobs()
    assert (job["status"], [image["state"] for image in job["images"]]) == ("COMPLETED", ["SAVED"])  # type: ignore[attr-defined]


async def test_two_that_start_at_once_rescue_once_and_both_go_on(places: Locations) -> None:
    store = JobStore(places.database)
    store.insert([make_job() for _ in range(5)])
    store.close()
    damage(places.database)
    said: list[str] = []
    opened = await asyncio.gather(*(open_history(places, GATEWAY, said.append) for _ in range(3)))
    assert len(kept_in(places.data_dir)) == 1
    assert sorted(bool(one.rescue) for one in opened) == [False, False, True]
    for one in opened:
        assert len(await one.store.latest(10)) == 5
        await one.store.aclose()
        one.life.stop()


async def test_what_was_on_its_way_or_held_waits_for_the_person(places: Locations) -> None:
    store = JobStore(places.database)
    sent, held = store.insert([make_job(profile=GATEWAY), make_job(profile=GATEWAY)])
    store.claim(sent.id, claimed())
    store.close()
    damage(places.database)
    opened = await open_history(places, GATEWAY, silent)
    assert (await opened.store.get(sent.id)).status is JobStatus.UNCONFIRMED
    assert (await opened.store.get(held.id)).hold_reason is HoldReason.LEFT_OVER
    await opened.store.aclose()
    opened.life.stop()


@pytest.mark.parametrize("sign", ["life", "engine"])
async def test_a_damaged_history_that_another_process_still_uses_is_left_alone(places: Locations, sign: str) -> None:
    JobStore(places.database).close()
    before = damage(places.database)
    life, lock = SignOfLife(places.instances_dir), EngineLock(places.engine_lock)
    if sign == "life":
        life.start()
    else:
        assert lock.try_acquire()
    with pytest.raises(HistoryDamaged, match="another krea-tui still has it open") as refusal:
        await open_history(places, GATEWAY, silent)
    assert "Close every other" in refusal.value.advice
    assert places.database.read_bytes() == before
    assert not kept_in(places.data_dir)
    life.stop()
    lock.release()
    opened = await open_history(places, GATEWAY, silent)
    assert opened.rescue
    await opened.store.aclose()
    opened.life.stop()
    assert not list(places.instances_dir.iterdir()), "nobody is left in the register"


async def test_a_history_cut_to_nothing_is_made_anew_where_pictures_lie(
    places: Locations, cli: Cli, open_gateway: OpenGateway
) -> None:
    places.database.touch(mode=0o600)
    opened = await open_history(places, GATEWAY, silent)
    assert not opened.rescue, "without pictures it is simply new"
    await opened.store.aclose()
    opened.life.stop()
    open_gateway(Behaviour())
    assert cli.run("submit", "a harbour", "--wait").code == 0
    os.truncate(cli.data_dir / "history.db", 0)
    assert "1 job came back" in cli.run("watch").err
    assert len(cli.jobs()) == 1


def test_a_rescue_that_was_killed_is_taken_up_by_the_next_start(cli: Cli, open_gateway: OpenGateway) -> None:
    open_gateway(Behaviour())
    assert cli.run("submit", "a harbour", "--count", "2", "--wait", "--yes").code == 0
    before = cli.jobs()
    damaged = damage(cli.data_dir / "history.db")
    killed = """
import os, runpy, sys
from krea_tui.storage import rescue
rescue._write = lambda *_: os.kill(os.getpid(), 9)
sys.argv = ["krea-tui", "watch"]
runpy.run_module("krea_tui", run_name="__main__")
"""
    ended = subprocess.run(
        [sys.executable, "-c", killed], env={**os.environ, **cli.environ}, capture_output=True, check=False, timeout=60
    )
    assert ended.returncode == -9
    refused = cli.run("jobs")
    assert (refused.code, "damaged" in refused.err) == (1, True)
    assert "could be read from it" in cli.run("watch").err
    assert cli.jobs() == before
    [kept] = kept_in(cli.data_dir)
    assert kept.read_bytes() == damaged


# --- locked ----------------------------------------------------------------------------------------------------------


async def test_a_start_says_what_it_waits_for_and_goes_on_when_the_lock_is_gone(places: Locations) -> None:
    store = JobStore(places.database)
    [job] = store.insert([make_job()])
    store.close()
    said: list[str] = []
    with another(HOLDER, str(places.database)) as holder:
        opening = asyncio.create_task(open_history(places, GATEWAY, said.append))
        await wait_until_async(lambda: said, 15)
        assert not opening.done()
        [words] = said
        assert "another program locks the history" in words
        let_go(holder)
        opened = await asyncio.wait_for(opening, 15)
    assert (await opened.store.get(job.id)).id == job.id
    assert said == [words], "it is said once"
    assert not kept_in(places.data_dir)
    await opened.store.aclose()
    opened.life.stop()


async def test_who_does_not_want_to_wait_can_leave(places: Locations) -> None:
    JobStore(places.database).close()
    said: list[str] = []
    with another(HOLDER, str(places.database)):
        opening = asyncio.create_task(open_history(places, GATEWAY, said.append))
        await wait_until_async(lambda: said, 15)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(opening, 5)
    lock = EngineLock(places.opening_lock)
    await wait_until_async(lock.try_acquire, 5)
    lock.release()


def test_a_command_waits_for_the_lock_too(cli: Cli, open_gateway: OpenGateway) -> None:
    open_gateway(Behaviour())
    assert cli.run("submit", "a harbour", "--wait").code == 0
    with another(HOLDER, str(cli.data_dir / "history.db")) as holder:
        waiting = cli.start("submit", "a second", "--wait")
        assert waiting.stderr is not None
        assert "another program locks the history" in waiting.stderr.readline()
        let_go(holder)
        assert end_of(waiting).code == 0
    assert len(cli.jobs()) == 2


async def test_a_second_start_waits_for_the_first_one_s_turn(places: Locations) -> None:
    turn = EngineLock(places.opening_lock)
    assert turn.try_acquire()
    said: list[str] = []
    opening = asyncio.create_task(open_history(places, GATEWAY, said.append))
    await wait_until_async(lambda: said, 10)
    assert "another krea-tui is opening this history" in said[0]
    turn.release()
    opened = await asyncio.wait_for(opening, 10)
    await opened.store.aclose()
    opened.life.stop()


# --- a directory that cannot be used ---------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["is-a-file", "is-a-file/below", "/proc/krea-tui/data", "/dev/null/data"])
@pytest.mark.parametrize("words", [("submit", "a harbour"), ("pause",)])
def test_a_directory_that_cannot_be_used_is_refused_with_its_name_and_a_way_out(
    cli: Cli, tmp_path: Path, where: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "is-a-file").write_text("in the way")
    folder = tmp_path / where
    if where.startswith("/proc") and not Path("/proc/self").exists():
        pytest.skip("there is no /proc here")
    ended = cli.run(*words, "--data-dir", str(folder))
    assert ended.code == 1
    assert str(folder) in ended.err
    assert "--data-dir" in ended.err
    assert "Traceback" not in ended.err
    assert "unexpected" not in ended.err
    assert (tmp_path / "is-a-file").read_text() == "in the way"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["is-a-file"], "nothing is half made"


AS_NOBODY = """
import asyncio, os, sys
from pathlib import Path
import krea_tui.studio, krea_tui.storage.threaded, krea_tui.storage.filesystems, krea_tui.pictures.reindex
from krea_tui.config.locations import find_locations
from krea_tui.domain.errors import KreaTuiError
from krea_tui.opening import open_history, prepare
locations = find_locations({"HOME": "/"}, Path(sys.argv[1]))
if os.getuid() == 0:
    os.setresuid(65534, 65534, 65534)
async def main():
    prepare(locations)
    await open_history(locations, "gateway", print)
try:
    asyncio.run(main())
except KreaTuiError as error:
    print(error, "|", error.advice)
"""


@pytest.mark.parametrize("what", ["a parent", "the folder", "the history"])
def test_without_permission_it_is_refused_in_words(tmp_path: Path, what: str) -> None:
    os.umask(0o022)
    for folder in (tmp_path, *tmp_path.parents):
        # The run's own folders, which nobody else may enter; what lies above them is open to all.
        if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & stat.S_ISVTX:
            folder.chmod(folder.stat().st_mode | 0o055)
        else:
            break
    home = tmp_path / "home"
    data = home / "data"
    data.mkdir(parents=True, mode=0o755)
    nobody = 65534 if os.getuid() == 0 else os.getuid()
    locations = find_locations({"HOME": "/"}, data)
    if what == "the history":
        prepare(locations)
        JobStore(locations.database).close()
        for path in (data, *data.iterdir()):
            os.chown(path, nobody, -1)
        locations.database.chmod(0o400)
        data.chmod(0o500)
        expected = "read-only"
    elif what == "the folder":
        os.chown(data, nobody, -1)
        data.chmod(0o500)
        expected = "read-only"
    else:
        data.rmdir()
        os.chown(home, nobody, -1)
        home.chmod(0o500)
        expected = "cannot make the folder"
    before = sorted(home.rglob("*"))
    ended = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(data)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert expected in ended.stdout, ended.stdout + ended.stderr
    assert str(data) in ended.stdout
    assert "--data-dir" in ended.stdout
    assert sorted(home.rglob("*")) == before


async def test_a_data_directory_on_the_network_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystems, "_mounts", lambda: (("/", "ext4"), (str(tmp_path), "nfs4")))
    locations = find_locations({"HOME": str(tmp_path)}, tmp_path / "data")
    with pytest.raises(StoreError, match="network file system"):
        await open_studio(Plan(Settings(), locations, {"PIXAZO_API_KEY": KEY}))
    assert not locations.data_dir.exists()
