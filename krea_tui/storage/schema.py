"""The database's shape, and how an older one becomes today's (`PRAGMA user_version`)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from krea_tui.domain.errors import HistoryUnmade, StoreError
from krea_tui.storage.faults import store_error
from krea_tui.storage.indexing import make_searchable

BUSY_TIMEOUT_MS: Final = 10_000
_ADVICE: Final = "Check the folder's permissions and the free space, or choose another with --data-dir."

_V1: Final = """
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    is_open INTEGER NOT NULL,
    charge TEXT NOT NULL,
    prompt TEXT NOT NULL,
    body TEXT NOT NULL,
    price_microusd INTEGER NOT NULL,
    price_is_estimate INTEGER NOT NULL,
    profile TEXT NOT NULL,
    created_at REAL NOT NULL,
    batch_id TEXT,
    accepted_by TEXT NOT NULL,
    retry_of TEXT,
    status TEXT NOT NULL,
    hold_reason TEXT,
    not_before REAL NOT NULL,
    not_sent_count INTEGER NOT NULL,
    attempt_id TEXT,
    attempted_at REAL,
    key_fingerprint TEXT,
    request_id TEXT,
    polling_url TEXT,
    submitted_at REAL,
    answered_at REAL,
    completed_at REAL,
    last_checked_at REAL,
    recheck_at REAL,
    gateway_status TEXT,
    gateway_created_at TEXT,
    gateway_updated_at TEXT,
    gateway_completed_at TEXT,
    model_id TEXT,
    media_type TEXT,
    error TEXT,
    denials INTEGER NOT NULL,
    denied_since REAL,
    no_picture_since REAL,
    gave_up_at REAL,
    deleted_at REAL,
    muted INTEGER NOT NULL,
    starred INTEGER NOT NULL,
    pictures TEXT NOT NULL
);
CREATE UNIQUE INDEX jobs_request_id ON jobs (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX jobs_revision ON jobs (revision);
CREATE INDEX jobs_open ON jobs (seq) WHERE is_open = 1;
CREATE INDEX jobs_attempted ON jobs (attempted_at, profile, charge, price_microusd) WHERE attempted_at IS NOT NULL;
CREATE TABLE attempts (
    attempt_id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    body TEXT NOT NULL,
    price_microusd INTEGER NOT NULL,
    key_fingerprint TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL,
    outcome TEXT,
    words TEXT
) WITHOUT ROWID;
CREATE INDEX attempts_job ON attempts (job_id);
"""

_V2: Final = """
ALTER TABLE jobs ADD COLUMN adopted_at REAL;
ALTER TABLE jobs ADD COLUMN settled_at REAL;
"""

# The rest of this version is made by `indexing`.
_V3: Final = """
ALTER TABLE jobs ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN duration_s REAL;
ALTER TABLE jobs ADD COLUMN seed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN aspect_ratio TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN creativity TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN reference_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN prompt_key TEXT NOT NULL DEFAULT '';
"""


# Fewer are brought up to date before anybody could read that they are.
_MANY_JOBS: Final = 2_000
OnLong = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Migration:
    """Statements that bring the tables to the next version, and what is to be done with their rows after that."""

    script: str
    fill: Callable[[sqlite3.Connection], None] | None = None


_MIGRATIONS: Final = (Migration(_V1), Migration(_V2), Migration(_V3, make_searchable))


def connect(path: Path, *, read_only: bool = False, timeout_ms: int = BUSY_TIMEOUT_MS) -> sqlite3.Connection:
    """Open the history: WAL, every commit synced (`synchronous=FULL`), file 0600; raises `StoreError`.

    `read_only` makes no file and lets nothing be written. `timeout_ms` is how long each statement waits for a lock.
    """
    try:
        if not read_only:
            _create_private(path)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=timeout_ms / 1000,
        )
        try:
            connection.row_factory = sqlite3.Row
            if not read_only:
                connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
        except BaseException:
            connection.close()
            raise
        return connection
    except sqlite3.Error as error:
        raise store_error(error, f"the history {path} cannot be opened", _ADVICE) from error
    except OSError as error:
        raise StoreError(f"the history {path} cannot be opened: {error.strerror or error}", advice=_ADVICE) from error


def _create_private(path: Path) -> None:
    """Make the file where there is none, so that it never exists with wider permissions, not even for a moment.

    One that is there is left alone: closing a descriptor of it would drop the POSIX locks of every connection that
    this process holds, and the next process to leave would take the write-ahead log away under them.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def migrate(connection: sqlite3.Connection, on_long: OnLong | None = None) -> None:
    """Bring the database to today's shape, all or nothing; refuses one from a newer version.

    `on_long` is told the number of jobs where there are so many that it takes a while.
    """
    if _pending(connection) == ():
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        count = _job_count(connection)
        if on_long is not None and count >= _MANY_JOBS:
            on_long(count)
        # Another process may have migrated while this one waited for the lock.
        for migration in _pending(connection):
            _run(connection, migration.script)
            if migration.fill is not None:
                migration.fill(connection)
        # In one step, so that no reader ever meets a shape between two versions.
        connection.execute(f"PRAGMA user_version={len(_MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _job_count(connection: sqlite3.Connection) -> int:
    """About as many as there are; none in a database without a table."""
    if _version(connection) == 0:
        return 0
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM jobs").fetchone()[0])


def make_tables(connection: sqlite3.Connection) -> None:
    """Today's tables alone: they lie on the same pages of the file in every history, however old."""
    for migration in _MIGRATIONS:
        _run(connection, migration.script)


def _run(connection: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _pending(connection: sqlite3.Connection) -> tuple[Migration, ...]:
    version = _version(connection)
    if version > len(_MIGRATIONS):
        raise _written_by_newer(version)
    return _MIGRATIONS[version:]


def has_todays_shape(connection: sqlite3.Connection) -> bool:
    """Whether this version made the database, or has brought it up to date."""
    return _version(connection) == len(_MIGRATIONS)


def require_todays_shape(connection: sqlite3.Connection) -> None:
    """Raise `StoreError` for a database that this version cannot read as it is; changes nothing.

    `HistoryUnmade` is one that another process has begun and not yet written.
    """
    version = _version(connection)
    if version == 0:
        raise HistoryUnmade("the history is being made right now", advice="Try again in a moment.")
    if version > len(_MIGRATIONS):
        raise _written_by_newer(version)
    if version < len(_MIGRATIONS):
        raise StoreError(
            f"the history is of an older version (schema {version}, needed here: {len(_MIGRATIONS)})",
            advice="Open krea-tui once: it brings the history up to date.",
        )


def _written_by_newer(version: int) -> StoreError:
    return StoreError(
        f"the history was written by a newer version (schema {version}, known here: {len(_MIGRATIONS)})",
        advice="Upgrade krea-tui, or choose another folder with --data-dir.",
    )


def _version(connection: sqlite3.Connection) -> int:
    row = connection.execute("PRAGMA user_version").fetchone()
    return int(row[0])
