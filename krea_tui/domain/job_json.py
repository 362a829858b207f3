"""A job as the JSON object that the command line prints; scripts rely on its fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from krea_tui.domain.job import Job, Picture
from krea_tui.domain.pricing import usd

AbsolutePath = Callable[[str], str]


def job_json(job: Job, absolute: AbsolutePath) -> dict[str, object]:
    """The job's fields; `absolute` turns a picture's stored path into one that any program can open.

    Times without a prefix are ours, those with `gateway_` the vendor's; `price` is in US dollars.
    """
    request = job.request
    return {
        "id": job.id,
        "status": job.status_word.upper(),
        "hold_reason": job.hold_reason.value if job.hold_reason else None,
        "prompt": request.prompt,
        "aspect_ratio": request.aspect_ratio.value,
        "creativity": request.creativity.value,
        "seed": request.seed,
        "image_style_references": [
            {"image_url": reference.image_url, "strength": reference.strength}
            for reference in request.image_style_references
        ],
        "styles": [{"id": style.id, "strength": style.strength} for style in request.styles],
        "moodboards": [{"id": board.id, "strength": board.strength} for board in request.moodboards],
        "price": usd(job.price_microusd),
        "price_is_estimate": job.price_is_estimate,
        "charge": job.charge.value,
        "needs_decision": job.needs_decision,
        "request_id": job.request_id,
        "gateway": job.profile,
        "batch_id": job.batch_id,
        "retry_of": job.retry_of,
        "starred": job.starred,
        "tags": list(job.tags),
        "priority": job.priority,
        "created_at": iso_time(job.created_at),
        "submitted_at": iso_time(job.submitted_at),
        "completed_at": iso_time(job.completed_at),
        "settled_at": iso_time(job.settled_at),
        "gateway_status": job.gateway_status,
        "gateway_created_at": _vendors_time(job.gateway_created_at),
        "gateway_updated_at": _vendors_time(job.gateway_updated_at),
        "gateway_completed_at": _vendors_time(job.gateway_completed_at),
        "model_id": job.model_id,
        "error": job.error,
        "images": [_image(picture, absolute) for picture in job.pictures],
    }


def iso_time(epoch_s: float | None) -> str | None:
    """Epoch seconds as UTC, ISO 8601 with milliseconds and `Z`; None stays None."""
    if epoch_s is None:
        return None
    return _with_z(datetime.fromtimestamp(epoch_s, UTC))


def _with_z(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _vendors_time(text: str | None) -> str | None:
    """The vendor's time in our form where it is one with a zone, else as it came."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if moment.tzinfo is None else _with_z(moment)


def _image(picture: Picture, absolute: AbsolutePath) -> dict[str, object]:
    return {
        "path": absolute(picture.path) if picture.path else None,
        "url": picture.url,
        "state": picture.state.value,
        "width": picture.width,
        "height": picture.height,
        "size_bytes": picture.size_bytes,
        "sha256": picture.sha256,
        "error": picture.error,
    }
