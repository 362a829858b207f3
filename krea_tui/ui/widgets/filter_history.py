"""The filters that were in force before, for going back to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MOST_REMEMBERED: Final = 50


class FilterHistory:
    """The last filters, each once, and where among them the person stands."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts: list[str] = []
        self._at: int | None = None
        self._typed = ""
        for text in texts:
            self.remember(text)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is remembered, the oldest first."""
        return tuple(self._texts)

    @property
    def is_recalling(self) -> bool:
        """Whether an earlier filter is looked at."""
        return self._at is not None

    def remember(self, text: str) -> None:
        """Keep a filter as the latest one, and stand behind it; a blank one is none."""
        self.leave()
        text = text.strip()
        if text:
            self._texts = [*(each for each in self._texts if each != text), text][-MOST_REMEMBERED:]

    def leave(self) -> None:
        """Stand behind the latest one."""
        self._at = None

    def older(self, text: str) -> str:
        """The one before; `text` is what stands in the line, which comes back by `newer`."""
        if self._at is None:
            self._typed = text
            self._at = len(self._texts)
            if self._texts and self._texts[-1] == text.strip():
                self._at -= 1
        self._at = max(0, self._at - 1)
        return self._texts[self._at] if self._texts else text

    def newer(self) -> str:
        """The one behind; behind the latest stands what was typed."""
        at = None if self._at is None or self._at + 1 >= len(self._texts) else self._at + 1
        self._at = at
        return self._typed if at is None else self._texts[at]
