"""The history: every step of every job, each in one transaction that is on disk before anything is shown."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from krea_tui.domain.errors import (
    HistoryDamaged,
    HistoryUnmade,
    ImpossibleTransition,
    NotClaimed,
    RequestIdTaken,
    StoreError,
    UnknownJob,
)
from krea_tui.domain.events import Accepted, Adopted, Claimed, Doubted, Event, NotAccepted, Refused, SentAgain
from krea_tui.domain.job import ID_ALPHABET, Charge, Job, JobStatus, Marks, new_id
from krea_tui.domain.lifecycle import advance
from krea_tui.domain.money import CapReached, DailyCap, Ledger
from krea_tui.domain.spending import Spending
from krea_tui.domain.text import clean_line
from krea_tui.domain.words import words_of
from krea_tui.storage.faults import opening_error, require_unmarked, store_error, suspect
from krea_tui.storage.indexing import index_words
from krea_tui.storage.query import Selection
from krea_tui.storage.rows import CHANGING, COLUMNS, body_text, changing_row, from_row, to_row
from krea_tui.storage.schema import BUSY_TIMEOUT_MS, connect, migrate, require_todays_shape
from krea_tui.storage.searching import Searching
from krea_tui.storage.spending import read_spending

_INSERT: Final = f"INSERT INTO jobs ({', '.join(COLUMNS)}) VALUES ({', '.join(':' + c for c in COLUMNS)})"  # noqa: S608
_UPDATE: Final = f"UPDATE jobs SET {', '.join(f'{c} = :{c}' for c in CHANGING)} WHERE id = :id"  # noqa: S608
_COUNTED: Final = (Charge.RESERVED, Charge.SPENT, Charge.AT_RISK)
_ID_TRIES: Final = 5


class JobStore:
    """The history in SQLite. Blocking; one instance belongs to one thread."""

    def __init__(self, path: Path, *, read_only: bool = False, timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        """Open (and create or migrate, unless only to read) the history.

        `timeout_ms` is how long each step waits for another program's lock. Raises `StoreError`: `HistoryDamaged`
        and `HistoryLocked` among them.
        """
        self._path = path
        self._is_read_only = read_only
        require_unmarked(path)
        self._connection = connect(path, read_only=read_only, timeout_ms=timeout_ms)
        try:
            if read_only:
                require_todays_shape(self._connection)
            else:
                migrate(self._connection)
            self._connection.execute(f"SELECT {', '.join(COLUMNS)} FROM jobs LIMIT 0")  # noqa: S608 -- our own names
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error):
                raise opening_error(error, path) from error
            raise
        self._searching = Searching(self._connection)

    def wait_for_locks(self, timeout_ms: int) -> None:
        """How long each step waits for another program's lock from now on."""
        self._connection.execute(f"PRAGMA busy_timeout={timeout_ms}")

    def fault(self, error: sqlite3.Error, doing: str) -> StoreError:
        """The typed error; a history that proves damaged is marked, so that nobody opens it before its rescue."""
        typed = store_error(error, doing)
        if isinstance(typed, HistoryDamaged):
            self._suspect()
        return typed

    def _suspect(self) -> None:
        if not self._is_read_only:
            suspect(self._path)

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._connection.close()

    def insert(self, jobs: Sequence[Job]) -> list[Job]:
        """Write new jobs down, all or none; the returned ones carry their `seq`, `revision` and a free id."""
        with self._transaction():
            return [self._insert_one(job) for job in jobs]

    def claim(self, job_id: str, event: Claimed, cap: DailyCap | None = None) -> Job:
        """HELD to SENDING by compare-and-set, the cap checked and the attempt written in the same transaction.

        Raises:
            NotClaimed: it is not held for sending any more.
            CapReached: this job would go over the day's cap; it is still held.
        """
        with self._transaction():
            job = self._get(job_id)
            if job.status is not JobStatus.HELD or not job.is_sendable:
                raise NotClaimed(f"job {job_id} is {job.status.value}")
            if cap is not None:
                ledger = self._ledger(cap.day_start, job.profile)
                if ledger.committed_microusd + job.price_microusd > cap.cap_microusd:
                    raise CapReached(ledger.committed_microusd, cap.cap_microusd)
            claimed = replace(advance(job, event), revision=self._next_revision())
            changed = self._connection.execute(f"{_UPDATE} AND status = 'HELD'", changing_row(claimed)).rowcount
            if changed != 1:
                raise NotClaimed(f"job {job_id} was taken by another process")
            self._connection.execute(
                "INSERT INTO attempts (attempt_id, job_id, body, price_microusd, key_fingerprint, started_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (event.attempt_id, job_id, body_text(job.request), job.price_microusd, event.key_fingerprint, event.at),
            )
            return claimed

    def apply(self, job_id: str, event: Event) -> Job:
        """Advance one job and commit; raises `ImpossibleTransition`, `UnknownJob` or `RequestIdTaken`."""
        with self._transaction():
            return self._apply_one(job_id, event)

    def send_again(self, job_id: str, at: float, successor: Job) -> tuple[Job, Job]:
        """Write the successor of an unconfirmed job down and settle that job, both or neither.

        Returns the settled job and the successor. Raises `ImpossibleTransition` where nothing is to be decided.
        """
        with self._transaction():
            inserted = self._insert_one(successor)
            return self._apply_one(job_id, SentAgain(at, inserted.id)), inserted

    def apply_all(self, job_ids: Iterable[str], event: Event) -> list[Job]:
        """Advance many jobs in one transaction; those that are unknown, or cannot take the event, are left out."""
        moved: list[Job] = []
        with self._transaction():
            for job_id in job_ids:
                with suppress(ImpossibleTransition, UnknownJob, RequestIdTaken):
                    moved.append(self._apply_one(job_id, event))
        return moved

    def mark(self, job_ids: Iterable[str], marks: Marks) -> list[Job]:
        """Set fields that are no part of the life cycle."""
        marked: list[Job] = []
        with self._transaction():
            for job_id in job_ids:
                job = replace(self._get(job_id), revision=self._next_revision(), **marks)
                self._connection.execute(_UPDATE, changing_row(job))
                marked.append(job)
        return marked

    def get(self, job_id: str) -> Job:
        """The job with this id or unique start of one; raises `UnknownJob`."""
        start = job_id.strip().lower()
        # Only an id's own characters: no pattern may mean a job, least of all the only one there is.
        is_start = bool(start) and set(start) <= ID_ALPHABET
        rows = self._rows("id = ?", (start,)) or self._rows("id GLOB ? LIMIT 2", (f"{start}*",)) if is_start else []
        if len(rows) == 1:
            return rows[0]
        if not rows:
            raise UnknownJob(f"no job has the id {clean_line(job_id, 40)}", advice="`krea-tui jobs` lists them.")
        raise UnknownJob(f"more than one job begins with {start}", advice="Give more characters of the id.")

    def open_jobs(self) -> list[Job]:
        """Every job to which something may still happen, oldest first."""
        return self._rows("is_open = 1 ORDER BY seq")

    def latest(self, limit: int, *, before_seq: int | None = None) -> list[Job]:
        """A page of the history, newest first, without deleted jobs."""
        if before_seq is None:
            return self._rows("deleted_at IS NULL ORDER BY seq DESC LIMIT ?", (limit,))
        return self._rows("deleted_at IS NULL AND seq < ? ORDER BY seq DESC LIMIT ?", (before_seq, limit))

    def page(self, query: Selection, limit: int | None) -> list[Job]:
        """See `Searching.page`; raises `SearchInterrupted`."""
        with self._reading():
            return self._searching.page(query, limit)

    def order(self, query: Selection) -> array[int]:
        """See `Searching.order`; raises `SearchInterrupted`."""
        with self._reading():
            return self._searching.order(query)

    def jobs_by_seq(self, seqs: Sequence[int]) -> list[Job]:
        """See `Searching.jobs_by_seq`."""
        with self._reading():
            return self._searching.jobs_by_seq(seqs)

    def ids_by_seq(self, seqs: Sequence[int]) -> list[str]:
        """See `Searching.ids_by_seq`."""
        with self._reading():
            return self._searching.ids_by_seq(seqs)

    def status_counts(self) -> dict[JobStatus, int]:
        """See `Searching.status_counts`."""
        with self._reading():
            return self._searching.status_counts()

    def interrupt(self) -> None:
        """End the search that is running in another thread; see `Searching.interrupt`."""
        self._searching.interrupt()

    def count(self) -> int:
        """How many jobs the history shows."""
        row = self._connection.execute("SELECT count(*) FROM jobs WHERE deleted_at IS NULL").fetchone()
        return int(row[0])

    def changes_since(self, revision: int) -> list[Job]:
        """Jobs that anybody changed after this revision, in the order of the changes."""
        return self._rows("revision > ? ORDER BY revision", (revision,))

    def revision(self) -> int:
        """The revision of the newest change."""
        return self._next_revision() - 1

    def data_version(self) -> int:
        """Changes when another connection commits (`PRAGMA data_version`)."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def ledger(self, since: float, profile: str) -> Ledger:
        """What the attempts since then cost, and what the held jobs would."""
        with self._reading():
            return self._ledger(since, profile)

    def spending(self, profile: str) -> Spending:
        """What every attempt cost, by slices of a day, and what the held jobs would."""
        with self._reading():
            return read_spending(self._connection, profile)

    def get_meta(self, name: str) -> str | None:
        """A stored word about the whole (paused, salt, ...)."""
        with self._reading():
            row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, name: str, value: str | None) -> None:
        """Store or forget a word about the whole."""
        with self._transaction():
            if value is None:
                self._connection.execute("DELETE FROM meta WHERE name = ?", (name,))
            else:
                self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def _apply_one(self, job_id: str, event: Event) -> Job:
        job = self._get(job_id)
        moved = advance(job, event)
        if moved == job:
            return job
        moved = replace(moved, revision=self._next_revision())
        try:
            self._connection.execute(_UPDATE, changing_row(moved))
        except sqlite3.IntegrityError as error:
            raise self._taken(moved) from error
        self._end_attempt(job, event)
        return moved

    def _taken(self, job: Job) -> RequestIdTaken:
        row = self._connection.execute("SELECT id FROM jobs WHERE request_id = ?", (job.request_id,)).fetchone()
        owner = f"the job {row['id']}" if row else "another job"
        return RequestIdTaken(
            f"{owner} already owns this request id",
            advice="Each request at the vendor's console belongs to one job. Nothing was changed.",
        )

    def _insert_one(self, job: Job) -> Job:
        words = words_of(job.request.prompt)
        for _ in range(_ID_TRIES):
            if self._connection.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).fetchone() is None:
                revision = self._next_revision()
                row = to_row(job, words) | {"revision": revision}
                seq = int(self._connection.execute(_INSERT, row).lastrowid or 0)
                index_words(self._connection, seq, words)
                return replace(job, seq=seq, revision=revision)
            job = replace(job, id=new_id())
        raise StoreError("no free job id was found")

    def _end_attempt(self, job: Job, event: Event) -> None:
        if job.attempt_id is None:
            return
        ended_at: float | None
        words: str | None
        match event:
            case Accepted() | Adopted():
                ended_at, words = event.at, None
            case Refused() | Doubted():
                ended_at, words = event.at, event.error
            case NotAccepted():
                ended_at, words = job.attempted_at, event.error
            case _:
                return
        self._connection.execute(
            "UPDATE attempts SET ended_at = ?, outcome = ?, words = ? WHERE attempt_id = ?",
            (ended_at, type(event).__name__, words, job.attempt_id),
        )

    def _ledger(self, since: float, profile: str) -> Ledger:
        counted = {charge.value: 0 for charge in _COUNTED}
        for charge, total in self._connection.execute(
            "SELECT charge, sum(price_microusd) FROM jobs"
            " WHERE attempted_at >= ? AND attempted_at IS NOT NULL AND profile = ? GROUP BY charge",
            (since, profile),
        ):
            counted[charge] = int(total)
        held_count, held = self._connection.execute(
            "SELECT count(*), coalesce(sum(price_microusd), 0) FROM jobs"
            " WHERE is_open = 1 AND status = 'HELD' AND profile = ?",
            (profile,),
        ).fetchone()
        return Ledger(
            spent_microusd=counted[Charge.SPENT.value],
            reserved_microusd=counted[Charge.RESERVED.value],
            at_risk_microusd=counted[Charge.AT_RISK.value],
            held_microusd=int(held),
            held_count=int(held_count),
        )

    def _next_revision(self) -> int:
        row = self._connection.execute("SELECT coalesce(max(revision), 0) + 1 FROM jobs").fetchone()
        return int(row[0])

    def _get(self, job_id: str) -> Job:
        rows = self._rows("id = ?", (job_id,))
        if not rows:
            raise UnknownJob(f"no job has the id {job_id}")
        return rows[0]

    def _rows(self, condition: str, parameters: Sequence[object] = ()) -> list[Job]:
        query = f"SELECT * FROM jobs WHERE {condition}"  # noqa: S608 -- conditions are ours, values are bound
        with self._reading():
            return [from_row(row) for row in self._connection.execute(query, parameters)]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self.fault(error, "the history cannot be read") from error
        except HistoryDamaged:
            self._suspect()
            raise

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self.fault(error, "the history cannot be written") from error
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                # What a damaged file cannot take back was never committed.
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self.fault(error, "the history cannot be written") from error
            raise


def open_read_only(path: Path) -> JobStore | None:
    """The history for a reader, or None where there is none yet; it is never made. Raises `StoreError`."""
    require_unmarked(path)
    if not path.exists():
        return None
    try:
        return JobStore(path, read_only=True)
    except HistoryUnmade:
        return None
