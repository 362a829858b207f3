"""The real clock, and waiting that neither a sleeping machine nor a clock that is set can disturb.

Waits are kept on the monotonic clock. The wall is only for what is written down and shown: it can be set, both ways.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final

from krea_tui.engine.ports import Clock

# A timer of the event loop stands still while the machine sleeps: so soon after it has woken its waits are looked at.
LONGEST_NAP_S: Final = 5.0
# On Linux `time.monotonic()` stands still while the machine sleeps, on macOS too; these clocks go on.
_UNSLEEPING: Final = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC


class SystemClock:
    """Wall and monotonic time of this machine."""

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back and that nobody sets; the machine's sleep counts."""
        return time.clock_gettime(_UNSLEEPING)

    async def sleep(self, seconds: float) -> None:
        """Wait so long, by `monotonic()`."""
        until = self.monotonic() + seconds
        left_s = max(0.0, seconds)
        while True:
            await asyncio.sleep(min(left_s, LONGEST_NAP_S))
            left_s = until - self.monotonic()
            if left_s <= 0:
                return


def rest_of(clock: Clock, since: float, span_s: float) -> float:
    """Seconds that are left of a span that began at `since` (epoch seconds); never more than the span itself.

    What was written down by a clock that has been set back since then must not keep anybody waiting for longer.
    """
    return min(max(0.0, since + span_s - clock.now()), span_s)


async def wait_for(event: asyncio.Event, clock: Clock, seconds: float | None) -> None:
    """Until the event is set, but no longer than `seconds` of the clock (None: as long as it takes)."""
    if event.is_set():
        return
    if seconds is None:
        await event.wait()
        return
    waiter = asyncio.ensure_future(event.wait())
    timer = asyncio.ensure_future(clock.sleep(max(0.0, seconds)))
    try:
        await asyncio.wait({waiter, timer}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()
        timer.cancel()
