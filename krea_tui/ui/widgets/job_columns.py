"""The columns of the job table: what each shows, and how they share the width of the pane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from krea_tui.domain.job import Job
from krea_tui.domain.pricing import format_usd
from krea_tui.domain.text import clean_line
from krea_tui.ui.widgets.cells import fit, steady
from krea_tui.ui.widgets.job_looks import Cell, Circumstances, Piece, Tone, status_cell, time_cell

# The cursor's mark stands in the margin: it shows where the cursor is with colour off, too.
MARGIN: Final = 1
GAP: Final = 2
TIME_KEY: Final = "time"
_PROMPT_CHARACTERS_PER_CELL: Final = 4


class Column(NamedTuple):
    """One column; widths are cells, `from_width` the width of the pane from which on it is shown.

    A column with `grows_to` takes what the others leave, up to that width. One `of_request` shows nothing but
    the job's request.
    """

    key: str
    label: str
    width: int
    cell: Callable[[Job, Circumstances, int], Cell]
    from_width: int = 0
    narrow_width: int | None = None
    narrow_below: int = 0
    align_right: bool = False
    of_request: bool = False
    grows_to: int | None = None

    def width_in(self, pane_width: int) -> int:
        """The column's own width in a pane of this width, before it grows."""
        if self.narrow_width is not None and pane_width < self.narrow_below:
            return self.narrow_width
        return self.width


class PlacedColumn(NamedTuple):
    """A column at the place where it is drawn, in cells from the pane's left edge."""

    column: Column
    x: int
    width: int

    def cell(self, job: Job, circumstances: Circumstances) -> Cell:
        """What the column shows of this job."""
        return self.column.cell(job, circumstances, self.width)


def _prompt(job: Job, circumstances: Circumstances, width: int) -> Cell:
    line = steady(clean_line(job.request.prompt, width * _PROMPT_CHARACTERS_PER_CELL))
    return (Piece(fit(line, width, "..." if circumstances.plain else "…"), Tone.TEXT),)


def _aspect_ratio(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    return (Piece(job.request.aspect_ratio.value, Tone.MUTED),)


def _creativity(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    return (Piece(job.request.creativity.value, Tone.MUTED),)


def _seed(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    return (Piece(str(job.request.seed), Tone.MUTED),)


def _price(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    return (Piece(f"{'~' if job.price_is_estimate else ''}{format_usd(job.price_microusd)}", Tone.MUTED),)


def _status(job: Job, circumstances: Circumstances, _width: int) -> Cell:
    return status_cell(job, circumstances)


COLUMNS: Final = (
    Column("status", "  status", 13, _status),
    Column(TIME_KEY, " time", 14, time_cell, from_width=36, narrow_width=11, narrow_below=52),
    Column("prompt", "prompt", 8, _prompt, grows_to=88, of_request=True),
    Column("aspect_ratio", "ratio", 6, _aspect_ratio, from_width=60, align_right=True, of_request=True),
    Column("creativity", "creativity", 10, _creativity, from_width=112, of_request=True),
    Column("seed", "seed", 10, _seed, from_width=68, align_right=True, of_request=True),
    Column("price", "price", 7, _price, from_width=96, align_right=True),
)


def place(pane_width: int, columns: Sequence[Column] = COLUMNS) -> tuple[PlacedColumn, ...]:
    """The columns that a pane of this width shows, in their order, with one cell left free at the right edge."""
    shown = [column for column in columns if pane_width >= column.from_width]
    widths = [column.width_in(pane_width) for column in shown]
    spare = pane_width - MARGIN - sum(widths) - GAP * (len(shown) - 1) - 1
    placed: list[PlacedColumn] = []
    x = MARGIN
    for column, own_width in zip(shown, widths, strict=True):
        width = own_width
        if column.grows_to is not None:
            # A pane too narrow for everything takes it from here too; what does not fit is cropped at the edge.
            width = max(1, min(column.grows_to, own_width + spare))
        placed.append(PlacedColumn(column, x, width))
        x += width + GAP
    return tuple(placed)
