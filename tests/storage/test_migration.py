"""A history of an older version becomes today's, whole, and once."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from krea_tui.domain.errors import StoreError
from krea_tui.domain.job import JobStatus
from krea_tui.storage import schema
from krea_tui.storage.rows import to_row
from krea_tui.storage.schema import connect
from krea_tui.storage.store import JobStore, open_read_only
from tests.support.making import AT, make_job


@pytest.fixture
def old_history(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history as the first version wrote it, with an unconfirmed job in it."""
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_MIGRATIONS", schema._MIGRATIONS[:1])
        connection = connect(path)
        schema.migrate(connection)
    job = make_job(id="vers1n0000", revision=1, status=JobStatus.UNCONFIRMED, hold_reason=None, attempted_at=AT)
    row = to_row(job, ())
    known = {entry["name"] for entry in connection.execute("PRAGMA table_info(jobs)")}
    kept = [column for column in row if column in known]
    values = {column: row[column] for column in kept}
    columns, places = ", ".join(kept), ", ".join(f":{column}" for column in kept)
    connection.execute(f"INSERT INTO jobs ({columns}) VALUES ({places})", values)
    connection.close()
    return path


def version_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_an_older_history_keeps_its_jobs(old_history: Path) -> None:
    assert version_of(old_history) == 1
    store = JobStore(old_history)
    [job] = store.latest(10)
    store.close()
    assert (job.id, job.status, job.needs_decision) == ("vers1n0000", JobStatus.UNCONFIRMED, True)
    assert version_of(old_history) == len(schema._MIGRATIONS)


def test_two_that_open_it_at_once_migrate_it_once(old_history: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: JobStore(old_history), range(4)))
    assert {store.get("vers1n").id for store in stores} == {"vers1n0000"}
    for store in stores:
        store.close()


def test_a_reader_refuses_it_in_words_and_leaves_it_as_it_is(old_history: Path) -> None:
    with pytest.raises(StoreError, match="older version"):
        JobStore(old_history, read_only=True)
    assert version_of(old_history) == 1


def test_a_reader_meets_none_where_another_process_is_making_one(path: Path) -> None:
    assert open_read_only(path) is None
    maker = connect(path)
    maker.execute("PRAGMA user_version=0")
    assert open_read_only(path) is None
    maker.execute("BEGIN IMMEDIATE")
    assert open_read_only(path) is None
    maker.execute("ROLLBACK")
    schema.migrate(maker)
    reader = open_read_only(path)
    assert reader is not None
    assert reader.count() == 0
    reader.close()
    maker.close()


def test_a_reader_never_meets_a_shape_between_two_versions(old_history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = JobStore(old_history)
    store.close()
    monkeypatch.setattr(
        schema, "_MIGRATIONS", (*schema._MIGRATIONS, *[schema.Migration("CREATE TABLE one (a);\n")] * 2)
    )
    connection = connect(old_history)
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        schema.migrate(connection)
    connection.close()
    assert version_of(old_history) == len(schema._MIGRATIONS) - 2
