"""What is said of jobs that end: one by one, or a batch as a whole."""

from dataclasses import replace

from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.ui.messages import BatchEnded, JobEnded
from krea_tui.ui.notices import Notices
from tests.ui.app_support import a_job


def notices(*under_way: str) -> tuple[Notices, set[str]]:
    """Notices, and the batches of which something is still to come."""
    going = set(under_way)
    return Notices(going.__contains__), going


def done_job(job_id: str) -> Job:
    picture = Picture("https://media.example/a.png", PictureState.SAVED, "a.png")
    return a_job(job_id, JobStatus.COMPLETED, pictures=(picture,))


def of_batch(job: Job, batch_id: str = "batch00001") -> Job:
    return replace(job, batch_id=batch_id)


def test_a_job_by_itself_is_told_unless_it_is_seen_muted_or_withdrawn() -> None:
    told, _ = notices()
    job = done_job("done000001")
    assert isinstance(told.of(job, is_seen=False), JobEnded)
    assert told.of(job, is_seen=True) is None
    assert told.of(replace(job, muted=True), is_seen=False) is None
    assert told.of(a_job("gone000001", JobStatus.CANCELLED), is_seen=False) is None


def test_a_batch_is_told_once_when_it_is_over() -> None:
    told, going = notices("batch00001")
    for number in range(9):
        assert told.of(of_batch(done_job(f"done00000{number}")), is_seen=False) is None
    first = told.of(of_batch(a_job("fail000001")), is_seen=False)
    assert isinstance(first, JobEnded), "the first failure is told at once"
    assert told.of(of_batch(a_job("fail000002")), is_seen=False) is None
    assert told.of(of_batch(a_job("gone000001", JobStatus.CANCELLED)), is_seen=False) is None
    going.clear()
    last = told.of(of_batch(done_job("done000010")), is_seen=True)
    assert isinstance(last, BatchEnded)
    assert (last.done, last.failed) == (10, 2)


def test_a_batch_that_was_withdrawn_or_muted_says_nothing() -> None:
    told, going = notices("batch00001")
    assert told.of(of_batch(replace(done_job("done000001"), muted=True)), is_seen=False) is None
    going.clear()
    assert told.of(of_batch(a_job("gone000001", JobStatus.CANCELLED)), is_seen=False) is None


def test_what_is_left_of_a_batch_is_told_as_the_job_it_is() -> None:
    told, _ = notices()
    assert isinstance(told.of(of_batch(done_job("done000001")), is_seen=False), JobEnded)
