"""A person's own words for a job."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from krea_tui.domain.errors import UsageError

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


def folded_tag(word: str) -> str:
    """A tag, or the beginning of one, as tags are kept."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", word).casefold())


def _tag(word: str) -> str:
    tag = folded_tag(word)
    if not re.fullmatch(_TAG, tag):
        raise UsageError(
            f"{word[:60]!r} is no tag", advice='A tag is one word of at most 40 characters, without commas, : and ".'
        )
    return tag
