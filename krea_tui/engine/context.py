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
