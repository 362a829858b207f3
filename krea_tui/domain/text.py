"""Text from elsewhere is hostile: it is cut and cleaned before it is shown or stored."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

MAX_WORDS_OF_OTHERS: Final = 2_000

# Controls, surrogates, private use, the unassigned, and the separators that are line ends to some terminals.
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# Zero-width joiners shape emoji and several scripts; every other format character can hide or reorder.
_JOINERS: Final = frozenset("\u200c\u200d")
# Letters and marks that show nothing: fillers of Hangul, the joiner of graphemes, unused vowels of Khmer, and what
# chooses among the variants of Mongolian and of ideographs. As text: compiled at the first use.
_INVISIBLE: Final = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\U000e0100-\U000e01ef]"
_PLAIN_RUN_OR_ONE: Final = r"[\x20-\x7e]+|[^\x20-\x7e]"
# More on one character than any script writes; a flood of them runs over the lines above and below.
_MOST_MARKS: Final = 5

_Kind = Literal["shown", "blank", "mark", "refused"]


class _Kinds(dict[str, _Kind]):
    """What each character is, found out once."""

    def __missing__(self, character: str) -> _Kind:
        self[character] = kind = _kind_of(character)
        return kind


def _kind_of(character: str) -> _Kind:
    category = unicodedata.category(character)
    if character in _JOINERS:
        return "mark"
    if category in _FORBIDDEN_CATEGORIES or category == "Cf" or re.match(_INVISIBLE, character):
        return "refused"
    if category[0] == "M":
        return "mark"
    return "blank" if category == "Zs" else "shown"


_KINDS: Final = _Kinds()


def _cleaned(line: str, stand_in: str) -> str:
    """The line with `stand_in` for what may not be shown; marks only as many as a character can bear."""
    if line.isascii() and line.isprintable():
        return line
    shown: list[str] = []
    # At the start, or behind a blank, a mark would stand on somebody else's character.
    marks = _MOST_MARKS
    for part in re.findall(_PLAIN_RUN_OR_ONE, line):
        kind = "shown" if part.isascii() and part.isprintable() else _KINDS[part]
        if kind == "mark":
            marks += 1
            if marks <= _MOST_MARKS:
                shown.append(part)
        elif kind == "refused":
            if stand_in:
                shown.append(stand_in)
                marks = _MOST_MARKS
        else:
            shown.append(part)
            marks = _MOST_MARKS if kind == "blank" or part[-1] == " " else 0
    return "".join(shown)


def clean_line(text: str, limit: int = MAX_WORDS_OF_OTHERS) -> str:
    """One line that is safe to show: white space folded, controls and bidi overrides gone, cut at `limit`."""
    folded = " ".join(_cleaned(text[: limit * 4], " ").split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def clean_text(text: str, limit: int | None = None) -> str:
    """Several lines that are safe to show: line ends kept, tabs as blanks, controls and bidi overrides gone."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_cleaned(line.expandtabs(4), "") for line in lines)


def cut_to_cells(line: str, cells: int) -> str:
    """A clean line in no more cells of a terminal than given; what was cut is marked by an ellipsis."""
    if line.isascii() and len(line) <= cells:
        return line
    used, room = 0, cells - 1
    end = 0
    for at, character in enumerate(line):
        used += _cells_of(character)
        if used > cells:
            return f"{line[:end].rstrip()}…"
        if used <= room:
            end = at + 1
    return line


def _cells_of(character: str) -> int:
    if _KINDS[character] == "mark":
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


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
