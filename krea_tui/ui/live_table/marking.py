"""Which rows are marked, by their keys, and the range that is being drawn over them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

KeysBetween = Callable[[int, int], "list[str] | None"]
"""The keys of the rows from one to another, both included; None where they are too many, or not all loaded."""


class Span(NamedTuple):
    """Rows to be marked whose keys only their source can tell: from `first` to `last`, both included."""

    first: int
    last: int
    ticket: int


@dataclass
class _Range:
    anchor: int
    anchor_key: str | None
    reach: int
    base: frozenset[str]
    was_asked: bool = False


@dataclass
class Marking:
    """The marks of a table."""

    _keys: set[str] = field(default_factory=set)
    _frozen: frozenset[str] | None = None
    _range: _Range | None = None
    _ticket: int = 0
    _awaited: int = 0

    @property
    def keys(self) -> frozenset[str]:
        """The marked keys."""
        if self._frozen is None:
            self._frozen = frozenset(self._keys)
        return self._frozen

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def is_begun(self) -> bool:
        """Whether rows are marked, or will be as soon as their keys are known."""
        return bool(self._keys) or self._awaited > 0

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def add(self, keys: Collection[str]) -> None:
        """Mark these too."""
        self._keys.update(keys)
        self._frozen = None

    def replace(self, keys: Collection[str]) -> None:
        """Mark these and no others; what was asked for before is not waited for any more."""
        self._keys = set(keys)
        self._frozen = None
        self._range = None
        self._forget_asked()

    def toggle(self, key: str) -> None:
        """Mark this one, or take its mark away."""
        self._keys ^= {key}
        self._frozen = None
        self._range = None

    def answer(self, ticket: int, keys: Collection[str]) -> None:
        """Take in the keys of a span that was asked for, unless it is not wanted any more."""
        if ticket == self._ticket:
            self._awaited -= 1
            self.add(keys)

    def end_range(self) -> None:
        """The next range begins elsewhere."""
        self._range = None

    def extend(self, start: int, start_key: str | None, to: int, keys_between: KeysBetween) -> Span | None:
        """Draw the range on to this row; one that is not yet begun begins at `start`.

        What the range leaves again loses the mark that it gave. Returns what must be asked for.
        """
        drawn = self._range
        if drawn is None:
            drawn = self._range = _Range(start, start_key, start, self.keys)
        self._frozen = None
        before, now = drawn.reach - drawn.anchor, to - drawn.anchor
        asked: Span | None = None
        if before * now >= 0 and abs(now) >= abs(before):
            asked = self._mark_span(drawn.reach, to, keys_between)
        elif not (before * now >= 0 and self._unmark_span(drawn, to, keys_between)):
            self._keys = set(drawn.base)
            self._forget_asked()
            drawn.was_asked = False
            asked = self._mark_span(drawn.anchor, to, keys_between)
        drawn.was_asked = drawn.was_asked or asked is not None
        drawn.reach = to
        return asked

    def rows_moved(self, index_of: Callable[[str], int | None], cursor: int) -> None:
        """Keep the range on its rows where others came or went around it; where it was torn apart it has ended.

        `cursor` is where the cursor stands now; it stood at the range's end.
        """
        drawn = self._range
        if drawn is None:
            return
        anchor = index_of(drawn.anchor_key) if drawn.anchor_key is not None else None
        if anchor is None or cursor - anchor != drawn.reach - drawn.anchor:
            self._range = None
        else:
            drawn.anchor, drawn.reach = anchor, cursor

    def _forget_asked(self) -> None:
        self._ticket += 1
        self._awaited = 0

    def _mark_span(self, start: int, end: int, keys_between: KeysBetween) -> Span | None:
        first, last = min(start, end), max(start, end)
        keys = keys_between(first, last)
        if keys is None:
            self._awaited += 1
            return Span(first, last, self._ticket)
        self._keys.update(keys)
        return None

    def _unmark_span(self, drawn: _Range, to: int, keys_between: KeysBetween) -> bool:
        """Unmark what lies between the old end of the range and the new one; false where that is not known."""
        if drawn.was_asked:
            return False
        keys = keys_between(to + 1, drawn.reach) if to < drawn.reach else keys_between(drawn.reach, to - 1)
        if keys is None:
            return False
        self._keys -= set(keys) - drawn.base
        return True
