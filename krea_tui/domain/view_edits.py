"""Naming a search, giving it another name, forgetting it: each makes a new list of views, and can be taken back."""

from __future__ import annotations

from typing import Final

from krea_tui.domain.errors import UsageError
from krea_tui.domain.text import clean_line
from krea_tui.domain.views import BUILT_IN, MAX_VIEWS, SavedView

MAX_NAME: Final = 40

Views = tuple[SavedView, ...]


def with_view(views: Views, name: str, query: str) -> Views:
    """The views with this one, in the place of the one of its name or at the end; raises `UsageError`."""
    query = query.strip()
    if not query:
        raise UsageError("there is no filter to save", advice="Type one first.")
    new = SavedView(_named(name), query)
    if any(view.name == new.name for view in views):
        return tuple(new if view.name == new.name else view for view in views)
    if len(views) >= MAX_VIEWS:
        raise UsageError(f"there are {MAX_VIEWS} views already", advice="Delete one first.")
    return (*views, new)


def renamed(views: Views, name: str, new_name: str) -> Views:
    """The views with another name for one of them; raises `UsageError`, also where another has that name."""
    new_name = _named(new_name)
    if all(view.name != name for view in views):
        raise UsageError(f"there is no view {name} any more")
    if new_name != name and any(view.name == new_name for view in views):
        raise UsageError(f"there is a view {new_name} already")
    return tuple(SavedView(new_name, view.query) if view.name == name else view for view in views)


def without_view(views: Views, name: str) -> Views:
    """The views but the one of this name."""
    return tuple(view for view in views if view.name != name)


def _named(name: str) -> str:
    name = clean_line(name, MAX_NAME)
    if not name:
        raise UsageError("a view needs a name")
    if any(view.name == name.casefold() for view in BUILT_IN):
        raise UsageError(f"{name} is a view of its own", advice="Take another name.")
    return name


class ViewEdits:
    """The person's views while they change; what stands last in `before` is what `undo` brings back."""

    def __init__(self, views: Views) -> None:
        self.views = views
        self.before: list[Views] = []

    def change_to(self, views: Views) -> None:
        """Take these instead."""
        self.before.append(self.views)
        self.views = views

    def undo(self) -> bool:
        """Take back the last change; false where there is none."""
        if not self.before:
            return False
        self.views = self.before.pop()
        return True
