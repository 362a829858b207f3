"""The smallest parts of the form: a one-line input, and a word that can be pressed."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from krea_tui.ui.widgets.line_feed import KeyJudge


class FieldInput(Input):
    """A one-line input without a frame or a blinking cursor; line feeds in it never generate by accident."""

    DEFAULT_CSS = """
    FieldInput {
        border: none;
        height: 1;
        padding: 0;
        background: $surface;
        &:focus { border: none; background: $surface-active; background-tint: transparent; }
        &.-wrong { color: $text-error; }
        &>.input--placeholder { color: $text-disabled; }
    }
    """

    def __init__(
        self,
        value: str = "",
        *,
        judge: KeyJudge | None = None,
        placeholder: str = "",
        max_length: int = 0,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(value, placeholder=placeholder, max_length=max_length, id=id, compact=True)
        self._judge = judge
        self.cursor_blink = False

    def on_key(self, event: events.Key) -> None:
        """Let the judge see every key before the input acts on it."""
        if self._judge is not None and self._judge.key(event.key, event.time):
            event.stop()
            event.prevent_default()


class PressableWord(Widget, can_focus=True):
    """A word that acts when it is clicked, or by Enter or Space while it has the focus."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    PressableWord {
        width: auto;
        height: 1;
        color: $text-muted;
        pointer: pointer;
        &:hover { color: $text-primary; }
        &:focus { color: $text-primary; background: $surface-active; text-style: bold; }
        &.-on { color: $text-primary; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", "Press", show=False, id="word.press", tooltip="Do what the word says"),
    ]

    class Pressed(Message):
        """The word was clicked, or Enter or Space was pressed on it."""

        def __init__(self, word: PressableWord) -> None:
            super().__init__()
            self.word = word

        @property
        def control(self) -> PressableWord:
            """The word, for `@on` with a selector."""
            return self.word

    def __init__(
        self,
        label: str,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
        tooltip: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._label = label
        self.tooltip = tooltip

    @property
    def label(self) -> str:
        """The word on the screen."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        if label != self._label:
            self._label = label
            self.refresh(layout=True)

    def render(self) -> Content:
        """The word, never as markup."""
        return Content(self._label)

    def on_click(self, event: events.Click) -> None:
        """Press it with the mouse."""
        event.stop()
        self.action_press()

    def action_press(self) -> None:
        """Press it with the keyboard."""
        self.post_message(self.Pressed(self))
