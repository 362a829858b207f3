"""A letter acts only when it stands alone.

To a terminal without bracketed paste every letter of a paste is a key, and some letters spend money or throw things
away. So a key with another one within 50 ms before or after it is text that went astray, and does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Final, Protocol, TypeVar, runtime_checkable

from textual import events
from textual.screen import Screen

from krea_tui.ui.widgets.line_feed import MODIFIER_KEYS, PASTE_GAP_S

# The same letter again so soon is a key held down, or a finger that slipped.
SLIP_S: Final = 0.7
_ASTRAY_AGAIN_S: Final = 3.0

Result = TypeVar("Result")


class KeyTimes:
    """When the last keys came, by the events' own clock (seconds)."""

    def __init__(self) -> None:
        self.last_at = float("-inf")
        self._gap_s = float("inf")

    def hear(self, event: events.Event) -> None:
        """Take in an event as it reaches the app."""
        if isinstance(event, events.Key) and event.key not in MODIFIER_KEYS:
            self._gap_s = event.time - self.last_at
            self.last_at = event.time
        elif isinstance(event, events.MouseDown):
            # What follows is the mouse's doing.
            self._gap_s = float("inf")

    @property
    def follows_closely(self) -> bool:
        """Whether the last key came right behind another one."""
        return self._gap_s < PASTE_GAP_S


@runtime_checkable
class HearsKeys(Protocol):
    """An app that keeps its key times."""

    key_times: KeyTimes


class ActsAlone(Screen[Result]):
    """A screen whose letters act only where they stand alone."""

    _astray_at = float("-inf")

    @property
    def _key_times(self) -> KeyTimes:
        app: object = self.app
        return app.key_times if isinstance(app, HearsKeys) else KeyTimes()

    def when_alone(self, act: Callable[[], object]) -> None:
        """Act if the last key stands alone; otherwise nothing happens but a word about it."""
        key_times = self._key_times
        pressed_at = key_times.last_at
        if key_times.follows_closely:
            self._say_astray()
            return

        def judge() -> None:
            if key_times.last_at == pressed_at:
                act()
            else:
                self._say_astray()

        # Through the app's queue and back: keys that have arrived meanwhile are heard first.
        self.set_timer(PASTE_GAP_S, lambda: self.app.call_later(self.call_later, judge))

    def _say_astray(self) -> None:
        now = time.monotonic()
        if now - self._astray_at > _ASTRAY_AGAIN_S:
            words = "That looked like a paste, so nothing was done. A key acts when it is pressed by itself."
            self.notify(words, markup=False)
        self._astray_at = now


ScreenT = TypeVar("ScreenT", bound=ActsAlone[None])


def when_alone(action: Callable[[ScreenT], None]) -> Callable[[ScreenT], None]:
    """Make an action one that runs only if its key stood alone."""

    @wraps(action)
    def judged(self: ScreenT) -> None:
        self.when_alone(lambda: action(self))

    return judged
