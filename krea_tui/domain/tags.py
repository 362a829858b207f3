"""A person's own words for a job."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from krea_tui.domain.errors import UsageError
from krea_tui.domain.text import clean_line

MAX_TAGS: Final = 20
# Nothing that ends a term of a query, and nothing that shows as nothing; as text: compiled at the first use.
_TAG: Final = r'[^\s,:"\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,40}'


def tags_of(words: Iterable[str]) -> tuple[str, ...]:
    """The tags of these words, folded, each once, in their order.

    Raises `UsageError` where one cannot be a tag, or where they are more than `MAX_TAGS`.
    """
    tags = tuple(dict.fromkeys(_tag(word) for word in words))
    if len(tags) > MAX_TAGS:
        raise UsageError(f"{len(tags)} tags: a job takes at most {MAX_TAGS}")
    return tags


def tag_start(text: str) -> str:
    """The beginning of a tag, folded; raises `UsageError` for what begins none."""
    return _tag(text)


def _tag(word: str) -> str:
    tag = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    if not re.fullmatch(_TAG, tag):
        raise UsageError(
            f"{clean_line(word, 60) or 'nothing'} is no tag",
            advice="A tag is one word of at most 40 characters, without a comma, a colon or a quotation mark.",
        )
    return tag
