"""A damaged history is kept aside as it is, and a new one holds what can be read and what the pictures tell."""

import os
import sqlite3
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from krea_tui.domain.errors import HistoryDamaged, HistoryLocked, StoreError
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.ordering import View
from krea_tui.domain.query import parse_query
from krea_tui.storage import rescue as rescuing
from krea_tui.storage.faults import mark_of, suspect
from krea_tui.storage.query import select_of
from krea_tui.storage.rescue import is_hollow, needs_rescue, require_alone, rescue
from krea_tui.storage.store import JobStore, open_read_only
from tests.support.making import AT, accepted, claimed, completed, make_job, make_request

PAGE = 4_096
GATEWAY = "https://gateway.example"


def no_pictures() -> dict[str, Job]:
    return {}


_FILLED: dict[int, tuple[bytes, dict[str, Job]]] = {}


def fill(path: Path, count: int = 300) -> dict[str, Job]:
    """A history in which every state occurs, large enough to have many pages, and one attempt for each sent job."""
    if count not in _FILLED:
        jobs = _fill(path, count)
        _FILLED[count] = path.read_bytes(), jobs
    file, jobs = _FILLED[count]
    path.touch(mode=0o600)
    path.write_bytes(file)
    return jobs


def _fill(path: Path, count: int) -> dict[str, Job]:
    store = JobStore(path)
    store.set_meta("key_salt", "5a17")
    store.set_meta("engine_pause", "{}")
    jobs = store.insert([make_job(request=make_request("fog " * 40, seed)) for seed in range(count)])
    for number, job in enumerate(jobs):
        if number % 5 == 0:
            continue
        store.claim(job.id, claimed(at=AT + number, attempt_id=f"attempt-{number:04}"))
        if number % 5 > 1:
            store.apply(job.id, accepted(f"request-{number:04}"))
        if number % 5 > 2:
            store.apply(job.id, completed())
    kept = {job.id: job for job in store.latest(count)}
    store.close()
    return kept


def read_all(path: Path) -> dict[str, Job]:
    store = JobStore(path)
    try:
        return {job.id: job for job in store.latest(100_000)}
    finally:
        store.close()


def overwrite(path: Path, start: int, junk: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(junk)


def kept_files(path: Path) -> list[Path]:
    return sorted(path.parent.glob("history-damaged-*.db"))


def header_junk(path: Path) -> None:
    overwrite(path, 0, b"\xff" * 100)


def first_page_junk(path: Path) -> None:
    overwrite(path, 0, os.urandom(PAGE))


def not_a_database(path: Path) -> None:
    path.write_bytes(b"this is no database at all, just words\n" * 4_000)


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // PAGE * PAGE + 100)


def tables_gone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA foreign_keys=OFF; DROP TABLE jobs;")
    connection.close()


def column_gone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE jobs RENAME COLUMN request_id TO other")
    connection.close()


@pytest.mark.parametrize(
    "damage", [header_junk, first_page_junk, not_a_database, cut_in_half, tables_gone, column_gone]
)
def test_every_damage_is_seen_at_opening_and_leaves_a_history_that_works(
    path: Path, damage: Callable[[Path], None]
) -> None:
    fill(path, 60)
    damage(path)
    before = path.read_bytes()
    with pytest.raises(HistoryDamaged) as refusal:
        JobStore(path).latest(100)
    assert "krea-tui watch" in refusal.value.advice
    with pytest.raises(HistoryDamaged):
        JobStore(path, read_only=True).latest(100)
    words = rescue(path, no_pictures, GATEWAY)
    [kept] = kept_files(path)
    assert kept.read_bytes() == before, "the damaged file is kept as it was"
    assert str(kept) in words[0]
    assert kept.with_suffix(".txt").read_text().splitlines() == list(words)
    store = JobStore(path)
    [job] = store.insert([make_job()])
    assert store.get(job.id) == job
    store.close()
    assert not mark_of(path).exists()
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir() if file.is_file()} == {0o600}
    assert not list(path.parent.glob(".rebuilding-*"))


