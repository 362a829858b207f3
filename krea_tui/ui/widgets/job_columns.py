"""The columns of the job table: what each shows."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from krea_tui.domain.job import Job
from krea_tui.domain.pricing import format_usd
from krea_tui.domain.request import GenerationRequest
from krea_tui.domain.text import clean_line
from krea_tui.ui.live_table.columns import Column
from krea_tui.ui.live_table.pieces import Cell, Piece
from krea_tui.ui.widgets.job_looks import Circumstances, Tone, status_cell, time_cell

# Enough for a text whose every character bears marks of its own.
_CHARACTERS_PER_CELL: Final = 4
_WHOLE_PROMPT: Final = 2_000
_LONGEST_TAG: Final = 40

JobColumn = Column[Job, Circumstances]


def _said(text: str) -> Cell:
    return (Piece(text, Tone.MUTED),) if text else ()


def _status(job: Job, circumstances: Circumstances, _width: int) -> Cell:
    return status_cell(job, circumstances)


def _prompt(job: Job, circumstances: Circumstances, width: int) -> Cell:
    words = Piece(clean_line(job.request.prompt, width * _CHARACTERS_PER_CELL), Tone.TEXT)
    return (Piece("* " if circumstances.plain else "★ ", Tone.STAR), words) if job.starred else (words,)


def _whole_prompt(job: Job, _circumstances: Circumstances) -> str:
    return clean_line(job.request.prompt, _WHOLE_PROMPT)


def _prompt_source(job: Job) -> object:
    return job.request, job.starred


def _request(job: Job) -> object:
    return job.request


def _aspect_ratio(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    return _said(job.request.aspect_ratio.value)


def _creativity(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    return _said(job.request.creativity.value)


def _seed(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    return _said(str(job.request.seed))


def _price(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    return _said(f"{'~' if job.price_is_estimate else ''}{format_usd(job.price_microusd)}")


def _references(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    counts = [f"{count}{noun[0]}" for count, noun in _guidance(job.request)]
    return _said(" ".join([*counts, *(["m"] if job.request.moodboards else [])]))


def _whole_references(job: Job, _circumstances: Circumstances) -> str:
    counts = [f"{count} {noun}{'s' if count > 1 else ''}" for count, noun in _guidance(job.request)]
    return ", ".join([*counts, *(["moodboard"] if job.request.moodboards else [])])


def _guidance(request: GenerationRequest) -> list[tuple[int, str]]:
    counts = ((len(request.image_style_references), "reference"), (len(request.styles), "style"))
    return [(count, noun) for count, noun in counts if count]


def _tags(job: Job, _circumstances: Circumstances, _width: int) -> Cell:
    return _said(" ".join(clean_line(tag, _LONGEST_TAG) for tag in job.tags))


def _created(job: Job, circumstances: Circumstances, _width: int) -> Cell:
    at = datetime.fromtimestamp(job.created_at).astimezone()
    this_year = datetime.fromtimestamp(circumstances.now).astimezone().year
    return _said(f"{at.day} {at:%b %H:%M}" if at.year == this_year else f"{at.day} {at:%b %Y}")


def _whole_created(job: Job, _circumstances: Circumstances) -> str:
    return f"{datetime.fromtimestamp(job.created_at).astimezone():%Y-%m-%d %H:%M:%S}"


def is_same_job(before: Job, after: Job) -> bool:
    """Whether two states are drawn alike.

    A source that reads pages anew makes equal jobs; those the store has not numbered yet count by identity.
    """
    return before is after or (after.revision > 0 and before.revision == after.revision)


COLUMNS: Final[tuple[JobColumn, ...]] = (
    Column("status", "  status", 13, _status, can_sort=True),
    Column("time", " time", 14, time_cell, leaves=5, narrow_width=11, narrow_below=52, ticks=True, can_sort=True),
    Column("prompt", "prompt", 8, _prompt, grows_to=88, source=_prompt_source, whole=_whole_prompt, can_sort=True),
    Column("tags", "tags", 14, _tags, leaves=40, on_wish=True),
    Column("aspect_ratio", "ratio", 6, _aspect_ratio, leaves=22, align_right=True, source=_request, can_sort=True),
    Column("creativity", "creativity", 10, _creativity, leaves=36, source=_request, can_sort=True),
    Column("seed", "seed", 10, _seed, leaves=18, align_right=True, source=_request, can_sort=True),
    Column("refs", "refs", 7, _references, leaves=37, source=_request, whole=_whole_references, can_sort=True),
    Column("price", "price", 7, _price, leaves=32, align_right=True, can_sort=True),
    Column("created", "created", 12, _created, leaves=39, align_right=True, whole=_whole_created, can_sort=True),
)
