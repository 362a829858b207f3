"""The key: pasted once, kept in a 0600 file, never shown again."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from krea_tui.config.key import ApiKey, KeyProblem, parse_key
from krea_tui.ui.widgets.quiet_button import QuietButton


class KeyScreen(ModalScreen[ApiKey | str | None]):
    """Asks for a key. Closes with the key, with `demo` where the person would rather try that, or with None."""

    DEFAULT_CSS = """
    KeyScreen {
        align: center middle;
        & > Vertical {
            width: 68; max-width: 92%; height: auto; padding: 1 2;
            background: $surface; border: round $border; border-title-color: $text-primary;
        }
        .muted { color: $text-muted; margin-top: 1; }
        Input { margin-top: 1; }
        #key-problem { color: $text-error; height: 1; }
        Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
        Button { margin-left: 2; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Later", id="key.later", tooltip="Go on without a key; jobs are held")
    ]

    def __init__(self, *, is_first: bool, key_file: str) -> None:
        super().__init__()
        self._is_first = is_first
        self._key_file = key_file

    def compose(self) -> ComposeResult:
        """What is needed, where it goes, and the other ways."""
        with Vertical() as box:
            box.border_title = "Welcome to krea·tui" if self._is_first else "API key"
            words = "Pictures are made by Krea 2 Large through the Pixazo gateway, which needs your API key."
            yield Static(words if self._is_first else "Paste another API key.", markup=False)
            field = Input(password=True, placeholder="paste the key here", id="key-input", compact=True)
            # One blinking cell costs a write every half second.
            field.cursor_blink = False
            yield field
            yield Static("", id="key-problem", markup=False)
            yield Static(
                f"It is kept in {self._key_file},\nreadable by you alone, sent to the gateway alone,"
                " and never shown again. PIXAZO_API_KEY in the environment goes before it.",
                classes="muted",
                markup=False,
            )
            with Horizontal():
                if self._is_first:
                    yield QuietButton("Try the demo", id="demo", compact=True)
                yield QuietButton("Later (esc)", id="later", compact=True)
                yield QuietButton("Keep key", id="keep", variant="primary", compact=True)

    def action_leave(self) -> None:
        """Close without a key."""
        self.dismiss(None)

    @on(Input.Submitted, "#key-input")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._keep()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.id:
            case "keep":
                self._keep()
            case "demo":
                self.dismiss("demo")
            case _:
                self.dismiss(None)

    def _keep(self) -> None:
        try:
            key = parse_key(self.query_one(Input).value)
        except KeyProblem as problem:
            self.query_one("#key-problem", Static).update(f"✕ {problem}")
            self.query_one(Input).focus()
        else:
            self.dismiss(key)
