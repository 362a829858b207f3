"""One budget for every request to the gateway, shared by the lanes: polls go before submissions."""

from __future__ import annotations

import asyncio
import heapq
from enum import IntEnum

from krea_tui.domain.pacing import TokenBucket
from krea_tui.engine.ports import Clock


class Priority(IntEnum):
    """Who is served first."""

    POLL = 0
    SUBMIT = 1


class Budget:
    """Hands out the bucket's tokens in order of priority, then of arrival."""

    def __init__(self, bucket: TokenBucket, clock: Clock) -> None:
        self.bucket = bucket
        self._clock = clock
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._arrivals = 0
        self._server: asyncio.Task[None] | None = None

    async def acquire(self, priority: Priority) -> None:
        """Wait for a token."""
        if not self._waiting and self.bucket.take(self._clock.monotonic()) == 0.0:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        heapq.heappush(self._waiting, (priority, self._arrivals, turn))
        if self._server is None or self._server.done():
            self._server = asyncio.create_task(self._serve(), name="gateway-budget")
        try:
            await turn
        except asyncio.CancelledError:
            turn.cancel()
            raise

    def is_awaited(self, priority: Priority) -> bool:
        """Whether somebody of this priority waits for a token right now."""
        return any(waiting == priority and not turn.done() for waiting, _, turn in self._waiting)

    async def aclose(self) -> None:
        """Stop handing out tokens; whoever still waits is on the way out too."""
        if self._server is not None:
            self._server.cancel()
            await asyncio.gather(self._server, return_exceptions=True)

    def rate_limited(self, wait_s: float) -> None:
        """A 429: half the rate, and nothing for so long."""
        self.bucket.slow_down(self._clock.monotonic(), wait_s)

    async def _serve(self) -> None:
        while self._waiting:
            if self._waiting[0][2].done():
                heapq.heappop(self._waiting)
                continue
            wait_s = self.bucket.take(self._clock.monotonic())
            if wait_s > 0:
                await self._clock.sleep(wait_s)
                continue
            # The order may have changed while this one slept: the token goes to whoever is first now.
            while self._waiting:
                _, _, turn = heapq.heappop(self._waiting)
                if not turn.done():
                    turn.set_result(None)
                    break
