"""What a search can ask of a job. Text becomes terms in `query`; `matching` and the history's SQL answer them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from krea_tui.domain.job import JobStatus
from krea_tui.domain.request import AspectRatio, Creativity
from krea_tui.domain.standing import Standing


class Comparison(StrEnum):
    """How an amount is compared with another."""

    OVER = ">"
    AT_LEAST = ">="
    UNDER = "<"
    AT_MOST = "<="
    EXACTLY = "="


@dataclass(frozen=True, slots=True)
class Word:
    """The prompt has these words one behind the other, the last at least by its beginning.

    They are as `words_of` makes them, at least one.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what would match everything here and nothing there."""
        if not self.words:
            raise ValueError("a word is needed")


@dataclass(frozen=True, slots=True)
class HasStatus:
    """The job stands at one of these."""

    statuses: tuple[JobStatus, ...]


@dataclass(frozen=True, slots=True)
class HasAspectRatio:
    """The request's aspect ratio."""

    aspect_ratio: AspectRatio


@dataclass(frozen=True, slots=True)
class HasCreativity:
    """The request's creativity."""

    creativity: Creativity


@dataclass(frozen=True, slots=True)
class HasSeed:
    """The request's seed."""

    seed: int


@dataclass(frozen=True, slots=True)
class HasReferences:
    """Whether any reference, style or moodboard guides it."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class HasTag:
    """One of its tags begins so (folded as tags are)."""

    start: str


@dataclass(frozen=True, slots=True)
class Costs:
    """Its price against an amount in micro-dollars."""

    comparison: Comparison
    microusd: int


@dataclass(frozen=True, slots=True)
class CreatedSince:
    """Created at or after this moment (epoch seconds)."""

    at: float


@dataclass(frozen=True, slots=True)
class CreatedBefore:
    """Created before this moment (epoch seconds)."""

    at: float


@dataclass(frozen=True, slots=True)
class IdStartsWith:
    """The job's id begins so."""

    start: str


@dataclass(frozen=True, slots=True)
class InBatch:
    """It was sent as part of the batch with this id."""

    batch_id: str


@dataclass(frozen=True, slots=True)
class Is:
    """It stands so."""

    standing: Standing


@dataclass(frozen=True, slots=True)
class Not:
    """The other term does not hold."""

    term: PlainTerm


PlainTerm = (
    Word
    | HasStatus
    | HasAspectRatio
    | HasCreativity
    | HasSeed
    | HasReferences
    | HasTag
    | Costs
    | CreatedSince
    | CreatedBefore
    | IdStartsWith
    | InBatch
    | Is
)
Term = PlainTerm | Not


def shows_deleted(terms: tuple[Term, ...]) -> bool:
    """Whether the search is for deleted jobs; every other search leaves them out."""
    return Is(Standing.DELETED) in terms
