"""The panes as tabs, for a terminal too narrow to show them side by side."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

PANES: Final = ("compose", "jobs", "preview")


class PaneTabs(Widget):
    """One line: `1 Compose  2 Jobs  3 Preview`, the active one marked."""

    DEFAULT_CSS = """
    PaneTabs { height: 1; padding: 0 1; color: $text-muted; }
    """

    active: reactive[str] = reactive("compose")
    """The pane that is shown."""

    class Chosen(Message):
        """The person clicked a tab."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def render(self) -> Content:
        """The tabs."""
        return Content("   ").join(self._label(number, pane) for number, pane in enumerate(PANES, 1))

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        start = 0
        for number, pane in enumerate(PANES, 1):
            end = start + self._label(number, pane).cell_length
            if start <= offset.x < end:
                self.post_message(self.Chosen(pane))
            start = end + 3

    def _label(self, number: int, pane: str) -> Content:
        text = f"{number} {pane.capitalize()}"
        return Content.styled(text, "bold underline $text-primary" if pane == self.active else "")
