"""Opening a data directory: on a local disk, by one process at a time, its history sound or made anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from krea_tui.config.locations import Locations, ensure_private_dir
from krea_tui.domain.errors import HistoryDamaged, HistoryLocked, StoreError

if TYPE_CHECKING:
    from krea_tui.storage.processes import EngineLock, SignOfLife
    from krea_tui.storage.threaded import ThreadedStore

T = TypeVar("T")
# Tells the person why it takes longer than ever.
Say = Callable[[str], None]

LOOK_AGAIN_S: Final = 0.2
# Each try is short, so that whoever does not want to wait any longer can leave.
_TRY_MS: Final = 500
_OTHER_FOLDER: Final = "--data-dir"


@dataclass(frozen=True, slots=True)
class Opened:
    """A history in use by this process, which is in the register of living ones.

    `rescue` tells what became of a damaged one; empty where nothing was.
    """

    store: ThreadedStore
    life: SignOfLife
    rescue: tuple[str, ...]


def prepare(locations: Locations) -> None:
    """Make the data directory's folders; raises `StoreError` where they cannot be used. Blocking."""
    from krea_tui.storage.filesystems import require_local

    require_local(locations.data_dir)
    try:
        for folder in (locations.data_dir, locations.pictures_dir, locations.instances_dir):
            ensure_private_dir(folder)
    except StoreError as error:
        if _OTHER_FOLDER in error.advice:
            raise
        advice = f"{error.advice} {_OTHER_FOLDER} names another folder for history and pictures.".strip()
        raise StoreError(str(error), advice=advice) from error


def has_history(locations: Locations) -> bool:
    """Whether there is a history, or one that waits for its rescue."""
    from krea_tui.storage.faults import mark_of

    return locations.database.exists() or mark_of(locations.database).exists()


async def open_history(locations: Locations, profile: str, say: Say) -> Opened:
    """Open the history, however long another program keeps it; a damaged one is rescued first.

    `profile` is the running gateway's. Raises `StoreError`: `HistoryDamaged` where another process still uses a
    damaged history.
    """
    from krea_tui.storage.processes import EngineLock, SignOfLife

    life = SignOfLife(locations.instances_dir)
    turn = EngineLock(locations.opening_lock)
    await _wait_for_turn(turn, say)
    try:
        await asyncio.to_thread(life.start)
        try:
            store, rescue = await _open_or_rescue(locations, life, profile, say)
        except BaseException:
            await asyncio.to_thread(life.stop)
            raise
    finally:
        turn.release()
    return Opened(store, life, rescue)


async def patiently(attempt: Callable[[], Awaitable[T]], say: Say) -> T:
    """Try until no other program locks the history any more, and say once what is waited for."""
    is_told = False
    while True:
        try:
            return await attempt()
        except HistoryLocked as error:
            if not is_told:
                say(f"Waiting: {error}. {error.advice}")
            is_told = True
            await asyncio.sleep(LOOK_AGAIN_S)


async def _wait_for_turn(turn: EngineLock, say: Say) -> None:
    is_told = False
    while not await asyncio.to_thread(turn.try_acquire):
        if not is_told:
            say("Waiting: another krea-tui is opening this history, or making it anew.")
        is_told = True
        await asyncio.sleep(LOOK_AGAIN_S)


async def _open_or_rescue(
    locations: Locations, life: SignOfLife, profile: str, say: Say
) -> tuple[ThreadedStore, tuple[str, ...]]:
    async def examine() -> bool:
        return await asyncio.to_thread(_must_be_rescued, locations)

    async def open_store() -> ThreadedStore:
        return await _open(locations, say)

    if not await patiently(examine, say):
        try:
            return await patiently(open_store, say), ()
        except HistoryDamaged as error:
            say(f"{error}. Making a new one of what can be read.")
    rescue = await asyncio.to_thread(_rescue, locations, life, profile)
    return await patiently(open_store, say), rescue


async def _open(locations: Locations, say: Say) -> ThreadedStore:
    from krea_tui.storage.threaded import ThreadedStore

    def tell(count: int) -> None:
        say(f"Bringing {count:,} jobs up to date for this version. This happens once.")

    store = ThreadedStore(locations.database)
    try:
        await store.open(timeout_ms=_TRY_MS, on_long=tell)
    except BaseException:
        await store.aclose()
        raise
    return store


def _must_be_rescued(locations: Locations) -> bool:
    from krea_tui.pictures.reindex import has_records
    from krea_tui.storage.rescue import is_hollow, needs_rescue

    return needs_rescue(locations.database) or (is_hollow(locations.database) and has_records(locations.pictures_dir))


def _rescue(locations: Locations, life: SignOfLife, profile: str) -> tuple[str, ...]:
    from krea_tui.pictures.reindex import reindex
    from krea_tui.storage.processes import EngineLock
    from krea_tui.storage.rescue import require_alone, rescue

    engine = EngineLock(locations.engine_lock)
    try:
        require_alone(others_alive=life.others_alive() or not engine.try_acquire())
        return rescue(locations.database, lambda: reindex(locations.pictures_dir).jobs, profile)
    finally:
        engine.release()
