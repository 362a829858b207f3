"""Finds the rows of a view: the first page at once, the whole order behind it; the newest wish wins."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from krea_tui.domain.errors import HistoryDamaged, SearchInterrupted, StoreError
from krea_tui.domain.job import Job
from krea_tui.domain.ordering import NEWEST_FIRST, SortKey, View
from krea_tui.engine.listing_errand import Errand
from krea_tui.engine.listing_order import CreationOrder, Order, RankedOrder
from krea_tui.engine.ports import Clock, ListingReader

# What is seen at once, on a high terminal too: each row more is a fifteenth of a millisecond more after each letter.
PAGE_ROWS: Final = 64
# The rest is found once those rows are painted: both at once would share one interpreter, and the paint would wait.
PAINT_S: Final = 0.05
RETRY_S: Final = 1.0
# Searching again because something changed takes at most this part of the time, and begins so often at most.
REFRESH_SHARE: Final = 0.1
REFRESH_PAUSE_S: Final = 0.1
LONGEST_REFRESH_PAUSE_S: Final = 5.0


class Found(NamedTuple):
    """The rows of a view as the history knew them when the search was begun, or a little later.

    `jobs` are those of the first page, `changed` the jobs that may have changed since then. A refresh is the order of
    a view that was shown before.
    """

    view: View
    order: Order
    jobs: list[Job]
    is_whole: bool
    is_refresh: bool
    changed: frozenset[str]


class Taker(Protocol):
    """Who the rows are for."""

    def take_found(self, found: Found) -> None:
        """These are the rows; called twice for a view that is longer than a page."""
        ...

    def say_search_failed(self, words: str) -> None:
        """The history cannot be searched, for this reason; an empty text once it can be again."""
        ...


class Search:
    """Searches for one taker, one thing at a time, and never for two views at once."""

    def __init__(self, reader: ListingReader, clock: Clock, taker: Taker, paint_s: float = PAINT_S) -> None:
        self._reader = reader
        self._clock = clock
        self._taker = taker
        self._paint_s = paint_s
        self._view = View((), NEWEST_FIRST)
        self._wish = 0
        self._answered = 0
        self._is_reading = False
        self._is_resort = False
        self._changed: set[str] = set()
        self._settled = asyncio.Event()
        self._settled.set()
        self._errand = Errand(self._search, clock, "search")

    def begin(self, view: View) -> None:
        """Search for this view; what is being searched for is given up."""
        # Sorted anew, the rows on the screen are shown until the place of each is known: none may get lost.
        self._is_resort = self._answered > 0 and view.terms == self._view.terms
        self._view = view
        self._wish += 1
        # Who waits for the older view waits in vain.
        self._settled.set()
        self._settled = asyncio.Event()
        if self._is_reading:
            self._reader.interrupt_search()
        self._errand.ask(at_once=True)

    def refresh(self) -> None:
        """Find the order of the same view again, with pauses in between."""
        self._errand.ask()

    def note(self, job_ids: Iterable[str]) -> None:
        """These jobs changed: a search that is under way may have seen them before that, or after it."""
        if self._is_reading:
            self._changed.update(job_ids)

    async def settled(self) -> None:
        """Until the newest view's rows are all known, or cannot be, or a newer view is wished for."""
        await self._settled.wait()

    async def aclose(self) -> None:
        """Give up what is being searched for."""
        if self._is_reading:
            self._reader.interrupt_search()
        await self._errand.aclose()
        self._settled.set()

    async def _search(self) -> float:
        self._changed.clear()
        self._is_reading = True
        wish = self._wish
        try:
            took_s = await self._find(self._view, wish)
        except SearchInterrupted:
            self._errand.ask()
            return REFRESH_PAUSE_S
        except StoreError as error:
            if wish == self._wish:
                self._settled.set()
                self._taker.say_search_failed(str(error))
                if not isinstance(error, HistoryDamaged):
                    self._errand.ask()
            return RETRY_S
        finally:
            self._is_reading = False
        return min(LONGEST_REFRESH_PAUSE_S, max(REFRESH_PAUSE_S, took_s * (1 / REFRESH_SHARE - 1)))

    async def _find(self, view: View, wish: int) -> float:
        """How many seconds the search for the whole order took."""
        is_refresh = self._answered == wish
        page: list[Job] = []
        has_page = not is_refresh and not self._is_resort
        if has_page:
            page = await self._reader.page(view, PAGE_ROWS)
            if wish != self._wish:
                return 0.0
        is_whole = has_page and len(page) < PAGE_ROWS
        if has_page:
            order = _order(view, array("q", (job.seq for job in page)))
            self._taker.take_found(Found(view, order, page, is_whole, False, frozenset(self._changed)))
            if not is_whole and await self._is_outdated_while_painting(wish):
                return 0.0
        began_at = self._clock.monotonic()
        if not is_whole:
            seqs = await self._reader.order(view)
            order = await asyncio.to_thread(_order, view, seqs)
            if wish != self._wish:
                return 0.0
            self._taker.take_found(Found(view, order, [], True, is_refresh, frozenset(self._changed)))
        self._answered = wish
        self._settled.set()
        self._taker.say_search_failed("")
        return self._clock.monotonic() - began_at

    async def _is_outdated_while_painting(self, wish: int) -> bool:
        """Leave the machine to those who paint the first rows; whether something else is wished for by then."""
        if self._paint_s > 0:
            # By the loop's own time: this is about the machine, not about the clock of jobs.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._paint_s):
                    await self._settled.wait()
        return wish != self._wish


def _order(view: View, seqs: array[int]) -> Order:
    if view.ordering.key is SortKey.CREATED:
        return CreationOrder(seqs, descending=view.ordering.descending)
    return RankedOrder(seqs)
