"""What waits for the person's decision, in one line over the panes; no line where nothing waits."""

from __future__ import annotations

from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from krea_tui.ui.widgets.key_hint import key_hint


class Matter(NamedTuple):
    """One thing to decide: words, the key that opens it, what that key does, and the action behind it."""

    words: str
    key: str
    does: str
    action: str


class Attention(Widget):
    """Says what waits for a decision. A click on a matter posts `Chosen` with its action."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    Attention { height: 1; padding: 0 1; color: $text-warning; background: $panel; display: none; }
    Attention.-waiting { display: block; }
    """

    class Chosen(Message):
        """The person wants to decide this matter."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._matters: tuple[Matter, ...] = ()

    def on_mount(self) -> None:
        """Name the keys as they are to be pressed from wherever the focus is."""
        self.watch(self.screen, "focused", self._focus_moved, init=False)

    def tell(self, matters: tuple[Matter, ...]) -> None:
        """Show these matters, the most urgent first."""
        if matters != self._matters:
            self._matters = matters
            self.set_class(bool(matters), "-waiting")
            self.refresh()

    def render(self) -> Content:
        """As many matters as there is room for, the first one whole as long as possible."""
        shown = Content("")
        for matter in self._matters:
            more = Content.assemble(shown, "     " if shown else "", self._piece(matter))
            if shown and more.cell_length > self.content_size.width:
                break
            shown = more
        return shown.truncate(self.content_size.width, ellipsis=True)

    def on_click(self, event: events.Click) -> None:
        """Open the matter under the mouse."""
        offset = event.get_content_offset(self)
        start = 0
        for matter in self._matters:
            end = start + self._piece(matter).cell_length
            if offset is not None and start <= offset.x < end:
                self.post_message(self.Chosen(matter.action))
            start = end + 5

    def _focus_moved(self) -> None:
        if self._matters:
            self.refresh()

    def _piece(self, matter: Matter) -> Content:
        key = (key_hint(self, matter.key), "bold $text-primary")
        return Content.assemble((matter.words, "bold"), "  ", key, f" {matter.does}")
