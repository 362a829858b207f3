"""The order of a listing's rows agrees with a plain list, whatever comes and goes, and stays small."""

import random
import tracemalloc
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.engine.listing_order import CreationOrder, Order, RankedOrder

SEQS = st.lists(st.integers(1, 400), unique=True, max_size=90)
FAR_SEQS = st.lists(st.integers(1, 10**7), unique=True, max_size=30)


def check(order: Order, rows: list[int]) -> None:
    count = len(rows)
    assert len(order) == count
    assert [order.seq_at(row) for row in range(count)] == rows
    assert [order.row_of(seq) for seq in rows] == list(range(count))
    assert all(seq in order for seq in rows)
    for beyond in (-1, count):
        with pytest.raises(IndexError):
            order.seq_at(beyond)
    assert list(order.span(0, count)) == rows
    assert list(order.span(-3, count // 2)) == rows[: count // 2]
    assert list(order.span(count // 3, count + 5)) == rows[count // 3 :]
    assert list(order.span(count, count + 5)) == []
    for absent in {0, -1, max(rows, default=0) + 1, *range(1, 40)} - set(rows):
        assert order.row_of(absent) is None
        assert absent not in order


@given(start=SEQS, steps=st.lists(st.tuples(SEQS, SEQS), max_size=4), descending=st.booleans())
def test_jobs_come_and_go_in_their_place(
    start: list[int], steps: list[tuple[list[int], list[int]]], *, descending: bool
) -> None:
    rows = set(start)
    order = CreationOrder(array("q", sorted(rows, reverse=descending)), descending=descending)
    check(order, sorted(rows, reverse=descending))
    for comes, goes in steps:
        new, left = set(comes) - rows, set(goes) & rows
        order.change(new, left)
        rows = (rows | new) - left
        check(order, sorted(rows, reverse=descending))


@given(start=SEQS, seq=st.integers(1, 400), descending=st.booleans())
def test_a_place_is_within_reach_where_a_row_comes_below_it(start: list[int], seq: int, *, descending: bool) -> None:
    order = CreationOrder(array("q", sorted(start, reverse=descending)), descending=descending)
    assert order.reaches(seq) is (min(start, default=seq) < seq if descending else max(start, default=seq) > seq)


@given(rows=st.one_of(SEQS, FAR_SEQS))
def test_any_order_knows_the_row_of_every_job(rows: list[int]) -> None:
    check(RankedOrder(array("q", rows)), rows)


@pytest.mark.parametrize("ranked", [False, True])
def test_a_hundred_thousand_rows_are_less_than_two_megabytes(*, ranked: bool) -> None:
    seqs = array("q", range(100_000, 0, -1))
    if ranked:
        shuffled = list(seqs)
        random.Random(7).shuffle(shuffled)
        seqs = array("q", shuffled)
        del shuffled
    tracemalloc.start()
    order: Order = RankedOrder(seqs) if ranked else CreationOrder(seqs, descending=True)
    made, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made + len(seqs) * seqs.itemsize < 2_000_000
    assert order.row_of(order.seq_at(77_777)) == 77_777
