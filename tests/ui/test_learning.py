"""What the app learns from the jobs that it sees."""

from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.ui.learning import Learning
from tests.ui.app_support import NOW, a_job


def ended(job_id: str, took_s: float = 20.0, state: PictureState = PictureState.SAVED) -> Job:
    return a_job(
        job_id,
        JobStatus.COMPLETED,
        submitted_at=NOW,
        answered_at=NOW + took_s,
        pictures=(Picture(url="https://media.example/x", state=state),),
    )


def running(job_id: str) -> Job:
    return a_job(job_id, JobStatus.PROCESSING, submitted_at=NOW)


def test_an_end_is_told_once_and_only_where_it_was_seen_to_run() -> None:
    learning = Learning()
    assert learning.take_in([ended("old"), running("new")]) == []
    assert learning.take_in([ended("new")]) == [ended("new")]
    assert learning.take_in([ended("new")]) == []


def test_a_job_whose_picture_is_still_on_its_way_has_not_ended() -> None:
    learning = Learning()
    learning.take_in([running("a")])
    assert learning.take_in([ended("a", state=PictureState.PENDING)]) == []
    assert learning.take_in([ended("a")]) == [ended("a")]


def test_a_held_job_that_is_cancelled_has_ended() -> None:
    learning = Learning()
    learning.take_in([a_job("a", JobStatus.HELD)])
    assert [job.id for job in learning.take_in([a_job("a", JobStatus.CANCELLED)])] == ["a"]


def test_durations_are_learned_once_for_each_job() -> None:
    learning = Learning()
    before = learning.estimate
    changes = []
    for _ in range(2):
        learning.take_in([ended("a", 60.0)])
        changes.append((learning.has_changed, learning.estimate))
    assert [has_changed for has_changed, _ in changes] == [True, False]
    assert changes[0][1] == changes[1][1] != before


def test_failures_teach_no_durations() -> None:
    learning = Learning()
    before = learning.estimate
    learning.take_in([a_job("a", JobStatus.FAILED, submitted_at=NOW, answered_at=NOW + 1)])
    assert not learning.has_changed
    assert learning.estimate == before
