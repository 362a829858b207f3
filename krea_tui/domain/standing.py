"""What a job is to the person, beside its status: what `is:`, `has:` and `needs:` ask for."""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from krea_tui.domain.job import Job, JobStatus, PictureState


class Standing(IntFlag):
    """A job stands in several of these at once; the history keeps the numbers, so they never change.

    FAILED is what ended without a picture on disk, DONE what has at least one and waits for no other.
    """

    ACTIVE = 1
    RUNNING = 2
    HELD = 4
    DONE = 8
    FAILED = 16
    STARRED = 32
    MUTED = 64
    DELETED = 128
    IMAGE = 256
    DECISION = 512


_ENDED_BADLY: Final = frozenset({JobStatus.REJECTED, JobStatus.FAILED, JobStatus.ERROR, JobStatus.NOT_FOUND})


def standing_of(job: Job) -> Standing:
    """Every standing of this job."""
    has_image = any(picture.state is PictureState.SAVED for picture in job.pictures)
    has_ended = job.status is JobStatus.COMPLETED and not job.is_saving
    holds = {
        Standing.ACTIVE: job.is_active,
        Standing.RUNNING: job.is_running,
        Standing.HELD: job.status is JobStatus.HELD,
        Standing.DONE: has_ended and has_image,
        Standing.FAILED: job.status in _ENDED_BADLY or (has_ended and not has_image),
        Standing.STARRED: job.starred,
        Standing.MUTED: job.muted,
        Standing.DELETED: job.deleted_at is not None,
        Standing.IMAGE: has_image,
        Standing.DECISION: job.needs_decision,
    }
    standing = Standing(0)
    for one, is_so in holds.items():
        if is_so:
            standing |= one
    return standing
