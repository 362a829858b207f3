"""When to ask again."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.pacing import (
    FIRST_CHECK_MAX_S,
    POLL_INTERVAL_S,
    STATUS_RETRY_S,
    TokenBucket,
    backoff,
    first_check_delay,
    next_check_delay,
    stepped,
)

STEPS = st.lists(
    st.tuples(st.floats(0, 20), st.sampled_from(["take", "take", "take", "take", "ok", "429"]), st.floats(0, 30)),
    max_size=150,
)


@given(st.floats(0.05, 20), st.integers(1, 20), STEPS)
def test_no_span_of_time_sees_more_than_rate_and_burst(
    rate: float, burst: int, steps: list[tuple[float, str, float]]
) -> None:
    bucket = TokenBucket(rate, burst, 100.0)
    at = 100.0
    taken: list[float] = []
    closed_until = 0.0
    for wait_s, what, retry_after_s in steps:
        at += wait_s
        if what == "429":
            bucket.slow_down(at, retry_after_s)
            closed_until = max(closed_until, at + retry_after_s)
        elif what == "ok":
            bucket.succeeded()
        elif bucket.take(at) == 0.0:
            assert at >= closed_until, "nobody asks before Retry-After"
            taken.append(at)
        assert rate / 16 - 1e-9 <= bucket.rate_per_s <= rate
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + rate * (taken[last] - taken[first]) + 1e-6


@given(st.floats(0.05, 20), st.integers(1, 20), st.floats(0, 30))
def test_whoever_waits_as_long_as_told_gets_a_token(rate: float, burst: int, retry_after_s: float) -> None:
    bucket = TokenBucket(rate, burst, 0.0)
    bucket.slow_down(0.0, retry_after_s)
    at = 0.0
    for _ in range(burst + 30):
        wait_s = bucket.take(at)
        for _ in range(4):
            if wait_s == 0.0:
                break
            at += wait_s
            wait_s = bucket.take(at)
        assert wait_s == 0.0


def test_a_429_halves_the_rate_and_success_wins_it_back() -> None:
    bucket = TokenBucket(8.0, 4, 0.0)
    bucket.slow_down(0.0, 10.0)
    assert bucket.rate_per_s == 4.0
    assert bucket.take(9.9) == pytest.approx(0.1)
    assert bucket.take(10.0) == 0.0
    assert bucket.take(10.0) > 0, "no burst when it opens again"
    for _ in range(5):
        bucket.succeeded()
    assert bucket.rate_per_s == pytest.approx(8.0)


def test_a_shorter_wait_does_not_shorten_a_longer_one() -> None:
    bucket = TokenBucket(1.0, 4, 0.0)
    bucket.slow_down(0.0, 60.0)
    bucket.slow_down(1.0, 2.0)
    assert bucket.take(30.0) == 30.0


@given(st.floats(0, 1e6), st.integers(0, 5_000), st.floats(0.05, 50), st.integers())
def test_no_job_is_asked_about_more_often_than_every_five_seconds(
    age_s: float, jobs: int, rate: float, seed: int
) -> None:
    delay = next_check_delay(age_s, jobs, rate, random.Random(seed))
    assert delay >= POLL_INTERVAL_S
    assert delay >= jobs / rate


@pytest.mark.parametrize(("age_s", "least"), [(0, 5), (119, 5), (120, 10), (600, 20), (3_600, 60), (1e9, 60)])
def test_old_jobs_are_asked_about_less_often(age_s: float, least: float) -> None:
    assert least <= next_check_delay(age_s, 1, 1.0, random.Random(1)) <= least * 1.1


@pytest.mark.parametrize(
    ("earliest_s", "delay_s"), [(None, 5.0), (2.0, 5.0), (10.0, 9.0), (1_000.0, FIRST_CHECK_MAX_S)]
)
def test_the_first_check_is_later_only_where_nothing_ends_sooner(earliest_s: float | None, delay_s: float) -> None:
    assert first_check_delay(earliest_s) == delay_s


@given(st.integers(0, 10_000), st.integers())
def test_backoff_is_bounded_on_both_sides(step: int, seed: int) -> None:
    assert 1.0 <= backoff(step, 2.0, 60.0, random.Random(seed)) <= 60.0


def test_steps_end_at_the_last() -> None:
    assert [stepped(STATUS_RETRY_S, step) for step in (-1, 0, 1, 2, 3, 99)] == [5.0, 5.0, 10.0, 20.0, 20.0, 20.0]
