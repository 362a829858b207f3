"""The search query: words of the prompt, and `key:value` terms that all must hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from krea_tui.domain.errors import UsageError
from krea_tui.domain.job import JobStatus
from krea_tui.domain.request import MAX_SEED, AspectRatio, Creativity

# A quoted phrase is plain text, whatever it looks like.
_TERM: Final = re.compile(r'"([^"]*)"|(\S+)')
_KEYED: Final = re.compile(r"([A-Za-z_]+):(?!//)(.*)", re.DOTALL)
_SPAN: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Word:
    """The prompt contains this text."""

    text: str


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
class CreatedSince:
    """Created at or after this moment (epoch seconds)."""

    at: float


@dataclass(frozen=True, slots=True)
class IdStartsWith:
    """The job's id begins so."""

    start: str


@dataclass(frozen=True, slots=True)
class IsStarred:
    """The person has starred it."""


@dataclass(frozen=True, slots=True)
class HasImage:
    """A picture of it is on disk."""


@dataclass(frozen=True, slots=True)
class NeedsDecision:
    """It may have been charged, and no person has said yet what became of it."""


Term = (
    Word
    | HasStatus
    | HasAspectRatio
    | HasCreativity
    | HasSeed
    | CreatedSince
    | IdStartsWith
    | IsStarred
    | HasImage
    | NeedsDecision
)


def parse_query(text: str, now: float) -> tuple[Term, ...]:
    """The terms of a query; `now` (epoch seconds) is what `since:7d` counts from. Raises `UsageError`."""
    terms: list[Term] = []
    for quoted, plain in _TERM.findall(text):
        keyed = _KEYED.fullmatch(plain) if plain else None
        if keyed is not None:
            terms.append(_keyed(keyed[1].lower(), keyed[2], now))
        elif quoted or plain:
            terms.append(Word(quoted or plain))
    return tuple(terms)


def _keyed(key: str, value: str, now: float) -> Term:
    if key == "since":
        return CreatedSince(_moment(value, now))
    reader = _READERS.get(key)
    if reader is None:
        known = ", ".join(f"{name}:" for name in sorted({*_READERS, "since"}))
        raise UsageError(
            f"there is no search key {key}:", advice=f"Keys are {known}. Quote a text with a colon: '\"{key}:...\"'."
        )
    return reader(value)


def _statuses(value: str) -> Term:
    found = []
    for word in value.upper().split(","):
        if word not in JobStatus.__members__:
            raise UsageError(
                f"status: {word.lower() or 'nothing'} is no status",
                advice=f"A status is one of {', '.join(status.value.lower() for status in JobStatus)}.",
            )
        found.append(JobStatus[word])
    return HasStatus(tuple(found))


def _aspect_ratio(value: str) -> Term:
    try:
        return HasAspectRatio(AspectRatio(value))
    except ValueError:
        raise UsageError(f"aspect: one of {', '.join(AspectRatio)}, not {value!r}") from None


def _creativity(value: str) -> Term:
    try:
        return HasCreativity(Creativity(value.lower()))
    except ValueError:
        raise UsageError(f"creativity: one of {', '.join(Creativity)}, not {value!r}") from None


def _seed(value: str) -> Term:
    if not re.fullmatch(r"[0-9]{1,10}", value) or int(value) > MAX_SEED:
        raise UsageError(f"seed: a whole number from 0 to {MAX_SEED}, not {value!r}")
    return HasSeed(int(value))


def _id(value: str) -> Term:
    if not (value.isascii() and value.isalnum()):
        raise UsageError(f"id: the start of a job's id, not {value!r}")
    return IdStartsWith(value.lower())


def _starred(value: str) -> Term:
    if value.lower() != "starred":
        raise UsageError(f"is: only is:starred is known, not is:{value}")
    return IsStarred()


def _image(value: str) -> Term:
    if value.lower() != "image":
        raise UsageError(f"has: only has:image is known, not has:{value}")
    return HasImage()


def _needs(value: str) -> Term:
    if value.lower() != "decision":
        raise UsageError(f"needs: only needs:decision is known, not needs:{value}")
    return NeedsDecision()


def _moment(value: str, now: float) -> float:
    if span := _SPAN.fullmatch(value.lower()):
        return now - int(span[1]) * _SECONDS[span[2]]
    try:
        # A date is the person's: the midnight of where they are.
        return datetime.fromisoformat(value).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"since: a span such as 12h, 7d or 2w, or a date, not {value!r}") from None


_READERS: Final[dict[str, Callable[[str], Term]]] = {
    "status": _statuses,
    "aspect": _aspect_ratio,
    "creativity": _creativity,
    "seed": _seed,
    "id": _id,
    "is": _starred,
    "has": _image,
    "needs": _needs,
}
