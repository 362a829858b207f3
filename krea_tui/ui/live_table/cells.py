"""Text measured in terminal cells, the way every terminal agrees on."""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len, set_cell_size

# Terminals disagree about the width of what these make: joined characters, emoji or text forms, skin tones.
# Without them every character has one width everywhere, and the columns to its right stay where they belong.
_UNSTEADY: Final = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def steady(text: str) -> str:
    """The text without what makes its width a matter of the terminal's taste."""
    return text if text.isascii() else _UNSTEADY.sub("", text)


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in at most `width` cells; what was cut is marked by the ellipsis."""
    if cell_len(text) <= width:
        return text
    room = width - cell_len(ellipsis)
    if room <= 0:
        return ellipsis[: max(0, width)]
    return set_cell_size(text, room).rstrip() + ellipsis


def crop(text: str, width: int) -> str:
    """The text cut at `width` cells; a wide character across the edge becomes a blank."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width))
