"""Small windows over the workbench: questions, and trouble that ends the program."""

from __future__ import annotations

import time
from typing import ClassVar, Final, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from krea_tui.domain.text import clean_line, clean_text
from krea_tui.ui.key_times import ActsAlone
from krea_tui.ui.widgets.quiet_button import QuietButton

_MOST_WORDS: Final = 4_000
# No question is read in less.
READ_S: Final = 0.3

Result = TypeVar("Result")


class Question(ModalScreen[Result], ActsAlone[Result]):
    """A window that asks; the answer that changes nothing has the focus.

    An answer that comes before the question can have been read is not one.
    """

    DEFAULT_CSS = """
    Question {
        align: center middle;
        & > Vertical {
            width: 64; max-width: 90%; height: auto; max-height: 90%; padding: 1 2;
            background: $surface; border: round $border; border-title-color: $text-primary;
        }
        .detail { color: $text-muted; margin-top: 1; }
        .problem { color: $text-error; height: auto; }
        Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
        Button { margin-left: 2; }
    }
    """

    def __init__(self, title: str, question: str, detail: str = "") -> None:
        super().__init__()
        self._title = clean_line(title)
        self._question = clean_text(question, _MOST_WORDS)
        self._detail = clean_text(detail, _MOST_WORDS)
        self._asked_at = 0.0

    def compose(self) -> ComposeResult:
        """The question, what it means, and the answers."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            yield Static(self._question, markup=False)
            if self._detail:
                yield Static(self._detail, classes="detail", markup=False)
            yield from self.compose_answers()

    def compose_answers(self) -> ComposeResult:
        """What stands below the words."""
        yield from ()

    def on_mount(self) -> None:
        """Note when it was asked."""
        self._asked_at = time.monotonic()

    @property
    def is_read(self) -> bool:
        """Whether there was time to read it."""
        return time.monotonic() - self._asked_at >= READ_S


class Confirm(Question[bool]):
    """Asks before something that cannot be taken back; the answer is No unless the person says Yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes", tooltip="Do it"),
        Binding("n,escape", "answer(False)", "No", id="confirm.no", tooltip="Leave everything as it is"),
    ]

    def __init__(self, title: str, question: str, detail: str = "", *, yes: str = "Yes", no: str = "No") -> None:
        super().__init__(title, question, detail)
        self._yes = yes
        self._no = no

    def compose_answers(self) -> ComposeResult:
        """Yes and No; No is the answer of a hasty Enter."""
        with Horizontal():
            yield QuietButton(Content(f"{self._yes} (y)"), id="yes", compact=True)
            yield QuietButton(Content(f"{self._no} (n)"), id="no", variant="primary", compact=True)

    def on_mount(self) -> None:
        """No is the answer of a hasty Enter."""
        self.query_one("#no", Button).focus()

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        if not answer:
            self.dismiss(False)
        elif self.is_read:
            self.when_alone(lambda: self.dismiss(True))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")


class Told(ModalScreen[None]):
    """A window that tells something; its one button closes it, as its keys do."""

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_leave()


class Trouble(Told):
    """Something without which the program cannot go on, in words, with what to do about it."""

    DEFAULT_CSS = """
    Trouble {
        align: center middle;
        & > Vertical {
            width: 72; max-width: 90%; height: auto; padding: 1 2;
            background: $surface; border: round $error; border-title-color: $text-error;
        }
        .advice { color: $text-muted; margin-top: 1; }
        Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "leave", "Close", id="trouble.close", tooltip="Close the program")
    ]

    def __init__(self, title: str, words: str, advice: str = "") -> None:
        super().__init__()
        self._title = clean_line(title)
        self._words = clean_text(words, _MOST_WORDS)
        self._advice = clean_text(advice, _MOST_WORDS)

    def compose(self) -> ComposeResult:
        """The words, the advice, and the way out."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            yield Static(self._words, markup=False)
            if self._advice:
                yield Static(self._advice, classes="advice", markup=False)
            with Horizontal():
                yield QuietButton("Close", variant="primary", compact=True)
