"""Between the columns of the job table and the orders of the history."""

from __future__ import annotations

from typing import Final

from krea_tui.domain.ordering import NEWEST_FIRST, Ordering, SortKey, usual_ordering

# Columns that are called otherwise than what they sort by.
_KEY_OF: Final = {"time": SortKey.DURATION, "refs": SortKey.REFERENCES}
_COLUMN_OF: Final = {key: column for column, key in _KEY_OF.items()}


def key_of(column_key: str) -> SortKey | None:
    """What a column sorts by; None where it cannot."""
    try:
        return _KEY_OF.get(column_key) or SortKey(column_key)
    except ValueError:
        return None


def column_of(ordering: Ordering) -> str:
    """The column that shows what is sorted by."""
    return _COLUMN_OF.get(ordering.key, ordering.key.value)


def after_click(ordering: Ordering, column_key: str) -> Ordering:
    """A click on a label: by this column; again, the other way; once more, newest first as always."""
    key = key_of(column_key)
    if key is None:
        return ordering
    first = usual_ordering(key)
    if ordering.key is not key:
        return first
    return first.reversed() if ordering == first else NEWEST_FIRST


def sort_to_text(ordering: Ordering) -> str:
    """An order as text, for keeping: `-price`."""
    return f"{'-' if ordering.descending else ''}{ordering.key.value}"


def sort_from_text(text: str | None) -> Ordering:
    """The order of a kept text; newest first where there is none, or it is not ours."""
    try:
        return Ordering(SortKey((text or "").removeprefix("-")), descending=(text or "").startswith("-"))
    except ValueError:
        return NEWEST_FIRST
