"""The app's hold on the machinery: opens the studio behind the first frame, runs its engine, carries orders to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from krea_tui.domain.errors import KreaTuiError, StoreError
from krea_tui.ui.history import History, Reader

if TYPE_CHECKING:
    from krea_tui.config.key import ApiKey
    from krea_tui.config.plan import Plan
    from krea_tui.domain.job import Job
    from krea_tui.domain.request import GenerationRequest
    from krea_tui.domain.spending import Spending
    from krea_tui.engine.book import JobBook
    from krea_tui.engine.engine import Engine
    from krea_tui.engine.listing import Listing
    from krea_tui.engine.outcomes import Unwritten
    from krea_tui.studio import Studio


class Session:
    """One studio for the life of the app. The book is there from its first use on, empty until it is loaded."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._opened: Studio | None = None
        self._failure: KreaTuiError | None = None
        self._settled = asyncio.Event()
        # Told what the opening waits for.
        self.say: Callable[[str], None] = lambda _words: None

    @cached_property
    def book(self) -> JobBook:
        """The jobs, newest first; made at its first use, which is behind the first frame."""
        from krea_tui.engine.book import JobBook

        return JobBook()

    @property
    def has_key(self) -> bool:
        """Whether there is a key to send with (true until the studio knows better)."""
        return self._opened is None or bool(self._opened.engine.policy.key)

    @property
    def rescue(self) -> tuple[str, ...]:
        """What became of a damaged history at this start; empty where nothing was."""
        return () if self._opened is None else self._opened.rescue

    @property
    def is_sending(self) -> bool:
        """Whether a request is on its way right now."""
        return self._opened is not None and self._opened.engine.is_sending

    @property
    def unwritten(self) -> Unwritten | None:
        """What the gateway answered and the history could not take until now."""
        return None if self._opened is None else self._opened.engine.unwritten

    async def run(self, on_open: Callable[[], None]) -> None:
        """Open the studio and run its engine until `stop()`; raises `KreaTuiError` with words for the person."""
        try:
            # Importing all that it is built of takes longer than opening it: in a thread, so that keys go on.
            open_studio = await asyncio.to_thread(_import_studio)
            studio = self._opened = await open_studio(self.plan, self.book, self.say)
        except KreaTuiError as error:
            self._failure = error
            raise
        finally:
            self._settled.set()
        on_open()
        try:
            await studio.engine.run()
        finally:
            await studio.aclose()

    async def stop(self) -> list[Job]:
        """Send nothing more and leave; returns the jobs that became left-overs."""
        if self._opened is None:
            return []
        return await self._opened.engine.stop()

    async def engine(self) -> Engine:
        """The engine, once the history is open and it is known who leads."""
        studio = await self._wait()
        await studio.engine.is_ready.wait()
        return studio.engine

    async def submit(self, requests: Sequence[GenerationRequest], *, retry_of: str | None = None) -> list[Job]:
        """Accept requests; they are on disk when this returns."""
        studio = await self._wait()
        return await studio.engine.submit(requests, retry_of=retry_of)

    async def use_key(self, key: ApiKey) -> None:
        """Keep a key and send with it."""
        await (await self._wait()).use_key(key)

    def listing(self) -> Listing:
        """The rows of a view of the history, for one pane; what it asks for waits until the history is open."""
        from krea_tui.engine.clock import SystemClock
        from krea_tui.engine.listing import Listing

        return Listing(self.book, self.history, SystemClock())

    @cached_property
    def history(self) -> History:
        """The history for reading, open or not yet."""
        return History(self._store)

    async def recall(self, name: str) -> str | None:
        """What was kept under this name, in this app or an earlier one; raises `KreaTuiError`."""
        return await (await self._wait()).store.get_meta(name)

    async def keep(self, name: str, text: str | None) -> None:
        """Keep a text under this name, so that a cut line or the next day takes nothing away."""
        await (await self._wait()).store.set_meta(name, text)

    async def spending(self) -> Spending:
        """All that this gateway's jobs cost, read in a thread; raises `StoreError`."""
        studio = await self._wait()
        return await studio.store.spending(studio.engine.policy.profile)

    def prefer(self, job_id: str | None) -> None:
        """The job the person looks at is checked first."""
        if self._opened is not None:
            self._opened.engine.prefer(job_id)

    def picture_path(self, job: Job) -> Path | None:
        """Where the job's first picture lies; None where there is none, or its row names no place of ours."""
        if self._opened is None:
            return None
        try:
            return self._opened.picture_path(job)
        except StoreError:
            # A damaged row: one job without a picture, not the end of the app.
            return None

    async def _store(self) -> Reader:
        return (await self._wait()).store

    async def _wait(self) -> Studio:
        await self._settled.wait()
        if self._opened is None:
            raise self._failure or StoreError("the history was never opened")
        return self._opened


def _import_studio() -> Callable[[Plan, JobBook, Callable[[str], None]], Awaitable[Studio]]:
    from krea_tui.studio import open_studio

    return open_studio
