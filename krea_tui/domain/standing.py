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


# As plain numbers: a flag's own arithmetic is slow, and every stored change needs this.
_ACTIVE, _RUNNING, _HELD, _DONE, _FAILED, _STARRED, _MUTED, _DELETED, _IMAGE, _DECISION = map(int, Standing)
_ENDED_BADLY: Final = frozenset({JobStatus.REJECTED, JobStatus.FAILED, JobStatus.ERROR, JobStatus.NOT_FOUND})


def standing_of(job: Job) -> int:
    """Every standing of this job, together as one number."""
    has_image = any(picture.state is PictureState.SAVED for picture in job.pictures)
    has_ended = job.status is JobStatus.COMPLETED and not job.is_saving
    return (
        _ACTIVE * job.is_active
        + _RUNNING * job.is_running
        + _HELD * (job.status is JobStatus.HELD)
        + _DONE * (has_ended and has_image)
        + _FAILED * (job.status in _ENDED_BADLY or (has_ended and not has_image))
        + _STARRED * job.starred
        + _MUTED * job.muted
        + _DELETED * (job.deleted_at is not None)
        + _IMAGE * has_image
        + _DECISION * job.needs_decision
    )
