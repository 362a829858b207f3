"""The words of a text, as the search sees them: one rule for the index in the history and for the live list.

Case, accents and width make no difference. Scripts that write no blanks between words (Chinese, Japanese, Thai and
their neighbours) count character by character, and so does an emoji.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# What is longer is no word of a person's; an index of fixed limits must not cut where this does not.
MAX_WORD: Final = 64

_BLANK: Final = " "
_SKIN_TONES: Final = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
# As text: compiled at the first use, and cached by re.
_ASCII_WORD: Final = f"([0-9a-z]{{1,{MAX_WORD}}})[0-9a-z]*"
# Thai, Lao, Myanmar, Khmer; Hiragana, Katakana and their extensions; ideographs (5 and 6 digits: planes 1 to 3).
_BLANKLESS: Final = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f\ua9e0-\ua9ff"
    "\u3005-\u3007\u3021-\u3029\u3038-\u303c\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


class _Parts(dict[int, str]):
    """What each character is to a word, found out once: itself, a word of its own, a gap, or nothing."""

    def __missing__(self, code: int) -> str:
        self[code] = part = _part_of(chr(code))
        return part


def _part_of(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf" or character in _SKIN_TONES:
        return ""
    if category == "So" or (category[0] in "LN" and re.match(_BLANKLESS, character)):
        return f" {character} "
    return character if category[0] in "LN" else _BLANK


_PARTS: Final = _Parts()


def words_of(text: str) -> tuple[str, ...]:
    """Every word in its order, folded: letters and digits only, at most `MAX_WORD` characters each."""
    if text.isascii():
        return tuple(re.findall(_ASCII_WORD, text.lower()))
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return tuple(word[:MAX_WORD] for word in folded.translate(_PARTS).split())
