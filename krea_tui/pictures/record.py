"""The parameters of a picture as data: inside a PNG, and complete in the sidecar beside every picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from krea_tui.domain.job import Job
from krea_tui.pictures.verify import PictureFacts

SIDECAR_VERSION: Final = 1
_MODEL_NAME: Final = "Krea 2 Large"


@dataclass(frozen=True, slots=True)
class Received:
    """The bytes as they came: their SHA-256 (hex) and their number."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SavedPicture:
    """A picture on disk. `path` is relative to the pictures' folder, with slashes.

    `sha256` is that of the bytes as received; `size_bytes` is the file's own size, the parameters inside included.
    """

    path: str
    sha256: str
    size_bytes: int
    width: int
    height: int
    format: str


def picture_record(job: Job, index: int, received: Received, facts: PictureFacts, saved_at: float) -> dict[str, object]:
    """What a PNG carries of its making: no address of the picture and nothing of the key."""
    return {
        "version": SIDECAR_VERSION,
        "request": job.request.body(),
        "job": {
            "id": job.id,
            "request_id": job.request_id,
            "profile": job.profile,
            "model_id": job.model_id,
            "batch_id": job.batch_id,
            "retry_of": job.retry_of,
            "price_microusd": job.price_microusd,
            "price_is_estimate": job.price_is_estimate,
            "created_at": _utc(job.created_at),
            "attempted_at": _utc(job.attempted_at),
            "submitted_at": _utc(job.submitted_at),
            "completed_at": _utc(job.completed_at),
            "gateway_created_at": job.gateway_created_at,
            "gateway_updated_at": job.gateway_updated_at,
            "gateway_completed_at": job.gateway_completed_at,
        },
        "picture": {
            "index": index,
            "count": len(job.pictures),
            "sha256": received.sha256,
            "received_bytes": received.size_bytes,
            "format": facts.format.value,
            "width": facts.width,
            "height": facts.height,
            "saved_at": _utc(saved_at),
        },
    }


def sidecar_bytes(record: Mapping[str, object], *, path: str, url: str, size_bytes: int, file_sha256: str) -> bytes:
    """The sidecar: the record, where the picture came from, and the file as it lies on disk."""
    whole = {**record, "url": url, "file": {"path": path, "size_bytes": size_bytes, "sha256": file_sha256}}
    # A lone surrogate has no UTF-8; its escape is what JSON would write for it.
    return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "backslashreplace")


def saved_from_sidecar(sidecar: bytes, job_id: str, index: int) -> tuple[SavedPicture, str] | None:
    """The picture a sidecar speaks of, and the SHA-256 of its file; None if it is another's or cannot be read."""
    try:
        whole = json.loads(sidecar)
        picture, file = whole["picture"], whole["file"]
        if whole["version"] != SIDECAR_VERSION or whole["job"]["id"] != job_id or picture["index"] != index:
            return None
        saved = SavedPicture(
            path=str(file["path"]),
            sha256=str(picture["sha256"]),
            size_bytes=int(file["size_bytes"]),
            width=int(picture["width"]),
            height=int(picture["height"]),
            format=str(picture["format"]),
        )
        return saved, str(file["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def parameters_line(job: Job, facts: PictureFacts) -> str:
    """The text under `parameters` that many image tools show: the prompt, then one line of `Name: value` pairs."""
    request = job.request
    pairs = {
        "Seed": str(request.seed),
        "Size": f"{facts.width}x{facts.height}",
        "Model": _MODEL_NAME,
        "Aspect ratio": request.aspect_ratio.value,
        "Creativity": request.creativity.value,
        "Styles": ", ".join(f"{style.id}@{style.strength:g}" for style in request.styles),
        "Moodboard": ", ".join(f"{board.id}@{board.strength:g}" for board in request.moodboards),
        "Style references": ", ".join(f"{ref.image_url}@{ref.strength:g}" for ref in request.image_style_references),
        "Request id": job.request_id or "",
        "Version": "krea-tui",
    }
    last = ", ".join(f"{name}: {_quoted(value)}" for name, value in pairs.items() if value)
    return f"{request.prompt}\n{last}"


def _quoted(value: str) -> str:
    """Tools that read the line take it apart at commas and colons: such values stand in JSON's quotes."""
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ',:\n"') else value


def _utc(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
