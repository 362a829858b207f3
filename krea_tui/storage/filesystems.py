"""Which kind of file system a folder lies on: the history's locks and its journal need a disk of this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from krea_tui.domain.errors import StoreError

# Other machines write these too, and none keeps SQLite's shared memory in step (https://sqlite.org/wal.html, 2.2).
# Unknown ones are allowed: containers and virtual machines have roots of many kinds (overlay, 9p, virtiofs, fuse.*).
_NETWORK_TYPES: Final = frozenset(
    {
        *("nfs", "nfs3", "nfs4", "afs", "auristorfs", "coda", "ncp", "ncpfs", "pvfs2", "orangefs"),
        *("cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "davfs2", "ftp", "sshfs"),
        *("ceph", "glusterfs", "lustre", "beegfs", "gpfs", "gfs", "gfs2", "ocfs2", "moosefs"),
        *("fuse.sshfs", "fuse.smbnetfs", "fuse.davfs", "fuse.davfs2", "fuse.curlftpfs", "fuse.rclone", "fuse.s3fs"),
        *("fuse.gcsfuse", "fuse.goofys", "fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.mfs", "fuse.juicefs"),
        *("fuse.gvfsd-fuse", "fuse.kio-fuse"),
    }
)
_MOUNTINFO: Final = Path("/proc/self/mountinfo")
_MOUNT: Final = "/sbin/mount"
_MOUNT_LIMIT_S: Final = 5.0
# Where the type stands behind the separator, and where the mount point stands (proc_pid_mountinfo(5)).
_POINT_FIELD: Final = 4
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
# `//person@host/share on /Volumes/share (smbfs, nodev, nosuid)`
_MOUNT_LINE: Final = re.compile(r".+? on (/.*) \(([^,)\s]+)[^()]*\)")

# A mount point, and the type of what is mounted there.
Mount = tuple[str, str]


def require_local(folder: Path, read_mounts: Callable[[], tuple[Mount, ...]] | None = None) -> None:
    """Raise `StoreError` for a folder, there already or not, that lies on another machine's disk."""
    mounts = (read_mounts or _mounts)()
    kind = type_at(str(folder.resolve()), mounts)
    if kind in _NETWORK_TYPES:
        raise StoreError(
            f"the data directory {folder} is on a network file system ({kind})",
            advice="Two machines could send the same job twice there. Name a folder on a local disk with --data-dir.",
        )


def type_at(path: str, mounts: tuple[Mount, ...]) -> str | None:
    """The type of the file system that holds an absolute path; None where the table does not say."""
    found, depth = None, 0
    for point, kind in mounts:
        parts = len(PurePosixPath(point).parts)
        # Of two on one point the later hides the earlier.
        if parts >= depth and PurePosixPath(path).is_relative_to(point):
            found, depth = kind, parts
    return found


def mounts_of_mountinfo(text: str) -> tuple[Mount, ...]:
    """The mounts of Linux's `/proc/self/mountinfo`; lines of another form are left out."""
    return tuple(_of_mountinfo(text))


def mounts_of_mount(text: str) -> tuple[Mount, ...]:
    """The mounts that `mount` prints on macOS and the BSDs; lines of another form are left out."""
    found = (_MOUNT_LINE.fullmatch(line.strip()) for line in text.splitlines())
    return tuple((match[1], match[2]) for match in found if match)


def _of_mountinfo(text: str) -> Iterator[Mount]:
    for line in text.splitlines():
        before, separator, after = line.partition(" - ")
        fields, types = before.split(" "), after.split(" ")
        if separator and len(fields) > _POINT_FIELD and types[0]:
            yield _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[_POINT_FIELD]), types[0]


def _mounts() -> tuple[Mount, ...]:
    """What this system says; nothing where it does not say."""
    system: str = sys.platform
    try:
        if system == "linux":
            return mounts_of_mountinfo(_MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape"))
        answer = subprocess.run(_MOUNT, capture_output=True, check=True, timeout=_MOUNT_LIMIT_S)  # noqa: S603 -- ours
    except (OSError, subprocess.SubprocessError):
        return ()
    return mounts_of_mount(answer.stdout.decode("utf-8", "surrogateescape"))
