"""Keeps a slip of the finger from spending: double presses, and the same picture bought twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

from krea_tui.domain.request import GenerationRequest

# A second Generate so soon is a slip of the finger.
SLIP_S: Final = 0.7
_REMEMBERED: Final = 2_000


class Press(Enum):
    """What a press of Generate comes to."""

    SEND = "send"
    ASK = "ask"


class SendGuard:
    """Judges presses of Generate. `clock` is any monotonic clock, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pressed_at = float("-inf")
        self._asked: tuple[GenerationRequest, ...] = ()
        # A dictionary for its order: the oldest are forgotten first.
        self._sent: dict[GenerationRequest, None] = {}

    @property
    def is_asking(self) -> bool:
        """Whether one more press buys a picture again."""
        return bool(self._asked)

    def is_slip(self) -> bool:
        """Whether this press comes too soon after the last one; a slip counts as a press."""
        now = self._clock()
        is_slip = now - self._pressed_at < SLIP_S
        if is_slip:
            self._pressed_at = now
        return is_slip

    def press(self, requests: tuple[GenerationRequest, ...]) -> Press:
        """Send these, which are remembered; or ask first, where one of them was sent before."""
        self._pressed_at = self._clock()
        if self._asked != requests and any(request in self._sent for request in requests):
            self._asked = requests
            return Press.ASK
        self._asked = ()
        self.remember(requests)
        return Press.SEND

    def withdraw_question(self) -> None:
        """The requests have become others."""
        self._asked = ()

    def remember(self, requests: Iterable[GenerationRequest]) -> None:
        """Ask before any of these is sent once more."""
        self._sent.update(dict.fromkeys(requests))
        for oldest in tuple(self._sent)[:-_REMEMBERED]:
            del self._sent[oldest]

    def forget(self, requests: Iterable[GenerationRequest]) -> None:
        """Take back what was not sent after all."""
        for request in requests:
            self._sent.pop(request, None)
