"""Work behind a listing that is done again whenever somebody asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from krea_tui.engine.clock import wait_for
from krea_tui.engine.faults import FAULT_PAUSE_S, LOG
from krea_tui.engine.ports import Clock


class Errand:
    """Takes its step once for all who asked before it began: never twice at once, and with pauses in between.

    The step returns for how many seconds the next one has to wait.
    """

    def __init__(self, step: Callable[[], Awaitable[float]], clock: Clock, name: str) -> None:
        self._step = step
        self._clock = clock
        self._name = name
        self._is_asked = False
        self._is_closed = False
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def ask(self, *, at_once: bool = False) -> None:
        """Let the step be taken again, from the next turn of the loop on; `at_once` ends a pause before it."""
        if self._is_closed:
            return
        self._is_asked = True
        if at_once:
            self._hurry.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=self._name)

    async def aclose(self) -> None:
        """End it for good, in the middle of a step too."""
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._is_asked:
                # Whoever asks in the same turn of the loop asks for the same step.
                await asyncio.sleep(0)
                self._is_asked = False
                self._hurry.clear()
                await wait_for(self._hurry, self._clock, await self._taken())
        finally:
            self._task = None

    async def _taken(self) -> float:
        try:
            return await self._step()
        except Exception:
            LOG.exception("the %s met a fault and goes on", self._name)
            return FAULT_PAUSE_S
