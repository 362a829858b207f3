"""How long a job takes, learned from those that completed; for progress and estimates, never for decisions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

DEFAULT_S: Final = 15.0
REMEMBERED: Final = 50

_SHARE_AT_EXPECTED: Final = 0.8
_SHARE_AT_LATE: Final = 0.95
_SHARE_MAX: Final = 0.99


@dataclass(frozen=True, slots=True)
class DurationEstimate:
    """The durations of the last completed jobs, in seconds, oldest first; a value, so learning makes a new one."""

    recent: tuple[float, ...] = ()

    def learned(self, durations_s: Iterable[float]) -> DurationEstimate:
        """The estimate after these jobs completed too; what is no positive finite number of seconds is left out."""
        usable = (seconds for seconds in durations_s if math.isfinite(seconds) and seconds > 0)
        return DurationEstimate((*self.recent, *usable)[-REMEMBERED:])

    @property
    def expected_s(self) -> float:
        """The median duration in seconds, or the default where nothing is known."""
        return self._quantile(0.5)

    @property
    def late_s(self) -> float:
        """The 90th percentile in seconds: nine of ten jobs were done by then."""
        return self._quantile(0.9)

    def fraction(self, elapsed_s: float) -> float:
        """How far a job of this age probably is: from 0 to 0.99, since only the answer ends a job.

        It rises evenly to the median, slower to the 90th percentile, and ever slower after it.
        """
        expected, late = self.expected_s, self.late_s
        if elapsed_s <= 0:
            return 0.0
        if elapsed_s <= expected:
            return _SHARE_AT_EXPECTED * elapsed_s / expected
        if elapsed_s < late:
            return _between(_SHARE_AT_EXPECTED, _SHARE_AT_LATE, (elapsed_s - expected) / (late - expected))
        reached = _SHARE_AT_LATE if late > expected else _SHARE_AT_EXPECTED
        return _between(reached, _SHARE_MAX, 1 - math.exp(-(elapsed_s - late) / late))

    def remaining_s(self, elapsed_s: float) -> float | None:
        """Seconds to the median, or None once it has passed: then nothing honest can be said."""
        remaining = self.expected_s - elapsed_s
        return remaining if remaining > 0 else None

    def _quantile(self, share: float) -> float:
        if not self.recent:
            return DEFAULT_S
        ordered = sorted(self.recent)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share
