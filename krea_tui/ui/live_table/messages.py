"""What a live table tells its app."""

from __future__ import annotations

from textual.message import Message
from textual.widget import Widget


class TableMessage(Message):
    """A message of a live table."""

    def __init__(self, table: Widget) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> Widget:
        """The table that sent it."""
        return self.table


class Highlighted(TableMessage, namespace="live_table"):
    """The cursor stands on another row; None where there is none, or it is not loaded yet."""

    def __init__(self, table: Widget, key: str | None) -> None:
        super().__init__(table)
        self.key = key


class Opened(TableMessage, namespace="live_table"):
    """The person asks for this row: Enter, or a double click."""

    def __init__(self, table: Widget, key: str) -> None:
        super().__init__(table)
        self.key = key


class NearEnd(TableMessage, namespace="live_table"):
    """The last rows come into reach: load more. Once for each length."""
