"""A view as SQL that yields the `seq` of its jobs in its order; every value is bound, none is spliced in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from krea_tui.domain.ordering import ASPECT_RATIO_RANK, CREATIVITY_RANK, STATUS_RANK, SortKey, View
from krea_tui.domain.standing import Standing
from krea_tui.domain.terms import (
    Costs,
    CreatedBefore,
    CreatedSince,
    HasAspectRatio,
    HasCreativity,
    HasReferences,
    HasSeed,
    HasStatus,
    HasTag,
    IdStartsWith,
    InBatch,
    Is,
    Not,
    Term,
    Word,
    shows_deleted,
)
from krea_tui.domain.words import words_of


@dataclass(frozen=True, slots=True)
class Selection:
    """A SELECT of `seq`, without a limit, and what is bound in it."""

    sql: str
    parameters: tuple[object, ...]


_FOUND: Final = "SELECT rowid FROM job_words WHERE job_words MATCH ?"
# Standings that only an open job can have, for which there is an index of few rows.
_OPEN: Final = Standing.ACTIVE | Standing.RUNNING | Standing.HELD | Standing.DECISION


def select_of(view: View) -> Selection:
    """The jobs of a view."""
    conditions: list[str] = [_scope(view.terms)]
    parameters: list[object] = []
    wanted = [words for term in view.terms if isinstance(term, Word) and (words := words_of(term.text))]
    if wanted:
        conditions.append(f"seq IN ({_FOUND})")
        parameters.append(" AND ".join(map(_phrase, wanted)))
    for term in view.terms:
        if isinstance(term, Word):
            continue
        condition, values = _condition(term)
        conditions.append(condition)
        parameters += values
    source, where = _source(view.terms), " AND ".join(conditions)
    sql = f"SELECT seq FROM jobs{source} WHERE {where} ORDER BY {_order(view)}"  # noqa: S608 -- made of our own words
    return Selection(sql, tuple(parameters))


def _scope(terms: Sequence[Term]) -> str:
    return "deleted_at IS NOT NULL" if shows_deleted(tuple(terms)) else "deleted_at IS NULL"


def _source(terms: Sequence[Term]) -> str:
    return ""


def _condition(term: Term) -> tuple[str, list[object]]:  # noqa: C901, PLR0911 -- one arm for each term
    match term:
        case Not(other):
            condition, values = _condition(other)
            # What is not known does not hold.
            return f"NOT coalesce(({condition}), 0)", values
        case Word(text):
            words = words_of(text)
            return (f"seq IN ({_FOUND})", [_phrase(words)]) if words else ("1", [])
        case HasStatus(statuses):
            return f"status IN ({', '.join('?' for _ in statuses)})", [status.value for status in statuses]
        case HasAspectRatio(aspect_ratio):
            return "aspect_ratio = ?", [aspect_ratio.value]
        case HasCreativity(creativity):
            return "creativity = ?", [creativity.value]
        case HasSeed(seed):
            return "seed = ?", [seed]
        case HasReferences(wanted):
            return "(reference_count > 0) = ?", [int(wanted)]
        case HasTag(start):
            tagged = "SELECT 1 FROM json_each(tags) WHERE substr(value, 1, length(?)) = ?"
            return f"tags <> '[]' AND EXISTS ({tagged})", [start, start]
        case Costs(comparison, microusd):
            return f"price_microusd {comparison.value} ?", [microusd]
        case CreatedSince(at):
            return "created_at >= ?", [at]
        case CreatedBefore(at):
            return "created_at < ?", [at]
        case IdStartsWith(start):
            return "id GLOB ?", [f"{start}*"]
        case InBatch(batch_id):
            return "batch_id = ?", [batch_id]
        case Is(standing):
            return "standing & ? <> 0", [int(standing)]


def _phrase(words: tuple[str, ...]) -> str:
    """FTS5's words for these one behind the other, the last by its beginning: letters and digits in quotes alone."""
    return f'"{" ".join(words)}" *'


def _order(view: View) -> str:
    way = "DESC" if view.ordering.descending else "ASC"
    match view.ordering.key:
        case SortKey.CREATED:
            return f"seq {way}"
        case SortKey.STATUS:
            value = _rank("status", STATUS_RANK)
        case SortKey.ASPECT_RATIO:
            value = _rank("aspect_ratio", ASPECT_RATIO_RANK)
        case SortKey.CREATIVITY:
            value = _rank("creativity", CREATIVITY_RANK)
        case key:
            value = _COLUMN_OF[key]
    return f"{value} {way} NULLS LAST, seq DESC"


def _rank(column: str, values: Iterable[StrEnum]) -> str:
    arms = " ".join(f"WHEN '{value.value}' THEN {rank}" for rank, value in enumerate(values))
    return f"CASE {column} {arms} END"


_COLUMN_OF: Final = {
    SortKey.DURATION: "duration_s",
    SortKey.PROMPT: "prompt_key",
    SortKey.SEED: "seed",
    SortKey.REFERENCES: "reference_count",
    SortKey.PRICE: "price_microusd",
}
