"""What the lanes share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from krea_tui.engine.book import JobBook
from krea_tui.engine.budget import Budget
from krea_tui.engine.policy import Policy
from krea_tui.engine.ports import Clock, Files, Gateway, Outbox, Store
from krea_tui.engine.timekeeper import Timekeeper


def _no_callback(_attempt_id: str) -> None:
    return None


@dataclass(slots=True)
class LaneContext:
    """One for each time this process is the engine. `day_start` tells the local midnight (epoch seconds).

    `callback_url` names the address at which an attempt's callback is received, None where none is.
    """

    book: JobBook
    store: Store
    gateway: Gateway
    files: Files
    budget: Budget
    clock: Clock
    timekeeper: Timekeeper
    policy: Policy
    process_id: str
    day_start: Callable[[], float]
    chance: random.Random
    callback_url: Callable[[str], str | None] = _no_callback
    outbox: Outbox | None = None

    def asks(self) -> None:
        """A request goes to the gateway."""
        now = self.clock.now()
        self.book.health.requests.add(now, now)

    def answered(self) -> None:
        """The gateway has answered as it should: some of the rate is won back."""
        self.budget.bucket.succeeded()
        health = self.book.health
        health.last_answer_at = self.clock.now()
        health.rate_per_s = self.budget.bucket.rate_per_s

    def rate_limited(self, wait_s: float) -> None:
        """The gateway has answered 429: half the rate, and nothing for so long."""
        self.budget.rate_limited(wait_s)
        health, now = self.book.health, self.clock.now()
        health.rate_limited_count += 1
        health.rate_limits.add(now, now)
        health.rate_limited_at = now
        health.rate_limited_until = now + wait_s
        health.rate_per_s = self.budget.bucket.rate_per_s
