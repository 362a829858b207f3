"""Jobs made anew from the records that lie beside their pictures, or inside them: the history's second life.

Records are files that anybody may have touched: what is not as we write it is left out, never believed.
"""

from __future__ import annotations

import json
import math
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from krea_tui.domain.answers import REQUEST_ID
from krea_tui.domain.errors import InvalidRequest, StoreError
from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import request_from_body
from krea_tui.domain.text import clean_line
from krea_tui.pictures.names import MAX_PICTURES, SIDECAR_EXTENSION, checked_job_id, checked_path
from krea_tui.pictures.png_text import MalformedPng, read_parameters
from krea_tui.pictures.record import SIDECAR_VERSION

_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SIDECAR_LIMIT_BYTES: Final = 16 * 1024 * 1024
_PICTURE_LIMIT_BYTES: Final = 256 * 1024 * 1024
_MAX_PRICE_MICROUSD: Final = 1_000_000_000
_MAX_TEXT: Final = 4_096
_GONE: Final = "not found beside the others when the history was made anew"

Fields = Mapping[str, object]


@dataclass(slots=True)
class Reindexed:
    """Jobs by id, each COMPLETED; `pictures` were found whole, `unreadable` say nothing of their making."""

    jobs: dict[str, Job] = field(default_factory=dict)
    pictures: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    """One picture: its job without pictures, its place among them, and how many there were (0: not recorded)."""

    job: Job
    index: int
    count: int
    picture: Picture


def reindex(root: Path) -> Reindexed:
    """Every job of which a picture lies in this folder; blocking. Removed pictures (the trash) are left out."""
    result = Reindexed()
    pictures: dict[str, dict[int, _Found]] = {}
    for place in _places(root):
        found = _found_at(root, place)
        if found is None:
            result.unreadable += 1
            continue
        known = pictures.setdefault(found.job.id, {})
        if known.get(found.index) is None or known[found.index].picture.state is PictureState.LOST:
            known[found.index] = found
    for job_id, entries in pictures.items():
        saved = [entry for entry in entries.values() if entry.picture.state is PictureState.SAVED]
        if saved:
            result.jobs[job_id] = _job_of(entries)
            result.pictures += len(saved)
    return result


def has_records(root: Path) -> bool:
    """Whether anything could be found by `reindex`; quick."""
    return next(_places(root), None) is not None


def _places(root: Path) -> Iterator[str]:
    """Relative paths of pictures that are there, or of which a record is, oldest first."""
    with suppress(OSError):
        for month in sorted(root.iterdir()):
            if _MONTH.fullmatch(month.name) and month.is_dir() and not month.is_symlink():
                names = {file.name.removesuffix(f".{SIDECAR_EXTENSION}") for file in month.iterdir()}
                for name in sorted(names):
                    with suppress(StoreError):
                        yield str(checked_path(f"{month.name}/{name}"))


def _found_at(root: Path, place: str) -> _Found | None:
    file = root / place
    size_bytes = _size_of(file)
    try:
        sidecar = file.with_name(f"{file.name}.{SIDECAR_EXTENSION}")
        record = _sidecar(sidecar) or (None if size_bytes is None else _inside(file, size_bytes))
        return None if record is None else _read(record, place, size_bytes)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError, InvalidRequest, StoreError):
        return None


def _size_of(file: Path) -> int | None:
    with suppress(OSError):
        found = file.lstat()
        return found.st_size if stat.S_ISREG(found.st_mode) else None
    return None


def _sidecar(sidecar: Path) -> Fields | None:
    size_bytes = _size_of(sidecar)
    if size_bytes is None or size_bytes > _SIDECAR_LIMIT_BYTES:
        return None
    with suppress(ValueError, RecursionError):
        record = json.loads(sidecar.read_bytes())
        if isinstance(record, dict) and record.get("version") == SIDECAR_VERSION:
            return record
    return None


