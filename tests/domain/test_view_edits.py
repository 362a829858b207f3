"""Saved searches are named, renamed, forgotten and brought back."""

import pytest

from krea_tui.domain.errors import UsageError
from krea_tui.domain.view_edits import MAX_NAME, ViewEdits, renamed, with_view, without_view
from krea_tui.domain.views import BUILT_IN, MAX_VIEWS, SavedView

FOG = SavedView("fog", "fog since:7d")
BEST = SavedView("best", "is:starred")


def test_a_filter_is_saved_under_a_clean_name() -> None:
    assert with_view((FOG,), " best \x1b[31m", " is:starred ") == (FOG, SavedView("best [31m", "is:starred"))


def test_the_same_name_replaces_in_its_place() -> None:
    assert with_view((FOG, BEST), "fog", "mist") == (SavedView("fog", "mist"), BEST)


@pytest.mark.parametrize(("name", "query"), [("", "fog"), (" \u202e", "fog"), ("Trash", "fog"), ("mine", " ")])
def test_what_is_no_name_or_no_filter_is_refused(name: str, query: str) -> None:
    with pytest.raises(UsageError):
        with_view((FOG,), name, query)


def test_names_are_cut_and_views_are_counted() -> None:
    [view] = with_view((), "x" * 200, "fog")
    assert len(view.name) == MAX_NAME
    many = tuple(SavedView(str(number), "fog") for number in range(MAX_VIEWS))
    with pytest.raises(UsageError):
        with_view(many, "one more", "fog")
    assert len(with_view(many, "7", "mist")) == MAX_VIEWS


def test_a_view_gets_another_name() -> None:
    assert renamed((FOG, BEST), "fog", "mist") == (SavedView("mist", FOG.query), BEST)
    assert renamed((FOG, BEST), "fog", "fog") == (FOG, BEST)
    for name, new in (("fog", "best"), ("fog", BUILT_IN[0].name), ("gone", "mist")):
        with pytest.raises(UsageError):
            renamed((FOG, BEST), name, new)


def test_every_change_can_be_taken_back() -> None:
    edits = ViewEdits((FOG, BEST))
    assert not edits.undo()
    edits.change_to(without_view(edits.views, "fog"))
    edits.change_to(without_view(edits.views, "best"))
    seen = [edits.views]
    while edits.undo():
        seen.append(edits.views)
    assert seen == [(), (BEST,), (FOG, BEST)]
