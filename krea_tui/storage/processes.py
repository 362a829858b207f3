"""Which process may send: one OS lock elects the engine, one lock for each process is its sign of life.

The operating system drops both when a process dies, however it dies.
"""

from __future__ import annotations

import os
import secrets
import time
import warnings
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from krea_tui.domain.errors import StoreError

_SUFFIX: Final = ".alive"
_FORGET_AFTER_S: Final = 3_600.0


class EngineLock:
    """The one lock whose holder sends and polls for this data directory."""

    def __init__(self, path: Path) -> None:
        self._lock = _lock(path)

    def try_acquire(self) -> bool:
        """Become the engine if nobody is; never waits. Raises `StoreError` where locks do not work."""
        return _try(self._lock)

    @property
    def is_held(self) -> bool:
        """Whether this process is the engine."""
        return bool(self._lock.is_locked)

    def release(self) -> None:
        """Let another process take over."""
        self._lock.release(force=True)


class SignOfLife:
    """This process in the register of living ones: a locked file whose time says when it was last well."""

    def __init__(self, folder: Path) -> None:
        """Choose an id for this process; `start()` makes it visible."""
        self.process_id = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._folder = folder
        self._path = folder / f"{self.process_id}{_SUFFIX}"
        self._lock = _lock(self._path)

    def start(self) -> None:
        """Take the lock and sweep away what the dead left more than an hour ago."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _try(self._lock):
            raise StoreError(f"the lock {self._path.name} is taken")
        self.touch()
        self._sweep()

    def touch(self) -> None:
        """Say that this process is well."""
        self._path.touch()

    def stop(self) -> None:
        """Leave the register."""
        self._lock.release(force=True)
        self._path.unlink(missing_ok=True)

    def died_at(self, process_id: str) -> float | None:
        """None for a living process, else when it was last well (epoch seconds; 0 where nothing is known)."""
        if process_id == self.process_id:
            return None
        path = self._folder / f"{Path(process_id).name}{_SUFFIX}"
        try:
            last_well_at = path.stat().st_mtime
        except OSError:
            return 0.0
        lock = _lock(path)
        if not _try(lock):
            return None
        lock.release(force=True)
        # Taking the lock may have touched the file; the time of death must stay what it was.
        os.utime(path, (last_well_at, last_well_at))
        return last_well_at

    def living_others(self) -> frozenset[str]:
        """The other processes of this data directory that are running."""
        names = [path.name.removesuffix(_SUFFIX) for path in self._folder.glob(f"*{_SUFFIX}")]
        return frozenset(name for name in names if name != self.process_id and self.died_at(name) is None)

    def others_alive(self) -> bool:
        """Whether another process of this data directory is running."""
        return bool(self.living_others())

    def _sweep(self) -> None:
        for path in self._folder.glob(f"*{_SUFFIX}"):
            died_at = self.died_at(path.name.removesuffix(_SUFFIX))
            if died_at is not None and time.time() - died_at > _FORGET_AFTER_S:
                path.unlink(missing_ok=True)


def _lock(path: Path) -> FileLock:
    return FileLock(path, timeout=0, mode=0o600, thread_local=False)


def _try(lock: BaseFileLock) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lock.acquire()
    except Timeout:
        return False
    except (OSError, NotImplementedError) as error:
        raise _unusable(lock, str(error)) from error
    if isinstance(lock, SoftFileLock):
        # Where the system has no locks the library makes do with a file that outlives a killed process.
        lock.release(force=True)
        raise _unusable(lock, "this file system has no locks")
    return True


def _unusable(lock: BaseFileLock, why: str) -> StoreError:
    return StoreError(
        f"the lock {lock.lock_file} cannot be taken: {why}",
        advice="A data directory must be on a local disk that this user may write: choose one with --data-dir.",
    )
