"""The job book: newest state only, order, counts and who is told."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.engine.book import JobBook
from tests.support.making import AT, make_job

STATUSES = st.sampled_from(JobStatus)
CHANGES = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.integers(1, 30),
        STATUSES,
        st.booleans(),
        st.booleans(),
        st.sampled_from(["bench", "else"]),
    ),
    max_size=40,
)


def changed(seq: int, revision: int, status: JobStatus, *, deleted: bool, saved: bool, profile: str) -> Job:
    state = PictureState.SAVED if saved else PictureState.PENDING
    return make_job(
        id=f"job-{seq}",
        seq=seq,
        revision=revision,
        status=status,
        profile=profile,
        deleted_at=AT if deleted else None,
        pictures=(Picture("https://e.org/a.png", state),),
    )


@given(CHANGES)
def test_counts_and_order_agree_with_the_newest_states_whatever_comes_in_whatever_order(
    changes: list[tuple[int, int, JobStatus, bool, bool, str]],
) -> None:
    book = JobBook()
    newest: dict[str, Job] = {}
    for seq, revision, status, deleted, saved, profile in changes:
        job = changed(seq, revision, status, deleted=deleted, saved=saved, profile=profile)
        book.put([job])
        if job.id not in newest or newest[job.id].revision < revision:
            newest[job.id] = job
    shown = sorted((job for job in newest.values() if job.deleted_at is None), key=lambda job: -job.seq)
    assert list(book) == shown
    assert len(book) == len(shown)
    for status in JobStatus:
        assert book.count(status) == sum(job.status is status for job in shown)
    assert book.running_count == sum(job.is_running for job in shown)
    flying = {JobStatus.SENDING, JobStatus.QUEUED, JobStatus.PROCESSING}
    for profile in ("bench", "else"):
        assert book.in_flight_count(profile) == sum(job.status in flying and job.profile == profile for job in shown)
    assert list(book.held()) == [job for job in shown if job.status is JobStatus.HELD]
    for index, job in enumerate(shown):
        assert book.index_of(job.id) == index
        assert book.row_at(index) == job
    assert book.row_at(len(shown)) is None
    assert book.revision == max((job.revision for job in newest.values()), default=0)


def test_only_what_is_new_is_told() -> None:
    book = JobBook()
    told: list[frozenset[str]] = []
    stop = book.subscribe(told.append)
    job = make_job(seq=1, revision=5)
    book.put([job])
    book.put([job, replace(job, revision=4, starred=True)])
    book.touch()
    stop()
    book.put([replace(job, revision=6)])
    assert told == [frozenset({job.id}), frozenset()]


def test_a_deleted_job_can_come_back() -> None:
    book = JobBook()
    job = make_job(seq=1, revision=1)
    book.put([job])
    book.put([replace(job, revision=2, deleted_at=AT)])
    assert (len(book), book.count(JobStatus.HELD), book.index_of(job.id)) == (0, 0, None)
    assert book.get(job.id) is not None
    book.put([replace(job, revision=3)])
    assert (len(book), book.count(JobStatus.HELD), book.index_of(job.id)) == (1, 1, 0)
