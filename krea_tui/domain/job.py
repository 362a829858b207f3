"""A job: one request on its way to one or more pictures on disk."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypedDict

from krea_tui.domain.request import GenerationRequest

# Without i, l, o and u, which are read as others (Crockford's base 32).
_ID_CHARACTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
ID_ALPHABET: Final = frozenset(_ID_CHARACTERS)
ID_LENGTH: Final = 10


class JobStatus(StrEnum):
    """Where a job stands; the gateway's word where there is one."""

    HELD = "HELD"
    SENDING = "SENDING"
    UNCONFIRMED = "UNCONFIRMED"
    REJECTED = "REJECTED"
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    ERROR = "ERROR"
    NOT_FOUND = "NOT_FOUND"
    CANCELLED = "CANCELLED"


class HoldReason(StrEnum):
    """Why a job is not sent yet."""

    READY = "ready"
    RETRY = "retry"
    MONEY = "money"
    CAP = "cap"
    KEY = "key"
    PAUSED = "paused"
    LEFT_OVER = "left_over"


class PictureState(StrEnum):
    """Where one picture of a completed job stands."""

    PENDING = "PENDING"
    SAVED = "SAVED"
    LOST = "LOST"


class Charge(StrEnum):
    """What a job means for the wallet."""

    NONE = "none"
    HELD = "held"
    RESERVED = "reserved"
    SPENT = "spent"
    AT_RISK = "at_risk"


AT_GATEWAY: Final = frozenset({JobStatus.QUEUED, JobStatus.PROCESSING})
# Something will still happen to a job that stands here.
OPEN: Final = frozenset({JobStatus.HELD, JobStatus.SENDING, *AT_GATEWAY})
SENDABLE: Final = frozenset({HoldReason.READY, HoldReason.RETRY})
# The `error` of a job that the person keeps back: it tells it from one that a pause of everything has held.
KEPT_BACK: Final = "kept back, by your own word"

