"""Told once, at the start that found the history damaged: what was kept, what came back, what may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from krea_tui.ui.screens.dialog import Told
from krea_tui.ui.widgets.quiet_button import QuietButton


class Rescued(Told):
    """The words of a rescue; the program goes on behind it."""

    DEFAULT_CSS = """
    Rescued {
        align: center middle;
        & > Vertical {
            width: 76; max-width: 95%; height: auto; max-height: 90%; padding: 1 2;
            background: $surface; border: round $warning; border-title-color: $text-warning;
        }
        VerticalScroll { height: auto; max-height: 14; }
        .line { margin-bottom: 1; }
        Horizontal { height: auto; align-horizontal: right; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "leave", "Close", id="rescued.close", tooltip="Go on with the new history")
    ]

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self._words = tuple(words)

    def compose(self) -> ComposeResult:
        """One paragraph for each thing to know, and the way on."""
        with Vertical() as box:
            box.border_title = Content("The history was damaged")
            with VerticalScroll(can_focus=False):
                for line in self._words:
                    yield Static(line, classes="line", markup=False)
            with Horizontal():
                yield QuietButton("Go on", variant="primary", compact=True)
