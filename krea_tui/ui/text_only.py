"""The last gate before the terminal: whatever a widget was given, only text is painted and told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from textual.notifications import SeverityLevel

from krea_tui.domain.text import clean_text

_MOST_WORDS: Final = 1_000
# Controls of both sets, line separators, surrogates, and all that formats, hides or reorders (Cf of Unicode 15) but
# the two joiners. As text: compiled at the first use.
_HARMFUL: Final = (
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]+"
)
# The marks of every script on one character, more of them than `krea_tui.domain.text` lets stand.
_FLOOD: Final = (
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\u200c\u200d]{5})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\u200c\u200d]+"
)


class TextOnly(LineFilter):
    """Takes out of every line what a terminal would act on; what Textual itself steers with is left alone."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments where all is well, which is always so where texts were cleaned before."""
        if all(_is_fine(text) for text, _, _ in segments):
            return segments
        return [
            segment if segment.control or _is_fine(segment.text) else Segment(_mended(segment.text), segment.style)
            for segment in segments
        ]


def _is_fine(text: str) -> bool:
    return text.isprintable() and (text.isascii() or not re.search(_FLOOD, text))


def _mended(text: str) -> str:
    return re.sub(_FLOOD, r"\1", re.sub(_HARMFUL, _blank, text))


def _blank(harmful: re.Match[str]) -> str:
    # The line keeps the width that was counted for it.
    return " " * cell_len(harmful[0])


TEXT_ONLY: Final = TextOnly()


class TextOnlyApp(App[str]):
    """An app that paints text, and tells notices that are text, of bounded length, and never markup."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The toolkit's, and the gate."""
        return [*super().get_line_filters(), TEXT_ONLY]

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a notice."""
        super().notify(
            clean_text(message, _MOST_WORDS),
            title=clean_text(title, _MOST_WORDS),
            severity=severity,
            timeout=timeout,
            markup=False,
        )
