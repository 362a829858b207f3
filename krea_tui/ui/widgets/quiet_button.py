"""A button that is a word on a quiet ground."""

from __future__ import annotations

from textual.widgets import Button


class QuietButton(Button):
    """The one with the focus is the one that Enter presses, and the only bright one."""

    DEFAULT_CSS = """
    QuietButton, QuietButton.-primary {
        width: auto; min-width: 0; height: 1; padding: 0 2;
        border: none; background: $panel; color: $foreground; text-style: none;
        &:hover { background: $boost; border: none; }
        &:focus {
            background: $primary; color: $button-color-foreground; text-style: bold; background-tint: transparent;
        }
    }
    QuietButton.-primary { color: $text-primary; }
    """
