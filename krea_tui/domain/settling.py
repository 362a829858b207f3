"""What a person's word makes of a job that nobody has answered for; part of the table in `lifecycle`."""

from __future__ import annotations

from dataclasses import replace

from krea_tui.domain.events import DeclaredNotCharged, SentAgain
from krea_tui.domain.job import Job, JobStatus


def not_charged(job: Job, event: DeclaredNotCharged) -> Job:
    """The person has seen that it was never charged."""
    words = "not charged, by your own word"
    return replace(job, status=JobStatus.REJECTED, settled_at=event.at, completed_at=event.at, error=words)


def sent_again(job: Job, event: SentAgain) -> Job:
    """It stays at risk, and nothing is asked about it any more."""
    words = f"sent again as {event.successor_id}; this one may still have been charged"
    return replace(job, settled_at=event.at, error=words)


def doubted_again(job: Job) -> Job:
    """The request id that a person named is nobody's: what became of the job is as unknown as it was before."""
    return replace(
        job,
        status=JobStatus.UNCONFIRMED,
        request_id=None,
        adopted_at=None,
        submitted_at=None,
        denials=0,
        denied_since=None,
        error=f"the gateway does not know {job.request_id}, which was adopted as its request id",
    )
