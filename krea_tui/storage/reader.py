"""Reading the history: jobs by id, by view and by change, and what they cost."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from krea_tui.domain.errors import HistoryDamaged, StoreError, UnknownJob
from krea_tui.domain.job import ID_ALPHABET, Charge, Job, JobStatus
from krea_tui.domain.money import Ledger
from krea_tui.domain.spending import Spending
from krea_tui.domain.text import clean_line
from krea_tui.storage.faults import opening_error, require_unmarked, store_error, suspect
from krea_tui.storage.query import Selection
from krea_tui.storage.rows import COLUMNS, from_row
from krea_tui.storage.schema import BUSY_TIMEOUT_MS, OnLong, connect, migrate, require_todays_shape
from krea_tui.storage.searching import Searching
from krea_tui.storage.spending import read_spending

_COUNTED: Final = (Charge.RESERVED, Charge.SPENT, Charge.AT_RISK)


class HistoryReader:
    """What the history in SQLite knows. Blocking; one instance belongs to one thread."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        timeout_ms: int = BUSY_TIMEOUT_MS,
        on_long: OnLong | None = None,
    ) -> None:
        """Open (and create or migrate, unless only to read) the history.

        `timeout_ms` is how long each step waits for another program's lock; `on_long` is told how many jobs have to be
        brought up to date where they are many. Raises `StoreError`: `HistoryDamaged`
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
                migrate(self._connection, on_long)
            self._connection.execute(f"SELECT {', '.join(COLUMNS)} FROM jobs LIMIT 0")  # noqa: S608 -- our own names
            self._connection.execute("SELECT rowid FROM job_words LIMIT 0")
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

    def jobs_by_id(self, job_ids: Iterable[str]) -> list[Job]:
        """See `Searching.jobs_by_id`."""
        with self._reading():
            return self._searching.jobs_by_id(job_ids)

    def status_counts(self) -> dict[JobStatus, int]:
        """See `Searching.status_counts`."""
        with self._reading():
            return self._searching.status_counts()

    def tags(self) -> list[str]:
        """See `Searching.tags`."""
        with self._reading():
            return self._searching.tags()

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
