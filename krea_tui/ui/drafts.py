"""What the fields of the form hold, as text, and the way from there to valid requests. No framework here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from krea_tui.domain.errors import FieldProblem, InvalidRequest
from krea_tui.domain.pricing import Price, price_for
from krea_tui.domain.request import (
    DEFAULT_MOODBOARD_STRENGTH,
    DEFAULT_STRENGTH,
    MAX_MOODBOARDS,
    MAX_REFERENCES,
    MAX_SEED,
    MAX_STYLES,
    AspectRatio,
    Creativity,
    GenerationRequest,
    Moodboard,
    Style,
    StyleReference,
    draw_seed,
    moodboard_id,
    seed_series,
    split_strength,
)

MAX_COUNT: Final = 500
# Longer numbers are no seed and no count; int() takes quadratic time over them.
_MAX_DIGITS: Final = 18


class Guidance(StrEnum):
    """The three lists of the form, by the API's parameter names."""

    REFERENCES = "image_style_references"
    STYLES = "styles"
    MOODBOARDS = "moodboards"

    @property
    def limit(self) -> int:
        """The most entries the API takes."""
        return {"image_style_references": MAX_REFERENCES, "styles": MAX_STYLES, "moodboards": MAX_MOODBOARDS}[self]

    @property
    def default_strength(self) -> float:
        """What the API assumes where no strength is given; we always send one."""
        return DEFAULT_MOODBOARD_STRENGTH if self is Guidance.MOODBOARDS else DEFAULT_STRENGTH

    @property
    def value_field(self) -> str:
        """The API's name of an entry's first field."""
        return "image_url" if self is Guidance.REFERENCES else "id"


class EntryDraft(NamedTuple):
    """One entry of a list as it was typed: a URL or id, and a strength (blank means the default)."""

    value: str
    strength: str = ""


@dataclass(frozen=True)
class Draft:
    """Everything the form holds. A blank seed is drawn; a kept seed stays in its field after sending."""

    prompt: str = ""
    aspect_ratio: AspectRatio = AspectRatio.SQUARE
    creativity: Creativity = Creativity.MEDIUM
    seed: str = ""
    keep_seed: bool = False
    count: str = "1"
    references: tuple[EntryDraft, ...] = ()
    styles: tuple[EntryDraft, ...] = ()
    moodboards: tuple[EntryDraft, ...] = ()

    def entries(self, kind: Guidance) -> tuple[EntryDraft, ...]:
        """The entries of one list."""
        return {
            Guidance.REFERENCES: self.references,
            Guidance.STYLES: self.styles,
            Guidance.MOODBOARDS: self.moodboards,
        }[kind]

    def with_entries(self, kind: Guidance, entries: Iterable[EntryDraft]) -> Draft:
        """The same draft with other entries in one list."""
        kept = tuple(entries)
        if kind is Guidance.REFERENCES:
            return replace(self, references=kept)
        if kind is Guidance.STYLES:
            return replace(self, styles=kept)
        return replace(self, moodboards=kept)


class Built(NamedTuple):
    """What a draft comes to: the requests, or everything that is wrong with it (then there are no requests)."""

    requests: tuple[GenerationRequest, ...] = ()
    problems: tuple[FieldProblem, ...] = ()


def build(draft: Draft, *, draw: Callable[[], int] = draw_seed) -> Built:
    """Make `count` requests that differ in their seeds alone, or name every problem by its field."""
    request, problems = _checked(draft, draw)
    if problems or request is None:
        return Built(problems=problems)
    count, _ = count_of(draft.count)
    return Built(requests=tuple(replace(request, seed=seed) for seed in seed_series(request.seed, count)))


def problems_of(draft: Draft) -> tuple[FieldProblem, ...]:
    """Everything that is wrong with a draft, in the order of the screen; draws no seed."""
    return _checked(draft, lambda: 0)[1]


def _checked(draft: Draft, draw: Callable[[], int]) -> tuple[GenerationRequest | None, tuple[FieldProblem, ...]]:
    seed, seed_problem = _seed_of(draft.seed)
    _, count_problem = count_of(draft.count)
    problems = [*_strength_problems(draft)]
    request = None
    try:
        request = _request(draft, draw() if seed is None else seed)
    except InvalidRequest as error:
        problems += error.problems
    problems += [problem for problem in (seed_problem, count_problem) if problem is not None]
    return request, tuple(sorted(problems, key=_place))


def price_of_draft(draft: Draft) -> tuple[Price, int]:
    """The price of one job of this draft, and how many there would be (1 while the count is no number)."""
    count, problem = count_of(draft.count)
    return price_for(references=len(draft.references), moodboards=len(draft.moodboards)), 1 if problem else count


def entry_problems(kind: Guidance, entry: EntryDraft) -> tuple[FieldProblem, ...]:
    """What is wrong with one entry; fields are named as entry 0 of its list."""
    alone = Draft(prompt="-").with_entries(kind, (entry,))
    return problems_of(alone)


def split_entries(text: str) -> tuple[EntryDraft, ...]:
    """Entries from pasted text: one a word, `VALUE@STRENGTH` split where the tail is a number."""
    entries = []
    for word in text.split():
        value, strength = split_strength(word)
        entries.append(EntryDraft(value, "" if strength is None else f"{strength:g}"))
    return tuple(entries)


