"""What may follow in a line of text, in a small list below it; the line keeps the focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

_MOST_LINES: Final = 8
_PADDING: Final = 1
_GAP: Final = "  "
# At the right end: what takes the first one, and whether there are more above or below.
_HOW: Final = "Tab"
_MORE: Final = ("▴", "▾")
_PLAIN_MORE: Final = ("^", "v")


class Offer(NamedTuple):
    """One line of the list."""

    label: str
    detail: str = ""


class CompletionList(Widget):
    """Lies over what is below the line. A click on an offer posts `Taken`; where nothing is offered it has words."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    CompletionList {
        overlay: screen;
        constrain: inside inflect;
        display: none;
        width: 1; max-width: 100%; height: 1;
        padding: 0 1;
        background: $panel; color: $foreground;
        pointer: pointer;
    }
    CompletionList.-shown { display: block; }
    CompletionList.-words { pointer: default; }
    """

    class Taken(Message):
        """An offer was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._offers: tuple[Offer, ...] = ()
        self._words: tuple[Content, ...] = ()
        self._chosen: int | None = None
        self._top = 0
        self.plain = False

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What is offered now."""
        return self._offers

    @property
    def is_shown(self) -> bool:
        """Whether there is something to read."""
        return self.has_class("-shown")

    @property
    def chosen(self) -> int | None:
        """The offer that the arrows have chosen; None where they were not used."""
        return self._chosen

    def offer(self, offers: Sequence[Offer], x: int) -> None:
        """Show these, `x` cells from the left of the line; the first one is what Tab takes."""
        if not offers:
            self.hide()
        elif tuple(offers) != self._offers or self._chosen is not None or not self.is_shown:
            self._offers, self._words = tuple(offers), ()
            self._chosen, self._top = None, 0
            label_cells = max(_cells(offer.label) for offer in offers)
            detail_cells = max(_cells(offer.detail) for offer in offers)
            width = label_cells + (len(_GAP) + detail_cells if detail_cells else 0) + len(_GAP) + len(_HOW)
            self._show(width, min(len(offers), _MOST_LINES), x)

    def tell(self, words: Sequence[Content], x: int, most_cells: int) -> None:
        """Show words instead, wrapped to so many cells."""
        room = max(1, most_cells - 2 * _PADDING)
        lines = tuple(line for each in words for line in each.wrap(room))
        if not lines:
            self.hide()
        elif not (self.is_shown and _are_same(lines, self._words)):
            self._offers, self._words, self._chosen = (), lines, None
            self._show(max(line.cell_length for line in lines), min(len(lines), _MOST_LINES), x)

    def hide(self) -> None:
        """Show nothing."""
        self._offers, self._words, self._chosen = (), (), None
        self.remove_class("-shown")

    def step(self, by: int) -> None:
        """Choose the offer below (1) or above (-1); above the first one none is chosen, and below the last the last."""
        at = -1 if self._chosen is None else self._chosen
        at = max(-1, min(at + by, len(self._offers) - 1))
        self._chosen = None if at < 0 else at
        self._top = max(0, min(self._top, at), at - _MOST_LINES + 1)
        self.refresh()

    def _show(self, width: int, height: int, x: int) -> None:
        self.styles.width, self.styles.height = width + 2 * _PADDING, height
        self.styles.offset = (x, 0)
        self.set_class(bool(self._words), "-words")
        self.add_class("-shown")
        self.refresh()

    def render(self) -> Content:
        """One line an offer, or the words."""
        if self._words:
            return Content("\n").join(self._words[:_MOST_LINES])
        label_cells = max((_cells(offer.label) for offer in self._offers), default=0)
        shown = range(self._top, min(len(self._offers), self._top + _MOST_LINES))
        return Content("\n").join(self._line(index, label_cells) for index in shown)

    def _line(self, index: int, label_cells: int) -> Content:
        offer = self._offers[index]
        is_chosen = index == self._chosen
        words = Content.assemble(
            (offer.label + " " * (label_cells - _cells(offer.label)), "bold" if is_chosen else ""),
            (_GAP + offer.detail if offer.detail else "", "" if is_chosen else "$text-muted"),
        ).truncate(max(0, self.content_size.width - len(_HOW) - 1), ellipsis=True, pad=True)
        line = Content.assemble(words, " ", (self._sign(index).rjust(len(_HOW)), "$text-disabled"))
        return line.stylize("$block-cursor-foreground on $block-cursor-background") if is_chosen else line

    def _sign(self, index: int) -> str:
        # Tab takes the first as long as none is chosen.
        if index == (self._chosen or 0):
            return _HOW
        above, below = _PLAIN_MORE if self.plain else _MORE
        if index == self._top and self._top > 0:
            return above
        return below if index == self._top + _MOST_LINES - 1 < len(self._offers) - 1 else ""

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """The line keeps the focus."""
        event.stop()
        event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        """Take the offer under the mouse."""
        event.stop()
        offset = event.get_content_offset(self)
        if offset is not None and self._offers and (index := self._top + offset.y) < len(self._offers):
            self.post_message(self.Taken(index))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The offers below."""
        self._scroll(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The offers above."""
        self._scroll(event, -1)

    def _scroll(self, event: events.MouseEvent, by: int) -> None:
        event.stop()
        event.prevent_default()
        self._top = max(0, min(self._top + by, len(self._offers) - _MOST_LINES))
        self.refresh()


def _cells(text: str) -> int:
    return Content(text).cell_length


def _are_same(lines: Sequence[Content], others: Sequence[Content]) -> bool:
    """Whether they look the same too; two pieces of content are equal as soon as their texts are."""
    return len(lines) == len(others) and all(map(Content.is_same, lines, others))
