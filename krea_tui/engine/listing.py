"""The rows of one view of the history: those in memory, those on disk, and what changes among them while one looks."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Final

from krea_tui.domain.errors import StoreError, UnknownJob
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.matching import matches
from krea_tui.domain.ordering import NEWEST_FIRST, SortKey, View, sort_value
from krea_tui.engine.book import JobBook
from krea_tui.engine.faults import LOG
from krea_tui.engine.listing_counts import StatusCounts
from krea_tui.engine.listing_errand import Errand
from krea_tui.engine.listing_order import CreationOrder, Order
from krea_tui.engine.listing_search import PAINT_S, Found, Search
from krea_tui.engine.listing_windows import JobWindows
from krea_tui.engine.ports import Clock, ListingReader

FRAME_S: Final = 0.03
# So many changes are taken in at one go; the loop breathes between two.
CHANGES_AT_ONCE: Final = 1_000
# By everything else a job keeps its place for ever.
_MOVING: Final = frozenset({SortKey.STATUS, SortKey.DURATION})

Listener = Callable[[bool, frozenset[str]], None]


class Listing:
    """The rows of a view, from the top down: those of the book as they are by now, the rest as it was read.

    Rows are asked for at any time and never wait. Everything else happens on the loop that changes the book; what the
    history cannot answer is told in `failure`, never raised.
    """

    def __init__(self, book: JobBook, reader: ListingReader, clock: Clock, paint_s: float = PAINT_S) -> None:
        """Follow the book. `paint_s` is how long the first rows of a view have for being painted, in seconds."""
        self._book = book
        self._reader = reader
        self._view = self._shown = View((), NEWEST_FIRST)
        self._order: Order = CreationOrder(array("q"), descending=True)
        self._is_whole = False
        self._is_searching = False
        self._is_frozen = False
        self._is_stale = False
        self._is_thawing = False
        # Jobs that are among the rows and do not belong there, or the other way round.
        self._waiting: set[str] = set()
        self._changed: set[str] = set()
        # What moving jobs were last seen to be sorted by.
        self._sorted_by: dict[str, float | str | None] = {}
        self._failures: dict[str, str] = {}
        self._listeners: list[Listener] = []
        self._search = Search(reader, clock, self, paint_s)
        self._windows = JobWindows(book, reader, clock, self._on_read, partial(self._fail, "rows"))
        self._frame = Errand(self._take_changes, clock, "listing")
        self._counts = StatusCounts(reader, clock, self._on_counted, partial(self._fail, "counts"))
        self._unsubscribe: Callable[[], None] = book.subscribe(self._on_book)

    # --- what it shows ---------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The view that was asked for last; its rows replace the older ones as soon as the first page is found."""
        return self._view

    @property
    def shown(self) -> View:
        """The view whose rows are shown: the one asked for last, or the one before while that is searched for."""
        return self._shown

    @property
    def is_searching(self) -> bool:
        """Whether rows of the view are still being searched for."""
        return self._is_searching

    @property
    def is_complete(self) -> bool:
        """Whether every row of the view is known, if not yet loaded."""
        return self._is_whole and self._shown == self._view

    @property
    def waiting(self) -> int:
        """How many jobs would come or go, were the order not frozen."""
        return len(self._waiting) if self._is_frozen else 0

    @property
    def failure(self) -> str:
        """What the history said instead of an answer; empty where all is well."""
        return next(iter(self._failures.values()), "")

    @property
    def counts(self) -> Mapping[JobStatus, int]:
        """How many jobs of the whole history have each status; empty until they are counted."""
        return self._counts.now

    def __len__(self) -> int:
        return len(self._order)

    def row_at(self, index: int) -> Job | None:
        """The job of a row, or None where it is not loaded: then it is read, with what is around it."""
        if not 0 <= index < len(self._order):
            return None
        job = self._windows.job(self._order.seq_at(index))
        if job is None:
            self._windows.want(index)
        return job

    def index_of(self, job_id: str) -> int | None:
        """The row of a job that was seen before, or None where it is not among the rows."""
        seq = self._windows.seq_of(job_id)
        return None if seq is None else self._order.row_of(seq)

    def get(self, job_id: str) -> Job | None:
        """The job as it is by now, among the rows or not; None where it is not loaded."""
        seq = self._windows.seq_of(job_id)
        return self._book.get(job_id) if seq is None else self._windows.job(seq)

    # --- what one asks of it ---------------------------------------------------------------------------------------

    async def show(self, view: View) -> None:
        """Show another view, or the same as it is by now.

        Returns when all its rows are known, or cannot be, or a newer view has been asked for.
        """
        self._view = view
        self._is_searching = True
        self._search.begin(view)
        self._notify(False, frozenset())
        await self._search.settled()

    def freeze(self) -> None:
        """Let no row come, go or move until `thaw()`; what rows show goes on changing."""
        self._is_frozen = True

    def thaw(self) -> None:
        """Take in what has waited, and let rows come, go and move again.

        What must be searched for first comes a little later, though the rows may be frozen again by then.
        """
        if not self._is_frozen:
            return
        self._is_frozen = False
        self._is_thawing = self._is_stale or bool(self._waiting)
        self._changed |= self._waiting
        self._waiting.clear()
        self.catch_up()
        self._take_in(())

    def catch_up(self) -> None:
        """Take in at once what has changed until now, instead of with the next frame."""
        while self._changed:
            self._take_some()

    async def ids(self, first: int = 0, last: int | None = None) -> list[str]:
        """The ids of the jobs from row `first` to row `last`, both included, or to the end, loaded or not.

        Waits for the whole order where it needs it. Empty where the history cannot be read.
        """
        while self._is_searching and (last is None or last >= len(self._order)):
            await self._search.settled()
        seqs = self._order.span(first, len(self._order) if last is None else last + 1)
        try:
            ids = await self._reader.ids_by_seq(seqs)
        except StoreError as error:
            self._fail("ids", str(error))
            return []
        self._fail("ids", "")
        return ids

    async def locate(self, job_id: str) -> int | None:
        """The row of a job, though it was never loaded; None where it is not among the rows."""
        if self._windows.seq_of(job_id) is None:
            try:
                self._windows.remember([await self._reader.get(job_id)])
            except UnknownJob:
                return None
            except StoreError as error:
                self._fail("ids", str(error))
                return None
        while (row := self.index_of(job_id)) is None and self._is_searching:
            await self._search.settled()
        return row

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(order_changed, job_ids)` after every change; returns how to stop it.

        `order_changed` where rows came, went or moved; `job_ids` are of jobs that changed or were loaded. Without
        either one of the other properties has changed.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def aclose(self) -> None:
        """End all that goes on behind it; safe to call twice."""
        self._unsubscribe()
        self._unsubscribe = _nothing
        await self._search.aclose()
        await self._windows.aclose()
        await self._frame.aclose()
        await self._counts.aclose()

    # --- what the search finds -------------------------------------------------------------------------------------

    def take_found(self, found: Found) -> None:
        """See `Taker`."""
        if found.is_refresh and self._is_frozen and not self._is_thawing:
            self._is_stale = True
            return
        self._is_thawing = False
        is_other_view = found.view != self._shown
        self._shown = found.view
        self._order, self._is_whole = found.order, found.is_whole
        self._is_searching = not found.is_whole
        if is_other_view:
            self._waiting.clear()
            self._sorted_by.clear()
        self._is_stale = False
        self._windows.follow(found.order, is_other_view=is_other_view)
        self._windows.remember(found.jobs)
        for job_id in found.changed:
            # The history may have been read before this change: its place must be looked at once more.
            self._sorted_by.pop(job_id, None)
        self._take_in(found.changed | self._waiting)
        self._counts.ask()
        self._notify(True, found.changed)

    def say_search_failed(self, words: str) -> None:
        """See `Taker`."""
        self._is_searching = self._is_searching and not words
        self._fail("search", words)

    # --- what changes in the book ----------------------------------------------------------------------------------

    def _on_book(self, job_ids: frozenset[str]) -> None:
        if job_ids:
            self._search.note(job_ids)
            self._changed |= job_ids
            self._frame.ask()

    async def _take_changes(self) -> float:
        self._take_some()
        return FRAME_S

    def _take_some(self) -> None:
        now = frozenset(islice(self._changed, CHANGES_AT_ONCE))
        self._changed -= now
        if self._changed:
            self._frame.ask(at_once=True)
        has_changed = self._take_in(now)
        if now:
            self._counts.ask()
            self._notify(has_changed, now)

    def _take_in(self, job_ids: Iterable[str]) -> bool:
        """Let rows come and go as these jobs are by now; whether any did."""
        order, terms = self._order, self._shown.terms
        is_live = isinstance(order, CreationOrder)
        comes: list[int] = []
        goes: list[int] = []
        for job_id in job_ids:
            job = self._book.get(job_id)
            if job is None:
                continue
            belongs, is_there = matches(terms, job), job.seq in order
            if belongs is is_there:
                self._waiting.discard(job_id)
                self._is_stale = self._is_stale or (is_there and self._moves(job))
            elif self._is_beyond(job.seq, belongs=belongs):
                continue
            elif self._is_frozen or not is_live:
                self._waiting.add(job_id)
                # Only the history knows the places by everything but the creation.
                self._is_stale = True
            else:
                (comes if belongs else goes).append(job.seq)
        if isinstance(order, CreationOrder):
            order.change(comes, goes)
        elif self._is_stale and not self._is_frozen:
            self._is_stale = False
            self._search.refresh()
        return bool(comes or goes)

    def _is_beyond(self, seq: int, *, belongs: bool) -> bool:
        """Whether this row will come by itself, with the rest of an order that is not whole yet."""
        if self._is_whole or not belongs:
            return False
        return not (isinstance(self._order, CreationOrder) and self._order.reaches(seq))

    def _moves(self, job: Job) -> bool:
        key = self._shown.ordering.key
        if key not in _MOVING:
            return False
        value, before = sort_value(job, key), self._sorted_by.get(job.id, self)
        self._sorted_by[job.id] = value
        return value != before

    # --- what is read behind it ------------------------------------------------------------------------------------

    def _on_read(self, job_ids: frozenset[str], denied: frozenset[int]) -> None:
        gone = [seq for seq in denied if seq in self._order] if not self._is_frozen else []
        if gone and isinstance(self._order, CreationOrder):
            self._order.change([], gone)
        elif gone:
            self._search.refresh()
        self._notify(bool(gone), job_ids)

    def _on_counted(self) -> None:
        self._notify(False, frozenset())

    # --- who is told -----------------------------------------------------------------------------------------------

    def _fail(self, part: str, words: str) -> None:
        if self._failures.get(part, "") == words:
            return
        self._failures.pop(part, None)
        if words:
            self._failures[part] = words
        self._notify(False, frozenset())

    def _notify(self, order_changed: bool, job_ids: frozenset[str]) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(order_changed, job_ids)
            except Exception:
                # A pane's fault must not stop what comes for the others.
                LOG.exception("a listener of the listing failed")


def _nothing() -> None:
    return None
