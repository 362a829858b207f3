"""The matter that lines are made of: text, and the tone it is said in."""

from __future__ import annotations

from typing import NamedTuple

TEXT = "text"
MUTED = "muted"
HEADER = "header"
HEADER_HELD = "header-held"
MARGIN = "margin"
MARK = "mark"
WAITING = "waiting"


class Piece(NamedTuple):
    """Some text in one tone; the tone is a component class of the table, `live-table--<tone>`."""

    text: str
    tone: str


Cell = tuple[Piece, ...]


def text_of(cell: Cell) -> str:
    """The words of a cell, without their tones."""
    return "".join(piece.text for piece in cell)
