"""The download lane: links die, so pictures are fetched at once, streamed to disk, verified and only then believed.

It needs no key and no gateway, and never stops for money, a key or a 429.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Final
from urllib.parse import urlsplit

from krea_tui.domain.errors import DownloadError, ImpossibleTransition, StoreError
from krea_tui.domain.events import Event, PictureDelayed, PictureLost, PictureSaved
from krea_tui.domain.job import Job
from krea_tui.domain.pacing import DEAD_LINK_TRIES, DOWNLOAD_PATIENCE_S, DOWNLOAD_RETRY_S, DOWNLOAD_TRIES, stepped
from krea_tui.engine.clock import rest_of, wait_for
from krea_tui.engine.context import LaneContext
from krea_tui.engine.faults import LOG, keep_going
from krea_tui.engine.health import Pause, PauseReason
from krea_tui.engine.ports import SavedFile

DOWNLOADS_AT_ONCE: Final = 6
DOWNLOADS_PER_HOST: Final = 4
_DISK_RETRY_S: Final = 30.0
_WRITE_BYTES: Final = 262_144

Key = tuple[str, int]


class DownloadLane:
    """Fetches every pending picture of the book. Its waits are on the monotonic clock."""

    def __init__(self, context: LaneContext) -> None:
        self._context = context
        self._book = context.book
        self._clock = context.clock
        self._wake = asyncio.Event()
        # Each with its time as it is written down, and the same on the monotonic clock.
        self._pending: dict[Key, tuple[float, float]] = {}
        self._fetching: dict[Key, asyncio.Task[None]] = {}
        self._hosts: defaultdict[str, int] = defaultdict(int)
        self._disk_retry_at = 0.0

    async def run(self) -> None:
        """Fetch until cancelled; never raises for anything a host or the disk does."""
        unsubscribe = self._book.subscribe(self._on_change)
        try:
            self._on_change(frozenset(job.id for job in self._book))
            await keep_going(self._step, lambda: False, self._clock)
        finally:
            unsubscribe()
            fetches = tuple(self._fetching.values())
            for fetch in fetches:
                fetch.cancel()
            await asyncio.gather(*fetches, return_exceptions=True)

    async def _step(self) -> None:
        self._wake.clear()
        await wait_for(self._wake, self._clock, self._start_due())

    def resume(self) -> None:
        """The disk was mended: try again now."""
        self._disk_retry_at = 0.0
        self._book.health.download_pause = None
        self._wake.set()

    def _on_change(self, job_ids: frozenset[str]) -> None:
        for job_id in job_ids:
            job = self._book.get(job_id)
            wanted = set(job.pending_pictures) if job is not None and job.deleted_at is None else set()
            for key in [key for key in self._pending if key[0] == job_id and key[1] not in wanted]:
                del self._pending[key]
            if job is None:
                continue
            for index in wanted:
                if (job_id, index) not in self._fetching:
                    self._wait_for(job, index)
        if job_ids:
            self._wake.set()

    def _wait_for(self, job: Job, index: int) -> None:
        due_at = job.pictures[index].due_at
        key = (job.id, index)
        if key not in self._pending or self._pending[key][0] != due_at:
            longest_s = DOWNLOAD_RETRY_S[-1]
            rest_s = rest_of(self._clock, due_at - longest_s, longest_s) if due_at else 0.0
            self._pending[key] = (due_at, self._clock.monotonic() + rest_s)

    def _start_due(self) -> float | None:
        """Start what is due; the seconds until the next may be, None if that needs a change."""
        now = self._clock.monotonic()
        if now < self._disk_retry_at:
            return self._disk_retry_at - now
        soonest: float | None = None
        for key, (_, due_at) in sorted(self._pending.items(), key=lambda entry: entry[1][1]):
            if len(self._fetching) >= DOWNLOADS_AT_ONCE:
                return None
            if due_at > now:
                soonest = due_at - now
                break
            job = self._book.get(key[0])
            host = _host_of(job, key[1])
            if job is None or self._hosts[host] >= DOWNLOADS_PER_HOST:
                continue
            del self._pending[key]
            self._hosts[host] += 1
            self._fetching[key] = asyncio.create_task(self._fetch(job, key[1], host), name=f"fetch-{key[0]}-{key[1]}")
        return soonest

    async def _fetch(self, job: Job, index: int, host: str) -> None:
        try:
            await self._record(job.id, await self._outcome(job, index))
        except StoreError as error:
            self._disk_failed(error)
        except Exception as error:
            LOG.exception("the outcome of a download of job %s could not be written down", job.id)
            self._disk_failed(StoreError(f"an unexpected fault: {type(error).__name__}"))
        finally:
            del self._fetching[job.id, index]
            self._hosts[host] -= 1
            self._on_change(frozenset({job.id}))

    async def _outcome(self, job: Job, index: int) -> Event:
        try:
            return await self._download(job, index)
        except DownloadError as error:
            return self._judge(job, index, error)
        except StoreError:
            raise
        except Exception as error:
            LOG.exception("a download of job %s met a fault and is tried again", job.id)
            return self._judge(job, index, DownloadError(f"an unexpected fault: {type(error).__name__}"))

    def _judge(self, job: Job, index: int, error: DownloadError) -> Event:
        now = self._clock.now()
        tries = job.pictures[index].attempts + 1
        is_dead = error.permanent and tries >= DEAD_LINK_TRIES
        # Both: a machine that slept for a day has not tried for a day.
        is_given_up = tries >= DOWNLOAD_TRIES and now - (job.answered_at or now) > DOWNLOAD_PATIENCE_S
        if is_dead or is_given_up:
            return PictureLost(now, index, str(error))
        return PictureDelayed(index, str(error), now + stepped(DOWNLOAD_RETRY_S, tries - 1))

    async def _download(self, job: Job, index: int) -> PictureSaved:
        saved = await asyncio.to_thread(self._context.files.find_saved, job, index)
        if saved is None:
            saved = await self._stream(job, index)
        self._book.health.download_pause = None
        return PictureSaved(
            at=self._clock.now(),
            index=index,
            path=saved.path,
            sha256=saved.sha256,
            size_bytes=saved.size_bytes,
            width=saved.width,
            height=saved.height,
        )

    async def _stream(self, job: Job, index: int) -> SavedFile:
        part = await asyncio.to_thread(self._context.files.begin, job, index)
        try:
            async with self._context.gateway.download(job.pictures[index].url) as chunks:
                buffer = bytearray()
                async for chunk in chunks:
                    buffer += chunk
                    if len(buffer) >= _WRITE_BYTES:
                        await asyncio.to_thread(part.write, bytes(buffer))
                        buffer.clear()
                await asyncio.to_thread(part.write, bytes(buffer))
            return await asyncio.to_thread(part.finish, self._clock.now())
        except BaseException:
            await asyncio.shield(asyncio.to_thread(part.discard))
            raise

    async def _record(self, job_id: str, event: Event) -> None:
        try:
            self._book.put([await self._context.store.apply(job_id, event)])
        except ImpossibleTransition:
            self._book.put([await self._context.store.get(job_id)])

    def _disk_failed(self, error: StoreError) -> None:
        self._disk_retry_at = self._clock.monotonic() + _DISK_RETRY_S
        self._book.health.download_pause = Pause(PauseReason.DISK, str(error), error.advice)
        self._book.touch()


def _host_of(job: Job | None, index: int) -> str:
    if job is None or index >= len(job.pictures):
        return ""
    try:
        return urlsplit(job.pictures[index].url).netloc
    except ValueError:
        return ""
