"""How many jobs of the whole history have each status, counted again behind what changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from krea_tui.domain.errors import StoreError
from krea_tui.domain.job import JobStatus
from krea_tui.engine.listing_errand import Errand
from krea_tui.engine.ports import Clock, ListingReader

# Counting takes at most this part of the time: twice a second where the history is short.
COUNT_SHARE: Final = 0.01
COUNT_PAUSE_S: Final = 0.5
LONGEST_COUNT_PAUSE_S: Final = 5.0
RETRY_S: Final = 1.0


class StatusCounts:
    """`on_change` is called where the counts are others than before, `on_failure` as for `JobWindows`."""

    def __init__(
        self, reader: ListingReader, clock: Clock, on_change: Callable[[], None], on_failure: Callable[[str], None]
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._on_change = on_change
        self._on_failure = on_failure
        self._errand = Errand(self._count, clock, "counting")
        self.now: Mapping[JobStatus, int] = MappingProxyType({})

    def ask(self) -> None:
        """Something has changed: count again, with pauses in between."""
        self._errand.ask()

    async def aclose(self) -> None:
        """Count no more."""
        await self._errand.aclose()

    async def _count(self) -> float:
        began_at = self._clock.monotonic()
        try:
            counts = await self._reader.status_counts()
        except StoreError as error:
            self._on_failure(str(error))
            self._errand.ask()
            return RETRY_S
        self._on_failure("")
        if counts != self.now:
            self.now = MappingProxyType(dict(counts))
            self._on_change()
        took_s = self._clock.monotonic() - began_at
        return min(LONGEST_COUNT_PAUSE_S, max(COUNT_PAUSE_S, took_s * (1 / COUNT_SHARE - 1)))
