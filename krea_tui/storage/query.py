"""A search query as a condition of SQL; every value is bound, none is spliced in."""

from __future__ import annotations

from collections.abc import Sequence

from krea_tui.domain.job import JobStatus
from krea_tui.domain.query import (
    CreatedSince,
    HasAspectRatio,
    HasCreativity,
    HasImage,
    HasSeed,
    HasStatus,
    IdStartsWith,
    IsStarred,
    NeedsDecision,
    Term,
    Word,
)


def condition_of(terms: Sequence[Term]) -> tuple[str, list[object]]:
    """The condition for `JobStore.search` and its parameters; every job where there are no terms."""
    conditions: list[str] = []
    parameters: list[object] = []
    for term in terms:
        condition, values = _one(term)
        conditions.append(condition)
        parameters += values
    return " AND ".join(conditions) or "1", parameters


def _one(term: Term) -> tuple[str, list[object]]:  # noqa: PLR0911 -- one arm for each term
    match term:
        case Word(text):
            return r"prompt LIKE ? ESCAPE '\'", [f"%{_literal(text)}%"]
        case HasStatus(statuses):
            marks = ", ".join("?" for _ in statuses)
            return f"status IN ({marks})", [status.value for status in statuses]
        case HasAspectRatio(aspect_ratio):
            return "json_extract(body, '$.aspect_ratio') = ?", [aspect_ratio.value]
        case HasCreativity(creativity):
            return "json_extract(body, '$.creativity') = ?", [creativity.value]
        case HasSeed(seed):
            return "json_extract(body, '$.seed') = ?", [seed]
        case CreatedSince(at):
            return "created_at >= ?", [at]
        case IdStartsWith(start):
            return "id GLOB ?", [f"{start}*"]
        case IsStarred():
            return "starred = 1", []
        case HasImage():
            return "EXISTS (SELECT 1 FROM json_each(pictures) WHERE json_extract(value, '$.state') = 'SAVED')", []
        case NeedsDecision():
            return "status = ? AND settled_at IS NULL", [JobStatus.UNCONFIRMED.value]


def _literal(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