def _inside(file: Path, size_bytes: int) -> Fields | None:
    if size_bytes > _PICTURE_LIMIT_BYTES:
        return None
    try:
        record = read_parameters(file.read_bytes()).record
    except MalformedPng:
        return None
    return record if record is not None and record.get("version") == SIDECAR_VERSION else None


def _read(record: Fields, place: str, size_bytes: int | None) -> _Found:
    job, picture, file = _part(record, "job"), _part(record, "picture"), record.get("file")
    saved_at = _time(picture.get("saved_at"))
    created_at = _time(job.get("created_at"))
    if created_at is None:
        raise ValueError("without a time")
    submitted_at = _time(job.get("submitted_at"))
    made = Job(
        id=str(job["id"]),
        request=request_from_body(_part(record, "request")),
        price_microusd=_integer(job["price_microusd"], _MAX_PRICE_MICROUSD),
        price_is_estimate=job.get("price_is_estimate") is True,
        created_at=created_at,
        profile=_text(job["profile"]) or "",
        batch_id=_text(job.get("batch_id")),
        retry_of=_text(job.get("retry_of")),
        status=JobStatus.COMPLETED,
        hold_reason=None,
        # What was paid counts on the day it was sent; older records do not tell that by itself.
        attempted_at=_time(job.get("attempted_at")) or submitted_at or created_at,
        request_id=_request_id(job.get("request_id")),
        submitted_at=submitted_at,
        answered_at=saved_at,
        completed_at=_time(job.get("completed_at")) or saved_at or created_at,
        gateway_created_at=_text(job.get("gateway_created_at")),
        gateway_updated_at=_text(job.get("gateway_updated_at")),
        gateway_completed_at=_text(job.get("gateway_completed_at")),
        model_id=_text(job.get("model_id")),
    )
    checked_job_id(made)
    if f"_{made.id}" not in place:
        raise ValueError("another job's record")
    is_whole = size_bytes is not None and (not isinstance(file, dict) or file.get("size_bytes") == size_bytes)
    return _Found(
        made,
        _integer(picture["index"], MAX_PICTURES),
        _integer(picture.get("count", 0), MAX_PICTURES),
        Picture(
            url=_text(record.get("url")) or "",
            state=PictureState.SAVED if is_whole else PictureState.LOST,
            path=place if is_whole else None,
            sha256=_sha256(picture["sha256"]),
            size_bytes=size_bytes,
            width=_integer(picture["width"], MAX_PICTURES * 10),
            height=_integer(picture["height"], MAX_PICTURES * 10),
            error=None if is_whole else _GONE,
        ),
    )


def _job_of(entries: Mapping[int, _Found]) -> Job:
    count = max(max(entries) + 1, *(entry.count for entry in entries.values()))
    pictures = tuple(
        entries[index].picture if index in entries else Picture("", PictureState.LOST, error=_GONE)
        for index in range(count)
    )
    newest = max(entries.values(), key=lambda entry: entry.job.completed_at or 0.0)
    lost = sum(picture.state is PictureState.LOST for picture in pictures)
    return replace(newest.job, pictures=pictures, error=f"{lost} of {count} pictures lost" if lost else None)


def _part(record: Fields, name: str) -> Fields:
    part = record[name]
    if not isinstance(part, dict):
        raise ValueError(f"{name} is no object")
    return part


def _text(value: object) -> str | None:
    return clean_line(value, _MAX_TEXT) if isinstance(value, str) else None


def _integer(value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError("a whole number is needed")
    return value


def _sha256(value: object) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError("a check sum is needed")
    return value


def _request_id(value: object) -> str | None:
    return value if isinstance(value, str) and REQUEST_ID.fullmatch(value) else None


def _time(value: object) -> float | None:
    """Epoch seconds of a UTC time as we write it; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        seconds = moment.timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if moment.tzinfo is not None and math.isfinite(seconds) and seconds > 0 else None
