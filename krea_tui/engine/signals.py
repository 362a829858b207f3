"""What the processes of one history tell each other: orders of the person, and what the engine stands for.

They are words beside the jobs in the store; whoever follows reads them when another process has committed.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Final

from krea_tui.engine.health import Pause, PauseReason
from krea_tui.engine.ports import Store

_PAUSED: Final = "paused"
_RESUMED: Final = "resumed"
_KEY: Final = "key_fingerprint"
_STANDING: Final = "engine_pause"


@dataclass(frozen=True, slots=True)
class Heard:
    """The words as they stand. `resumed` is another one after every resume, `key` the newest key's fingerprint.

    `standing` is why the engine of another process stands still.
    """

    is_paused: bool = False
    resumed: str | None = None
    key: str | None = None
    standing: Pause | None = None


class Signals:
    """Reads and writes the words; every method raises `StoreError` where the disk fails."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: Pause | None = None

    async def hear(self) -> Heard:
        """Everything that is told at this moment."""
        return Heard(
            is_paused=await self._store.get_meta(_PAUSED) is not None,
            resumed=await self._store.get_meta(_RESUMED),
            key=await self._store.get_meta(_KEY),
            standing=_pause_of(await self._store.get_meta(_STANDING)),
        )

    async def pause(self) -> None:
        """The person pauses sending, in every process."""
        await self._store.set_meta(_PAUSED, "paused by you")

    async def resume(self) -> str:
        """The person lets everything go again; returns the word that tells so."""
        word = secrets.token_hex(8)
        await self._store.set_meta(_PAUSED, None)
        await self._store.set_meta(_RESUMED, word)
        return word

    async def key_changed(self, fingerprint: str) -> None:
        """Another key lies in its file now; the key itself never comes here."""
        await self._store.set_meta(_KEY, fingerprint)

    async def begin_standing(self) -> None:
        """This process leads from now on: what an engine before it stood for is over."""
        self._told = None
        await self._store.set_meta(_STANDING, None)

    async def tell_standing(self, pause: Pause | None) -> None:
        """Tell the followers why the engine stands still, where that has changed."""
        if pause != self._told:
            await self._store.set_meta(_STANDING, None if pause is None else json.dumps(asdict(pause)))
            self._told = pause


def _pause_of(text: str | None) -> Pause | None:
    try:
        entry = json.loads(text or "null")
        return None if entry is None else Pause(PauseReason(entry["reason"]), str(entry["words"]), str(entry["advice"]))
    except (ValueError, KeyError, TypeError):
        return None
