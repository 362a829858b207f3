"""Which columns the person wants, in which order and how wide: a value, and its text for keeping."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

LEAST_WIDTH: Final = 3
MOST_WIDTH: Final = 200
_TOKEN: Final = re.compile(r"([+-]?)([a-z][a-z0-9_]*)(?:=(\d{1,3}))?")


class Showing(Enum):
    """Whether a column is shown: where there is room for it, before others in any case, or not at all."""

    AUTOMATIC = ""
    ALWAYS = "+"
    NEVER = "-"

    @property
    def following(self) -> Showing:
        """The next one in turn."""
        turns = list(Showing)
        return turns[(turns.index(self) + 1) % len(turns)]


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """What the person changed about the columns; without changes it is empty, and everything is automatic.

    `order` names columns by their keys, from the left; those it does not name stand behind the one that they follow
    in the table's own order. `widths` are cells, `LEAST_WIDTH` to `MOST_WIDTH`.
    """

    order: tuple[str, ...] = ()
    showings: Mapping[str, Showing] = field(default_factory=dict)
    widths: Mapping[str, int] = field(default_factory=dict)

    def showing(self, key: str) -> Showing:
        """Whether this column is shown."""
        return self.showings.get(key, Showing.AUTOMATIC)

    def width_of(self, key: str) -> int | None:
        """The width that the person gave this column, or None where it is its own."""
        return self.widths.get(key)

    def ordered(self, keys: Sequence[str]) -> list[str]:
        """These keys, given in the table's own order, in the person's."""
        known = set(keys)
        found = [key for key in self.order if key in known]
        for number, key in enumerate(keys):
            if key not in found:
                before = keys[number - 1] if number else None
                found.insert(found.index(before) + 1 if before is not None else 0, key)
        return found

    def with_showing(self, key: str, showing: Showing) -> ColumnLayout:
        """The layout with this column shown so."""
        others = {known: value for known, value in self.showings.items() if known != key}
        return replace(self, showings=others if showing is Showing.AUTOMATIC else others | {key: showing})

    def with_width(self, key: str, width: int | None) -> ColumnLayout:
        """The layout with this column so many cells wide, or as wide as it is by itself."""
        others = {known: value for known, value in self.widths.items() if known != key}
        if width is None:
            return replace(self, widths=others)
        return replace(self, widths=others | {key: max(LEAST_WIDTH, min(width, MOST_WIDTH))})

    def with_order(self, keys: Sequence[str]) -> ColumnLayout:
        """The layout with the columns in this order."""
        return replace(self, order=tuple(dict.fromkeys(keys)))

    def to_text(self) -> str:
        """One line for a settings file, such as `status time=11 +seed -price`; empty where nothing was changed."""
        moved = [self._token(key) for key in self.order]
        others = [self._token(key) for key in sorted({*self.showings, *self.widths} - set(self.order))]
        # Behind the bar stand those that were never moved: they keep their own places.
        return " ".join([*moved, *(["|", *others] if others else [])])

    @classmethod
    def from_text(cls, text: str) -> ColumnLayout:
        """The layout of a line; what is no word of it is passed over, so that no settings file can break a table."""
        moved, _, others = text.partition("|")
        layout = cls().with_order(_keys_of(moved))
        for sign, key, width in _tokens(f"{moved} {others}"):
            layout = layout.with_showing(key, Showing(sign))
            if width:
                layout = layout.with_width(key, int(width))
        return layout

    def _token(self, key: str) -> str:
        width = self.width_of(key)
        return f"{self.showing(key).value}{key}{'' if width is None else f'={width}'}"


def _tokens(text: str) -> list[tuple[str, str, str]]:
    matches = (_TOKEN.fullmatch(word) for word in text.split())
    return [(match[1], match[2], match[3] or "") for match in matches if match]


def _keys_of(text: str) -> list[str]:
    return [key for _, key, _ in _tokens(text)]


AUTOMATIC: Final = ColumnLayout()