def settled(kind: Guidance, entry: EntryDraft) -> EntryDraft:
    """A valid entry in its final form: the UUID out of a share link, the strength as a number."""
    value = (moodboard_id(entry.value) or entry.value) if kind is Guidance.MOODBOARDS else entry.value.strip()
    return EntryDraft(value, format_strength(_strength_of(kind, entry)))


def format_strength(strength: float) -> str:
    """A strength as text: two decimals, more where they matter."""
    short = f"{strength:.2f}"
    return short if math.isclose(float(short), strength, abs_tol=1e-9) else f"{strength:g}"


def draft_of(request: GenerationRequest, *, keep_seed: bool) -> Draft:
    """The draft that makes this request again, with its seed kept or with a new one to be drawn."""
    return Draft(
        prompt=request.prompt,
        aspect_ratio=request.aspect_ratio,
        creativity=request.creativity,
        seed=str(request.seed) if keep_seed else "",
        keep_seed=keep_seed,
        references=tuple(
            EntryDraft(each.image_url, format_strength(each.strength)) for each in request.image_style_references
        ),
        styles=tuple(EntryDraft(each.id, format_strength(each.strength)) for each in request.styles),
        moodboards=tuple(EntryDraft(each.id, format_strength(each.strength)) for each in request.moodboards),
    )


def draft_to_json(draft: Draft) -> dict[str, object]:
    """A draft as plain values, to be stored."""
    return {
        "prompt": draft.prompt,
        "aspect_ratio": draft.aspect_ratio.value,
        "creativity": draft.creativity.value,
        "seed": draft.seed,
        "keep_seed": draft.keep_seed,
        "count": draft.count,
        **{kind.value: [[entry.value, entry.strength] for entry in draft.entries(kind)] for kind in Guidance},
    }


def draft_from_json(stored: Mapping[str, object]) -> Draft:
    """A draft from stored values; what cannot be read is left at its default."""
    draft = Draft(
        prompt=_stored_text(stored, "prompt", ""),
        seed=_stored_text(stored, "seed", ""),
        keep_seed=stored.get("keep_seed") is True,
        count=_stored_text(stored, "count", "1"),
    )
    for ratio in AspectRatio:
        if stored.get("aspect_ratio") == ratio.value:
            draft = replace(draft, aspect_ratio=ratio)
    for creativity in Creativity:
        if stored.get("creativity") == creativity.value:
            draft = replace(draft, creativity=creativity)
    for kind in Guidance:
        draft = draft.with_entries(kind, _stored_entries(stored.get(kind.value)))
    return draft


def count_of(text: str) -> tuple[int, FieldProblem | None]:
    """How many pictures are asked for; a blank count is one."""
    number = _whole_number(text.strip() or "1")
    if number is None or not 1 <= number <= MAX_COUNT:
        return 1, FieldProblem("count", f"a whole number from 1 to {MAX_COUNT}")
    return number, None


def _seed_of(text: str) -> tuple[int | None, FieldProblem | None]:
    if not text.strip():
        return None, None
    number = _whole_number(text.strip())
    if number is None or not 0 <= number <= MAX_SEED:
        return 0, FieldProblem("seed", f"a whole number from 0 to {MAX_SEED}, or blank")
    return number, None


def _whole_number(text: str) -> int | None:
    # isdecimal alone would take digits of other scripts, which int() reads but nobody types on purpose.
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else None


def _request(draft: Draft, seed: int) -> GenerationRequest:
    return GenerationRequest(
        prompt=draft.prompt.strip(),
        seed=seed,
        aspect_ratio=draft.aspect_ratio,
        creativity=draft.creativity,
        image_style_references=tuple(
            StyleReference(entry.value.strip(), _strength_of(Guidance.REFERENCES, entry)) for entry in draft.references
        ),
        styles=tuple(Style(entry.value.strip(), _strength_of(Guidance.STYLES, entry)) for entry in draft.styles),
        moodboards=tuple(
            Moodboard(moodboard_id(entry.value) or entry.value.strip(), _strength_of(Guidance.MOODBOARDS, entry))
            for entry in draft.moodboards
        ),
    )


def _strength_of(kind: Guidance, entry: EntryDraft) -> float:
    """The strength, or the default where there is none or it is no number (which is a problem of its own)."""
    text = entry.strength.strip()
    if not text:
        return kind.default_strength
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return kind.default_strength


def _strength_problems(draft: Draft) -> Iterable[FieldProblem]:
    for kind in Guidance:
        for index, entry in enumerate(draft.entries(kind)):
            try:
                float(entry.strength.strip().replace(",", ".") or "0")
            except ValueError:
                yield FieldProblem(f"{kind.value}.{index}.strength", "not a number")


_ORDER: Final = ("prompt", "aspect_ratio", "creativity", "seed", "count", *(kind.value for kind in Guidance))


def _place(problem: FieldProblem) -> tuple[int, int]:
    """Where a problem stands on the screen, from above."""
    name, _, rest = problem.field.partition(".")
    index = rest.partition(".")[0]
    return _ORDER.index(name), int(index) if index else -1


def _stored_text(stored: Mapping[str, object], key: str, default: str) -> str:
    value = stored.get(key)
    return value if isinstance(value, str) else default


def _stored_entries(stored: object) -> Iterable[EntryDraft]:
    for pair in stored if isinstance(stored, list) else ():
        match pair:
            case [str(value), str(strength)]:
                yield EntryDraft(value, strength)
            case _:
                continue
