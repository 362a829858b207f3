"""What can go wrong with the disk, told apart so that the download lane can wait instead of losing a picture."""

from __future__ import annotations

import errno

from krea_tui.domain.errors import StoreError


class DiskTrouble(StoreError):
    """The pictures' folder cannot be used just now; what was fetched is not lost, another try may succeed."""

    advice = "Downloads wait. See to the disk, then resume."


class DiskFull(DiskTrouble):
    """No space (or quota) left for a picture."""

    advice = "Downloads wait. Make room on the disk, then resume."


class FolderNotWritable(DiskTrouble):
    """The pictures' folder, or its disk, cannot be written to."""

    advice = "Downloads wait. Make the folder writable, then resume."


def disk_trouble(error: OSError, doing: str) -> DiskTrouble:
    """The typed error behind an `OSError`; `doing` says what was tried, as in `save a picture`."""
    reason = error.strerror or str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"the disk is full: cannot {doing} ({reason})")
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return FolderNotWritable(f"the folder cannot be written: cannot {doing} ({reason})")
    return DiskTrouble(f"the disk fails: cannot {doing} ({reason})")
