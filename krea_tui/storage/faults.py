"""What SQLite says went wrong, told apart; and the mark that a damaged history carries until it is rebuilt."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from krea_tui.domain.errors import HistoryDamaged, HistoryLocked, StoreError

_MARK: Final = ".damaged"
# The low byte is the primary code; the others say more of the same (https://sqlite.org/rescode.html).
_PRIMARY: Final = 0xFF
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the error is Python's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & _PRIMARY


def store_error(error: sqlite3.Error, doing: str, advice: str = "") -> StoreError:
    """The typed error behind SQLite's; `doing` says what failed, as in `the history cannot be written`.

    What stands before the first colon is short enough for a status line.
    """
    code = code_of(error)
    if code in _DAMAGED:
        return HistoryDamaged(f"the history is damaged: {error}")
    if code in _LOCKED:
        return HistoryLocked(f"another program locks the history: {error}")
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            f"the disk is full: {doing}: {error}", advice="Make room on the disk; this goes on by itself."
        )
    return StoreError(f"{doing}: {error}", advice=advice)


def opening_error(error: sqlite3.Error, path: Path) -> StoreError:
    """The typed error of a history that opens but cannot be used: what lacks its tables is damaged too."""
    if code_of(error) == sqlite3.SQLITE_ERROR:
        return HistoryDamaged(f"the history is damaged: {error}")
    return store_error(error, f"the history {path} cannot be used")


def mark_of(database: Path) -> Path:
    """The file beside a history that says: do not open, it is (or may be) damaged."""
    return database.with_name(database.name + _MARK)


def suspect(database: Path) -> None:
    """Have the next engine examine the whole history before anybody uses it again."""
    # Where even this cannot be written, the damage shows itself again.
    with suppress(OSError):
        os.close(os.open(mark_of(database), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))


def require_unmarked(database: Path) -> None:
    """Raise `HistoryDamaged` while the history waits for its rescue."""
    if mark_of(database).exists():
        raise HistoryDamaged("the history is damaged: it waits for being examined and rebuilt")
