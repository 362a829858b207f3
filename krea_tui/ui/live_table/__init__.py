"""A live table for Textual: any number of rows from a source, keyed, painted by the cell, at most once a frame.

It knows Textual, Rich and itself, nothing of what its rows are. `LiveTable` is the widget, `Column` says what is shown,
`Rows` is what it must be given, and `ColumnLayout` what the person changed about the columns, as a value to keep.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from krea_tui.ui.live_table.columns import Column
    from krea_tui.ui.live_table.layout import ColumnLayout, Showing
    from krea_tui.ui.live_table.pieces import Cell, Piece
    from krea_tui.ui.live_table.rows import Moment, Rows, Scene
    from krea_tui.ui.live_table.table import LiveTable

__all__ = ["Cell", "Column", "ColumnLayout", "LiveTable", "Moment", "Piece", "Rows", "Scene", "Showing"]

_HOMES: Final = {
    "Cell": "pieces",
    "Column": "columns",
    "ColumnLayout": "layout",
    "LiveTable": "table",
    "Moment": "rows",
    "Piece": "pieces",
    "Rows": "rows",
    "Scene": "rows",
    "Showing": "layout",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, and only then: who needs a value must not pay for the widget."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
