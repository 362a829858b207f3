"""Learned durations: honest about the middle, never done before the end."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.durations import DEFAULT_S, REMEMBERED, DurationEstimate

LEARNED = DurationEstimate().learned([10.0, 12.0, 14.0, 16.0, 40.0])


def test_without_knowledge_the_default_holds() -> None:
    assert DurationEstimate().expected_s == DEFAULT_S == 15.0
    assert DurationEstimate().late_s == DEFAULT_S


def test_the_middle_and_the_late_end_are_median_and_ninetieth_percentile() -> None:
    assert LEARNED.expected_s == 14.0
    assert LEARNED.late_s == 40.0


def test_only_the_latest_jobs_count() -> None:
    estimate = DurationEstimate().learned([100.0] * 70).learned([5.0] * REMEMBERED)
    assert estimate.recent == (5.0,) * REMEMBERED


def test_nonsense_is_not_learned() -> None:
    assert DurationEstimate().learned([math.nan, math.inf, -3.0, 0.0]) == DurationEstimate()


@pytest.mark.parametrize(("elapsed_s", "fraction"), [(-1, 0.0), (0, 0.0), (7, 0.4), (14, 0.8), (40, 0.95)])
def test_the_fraction_passes_known_points(elapsed_s: float, fraction: float) -> None:
    assert LEARNED.fraction(elapsed_s) == pytest.approx(fraction)


def test_what_remains_is_told_only_until_the_median() -> None:
    assert LEARNED.remaining_s(4) == 10.0
    assert LEARNED.remaining_s(14) is None


@given(
    st.lists(st.floats(0.001, 1e6), max_size=60),
    st.floats(0, 1e9),
    st.floats(0, 1e9),
)
def test_the_fraction_only_rises_and_never_reaches_the_end(
    durations_s: list[float], one_s: float, other_s: float
) -> None:
    estimate = DurationEstimate().learned(durations_s)
    earlier, later = sorted((one_s, other_s))
    assert 0 <= estimate.fraction(earlier) <= estimate.fraction(later) + 1e-9
    assert estimate.fraction(later) < 1
