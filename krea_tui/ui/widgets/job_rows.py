"""Where the job table gets its rows from, and how one row becomes a line of the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Protocol

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from krea_tui.domain.job import Job
from krea_tui.ui.widgets.job_columns import TIME_KEY, PlacedColumn, place
from krea_tui.ui.widgets.job_looks import Cell, Circumstances, Piece, Tone

# More than two tall screens of rows; one that scrolls back into view later is drawn again.
CACHED_ROWS: Final = 256

StyleOf = Callable[[Tone, bool], Style]


class JobRows(Protocol):
    """The rows of a job table, newest first: index 0 is at the top."""

    def __len__(self) -> int:
        """How many rows there are, loaded or not."""
        ...

    def job_at(self, index: int) -> Job | None:
        """The job of a row, or None where it is not loaded yet."""
        ...

    def index_of(self, job_id: str) -> int | None:
        """The row of a job, or None where it is not among the rows."""
        ...


class _Drawn(NamedTuple):
    job: Job
    has_cursor: bool
    time: Cell
    cells: tuple[Cell, ...]
    strip: Strip


class RowPainter:
    """Draws rows as strips for one width, and remembers the latest ones.

    `style_of` gives the style of a tone, on the cursor's row or elsewhere.
    """

    def __init__(self, style_of: StyleOf) -> None:
        self._style_of = style_of
        self._width = 0
        self._columns: tuple[PlacedColumn, ...] = ()
        self._time_spot: PlacedColumn | None = None
        self._drawn: dict[str, _Drawn] = {}

    def set_width(self, width: int) -> None:
        """Place the columns for a pane of so many cells."""
        if width == self._width:
            return
        self._width = width
        self._columns = place(width)
        self._time_spot = next((spot for spot in self._columns if spot.column.key == TIME_KEY), None)
        self.forget()

    def forget(self) -> None:
        """Draw everything anew: the theme, the focus or plain mode has changed."""
        self._drawn.clear()

    def row(self, job: Job, circumstances: Circumstances, *, has_cursor: bool) -> Strip:
        """The line of a job; the same strip as before where nothing that it shows has changed."""
        spot = self._time_spot
        time = spot.cell(job, circumstances) if spot else ()
        drawn = self._drawn.get(job.id)
        if drawn and _same_job(drawn.job, job) and drawn.has_cursor is has_cursor and drawn.time == time:
            return drawn.strip
        same_request = drawn is not None and drawn.job.request is job.request
        cells = tuple(
            # Cleaning and fitting a long prompt is most of a row's cost, and a request never changes.
            drawn.cells[number] if drawn and same_request and at.column.of_request else at.cell(job, circumstances)
            for number, at in enumerate(self._columns)
        )
        strip = self._strip(zip(self._columns, cells, strict=True), has_cursor=has_cursor, plain=circumstances.plain)
        self._remember(_Drawn(job, has_cursor, time, cells, strip))
        return strip

    def _remember(self, drawn: _Drawn) -> None:
        # The oldest drawing goes first: what is visible is drawn again and again, and stays.
        self._drawn.pop(drawn.job.id, None)
        self._drawn[drawn.job.id] = drawn
        if len(self._drawn) > CACHED_ROWS:
            del self._drawn[next(iter(self._drawn))]

    def placeholder(self, circumstances: Circumstances, *, has_cursor: bool) -> Strip:
        """The line of a row that is not loaded yet."""
        dots = "..." if circumstances.plain else "…"
        cells = ((spot, (Piece(dots, Tone.MUTED),)) for spot in self._columns if spot.column.grows_to is not None)
        return self._strip(cells, has_cursor=has_cursor, plain=circumstances.plain)

    def header(self) -> Strip:
        """The labels of the columns."""
        cells = ((spot, (Piece(spot.column.label, Tone.HEADER),)) for spot in self._columns)
        return self._strip(cells, has_cursor=False, plain=False, filler=Tone.HEADER)

    def blank(self) -> Strip:
        """A line below the last row."""
        return Strip.blank(self._width, self._style_of(Tone.TEXT, False))

    def _strip(
        self,
        cells: Iterable[tuple[PlacedColumn, Cell]],
        *,
        has_cursor: bool,
        plain: bool,
        filler: Tone = Tone.TEXT,
    ) -> Strip:
        line = _Line(filler)
        if has_cursor:
            line.add(Piece(">" if plain else "▌", Tone.MARK))
        for spot, cell in cells:
            line.pad_to(spot.x)
            if spot.column.align_right:
                line.pad_to(spot.x + max(0, spot.width - sum(cell_len(piece.text) for piece in cell)))
            for piece in cell:
                line.add(_cropped(piece, spot.x + spot.width - line.length))
        line.pad_to(self._width)
        segments = (Segment(text, self._style_of(tone, has_cursor)) for text, tone in line.pieces)
        # Tones that look alike become one segment: fewer bytes.
        return Strip(Segment.simplify(segments), line.length).crop(0, self._width)


class _Line:
    """Pieces side by side; blanks join the piece before them, so that a row is few segments and few bytes."""

    def __init__(self, filler: Tone) -> None:
        self._filler = filler
        self.pieces: list[Piece] = []
        self.length = 0

    def add(self, piece: Piece) -> None:
        if not piece.text:
            return
        if self.pieces and self.pieces[-1].tone is piece.tone:
            self.pieces[-1] = Piece(self.pieces[-1].text + piece.text, piece.tone)
        else:
            self.pieces.append(piece)
        self.length += cell_len(piece.text)

    def pad_to(self, x: int) -> None:
        if x > self.length:
            self.add(Piece(" " * (x - self.length), self.pieces[-1].tone if self.pieces else self._filler))


def _cropped(piece: Piece, room: int) -> Piece:
    if cell_len(piece.text) <= room:
        return piece
    return Piece(set_cell_size(piece.text, max(0, room)), piece.tone)


def _same_job(drawn: Job, job: Job) -> bool:
    # A source that reads pages anew makes equal jobs; those the store has not numbered yet count by identity.
    return drawn is job or (job.revision > 0 and drawn.revision == job.revision)


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
