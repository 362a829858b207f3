"""What can still be read of a damaged history, row by row; the file itself is only read."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

from krea_tui.domain.errors import StoreError
from krea_tui.domain.job import Job
from krea_tui.storage.rows import from_row
from krea_tui.storage.schema import connect, make_tables

# A row has more than forty columns: a file of so many bytes cannot hold more rows.
_LEAST_ROW_BYTES: Final = 64
_SIZE_AT: Final = slice(28, 32)
_WAL: Final = "-wal"

Fields = dict[str, Any]


@dataclass(slots=True)
class Salvaged:
    """Jobs by id, attempts and words about the whole, as they were stored.

    `unreadable` counts rows of jobs that were there and could not be read, `request_ids` are all that an index knows,
    also of jobs that cannot be read any more.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    attempts: list[Fields] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    request_ids: set[str] = field(default_factory=set)
    unreadable: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing of a job was found."""
        return not (self.jobs or self.attempts or self.request_ids)


def salvage(path: Path, workshop: Path) -> Salvaged:
    """Read what can be read; `workshop` is a folder for copies, which are the caller's to remove.

    A file that SQLite refuses for its first page alone is read through a copy with a new first page.
    """
    found = _read(path)
    if found.is_empty:
        with suppress(OSError, StoreError, sqlite3.Error):
            found = _read(_with_new_first_page(path, workshop))
    return found


def _read(path: Path) -> Salvaged:
    found = Salvaged()
    with suppress(sqlite3.Error, OSError), closing(_connect(path)) as connection:
        _read_jobs(connection, _size(path), found)
        found.attempts = [row for row in _from_both_ends(connection, "attempts", "attempt_id") if _is_attempt(row)]
        for row in _from_both_ends(connection, "meta", "name"):
            if isinstance(row["name"], str) and isinstance(row["value"], str):
                found.meta[row["name"]] = row["value"]
        found.request_ids = {row["request_id"] for row in _request_ids(connection)}
    return found


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _size(path: Path) -> int:
    wal = path.with_name(path.name + _WAL)
    return path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


def _read_jobs(connection: sqlite3.Connection, size_bytes: int, found: Salvaged) -> None:
    for seq in range(1, _last_seq(connection, size_bytes // _LEAST_ROW_BYTES) + 1):
        try:
            row = connection.execute("SELECT * FROM jobs WHERE seq = ?", (seq,)).fetchone()
            if row is not None:
                job = from_row(NEWER_FIELDS | dict(row))
                _require_plausible(job)
                found.jobs[job.id] = job
        except (sqlite3.Error, StoreError, LookupError, ValueError):
            found.unreadable += 1


def _require_plausible(job: Job) -> None:
    """Raise `ValueError` where a field is not of its type: SQLite keeps whatever a damaged page says."""
    for name, kind in _TYPES.items():
        value = getattr(job, name)
        # A whole number of seconds is a time, too; True is no number.
        kinds = (*kind, int) if float in kind else kind
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kind):
            raise ValueError(f"{name} cannot be {type(value).__name__}")


# What a history that is older than today's columns has in their place.
NEWER_FIELDS: Final[Fields] = {
    **{entry.name: entry.default for entry in fields(Job) if entry.default is not MISSING},
    "tags": "[]",
}


_PLAIN_TYPES: Final = {str, int, float, bool, NoneType}
_HINTS: Final = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(Job).items()}
_TYPES: Final = {name: kinds for name, kinds in _HINTS.items() if set(kinds) <= _PLAIN_TYPES}


def _last_seq(connection: sqlite3.Connection, most: int) -> int:
    known = [0]
    for question in (
        "SELECT max(seq) FROM jobs",
        "SELECT seq FROM sqlite_sequence WHERE name = 'jobs'",
        "SELECT max(seq) FROM jobs INDEXED BY jobs_revision",
    ):
        with suppress(sqlite3.Error, TypeError, ValueError):
            known.append(int(connection.execute(question).fetchone()[0]))
    return min(max(known), most)


def _from_both_ends(connection: sqlite3.Connection, table: str, key: str) -> Iterator[Fields]:
    """Every row up to the first fault, from the front and from the back."""
    seen: set[object] = set()
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error):
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY {key} {order}"):  # noqa: S608 -- our names
                if row[key] in seen:
                    break
                yield dict(row)
                if order == "ASC":
                    seen.add(row[key])


def _request_ids(connection: sqlite3.Connection) -> Iterator[Fields]:
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error):
            # The index alone answers this: it may be whole where the table is not.
            for row in connection.execute(
                "SELECT request_id FROM jobs INDEXED BY jobs_request_id"  # noqa: S608 -- the order is ours
                f" WHERE request_id IS NOT NULL ORDER BY request_id {order}"
            ):
                if isinstance(row["request_id"], str):
                    yield dict(row)


def _is_attempt(row: Fields) -> bool:
    return (
        isinstance(row.get("attempt_id"), str)
        and isinstance(row.get("job_id"), str)
        and isinstance(row.get("body"), str)
        and isinstance(row.get("price_microusd"), int)
        and isinstance(row.get("started_at"), float)
    )


def _with_new_first_page(path: Path, workshop: Path) -> Path:
    """A copy whose first page (header and schema) is that of a new history: the tables' pages lie where they did."""
    template, copy = workshop / "template.db", workshop / "copy.db"
    with closing(connect(template)) as connection:
        make_tables(connection)
    shutil.copyfile(path, copy)
    wal = path.with_name(path.name + _WAL)
    if wal.exists():
        shutil.copyfile(wal, copy.with_name(copy.name + _WAL))
    with closing(_connect(template)) as connection:
        page_bytes = int(connection.execute("PRAGMA page_size").fetchone()[0])
    first = bytearray(template.read_bytes()[:page_bytes])
    first[_SIZE_AT] = (copy.stat().st_size // page_bytes).to_bytes(4)
    with copy.open("r+b") as file:
        file.write(first)
    return copy
