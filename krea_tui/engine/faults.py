"""Faults that nobody foresaw: they are logged, and the lane they struck goes on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from krea_tui.domain.errors import HistoryDamaged

if TYPE_CHECKING:
    from krea_tui.engine.ports import Clock

LOG: Final = logging.getLogger("krea_tui.engine")
# Without a log file of the composition nothing may reach the terminal that the panes own.
LOG.addHandler(logging.NullHandler())

FAULT_PAUSE_S: Final = 2.0


async def keep_going(step: Callable[[], Awaitable[None]], until: Callable[[], bool], clock: Clock) -> None:
    """Take step after step until told to end; after a fault it waits a little, so that it never spins.

    Raises `HistoryDamaged`.
    """
    while not until():
        try:
            await step()
        except HistoryDamaged:
            # Nothing that is read of it can be relied on: no lane goes on over it.
            raise
        except Exception:
            LOG.exception("a lane met a fault and goes on")
            await clock.sleep(FAULT_PAUSE_S)
