"""The person's columns as a value: kept as text and read back, and shared out over any width."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.ui.live_table.columns import GAP, MARGIN, arrange, place
from krea_tui.ui.live_table.header import moved_behind
from krea_tui.ui.live_table.layout import AUTOMATIC, LEAST_WIDTH, MOST_WIDTH, ColumnLayout, Showing
from krea_tui.ui.widgets.job_columns import COLUMNS

KEYS = [column.key for column in COLUMNS]
OWN = [column.key for column in COLUMNS if not column.on_wish]

keys = st.sampled_from([*KEYS, "of_a_later_version"])
layouts = st.builds(
    ColumnLayout,
    st.lists(keys, unique=True).map(tuple),
    st.dictionaries(keys, st.sampled_from([Showing.ALWAYS, Showing.NEVER])),
    st.dictionaries(keys, st.integers(LEAST_WIDTH, MOST_WIDTH)),
)


@given(layouts)
def test_a_layout_is_read_back_from_its_text(layout: ColumnLayout) -> None:
    assert ColumnLayout.from_text(layout.to_text()) == layout


@given(st.text())
def test_any_text_is_some_layout(text: str) -> None:
    layout = ColumnLayout.from_text(text)
    assert ColumnLayout.from_text(layout.to_text()) == layout
    assert place(COLUMNS, 80, layout)


@pytest.mark.parametrize(
    ("text", "order", "shown", "widths"),
    [
        ("", [], {}, {}),
        ("seed +price=9 | -time", ["seed", "price"], {"price": "+", "time": "-"}, {"price": 9}),
        ("| time=11", [], {}, {"time": 11}),
        ("seed=2 time=999", ["seed", "time"], {}, {"seed": LEAST_WIDTH, "time": MOST_WIDTH}),
        ("seed seed <b> =3 Prompt", ["seed"], {}, {}),
    ],
)
def test_the_text_means(text: str, order: list[str], shown: dict[str, str], widths: dict[str, int]) -> None:
    layout = ColumnLayout.from_text(text)
    assert list(layout.order) == order
    assert {key: showing.value for key, showing in layout.showings.items()} == shown
    assert layout.widths == widths


def test_what_was_not_changed_is_not_kept() -> None:
    layout = AUTOMATIC.with_showing("seed", Showing.NEVER).with_width("seed", 20)
    layout = layout.with_showing("seed", Showing.AUTOMATIC).with_width("seed", None)
    assert layout == AUTOMATIC
    assert layout.to_text() == ""


@given(layouts)
def test_every_column_stands_somewhere_and_new_ones_stand_behind_their_own_neighbour(layout: ColumnLayout) -> None:
    ordered = layout.ordered(KEYS)
    assert sorted(ordered) == sorted(KEYS)
    named = [key for key in layout.order if key in KEYS]
    assert [key for key in ordered if key in named] == named
    for before, key in itertools.pairwise(KEYS):
        if key not in named and before not in named:
            assert ordered.index(before) < ordered.index(key)


@given(layouts, st.integers(1, 400))
def test_columns_never_overlap_nor_leave_a_pane_that_could_hold_them(layout: ColumnLayout, width: int) -> None:
    arrangement = arrange(COLUMNS, width, layout)
    placed = arrangement.placed
    assert placed
    assert placed[0].x == MARGIN
    for left, right in itertools.pairwise(placed):
        assert right.x - left.end == GAP
    shown = [spot.column.key for spot in placed]
    assert shown == [key for key in layout.ordered(KEYS) if key in shown]
    left_out = [spot.column.key for spot in arrangement.left_out]
    assert not set(shown) & set(left_out)
    hidden = set(KEYS) - set(shown) - set(left_out)
    wanted = {key for key in KEYS if layout.showing(key) is Showing.ALWAYS}
    if any(layout.showing(key) is not Showing.NEVER for key in OWN) or wanted:
        assert all(layout.showing(key) is not Showing.ALWAYS for key in hidden)
        assert all(layout.showing(key) is not Showing.NEVER for key in shown)
    for spot in placed:
        own = layout.width_of(spot.column.key)
        assert own is None or spot.width == own
    if left_out or len(placed) == len(wanted) == 1:
        return
    fixed = [key for key in shown if layout.width_of(key)]
    if not fixed and width >= 100:
        assert placed[-1].end < width


def test_a_column_that_is_always_wanted_stays_when_others_go() -> None:
    def shown(width: int, layout: ColumnLayout) -> list[str]:
        return [spot.column.key for spot in place(COLUMNS, width, layout)]

    assert "price" not in shown(74, AUTOMATIC)
    wanted = AUTOMATIC.with_showing("price", Showing.ALWAYS).with_showing("tags", Showing.ALWAYS)
    assert {"price", "tags"} < set(shown(74, wanted))
    assert shown(40, wanted) == ["status", "prompt", "price"]
    assert "price" not in shown(30, wanted)


def test_hidden_columns_make_room_for_others() -> None:
    def shown(layout: ColumnLayout) -> list[str]:
        return [spot.column.key for spot in place(COLUMNS, 90, layout)]

    assert "price" not in shown(AUTOMATIC)
    assert "price" in shown(AUTOMATIC.with_showing("seed", Showing.NEVER))


def test_a_table_without_columns_shows_its_own() -> None:
    nothing = AUTOMATIC
    for key in KEYS:
        nothing = nothing.with_showing(key, Showing.NEVER)
    assert place(COLUMNS, 120, nothing) == place(COLUMNS, 120)


def test_a_prompt_of_a_fixed_width_leaves_the_rest_blank() -> None:
    spots = place(COLUMNS, 200, AUTOMATIC.with_width("prompt", 20))
    assert next(spot for spot in spots if spot.column.key == "prompt").width == 20
    assert spots[-1].end < 140


def test_moving_behind_another_column_names_the_whole_order() -> None:
    layout = moved_behind(AUTOMATIC, COLUMNS, "seed", "status")
    assert layout.ordered(KEYS)[:3] == ["status", "seed", "time"]
    assert moved_behind(layout, COLUMNS, "seed", None).ordered(KEYS)[0] == "seed"
