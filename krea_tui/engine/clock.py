"""The real clock, and waiting for an event no longer than a while."""

from __future__ import annotations

import asyncio
import time

from krea_tui.engine.ports import Clock


class SystemClock:
    """Wall and monotonic time of this machine."""

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        await asyncio.sleep(seconds)


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
