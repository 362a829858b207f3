"""Small steps on disk, each private (0600, 0700) and safe against links; all raise `OSError`."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import Final

PRIVATE_DIR: Final = 0o700
PRIVATE_FILE: Final = 0o600
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
_NEW_FILE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make_private_dir(path: Path) -> None:
    """Make a folder (0700) and its missing parents; one that is there must be a folder, not a link to one."""
    path.parent.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
    try:
        path.mkdir(mode=PRIVATE_DIR)
    except FileExistsError:
        if not stat.S_ISDIR(path.lstat().st_mode):
            raise
        return
    sync_dir(path.parent)


def open_new(path: Path) -> int:
    """Create a file that nobody else can read and that was not there; returns its handle for reading and writing."""
    handle = os.open(path, _NEW_FILE, PRIVATE_FILE)
    os.fchmod(handle, PRIVATE_FILE)
    return handle


def write_all(handle: int, data: bytes) -> None:
    """Write every byte, however many steps the system takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file down to the disk; nothing is left of it where that fails."""
    handle = open_new(path)
    try:
        write_all(handle, data)
        os.fsync(handle)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def place_new(draft: Path, place: Path) -> None:
    """Give a whole draft of the same folder its name, in one step; raises `FileExistsError` where one has it."""
    try:
        place.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without links: the name is taken first, and filled then.
        write_synced(place, draft.read_bytes())
    draft.unlink()


def replace_file(path: Path, data: bytes, drafts: Path) -> None:
    """Write a file in one step, by way of a draft in `drafts` (of the same file system), down to the disk."""
    draft = drafts / f"{path.name}.{secrets.token_hex(4)}.part"
    write_synced(draft, data)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_dir(path.parent)


def sync_dir(path: Path) -> None:
    """Make new names in a folder survive a loss of power."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_whole(handle: int, size_bytes: int) -> bytes:
    """The first `size_bytes` of an open file, wherever it was written last."""
    parts, at = [], 0
    while at < size_bytes and (part := os.pread(handle, size_bytes - at, at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)
