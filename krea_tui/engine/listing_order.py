"""The order of a view's rows, as sequence numbers: a hundred thousand of them in less than two megabytes."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection
from typing import Final

# More changes than this at once are merged in one pass, instead of moving the tail of the array for each.
_FEW: Final = 64
# A table of places costs four bytes for each number of its span; where most would stay empty a dict is smaller.
_SPARSE: Final = 16


class CreationOrder:
    """Rows in the order of their creation, either way; jobs come and go in their place."""

    def __init__(self, seqs: array[int], *, descending: bool) -> None:
        """`seqs` are those of the rows from the top down; the array is taken over."""
        if descending:
            seqs.reverse()
        # Ascending whatever the view says: what is new comes at the end, where inserting costs nothing.
        self._seqs = seqs
        self._is_descending = descending

    def __len__(self) -> int:
        return len(self._seqs)

    def __contains__(self, seq: int) -> bool:
        return self._place(seq) is not None

    def seq_at(self, row: int) -> int:
        """The sequence number of a row; raises IndexError."""
        if not 0 <= row < len(self._seqs):
            raise IndexError(row)
        return self._seqs[-1 - row] if self._is_descending else self._seqs[row]

    def span(self, first: int, stop: int) -> array[int]:
        """The sequence numbers of the rows from `first` up to, not including, `stop`."""
        count = len(self._seqs)
        first, stop = max(0, first), min(stop, count)
        if stop <= first:
            return array("q")
        if not self._is_descending:
            return self._seqs[first:stop]
        part = self._seqs[count - stop : count - first]
        part.reverse()
        return part

    def row_of(self, seq: int) -> int | None:
        """The row of a job, or None where it is not among the rows."""
        place = self._place(seq)
        if place is None:
            return None
        return len(self._seqs) - 1 - place if self._is_descending else place

    def reaches(self, seq: int) -> bool:
        """Whether this job's place is above the last row."""
        if not self._seqs:
            return False
        return seq > self._seqs[0] if self._is_descending else seq < self._seqs[-1]

    def change(self, comes: Collection[int], goes: Collection[int]) -> None:
        """Take in jobs that are not among the rows, and take out jobs that are."""
        if len(comes) + len(goes) > _FEW:
            left = frozenset(goes)
            kept = [seq for seq in self._seqs if seq not in left]
            kept.extend(comes)
            kept.sort()
            self._seqs = array("q", kept)
            return
        for seq in goes:
            del self._seqs[bisect_left(self._seqs, seq)]
        for seq in comes:
            self._seqs.insert(bisect_left(self._seqs, seq), seq)

    def _place(self, seq: int) -> int | None:
        place = bisect_left(self._seqs, seq)
        return place if place < len(self._seqs) and self._seqs[place] == seq else None


class RankedOrder:
    """Rows in an order that only the store can tell; it is replaced whole."""

    def __init__(self, seqs: array[int]) -> None:
        """`seqs` are those of the rows from the top down. Ten milliseconds for 100,000: made in a thread."""
        self._seqs = seqs
        self._least = min(seqs, default=0)
        self._rows = self._table() if self._is_dense() else dict(zip(seqs, range(1, len(seqs) + 1), strict=True))

    def __len__(self) -> int:
        return len(self._seqs)

    def __contains__(self, seq: int) -> bool:
        return self.row_of(seq) is not None

    def seq_at(self, row: int) -> int:
        """The sequence number of a row; raises IndexError."""
        if row < 0:
            raise IndexError(row)
        return self._seqs[row]

    def span(self, first: int, stop: int) -> array[int]:
        """The sequence numbers of the rows from `first` up to, not including, `stop`."""
        return self._seqs[max(0, first) : max(0, stop)]

    def row_of(self, seq: int) -> int | None:
        """The row of a job, or None where it is not among the rows."""
        if isinstance(self._rows, dict):
            row = self._rows.get(seq, 0)
        else:
            place = seq - self._least
            row = self._rows[place] if 0 <= place < len(self._rows) else 0
        return row - 1 if row else None

    def _is_dense(self) -> bool:
        return max(self._seqs, default=0) - self._least < _SPARSE * len(self._seqs)

    def _table(self) -> array[int]:
        # Rows count from one: zero is nobody's.
        rows = array("i", bytes(4 * (max(self._seqs) - self._least + 1)))
        for row, seq in enumerate(self._seqs, 1):
            rows[seq - self._least] = row
        return rows


Order = CreationOrder | RankedOrder
