"""In which order jobs are shown, and the view: which jobs, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.request import AspectRatio, Creativity
from krea_tui.domain.words import words_of

if TYPE_CHECKING:
    from krea_tui.domain.terms import Term

_PROMPT_KEY_LENGTH: Final = 40


class SortKey(StrEnum):
    """What jobs can be sorted by."""

    CREATED = "created"
    STATUS = "status"
    DURATION = "duration"
    PROMPT = "prompt"
    ASPECT_RATIO = "aspect_ratio"
    CREATIVITY = "creativity"
    SEED = "seed"
    REFERENCES = "references"
    PRICE = "price"


# What moves first, then what waits, then what has ended; the good end before the bad ones.
STATUS_RANK: Final = (
    JobStatus.SENDING,
    JobStatus.PROCESSING,
    JobStatus.QUEUED,
    JobStatus.UNCONFIRMED,
    JobStatus.HELD,
    JobStatus.COMPLETED,
    JobStatus.FAILED,
    JobStatus.ERROR,
    JobStatus.NOT_FOUND,
    JobStatus.REJECTED,
    JobStatus.CANCELLED,
)
# From tall to wide.
ASPECT_RATIO_RANK: Final = tuple(sorted(AspectRatio, key=lambda ratio: ratio.width_by_height))
CREATIVITY_RANK: Final = tuple(Creativity)


@dataclass(frozen=True, slots=True)
class Ordering:
    """Jobs that are alike by the key stand newest first; what has no such value yet stands last, either way."""

    key: SortKey = SortKey.CREATED
    descending: bool = True

    def reversed(self) -> Ordering:
        """By the same key, the other way round."""
        return replace(self, descending=not self.descending)


NEWEST_FIRST: Final = Ordering()
# By these the largest is looked for, by the others the first of a row of things.
_LARGEST_FIRST: Final = frozenset({SortKey.CREATED, SortKey.DURATION, SortKey.REFERENCES, SortKey.PRICE})


def usual_ordering(key: SortKey) -> Ordering:
    """The way round in which this key is looked at first."""
    return Ordering(key, key in _LARGEST_FIRST)


@dataclass(frozen=True, slots=True)
class View:
    """Which jobs are shown, and in which order."""

    terms: tuple[Term, ...] = ()
    ordering: Ordering = NEWEST_FIRST


def duration_s(job: Job) -> float | None:
    """Seconds from the gateway's acceptance to the end; None while there is no end, or never was a beginning."""
    if job.submitted_at is None or job.completed_at is None:
        return None
    return max(0.0, job.completed_at - job.submitted_at)


def reference_count(job: Job) -> int:
    """How many references, styles and moodboards guide it."""
    request = job.request
    return len(request.image_style_references) + len(request.styles) + len(request.moodboards)


def prompt_key(words: tuple[str, ...]) -> str:
    """What a prompt of these words is sorted by: its folded beginning."""
    return " ".join(words)[:_PROMPT_KEY_LENGTH]


def sort_value(job: Job, key: SortKey) -> float | str | None:
    """What this job is sorted by; None is no value yet."""
    return _VALUE_OF[key](job)


_VALUE_OF: Final[Mapping[SortKey, Callable[[Job], float | str | None]]] = {
    SortKey.CREATED: lambda job: job.seq,
    SortKey.STATUS: lambda job: STATUS_RANK.index(job.status),
    SortKey.DURATION: duration_s,
    SortKey.PROMPT: lambda job: prompt_key(words_of(job.request.prompt)),
    SortKey.ASPECT_RATIO: lambda job: ASPECT_RATIO_RANK.index(job.request.aspect_ratio),
    SortKey.CREATIVITY: lambda job: CREATIVITY_RANK.index(job.request.creativity),
    SortKey.SEED: lambda job: job.request.seed,
    SortKey.REFERENCES: reference_count,
    SortKey.PRICE: lambda job: job.price_microusd,
}
