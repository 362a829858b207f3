"""What makes the history searchable: the index of the prompts' words, and columns that follow from the rest of a row.

The words live in an FTS5 table without content of its own, one row for each job under the job's `seq`. It is given
the words as `domain.words` folds them, and a tokenizer that changes nothing about them, so that what SQLite finds and
what `domain.matching` says are the same.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from krea_tui.domain.errors import HistoryDamaged
from krea_tui.domain.words import words_of
from krea_tui.storage.rows import from_row, search_row

_WORDS: Final = """
CREATE VIRTUAL TABLE job_words USING fts5(words, content='', columnsize=0, tokenize='ascii', prefix='1 2')
"""
# The first answers every scan by itself; the others find few among many.
_INDEXES: Final = """
CREATE INDEX jobs_scan ON jobs (seq, standing, status, created_at, aspect_ratio, creativity, seed, reference_count,
    price_microusd, duration_s, prompt_key) WHERE deleted_at IS NULL;
CREATE INDEX jobs_status ON jobs (status) WHERE deleted_at IS NULL;
CREATE INDEX jobs_tagged ON jobs (seq) WHERE tags <> '[]';
CREATE INDEX jobs_deleted ON jobs (seq) WHERE deleted_at IS NOT NULL;
CREATE INDEX jobs_batch ON jobs (batch_id) WHERE batch_id IS NOT NULL;
"""
_FILLED: Final = ("standing", "duration_s", "seed", "aspect_ratio", "creativity", "reference_count", "prompt_key")
_FILL: Final = f"UPDATE jobs SET {', '.join(f'{name} = :{name}' for name in _FILLED)} WHERE id = :id"  # noqa: S608
_AT_ONCE: Final = 1_000


def index_words(connection: sqlite3.Connection, seq: int, words: tuple[str, ...]) -> None:
    """Let a new job be found by the words of its prompt; part of the caller's transaction."""
    connection.execute("INSERT INTO job_words (rowid, words) VALUES (?, ?)", (seq, " ".join(words)))


def read_all_words(connection: sqlite3.Connection) -> None:
    """Read the index of words from end to end; raises `sqlite3.Error` where it is damaged or gone."""
    connection.execute("CREATE VIRTUAL TABLE temp.every_word USING fts5vocab(main, job_words, instance)")
    connection.execute("SELECT count(*) FROM temp.every_word").fetchone()


def make_searchable(connection: sqlite3.Connection) -> None:
    """Make the tables and indexes of the search, and fill them with every job that is there; takes its time.

    A row that is damaged stays unfound: whoever reads it is told.
    """
    connection.execute(_WORDS)
    after = 0
    while rows := connection.execute(
        "SELECT * FROM jobs WHERE seq > ? ORDER BY seq LIMIT ?", (after, _AT_ONCE)
    ).fetchall():
        after = rows[-1]["seq"]
        for row in rows:
            try:
                job = from_row(row)
            except HistoryDamaged:
                continue
            words = words_of(job.request.prompt)
            connection.execute(_FILL, search_row(job, words))
            index_words(connection, job.seq, words)
    for statement in _INDEXES.split(";\n"):
        connection.execute(statement)
