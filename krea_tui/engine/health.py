"""How the gateway does and what the lanes wait for, in values that the status line can show."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from krea_tui.domain.throughput import RecentCount


class PauseReason(StrEnum):
    """Why nothing is sent."""

    PERSON = "paused"
    MONEY = "money"
    KEY = "key"
    CAP = "cap"
    FORBIDDEN = "forbidden"
    MODEL = "model"
    ADDRESS = "address"
    DOUBT = "unconfirmed"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Pause:
    """A lane that stands still until a person, or a mended cause, lets it go."""

    reason: PauseReason
    words: str
    advice: str = ""


# Of several pauses the first of these is shown; all of them hold.
_SHOWN_FIRST: Final = (
    PauseReason.DISK,
    PauseReason.KEY,
    PauseReason.FORBIDDEN,
    PauseReason.ADDRESS,
    PauseReason.MODEL,
    PauseReason.DOUBT,
    PauseReason.MONEY,
    PauseReason.CAP,
)
_TIMES: Final = (
    "send_backoff_until",
    "rate_limited_until",
    "rate_limited_at",
    "breaker_until",
    "next_check_at",
    "last_answer_at",
)
_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3_600.0
PERSON_PAUSE: Final = Pause(PauseReason.PERSON, "paused by you", "Resume when you are ready.")


@dataclass(frozen=True, slots=True)
class Gauges:
    """How the engine fares at the gateway: rates are requests a second, times epoch seconds, None for never."""

    rate_per_s: float = 0.0
    configured_rate_per_s: float = 0.0
    requests_last_minute: int = 0
    rate_limits_last_hour: int = 0
    rate_limited_at: float | None = None
    last_answer_at: float | None = None


@dataclass(slots=True)
class GatewayHealth:
    """Times are the engine clock's wall (epoch seconds), None where nothing is waited for.

    They are for showing: the lanes keep their waits on a clock that nobody sets.
    `is_engine` tells whether this process sends and polls, `is_follower` whether it follows another one (neither
    before that is known); a follower shows the engine's `pause`. `is_paused_by_person` holds beside any other
    reason, and outlives it. `standing` are the reasons for which the lanes stand: one that is mended uncovers the
    others, and `pause` shows the gravest. `callbacks_at` is the address at which the gateway's callbacks are received
    by this process, `callbacks_trouble` why they are not although they should be. `requests` are this process's own to
    the gateway, `rate_limits` the 429s among their answers, `rate_per_s` what is allowed now of
    `configured_rate_per_s`; `told` is what a follower heard of the engine's.
    """

    is_engine: bool = False
    is_follower: bool = False
    pause: Pause | None = None
    download_pause: Pause | None = None
    send_backoff_until: float | None = None
    rate_limited_until: float | None = None
    breaker_until: float | None = None
    breaker_words: str = ""
    next_check_at: float | None = None
    rate_per_s: float = 0.0
    configured_rate_per_s: float = 0.0
    requests: RecentCount = field(default_factory=lambda: RecentCount(1.0, 61))
    rate_limited_count: int = 0
    rate_limits: RecentCount = field(default_factory=lambda: RecentCount(60.0, 61))
    rate_limited_at: float | None = None
    last_answer_at: float | None = None
    has_key: bool = True
    is_paused_by_person: bool = False
    callbacks_at: str | None = None
    callbacks_trouble: str = ""
    told: Gauges | None = None
    standing: dict[PauseReason, Pause] = field(default_factory=dict)

    def gauges(self, now: float) -> Gauges:
        """How whoever sends fares at the gateway, as far as this process knows."""
        if self.is_follower:
            return self.told or Gauges()
        return Gauges(
            rate_per_s=self.rate_per_s,
            configured_rate_per_s=self.configured_rate_per_s,
            requests_last_minute=self.requests.total(now, _MINUTE_S),
            rate_limits_last_hour=self.rate_limits.total(now, _HOUR_S),
            rate_limited_at=self.rate_limited_at,
            last_answer_at=self.last_answer_at,
        )

    def wall_was_set(self, by_s: float) -> None:
        """The wall clock was moved: what is waited for is as far away as before."""
        for name in _TIMES:
            at: float | None = getattr(self, name)
            if at is not None:
                setattr(self, name, at + by_s)

    def stand(self, pause: Pause) -> None:
        """Stand still for this reason too."""
        self.standing[pause.reason] = pause
        self._show_standing()

    def mend(self, reason: PauseReason) -> bool:
        """This reason is no more, the others hold; false where it was none."""
        if self.standing.pop(reason, None) is None:
            return False
        self._show_standing()
        return True

    def stands_for(self, reasons: AbstractSet[PauseReason]) -> bool:
        """Whether one of these is a reason to stand still."""
        return not reasons.isdisjoint(self.standing)

    def lift_pause(self) -> None:
        """All that stood is mended; what the person paused stays so."""
        self.standing.clear()
        self._show_standing()

    def _show_standing(self) -> None:
        shown = next((self.standing[reason] for reason in _SHOWN_FIRST if reason in self.standing), None)
        self.pause = shown or (PERSON_PAUSE if self.is_paused_by_person else None)
