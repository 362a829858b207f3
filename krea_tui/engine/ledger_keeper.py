"""Keeps the book's ledger of today in step with the history."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Final

from krea_tui.domain.errors import StoreError
from krea_tui.engine.book import JobBook
from krea_tui.engine.ports import Clock, Store

LEDGER_DELAY_S: Final = 0.1


class LedgerKeeper:
    """Reads the ledger a moment after jobs changed; many changes at once are one reading."""

    def __init__(self, store: Store, book: JobBook, clock: Clock, profile: str) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._profile = profile
        self._task: asyncio.Task[None] | None = None
        self._is_stale = False

    async def refresh(self) -> None:
        """Read today's ledger now; raises `StoreError`."""
        self._book.ledger = await self._store.ledger(self.day_start(), self._profile)
        self._book.touch()

    def day_start(self) -> float:
        """The local midnight before now, epoch seconds."""
        today = time.localtime(self._clock.now())
        return time.mktime((today.tm_year, today.tm_mon, today.tm_mday, 0, 0, 0, 0, 0, -1))

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
            with suppress(StoreError):
                await self.refresh()
