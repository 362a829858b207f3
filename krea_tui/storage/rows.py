"""A job as a row, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from krea_tui.domain.errors import HistoryDamaged, InvalidRequest
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.ordering import duration_s, prompt_key, reference_count
from krea_tui.domain.request import GenerationRequest, request_from_body
from krea_tui.domain.standing import standing_of

# `Any`: what a damaged file yields is of no type until a job has been made of it.
Row = sqlite3.Row | Mapping[str, Any]
# Fields of Job that are columns of the same name and need no translation; the first ones never change.
_BORN_WITH: Final = ("id", "price_microusd", "profile", "created_at", "batch_id", "retry_of")
_TRANSLATED: Final = frozenset(
    {"seq", "request", "status", "hold_reason", "pictures", "tags", "price_is_estimate", "muted", "starred"}
)
_MOVING: Final = tuple(
    field.name for field in fields(Job) if field.name not in _TRANSLATED and field.name not in _BORN_WITH
)
_PLAIN: Final = (*_BORN_WITH, *_MOVING)
CHANGING: Final = (
    *(*_MOVING, "muted", "starred", "status", "hold_reason", "pictures", "tags"),
    *("is_open", "charge", "standing", "duration_s"),
)
_FIXED: Final = (
    *(*_BORN_WITH, "price_is_estimate", "prompt", "body"),
    *("seed", "aspect_ratio", "creativity", "reference_count", "prompt_key"),
)
COLUMNS: Final = (*_FIXED, *CHANGING)
_PICTURE: Final = tuple(field.name for field in fields(Picture))
# Made once: `json.dumps` makes an encoder for every call that is not plain.
_JSON: Final = json.JSONEncoder(ensure_ascii=False)
_COMPACT_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def body_text(request: GenerationRequest) -> str:
    """The canonical body as it is stored."""
    return _COMPACT_JSON.encode(request.body())


def to_row(job: Job, words: tuple[str, ...]) -> dict[str, object]:
    """Every column but `seq`, ready to be bound; `words` are those of the prompt."""
    return {**_fixed_row(job), **_sought_row(job, words), **changing_row(job)}


def search_row(job: Job, words: tuple[str, ...]) -> dict[str, object]:
    """The id, and the columns that only a search needs: they follow from the others."""
    standing = {"id": job.id, "standing": standing_of(job), "duration_s": duration_s(job)}
    return {**_sought_row(job, words), **standing}


def _sought_row(job: Job, words: tuple[str, ...]) -> dict[str, object]:
    request = job.request
    return {
        "seed": request.seed,
        "aspect_ratio": request.aspect_ratio.value,
        "creativity": request.creativity.value,
        "reference_count": reference_count(job),
        "prompt_key": prompt_key(words),
    }


def changing_row(job: Job) -> dict[str, object]:
    """The id, and every column that a change of the job may change."""
    row: dict[str, object] = {"id": job.id}
    row |= {name: getattr(job, name) for name in _MOVING}
    row["muted"] = int(job.muted)
    row["starred"] = int(job.starred)
    row["status"] = job.status.value
    row["hold_reason"] = job.hold_reason.value if job.hold_reason else None
    row["pictures"] = _JSON.encode([_picture_row(picture) for picture in job.pictures])
    row["tags"] = _JSON.encode(job.tags)
    row["is_open"] = int(job.is_active or job.is_polled)
    row["charge"] = job.charge.value
    row["standing"] = standing_of(job)
    row["duration_s"] = duration_s(job)
    return row


def _picture_row(picture: Picture) -> dict[str, object]:
    return {name: getattr(picture, name) for name in _PICTURE}


def _fixed_row(job: Job) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(job, name) for name in _BORN_WITH}
    request = job.request
    row["price_is_estimate"] = int(job.price_is_estimate)
    row["prompt"] = request.prompt
    row["body"] = body_text(request)
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
        tags=_texts(json.loads(row["tags"])),
        pictures=tuple(
            Picture(**{**entry, "state": PictureState(entry["state"])}) for entry in json.loads(row["pictures"])
        ),
    )


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("an object is needed")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ValueError("a list of texts is needed")
    return tuple(value)
