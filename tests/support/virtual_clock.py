"""A clock that a test owns: it jumps to the next timer as soon as everything else waits."""

import asyncio
import heapq
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

WALL_LIMIT_S = 30.0
_STEP_S = 0.0005


class VirtualClock:
    """Wall and monotonic time for the engine. Nothing passes but by `run_until`, `advance` and `suspend`.

    Threads and requests on the wire are real: the clock stands still while one of them is under way.
    """

    def __init__(self, start: float | None = None) -> None:
        self._start = time.time() if start is None else start
        # Counted from zero, so that the smallest wait is never lost in a large number.
        self._steady = 0.0
        self._set_by = 0.0
        self._timers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._busy = 0
        self._watched: asyncio.AbstractEventLoop | None = None

    def now(self) -> float:
        return self.true_time() + self._set_by

    def true_time(self) -> float:
        """What the wall would show if nobody had set it."""
        return self._start + self._steady

    def monotonic(self) -> float:
        return self._steady

    def jump_wall(self, seconds: float) -> None:
        """Somebody sets the wall clock: this much on, or back."""
        self._set_by += seconds

    def suspend(self, seconds: float) -> None:
        """The machine sleeps: time goes on, and nothing happens."""
        self._steady += seconds

    async def sleep(self, seconds: float) -> None:
        timer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._timers, (self._steady + max(0.0, seconds), self._count, timer))
        await timer

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Time stands still inside."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    async def run_until(
        self, condition: Callable[[], object], within_s: float = 3_600.0, what: str = "the condition"
    ) -> None:
        """Let time pass until the condition is true; AssertionError where it does not come true within this time."""
        limit = self._steady + within_s
        wall_limit = time.monotonic() + WALL_LIMIT_S
        while True:
            await self._settle(wall_limit)
            if condition():
                return
            due_at = self._next_due()
            assert due_at is not None, f"{what}: everything waits, and nothing would ever happen"
            assert due_at <= limit, f"{what} did not come true within {within_s:g} s"
            assert time.monotonic() < wall_limit, f"{what}: not within {WALL_LIMIT_S:g} s of the wall clock"
            self._fire(due_at)

    async def advance(self, seconds: float) -> None:
        """Let exactly this time pass."""
        until = self._steady + seconds
        wall_limit = time.monotonic() + WALL_LIMIT_S
        while True:
            await self._settle(wall_limit)
            due_at = self._next_due()
            if due_at is None or due_at > until:
                break
            self._fire(due_at)
        self._steady = until
        await self._settle(wall_limit)

    def _next_due(self) -> float | None:
        while self._timers and self._timers[0][2].done():
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _fire(self, due_at: float) -> None:
        self._steady = max(self._steady, due_at)
        _, _, timer = heapq.heappop(self._timers)
        timer.set_result(None)

    async def _settle(self, wall_limit: float) -> None:
        """Until no task can go on by itself: no thread, no request and no ready callback is left."""
        loop = asyncio.get_running_loop()
        self._watch_threads(loop)
        quiet = 0
        while quiet < 3:
            await asyncio.sleep(_STEP_S if self._busy else 0)
            quiet = 0 if self._busy or loop._ready else quiet + 1  # type: ignore[attr-defined]
            assert time.monotonic() < wall_limit, "the tasks never come to rest"

    def _watch_threads(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._watched is loop:
            return
        self._watched = loop
        real = loop.run_in_executor

        def counted(executor: Executor | None, call: Callable[..., object], *args: object) -> asyncio.Future[object]:
            future = real(executor, call, *args)
            self._busy += 1
            future.add_done_callback(lambda _: self._one_less())
            return future

        loop.run_in_executor = counted  # type: ignore[method-assign, assignment]

    def _one_less(self) -> None:
        self._busy -= 1
