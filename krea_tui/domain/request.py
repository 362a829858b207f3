"""One generation request, valid by construction.

Limits and defaults are those of the vendor's page for Krea 2 Large; where it is silent
(ranges of strengths and seeds) those of the model's own documentation.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from krea_tui.domain.errors import FieldProblem, InvalidRequest

MAX_REFERENCES: Final = 10
MAX_STYLES: Final = 10
MAX_MOODBOARDS: Final = 1
MAX_SEED: Final = 2**31 - 1
STRENGTH_MIN: Final = -2.0
STRENGTH_MAX: Final = 2.0
MOODBOARD_STRENGTH_MIN: Final = -0.5
MOODBOARD_STRENGTH_MAX: Final = 1.5
DEFAULT_STRENGTH: Final = 1.0
DEFAULT_MOODBOARD_STRENGTH: Final = 0.23
PROMPT_SOFT_LIMIT: Final = 5_000
REFERENCE_URL_SOFT_LIMIT: Final = 1_024
FEW_WORDS: Final = 4

# Kept as text: what the first frame does not need is compiled at its first use, and cached by re.
_UUID: Final = r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A lone surrogate (an argument in a broken encoding) can be neither sent nor stored.
_SURROGATE: Final = r"[\ud800-\udfff]"
_STYLE_ID: Final = r"[^\s\x00-\x1f\x7f\ud800-\udfff]{1,200}"


class AspectRatio(StrEnum):
    """The eight aspect ratios of the API."""

    SQUARE = "1:1"
    FOUR_THREE = "4:3"
    THREE_TWO = "3:2"
    WIDE = "16:9"
    CINEMA = "2.35:1"
    FOUR_FIVE = "4:5"
    TWO_THREE = "2:3"
    TALL = "9:16"

    @property
    def width_by_height(self) -> float:
        """Width divided by height, for layout; the API promises no pixel size."""
        width, height = self.value.split(":")
        return float(width) / float(height)


class Creativity(StrEnum):
    """How loosely the model interprets the prompt."""

    RAW = "raw"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class StyleReference(NamedTuple):
    """A reference image that guides the style; a negative strength pushes away from it."""

    image_url: str
    strength: float = DEFAULT_STRENGTH


class Style(NamedTuple):
    """A preset style of Krea's catalogue."""

    id: str
    strength: float = DEFAULT_STRENGTH


class Moodboard(NamedTuple):
    """A moodboard, by its UUID."""

    id: str
    strength: float = DEFAULT_MOODBOARD_STRENGTH


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What one image is made from. Construction raises `InvalidRequest` where the API would refuse."""

    prompt: str
    seed: int
    aspect_ratio: AspectRatio = AspectRatio.SQUARE
    creativity: Creativity = Creativity.MEDIUM
    image_style_references: tuple[StyleReference, ...] = ()
    styles: tuple[Style, ...] = ()
    moodboards: tuple[Moodboard, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what the API's page forbids, with every problem at once."""
        if problems := tuple(_problems(self)):
            raise InvalidRequest(problems)

    def body(self) -> dict[str, object]:
        """The canonical JSON body: every field, lists sent even when empty."""
        return {
            "prompt": self.prompt,
            "aspect_ratio": self.aspect_ratio.value,
            "creativity": self.creativity.value,
            "seed": self.seed,
            "image_style_references": [
                {"image_url": reference.image_url, "strength": reference.strength}
                for reference in self.image_style_references
            ],
            "styles": [{"id": style.id, "strength": style.strength} for style in self.styles],
            "moodboards": [{"id": board.id, "strength": board.strength} for board in self.moodboards],
        }


def _problems(request: GenerationRequest) -> Iterable[FieldProblem]:
    if problem := _prompt_problem(request.prompt):
        yield FieldProblem("prompt", problem)
    if not 0 <= request.seed <= MAX_SEED:
        yield FieldProblem("seed", f"a whole number from 0 to {MAX_SEED}, or blank")
    yield from _list_problems(request)
    for index, reference in enumerate(request.image_style_references):
        field = f"image_style_references.{index}"
        if problem := reference_url_problem(reference.image_url):
            yield FieldProblem(f"{field}.image_url", problem)
        if problem := strength_problem(reference.strength):
            yield FieldProblem(f"{field}.strength", problem)
    for index, style in enumerate(request.styles):
        if not re.fullmatch(_STYLE_ID, style.id):
            yield FieldProblem(f"styles.{index}.id", "a style id of Krea's catalogue, without blanks")
        if problem := strength_problem(style.strength):
            yield FieldProblem(f"styles.{index}.strength", problem)
    for index, board in enumerate(request.moodboards):
        if not re.fullmatch(_UUID, board.id):
            yield FieldProblem(f"moodboards.{index}.id", "a moodboard's UUID or its share link")
        if problem := moodboard_strength_problem(board.strength):
            yield FieldProblem(f"moodboards.{index}.strength", problem)


