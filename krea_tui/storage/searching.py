"""Reading the history by a view: the seqs of all its jobs, and the jobs behind some of them."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Final

from krea_tui.domain.errors import SearchInterrupted
from krea_tui.domain.job import Job, JobStatus
from krea_tui.storage.faults import code_of
from krea_tui.storage.query import Selection
from krea_tui.storage.rows import from_row

# Of a list of seqs each is looked up; the order of the list is kept.
_JOBS: Final = "SELECT jobs.* FROM json_each(?) AS wanted CROSS JOIN jobs ON jobs.seq = wanted.value"
_IDS: Final = (
    "SELECT json_group_array(id) FROM"
    " (SELECT jobs.id AS id FROM json_each(?) AS wanted CROSS JOIN jobs ON jobs.seq = wanted.value LIMIT -1)"
)
_BY_ID: Final = (
    "SELECT jobs.* FROM json_each(?) AS wanted CROSS JOIN jobs ON jobs.id = wanted.value ORDER BY jobs.seq DESC"
)
_TAGS: Final = (
    "SELECT tag.value FROM jobs INDEXED BY jobs_tagged, json_each(jobs.tags) AS tag"
    " WHERE jobs.tags != '[]' AND deleted_at IS NULL GROUP BY tag.value ORDER BY count(*) DESC, tag.value"
)
_COUNTS: Final = "SELECT status, count(*) FROM jobs INDEXED BY jobs_status WHERE deleted_at IS NULL GROUP BY status"


class Searching:
    """Searches over one connection, in the thread of that connection; `interrupt` may be called from any other."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Keep the connection, which stays its maker's to close."""
        self._connection = connection
        # What is sorted fits into memory; files for it would cost more than the sorting.
        connection.execute("PRAGMA temp_store=MEMORY")
        self._lock = Lock()
        self._is_running = False
        self._is_interrupted = False

    def interrupt(self) -> None:
        """End the search that is running right now with `SearchInterrupted`; a later one is never hit."""
        with self._lock:
            if self._is_running:
                self._is_interrupted = True
                self._connection.interrupt()

    def page(self, query: Selection, limit: int | None) -> list[Job]:
        """The first jobs of a query, all of them where there is no limit."""
        with self._interruptible():
            return self.jobs_by_seq(self._seqs(query, limit))

    def order(self, query: Selection) -> array[int]:
        """The seq of every job of a query, in its order."""
        with self._interruptible():
            return self._seqs(query, None)

    def jobs_by_seq(self, seqs: Sequence[int]) -> list[Job]:
        """The jobs with these seqs, in the order asked for; those that are not there are left out."""
        return [from_row(row) for row in self._connection.execute(_JOBS, (_json_of(seqs),))]

    def ids_by_seq(self, seqs: Sequence[int]) -> list[str]:
        """The ids of the jobs with these seqs, in the order asked for; those that are not there are left out."""
        [answer] = self._connection.execute(_IDS, (_json_of(seqs),)).fetchone()
        return [str(job_id) for job_id in json.loads(answer)]

    def jobs_by_id(self, job_ids: Iterable[str]) -> list[Job]:
        """The jobs with these ids, newest first; those that are not there are left out."""
        return [from_row(row) for row in self._connection.execute(_BY_ID, (json.dumps(list(job_ids)),))]

    def tags(self) -> list[str]:
        """Every tag of a job that is not deleted, the most used first."""
        return [str(tag) for (tag,) in self._connection.execute(_TAGS)]

    def status_counts(self) -> dict[JobStatus, int]:
        """How many jobs stand at each status, deleted ones left out; a status without any is left out."""
        return {JobStatus(status): int(count) for status, count in self._connection.execute(_COUNTS)}

    def _seqs(self, query: Selection, limit: int | None) -> array[int]:
        # As one row: each row that is fetched is a turn between this thread and the one that draws.
        # The limit keeps SQLite from dropping the order of the inner query.
        whole = f"SELECT json_group_array(seq) FROM ({query.sql} LIMIT ?)"  # noqa: S608 -- made by `storage.query`
        with self._lock:
            self._require_wanted()
        [answer] = self._connection.execute(whole, (*query.parameters, -1 if limit is None else limit)).fetchone()
        return array("q", json.loads(answer))

    def _require_wanted(self) -> None:
        if self._is_interrupted:
            raise SearchInterrupted("the search was ended for a newer one")

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        with self._lock:
            self._is_running, self._is_interrupted = True, False
        try:
            yield
        except sqlite3.OperationalError as error:
            if code_of(error) == sqlite3.SQLITE_INTERRUPT:
                raise SearchInterrupted("the search was ended for a newer one") from error
            raise
        finally:
            with self._lock:
                self._is_running = False


def _json_of(seqs: Sequence[int]) -> str:
    return json.dumps(list(seqs))
