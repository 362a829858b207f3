"""The cells of a picture: paints a drawing where it belongs, and knows when a sixel picture must be sent again."""

import time

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from krea_tui.ui.graphics import Drawing
from krea_tui.ui.sixel_rows import SixelFrame, SixelRow

PAINT_HOLDS_S = 0.3
"""How long a sixel picture that was just painted is taken for undamaged."""
SAMPLE_COLUMNS = 12
"""How far apart a sixel picture looks for what covers it; nothing that floats is narrower."""


class PictureCanvas(Widget, can_focus=False):
    """Paints a drawing into the middle of itself. Has no border or padding, so that its cells are the screen's."""

    DEFAULT_CSS = """
    PictureCanvas { width: 100%; height: 100%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._drawing: Drawing | None = None
        self._frame: SixelFrame | None = None
        self._covered: frozenset[int] = frozenset()
        self._stale: frozenset[int] = frozenset()

    @property
    def drawing(self) -> Drawing | None:
        """What is painted. Setting it repaints the pane once, without a new layout."""
        return self._drawing

    @drawing.setter
    def drawing(self, drawing: Drawing | None) -> None:
        self._drawing = drawing
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint the rows of ``crop``; pictures of the terminal only while nothing lies over this screen."""
        blank = self.visual_style.rich_style
        rows = self._rows(self._drawing, blank) if self._drawing is not None else {}
        empty = Strip.blank(self.size.width, blank)
        lines = [rows.get(y, empty) for y in range(crop.y, crop.bottom)]
        if crop.x == 0 and crop.width == self.size.width:
            return lines
        return [line.crop(crop.x, crop.right) for line in lines]

    def _rows(self, drawing: Drawing, blank: Style) -> dict[int, Strip]:
        """The rows that the picture covers, each as wide as the widget."""
        width, height = self.size
        left, top = (width - drawing.columns) // 2, (height - drawing.rows) // 2
        # A translucent screen above tints what is below, and kitty reads pictures from the colours.
        if (drawing.sixel or drawing.kitty_id) and not self.screen.is_active:
            self._frame = None
            return {}
        if drawing.sixel:
            return self._sixel_rows(drawing, left, top, blank)
        rows: dict[int, Strip] = {}
        filters = [] if drawing.kitty_id else self.get_line_filters()
        background = self.background_colors[1]
        for row, strip in enumerate(drawing.strips):
            shown = strip
            for line_filter in filters:
                shown = shown.apply_filter(line_filter, background)
            padding_left, padding_right = max(0, left), max(0, width - left - drawing.columns)
            shown = shown.crop(max(0, -left), max(0, -left) + width)
            pads = (Strip.blank(padding_left, blank), shown, Strip.blank(padding_right, blank))
            rows[top + row] = Strip.join(pads)
        return rows

    def _sixel_rows(self, drawing: Drawing, left: int, top: int, blank: Style) -> dict[int, Strip]:
        geometry = self.screen.find_widget(self)
        whole = geometry.visible_region == geometry.region
        # Half of it cannot be sent; after a change of size the next drawing is on its way.
        if not whole or left < 0 or top < 0:
            self._frame = None
            return {}
        x, y = geometry.region.offset
        covered = self._rows_below_others(Region(x + left, y + top, drawing.columns, drawing.rows))
        frame = self._frame
        painted = frame is not None and frame.shows(drawing, x + left, y + top)
        if frame is None or not painted or not (covered or self._just_painted(frame)):
            frame = SixelFrame(drawing, x + left, y + top, blank)
            self._stale = frozenset()
        else:
            # Painted again, it would lie over what covers it. What that uncovers stays empty until all of it is gone.
            self._stale = (self._stale | self._covered) - covered
        self._covered, self._frame = covered, frame
        return {
            row - y: SixelRow(frame, row, x, x + self.size.width)
            for row in range(y + top, y + top + drawing.rows)
            if row not in self._stale
        }

    def _just_painted(self, frame: SixelFrame) -> bool:
        """Textual repaints a screen twice in a row where once would do; a sixel picture is too dear for that."""
        if self._covered or self._stale or frame.painted_at is None:
            return False
        return time.monotonic() - frame.painted_at < PAINT_HOLDS_S

    def _rows_below_others(self, picture: Region) -> frozenset[int]:
        """Rows of the screen where something (a toast, a list that dropped down) lies over the picture."""
        columns = (*range(picture.x, picture.right, SAMPLE_COLUMNS), picture.right - 1)
        top_widget = self.screen.get_widget_at
        return frozenset(y for y in picture.line_range if any(top_widget(x, y)[0] is not self for x in columns))
