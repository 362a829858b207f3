"""Words on a line that change while the screen stays as it is."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


def say(line: Static, text: str | Content) -> None:
    """Put other words on a line; Static would lay the screen out anew even for the same words."""
    if line.content != text:
        line.update(text)
