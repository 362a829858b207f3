"""Names of pictures on disk: readable, sorted by day, ours alone.

`2026-11/2026-11-22_k3f9t2m7qa_paper-boats-in-a-storm-2.png`: month, day, job, start of the prompt, and from the second
picture of a job on its number.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Final

from krea_tui.domain.errors import StoreError
from krea_tui.domain.job import Job
from krea_tui.domain.text import file_slug

SIDECAR_EXTENSION: Final = "json"
MAX_PICTURES: Final = 10_000

_JOB_ID: Final = re.compile(r"[0-9a-z]{1,32}")
_PICTURE_PATH: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9a-z]{1,32}(_[0-9a-z-]+)?(-[0-9]+)?(\.v[0-9]+)?\.[a-z]{3,4}"
)


def picture_path(job: Job, index: int, extension: str, *, version: int = 1) -> PurePosixPath:
    """Where a picture belongs, relative to the pictures' folder.

    The day is the local one on which the job was completed, so that a second try after a crash finds the same name.
    `version` makes another name where the first is taken by other bytes. Raises `StoreError` for an id that is not
    ours.
    """
    return PurePosixPath(_month(_day(job)), f"{_stem(job, index)}{f'.v{version}' if version > 1 else ''}.{extension}")


def export_name(job: Job, index: int, extension: str) -> str:
    """The name of a picture outside our folder: the same, without the month."""
    return picture_path(job, index, extension).name


def months_of(job: Job) -> tuple[str, ...]:
    """The month folders in which a job's pictures can be, whatever the time zone was when they were saved."""
    day = _day(job)
    around = (day, day - timedelta(days=1), day + timedelta(days=1))
    return tuple(dict.fromkeys(_month(each) for each in around))


def sidecar_of(path: PurePosixPath) -> PurePosixPath:
    """Where the parameters of a picture stand: beside it."""
    return path.with_name(f"{path.name}.{SIDECAR_EXTENSION}")


def checked_path(path: str) -> PurePosixPath:
    """A stored relative path, once it is seen to be one of ours; raises `StoreError` for any other."""
    if not _PICTURE_PATH.fullmatch(path):
        raise StoreError(f"not the path of a picture of ours: {path[:100]!r}")
    return PurePosixPath(path)


def checked_job_id(job: Job) -> str:
    """The job's id as a part of a file name; raises `StoreError` where it could lead elsewhere."""
    if not _JOB_ID.fullmatch(job.id):
        raise StoreError(f"not a job id of ours: {job.id[:40]!r}")
    return job.id


def _stem(job: Job, index: int) -> str:
    if not 0 <= index < MAX_PICTURES:
        raise StoreError(f"there is no picture {index} of a job")
    slug = file_slug(job.request.prompt)
    parts = [f"{_day(job):%Y-%m-%d}", checked_job_id(job), *([slug] if slug else [])]
    return "_".join(parts) + (f"-{index + 1}" if index else "")


def _day(job: Job) -> datetime:
    moment = job.created_at if job.completed_at is None else job.completed_at
    return datetime.fromtimestamp(moment, UTC).astimezone()


def _month(day: datetime) -> str:
    return f"{day:%Y-%m}"
