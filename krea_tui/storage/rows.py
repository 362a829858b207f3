"""A job as a row, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from krea_tui.domain.errors import HistoryDamaged, InvalidRequest
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import GenerationRequest, request_from_body

# `Any`: what a damaged file yields is of no type until a job has been made of it.
Row = sqlite3.Row | Mapping[str, Any]
# Fields of Job that are columns of the same name and need no translation.
_PLAIN: Final = tuple(
    field.name
    for field in fields(Job)
    if field.name
    not in {"seq", "request", "status", "hold_reason", "pictures", "price_is_estimate", "muted", "starred"}
)
_FLAGS: Final = ("price_is_estimate", "muted", "starred")
COLUMNS: Final = (*_PLAIN, *_FLAGS, "status", "hold_reason", "pictures", "prompt", "body", "is_open", "charge")


def body_text(request: GenerationRequest) -> str:
    """The canonical body as it is stored."""
    return json.dumps(request.body(), ensure_ascii=False, separators=(",", ":"))


def to_row(job: Job) -> dict[str, object]:
    """Every column but `seq`, ready to be bound."""
    row: dict[str, object] = {name: getattr(job, name) for name in _PLAIN}
    row |= {name: int(getattr(job, name)) for name in _FLAGS}
    row["status"] = job.status.value
    row["hold_reason"] = job.hold_reason.value if job.hold_reason else None
    row["pictures"] = json.dumps([asdict(picture) for picture in job.pictures], ensure_ascii=False)
    row["prompt"] = job.request.prompt
    row["body"] = body_text(job.request)
    row["is_open"] = int(job.is_active or job.is_polled)
    row["charge"] = job.charge.value
    return row


def from_row(row: Row) -> Job:
    """The job of a row; raises `HistoryDamaged` for one that was damaged on the disk."""
    try:
        return _job_of(row)
    except (ValueError, TypeError, KeyError, InvalidRequest, RecursionError) as error:
        raise HistoryDamaged(f"the job {row['id']} in the history is damaged ({type(error).__name__})") from error


def _job_of(row: Row) -> Job:
    plain = {name: row[name] for name in _PLAIN}
    return Job(
        **plain,
        price_is_estimate=bool(row["price_is_estimate"]),
        muted=bool(row["muted"]),
        starred=bool(row["starred"]),
        seq=row["seq"],
        request=request_from_body(_object(json.loads(row["body"]))),
        status=JobStatus(row["status"]),
        hold_reason=HoldReason(row["hold_reason"]) if row["hold_reason"] else None,
        pictures=tuple(
            Picture(**{**entry, "state": PictureState(entry["state"])}) for entry in json.loads(row["pictures"])
        ),
    )


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("an object is needed")
    return value
