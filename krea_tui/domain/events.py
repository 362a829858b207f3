"""What can happen to a job. Times (`at`) are epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass

from krea_tui.domain.answers import StatusAnswer, SubmitAnswer
from krea_tui.domain.job import HoldReason


@dataclass(frozen=True, slots=True)
class Claimed:
    """The submission lane takes the job; written down before the first byte leaves."""

    at: float
    attempt_id: str
    key_fingerprint: str


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """Nothing was accepted: back to held, for this reason, not before `not_before`."""

    reason: HoldReason
    error: str
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway took the job and gave it a request id."""

    at: float
    answer: SubmitAnswer


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway refused this request; nothing was charged."""

    at: float
    error: str


@dataclass(frozen=True, slots=True)
class Doubted:
    """The request may have been accepted and charged."""

    at: float
    error: str


@dataclass(frozen=True, slots=True)
class StatusRead:
    """A status request was answered."""

    at: float
    answer: StatusAnswer


@dataclass(frozen=True, slots=True)
class StatusDenied:
    """A status request was answered with 404."""

    at: float


@dataclass(frozen=True, slots=True)
class PictureSaved:
    """A picture is on disk, verified and synced; `path` is relative to the pictures' folder."""

    at: float
    index: int
    path: str
    sha256: str
    size_bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PictureDelayed:
    """A download failed and is tried again at `due_at`."""

    index: int
    error: str
    due_at: float


@dataclass(frozen=True, slots=True)
class PictureLost:
    """The picture cannot be had any more."""

    at: float
    index: int
    error: str


@dataclass(frozen=True, slots=True)
class PictureWanted:
    """The person asks for a lost picture once more."""

    index: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Cancelled while held: free."""

    at: float


@dataclass(frozen=True, slots=True)
class PutOnHold:
    """Held for another reason than before."""

    reason: HoldReason
    error: str | None = None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The person keeps this job alone from being sent, until it is released."""

    at: float


@dataclass(frozen=True, slots=True)
class Released:
    """The person (or a mended cause) lets a held job go; `accepted_by` is the process that will send it."""

    accepted_by: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """The person names the request id of an unconfirmed job; it is believed once the gateway has answered for it."""

    at: float
    request_id: str


@dataclass(frozen=True, slots=True)
class DeclaredNotCharged:
    """The person has seen that an unconfirmed job was never charged."""

    at: float


@dataclass(frozen=True, slots=True)
class SentAgain:
    """The person had the request of an unconfirmed job sent once more, as a job of its own."""

    at: float
    successor_id: str


Event = (
    Claimed
    | NotAccepted
    | Accepted
    | Refused
    | Doubted
    | StatusRead
    | StatusDenied
    | PictureSaved
    | PictureDelayed
    | PictureLost
    | PictureWanted
    | Withdrawn
    | PutOnHold
    | HeldBack
    | Released
    | Adopted
    | DeclaredNotCharged
    | SentAgain
)
