"""How often something happened lately, and what is reckoned from it."""

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.domain.throughput import JobEnds, RecentCount, rate_words, sparkline
from tests.support.making import AT, make_job

SAVED = (Picture("https://media.example/1", PictureState.SAVED),)


def ended(job_id: str, at: float, status: JobStatus = JobStatus.COMPLETED, **changes: object) -> Job:
    fields: dict[str, object] = {"id": job_id, "status": status, "hold_reason": None, "completed_at": at}
    return make_job(**(fields | {"pictures": SAVED} | changes))


def test_what_is_older_than_the_span_does_not_count() -> None:
    recent = RecentCount(5.0, 12)
    for at in (0.0, 4.0, 31.0, 59.0):
        recent.add(at, at)
    assert recent.total(59.0, 60.0) == 4
    assert recent.total(59.0, 30.0) == 2
    assert recent.total(59.0, 5.0) == 1
    assert recent.total(59.0, 0.0) == 0
    assert recent.total(63.0, 60.0) == 2
    assert recent.total(500.0, 60.0) == 0


def test_what_happened_before_it_was_told_is_counted_where_it_belongs() -> None:
    recent = RecentCount(10.0, 6)
    recent.add(12.0, 55.0)
    recent.add(1.0, 75.0)
    recent.add(99.0, 75.0)
    assert recent.cells(75.0, 6, 1) == (0, 0, 0, 0, 0, 1)
    assert recent.total(75.0, 100.0) == 1


def test_a_cell_keeps_its_height_while_it_moves() -> None:
    recent = RecentCount(5.0, 100)
    for at in range(0, 120, 7):
        recent.add(float(at), float(at))
    seen = [recent.cells(float(now), 6, 6) for now in range(120, 270, 30)]
    for before, after in itertools.pairwise(seen):
        assert before[1:] == after[:-1]


def test_a_clock_that_is_set_back_takes_what_was_counted_along() -> None:
    recent = RecentCount(60.0, 60)
    recent.add(7_200.0, 7_200.0)
    recent.add(3_600.0, 3_600.0)
    assert recent.total(3_600.0, 60.0) == 2


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30))
def test_no_time_is_too_odd(times: list[float]) -> None:
    recent = RecentCount(5.0, 10)
    for at in times:
        recent.add(at, 1_000.0)
    usable = sum(1 for at in times if math.isfinite(at) and at >= 955.0)
    assert recent.total(1_000.0, 50.0) == usable
    assert sum(recent.cells(1_000.0, 10, 1)) == usable


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60), st.booleans())
def test_the_line_is_as_long_as_its_cells_and_shows_every_one_that_is_not_empty(cells: list[int], plain: bool) -> None:
    line = sparkline(cells, plain=plain)
    ground = sparkline([0], plain=plain)
    assert len(line) == len(cells)
    assert [character != ground for character in line] == [count > 0 for count in cells]
    assert not plain or line.isascii()


@pytest.mark.parametrize(
    ("count", "span_s", "words"),
    [(0, 60, ""), (22, 60, "22/min"), (7, 120, "3.5/min"), (4, 120, "2/min"), (1, 300, "12/h"), (1, 86_400, "1/h")],
)
def test_a_rate_has_the_unit_that_fits(count: int, span_s: float, words: str) -> None:
    assert rate_words(count, span_s) == words


def test_each_end_counts_once_however_often_it_is_told() -> None:
    ends = JobEnds()
    job = ended("a", AT - 10)
    ends.take_in([job], AT)
    ends.take_in([replace(job, starred=True, revision=9), ended("b", AT - 100, JobStatus.FAILED)], AT)
    assert ends.recent.total(AT, 3_600.0) == 2
    assert ends.recent.total(AT, 30.0) == 1


@pytest.mark.parametrize(
    "job",
    [
        ended("a", AT, JobStatus.CANCELLED),
        ended("a", AT, JobStatus.REJECTED, settled_at=AT),
        ended("a", AT, pictures=(Picture("https://media.example/1"),)),
        ended("a", AT - 3_601.0),
        make_job(status=JobStatus.PROCESSING),
    ],
    ids=["withdrawn", "decided by a person", "its picture still on its way", "long ago", "not over"],
)
def test_what_is_no_end_of_now_is_not_counted(job: Job) -> None:
    ends = JobEnds()
    ends.take_in([job], AT)
    assert ends.recent.total(AT, 3_600.0) == 0


def test_the_pace_is_that_of_the_time_in_which_jobs_could_end() -> None:
    ends, durations = JobEnds(), DurationEstimate((20.0,))
    ends.watch(AT, is_going=True)
    assert ends.pace(AT + 10, durations, 16, 1.0).watched_s == 0.0
    ends.take_in([ended(f"j{number}", AT + 20 + number) for number in range(60)], AT + 80)
    pace = ends.pace(AT + 80, durations, 16, 1.0)
    assert (pace.watched_s, pace.ended, round(pace.quiet_s)) == (60.0, 60, 1)
    ends.watch(AT + 90, is_going=False)
    ends.watch(AT + 900, is_going=True)
    assert ends.pace(AT + 905, durations, 16, 1.0).watched_s == 0.0
    assert ends.pace(AT + 905, durations, 16, 1.0).quiet_s == 5.0
