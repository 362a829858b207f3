"""One choice of a few in one line: arrows step, letters jump, Enter or a click opens the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Region
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import OptionList

_TYPE_AHEAD_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Choice:
    """One option: the API's own word, a glyph, one word and a short sentence about it."""

    value: str
    glyph: str
    gist: str
    meaning: str


class Chooser(Widget, can_focus=True):
    """A one-line field with a fixed set of choices."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    Chooser {
        height: 1;
        width: 1fr;
        background: $surface;
        color: $foreground;
        pointer: pointer;
        &:hover { background: $surface-active; }
        &:focus { background: $surface-active; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Previous", show=False, id="choice.previous", tooltip="The choice before"),
        Binding("right", "step(1)", "Next", show=False, id="choice.next", tooltip="The choice after"),
        Binding("home", "jump(0)", "First", show=False, id="choice.first", tooltip="The first choice"),
        Binding("end", "jump(-1)", "Last", show=False, id="choice.last", tooltip="The last choice"),
        Binding("enter,space", "open", "Choose", show=True, id="choice.open", tooltip="Show all choices"),
    ]

    index: reactive[int] = reactive(0)

    class Changed(Message):
        """Another choice was made, by the person or by setting `index`."""

        def __init__(self, chooser: Chooser) -> None:
            super().__init__()
            self.chooser = chooser

        @property
        def control(self) -> Chooser:
            """The chooser, for `@on` with a selector."""
            return self.chooser

    def __init__(self, choices: Sequence[Choice], value: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.choices = tuple(choices)
        self._typed = ""
        self._typed_at = 0.0
        self._value_width = max(len(choice.value) for choice in choices)
        self.set_reactive(Chooser.index, [choice.value for choice in choices].index(value))

    @property
    def value(self) -> str:
        """What is chosen."""
        return self.choices[self.index].value

    @value.setter
    def value(self, value: str) -> None:
        self.index = [choice.value for choice in self.choices].index(value)

    def validate_index(self, index: int) -> int:
        """Keep the index on a choice."""
        return max(0, min(index, len(self.choices) - 1))

    def watch_index(self) -> None:
        """Say that another choice was made."""
        self.post_message(self.Changed(self))

    def render(self) -> Content:
        """Glyph, word and gist from the left, the arrow at the right end."""
        choice = self.choices[self.index]
        arrow_style = "$text-primary" if self.has_focus else "$text-disabled"
        room = max(0, self.size.width - 2)
        words = Content.assemble(
            (f"{choice.glyph} ", "$text-primary" if self.has_focus else "$text-muted"),
            f"{choice.value:<{self._value_width}}",
            (f"  {choice.gist}", "$text-muted"),
        )
        return Content.assemble(words.truncate(room, ellipsis=True, pad=True), ("▾", arrow_style))

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Letters and digits that can start a choice are typed, not commands."""
        return character is not None and self._match(character) is not None

    def on_key(self, event: events.Key) -> None:
        """Jump to the choice whose word starts as typed."""
        if not event.is_printable or event.character is None or event.character == " ":
            return
        typed = self._typed if event.time - self._typed_at < _TYPE_AHEAD_S else ""
        for start in (typed + event.character, event.character):
            if (index := self._match(start)) is not None:
                event.stop()
                event.prevent_default()
                self._typed, self._typed_at = start, event.time
                self.index = index
                return

    def _match(self, start: str) -> int | None:
        for index, choice in enumerate(self.choices):
            if choice.value.lower().startswith(start.lower()):
                return index
        return None

    def on_click(self, event: events.Click) -> None:
        """Open the list."""
        event.stop()
        self.action_open()

    def action_step(self, by: int) -> None:
        """Go to the choice before or after."""
        self.index += by

    def action_jump(self, index: int) -> None:
        """Go to the first or the last choice."""
        self.index = index % len(self.choices)

    def action_open(self) -> None:
        """Show all choices below the field."""
        menu = ChoiceMenu(self.choices, self.index, self.region)

        def chosen(index: int | None) -> None:
            if index is not None:
                self.index = index

        self.app.push_screen(menu, chosen)


class ChoiceMenu(ModalScreen[int | None]):
    """The list of a chooser; Enter or a click takes one, Escape or a click elsewhere takes none."""

    DEFAULT_CSS = """
    ChoiceMenu {
        background: transparent;
        & > OptionList {
            position: absolute;
            width: auto;
            height: auto;
            max-height: 14;
            max-width: 100%;
            padding: 1 2;
            border: none;
            background: $panel;
            constrain: inside inside;
            scrollbar-size-vertical: 1;
            &:focus { border: none; background-tint: transparent; }
        }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="choices.close", tooltip="Leave the choice as it was"),
    ]

    def __init__(self, choices: Sequence[Choice], index: int, field: Region) -> None:
        super().__init__()
        self._labels = [
            Content.assemble(
                (f"{choice.glyph} ", "$text-muted"),
                f"{choice.value:<{max(len(each.value) for each in choices)}}",
                (f"  {choice.meaning}", "$text-muted"),
            )
            for choice in choices
        ]
        self._index = index
        self._field = field

    def compose(self) -> ComposeResult:
        """One option a choice."""
        yield OptionList(*self._labels)

    def on_mount(self) -> None:
        """Put the list below the field it belongs to, the current choice highlighted."""
        menu = self.query_one(OptionList)
        menu.highlighted = self._index
        menu.absolute_offset = Offset(self._field.x - 2, self._field.bottom)

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def on_click(self, event: events.Click) -> None:
        """A click beside the list closes it."""
        if event.widget is self:
            self.dismiss(None)

    def action_close(self) -> None:
        """Take nothing."""
        self.dismiss(None)
