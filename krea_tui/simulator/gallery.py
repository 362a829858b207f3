"""Draws pictures in a small thread pool and keeps the latest files."""

import asyncio
import json
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor

from krea_tui.simulator import artist
from krea_tui.simulator.jobs import Job

_KEPT = 16


class Gallery:
    """Files of pictures by request; drawing never holds up the server's loop."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._files: OrderedDict[tuple[str, str], Future[bytes]] = OrderedDict()

    async def file_of(self, job: Job) -> bytes:
        """The file of a job's picture."""
        key = (json.dumps(job.body, sort_keys=True), job.media_type)
        drawing = self._files.get(key)
        if drawing is None:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="simulator-artist")
            drawing = self._pool.submit(artist.draw, job.body, job.media_type)
            self._files[key] = drawing
            if len(self._files) > _KEPT:
                self._files.popitem(last=False)
        else:
            self._files.move_to_end(key)
        return await asyncio.wrap_future(drawing)

    def close(self) -> None:
        """Lets the threads end; a later picture starts them again."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        self._files.clear()
