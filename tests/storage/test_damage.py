"""The file itself: private, synced, and refused in our own words where it cannot be used."""

import sqlite3
import stat
from pathlib import Path

import pytest

from krea_tui.domain.errors import (
    StoreError,
)
from krea_tui.storage.store import JobStore
from krea_tui.storage.threaded import ThreadedStore
from tests.support.making import make_job


def test_the_file_and_its_companions_are_the_owner_s_alone(store: JobStore, path: Path) -> None:
    store.insert([make_job()])
    files = list(path.parent.glob("history.db*"))
    assert {file.name for file in files} >= {"history.db", "history.db-wal"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_every_commit_is_synced_in_wal_mode(store: JobStore) -> None:
    assert store._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert store._connection.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_history_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    JobStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version"):
        JobStore(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"this is no database at all, just words" * 40, b"SQLite format 3\x00" + bytes(900)]
)
def test_a_damaged_file_is_a_store_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError):
        JobStore(path)
    assert path.read_bytes() == content


def test_a_folder_in_the_way_is_a_store_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        JobStore(path)


@pytest.mark.parametrize(
    "damage",
    ["body = '{'", "body = '[]'", "status = 'MAYBE'", "pictures = '[{}]'", "pictures = '7'", "hold_reason='x'"],
)
def test_a_damaged_row_is_a_store_error_that_names_the_job(store: JobStore, path: Path, damage: str) -> None:
    [job] = store.insert([make_job()])
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE jobs SET {damage}")
    connection.close()
    with pytest.raises(StoreError, match=job.id):
        store.get(job.id)


def test_words_about_the_whole_are_kept_and_forgotten(store: JobStore, other: JobStore) -> None:
    store.set_meta("paused", "yes")
    assert other.get_meta("paused") == "yes"
    other.set_meta("paused", None)
    assert store.get_meta("paused") is None


async def test_a_closed_history_says_so(path: Path) -> None:
    threaded = ThreadedStore(path)
    with pytest.raises(StoreError, match="not open"):
        await threaded.get("abc")
    await threaded.open()
    await threaded.insert([make_job(id="abcde11111")])
    assert (await threaded.get("abcde")).id == "abcde11111"
    await threaded.aclose()
    with pytest.raises(StoreError, match="not open"):
        await threaded.insert([make_job()])


async def test_a_table_that_vanished_is_a_store_error_in_the_thread_too(path: Path) -> None:
    threaded = ThreadedStore(path)
    await threaded.open()
    with sqlite3.connect(path) as connection:
        connection.executescript("PRAGMA foreign_keys=OFF; DROP TABLE attempts; DROP TABLE jobs;")
    connection.close()
    with pytest.raises(StoreError):
        await threaded.open_jobs()
    with pytest.raises(StoreError):
        await threaded.insert([make_job()])
    await threaded.aclose()
