"""Small files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from krea_tui.config.locations import ensure_private_dir
from krea_tui.domain.errors import StoreError

_PRIVATE_FILE = 0o600


def replace_private_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` (0600), replacing what is there in one step; raises `StoreError`."""
    ensure_private_dir(path.parent)
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        _write_new(draft, content)
        draft.replace(path)
        _sync_dir(path.parent)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def create_private_file(path: Path, content: bytes) -> bool:
    """Write `content` to `path` (0600) where nothing is yet; false if something is. Raises `StoreError`."""
    ensure_private_dir(path.parent)
    try:
        _write_new(path, content)
        _sync_dir(path.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error
    return True


def open_regular(path: Path) -> BinaryIO | None:
    """Open a file for reading, or None where it is something else: a named pipe would hang the start.

    Raises `OSError`.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    return None


def _write_new(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, _PRIVATE_FILE), "wb") as file:
        # The mode of open() is cut by the umask; a umask of 0277 would leave a file that even we cannot read.
        os.fchmod(file.fileno(), _PRIVATE_FILE)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_dir(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
