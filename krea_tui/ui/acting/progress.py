"""How far an order about thousands of jobs is."""

from __future__ import annotations

from typing import ClassVar

from textual.widgets import Static


class ProgressLine(Static):
    """One line at the foot of the screen, for as long as the order lasts."""

    DEFAULT_CSS: ClassVar[str] = """
    ProgressLine { dock: bottom; height: 1; padding: 0 1; background: $panel; color: $text-primary; }
    """

    def __init__(self, doing: str, count: int) -> None:
        super().__init__(markup=False)
        self._doing = doing
        self._count = count
        self._done = 0

    def on_mount(self) -> None:
        """Begin."""
        self.advance(0)

    def advance(self, by: int) -> None:
        """So many more are done."""
        self._done += by
        self.update(f"{self._doing} {self._done:,} of {self._count:,} …")
