"""Text as a search: words of the prompt, and `key:value` terms, all of which must hold; `-` before one negates it.

`parse_query` is strict, for the command line. `parse_filter` reads what is still being typed: what cannot be
understood yet is left out and reported, and the beginning of a value stands for the one value that begins so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from krea_tui.domain.errors import UsageError
from krea_tui.domain.job import JobStatus
from krea_tui.domain.pricing import MICRO
from krea_tui.domain.request import MAX_SEED, AspectRatio, Creativity
from krea_tui.domain.standing import Standing
from krea_tui.domain.tags import tag_start
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
    PlainTerm,
    Term,
    Word,
)
from krea_tui.domain.words import words_of

MAX_TERMS: Final = 60
# The words behind `is:`, `has:` and `needs:`.
IS_WORDS: Final[Mapping[str, Standing]] = {
    "starred": Standing.STARRED,
    "active": Standing.ACTIVE,
    "running": Standing.RUNNING,
    "held": Standing.HELD,
    "done": Standing.DONE,
    "failed": Standing.FAILED,
    "muted": Standing.MUTED,
    "deleted": Standing.DELETED,
}
HAS_WORDS: Final[Mapping[str, Standing]] = {"image": Standing.IMAGE}
NEEDS_WORDS: Final[Mapping[str, Standing]] = {"decision": Standing.DECISION}
_REF_WORDS: Final[Mapping[str, bool]] = {"yes": True, "no": False}

# A quoted phrase is plain text, whatever it looks like; one that is not closed yet reaches to the end.
_TOKEN: Final = re.compile(r'(?P<minus>-?)(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S+))')
_KEYED: Final = re.compile(r"([A-Za-z_]+):(?!//)(.*)", re.DOTALL)
_SPAN: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_COST: Final = re.compile(r"(>=|<=|>|<|=)?\$?([0-9]{1,9}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})")
_ID: Final = re.compile(r"[0-9A-Za-z]+")

V = TypeVar("V")


class Trouble(NamedTuple):
    """A part of a query's text (`start` to `end`) that says nothing yet, or nothing known, and why."""

    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Filter:
    """The terms that were understood, and what was not."""

    terms: tuple[Term, ...] = ()
    trouble: tuple[Trouble, ...] = ()


class _Reading(NamedTuple):
    """How values are read: what `since:7d` counts from, and whether a beginning stands for the whole."""

    now: float
    is_loose: bool


def parse_query(text: str, now: float) -> tuple[Term, ...]:
    """The terms of a query; `now` (epoch seconds) is what `since:7d` counts from. Raises `UsageError`."""
    terms = tuple(dict.fromkeys(_term(token, _Reading(now, is_loose=False)) for token in _TOKEN.finditer(text)))
    if len(terms) > MAX_TERMS:
        raise UsageError(f"{len(terms)} terms: a query takes at most {MAX_TERMS}")
    return terms


def parse_filter(text: str, now: float) -> Filter:
    """What can be understood of a text that is still being typed; never raises."""
    terms: dict[Term, None] = {}
    trouble: list[Trouble] = []
    for token in _TOKEN.finditer(text):
        try:
            term = _term(token, _Reading(now, is_loose=True))
        except UsageError as error:
            trouble.append(Trouble(*token.span(), str(error)))
            continue
        if term not in terms and len(terms) == MAX_TERMS:
            trouble.append(Trouble(token.start(), len(text), f"a query takes at most {MAX_TERMS} terms"))
            break
        terms[term] = None
    return Filter(tuple(terms), tuple(trouble))


def _term(token: re.Match[str], reading: _Reading) -> Term:
    plain = token["plain"] or ""
    keyed = _KEYED.fullmatch(plain)
    term = _keyed(keyed[1].lower(), keyed[2].strip('"'), reading) if keyed else _word(token["quoted"] or plain)
    return Not(term) if token["minus"] else term


def _word(text: str) -> Word:
    words = words_of(text)
    if not words:
        raise UsageError(f"there is no word in {text[:40]!r}")
    return Word(words)


def _keyed(key: str, value: str, reading: _Reading) -> PlainTerm:
    reader = _READERS.get(key)
    if reader is None:
        known = ", ".join(f"{name}:" for name in sorted(_READERS))
        raise UsageError(
            f"there is no search key {key}:", advice=f"Keys are {known}. Quote a text with a colon: '\"{key}:...\"'."
        )
    return reader(value, reading)


def _chosen(key: str, value: str, choices: Mapping[str, V], reading: _Reading) -> list[tuple[str, V]]:
    """The choice of this name, else all that begin so where that is enough; raises `UsageError` for none."""
    name = value.lower()
    if name in choices:
        return [(name, choices[name])]
    found = [choice for choice in choices.items() if choice[0].startswith(name)] if reading.is_loose and name else []
    if not found:
        raise UsageError(f"{key}: one of {_listed(choices)}, not {value or 'nothing'}")
    return found


