"""Searches with a name: those that are always there, and the person's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_VIEWS: Final = 100


@dataclass(frozen=True, slots=True)
class SavedView:
    """A name, and the text of the query behind it."""

    name: str
    query: str


BUILT_IN: Final = (
    SavedView("all", ""),
    SavedView("active", "is:active"),
    SavedView("failed", "is:failed"),
    SavedView("today", "since:today"),
    SavedView("starred", "is:starred"),
    SavedView("trash", "is:deleted"),
)


def views_to_text(views: Iterable[SavedView]) -> str:
    """The person's views as text, for keeping."""
    return json.dumps([[view.name, view.query] for view in views], ensure_ascii=False)


def views_from_text(text: str) -> tuple[SavedView, ...]:
    """The views of a kept text; what is not as we write it is left out, a name counts once."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    found: dict[str, SavedView] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, list) and len(entry) == len(("name", "query")) and all(isinstance(x, str) for x in entry):
            found.setdefault(entry[0], SavedView(*entry))
    return tuple(found.values())[:MAX_VIEWS]
