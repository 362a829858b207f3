"""A notice of the desktop by way of the terminal (OSC 9), which works over SSH too."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

from krea_tui.domain.text import clean_line

if TYPE_CHECKING:
    from krea_tui.terminal import TerminalCapabilities

_MAX_CELLS: Final = 120


def desktop_notice(words: str, capabilities: TerminalCapabilities, output: TextIO | None = sys.__stderr__) -> None:
    """Ask the terminal to show these words; where it knows no such thing, nothing happens.

    `output` is the stream that textual paints on. GNU screen would print the sequence, so it gets none.
    """
    if output is None or capabilities.in_screen:
        return
    sequence = f"\x1b]9;{clean_line(words, _MAX_CELLS)}\x1b\\"
    if capabilities.in_tmux:
        inner = sequence.replace("\x1b", "\x1b\x1b")
        sequence = f"\x1bPtmux;{inner}\x1b\\"
    with suppress(OSError, ValueError):
        output.write(sequence)
        output.flush()
