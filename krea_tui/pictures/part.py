"""A picture on its way in: bytes are counted, hashed and written as they come."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from krea_tui.domain.errors import DownloadError
from krea_tui.pictures.disk import open_new, read_whole, write_all
from krea_tui.pictures.errors import disk_trouble
from krea_tui.pictures.record import Received
from krea_tui.pictures.verify import MAX_BYTES


class PartFile:
    """An unfinished download in a file of its own (0600). Blocking; for one thread at a time."""

    def __init__(self, path: Path, limit_bytes: int = MAX_BYTES) -> None:
        """Create the file, which must not exist; raises `DiskTrouble`."""
        self.path = path
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        try:
            self._handle = open_new(path)
        except OSError as error:
            raise disk_trouble(error, f"begin a download in {path.parent}") from error
        self._is_open = True

    @property
    def received(self) -> Received:
        """What has come so far."""
        return Received(self._hash.hexdigest(), self._size_bytes)

    def write(self, data: bytes) -> None:
        """Append bytes as they came; raises `DownloadError` (permanent) beyond the limit, `DiskTrouble` otherwise."""
        if self._size_bytes + len(data) > self._limit_bytes:
            raise DownloadError(f"the picture is larger than {self._limit_bytes:,} bytes", permanent=True)
        try:
            write_all(self._handle, data)
        except OSError as error:
            raise disk_trouble(error, "save a picture") from error
        self._hash.update(data)
        self._size_bytes += len(data)

    def read(self) -> bytes:
        """Everything that came, read back from the disk and compared; raises `DownloadError` or `DiskTrouble`."""
        try:
            data = read_whole(self._handle, self._size_bytes)
        except OSError as error:
            raise disk_trouble(error, f"read {self.path}") from error
        if hashlib.sha256(data).hexdigest() != self._hash.hexdigest():
            raise DownloadError("the unfinished picture was altered on the disk")
        return data

    def discard(self) -> None:
        """Close and remove the file; more than once does no harm, and what cannot be removed is swept later."""
        if self._is_open:
            self._is_open = False
            os.close(self._handle)
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
