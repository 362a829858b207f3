"""How a sixel picture, which is one sequence, goes through textual, which paints rows of cells."""

import itertools
import time
from collections.abc import Iterable

from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from krea_tui.ui.graphics import Drawing


class SixelFrame:
    """One painting of a sixel picture. The first row that is written carries it; the others step over it.

    Textual writes only rows that changed, from the top. Rows that step over leave the picture alone, and what another
    widget paints over it in the same frame (a toast) comes after it and stays on top.

    Args:
        drawing: The picture.
        left: Column of its left edge on the screen.
        top: Row of its top edge on the screen.
        blank: Style of the cells beside it.
    """

    def __init__(self, drawing: Drawing, left: int, top: int, blank: Style) -> None:
        self.drawing = drawing
        self.left = left
        self.right = left + drawing.columns
        self.top = top
        self.blank = blank
        self.painted_at: float | None = None
        """When it was written to the terminal, by the monotonic clock."""

    def shows(self, drawing: Drawing, left: int, top: int) -> bool:
        """Whether it has painted this very picture at this place."""
        return self.painted_at is not None and self.drawing is drawing and (self.left, self.top) == (left, top)

    def claim(self) -> str:
        """The sequences that paint the picture, on the first call; then nothing."""
        if self.painted_at is not None:
            return ""
        self.painted_at = time.monotonic()
        return Control.move_to(self.left, self.top).segment.text + self.drawing.sixel


class SixelRow(Strip):
    """A row of the screen across a sixel picture, from column ``start`` to ``end`` of row ``y``.

    Its segments are blanks, which is what a screenshot shows.
    """

    __slots__ = ("end", "frame", "start", "y")

    def __init__(self, frame: SixelFrame, y: int, start: int, end: int) -> None:
        super().__init__([Segment(" " * (end - start), frame.blank)], end - start)
        self.frame = frame
        self.y = y
        self.start = start
        self.end = end

    def crop(self, start: int, end: int | None = None) -> Strip:
        """Cut out cells, which remain part of the picture."""
        last = self.cell_length if end is None else min(end, self.cell_length)
        return SixelRow(self.frame, self.y, self.start + max(0, start), self.start + max(start, last, 0))

    def divide(self, cuts: Iterable[int]) -> list[Strip]:
        """Cut at columns; every piece remains part of the picture."""
        ends = [cut for cut in cuts if cut <= self.cell_length]
        return [self.crop(start, end) for start, end in itertools.pairwise([0, *ends])]

    def render(self, console: Console) -> str:
        """The picture or a step over it, between blanks."""
        frame = self.frame
        picture = frame.claim()
        back = Control.move_to(self.start, self.y).segment.text if picture else ""
        before = Strip.blank(max(0, min(self.end, frame.left) - self.start), frame.blank).render(console)
        inside = min(self.end, frame.right) - max(self.start, frame.left)
        after = Strip.blank(max(0, self.end - max(self.start, frame.right)), frame.blank).render(console)
        return picture + back + before + (f"\x1b[{inside}C" if inside > 0 else "") + after
