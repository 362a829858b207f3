"""One budget for every request to the gateway, shared by the lanes: polls go before submissions, nobody starves."""

from __future__ import annotations

import asyncio
from enum import IntEnum

from krea_tui.domain.pacing import POLLS_BEFORE_A_SUBMISSION, TokenBucket
from krea_tui.engine.ports import Clock


class Priority(IntEnum):
    """Who is served first."""

    POLL = 0
    SUBMIT = 1


class Budget:
    """Hands out the bucket's tokens in order of priority, then of arrival; a submission waits for two polls at most."""

    def __init__(self, bucket: TokenBucket, clock: Clock) -> None:
        self.bucket = bucket
        self._clock = clock
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._arrivals = 0
        self._polls_in_a_row = 0
        self._server: asyncio.Task[None] | None = None

    async def acquire(self, priority: Priority) -> None:
        """Wait for a token."""
        if not self._waiting and self.bucket.take(self._clock.monotonic()) == 0.0:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        self._waiting.append((priority, self._arrivals, turn))
        if self._server is None or self._server.done():
            self._server = asyncio.create_task(self._serve(), name="gateway-budget")
        try:
            await turn
        except asyncio.CancelledError:
            turn.cancel()
            raise

    async def aclose(self) -> None:
        """Stop handing out tokens; whoever still waits is on the way out too."""
        if self._server is not None:
            self._server.cancel()
            await asyncio.gather(self._server, return_exceptions=True)

    def rate_limited(self, wait_s: float) -> None:
        """A 429: half the rate, and nothing for so long."""
        self.bucket.slow_down(self._clock.monotonic(), wait_s)

    async def _serve(self) -> None:
        while self._has_waiting():
            wait_s = self.bucket.take(self._clock.monotonic())
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            else:
                self._hand_over()

    def _has_waiting(self) -> bool:
        self._waiting = [entry for entry in self._waiting if not entry[2].done()]
        return bool(self._waiting)

    def _hand_over(self) -> None:
        """Give a token to whoever is first by now: the order may have changed while it was waited for."""
        first = min(self._waiting, key=lambda entry: entry[:2])
        submissions = [entry for entry in self._waiting if entry[0] is Priority.SUBMIT]
        if submissions and self._polls_in_a_row >= POLLS_BEFORE_A_SUBMISSION:
            first = min(submissions, key=lambda entry: entry[:2])
        self._polls_in_a_row = self._polls_in_a_row + 1 if submissions and first[0] is Priority.POLL else 0
        self._waiting.remove(first)
        first[2].set_result(None)
