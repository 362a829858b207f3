"""Keeps the book's ledger of today in step with the history."""

from __future__ import annotations

import asyncio
from typing import Final

from krea_tui.domain.errors import StoreError
from krea_tui.domain.spending import day_end, day_start
from krea_tui.engine.book import JobBook
from krea_tui.engine.ports import Clock, Store

LEDGER_DELAY_S: Final = 0.1
LEDGER_RETRY_S: Final = 5.0


class LedgerKeeper:
    """Reads the ledger a moment after jobs changed; many changes at once are one reading."""

    def __init__(self, store: Store, book: JobBook, clock: Clock, profile: str) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._profile = profile
        self._task: asyncio.Task[None] | None = None
        self._is_stale = False
        self._day = (0.0, 0.0)

    async def refresh(self) -> None:
        """Read today's ledger now; raises `StoreError`."""
        now = self._clock.now()
        day = (day_start(now), day_end(now))
        self._book.ledger = await self._store.ledger(day[0], self._profile)
        self._day = day
        self._book.touch()

    async def keep_day(self) -> None:
        """Read the ledger anew once another day has begun, also by a clock that was set; raises `StoreError`."""
        begins_at, ends_at = self._day
        if not begins_at <= self._clock.now() < ends_at:
            await self.refresh()

    def day_start(self) -> float:
        """The local midnight before now, epoch seconds."""
        return day_start(self._clock.now())

    def on_change(self, job_ids: frozenset[str]) -> None:
        """A listener of the book."""
        if not job_ids:
            return
        self._is_stale = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep(), name="ledger")

    def close(self) -> None:
        """Read nothing more."""
        if self._task is not None:
            self._task.cancel()

    async def _keep(self) -> None:
        while self._is_stale:
            await self._clock.sleep(LEDGER_DELAY_S)
            self._is_stale = False
            try:
                await self.refresh()
            except StoreError:
                # No change may come that would have it read again.
                self._is_stale = True
                await self._clock.sleep(LEDGER_RETRY_S)
