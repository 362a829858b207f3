"""The history as the panes read it: an answer waits until it is open, whatever the frame shows by then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from krea_tui.domain.errors import KreaTuiError, StoreError

if TYPE_CHECKING:
    from array import array

    from krea_tui.domain.job import Job, JobStatus
    from krea_tui.domain.ordering import View


class Reader(Protocol):
    """An open history. The methods that answer raise `StoreError`; see `ListingReader` for those that can be ended."""

    async def page(self, view: View, limit: int) -> list[Job]: ...

    async def order(self, view: View) -> array[int]: ...

    async def jobs_by_seq(self, seqs: Sequence[int]) -> list[Job]: ...

    async def ids_by_seq(self, seqs: Sequence[int]) -> list[str]: ...

    async def jobs_by_id(self, job_ids: Collection[str]) -> list[Job]: ...

    async def status_counts(self) -> Mapping[JobStatus, int]: ...

    async def tags(self) -> list[str]: ...

    async def get(self, job_id: str) -> Job: ...

    def interrupt_search(self) -> None: ...


class History:
    """What the panes read. Every answer raises `StoreError` where the history cannot be opened or read."""

    def __init__(self, opened: Callable[[], Awaitable[Reader]]) -> None:
        self._opened = opened
        self._store: Reader | None = None

    async def page(self, view: View, limit: int) -> list[Job]:
        """The first rows of a view."""
        return await (await self._open()).page(view, limit)

    async def order(self, view: View) -> array[int]:
        """Every row of a view, by `seq`."""
        return await (await self._open()).order(view)

    async def jobs_by_seq(self, seqs: Sequence[int]) -> list[Job]:
        """The jobs of these rows."""
        return await (await self._open()).jobs_by_seq(seqs)

    async def ids_by_seq(self, seqs: Sequence[int]) -> list[str]:
        """The ids of these rows."""
        return await (await self._open()).ids_by_seq(seqs)

    async def status_counts(self) -> Mapping[JobStatus, int]:
        """How many jobs have each status."""
        return await (await self._open()).status_counts()

    async def get(self, job_id: str) -> Job:
        """One job; raises `UnknownJob`."""
        return await (await self._open()).get(job_id)

    async def jobs_by_id(self, job_ids: Collection[str]) -> list[Job]:
        """The jobs with these ids, newest first; those that are gone are left out."""
        return await (await self._open()).jobs_by_id(job_ids)

    async def tags(self) -> list[str]:
        """Every tag in use, the most used first."""
        return await (await self._open()).tags()

    def interrupt_search(self) -> None:
        """End what is being searched for."""
        if self._store is not None:
            self._store.interrupt_search()

    async def _open(self) -> Reader:
        if self._store is None:
            try:
                self._store = await self._opened()
            except StoreError:
                raise
            except KreaTuiError as error:
                raise StoreError(str(error), advice=error.advice) from error
        return self._store
