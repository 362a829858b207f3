"""The line a filter is typed in: its keys stand out, and what the filter cannot take is marked."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import ClassVar, Final

from rich.highlighter import Highlighter
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import Reactive

from krea_tui.domain.completion import terms_in
from krea_tui.domain.query import Trouble, parse_filter
from krea_tui.domain.text import clean_line
from krea_tui.ui.widgets.fields import FieldInput

MOST_CHARACTERS: Final = 500
PLACEHOLDER: Final = "words, or Tab for keys such as status: tag: since:"


class Wish(Enum):
    """What a key asks of the bar that the input stands in."""

    COMPLETE = "complete"
    KEEP = "keep"
    LEAVE = "leave"
    UP = "up"
    DOWN = "down"


class FilterInput(FieldInput):
    """An input that knows what a filter makes of its text. `now` is the wall clock, epoch seconds.

    `wish` is called at once, not by a message: letters that are typed right behind Tab must find its work done.
    """

    # Textual lays the whole screen out anew for each letter, but this line is as wide as there is room, however long
    # its text.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0))

    COMPONENT_CLASSES: ClassVar[set[str]] = {"filter-input--key", "filter-input--wrong"}

    DEFAULT_CSS = """
    FilterInput {
        width: 1fr;
        background: transparent;
        &:focus { background: transparent; }
        & > .filter-input--key { color: $text-secondary; }
        & > .filter-input--wrong { color: $text-error; text-style: underline; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "wish('complete')", "Complete", id="filter.complete", tooltip="Complete the term, or list keys"),
        Binding("enter", "wish('keep')", "To the rows", id="filter.keep", tooltip="Keep the filter, to the rows"),
        Binding("escape", "wish('leave')", "Clear", id="filter.leave", tooltip="Close the list, clear, then leave"),
        Binding("down", "wish('down')", "Down", show=False, id="filter.down", tooltip="Next completion, or the rows"),
        Binding("up", "wish('up')", "Up", show=False, id="filter.up", tooltip="Completion above, or an earlier filter"),
        Binding(
            "right", "cursor_right", "Right", show=False, id="filter.right", tooltip="At the end: take the completion"
        ),
        Binding(
            "ctrl+u", "delete_left_all", "Erase", show=False, id="filter.erase", tooltip="Erase all before the cursor"
        ),
    ]

    def __init__(self, *, wish: Callable[[Wish], None], now: Callable[[], float]) -> None:
        super().__init__(placeholder=PLACEHOLDER, max_length=MOST_CHARACTERS)
        self._wish = wish
        self._now = now
        self._judged: tuple[str, tuple[Trouble, ...]] = ("", ())
        self.can_complete = False
        self.highlighter = _TermMarks(self)

    @property
    def trouble(self) -> tuple[Trouble, ...]:
        """What the filter leaves out, and why."""
        if self._judged[0] != self.value:
            self._judged = (self.value, parse_filter(self.value, self._now()).trouble)
        return self._judged[1]

    def is_being_typed(self, trouble: Trouble) -> bool:
        """Whether the cursor stands at the end of this term, so that it may be finished yet."""
        return self.has_focus and self.cursor_position == trouble.end

    def on_paste(self, event: events.Paste) -> None:
        """Insert pasted text, as one line."""
        event.stop()
        event.prevent_default()
        room = MOST_CHARACTERS - len(self.value) + len(self.selected_text)
        if room > 1:
            self.replace(clean_line(event.text, room), *self.selection)

    def action_wish(self, wish: str) -> None:
        """Have the bar do it."""
        self._wish(Wish(wish))

    def action_cursor_right(self, select: bool = False) -> None:
        """One to the right; at the end, the completion."""
        if not select and self.can_complete and self.cursor_at_end and self.selection.is_empty:
            self.action_wish("complete")
        else:
            super().action_cursor_right(select)


class _TermMarks(Highlighter):
    """Paints the keys of terms, and what is wrong; a term that is being typed is not wrong yet."""

    def __init__(self, field: FilterInput) -> None:
        self._field = field

    def highlight(self, text: Text) -> None:
        key_style = self._field.get_component_rich_style("filter-input--key", partial=True)
        for term in terms_in(text.plain):
            text.stylize(key_style, term.start, term.key_end)
        for trouble in self._field.trouble:
            if not self._field.is_being_typed(trouble):
                wrong_style = self._field.get_component_rich_style("filter-input--wrong", partial=True)
                text.stylize(wrong_style, trouble.start, trouble.end)
