"""What the term under the cursor of a filter may become: keys, and the values each key knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from krea_tui.domain.job import JobStatus
from krea_tui.domain.request import AspectRatio, Creativity

# A quoted phrase is plain text, even while its end is not typed yet.
_TERM: Final = re.compile(r'(?P<quoted>-?"[^"]*(?:"|$))|\S+')
# Shorter words begin too many values to be meant as one.
_FEWEST_GUESSED: Final = 3


@dataclass(frozen=True, slots=True)
class Known:
    """What completions cannot know by themselves: the person's tags, the most used first."""

    tags: tuple[str, ...] = ()


NOTHING_KNOWN: Final = Known()


@dataclass(frozen=True, slots=True)
class Completion:
    """Put `insert` in place of `text[start:end]`, the cursor behind it.

    `label` is what it makes of the term, `detail` a few words about it. Whole ones leave a finished term behind;
    the others (`status:`) go on.
    """

    start: int
    end: int
    insert: str
    label: str
    detail: str = ""
    is_whole: bool = True

    def apply(self, text: str) -> tuple[str, int]:
        """The text after it, and where the cursor then stands."""
        return f"{text[: self.start]}{self.insert}{text[self.end :]}", self.start + len(self.insert)


class _Value(NamedTuple):
    word: str
    detail: str = ""


_KEYS: Final[dict[str, str]] = {
    "status": "where it stands",
    "is": "starred, active, failed, done, ...",
    "has": "a picture on disk",
    "aspect": "the aspect ratio",
    "creativity": "raw, low, medium or high",
    "ref": "with references, styles or a moodboard",
    "tag": "your own tags",
    "cost": "the price in US dollars",
    "since": "created then or later",
    "until": "created before then, or on that day",
    "seed": "this very seed",
    "batch": "the id of a batch",
    "id": "how the job's id begins",
    "needs": "what waits for you",
}
_STATUSES: Final = {
    JobStatus.HELD: "not sent, free",
    JobStatus.SENDING: "on its way to the gateway",
    JobStatus.UNCONFIRMED: "may have been charged",
    JobStatus.REJECTED: "refused, not charged",
    JobStatus.QUEUED: "waits at the gateway",
    JobStatus.PROCESSING: "being made",
    JobStatus.COMPLETED: "made",
    JobStatus.FAILED: "ended without a picture",
    JobStatus.ERROR: "ended by an error, not charged",
    JobStatus.NOT_FOUND: "denied by the gateway",
    JobStatus.CANCELLED: "withdrawn while held",
}
_FIXED: Final[dict[str, tuple[_Value, ...]]] = {
    "status": tuple(_Value(status.value.lower(), words) for status, words in _STATUSES.items()),
    "is": (
        _Value("starred", "starred by you"),
        _Value("active", "not at its end yet"),
        _Value("running", "at the gateway, or on the way"),
        _Value("held", "not sent, free"),
        _Value("done", "its pictures are on disk"),
        _Value("failed", "failed, rejected, error, not found"),
        _Value("muted", "without notices"),
        _Value("deleted", "in the trash"),
    ),
    "has": (_Value("image", "a picture on disk"),),
    "aspect": tuple(_Value(ratio.value) for ratio in AspectRatio),
    "creativity": tuple(_Value(creativity.value) for creativity in Creativity),
    "ref": (_Value("yes", "with any of them"), _Value("no", "by the prompt alone")),
    "cost": (
        _Value(">0.06", "more than the plain price"),
        _Value("<=0.06", "the plain price, or less"),
        _Value(">=0.065", "with style references"),
    ),
    "since": (
        _Value("today", "from midnight on"),
        _Value("yesterday", "from yesterday's midnight on"),
        _Value("1h", "the last hour"),
        _Value("24h", "the last day"),
        _Value("7d", "the last week"),
        _Value("30d", "the last month"),
    ),
    "until": (
        _Value("yesterday", "to the end of yesterday"),
        _Value("24h", "more than a day ago"),
        _Value("7d", "more than a week ago"),
        _Value("30d", "more than a month ago"),
    ),
    "needs": (_Value("decision", "may be paid, and nobody has said"),),
}
# Several of these may stand behind one key, with commas between.
_LISTS: Final = frozenset({"status"})
# A plain word may be meant as one of these.
_GUESSED: Final = ("status", "is", "has")


def complete(text: str, cursor: int, known: Known = NOTHING_KNOWN) -> tuple[Completion, ...]:
    """What the term that ends at `cursor` may become, the likeliest first; an empty term may become any key.

    Nothing for quoted phrases, and nothing while the cursor stands inside a term.
    """
    start = _term_start(text, cursor)
    if start is None:
        return ()
    if text.startswith("-", start, cursor):
        start += 1
    key, colon, value = text[start:cursor].partition(":")
    if not colon:
        return (*_keys(start, cursor, key.casefold()), *_guesses(text, start, cursor, key.casefold(), known))
    key, taken = key.casefold(), ""
    if key in _LISTS:
        taken, _, value = value.rpartition(",")
    left = [each for each in _matching(key, value.casefold(), known) if each.word not in taken.casefold().split(",")]
    return tuple(_whole(text, cursor - len(value), cursor, each.word, each) for each in left)


class TermSpan(NamedTuple):
    """Where a term stands: its key, with the colon and the minus before it, ends at `key_end` (`start` without one)."""

    start: int
    key_end: int
    end: int


def terms_in(text: str) -> Iterator[TermSpan]:
    """Every term of a filter, whole or half typed."""
    for term in _TERM.finditer(text):
        keyed = None if term["quoted"] else re.match(r"-?([A-Za-z_]+):", term[0])
        is_key = keyed is not None and keyed[1].casefold() in _KEYS
        yield TermSpan(term.start(), term.start() + (keyed.end() if keyed and is_key else 0), term.end())


def _term_start(text: str, cursor: int) -> int | None:
    for term in _TERM.finditer(text):
        if term.end() == cursor and not term["quoted"] and not text[cursor : cursor + 1].strip():
            return term.start()
        if term.start() <= cursor <= term.end():
            return None
    return cursor


def _keys(start: int, cursor: int, typed: str) -> Iterator[Completion]:
    for key, words in _KEYS.items():
        if key.startswith(typed):
            yield Completion(start, cursor, f"{key}:", f"{key}:", words, is_whole=False)


def _guesses(text: str, start: int, cursor: int, typed: str, known: Known) -> Iterator[Completion]:
    """Whole terms whose value begins as the word does."""
    if len(typed) < _FEWEST_GUESSED:
        return
    for key in (*_GUESSED, "tag"):
        for value in _matching(key, typed, known, may_be_equal=True):
            yield _whole(text, start, cursor, f"{key}:{value.word}", value)


def _matching(key: str, typed: str, known: Known, *, may_be_equal: bool = False) -> Iterable[_Value]:
    """The values of a key that begin so; one that stands there already is no completion."""
    values = tuple(_Value(tag) for tag in known.tags) if key == "tag" else _FIXED.get(key, ())
    for value in values:
        if value.word.startswith(typed) and (may_be_equal or value.word != typed):
            yield value


def _whole(text: str, start: int, end: int, insert: str, value: _Value) -> Completion:
    # Behind the last term the next one can be typed at once.
    return Completion(start, end, insert if end < len(text) else f"{insert} ", insert, value.detail)