def _prompt_problem(prompt: str) -> str | None:
    if not prompt.strip():
        return "write a prompt first"
    if re.search(_SURROGATE, prompt):
        return "has characters that are no text (a broken encoding); type them again"
    return None


def _list_problems(request: GenerationRequest) -> Iterable[FieldProblem]:
    for field, entries, limit in (
        ("image_style_references", request.image_style_references, MAX_REFERENCES),
        ("styles", request.styles, MAX_STYLES),
        ("moodboards", request.moodboards, MAX_MOODBOARDS),
    ):
        if len(entries) > limit:
            yield FieldProblem(field, f"{len(entries)} given, the API takes at most {limit}")


def reference_url_problem(image_url: str) -> str | None:
    """What is wrong with a reference's URL, or None. The API takes HTTPS URLs."""
    try:
        parts = urlsplit(image_url)
        host = parts.hostname
    except ValueError:
        return "not a URL"
    if parts.scheme != "https":
        return "must start with https://"
    if not host or re.search(r"[\s\x00-\x1f\x7f\ud800-\udfff]", image_url):
        return "not a URL"
    return None


def strength_problem(strength: float) -> str | None:
    """What is wrong with a reference's or style's strength, or None."""
    return _range_problem(strength, STRENGTH_MIN, STRENGTH_MAX)


def moodboard_strength_problem(strength: float) -> str | None:
    """What is wrong with a moodboard's strength, or None."""
    return _range_problem(strength, MOODBOARD_STRENGTH_MIN, MOODBOARD_STRENGTH_MAX)


def _range_problem(strength: float, lowest: float, highest: float) -> str | None:
    if not math.isfinite(strength) or not lowest <= strength <= highest:
        return f"a number from {lowest:g} to {highest:g}"
    return None


def moodboard_id(text: str) -> str | None:
    """The UUID in a pasted id or share link (`...?share=<uuid>`), or None."""
    text = text.strip()
    if re.fullmatch(_UUID, text):
        return text.lower()
    try:
        shared = parse_qs(urlsplit(text).query).get("share", [])
    except ValueError:
        return None
    if shared and re.fullmatch(_UUID, shared[0]):
        return shared[0].lower()
    return None


def split_strength(text: str) -> tuple[str, float | None]:
    """Split `VALUE@STRENGTH`; the tail is split off only where it parses as a number."""
    value, at, tail = text.rpartition("@")
    if not at or not value:
        return text, None
    try:
        return value, float(tail)
    except ValueError:
        return text, None


def draw_seed() -> int:
    """A seed drawn by us: the gateway's answer names none, so an image without ours could never be made again."""
    return random.SystemRandom().randint(0, MAX_SEED)


def seed_series(first: int, count: int) -> tuple[int, ...]:
    """`count` seeds from `first` on, all different, wrapping at the highest seed."""
    return tuple((first + step) % (MAX_SEED + 1) for step in range(count))


def hints(prompt: str, references: Iterable[StyleReference] = ()) -> tuple[FieldProblem, ...]:
    """Quiet advice about a request that is valid but likely to disappoint; blocks nothing."""
    found = []
    words = len(prompt.split())
    if 0 < words < FEW_WORDS:
        found.append(FieldProblem("prompt", "a descriptive, detailed prompt works best"))
    if len(prompt) > PROMPT_SOFT_LIMIT:
        found.append(FieldProblem("prompt", f"over {PROMPT_SOFT_LIMIT:,} characters: it may be cut off"))
    for index, reference in enumerate(references):
        if len(reference.image_url) > REFERENCE_URL_SOFT_LIMIT:
            field = f"image_style_references.{index}.image_url"
            found.append(FieldProblem(field, f"over {REFERENCE_URL_SOFT_LIMIT:,} characters: it may be refused"))
    return tuple(found)


def request_from_body(body: Mapping[str, object]) -> GenerationRequest:
    """Rebuild a request from a canonical body, as stored; raises `InvalidRequest` or `ValueError` if it is none."""
    return GenerationRequest(
        prompt=_text(body.get("prompt")),
        seed=_integer(body.get("seed")),
        aspect_ratio=AspectRatio(_text(body.get("aspect_ratio", "1:1"))),
        creativity=Creativity(_text(body.get("creativity", "medium"))),
        image_style_references=tuple(
            StyleReference(_text(entry.get("image_url")), _number(entry.get("strength")))
            for entry in _entries(body.get("image_style_references"))
        ),
        styles=tuple(
            Style(_text(entry.get("id")), _number(entry.get("strength"))) for entry in _entries(body.get("styles"))
        ),
        moodboards=tuple(
            Moodboard(_text(entry.get("id")), _number(entry.get("strength")))
            for entry in _entries(body.get("moodboards"))
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a string is needed, not {value!r}")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"a whole number is needed, not {value!r}")
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"a number is needed, not {value!r}")
    return float(value)


def _entries(value: object) -> list[Mapping[str, object]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ValueError("a list of objects is needed")
    return value
