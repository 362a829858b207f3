"""Jobs as plain lines for people."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath

from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.pricing import format_usd
from krea_tui.domain.text import clean_line, cut_to_cells

# Room for `HELD (left over)`.
STATUS_WIDTH = 16


def status_words(job: Job) -> str:
    """The status, with why a held job waits."""
    if job.is_held_back:
        return "HELD (kept back)"
    if job.status is JobStatus.HELD and job.hold_reason is not None:
        return f"HELD ({job.hold_reason.value.replace('_', ' ')})"
    return clean_line(job.status_word.upper(), 40)


def job_line(job: Job, pictures_dir: PurePath) -> str:
    """A job that a command has dealt with: id, status, and its pictures' paths or the reason."""
    paths = [str(pictures_dir / picture.path) for picture in job.pictures if picture.path]
    rest = " ".join(paths) if paths else clean_line(job.error or "", 300)
    return f"{job.id}  {status_words(job):{STATUS_WIDTH}}  {rest}".rstrip()


def table_line(job: Job, width: int | None) -> str:
    """A job of a list, cut to `width` cells of a terminal where that is given."""
    request = job.request
    created = datetime.fromtimestamp(job.created_at).astimezone()
    line = (
        f"{job.id}  {status_words(job):{STATUS_WIDTH}}  {created:%Y-%m-%d %H:%M}  {request.aspect_ratio.value:<6}"
        f"  {request.seed:>10}  {format_usd(job.price_microusd):>6}  {clean_line(request.prompt)}"
    )
    return line if width is None else cut_to_cells(line, width)
