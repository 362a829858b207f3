"""Text from elsewhere is hostile: it is cut and cleaned before it is shown or stored."""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_WORDS_OF_OTHERS: Final = 2_000

# Controls, surrogates, private use, the unassigned, and the separators that are line ends to some terminals.
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d\ufe0f")


def _is_safe(character: str) -> bool:
    category = unicodedata.category(character)
    if category in _FORBIDDEN_CATEGORIES:
        return False
    # Zero-width joiners shape emoji and several scripts; every other format character can hide or reorder.
    return category != "Cf" or character in _JOINERS


def clean_line(text: str, limit: int = MAX_WORDS_OF_OTHERS) -> str:
    """One line that is safe to show: white space folded, controls and bidi overrides gone, cut at `limit`."""
    text = text[: limit * 4]
    folded = " ".join("".join(c if _is_safe(c) else " " for c in text).split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def clean_text(text: str, limit: int | None = None) -> str:
    """Several lines that are safe to show: line ends kept, tabs as blanks, controls and bidi overrides gone."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(c for c in line.expandtabs(4) if _is_safe(c)) for line in lines)


def file_slug(text: str, limit: int = 40) -> str:
    """A part of a file name from the start of a prompt: ASCII letters, digits and dashes; may be empty."""
    plain = unicodedata.normalize("NFKD", text[: limit * 8]).encode("ascii", "ignore").decode()
    words = "".join(c if c.isalnum() else " " for c in plain.lower()).split()
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word
        if len(longer) > limit:
            break
        slug = longer
    return slug or "-".join(words)[:limit].strip("-")
