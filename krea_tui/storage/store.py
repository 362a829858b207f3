"""The history: every step of every job, each in one transaction that is on disk before anything is shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from krea_tui.domain.errors import (
    HistoryUnmade,
    ImpossibleTransition,
    NotClaimed,
    RequestIdTaken,
    StoreError,
    UnknownJob,
)
from krea_tui.domain.events import Accepted, Adopted, Claimed, Doubted, Event, NotAccepted, Refused, SentAgain
from krea_tui.domain.job import Job, JobStatus, Marks, new_id
from krea_tui.domain.lifecycle import advance
from krea_tui.domain.money import CapReached, DailyCap
from krea_tui.domain.words import words_of
from krea_tui.storage.faults import require_unmarked
from krea_tui.storage.indexing import index_words
from krea_tui.storage.reader import HistoryReader
from krea_tui.storage.rows import CHANGING, COLUMNS, body_text, changing_row, to_row

_INSERT: Final = f"INSERT INTO jobs ({', '.join(COLUMNS)}) VALUES ({', '.join(':' + c for c in COLUMNS)})"  # noqa: S608
_UPDATE: Final = f"UPDATE jobs SET {', '.join(f'{c} = :{c}' for c in CHANGING)} WHERE id = :id"  # noqa: S608
_ID_TRIES: Final = 5


class JobStore(HistoryReader):
    """The history in SQLite, read and written. Blocking; one instance belongs to one thread."""

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
