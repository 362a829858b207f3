"""When work will be over: reckoned from what ended lately, else from how long jobs take and how many may run at once.

An estimate is for the person's plans, never for decisions. Where nothing honest can be said, it is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from krea_tui.domain.pacing import POLL_INTERVAL_S, POLLS_BEFORE_A_SUBMISSION

# Ends of this long ago say how fast it goes now.
WATCHED_S: Final = 300.0
# What is expected counts as much as this many ends that were seen.
_EXPECTED_WEIGHT: Final = 2.0
_STALLED_S: Final = 120.0
_STALLED_DURATIONS: Final = 3.0
# An end that was told stays told until it is wrong by more than this.
_TOLERANCE_S: Final = 20.0
_TOLERANCE_SHARE: Final = 0.2

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast jobs end. `places` is how many may be at the gateway at once, `requests_per_s` what it allows.

    `expected_s` and `late_s` are the median and the 90th percentile of a job's time; `ended` is how many ended in the
    last `watched_s` seconds in which one could have, `quiet_s` how long ago the last one did.
    """

    expected_s: float
    late_s: float
    places: int
    requests_per_s: float
    ended: int = 0
    watched_s: float = 0.0
    quiet_s: float = 0.0

    @property
    def jobs_per_s(self) -> float:
        """Ends a second: what was seen, and as long as little was, what is to be expected."""
        expected = self._expected_per_s
        return (self.ended + _EXPECTED_WEIGHT) / (self.watched_s + _EXPECTED_WEIGHT / expected)

    @property
    def is_stalled(self) -> bool:
        """Whether nothing has ended for so long that nothing can be said."""
        return self.quiet_s > max(_STALLED_S, _STALLED_DURATIONS * self.late_s)

    @property
    def _expected_per_s(self) -> float:
        # The answer is found half an interval after it is there, on average.
        by_places = self.places / (self.expected_s + POLL_INTERVAL_S / 2)
        polls = min(max(1.0, self.expected_s / POLL_INTERVAL_S), POLLS_BEFORE_A_SUBMISSION)
        return min(by_places, self.requests_per_s / (1 + polls))


def remaining_s(pace: Pace, waiting: int, youngest_age_s: float | None) -> float | None:
    """Seconds until `waiting` jobs and those at the gateway have ended, whose youngest is there since so long.

    None where nothing is on its way, where nothing ends any more, or where the last one is later than late.
    """
    if pace.is_stalled:
        return None
    if waiting > 0:
        return waiting / pace.jobs_per_s + pace.expected_s
    if youngest_age_s is None or youngest_age_s > _STALLED_DURATIONS * pace.late_s:
        return None
    return max(1.0, (pace.expected_s if youngest_age_s < pace.expected_s else pace.late_s) - youngest_age_s)


class SteadyEta:
    """Tells an end that stays where it is while the estimate wavers, and moves when it was wrong."""

    def __init__(self) -> None:
        self._ends_at: float | None = None

    def tell(self, remaining: float | None, now: float) -> float | None:
        """Seconds to the end that is told, given the newest estimate in seconds; `now` is on any one clock."""
        if remaining is None:
            self._ends_at = None
            return None
        told = None if self._ends_at is None else self._ends_at - now
        if (
            told is None
            or told <= 0
            or abs(told - remaining) > max(_TOLERANCE_S, _TOLERANCE_SHARE * max(told, remaining))
        ):
            self._ends_at = now + remaining
            return remaining
        return told


def about_words(seconds: float) -> str:
    """An estimate in words that promise no more than it can hold: `about 14 min`, `under a minute`."""
    if seconds < _MINUTE:
        return "under a minute"
    minutes = round(seconds / _MINUTE)
    if minutes <= 20:  # noqa: PLR2004 -- from here on fives are exact enough
        return f"about {minutes} min"
    minutes = 5 * round(minutes / 5)
    if minutes < _MINUTE:
        return f"about {minutes} min"
    if seconds < 10 * _HOUR:
        hours, rest = divmod(10 * round(minutes / 10), _MINUTE)
        return f"about {hours} h {rest} min" if rest else f"about {hours} h"
    if seconds < 2 * _DAY:
        return f"about {round(seconds / _HOUR)} h"
    return f"about {round(seconds / _DAY)} d"