# COMPLETED without a URL is checked again for this long before it counts as "completed, no picture".
NO_PICTURE_PATIENCE_S: Final = 600.0
# A denied job (404) is NOT_FOUND only after so many checks over so long, then rechecked for a day.
DENIALS_NEEDED: Final = 3
DENIAL_PATIENCE_S: Final = 600.0
NOT_FOUND_RECHECK_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a job; `path` is relative to the pictures' folder.

    `sha256` is that of the bytes as received; `due_at` is the next try of the download (epoch seconds).
    """

    url: str
    state: PictureState = PictureState.PENDING
    path: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    attempts: int = 0
    due_at: float = 0.0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that is known of one job. Times are epoch seconds (UTC), amounts micro-dollars.

    `profile` is the identity of the gateway it belongs to, `accepted_by` the process that may send it
    while it is held, `gateway_status` the gateway's last word as it came. `adopted_at` is when a person named the
    request id, until the gateway has answered for it; `settled_at` when a person decided what became of an unconfirmed
    job without one. `seq` orders jobs by creation
    (0 before the store has given one); `revision` grows with every stored change. `tags` are as `tags.tags_of` makes
    them; of two held jobs the one of higher `priority` is sent first.
    """

    id: str
    request: GenerationRequest
    price_microusd: int
    created_at: float
    profile: str
    price_is_estimate: bool = False
    seq: int = 0
    revision: int = 0
    batch_id: str | None = None
    accepted_by: str = ""
    retry_of: str | None = None
    status: JobStatus = JobStatus.HELD
    hold_reason: HoldReason | None = HoldReason.READY
    not_before: float = 0.0
    not_sent_count: int = 0
    attempt_id: str | None = None
    attempted_at: float | None = None
    key_fingerprint: str | None = None
    request_id: str | None = None
    polling_url: str | None = None
    submitted_at: float | None = None
    answered_at: float | None = None
    completed_at: float | None = None
    last_checked_at: float | None = None
    recheck_at: float | None = None
    gateway_status: str | None = None
    gateway_created_at: str | None = None
    gateway_updated_at: str | None = None
    gateway_completed_at: str | None = None
    model_id: str | None = None
    media_type: str | None = None
    error: str | None = None
    denials: int = 0
    denied_since: float | None = None
    no_picture_since: float | None = None
    gave_up_at: float | None = None
    adopted_at: float | None = None
    settled_at: float | None = None
    deleted_at: float | None = None
    muted: bool = False
    starred: bool = False
    tags: tuple[str, ...] = ()
    priority: int = 0
    pictures: tuple[Picture, ...] = field(default=())

    @property
    def is_sendable(self) -> bool:
        """Held for no reason but its turn (or a backoff)."""
        return self.status is JobStatus.HELD and self.hold_reason in SENDABLE

    @property
    def is_held_back(self) -> bool:
        """Held by the person's word about this job alone: only another word lets it go."""
        is_paused = self.status is JobStatus.HELD and self.hold_reason is HoldReason.PAUSED
        return is_paused and self.error == KEPT_BACK

    @property
    def turn(self) -> tuple[int, int]:
        """Of two held jobs the one with the lower turn is sent first."""
        return -self.priority, self.seq

    @property
    def pending_pictures(self) -> tuple[int, ...]:
        """Indexes of the pictures that are still to be fetched."""
        return tuple(i for i, picture in enumerate(self.pictures) if picture.state is PictureState.PENDING)

    @property
    def is_done(self) -> bool:
        """COMPLETED, and every picture is on disk or known to be lost."""
        return self.status is JobStatus.COMPLETED and bool(self.pictures) and not self.pending_pictures

    @property
    def is_saving(self) -> bool:
        """COMPLETED at the gateway, its pictures not all on disk yet."""
        return self.status is JobStatus.COMPLETED and self.gave_up_at is None and not self.is_done

    @property
    def is_polled(self) -> bool:
        """A status request may still tell something new."""
        if self.request_id is None:
            return False
        if self.status in AT_GATEWAY or self.status is JobStatus.NOT_FOUND:
            return True
        return self.status is JobStatus.COMPLETED and not self.pictures and self.gave_up_at is None

    @property
    def needs_decision(self) -> bool:
        """It may have been charged, nobody knows, and no person has decided what to do about it."""
        return self.status is JobStatus.UNCONFIRMED and self.settled_at is None

    @property
    def is_active(self) -> bool:
        """Something will still happen to it by itself, or a person must decide."""
        if self.status in OPEN:
            return True
        return self.needs_decision or self.is_saving

    @property
    def is_running(self) -> bool:
        """At the gateway, or on the way there or back."""
        return self.status in {JobStatus.SENDING, *AT_GATEWAY} or self.is_saving

    @property
    def charge(self) -> Charge:
        """What this job means for the wallet; FAILED counts as at risk, since only ERROR is promised free."""
        if self.status is JobStatus.HELD:
            return Charge.HELD
        if self.status in {JobStatus.SENDING, *AT_GATEWAY}:
            return Charge.RESERVED
        if self.status is JobStatus.COMPLETED:
            return Charge.SPENT if self.gave_up_at is None else Charge.AT_RISK
        if self.status in {JobStatus.UNCONFIRMED, JobStatus.FAILED, JobStatus.NOT_FOUND}:
            return Charge.AT_RISK
        return Charge.NONE

    @property
    def status_word(self) -> str:
        """The status as it is shown: the gateway's own word while that is one we do not know."""
        if self.status in AT_GATEWAY and self.gateway_status:
            return self.gateway_status
        return self.status.value

    @property
    def picture_path(self) -> str | None:
        """The first picture on disk, relative to the pictures' folder."""
        return next((p.path for p in self.pictures if p.state is PictureState.SAVED and p.path), None)


class Marks(TypedDict, total=False):
    """Fields that are set without the life cycle: the person's marks, and wishes to the engine."""

    deleted_at: float | None
    muted: bool
    starred: bool
    tags: tuple[str, ...]
    priority: int
    recheck_at: float | None
    accepted_by: str
    denied_since: float
    no_picture_since: float


def new_id() -> str:
    """A random id of ten characters that is easy to read and type; uniqueness is the store's to check."""
    return "".join(random.SystemRandom().choices(_ID_CHARACTERS, k=ID_LENGTH))
