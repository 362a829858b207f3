# ruff: noqa: D102 -- a protocol is documented by its class and by what implements it
"""What the engine needs of the world, as protocols; the composition hands in the real ones."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from krea_tui.domain.answers import CallbackHint, StatusAnswer, SubmitAnswer
from krea_tui.domain.errors import HistoryDamaged
from krea_tui.domain.events import Claimed, Event
from krea_tui.domain.job import Job, JobStatus, Marks
from krea_tui.domain.money import DailyCap, Ledger
from krea_tui.domain.ordering import View
from krea_tui.domain.outcome import Outcome


class Clock(Protocol):
    """Time, so that a test can own it. `now` is the wall (epoch seconds), `monotonic` never jumps."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class Store(Protocol):
    """The history; every method returns after its commit is on disk. `damage` is set once it has proved damaged."""

    @property
    def damage(self) -> HistoryDamaged | None: ...

    async def insert(self, jobs: Sequence[Job]) -> list[Job]: ...

    async def claim(self, job_id: str, event: Claimed, cap: DailyCap | None = None) -> Job: ...

    async def apply(self, job_id: str, event: Event) -> Job: ...

    async def apply_all(self, job_ids: Iterable[str], event: Event) -> list[Job]: ...

    async def send_again(self, job_id: str, at: float, successor: Job) -> tuple[Job, Job]: ...

    async def mark(self, job_ids: Iterable[str], marks: Marks) -> list[Job]: ...

    async def get_meta(self, name: str) -> str | None: ...

    async def set_meta(self, name: str, value: str | None) -> None: ...

    async def data_version(self) -> int: ...

    async def changes_since(self, revision: int) -> list[Job]: ...

    async def revision(self) -> int: ...

    async def open_jobs(self) -> list[Job]: ...

    async def get(self, job_id: str) -> Job: ...

    async def latest(self, limit: int, *, before_seq: int | None = None) -> list[Job]: ...

    async def ledger(self, since: float, profile: str) -> Ledger: ...


class ListingReader(Protocol):
    """The history as a listing reads it; the methods that answer raise `StoreError`.

    `interrupt_search` never waits; it ends the `page` or `order` that is running with `SearchInterrupted`.
    """

    async def page(self, view: View, limit: int) -> list[Job]: ...

    async def order(self, view: View) -> array[int]: ...

    async def jobs_by_seq(self, seqs: Sequence[int]) -> list[Job]: ...

    async def ids_by_seq(self, seqs: Sequence[int]) -> list[str]: ...

    async def status_counts(self) -> Mapping[JobStatus, int]: ...

    async def get(self, job_id: str) -> Job: ...

    def interrupt_search(self) -> None: ...


class Gateway(Protocol):
    """The vendor; errors are those of `domain.errors`."""

    async def submit(self, body: Mapping[str, object], *, callback_url: str | None = None) -> SubmitAnswer: ...

    async def status(self, request_id: str) -> StatusAnswer: ...

    def download(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...

    def use_key(self, key: str) -> None: ...

    async def aclose(self) -> None: ...


class SavedFile(Protocol):
    """A picture on disk; `path` is relative to the pictures' folder."""

    @property
    def path(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


class PartFile(Protocol):
    """A download on its way to disk. Blocking: called in a thread."""

    def write(self, chunk: bytes) -> None: ...

    def finish(self, finished_at: float) -> SavedFile: ...

    def discard(self) -> None: ...


class Outbox(Protocol):
    """Room on the disk for the one outcome that the history refuses. Blocking; all but `load` raise `StoreError`."""

    def keep(self, outcome: Outcome) -> None: ...

    def load(self) -> Outcome | None: ...

    def clear(self) -> None: ...

    def set_aside(self) -> None: ...


class Files(Protocol):
    """The pictures' folder. Blocking: called in a thread; `StoreError` where the disk is the fault.

    `find_saved` knows the picture that a crash left in its place before it was noted down.
    """

    def begin(self, job: Job, index: int) -> PartFile: ...

    def find_saved(self, job: Job, index: int) -> SavedFile | None: ...

    def sweep(self) -> None: ...


class Election(Protocol):
    """The one lock whose holder sends and polls."""

    def try_acquire(self) -> bool: ...

    @property
    def is_held(self) -> bool: ...

    def release(self) -> None: ...


class Processes(Protocol):
    """The register of living processes on this data directory."""

    process_id: str

    def start(self) -> None: ...

    def touch(self) -> None: ...

    def stop(self) -> None: ...

    def died_at(self, process_id: str) -> float | None: ...

    def living_others(self) -> frozenset[str]: ...

    def others_alive(self) -> bool: ...


class Receiver(Protocol):
    """Listens for the gateway's callbacks and puts what it hears on the queue that it was given.

    `start` raises `ConfigError` where it cannot listen. `public_url` is where the gateway finds it.
    """

    public_url: str

    async def start(self) -> None: ...

    async def aclose(self) -> None: ...

    @property
    def is_listening(self) -> bool: ...

    def callback_url(self, attempt_id: str) -> str: ...


# Gets the secret from which callback addresses are derived, and the queue for what comes in on them.
MakeReceiver = Callable[[bytes, asyncio.Queue[CallbackHint]], Awaitable[Receiver]]
