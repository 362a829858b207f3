"""Lines of text that change in place: only the lines that changed are painted again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget


class Link(NamedTuple):
    """A part of a line that can be clicked: from one cell to before another, and what it stands for."""

    start: int
    end: int
    target: str


class Line(NamedTuple):
    """One line, and what in it can be clicked."""

    content: Content = Content("")
    links: tuple[Link, ...] = ()


class Sheet(Widget):
    """As high as its lines. A click on a link posts `Followed`."""

    DEFAULT_CSS = """
    Sheet { width: 1fr; height: auto; }
    """

    class Followed(Message):
        """The person clicked on this target."""

        def __init__(self, target: str) -> None:
            super().__init__()
            self.target = target

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()

    @property
    def text(self) -> str:
        """What it says."""
        return "\n".join(line.content.plain for line in self._lines)

    def tell(self, lines: Sequence[Line]) -> None:
        """Show these lines."""
        before, self._lines = self._lines, tuple(lines)
        if len(before) != len(self._lines):
            self.refresh(layout=True)
            return
        width = self.size.width
        changed = (y for y, (old, new) in enumerate(zip(before, self._lines, strict=True)) if old != new)
        if regions := [Region(0, y, width, 1) for y in changed]:
            self.refresh(*regions)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """A line each."""
        del container, viewport, width
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """One line, cut to the width."""
        width, style = self.size.width, self.visual_style
        if y >= len(self._lines):
            return Strip.blank(width, style.rich_style)
        content = self._lines[y].content.truncate(width, ellipsis=True)
        [strip, *_] = Visual.to_strips(self, content, width, 1, style, pad=True) or [Strip.blank(width)]
        return strip

    def on_click(self, event: events.Click) -> None:
        """Follow the link under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y >= len(self._lines):
            return
        for link in self._lines[offset.y].links:
            if link.start <= offset.x < link.end:
                self.post_message(self.Followed(link.target))
