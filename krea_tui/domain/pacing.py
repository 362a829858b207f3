"""When to ask again: rules of rate, interval and backoff. Pure; times are seconds on one clock of the caller."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

POLL_INTERVAL_S: Final = 5.0
RECHECK_GAP_S: Final = 2.0
NOT_FOUND_INTERVAL_S: Final = 3_600.0
DENIED_INTERVAL_S: Final = 300.0
# The first check waits for a known earliest ending at most this long.
FIRST_CHECK_MAX_S: Final = 20.0
FIRST_CHECK_SHARE: Final = 0.9
# (age of the job in seconds, least interval): an old job is not worth a quick check.
AGE_STEPS: Final = ((3_600.0, 60.0), (600.0, 20.0), (120.0, 10.0), (0.0, POLL_INTERVAL_S))
JITTER: Final = 0.1
STATUS_RETRY_S: Final = (5.0, 10.0, 20.0)
BREAKER_THRESHOLD: Final = 5
BREAKER_BASE_S: Final = 10.0
BREAKER_MAX_S: Final = 120.0
SUBMIT_BACKOFF_BASE_S: Final = 2.0
SUBMIT_BACKOFF_MAX_S: Final = 60.0
# Where polls queue up, a submission that waits gets its turn after so many of them.
POLLS_BEFORE_A_SUBMISSION: Final = 2
DOUBTS_UNTIL_STOP: Final = 3
FORBIDDEN_UNTIL_STOP: Final = 2
DOWNLOAD_RETRY_S: Final = (2.0, 5.0, 15.0, 60.0, 300.0, 600.0)
# A link that answers 403, 404 or 410 is tried so often, over DOWNLOAD_RETRY_S, before the picture counts as lost.
DEAD_LINK_TRIES: Final = 5
# Any other fault is tried at least so often and at least so long.
DOWNLOAD_TRIES: Final = 100
DOWNLOAD_PATIENCE_S: Final = 86_400.0


def first_check_delay(earliest_s: float | None) -> float:
    """Seconds from acceptance to the first check; later than 5 only where recent jobs say nothing ends sooner."""
    if earliest_s is None:
        return POLL_INTERVAL_S
    return min(max(POLL_INTERVAL_S, earliest_s * FIRST_CHECK_SHARE), FIRST_CHECK_MAX_S)


def next_check_delay(age_s: float, polled_jobs: int, rate_per_s: float, chance: random.Random) -> float:
    """Seconds to the next check of a job: 5 while the budget allows, longer when it binds or the job is old.

    Jitter only lengthens, so one job is never asked for more often than every 5 seconds.
    """
    for_age = next(interval for least_age, interval in AGE_STEPS if age_s >= least_age or least_age == 0.0)
    for_budget = polled_jobs / rate_per_s if rate_per_s > 0 else for_age
    return max(for_age, for_budget) * (1.0 + JITTER * chance.random())


def backoff(step: int, base_s: float, max_s: float, chance: random.Random) -> float:
    """Exponential backoff with full jitter, at least half the base so that it is never a hammer."""
    ceiling = min(max_s, base_s * 2.0 ** min(step, 30))
    return max(base_s / 2, ceiling * chance.random())


def stepped(delays_s: tuple[float, ...], step: int) -> float:
    """The delay of this step (from zero), the last one for ever after."""
    return delays_s[min(max(step, 0), len(delays_s) - 1)]


@dataclass(slots=True)
class TokenBucket:
    """The one budget for requests to the gateway: `rate_per_s` tokens a second, at most `burst` at once.

    429 halves the rate; each success wins a tenth of the configured rate back.
    """

    configured_rate_per_s: float
    burst: int
    refilled_at: float
    tokens: float = field(init=False)
    rate_per_s: float = field(init=False)
    closed_until: float = 0.0

    _LOWEST_SHARE: Final = 1 / 16

    def __post_init__(self) -> None:
        """Start full, at the configured rate."""
        self.tokens = float(self.burst)
        self.rate_per_s = self.configured_rate_per_s

    def take(self, at: float) -> float:
        """Take a token and return 0, or return the seconds until one may be there and take none."""
        if at < self.closed_until:
            return self.closed_until - at
        self._refill(at)
        if self.tokens >= 1.0 - 1e-9:
            self.tokens -= 1.0
            return 0.0
        return (1.0 - self.tokens) / self.rate_per_s

    def slow_down(self, at: float, wait_s: float) -> None:
        """After a 429: half the rate, nothing at all for `wait_s` seconds, no burst when it opens again."""
        self._refill(at)
        lowest = self.configured_rate_per_s * self._LOWEST_SHARE
        self.rate_per_s = max(lowest, self.rate_per_s / 2)
        self.closed_until = max(self.closed_until, at + wait_s)
        self.tokens = min(self.tokens, 1.0)

    def succeeded(self) -> None:
        """Win some of the rate back."""
        self.rate_per_s = min(self.configured_rate_per_s, self.rate_per_s + self.configured_rate_per_s / 10)

    def _refill(self, at: float) -> None:
        start = max(self.refilled_at, self.closed_until)
        elapsed = max(0.0, at - start)
        self.tokens = min(float(self.burst), self.tokens + elapsed * self.rate_per_s)
        self.refilled_at = max(at, self.refilled_at)