@pytest.mark.parametrize("damage", [header_junk, first_page_junk, column_gone])
def test_a_damaged_start_of_the_file_loses_no_job(path: Path, damage: Callable[[Path], None]) -> None:
    before = fill(path)
    damage(path)
    rescue(path, no_pictures, GATEWAY)
    after = read_all(path)
    assert set(after) == set(before)
    for job_id, job in after.items():
        assert job.request == before[job_id].request
        if damage is column_gone:
            assert job.request_id is None
            assert before[job_id].status is not JobStatus.QUEUED or job.status is JobStatus.UNCONFIRMED
        else:
            assert job.request_id == before[job_id].request_id
        assert job.attempted_at == before[job_id].attempted_at
        assert job.price_microusd == before[job_id].price_microusd


def test_nothing_goes_by_itself_afterwards_and_nothing_sent_is_forgotten(path: Path) -> None:
    before = fill(path, 40)
    header_junk(path)
    words = " ".join(rescue(path, no_pictures, GATEWAY))
    after = read_all(path)
    becomes = {
        JobStatus.HELD: (JobStatus.HELD, HoldReason.LEFT_OVER),
        JobStatus.SENDING: (JobStatus.UNCONFIRMED, None),
        JobStatus.QUEUED: (JobStatus.QUEUED, None),
        JobStatus.COMPLETED: (JobStatus.COMPLETED, None),
    }
    assert {job.status for job in before.values()} == set(becomes)
    for job_id, job in after.items():
        assert (job.status, job.hold_reason) == becomes[before[job_id].status]
    assert "8 jobs unconfirmed" in words
    assert "8 jobs not sent" in words
    assert "8 jobs at the gateway" in words
    assert "vendor's console" in words
    store = JobStore(path)
    assert (store.get_meta("key_salt"), store.get_meta("engine_pause")) == ("5a17", None)
    attempts = store._connection.execute("SELECT count(*) FROM attempts").fetchone()[0]
    assert attempts == sum(job.attempt_id is not None for job in before.values())
    store.close()


def leaf_pages(path: Path, table: str) -> list[int]:
    """Where the leaves of a table lie in the file, by their first byte (https://sqlite.org/fileformat2.html, 1.6)."""
    connection = sqlite3.connect(path)
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    connection.close()
    data = path.read_bytes()
    page = data[(root - 1) * PAGE : root * PAGE]
    assert page[0] == 0x05, "the table has grown beyond one page"
    cells = int.from_bytes(page[3:5])
    pointers = [int.from_bytes(page[12 + 2 * i : 14 + 2 * i]) for i in range(cells)]
    return [int.from_bytes(page[p : p + 4]) for p in pointers]


