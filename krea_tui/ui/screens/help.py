"""Every key that works, made from the bindings themselves so that it cannot lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from krea_tui.ui.bindings import Section

_KEY_CELLS = 12
_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "dollar_sign": "$",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "delete": "Del",
    "backspace": "Bksp",
    "plus": "+",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


class HelpScreen(ModalScreen[None]):
    """The key sheet, a section for each part of the screen."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & > VerticalScroll {
            width: 84; max-width: 96%; height: 90%; padding: 1 2;
            background: $surface; border: round $border;
            border-title-color: $text-primary; border-subtitle-color: $text-muted;
            scrollbar-size-vertical: 1;
        }
        Static { width: 1fr; height: auto; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "leave", "Close", id="help.close", tooltip="Close the help"),
    ]

    def __init__(self, sections: Iterable[Section]) -> None:
        super().__init__()
        self._sections = tuple(sections)

    def compose(self) -> ComposeResult:
        """All sections in one scrolling sheet."""
        with VerticalScroll() as sheet:
            sheet.border_title = "Keys"
            sheet.border_subtitle = "Esc or q closes"
            yield Static(self._sheet())

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)

    def _sheet(self) -> Content:
        lines: list[Content] = []
        for section in self._sections:
            if lines:
                lines.append(Content(""))
            lines.append(Content.styled(section.title, "bold $text-primary"))
            lines += [_line(keys, words) for words, keys in _merged(section.bindings)]
        return Content("\n").join(lines)


def _merged(bindings: Iterable[Binding]) -> list[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for binding in bindings:
        words = binding.tooltip or binding.description
        if words:
            found.setdefault(words, []).extend(key_name(key) for key in binding.key.split(","))
    return [(words, " ".join(dict.fromkeys(keys))) for words, keys in found.items()]


def _line(keys: str, words: str) -> Content:
    return Content.assemble((keys.ljust(_KEY_CELLS), "bold"), (words, "$text-muted"))


def key_name(key: str) -> str:
    """A key as it is printed on keyboards: `^J`, `Esc`, `?`."""
    *modifiers, name = key.split("+")
    shown = _NAMES.get(name, name)
    if shown is name and (len(name) > 1 or modifiers):
        shown = name.capitalize()
    if "ctrl" in modifiers:
        return f"^{shown}"
    return "+".join([*(modifier.capitalize() for modifier in modifiers), shown])
