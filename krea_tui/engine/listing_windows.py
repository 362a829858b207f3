"""The jobs of the rows that are looked at: the book's, and those that are read in small blocks and kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Final, Generic, TypeVar

from krea_tui.domain.errors import StoreError
from krea_tui.domain.job import Job
from krea_tui.engine.book import JobBook
from krea_tui.engine.listing_errand import Errand
from krea_tui.engine.listing_order import Order
from krea_tui.engine.ports import Clock, ListingReader

BLOCK_ROWS: Final = 50
# A screen is at most a few blocks high; what was wished before has been scrolled away.
MOST_WISHES: Final = 8
CACHED_JOBS: Final = 2_000
# The cursor's job, and all that is asked for by its id again, stays known longer than the job itself.
KNOWN_IDS: Final = 16_384
RETRY_S: Final = 1.0

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values that were put or asked for last, so many at most."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value, which is used now; None where it is not known any more."""
        value = self._values.pop(key, None)
        if value is not None:
            self._values[key] = value
        return value

    def put(self, key: K, value: V) -> None:
        """Keep a value, and forget the one that was not used for longest."""
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._limit:
            del self._values[next(iter(self._values))]


class JobWindows:
    """Jobs by their sequence number: the book's first, since nothing is newer; else what was read of the history.

    `on_read` is told the ids of jobs that came, and the sequence numbers that the history denies. `on_failure` is told
    in words what the history said, and an empty text once it answers again.
    """

    def __init__(
        self,
        book: JobBook,
        reader: ListingReader,
        clock: Clock,
        on_read: Callable[[frozenset[str], frozenset[int]], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._book = book
        self._reader = reader
        self._on_read = on_read
        self._on_failure = on_failure
        self._jobs: Recent[int, Job] = Recent(CACHED_JOBS)
        self._seqs: Recent[str, int] = Recent(KNOWN_IDS)
        self._order: Order | None = None
        self._wishes: list[int] = []
        self._errand = Errand(self._read_wishes, clock, "reading of rows")

    def follow(self, order: Order, *, is_other_view: bool) -> None:
        """These are the rows from now on; of another view nothing is wished yet."""
        self._order = order
        if is_other_view:
            self._wishes.clear()

    def job(self, seq: int) -> Job | None:
        """The job as it is by now, or None where it is not loaded."""
        return self._book.at_seq(seq) or self._jobs.get(seq)

    def seq_of(self, job_id: str) -> int | None:
        """The sequence number of a job that was seen before."""
        job = self._book.get(job_id)
        return (job.seq or None) if job is not None else self._seqs.get(job_id)

    def remember(self, jobs: Iterable[Job]) -> None:
        """Keep jobs that were just read of the history."""
        for job in jobs:
            self._seqs.put(job.id, job.seq)
            if self._book.at_seq(job.seq) is None:
                self._jobs.put(job.seq, job)

    def want(self, row: int) -> None:
        """Read what is around this row, before all that was wanted earlier."""
        block = row // BLOCK_ROWS
        if self._wishes and self._wishes[-1] == block:
            return
        if block in self._wishes:
            self._wishes.remove(block)
        self._wishes.append(block)
        del self._wishes[:-MOST_WISHES]
        self._errand.ask()

    async def aclose(self) -> None:
        """End what is being read."""
        await self._errand.aclose()

    async def _read_wishes(self) -> float:
        while self._wishes:
            block = self._wishes.pop()
            try:
                await self._read(block)
                # Whoever looks here looks at what is beside it next.
                for beside in (block + 1, block - 1):
                    if not self._wishes:
                        await self._read(beside)
            except StoreError as error:
                self._wishes.append(block)
                self._errand.ask()
                self._on_failure(str(error))
                return RETRY_S
        return 0.0

    async def _read(self, block: int) -> None:
        if self._order is None:
            return
        first = block * BLOCK_ROWS
        missing = [seq for seq in self._order.span(first, first + BLOCK_ROWS) if self.job(seq) is None]
        if not missing:
            return
        jobs = await self._reader.jobs_by_seq(missing)
        self._on_failure("")
        self.remember(jobs)
        self._on_read(frozenset(job.id for job in jobs), frozenset(missing) - {job.seq for job in jobs})
