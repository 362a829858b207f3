"""A key as it must be pressed from here: in a text field letters are text, until Escape leaves it."""

from __future__ import annotations

from textual.widget import Widget


def key_hint(widget: Widget, key: str) -> str:
    """The key's name on `widget`; with Escape before it where the focus is in a field that would type it."""
    if not key or not widget.is_mounted:
        return key
    focused = widget.screen.focused
    return f"Esc {key}" if focused is not None and focused.check_consume_key(key, key) else key
