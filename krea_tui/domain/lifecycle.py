"""How a job moves: `advance(job, event)` is a pure table over states and events.

An event that a state does not list raises `ImpossibleTransition` and leaves the job as it was.
Time alone never makes a job fail: every change needs an answer, a fault or a person.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from krea_tui.domain.answers import REQUEST_ID
from krea_tui.domain.errors import ImpossibleTransition
from krea_tui.domain.events import (
    Accepted,
    Adopted,
    Claimed,
    DeclaredNotCharged,
    Doubted,
    Event,
    HeldBack,
    NotAccepted,
    PictureDelayed,
    PictureLost,
    PictureSaved,
    PictureWanted,
    PutOnHold,
    Refused,
    Released,
    SentAgain,
    StatusDenied,
    StatusRead,
    Withdrawn,
)
from krea_tui.domain.holding import held_again, held_back, released
from krea_tui.domain.job import (
    DENIAL_PATIENCE_S,
    DENIALS_NEEDED,
    NO_PICTURE_PATIENCE_S,
    Job,
    JobStatus,
    Picture,
    PictureState,
)
from krea_tui.domain.settling import doubted_again, not_charged, sent_again

_KNOWN: Final = {
    status.value: status
    for status in (
        JobStatus.QUEUED,
        JobStatus.PROCESSING,
        JobStatus.COMPLETED,
        JobStatus.FAILED,
        JobStatus.ERROR,
    )
}


def advance(job: Job, event: Event) -> Job:  # noqa: C901, PLR0911, PLR0912 -- one arm for each event
    """The job after the event; raises `ImpossibleTransition` where this state cannot take it."""
    if not can_take(job, type(event)):
        raise ImpossibleTransition(f"job {job.id} is {job.status.value} and cannot take {type(event).__name__}")
    match event:
        case Claimed():
            return _claim(job, event)
        case NotAccepted():
            return held_again(job, event)
        case Accepted():
            return _accept(job, event)
        case Refused():
            return replace(job, status=JobStatus.REJECTED, error=event.error, completed_at=event.at)
        case Doubted():
            return replace(job, status=JobStatus.UNCONFIRMED, error=event.error)
        case StatusRead():
            return _read_status(job, event)
        case StatusDenied():
            return _deny(job, event)
        case PictureSaved():
            return _save_picture(job, event)
        case PictureDelayed():
            return _delay_picture(job, event)
        case PictureLost():
            return _lose_picture(job, event)
        case PictureWanted():
            return _want_picture(job, event)
        case Withdrawn():
            return replace(job, status=JobStatus.CANCELLED, hold_reason=None, completed_at=event.at)
        case PutOnHold():
            return replace(job, hold_reason=event.reason, error=event.error or job.error)
        case HeldBack():
            return held_back(job)
        case Released():
            return released(job, event)
        case Adopted():
            return _adopt(job, event)
        case DeclaredNotCharged():
            return not_charged(job, event)
        case SentAgain():
            return sent_again(job, event)


def can_take(job: Job, event_type: type[Event]) -> bool:
    """Whether this job can take this kind of event."""
    if event_type is SentAgain:
        return job.needs_decision
    if event_type is HeldBack:
        return job.is_sendable
    if job.status is JobStatus.REJECTED and job.settled_at is not None:
        # The person's word ended it, and a request id proves that word wrong.
        return event_type in {Accepted, Adopted}
    return job.status in _STATES_FOR[event_type]


def _claim(job: Job, event: Claimed) -> Job:
    if not job.is_sendable:
        raise ImpossibleTransition(f"job {job.id} is held ({job.hold_reason}) and cannot be sent")
    return replace(
        job,
        status=JobStatus.SENDING,
        hold_reason=None,
        not_before=0.0,
        attempt_id=event.attempt_id,
        attempted_at=event.at,
        key_fingerprint=event.key_fingerprint,
        error=None,
    )


def _accept(job: Job, event: Accepted) -> Job:
    return _with_request_id(job, event.answer.request_id, event.at, event.answer.status, event.answer.polling_url)


def _adopt(job: Job, event: Adopted) -> Job:
    if not REQUEST_ID.fullmatch(event.request_id):
        raise ImpossibleTransition("a request id has letters, digits, dots, dashes and underscores only")
    adopted = _with_request_id(job, event.request_id, event.at, JobStatus.QUEUED.value, None)
    return replace(adopted, adopted_at=event.at)


def _with_request_id(job: Job, request_id: str, at: float, status: str, polling_url: str | None) -> Job:
    return replace(
        job,
        status=JobStatus.PROCESSING if status == JobStatus.PROCESSING.value else JobStatus.QUEUED,
        hold_reason=None,
        request_id=request_id,
        polling_url=polling_url,
        submitted_at=at,
        gateway_status=None if status in _KNOWN else status,
        not_sent_count=0,
        settled_at=None,
        completed_at=None,
        error=None,
    )


def _read_status(job: Job, event: StatusRead) -> Job:
    answer = event.answer
    seen = replace(
        job,
        last_checked_at=event.at,
        recheck_at=None,
        denials=0,
        denied_since=None,
        adopted_at=None,
        gateway_created_at=answer.created_at or job.gateway_created_at,
        gateway_updated_at=answer.updated_at or job.gateway_updated_at,
        gateway_completed_at=answer.completed_at or job.gateway_completed_at,
        model_id=answer.model_id or job.model_id,
        media_type=answer.media_type or job.media_type,
    )
    status = _KNOWN.get(answer.status)
    if status is JobStatus.COMPLETED:
        return _completed(seen, event)
    if status in {JobStatus.FAILED, JobStatus.ERROR} and not job.pictures:
        return replace(
            seen,
            status=status,
            gateway_status=None,
            error=answer.error or f"the gateway says {status.value} without a reason",
            answered_at=event.at,
            completed_at=event.at,
        )
    if job.status is JobStatus.COMPLETED:
        # A gateway that takes COMPLETED back is only late; what was said once is kept.
        return _still_without_picture(seen, event.at)
    if status is None:
        return replace(seen, status=JobStatus.PROCESSING, gateway_status=answer.status, error=None)
    return replace(seen, status=status, gateway_status=None, error=None)


def _completed(job: Job, event: StatusRead) -> Job:
    done = replace(
        job,
        status=JobStatus.COMPLETED,
        gateway_status=None,
        error=None,
        answered_at=job.answered_at or event.at,
    )
    if event.answer.media_urls:
        pictures = _with_fresh_urls(job.pictures, event.answer.media_urls)
        return replace(done, pictures=pictures, no_picture_since=None, gave_up_at=None)
    return _still_without_picture(done, event.at)


def _still_without_picture(job: Job, at: float) -> Job:
    if job.pictures:
        return job
    since = _no_later(job.no_picture_since, at)
    if at - since >= NO_PICTURE_PATIENCE_S:
        words = "completed, no picture: the gateway never gave a URL"
        return replace(job, no_picture_since=since, gave_up_at=at, completed_at=at, error=words)
    return replace(job, no_picture_since=since)


def _with_fresh_urls(pictures: tuple[Picture, ...], urls: tuple[str, ...]) -> tuple[Picture, ...]:
    if not pictures:
        return tuple(Picture(url=url) for url in urls)
    # Links die: a later answer may carry new ones for the same pictures. What is saved stays.
    fresh = dict(enumerate(urls))
    return tuple(
        replace(picture, url=fresh.get(index, picture.url)) if picture.state is PictureState.PENDING else picture
        for index, picture in enumerate(pictures)
    )


def _deny(job: Job, event: StatusDenied) -> Job:
    since = _no_later(job.denied_since, event.at)
    denials = job.denials + 1
    denied = replace(job, denials=denials, denied_since=since, last_checked_at=event.at, recheck_at=None)
    if job.status is JobStatus.COMPLETED:
        return _still_without_picture(denied, event.at)
    if job.adopted_at is not None:
        # The gateway never named this id, so it is no late answer of its own: the person can correct it now.
        return doubted_again(denied)
    if denials >= DENIALS_NEEDED and event.at - since >= DENIAL_PATIENCE_S:
        words = "the gateway does not know this request id"
        return replace(denied, status=JobStatus.NOT_FOUND, error=words)
    return denied


def _no_later(since: float | None, at: float) -> float:
    # What began in the future was written down by a clock that has been set back: it begins now.
    return at if since is None else min(since, at)


def _picture_at(job: Job, index: int) -> Picture:
    if not 0 <= index < len(job.pictures):
        raise ImpossibleTransition(f"job {job.id} has no picture {index}")
    return job.pictures[index]


def _with_picture(job: Job, index: int, picture: Picture) -> Job:
    return replace(job, pictures=(*job.pictures[:index], picture, *job.pictures[index + 1 :]))


def _save_picture(job: Job, event: PictureSaved) -> Job:
    saved = replace(
        _picture_at(job, event.index),
        state=PictureState.SAVED,
        path=event.path,
        sha256=event.sha256,
        size_bytes=event.size_bytes,
        width=event.width,
        height=event.height,
        error=None,
    )
    return _ended_if_done(_with_picture(job, event.index, saved), event.at)


def _delay_picture(job: Job, event: PictureDelayed) -> Job:
    picture = _picture_at(job, event.index)
    if picture.state is not PictureState.PENDING:
        return job
    delayed = replace(picture, attempts=picture.attempts + 1, due_at=event.due_at, error=event.error)
    return _with_picture(job, event.index, delayed)


def _lose_picture(job: Job, event: PictureLost) -> Job:
    picture = _picture_at(job, event.index)
    if picture.state is not PictureState.PENDING:
        return job
    lost = replace(picture, state=PictureState.LOST, attempts=picture.attempts + 1, error=event.error)
    return _ended_if_done(_with_picture(job, event.index, lost), event.at)


def _want_picture(job: Job, event: PictureWanted) -> Job:
    picture = _picture_at(job, event.index)
    if picture.state is not PictureState.LOST:
        return job
    wanted = replace(picture, state=PictureState.PENDING, attempts=0, due_at=0.0)
    return replace(_with_picture(job, event.index, wanted), completed_at=None)


def _ended_if_done(job: Job, at: float) -> Job:
    if not job.is_done:
        return job
    lost = sum(picture.state is PictureState.LOST for picture in job.pictures)
    words = f"{lost} of {len(job.pictures)} pictures lost" if lost else None
    return replace(job, completed_at=job.completed_at or at, error=words)


_S = JobStatus
_POLLED: Final = frozenset({_S.QUEUED, _S.PROCESSING, _S.COMPLETED, _S.NOT_FOUND})

_STATES_FOR: Final[dict[type[Event], frozenset[JobStatus]]] = {
    Claimed: frozenset({_S.HELD}),
    Withdrawn: frozenset({_S.HELD}),
    PutOnHold: frozenset({_S.HELD}),
    HeldBack: frozenset({_S.HELD}),
    Released: frozenset({_S.HELD}),
    NotAccepted: frozenset({_S.SENDING}),
    Accepted: frozenset({_S.SENDING, _S.UNCONFIRMED}),
    Refused: frozenset({_S.SENDING}),
    Doubted: frozenset({_S.SENDING}),
    Adopted: frozenset({_S.UNCONFIRMED}),
    DeclaredNotCharged: frozenset({_S.UNCONFIRMED}),
    SentAgain: frozenset({_S.UNCONFIRMED}),
    StatusRead: _POLLED,
    StatusDenied: _POLLED,
    PictureSaved: frozenset({_S.COMPLETED}),
    PictureDelayed: frozenset({_S.COMPLETED}),
    PictureLost: frozenset({_S.COMPLETED}),
    PictureWanted: frozenset({_S.COMPLETED}),
}
