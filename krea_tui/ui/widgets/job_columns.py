"""The columns of the job table: what each shows."""

from __future__ import annotations

from typing import Final

from krea_tui.domain.job import Job
from krea_tui.domain.pricing import format_usd
from krea_tui.domain.text import clean_line
from krea_tui.ui.live_table.cells import fit, steady
from krea_tui.ui.live_table.columns import Column
from krea_tui.ui.live_table.pieces import Cell, Piece
from krea_tui.ui.widgets.job_looks import Circumstances, Tone, status_cell, time_cell

_PROMPT_CHARACTERS_PER_CELL: Final = 4


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


JobColumn = Column[Job, Circumstances]


def _request(job: Job) -> object:
    return job.request


def is_same_job(before: Job, after: Job) -> bool:
    """Whether two states are drawn alike.

    A source that reads pages anew makes equal jobs; those the store has not numbered yet count by identity.
    """
    return before is after or (after.revision > 0 and before.revision == after.revision)


COLUMNS: Final[tuple[JobColumn, ...]] = (
    Column("status", "  status", 13, _status),
    Column("time", " time", 14, time_cell, leaves=6, narrow_width=11, narrow_below=52, ticks=True),
    Column("prompt", "prompt", 8, _prompt, grows_to=88, source=_request),
    Column("aspect_ratio", "ratio", 6, _aspect_ratio, leaves=19, align_right=True, source=_request),
    Column("creativity", "creativity", 10, _creativity, leaves=38, source=_request),
    Column("seed", "seed", 10, _seed, leaves=20, align_right=True, source=_request),
    Column("price", "price", 7, _price, leaves=34, align_right=True),
)