def _one(key: str, value: str, choices: Mapping[str, V], reading: _Reading) -> V:
    found = _chosen(key, value, choices, reading)
    if len(found) > 1:
        raise UsageError(f"{key}: {_listed(name for name, _ in found)}?")
    return found[0][1]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _statuses(value: str, reading: _Reading) -> PlainTerm:
    # Of a status half typed all are meant that it may become.
    found = [status for word in value.split(",") for _, status in _chosen("status", word, _STATUSES, reading)]
    return HasStatus(tuple(dict.fromkeys(found)))


def _aspect_ratio(value: str, reading: _Reading) -> PlainTerm:
    return HasAspectRatio(_one("aspect", value, _ASPECT_RATIOS, reading))


def _creativity(value: str, reading: _Reading) -> PlainTerm:
    return HasCreativity(_one("creativity", value, _CREATIVITIES, reading))


def _seed(value: str, reading: _Reading) -> PlainTerm:
    del reading
    if not re.fullmatch(r"[0-9]{1,10}", value) or int(value) > MAX_SEED:
        raise UsageError(f"seed: a whole number from 0 to {MAX_SEED}, not {value!r}")
    return HasSeed(int(value))


def _references(value: str, reading: _Reading) -> PlainTerm:
    return HasReferences(_one("ref", value, _REF_WORDS, reading))


def _tag(value: str, reading: _Reading) -> PlainTerm:
    del reading
    return HasTag(tag_start(value))


def _cost(value: str, reading: _Reading) -> PlainTerm:
    del reading
    found = _COST.fullmatch(value)
    if found is None:
        raise UsageError(f"cost: dollars such as >0.06, >=, <, <= or =, not {value!r}")
    return Costs(Comparison(found[1] or Comparison.EXACTLY), int(Decimal(found[2]) * MICRO))


def _id(value: str, reading: _Reading) -> PlainTerm:
    del reading
    if not _ID.fullmatch(value):
        raise UsageError(f"id: the start of a job's id, not {value!r}")
    return IdStartsWith(value.lower())


def _batch(value: str, reading: _Reading) -> PlainTerm:
    del reading
    if not _ID.fullmatch(value):
        raise UsageError(f"batch: the id of a batch, not {value!r}")
    return InBatch(value.lower())


def _is(value: str, reading: _Reading) -> PlainTerm:
    return Is(_one("is", value, IS_WORDS, reading))


def _has(value: str, reading: _Reading) -> PlainTerm:
    return Is(_one("has", value, HAS_WORDS, reading))


def _needs(value: str, reading: _Reading) -> PlainTerm:
    return Is(_one("needs", value, NEEDS_WORDS, reading))


def _since(value: str, reading: _Reading) -> PlainTerm:
    return CreatedSince(_moments("since", value, reading.now)[0])


def _until(value: str, reading: _Reading) -> PlainTerm:
    return CreatedBefore(_moments("until", value, reading.now)[1])


def _moments(key: str, value: str, now: float) -> tuple[float, float]:
    """Where the time that is named begins and ends (epoch seconds): a day has both, anything else is a moment."""
    if span := _SPAN.fullmatch(value.lower()):
        at = now - int(span[1]) * _SECONDS[span[2]]
        return at, at
    try:
        # A date is the person's: the midnight of where they are.
        days_ago = _DAYS_AGO.get(value.lower())
        if days_ago is not None:
            today = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006
            return _day(today - timedelta(days=days_ago))
        moment = datetime.fromisoformat(value)
        if "T" not in value.upper() and " " not in value:
            return _day(moment)
        at = moment.astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{key}: today, yesterday, a span such as 12h, 7d or 2w, or a date, not {value!r}") from None
    return at, at


def _day(midnight: datetime) -> tuple[float, float]:
    return midnight.astimezone().timestamp(), (midnight + timedelta(days=1)).astimezone().timestamp()


_DAYS_AGO: Final = {"today": 0, "yesterday": 1}
_STATUSES: Final = {status.value.lower(): status for status in JobStatus}
_ASPECT_RATIOS: Final = {ratio.value: ratio for ratio in AspectRatio}
_CREATIVITIES: Final = {level.value: level for level in Creativity}
_READERS: Final[Mapping[str, Callable[[str, _Reading], PlainTerm]]] = {
    "aspect": _aspect_ratio,
    "batch": _batch,
    "cost": _cost,
    "creativity": _creativity,
    "has": _has,
    "id": _id,
    "is": _is,
    "needs": _needs,
    "ref": _references,
    "seed": _seed,
    "since": _since,
    "status": _statuses,
    "tag": _tag,
    "until": _until,
}
KEYS: Final = tuple(_READERS)
