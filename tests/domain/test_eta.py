"""When a batch is over: honest, steady, and in words that promise no more than it can hold."""

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.eta import Pace, SteadyEta, about_words, remaining_s
from krea_tui.domain.job import JobStatus, Picture, PictureState
from krea_tui.domain.throughput import JobEnds
from tests.support.making import AT, make_job

FRESH = Pace(expected_s=15.0, late_s=20.0, places=16, requests_per_s=1.0)
SAVED = (Picture("https://media.example/1", PictureState.SAVED),)

paces = st.builds(
    Pace,
    expected_s=st.floats(0.5, 600),
    late_s=st.floats(600, 900),
    places=st.integers(1, 64),
    requests_per_s=st.floats(0.05, 50),
    ended=st.integers(0, 5_000),
    watched_s=st.floats(0, 300),
    quiet_s=st.floats(0, 1_000),
)


def test_before_anything_has_ended_the_rate_that_is_allowed_and_the_places_decide() -> None:
    assert FRESH.jobs_per_s == pytest.approx(1 / 3)
    assert replace(FRESH, requests_per_s=100.0).jobs_per_s == pytest.approx(16 / 17.5)
    assert replace(FRESH, requests_per_s=100.0, places=1).jobs_per_s == pytest.approx(1 / 17.5)


def test_what_was_seen_soon_outweighs_what_was_expected() -> None:
    slow = replace(FRESH, ended=10, watched_s=300.0)
    assert slow.jobs_per_s == pytest.approx(12 / 306)
    none = replace(FRESH, watched_s=60.0)
    assert none.jobs_per_s < FRESH.jobs_per_s / 5


def test_where_nothing_ends_any_more_nothing_is_said() -> None:
    assert remaining_s(FRESH, 100, 5.0) is not None
    assert remaining_s(replace(FRESH, quiet_s=121.0), 100, 5.0) is None
    assert remaining_s(FRESH, 0, None) is None
    assert remaining_s(FRESH, 0, 61.0) is None


def test_the_last_ones_take_what_is_left_of_their_time() -> None:
    assert remaining_s(FRESH, 0, 5.0) == 10.0
    assert remaining_s(FRESH, 0, 16.0) == 4.0
    assert remaining_s(FRESH, 0, 40.0) == 1.0


@given(paces, st.integers(0, 100_000), st.none() | st.floats(0, 10_000))
def test_an_estimate_is_positive_or_none(pace: Pace, waiting: int, age_s: float | None) -> None:
    remaining = remaining_s(pace, waiting, age_s)
    assert remaining is None or remaining > 0


@given(paces, st.integers(1, 10_000), st.integers(0, 10_000))
def test_more_work_never_ends_sooner(pace: Pace, waiting: int, more: int) -> None:
    first, second = remaining_s(pace, waiting, None), remaining_s(pace, waiting + more, None)
    assert (first is None) == (second is None)
    assert first is None or second is None or second >= first


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_words_for_longer_times_are_never_shorter_times(first: float, second: float) -> None:
    def seconds_in(words: str) -> int:
        if words == "under a minute":
            return 0
        parts = words.removeprefix("about ").split()
        units = {"min": 60, "h": 3_600, "d": 86_400}
        return sum(int(number) * units[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))

    first, second = sorted((first, second))
    assert seconds_in(about_words(first)) <= seconds_in(about_words(second))
    told = seconds_in(about_words(second))
    assert abs(told - second) <= max(60.0, 0.26 * second)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "under a minute"),
        (59, "under a minute"),
        (60, "about 1 min"),
        (14 * 60 + 20, "about 14 min"),
        (33 * 60, "about 35 min"),
        (59 * 60, "about 1 h"),
        (80 * 60, "about 1 h 20 min"),
        (13 * 3_600, "about 13 h"),
        (3 * 86_400, "about 3 d"),
    ],
)
def test_words(seconds: float, words: str) -> None:
    assert about_words(seconds) == words


def test_a_wavering_estimate_moves_nothing_and_a_wrong_one_does() -> None:
    eta = SteadyEta()
    assert eta.tell(600.0, 0.0) == 600.0
    assert [eta.tell(600.0 - second + 40 * (-1) ** second, second) for second in range(1, 60)] == [
        600.0 - second for second in range(1, 60)
    ]
    assert eta.tell(900.0, 60.0) == 900.0
    assert eta.tell(None, 61.0) is None
    assert eta.tell(30.0, 62.0) == 30.0


def test_near_the_end_seconds_do_not_move_it_either() -> None:
    eta = SteadyEta()
    assert [eta.tell(estimate, 0.0) for estimate in (60.0, 75.0, 45.0, 60.0)] == [60.0] * 4
    assert eta.tell(81.0, 0.0) == 81.0


@given(st.lists(st.floats(1, 1e5), min_size=1, max_size=50), st.floats(0.1, 60))
def test_what_is_told_is_never_far_from_what_is_estimated(estimates: list[float], step_s: float) -> None:
    eta = SteadyEta()
    for number, estimate in enumerate(estimates):
        told = eta.tell(estimate, number * step_s)
        assert told is not None
        assert told > 0
        assert abs(told - estimate) <= max(20.0, 0.2 * max(told, estimate))


@settings(max_examples=25, deadline=None)
@given(st.floats(6, 60), st.integers(4, 32), st.floats(0.3, 20), st.integers(0, 10_000))
def test_a_batch_ends_about_when_it_was_said(takes_s: float, places: int, per_s: float, dice_seed: int) -> None:
    """A gateway of so many places, one submission every so often: two minutes in, the told end is about right."""
    dice = random.Random(dice_seed)
    ends, eta, total = JobEnds(), SteadyEta(), 300
    running: list[float] = []
    done, sent, now, tokens = 0, 0, AT, 0.0
    durations = DurationEstimate()
    promised: float | None = None
    told: list[str] = []
    while done < total:
        now += 1.0
        tokens = min(5.0, tokens + per_s / 3)
        while tokens >= 1 and len(running) < places and sent < total:
            tokens -= 1
            sent += 1
            running.append(now + takes_s * dice.uniform(0.8, 1.2))
        over = [at for at in running if at <= now]
        running = [at for at in running if at > now]
        jobs = [
            make_job(id=f"j{done + n}", status=JobStatus.COMPLETED, hold_reason=None, completed_at=now, pictures=SAVED)
            for n in range(len(over))
        ]
        done += len(over)
        durations = durations.learned([takes_s] * len(over))
        ends.watch(now, is_going=True)
        ends.take_in(jobs, now)
        pace = ends.pace(now, durations, places, per_s)
        age_s = now - (max(running) - takes_s) if running else None
        left = eta.tell(remaining_s(pace, total - sent, age_s), now)
        if left is not None:
            told.append(about_words(left))
        if promised is None and now - AT >= 120 and left is not None:
            promised = now + left
    took_s = now - AT
    if promised is not None:
        assert abs(promised - now) <= max(30.0, 0.35 * took_s)
    changes = sum(1 for before, after in itertools.pairwise(told) if before != after)
    assert changes <= took_s / 20 + 10
