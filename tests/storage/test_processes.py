"""Locks between real processes: what dies, however it dies, lets go."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import SoftFileLock

from krea_tui.domain.errors import StoreError
from krea_tui.storage import processes
from krea_tui.storage.processes import EngineLock, SignOfLife
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
CHILD = """
import sys
from pathlib import Path
from krea_tui.storage.processes import EngineLock, SignOfLife
folder = Path(sys.argv[1])
life = SignOfLife(folder / "instances")
life.start()
lock = EngineLock(folder / "engine.lock")
if "lock" in sys.argv:
    assert lock.try_acquire()
print(life.process_id, flush=True)
sys.stdin.read()
life.stop()
"""


@contextmanager
def child(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that lives until its input ends; with its id in the register."""
    command = [sys.executable, "-c", CHILD, str(folder), *words]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_one_process_leads_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path / "engine.lock")
    with child(tmp_path, "lock") as (process, _):
        assert not lock.try_acquire()
        process.kill()
        process.wait(10)
        wait_until(lock.try_acquire, what="the lock of a killed process is free")
    assert lock.is_held
    lock.release()


def test_a_released_lock_can_be_taken_by_another(tmp_path: Path) -> None:
    one, two = EngineLock(tmp_path / "engine.lock"), EngineLock(tmp_path / "engine.lock")
    assert one.try_acquire()
    assert one.try_acquire(), "asking again is no fault"
    assert not two.try_acquire()
    one.release()
    assert two.try_acquire()
    two.release()


def test_a_living_process_is_alive_and_a_killed_one_has_a_time_of_death(tmp_path: Path) -> None:
    folder = tmp_path / "instances"
    mine = SignOfLife(folder)
    mine.start()
    with child(tmp_path) as (process, process_id):
        assert mine.died_at(process_id) is None
        assert mine.others_alive()
        process.kill()
        process.wait(10)
        wait_until(lambda: mine.died_at(process_id) is not None, what="the kill is noticed")
        died_at = mine.died_at(process_id)
        assert died_at is not None
        assert abs(time.time() - died_at) < 60
        assert mine.died_at(process_id) == died_at, "asking does not change it"
        assert not mine.others_alive()
    mine.stop()


def test_a_process_that_ends_well_leaves_the_register(tmp_path: Path) -> None:
    mine = SignOfLife(tmp_path / "instances")
    mine.start()
    with child(tmp_path) as (process, process_id):
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)
        assert mine.died_at(process_id) == 0.0
    assert mine.died_at(mine.process_id) is None
    mine.stop()
    assert list((tmp_path / "instances").iterdir()) == []


def test_the_long_dead_are_swept_and_the_lately_dead_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "instances"
    folder.mkdir()
    for name, age_s in (("1-old", 4_000), ("2-late", 100)):
        (folder / f"{name}.alive").touch()
        os.utime(folder / f"{name}.alive", (time.time() - age_s,) * 2)
    mine = SignOfLife(folder)
    mine.start()
    assert {path.name for path in folder.iterdir()} == {"2-late.alive", f"{mine.process_id}.alive"}
    assert (mine.died_at("2-late") or 0) == pytest.approx(time.time() - 100, abs=30)
    mine.stop()


def test_a_foreign_name_cannot_lead_out_of_the_register(tmp_path: Path) -> None:
    (tmp_path / "secret.alive").touch()
    mine = SignOfLife(tmp_path / "instances")
    mine.start()
    assert mine.died_at("../secret") == 0.0
    mine.stop()


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "FileLock", SoftFileLock)
    with pytest.raises(StoreError, match="no locks") as caught:
        EngineLock(tmp_path / "engine.lock").try_acquire()
    assert "--data-dir" in caught.value.advice
    assert not (tmp_path / "engine.lock").exists()


def test_a_folder_that_is_missing_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be taken"):
        EngineLock(tmp_path / "file" / "engine.lock").try_acquire()