def test_of_a_file_with_a_broken_page_everything_beside_that_page_comes_back(path: Path) -> None:
    before = fill(path)
    pages = leaf_pages(path, "jobs")
    overwrite(path, (pages[len(pages) // 2] - 1) * PAGE, os.urandom(PAGE))
    store = JobStore(path)
    with pytest.raises(HistoryDamaged):
        store.latest(1_000)
    store.close()
    assert needs_rescue(path), "what was seen at run time is found at the next start"
    with pytest.raises(HistoryDamaged, match="waits for"):
        JobStore(path)
    with pytest.raises(HistoryDamaged, match="waits for"):
        open_read_only(path)
    words = " ".join(rescue(path, no_pictures, GATEWAY))
    after = read_all(path)
    lost = set(before) - set(after)
    assert len(lost) < 20
    assert "cannot be read any more" in words
    # Of what cannot be read, the attempts tell that it was sent; the index tells which request ids there were.
    assert {before[job_id].status for job_id in lost} == {JobStatus.HELD}
    given = {job.request_id for job in before.values()} - {job.request_id for job in after.values()}
    assert given
    assert all(request_id in words for request_id in given if request_id)
    doubtful = {job_id for job_id, job in after.items() if job.status is JobStatus.UNCONFIRMED}
    assert {job_id for job_id in after if after[job_id].request_id != before[job_id].request_id} <= doubtful


def test_what_only_the_write_ahead_log_holds_is_read_too(path: Path, tmp_path: Path) -> None:
    store = JobStore(path)
    [job] = store.insert([make_job(status=JobStatus.QUEUED, hold_reason=None, request_id="paid-1", attempted_at=AT)])
    copy = tmp_path / "copy" / path.name
    copy.parent.mkdir()
    # As a killed process leaves it: the file and its log, nothing written back.
    for companion in ("", "-wal"):
        copy.with_name(copy.name + companion).write_bytes(path.with_name(path.name + companion).read_bytes())
    store.close()
    header_junk(copy)
    rescue(copy, no_pictures, GATEWAY)
    assert read_all(copy)[job.id].request_id == "paid-1"
    [kept] = kept_files(copy)
    assert kept.with_name(f"{kept.name}-wal").exists()


def test_pictures_bring_back_what_no_row_tells_and_prove_more_than_a_row_that_says_less(path: Path) -> None:
    before = fill(path, 20)
    header_junk(path)
    sending = next(job for job in before.values() if job.status is JobStatus.SENDING)
    stranger = make_job(id="frampct0re", status=JobStatus.COMPLETED, hold_reason=None, request_id="from-picture")
    saved = (Picture("", PictureState.SAVED, path="2026-11/x.png"),)
    found = {
        stranger.id: replace(stranger, pictures=saved),
        sending.id: replace(sending, status=JobStatus.COMPLETED, request_id="proved", pictures=saved),
    }
    words = " ".join(rescue(path, lambda: found, GATEWAY))
    after = read_all(path)
    assert after["frampct0re"].is_done
    assert (after[sending.id].status, after[sending.id].request_id) == (JobStatus.COMPLETED, "proved")
    assert "1 job came back from the pictures' records" in words


def test_two_rows_with_one_request_id_do_not_stop_the_rescue(path: Path) -> None:
    fill(path, 20)
    connection = sqlite3.connect(path)
    connection.executescript(
        "DROP INDEX jobs_request_id; UPDATE jobs SET request_id = 'twice' WHERE request_id IS NOT NULL;"
        "UPDATE jobs SET price_microusd = 'much' WHERE seq = 1; UPDATE jobs SET body = '{' WHERE seq = 2;"
    )
    connection.close()
    header_junk(path)
    words = " ".join(rescue(path, no_pictures, GATEWAY))
    after = read_all(path)
    assert sum(job.request_id == "twice" for job in after.values()) == 1
    assert "2 jobs in the damaged file cannot be read" in words


def test_a_name_is_never_used_twice(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda _: "20261122-141500")
    for number in range(3):
        fill(path, 5)
        path.write_bytes(b"damage number %d" % number)
        rescue(path, no_pictures, GATEWAY)
    names = [file.name for file in kept_files(path)]
    assert names == [
        "history-damaged-20261122-141500-2.db",
        "history-damaged-20261122-141500-3.db",
        "history-damaged-20261122-141500.db",
    ]
    assert {file.read_bytes() for file in kept_files(path)} == {b"damage number %d" % n for n in range(3)}


class Cut(BaseException):
    """The power goes."""


STEPS = ["_set_aside", "_make_anew", "salvage", "_write", "_report", "_sync"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_rescue_that_was_cut_off_is_taken_up_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, nth: int, after: bool
) -> None:
    before = fill(path, 30)
    header_junk(path)
    damaged = path.read_bytes()
    real = getattr(rescuing, step)
    calls = []

    def cut(*args: object, **kwargs: object) -> object:
        calls.append(step)
        if len(calls) != nth:
            return real(*args, **kwargs)
        if after:
            real(*args, **kwargs)
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(rescuing, step, cut)
        try:
            rescue(path, no_pictures, GATEWAY)
        except Cut:
            assert mark_of(path).exists()
            with pytest.raises(HistoryDamaged):
                JobStore(path)
            assert needs_rescue(path)
    if mark_of(path).exists():
        words = rescue(path, no_pictures, GATEWAY)
        assert "The history was damaged" in words[0]
    assert set(read_all(path)) == set(before)
    [kept] = kept_files(path)
    assert kept.read_bytes() == damaged
    assert not needs_rescue(path)


@pytest.mark.parametrize("damage", ["words_gone", "words_junk"])
def test_a_damaged_index_of_words_is_a_damaged_history(path: Path, damage: str) -> None:
    before = fill(path, 60)
    connection = sqlite3.connect(path)
    if damage == "words_gone":
        connection.execute("DROP TABLE job_words")
    else:
        connection.execute("UPDATE job_words_data SET block = zeroblob(length(block)) WHERE id > 100")
    connection.commit()
    connection.close()
    with pytest.raises(HistoryDamaged):
        JobStore(path).page(select_of(View(parse_query("fog", AT))), 10)
    suspect(path)
    assert needs_rescue(path)
    rescue(path, no_pictures, GATEWAY)
    store = JobStore(path)
    assert len(store.order(select_of(View(parse_query("fog", AT))))) == len(before)
    store.close()


def test_a_suspicion_that_proves_false_costs_nothing(path: Path) -> None:
    before = fill(path, 30)
    suspect(path)
    with pytest.raises(HistoryDamaged):
        JobStore(path)
    assert not needs_rescue(path)
    assert read_all(path) == before
    assert not kept_files(path)


def test_a_locked_history_is_never_taken_for_a_damaged_one(path: Path) -> None:
    fill(path, 5)
    suspect(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rescuing, "connect", lambda path, **_: _impatient(path))
        with pytest.raises(HistoryLocked):
            needs_rescue(path)
    other.execute("COMMIT")
    other.close()
    assert not needs_rescue(path)


def _impatient(path: Path) -> sqlite3.Connection:
    from krea_tui.storage.schema import connect

    return connect(path, read_only=True, timeout_ms=10)


def test_a_suspected_history_that_is_gone_is_made_anew(path: Path) -> None:
    fill(path, 5)
    suspect(path)
    path.unlink()
    assert needs_rescue(path)
    picture = make_job(id="frampct0re", status=JobStatus.COMPLETED, hold_reason=None)
    rescue(path, lambda: {picture.id: picture}, GATEWAY)
    assert set(read_all(path)) == {"frampct0re"}


def test_a_damaged_row_alone_is_left_behind(path: Path) -> None:
    before = fill(path, 30)
    victim = next(job for job in before.values() if job.status is JobStatus.HELD)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE jobs SET body = '[' WHERE id = ?", (victim.id,))
    connection.commit()
    connection.close()
    store = JobStore(path)
    with pytest.raises(HistoryDamaged, match=victim.id):
        store.latest(100)
    store.close()
    assert needs_rescue(path)
    rescue(path, no_pictures, GATEWAY)
    assert set(read_all(path)) == set(before) - {victim.id}


def test_who_is_not_alone_moves_nothing() -> None:
    require_alone(others_alive=False)
    with pytest.raises(HistoryDamaged, match="still has it open") as refusal:
        require_alone(others_alive=True)
    assert "Close every other" in refusal.value.advice


def test_an_empty_file_is_hollow_and_a_new_history_is_not(path: Path) -> None:
    assert not is_hollow(path)
    path.touch()
    assert is_hollow(path)
    store = JobStore(path)
    assert not is_hollow(path), "what only the log holds yet is there"
    store.close()


def test_a_full_disk_during_the_rescue_leaves_everything_for_the_next_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fill(path, 30)
    header_junk(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(rescuing, "_write", full)
        with pytest.raises(StoreError, match="No space left") as refusal:
            rescue(path, no_pictures, GATEWAY)
    assert "--data-dir" in refusal.value.advice
    assert needs_rescue(path)
    rescue(path, no_pictures, GATEWAY)
    assert set(read_all(path)) == set(before)
