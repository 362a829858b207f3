"""Questions about money that a slip of the hand must not answer."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Static

from krea_tui.domain.answers import pasted_request_id
from krea_tui.ui.screens.dialog import Question
from krea_tui.ui.widgets.quiet_button import QuietButton


class Asks(Question[str]):
    """Asks for a word; the result is that word, or blank where the person would rather leave everything as it is."""

    DEFAULT_CSS = """
    Asks {
        Input { margin-top: 1; border: none; height: 1; padding: 0 1; background: $panel; }
        Input:focus { border: none; background: $surface-active; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="asks.leave", tooltip="Leave everything as it is"),
    ]

    def __init__(self, title: str, question: str, detail: str, *, do: str, placeholder: str) -> None:
        super().__init__(title, question, detail)
        self._do = do
        self._placeholder = placeholder

    def compose_answers(self) -> ComposeResult:
        """The field, what is wrong with it, and the two ways on."""
        field = Input(placeholder=self._placeholder, max_length=400, id="word")
        field.cursor_blink = False
        yield field
        yield Static("", classes="problem", markup=False)
        with Horizontal():
            yield QuietButton(Content(f"{self._do} (enter)"), id="do", compact=True)
            yield QuietButton("Leave (esc)", id="leave", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def checked(self, word: str) -> str | None:
        """The word as it will be the result, or None where it is not one."""
        raise NotImplementedError

    def problem(self) -> str:
        """What is said of a word that is none."""
        raise NotImplementedError

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss("")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._answer()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "do":
            self._answer()
        else:
            self.action_leave()

    def _answer(self) -> None:
        if not self.is_read:
            return
        word = self.checked(self.query_one(Input).value)
        if word is None:
            self.query_one(".problem", Static).update(f"✕ {self.problem()}")
            self.query_one(Input).focus()
        else:
            self.dismiss(word)


class AsksCount(Asks):
    """Asks for the number of jobs that an answer is about, so that no slip decides about many."""

    def __init__(self, title: str, question: str, detail: str, *, do: str, count: int) -> None:
        super().__init__(title, question, detail, do=do, placeholder=f"type {count}")
        self._count = count

    def checked(self, word: str) -> str | None:
        """The number itself."""
        return word.strip() if word.strip() == str(self._count) else None

    def problem(self) -> str:
        """Name the number."""
        return f"type {self._count} to say that you mean all of them"


class AsksRequestId(Asks):
    """Asks for a request id; one in quotes or at the end of a URL will do."""

    def checked(self, word: str) -> str | None:
        """The id alone."""
        return pasted_request_id(word)

    def problem(self) -> str:
        """Name the shape."""
        return "a request id has letters, digits, dots, dashes and underscores only"


class LeftOverAnswer(Enum):
    """What becomes of jobs that an earlier session has left."""

    SEND = "send"
    CANCEL = "cancel"
    LEAVE = "leave"


class LeftOver(Question[LeftOverAnswer]):
    """Asks what becomes of the left-overs; nothing happens to them unless the person says so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer('send')", "Send them", id="left_over.send", tooltip="Send the left-overs now"),
        Binding("x", "answer('cancel')", "Cancel them", id="left_over.cancel", tooltip="Cancel them, for nothing"),
        Binding("n,escape", "answer('leave')", "Leave them", id="left_over.leave", tooltip="Leave them as they are"),
    ]

    def compose_answers(self) -> ComposeResult:
        """The three ways on; a hasty Enter leaves everything as it is."""
        with Horizontal():
            yield QuietButton("Send (y)", id="send", compact=True)
            yield QuietButton("Cancel (x)", id="cancel", compact=True)
            yield QuietButton("Leave (n)", id="leave", variant="primary", compact=True)

    def on_mount(self) -> None:
        """A hasty Enter leaves everything as it is."""
        self.query_one("#leave", Button).focus()

    def action_answer(self, word: str) -> None:
        """Close with the answer."""
        answer = LeftOverAnswer(word)
        if answer is LeftOverAnswer.LEAVE:
            self.dismiss(answer)
        elif self.is_read:
            self.when_alone(lambda: self.dismiss(answer))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(LeftOverAnswer(event.button.id))
