"""A history of an older version becomes today's, whole, and once."""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from krea_tui.domain.errors import HistoryDamaged, StoreError
from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.domain.matching import matches
from krea_tui.domain.ordering import Ordering, SortKey, View
from krea_tui.domain.query import parse_query
from krea_tui.domain.request import AspectRatio, Creativity, GenerationRequest, Style
from krea_tui.storage import indexing, schema
from krea_tui.storage.faults import suspect
from krea_tui.storage.query import select_of
from krea_tui.storage.rescue import needs_rescue, rescue
from krea_tui.storage.rows import to_row
from krea_tui.storage.schema import connect
from krea_tui.storage.store import JobStore, open_read_only
from krea_tui.storage.threaded import ThreadedStore
from tests.support.making import AT, make_job


def write_old(path: Path, version: int, jobs: Sequence[Job]) -> None:
    """A history as that version wrote it; it knew only some of today's columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_MIGRATIONS", schema._MIGRATIONS[:version])
        connection = connect(path)
        schema.migrate(connection)
    known = {entry["name"] for entry in connection.execute("PRAGMA table_info(jobs)")}
    for number, job in enumerate(jobs, 1):
        row = to_row(replace(job, revision=number), ())
        kept = {column: row[column] for column in row if column in known}
        columns, places = ", ".join(kept), ", ".join(f":{column}" for column in kept)
        connection.execute(f"INSERT INTO jobs ({columns}) VALUES ({places})", kept)
    connection.close()


@pytest.fixture
def old_history(path: Path) -> Path:
    """A history as the first version wrote it, with an unconfirmed job in it."""
    job = make_job(id="vers1n0000", status=JobStatus.UNCONFIRMED, hold_reason=None, attempted_at=AT)
    write_old(path, 1, [job])
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


def test_an_older_history_that_is_suspected_is_sound_as_it_is(old_history: Path) -> None:
    suspect(old_history)
    assert not needs_rescue(old_history)
    assert version_of(old_history) == 1
    store = JobStore(old_history)
    assert store.get("vers1n0000").needs_decision
    store.close()


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


def jobs_of_every_kind() -> list[Job]:
    saved = (Picture("https://e.org/a.png", PictureState.SAVED, "2026-11/a.png"),)
    made = [
        make_job(
            request=GenerationRequest(
                f"Straße {number} im Nebel, 狐 🦊 {'x' * number}",
                number,
                list(AspectRatio)[number % 8],
                list(Creativity)[number % 4],
                styles=(Style("ink"),) * (number % 2),
            ),
            status=status,
            hold_reason=None,
            request_id=f"request-{number}" if number % 3 else None,
            submitted_at=AT + number if number % 3 else None,
            completed_at=AT + 3 * number if number % 2 else None,
            deleted_at=AT if number % 5 == 4 else None,
            starred=number % 4 == 1,
            pictures=saved if status is JobStatus.COMPLETED else (),
        )
        for number, status in enumerate(JobStatus)
    ]
    return [*made, make_job(request=GenerationRequest("a lighthouse in fog", 3))]


QUERIES = (
    *(
        "strasse im",
        "狐",
        "xxx",
        "light",
        "-fox",
        "is:failed",
        "is:done",
        "has:image",
        "ref:yes",
        "seed:3",
        "is:starred",
    ),
    *("is:deleted nebel", "aspect:4:3", "creativity:raw", "status:rejected", "needs:decision"),
)


@pytest.mark.parametrize("version", [1, 2])
def test_every_old_job_is_found_as_if_it_had_been_written_today(path: Path, version: int) -> None:
    write_old(path, version, jobs_of_every_kind())
    store = JobStore(path)
    fresh = JobStore(path.with_name("fresh.db"))
    stored = store.jobs_by_seq(range(1, 100))
    assert len(stored) == len(jobs_of_every_kind())
    fresh.insert(stored)
    for key in SortKey:
        selection = select_of(View(ordering=Ordering(key)))
        assert list(store.order(selection)) == list(fresh.order(selection))
    for query in QUERIES:
        terms = parse_query(query, AT)
        found = {job.id for job in store.page(select_of(View(terms)), None)}
        assert found == {job.id for job in stored if matches(terms, job)}
        assert found, query
    columns = {row["name"] for row in store._connection.execute("PRAGMA table_info(jobs)")} - {"revision"}
    names = ", ".join(sorted(columns))
    rows = [
        [tuple(row) for row in one._connection.execute(f"SELECT {names} FROM jobs ORDER BY seq")]
        for one in (store, fresh)
    ]
    assert rows[0] == rows[1]
    [job] = store.insert([make_job(request=GenerationRequest("written later, in fog", 3))])
    assert store.page(select_of(View(parse_query("fog later", AT))), 5) == [job]
    store.close()
    fresh.close()


def test_a_damaged_row_does_not_stop_the_others_from_being_brought_up_to_date(path: Path) -> None:
    write_old(path, 2, [make_job(), make_job(), make_job()])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE jobs SET body = '{' WHERE seq = 2")
    connection.commit()
    connection.close()
    store = JobStore(path)
    assert list(store.order(select_of(View(parse_query("fog", AT))))) == [3, 1]
    with pytest.raises(HistoryDamaged):
        store.jobs_by_seq([2])
    store.close()


def test_a_migration_that_is_cut_off_leaves_the_history_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_old(path, 2, jobs_of_every_kind())
    real, calls = indexing.index_words, []

    def cut(connection: sqlite3.Connection, seq: int, words: tuple[str, ...]) -> None:
        calls.append(seq)
        if len(calls) > 5:
            raise KeyboardInterrupt
        real(connection, seq, words)

    with monkeypatch.context() as patch:
        patch.setattr(indexing, "index_words", cut)
        with pytest.raises(KeyboardInterrupt):
            JobStore(path)
    assert version_of(path) == 2
    store = JobStore(path)
    assert len(store.order(select_of(View(parse_query("-nothing", AT))))) == 10
    store.close()


def test_an_old_history_without_a_readable_first_page_loses_nothing(path: Path) -> None:
    write_old(path, 1, [make_job(request=GenerationRequest("fog " * 60, number)) for number in range(200)])
    JobStore(path).close()
    with path.open("r+b") as file:
        file.write(b"\xff" * 4_096)
    rescue(path, dict, "https://gateway.example")
    store = JobStore(path)
    assert len(store.order(select_of(View(parse_query("fog", AT))))) == 200
    store.close()


async def test_the_person_is_told_where_it_takes_a_while_and_never_again(path: Path) -> None:
    write_old(path, 2, [make_job()])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE jobs SET seq = 100300")
    connection.commit()
    connection.close()
    told: list[int] = []
    for _ in range(2):
        store = ThreadedStore(path)
        await store.open(on_long=told.append)
        await store.aclose()
    assert told == [100_300]
