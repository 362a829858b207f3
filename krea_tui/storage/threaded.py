"""The history for an event loop: one thread writes, one reads, one searches, the loop never waits for the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from krea_tui.domain.errors import HistoryDamaged, StoreError
from krea_tui.domain.events import Claimed, Event
from krea_tui.domain.job import Job, JobStatus, Marks
from krea_tui.domain.money import DailyCap, Ledger
from krea_tui.domain.ordering import View
from krea_tui.domain.spending import Spending
from krea_tui.storage.faults import store_error, suspect
from krea_tui.storage.query import select_of
from krea_tui.storage.schema import BUSY_TIMEOUT_MS, OnLong
from krea_tui.storage.store import JobStore

P = ParamSpec("P")
R = TypeVar("R")


class ThreadedStore:
    """`JobStore` behind three threads of its own; every method raises `StoreError` where the disk fails."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writes = ThreadPoolExecutor(1, thread_name_prefix="history-write")
        self._reads = ThreadPoolExecutor(1, thread_name_prefix="history-read")
        self._searches = ThreadPoolExecutor(1, thread_name_prefix="history-search")
        self._writer: JobStore | None = None
        self._reader: JobStore | None = None
        # Opened by the first search, so that the start does not wait for it.
        self._searcher: JobStore | None = None
        # Once it is seen nothing of this history can be relied on any more.
        self.damage: HistoryDamaged | None = None

    async def open(self, *, timeout_ms: int = BUSY_TIMEOUT_MS, on_long: OnLong | None = None) -> None:
        """Open, create or migrate the history; raises `StoreError`.

        `timeout_ms` is how long the opening itself waits for another program's lock. `on_long` is called on the loop,
        with the number of jobs, where so many have to be brought up to date that it takes a while.
        """
        loop = asyncio.get_running_loop()

        def tell(count: int) -> None:
            if on_long is not None:
                loop.call_soon_threadsafe(on_long, count)

        self._writer = await self._open_on(self._writes, timeout_ms, tell)
        self._reader = await self._open_on(self._reads, timeout_ms)

    async def _open_on(self, executor: ThreadPoolExecutor, timeout_ms: int, on_long: OnLong | None = None) -> JobStore:
        store = await self._run(executor, partial(JobStore, timeout_ms=timeout_ms, on_long=on_long), self._path)
        await self._run(executor, store.wait_for_locks, BUSY_TIMEOUT_MS)
        return store

    async def aclose(self) -> None:
        """Close every connection after what is queued; the store cannot be used any more."""
        self.interrupt_search()
        pairs = ((self._writes, self._writer), (self._reads, self._reader))
        was_open = self._reader is not None
        self._writer = self._reader = None
        for executor, store in pairs:
            if store is not None:
                await self._run(executor, store.close)
            executor.shutdown(wait=False)
        if was_open:
            await self._run(self._searches, self._close_search_store)
        self._searches.shutdown(wait=False)

    async def insert(self, jobs: Sequence[Job]) -> list[Job]:
        """See `JobStore.insert`."""
        return await self._write(self._main.insert, jobs)

    async def claim(self, job_id: str, event: Claimed, cap: DailyCap | None = None) -> Job:
        """See `JobStore.claim`."""
        return await self._write(self._main.claim, job_id, event, cap)

    async def apply(self, job_id: str, event: Event) -> Job:
        """See `JobStore.apply`."""
        return await self._write(self._main.apply, job_id, event)

    async def send_again(self, job_id: str, at: float, successor: Job) -> tuple[Job, Job]:
        """See `JobStore.send_again`."""
        return await self._write(self._main.send_again, job_id, at, successor)

    async def apply_all(self, job_ids: Iterable[str], event: Event) -> list[Job]:
        """See `JobStore.apply_all`."""
        return await self._write(self._main.apply_all, tuple(job_ids), event)

    async def mark(self, job_ids: Iterable[str], marks: Marks) -> list[Job]:
        """See `JobStore.mark`."""
        return await self._write(self._main.mark, tuple(job_ids), marks)

    async def get_meta(self, name: str) -> str | None:
        """See `JobStore.get_meta`."""
        return await self._write(self._main.get_meta, name)

    async def set_meta(self, name: str, value: str | None) -> None:
        """See `JobStore.set_meta`."""
        await self._write(self._main.set_meta, name, value)

    async def data_version(self) -> int:
        """See `JobStore.data_version`; asked of the writing connection, so our own commits do not count."""
        return await self._write(self._main.data_version)

    async def changes_since(self, revision: int) -> list[Job]:
        """See `JobStore.changes_since`."""
        return await self._write(self._main.changes_since, revision)

    async def revision(self) -> int:
        """See `JobStore.revision`."""
        return await self._write(self._main.revision)

    async def open_jobs(self) -> list[Job]:
        """See `JobStore.open_jobs`."""
        return await self._write(self._main.open_jobs)

    async def get(self, job_id: str) -> Job:
        """See `JobStore.get`."""
        return await self._read(self._history.get, job_id)

    async def latest(self, limit: int, *, before_seq: int | None = None) -> list[Job]:
        """See `JobStore.latest`."""
        return await self._read(self._history.latest, limit, before_seq=before_seq)

    async def page(self, view: View, limit: int) -> list[Job]:
        """See `JobStore.page`; raises `SearchInterrupted`."""
        return await self._search(lambda store: store.page(select_of(view), limit))

    async def order(self, view: View) -> array[int]:
        """See `JobStore.order`; raises `SearchInterrupted`."""
        return await self._search(lambda store: store.order(select_of(view)))

    def interrupt_search(self) -> None:
        """End the `page` or `order` that is running; never waits, and a later one is never hit."""
        if self._searcher is not None:
            self._searcher.interrupt()

    async def jobs_by_seq(self, seqs: Sequence[int]) -> list[Job]:
        """See `JobStore.jobs_by_seq`."""
        return await self._read(self._history.jobs_by_seq, seqs)

    async def ids_by_seq(self, seqs: Sequence[int]) -> list[str]:
        """See `JobStore.ids_by_seq`."""
        return await self._read(self._history.ids_by_seq, seqs)

    async def jobs_by_id(self, job_ids: Iterable[str]) -> list[Job]:
        """See `JobStore.jobs_by_id`."""
        return await self._read(self._history.jobs_by_id, tuple(job_ids))

    async def tags(self) -> list[str]:
        """See `JobStore.tags`."""
        return await self._read(self._history.tags)

    async def status_counts(self) -> dict[JobStatus, int]:
        """See `JobStore.status_counts`."""
        return await self._read(self._history.status_counts)

    async def count(self) -> int:
        """See `JobStore.count`."""
        return await self._read(self._history.count)

    async def ledger(self, since: float, profile: str) -> Ledger:
        """See `JobStore.ledger`."""
        return await self._read(self._history.ledger, since, profile)

    async def spending(self, profile: str) -> Spending:
        """See `JobStore.spending`."""
        return await self._read(self._history.spending, profile)

    async def _search(self, call: Callable[[JobStore], R]) -> R:
        _opened(self._reader)
        return await self._run(self._searches, lambda: call(self._search_store()))

    def _search_store(self) -> JobStore:
        """The connection of searches; only for their thread."""
        if self._searcher is None:
            self._searcher = JobStore(self._path)
        return self._searcher

    def _close_search_store(self) -> None:
        if self._searcher is not None:
            self._searcher.close()
            self._searcher = None

    @property
    def _main(self) -> JobStore:
        return _opened(self._writer)

    @property
    def _history(self) -> JobStore:
        return _opened(self._reader)

    async def _write(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._run(self._writes, call, *args, **kwargs)

    async def _read(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._run(self._reads, call, *args, **kwargs)

    async def _run(self, executor: ThreadPoolExecutor, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(executor, lambda: call(*args, **kwargs))
        except sqlite3.Error as error:
            raise self._fault(error) from error
        except HistoryDamaged as error:
            self.damage = error
            raise

    def _fault(self, error: sqlite3.Error) -> StoreError:
        typed = store_error(error, "the history does not answer")
        if isinstance(typed, HistoryDamaged):
            self.damage = typed
            suspect(self._path)
        return typed


def _opened(store: JobStore | None) -> JobStore:
    if store is None:
        raise StoreError("the history is not open")
    return store
