"""How one row becomes a line of the screen, and how little of it must be painted again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from krea_tui.ui.live_table.cells import crop, steady
from krea_tui.ui.live_table.columns import Column, PlacedColumn, place
from krea_tui.ui.live_table.layout import ColumnLayout
from krea_tui.ui.live_table.pieces import HEADER, MARGIN, MUTED, TEXT, Cell, Piece
from krea_tui.ui.live_table.rows import RowT, SceneT

# More than two tall screens of rows; one that scrolls back into view later is drawn again.
CACHED_ROWS: Final = 256

StyleOf = Callable[[str, bool], Style]


class Look(NamedTuple):
    """What stands in the margin of a row."""

    has_cursor: bool = False


class _Drawn(NamedTuple, Generic[RowT]):
    row: RowT
    look: Look
    ticking: tuple[Cell, ...]
    cells: tuple[Cell, ...]
    strip: Strip


class RowPainter(Generic[RowT, SceneT]):
    """Draws rows as strips for one width, and remembers the latest ones.

    `is_same` tells whether two states of a row would be drawn alike but for the scene; `style_of` gives the style
    of a tone, on the cursor's row or elsewhere.
    """

    def __init__(
        self,
        columns: Sequence[Column[RowT, SceneT]],
        *,
        key_of: Callable[[RowT], str],
        is_same: Callable[[RowT, RowT], bool],
        style_of: StyleOf,
    ) -> None:
        self._all_columns = tuple(columns)
        self._key_of = key_of
        self._is_same = is_same
        self._style_of = style_of
        self._width = 0
        self._layout: ColumnLayout | None = None
        self.placed: tuple[PlacedColumn[RowT, SceneT], ...] = ()
        self._drawn: dict[str, _Drawn[RowT]] = {}

    def arrange(self, width: int, layout: ColumnLayout) -> None:
        """Place the columns for a pane of so many cells."""
        if width == self._width and layout is self._layout:
            return
        self._width, self._layout = width, layout
        self.placed = place(self._all_columns, width, layout)
        self.forget()

    def forget(self) -> None:
        """Draw everything anew: the theme, the focus or plain mode has changed."""
        self._drawn.clear()

    def row(self, row: RowT, scene: SceneT, look: Look) -> Strip:
        """The line of a row; the same strip as before where nothing that it shows has changed."""
        key = self._key_of(row)
        ticking = tuple(spot.cell(row, scene) for spot in self.placed if spot.column.ticks)
        drawn = self._drawn.get(key)
        is_same = drawn is not None and self._is_same(drawn.row, row)
        if drawn and is_same and drawn.look == look and drawn.ticking == ticking:
            return drawn.strip
        fresh = iter(ticking)
        cells = tuple(
            next(fresh)
            if spot.column.ticks
            # Cleaning and fitting a long text is most of a row's cost.
            else drawn.cells[number]
            if drawn and (is_same or _same_source(spot.column, drawn.row, row))
            else spot.cell(row, scene)
            for number, spot in enumerate(self.placed)
        )
        strip = self._strip(zip(self.placed, cells, strict=True), look, plain=scene.plain)
        self._remember(key, _Drawn(row, look, ticking, cells, strip))
        return strip

    def _remember(self, key: str, drawn: _Drawn[RowT]) -> None:
        # The oldest drawing goes first: what is visible is drawn again and again, and stays.
        self._drawn.pop(key, None)
        self._drawn[key] = drawn
        if len(self._drawn) > CACHED_ROWS:
            del self._drawn[next(iter(self._drawn))]

    def placeholder(self, scene: SceneT, look: Look) -> Strip:
        """The line of a row that is not loaded yet."""
        dots = "..." if scene.plain else "…"
        growing = [spot for spot in self.placed if spot.column.grows_to is not None]
        cells = ((spot, (Piece(dots, MUTED),)) for spot in growing or self.placed[:1])
        return self._strip(cells, look, plain=scene.plain)

    def header(self) -> Strip:
        """The labels of the columns."""
        cells = ((spot, (Piece(spot.column.label, HEADER),)) for spot in self.placed)
        return self._strip(cells, Look(), plain=False, filler=HEADER)

    def blank(self) -> Strip:
        """A line below the last row."""
        return Strip.blank(self._width, self._style_of(TEXT, False))

    def _strip(
        self,
        cells: Iterable[tuple[PlacedColumn[RowT, SceneT], Cell]],
        look: Look,
        *,
        plain: bool,
        filler: str = TEXT,
    ) -> Strip:
        line = _Line(filler)
        if look.has_cursor:
            line.add(Piece(">" if plain else "▌", MARGIN))
        for spot, cell in cells:
            line.pad_to(spot.x)
            pieces = [piece if piece.text.isascii() else Piece(steady(piece.text), piece.tone) for piece in cell]
            if spot.column.align_right:
                line.pad_to(spot.end - sum(cell_len(piece.text) for piece in pieces))
            for piece in pieces:
                line.add(Piece(crop(piece.text, spot.end - line.length), piece.tone))
        line.pad_to(self._width)
        segments = (Segment(text, self._style_of(tone, look.has_cursor)) for text, tone in line.pieces)
        # Tones that look alike become one segment: fewer bytes.
        return Strip(Segment.simplify(segments), line.length).crop(0, self._width)


class _Line:
    """Pieces side by side; blanks join the piece before them, so that a row is few segments and few bytes."""

    def __init__(self, filler: str) -> None:
        self._filler = filler
        self.pieces: list[Piece] = []
        self.length = 0

    def add(self, piece: Piece) -> None:
        if not piece.text:
            return
        if self.pieces and self.pieces[-1].tone == piece.tone:
            self.pieces[-1] = Piece(self.pieces[-1].text + piece.text, piece.tone)
        else:
            self.pieces.append(piece)
        self.length += cell_len(piece.text)

    def pad_to(self, x: int) -> None:
        if x > self.length:
            self.add(Piece(" " * (x - self.length), self.pieces[-1].tone if self.pieces else self._filler))


def _same_source(column: Column[RowT, SceneT], before: RowT, after: RowT) -> bool:
    source = column.source
    return source is not None and source(before) == source(after)


def changed_span(old: Strip, new: Strip) -> tuple[int, int]:
    """The cells, from and before, that differ between two strips; an empty span where they are the same."""
    before, after = list(old), list(new)
    shorter = min(len(before), len(after))
    same = start = 0
    while same < shorter and before[same] == after[same]:
        start += after[same].cell_length
        same += 1
    if same == len(before) == len(after):
        return 0, 0
    end, tail = new.cell_length, 1
    # From the right only as long as both ends stand at the same cell.
    while old.cell_length == new.cell_length and tail <= shorter - same and before[-tail] == after[-tail]:
        end -= after[-tail].cell_length
        tail += 1
    return start, end
