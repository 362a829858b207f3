"""What the processes of one history tell each other: orders of the person, and what the engine stands for.

They are words beside the jobs in the store; whoever follows reads them when another process has committed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from krea_tui.engine.health import GatewayHealth, Gauges, Pause, PauseReason
from krea_tui.engine.ports import Store

_PAUSED: Final = "paused"
_RESUMED: Final = "resumed"
_KEY: Final = "key_fingerprint"
_STANDING: Final = "engine_pause"
_GAUGES: Final = "engine_gauges"


@dataclass(frozen=True, slots=True)
class Standing:
    """Why the engine stands still, and what it waits for; times are the wall's (epoch seconds)."""

    pause: Pause | None = None
    download_pause: Pause | None = None
    breaker_until: float | None = None
    breaker_words: str = ""
    rate_limited_until: float | None = None

    @classmethod
    def of(cls, health: GatewayHealth) -> Standing:
        """What the engine's own health says of it."""
        return cls(**{name: getattr(health, name) for name in cls.__slots__})

    def show_in(self, health: GatewayHealth) -> None:
        """Say the same in the health of a process that follows; what the person paused goes before."""
        own = health.pause
        for name in self.__slots__:
            setattr(health, name, getattr(self, name))
        health.pause = own or self.pause


@dataclass(frozen=True, slots=True)
class Heard:
    """The words as they stand. `resumed` is another one after every resume, `key` the newest key's fingerprint.

    `standing` is what the engine of another process told of itself, `gauges` how it fares at the gateway.
    """

    is_paused: bool = False
    resumed: str | None = None
    key: str | None = None
    standing: Standing = Standing()
    gauges: Gauges | None = None


class Signals:
    """Reads and writes the words; every method raises `StoreError` where the disk fails."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told = Standing()
        self._told_gauges = Gauges()

    async def hear(self) -> Heard:
        """Everything that is told at this moment."""
        return Heard(
            is_paused=await self._store.get_meta(_PAUSED) is not None,
            resumed=await self._store.get_meta(_RESUMED),
            key=await self._store.get_meta(_KEY),
            standing=_standing_of(await self._store.get_meta(_STANDING)),
            gauges=_gauges_of(await self._store.get_meta(_GAUGES)),
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

    async def begin_standing(self, standing: Standing) -> None:
        """This process leads from now on: of what an engine before it stood for, this is left."""
        await self._store.set_meta(_STANDING, json.dumps(asdict(standing)))
        self._told = standing

    async def tell_standing(self, standing: Standing) -> None:
        """Tell the followers how the engine stands, where that has changed."""
        if standing != self._told:
            await self._store.set_meta(_STANDING, json.dumps(asdict(standing)))
            self._told = standing

    async def tell_gauges(self, gauges: Gauges) -> None:
        """Tell the followers how the engine fares, where that has changed."""
        if gauges != self._told_gauges:
            await self._store.set_meta(_GAUGES, json.dumps(asdict(gauges)))
            self._told_gauges = gauges


def _standing_of(text: str | None) -> Standing:
    try:
        told = json.loads(text or "{}")
        return Standing(
            _pause_of(told.get("pause")),
            _pause_of(told.get("download_pause")),
            _time_of(told.get("breaker_until")),
            str(told.get("breaker_words") or ""),
            _time_of(told.get("rate_limited_until")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Standing()


def _gauges_of(text: str | None) -> Gauges | None:
    try:
        told = json.loads(text or "null")
        return Gauges(
            _number_of(told.get("rate_per_s")),
            _number_of(told.get("configured_rate_per_s")),
            int(_number_of(told.get("requests_last_minute"))),
            int(_number_of(told.get("rate_limits_last_hour"))),
            _time_of(told.get("rate_limited_at")),
            _time_of(told.get("last_answer_at")),
        )
    except (ValueError, OverflowError, AttributeError):
        return None


def _pause_of(told: Mapping[str, object] | None) -> Pause | None:
    return None if told is None else Pause(PauseReason(str(told["reason"])), str(told["words"]), str(told["advice"]))


def _time_of(told: object) -> float | None:
    return float(told) if isinstance(told, int | float) else None


def _number_of(told: object) -> float:
    number = _time_of(told)
    return 0.0 if number is None else number
