"""A view as SQL that yields the `seq` of its jobs in its order; every value is bound, none is spliced in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from krea_tui.domain.ordering import ASPECT_RATIO_RANK, CREATIVITY_RANK, STATUS_RANK, SortKey, View
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


@dataclass(frozen=True, slots=True)
class Selection:
    """A SELECT of `seq`, without a limit, and what is bound in it."""

    sql: str
    parameters: tuple[object, ...]


class _Condition(NamedTuple):
    sql: str
    values: tuple[object, ...] = ()


_SCAN: Final = "jobs_scan"
_FOUND: Final = "SELECT rowid AS seq FROM job_words WHERE job_words MATCH ?"
# Led by the words: in the order of `seq` already, and each job looked up in the one index that has all the rest.
_BY_WORDS: Final = "job_words CROSS JOIN jobs INDEXED BY jobs_scan ON jobs.seq = job_words.rowid"
_DELETED: Final = "SELECT seq FROM jobs INDEXED BY jobs_deleted WHERE deleted_at IS NOT NULL"


def select_of(view: View) -> Selection:
    """The jobs of a view."""
    index = _index_for(view.terms)
    match = _match(view.terms)
    if match and index == _SCAN:
        rest = [term for term in view.terms if not _is_word(term)]
        if not rest and view.ordering.key is SortKey.CREATED:
            return Selection(f"{_FOUND} AND rowid NOT IN ({_DELETED}) ORDER BY rowid {_way(view)}", (match,))
        source = _BY_WORDS
        conditions = [_Condition("job_words MATCH ?", (match,)), *map(_condition, rest)]
    else:
        source = f"jobs INDEXED BY {index}" if index else "jobs"
        conditions = list(map(_condition, view.terms))
    where = " AND ".join([_scope(view.terms), *(condition.sql for condition in conditions)])
    sql = f"SELECT seq FROM {source} WHERE {where} ORDER BY {_order(view, source)}"  # noqa: S608 -- made of our own words
    return Selection(sql, tuple(value for condition in conditions for value in condition.values))


def _scope(terms: tuple[Term, ...]) -> str:
    return "deleted_at IS NOT NULL" if shows_deleted(terms) else "deleted_at IS NULL"


def _index_for(terms: tuple[Term, ...]) -> str | None:
    """The index that narrows a view down the most; None leaves it to SQLite, which knows the one of the ids."""
    kinds = {type(term) for term in terms}
    if IdStartsWith in kinds:
        return None
    if shows_deleted(terms):
        return "jobs_deleted"
    if InBatch in kinds:
        return "jobs_batch"
    return "jobs_tagged" if HasTag in kinds else _SCAN


def _match(terms: Sequence[Term]) -> str:
    """What FTS5 is asked where words lead: all that are wanted, less those that are not; empty without a wanted one."""
    wanted = [_phrase(term.words) for term in terms if isinstance(term, Word)]
    unwanted = [_phrase(term.term.words) for term in terms if isinstance(term, Not) and isinstance(term.term, Word)]
    if wanted and unwanted:
        return f"({' AND '.join(wanted)}) NOT ({' OR '.join(unwanted)})"
    return " AND ".join(wanted)


def _is_word(term: Term) -> bool:
    return isinstance(term.term if isinstance(term, Not) else term, Word)


def _phrase(words: tuple[str, ...]) -> str:
    """These words one behind the other, the last by its beginning: letters, digits and blanks in quotes, no syntax."""
    return f'"{" ".join(words)}" *'


def _condition(term: Term) -> _Condition:  # noqa: C901, PLR0911, PLR0912 -- one arm for each
    match term:
        case Not(Word(words)):
            return _Condition(f"+seq NOT IN ({_FOUND})", (_phrase(words),))
        case Not(other):
            condition = _condition(other)
            # What is not known does not hold.
            return _Condition(f"NOT coalesce(({condition.sql}), 0)", condition.values)
        case Word(words):
            # The plus keeps SQLite from looking up each of perhaps many jobs.
            return _Condition(f"+seq IN ({_FOUND})", (_phrase(words),))
        case HasStatus(statuses):
            return _Condition(
                f"status IN ({', '.join('?' for _ in statuses)})", tuple(status.value for status in statuses)
            )
        case HasAspectRatio(aspect_ratio):
            return _Condition("aspect_ratio = ?", (aspect_ratio.value,))
        case HasCreativity(creativity):
            return _Condition("creativity = ?", (creativity.value,))
        case HasSeed(seed):
            return _Condition("seed = ?", (seed,))
        case HasReferences(wanted):
            return _Condition("(reference_count > 0) = ?", (int(wanted),))
        case HasTag(start):
            tagged = "SELECT 1 FROM json_each(tags) WHERE substr(value, 1, length(?)) = ?"
            return _Condition(f"tags <> '[]' AND EXISTS ({tagged})", (start, start))
        case Costs(comparison, microusd):
            return _Condition(f"price_microusd {comparison.value} ?", (microusd,))
        case CreatedSince(at):
            return _Condition("created_at >= ?", (at,))
        case CreatedBefore(at):
            return _Condition("created_at < ?", (at,))
        case IdStartsWith(start):
            return _Condition("id GLOB ?", (f"{start}*",))
        case InBatch(batch_id):
            return _Condition("batch_id = ?", (batch_id,))
        case Is(standing):
            return _Condition("standing & ? <> 0", (standing.value,))


def _order(view: View, source: str) -> str:
    way = _way(view)
    match view.ordering.key:
        case SortKey.CREATED:
            # The same number; but words that lead come in the order of their own one only.
            return f"job_words.rowid {way}" if source == _BY_WORDS else f"seq {way}"
        case SortKey.STATUS:
            value = _rank("status", STATUS_RANK)
        case SortKey.ASPECT_RATIO:
            value = _rank("aspect_ratio", ASPECT_RATIO_RANK)
        case SortKey.CREATIVITY:
            value = _rank("creativity", CREATIVITY_RANK)
        case key:
            value = _COLUMN_OF[key]
    return f"{value} {way} NULLS LAST, seq DESC"


def _way(view: View) -> str:
    return "DESC" if view.ordering.descending else "ASC"


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
