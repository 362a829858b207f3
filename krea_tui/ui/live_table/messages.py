"""What a live table tells its app."""

from __future__ import annotations

from collections.abc import Callable, Collection

from textual.message import Message
from textual.widget import Widget

from krea_tui.ui.live_table.layout import ColumnLayout


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


class MarksChanged(TableMessage, namespace="live_table"):
    """Rows were marked, or lost their marks."""

    def __init__(self, table: Widget, count: int) -> None:
        super().__init__(table)
        self.count = count


class SpanAsked(TableMessage, namespace="live_table"):
    """Mark the rows from `first` to `last`, both included: the table does not know all their keys."""

    def __init__(self, table: Widget, first: int, last: int, answer: Callable[[Collection[str]], None]) -> None:
        super().__init__(table)
        self.first = first
        self.last = last
        self.answer = answer
        """Marks these keys, unless the span is not wanted any more by the time they are known."""


class AllAsked(TableMessage, namespace="live_table"):
    """Mark every row there is: `table.mark(keys)`."""


class InvertAsked(TableMessage, namespace="live_table"):
    """Mark what is not marked, and nothing else: `table.mark_only(keys)`."""


class HandsOn(TableMessage, namespace="live_table"):
    """The mouse is held, or rows are marked: nothing should move now."""


class HandsOff(TableMessage, namespace="live_table"):
    """No hand is on the rows any more."""


class NewWanted(TableMessage, namespace="live_table"):
    """The person wants to see what waits."""


class SortAsked(TableMessage, namespace="live_table"):
    """A click on the label of a column that can sort."""

    def __init__(self, table: Widget, column_key: str) -> None:
        super().__init__(table)
        self.column_key = column_key


class LayoutChanged(TableMessage, namespace="live_table"):
    """The person chose, moved or resized columns; once when it is done, not with every cell of a drag."""

    def __init__(self, table: Widget, layout: ColumnLayout) -> None:
        super().__init__(table)
        self.layout = layout


class DetailChanged(TableMessage, namespace="live_table"):
    """What the row under the cursor says beyond what its cells could show; empty where they show everything."""

    def __init__(self, table: Widget, text: str) -> None:
        super().__init__(table)
        self.text = text
