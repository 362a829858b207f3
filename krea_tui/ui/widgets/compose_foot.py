"""The foot of the form: a warning where there is one, the price, what is left, and Generate."""

from __future__ import annotations

from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from krea_tui.domain.pricing import format_usd
from krea_tui.ui.drafts import Draft, count_of, price_of_draft
from krea_tui.ui.widgets.fields import PressableWord
from krea_tui.ui.widgets.wording import say

_WARNING: Final = "! the same picture again: press once more to buy it again"


class ComposeFoot(Vertical):
    """Says what a draft costs, and holds the button that spends it. Its rules reach the form around it."""

    SCOPED_CSS = False

    DEFAULT_CSS = """
    ComposeFoot {
        height: auto;
        min-height: 4;
        max-width: 60;
        #warning { height: auto; min-height: 1; color: $text-warning; }
        #price-row { height: 1; }
        #price { width: auto; color: $foreground; }
        #money-left {
            width: 1fr;
            margin-left: 1;
            text-align: right;
            color: $text-muted;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        #generate {
            width: 100%;
            margin-top: 1;
            content-align: center middle;
            text-align: center;
            color: $text-muted;
            background: $panel;
            &:hover { background: $boost; }
            &.-ready { color: $text-primary; }
            &:focus { text-style: bold underline; }
            &.-again { color: $text-warning; }
        }
    }
    ComposeForm {
        &.-short ComposeFoot { min-height: 3; }
        &.-short #generate { margin-top: 0; }
        &:focus-within #generate.-ready {
            color: $button-color-foreground;
            background: $primary;
            text-style: bold;
            &:hover { background: $primary-lighten-1; }
            &:focus { text-style: bold underline; }
            &.-again { background: $warning; }
        }
    }
    """

    class GeneratePressed(Message):
        """The button was pressed."""

    def __init__(self, draft: Draft, money_left: str) -> None:
        super().__init__()
        self._draft = draft
        self._money_left = money_left
        self._width = 0
        self._button = PressableWord("", id="generate", tooltip="Send what the form holds; this spends money")
        self._show_button(is_asking=False)

    def compose(self) -> ComposeResult:
        """The warning, the price beside what is left, and the button."""
        yield Static("", id="warning", markup=False)
        with Horizontal(id="price-row"):
            yield Static(self._price(), id="price", markup=False)
            yield Static(self._money_left, id="money-left", markup=False)
        yield self._button

    def show(self, draft: Draft, *, is_asking: bool) -> None:
        """Show what this draft costs, and whether one more press buys a picture again."""
        self._draft = draft
        self._show_button(is_asking=is_asking)
        if not self.is_mounted:
            return
        say(self.query_one("#warning", Static), _WARNING if is_asking else "")
        say(self.query_one("#price", Static), self._price())

    def show_money_left(self, text: str) -> None:
        """Show what is left to spend; blank shows nothing."""
        self._money_left = text
        if not self.is_mounted:
            return
        say(self.query_one("#money-left", Static), text)
        say(self.query_one("#price", Static), self._price())

    def on_resize(self, event: events.Resize) -> None:
        """Say the price in the width there is."""
        self._width = event.size.width
        say(self.query_one("#price", Static), self._price())

    @on(PressableWord.Pressed, "#generate")
    def _pressed(self, event: PressableWord.Pressed) -> None:
        event.stop()
        self.post_message(self.GeneratePressed())

    def _price(self) -> str:
        price, count = price_of_draft(self._draft)
        total = f"{format_usd(price.times(count).microusd)}{' estimate' if price.is_estimate else ''}"
        full = total if count == 1 else f"{count} × {format_usd(price.microusd)} = {total}"
        # Both sides stay whole: where they do not fit, the sum alone is shown.
        return full if len(full) + 1 + len(self._money_left) <= self._width else total

    def _show_button(self, *, is_asking: bool) -> None:
        count, _ = count_of(self._draft.count)
        label = "Buy it again" if is_asking else f"Generate {count}" if count > 1 else "Generate"
        self._button.label = f"{label}  ^J"
        self._button.set_class(bool(self._draft.prompt.strip()), "-ready")
        self._button.set_class(is_asking, "-again")
