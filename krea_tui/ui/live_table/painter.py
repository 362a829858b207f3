"""How one row becomes a line of the screen, and how little of it must be painted again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from krea_tui.ui.live_table.cells import crop, steady
from krea_tui.ui.live_table.columns import Arrangement, Column, PlacedColumn, arrange
from krea_tui.ui.live_table.header import SortSign
from krea_tui.ui.live_table.layout import ColumnLayout
from krea_tui.ui.live_table.pieces import HEADER, HEADER_HELD, MARGIN, MARK, MUTED, TEXT, WAITING, Cell, Piece, text_of
from krea_tui.ui.live_table.rows import RowT, SceneT

# More than two tall screens of rows; one that scrolls back into view later is drawn again.
CACHED_ROWS: Final = 256

StyleOf = Callable[[str, bool], Style]


class Look(NamedTuple):
    """What stands in the margin of a row."""

    has_cursor: bool = False
    is_marked: bool = False


class HeaderLook(NamedTuple):
    """What the header shows besides the labels: the order, the column that is held, and how many rows wait."""

    sort: SortSign | None = None
    held_key: str | None = None
    waiting: int = 0
    plain: bool = False

    @property
    def waiting_words(self) -> str:
        """What stands at the right end; empty where nothing waits."""
        return f" {self.waiting:,} new " if self.waiting else ""


class _Fitted(NamedTuple):
    """What of a cell its column has room for, and how many cells that takes."""

    pieces: Sequence[Piece]
    length: int


class _Drawn(NamedTuple, Generic[RowT]):
    row: RowT
    look: Look
    ticking: tuple[Cell, ...]
    cells: tuple[_Fitted, ...]
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
        self.arrangement: Arrangement[RowT, SceneT] = Arrangement()
        self._drawn: dict[str, _Drawn[RowT]] = {}

    def arrange(self, width: int, layout: ColumnLayout) -> None:
        """Place the columns for a pane of so many cells."""
        if width == self._width and layout is self._layout:
            return
        self._width, self._layout = width, layout
        self.arrangement = arrange(self._all_columns, width, layout)
        self.forget()

    @property
    def placed(self) -> tuple[PlacedColumn[RowT, SceneT], ...]:
        """The columns that are shown, from the left."""
        return self.arrangement.placed

    def forget(self) -> None:
        """Draw everything anew: the theme, the focus, the columns or plain mode have changed."""
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
            _fitted(next(fresh), spot.width, plain=scene.plain)
            if spot.column.ticks
            # Cleaning and fitting a long text is most of a row's cost.
            else drawn.cells[number]
            if drawn and (is_same or _same_source(spot.column, drawn.row, row))
            else _fitted(spot.cell(row, scene), spot.width, plain=scene.plain)
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
        cells = ((spot, _Fitted((Piece(dots, MUTED),), len(dots))) for spot in growing or self.placed[:1])
        return self._strip(cells, look, plain=scene.plain)

    def header(self, look: HeaderLook) -> Strip:
        """The labels of the columns, and at the right end how many rows wait."""
        line = _Line(HEADER)
        for spot in self.placed:
            label = self._label(spot, look)
            line.pad_to(spot.end - cell_len(label) if spot.column.align_right else spot.x)
            tone = HEADER_HELD if spot.column.key == look.held_key else HEADER
            line.put((Piece(label, tone),), cell_len(label))
        line.pad_to(self._width)
        labels = self._strip_of(line, has_cursor=False)
        if not (words := look.waiting_words):
            return labels
        room = max(0, self._width - len(words))
        end = Strip([Segment(words, self._style_of(WAITING, False))], len(words))
        return Strip.join([labels.crop(0, room), end]).crop(0, self._width)

    def _label(self, spot: PlacedColumn[RowT, SceneT], look: HeaderLook) -> str:
        label = spot.column.label
        if look.sort is None or look.sort.key != spot.column.key:
            return crop(label, spot.width)
        arrow = look.sort.arrow(plain=look.plain)
        # The gap lends a cell; the arrow itself is never what is cut.
        room = spot.width - 1
        spaced = f"{label} {arrow}" if cell_len(label) < room else f"{label}{arrow}"
        return spaced if cell_len(spaced) <= spot.width + 1 else f"{crop(label, room)}{arrow}"

    def whole_of(self, spot: PlacedColumn[RowT, SceneT], row: RowT, scene: SceneT) -> str:
        """All that the column has to say of this row, in as many cells as that takes."""
        column = spot.column
        return steady(column.whole(row, scene) if column.whole else text_of(spot.cell(row, scene)).strip())

    def is_cut(self, spot: PlacedColumn[RowT, SceneT], row: RowT, scene: SceneT) -> bool:
        """Whether the column has no room for what it shows of this row."""
        return cell_len(steady(text_of(spot.cell(row, scene)))) > min(spot.width, self._width - spot.x)

    def blank(self) -> Strip:
        """A line below the last row."""
        return Strip.blank(self._width, self._style_of(TEXT, False))

    def _strip(self, cells: Iterable[tuple[PlacedColumn[RowT, SceneT], _Fitted]], look: Look, *, plain: bool) -> Strip:
        line = _Line(TEXT)
        if look.has_cursor:
            line.put((Piece(">" if plain else "▌", MARGIN),), 1)
        if look.is_marked:
            line.pad_to(1)
            line.put((Piece("#" if plain else "✓", MARK),), 1)
        for spot, cell in cells:
            line.pad_to(spot.end - cell.length if spot.column.align_right else spot.x)
            line.put(cell.pieces, cell.length)
        line.pad_to(self._width)
        return self._strip_of(line, has_cursor=look.has_cursor)

    def _strip_of(self, line: _Line, *, has_cursor: bool) -> Strip:
        segments = (Segment(text, self._style_of(tone, has_cursor)) for text, tone in line.pieces)
        # Tones that look alike become one segment: fewer bytes.
        return Strip(Segment.simplify(segments), line.length).crop(0, self._width)


class _Line:
    """Pieces side by side; blanks join the piece before them, so that a row is few segments and few bytes."""

    def __init__(self, filler: str) -> None:
        self._filler = filler
        self.pieces: list[Piece] = []
        self.length = 0

    def put(self, pieces: Iterable[Piece], length: int) -> None:
        """Say these next; they take so many cells."""
        for piece in pieces:
            if self.pieces and self.pieces[-1].tone == piece.tone:
                self.pieces[-1] = Piece(self.pieces[-1].text + piece.text, piece.tone)
            elif piece.text:
                self.pieces.append(piece)
        self.length += length

    def pad_to(self, x: int) -> None:
        if x > self.length:
            tone = self.pieces[-1].tone if self.pieces else self._filler
            self.put((Piece(" " * (x - self.length), tone),), x - self.length)


def _fitted(cell: Cell, width: int, *, plain: bool) -> _Fitted:
    """The pieces that the column has room for; what was cut is marked."""
    pieces = [piece if piece.text.isascii() else Piece(steady(piece.text), piece.tone) for piece in cell]
    length = sum([cell_len(piece.text) for piece in pieces])
    if length <= width:
        return _Fitted(pieces, length)
    ellipsis = ("..." if plain else "…")[:width]
    room = width - len(ellipsis)
    fitted: list[Piece] = []
    for piece in pieces:
        taken = cell_len(piece.text)
        if taken > room:
            # No blank before the mark, and none in the place of a wide character cut in two.
            fitted.append(Piece(crop(piece.text, room).rstrip() + ellipsis, piece.tone))
            break
        fitted.append(piece)
        room -= taken
    return _Fitted(fitted, sum([cell_len(piece.text) for piece in fitted]))


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
