"""Whether one job answers a search: the same answer as the history's SQL gives."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from krea_tui.domain.job import Job
from krea_tui.domain.ordering import reference_count
from krea_tui.domain.standing import standing_of
from krea_tui.domain.terms import (
    Comparison,
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

_COMPARE: Final[dict[Comparison, Callable[[int, int], bool]]] = {
    Comparison.OVER: operator.gt,
    Comparison.AT_LEAST: operator.ge,
    Comparison.UNDER: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.EXACTLY: operator.eq,
}


def matches(terms: tuple[Term, ...], job: Job) -> bool:
    """Whether every term holds for this job; a deleted one only where deleted ones are asked for."""
    if job.deleted_at is not None and not shows_deleted(terms):
        return False
    return all(_holds(term, job) for term in terms)


def _holds(term: Term, job: Job) -> bool:  # noqa: C901, PLR0911 -- one arm for each term
    match term:
        case Not(other):
            return not _holds(other, job)
        case Word(words):
            return _in_one(words) in _folded(job.request.prompt)
        case HasStatus(statuses):
            return job.status in statuses
        case HasAspectRatio(aspect_ratio):
            return job.request.aspect_ratio is aspect_ratio
        case HasCreativity(creativity):
            return job.request.creativity is creativity
        case HasSeed(seed):
            return job.request.seed == seed
        case HasReferences(wanted):
            return (reference_count(job) > 0) is wanted
        case HasTag(start):
            return any(tag.startswith(start) for tag in job.tags)
        case Costs(comparison, microusd):
            return _COMPARE[comparison](job.price_microusd, microusd)
        case CreatedSince(at):
            return job.created_at >= at
        case CreatedBefore(at):
            return job.created_at < at
        case IdStartsWith(start):
            return job.id.startswith(start)
        case InBatch(batch_id):
            return job.batch_id == batch_id
        case Is(standing):
            return bool(standing_of(job) & standing.value)


@lru_cache(maxsize=1_024)
def _folded(prompt: str) -> str:
    return _in_one(words_of(prompt))


def _in_one(words: tuple[str, ...]) -> str:
    """The words with a blank before each: words that follow each other, the last cut short, are a part of this."""
    return "".join(f" {word}" for word in words)
