"""Why a held job is held, and what lets it go; part of the table in `lifecycle`."""

from __future__ import annotations

from dataclasses import replace

from krea_tui.domain.events import NotAccepted, Released
from krea_tui.domain.job import KEPT_BACK, HoldReason, Job, JobStatus


def held_again(job: Job, event: NotAccepted) -> Job:
    """Nothing was accepted: it waits again, for the event's reason."""
    return replace(
        job,
        status=JobStatus.HELD,
        hold_reason=event.reason,
        not_before=event.not_before,
        not_sent_count=job.not_sent_count + 1,
        attempted_at=None,
        error=event.error,
    )


def held_back(job: Job) -> Job:
    """The person keeps this one back; the words tell it from what a pause of the lane has held."""
    return replace(job, hold_reason=HoldReason.PAUSED, not_before=0.0, error=KEPT_BACK)


def released(job: Job, event: Released) -> Job:
    """It may be sent, by the process of the event."""
    return replace(
        job, hold_reason=HoldReason.READY, accepted_by=event.accepted_by, not_before=0.0, not_sent_count=0, error=None
    )
