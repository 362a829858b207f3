"""What is known of all jobs together: what the history adds to it, and what is said of each batch."""

from collections.abc import Sequence
from pathlib import Path

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.errors import SearchInterrupted
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.domain.ordering import View
from krea_tui.engine.book import JobBook
from krea_tui.engine.health import PERSON_PAUSE, Pause, PauseReason
from krea_tui.storage.threaded import ThreadedStore
from krea_tui.ui.whole import STANDS, Whole
from tests.ui.app_support import GATEWAY, NOW
from tests.ui.whole_app import numbered


def whole_of(book: JobBook, jobs: Sequence[Job] = (), *, since: float = 0.0) -> Whole:
    whole = Whole(book, GATEWAY, places=16, requests_per_s=3.0, since=since)
    book.put(jobs)
    whole.take_in(jobs, DurationEstimate((10.0,)), NOW)
    return whole


def words_of(whole: Whole, now: float = NOW) -> list[str]:
    return [outlook.words for outlook in whole.batches(now)]


async def test_what_ended_before_the_start_is_read_from_the_history_once(tmp_path: Path) -> None:
    store = ThreadedStore(tmp_path / "history.db")
    await store.open()
    try:
        stored = await store.insert(
            [numbered(n, JobStatus.COMPLETED if n < 400 else JobStatus.HELD, batch_id="b") for n in range(1, 501)]
        )
        open_jobs = [job for job in stored if job.status is JobStatus.HELD]
        whole = whole_of(JobBook(), open_jobs, since=NOW)
        [outlook] = whole.batches(NOW)
        assert (outlook.progress.ended, outlook.progress.total, whole.is_unread) == (0, 101, True)
        await whole.read(store)
        [outlook] = whole.batches(NOW)
        assert (outlook.progress.ended, outlook.progress.total, whole.is_unread) == (399, 500, False)
    finally:
        await store.aclose()


class Interrupted:
    """A history whose search is ended by a newer one, the first time."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.searches = 0

    async def order(self, view: View) -> list[int]:
        self.searches += 1
        if self.searches == 1:
            raise SearchInterrupted("a newer search")
        return [job.seq for job in self.jobs]

    async def jobs_by_seq(self, seqs: Sequence[int]) -> list[Job]:
        return [job for job in self.jobs if job.seq in seqs]


async def test_a_reading_that_was_ended_by_a_search_is_made_again() -> None:
    jobs = [numbered(1, JobStatus.COMPLETED, batch_id="b"), numbered(2, batch_id="b")]
    history = Interrupted(jobs)
    whole = whole_of(JobBook(), jobs[1:], since=NOW)
    await whole.read(history)  # type: ignore[arg-type]
    assert whole.is_unread
    await whole.read(history)  # type: ignore[arg-type]
    assert whole.batches(NOW)[0].progress.total == 2
    await whole.read(history)  # type: ignore[arg-type]
    assert history.searches == 2


async def test_nobody_is_asked_to_read_what_is_being_read() -> None:
    jobs = [numbered(1, JobStatus.COMPLETED, batch_id="b"), numbered(2, batch_id="b")]
    whole = whole_of(JobBook(), jobs[1:], since=NOW)
    seen: list[bool] = []

    class Asking(Interrupted):
        async def jobs_by_seq(self, seqs: Sequence[int]) -> list[Job]:
            seen.append(whole.is_unread)
            return await super().jobs_by_seq(seqs)

    history = Asking(jobs)
    history.searches = 1
    await whole.read(history)  # type: ignore[arg-type]
    assert (seen, whole.is_unread) == ([False], False)


def test_the_end_is_told_where_something_goes_and_the_reason_where_nothing_does() -> None:
    book = JobBook()
    whole = whole_of(book, [numbered(n, batch_id="b") for n in range(1, 61)])
    assert words_of(whole) == ["about 1 min"]
    for reason in PauseReason:
        book.health.pause = Pause(reason, "words")
        assert words_of(whole) == [STANDS[reason]]
    book.health.pause = None
    assert words_of(whole) == ["about 1 min"]


def test_what_is_at_the_gateway_ends_whatever_stands_but_for_the_gateway_itself() -> None:
    book = JobBook()
    whole = whole_of(book, [numbered(1, JobStatus.PROCESSING, batch_id="b", submitted_at=NOW - 2)])
    book.health.pause = PERSON_PAUSE
    assert words_of(whole) == ["under a minute"]
    book.health.breaker_until = NOW + 9
    assert words_of(whole) == ["gateway in trouble"]


def test_what_the_person_must_decide_is_named_beside_the_end_of_the_rest() -> None:
    jobs = [
        numbered(1, JobStatus.PROCESSING, batch_id="b", submitted_at=NOW),
        numbered(2, batch_id="b", hold_reason=HoldReason.LEFT_OVER),
        numbered(3, JobStatus.UNCONFIRMED, batch_id="b"),
        numbered(4, batch_id="held", hold_reason=HoldReason.MONEY),
    ]
    whole = whole_of(JobBook(), jobs)
    assert words_of(whole) == ["1 held", "under a minute, 1 held, 1 unconfirmed"]
    batch = whole.pulse({}, NOW).batch
    assert batch is not None
    assert (batch.ended, batch.total, batch.words, batch.others) == (0, 3, "under a minute, 1 held, 1 unconfirmed", 1)


def test_a_batch_whose_jobs_do_not_end_any_more_has_no_end_to_tell() -> None:
    whole = whole_of(JobBook(), [numbered(n, batch_id="b") for n in range(1, 61)])
    assert words_of(whole) == ["about 1 min"]
    assert words_of(whole, NOW + 119) != [""]
    assert words_of(whole, NOW + 121) == [""]


def test_without_a_batch_there_is_none_to_tell_and_the_pace_is_there_all_the_same() -> None:
    whole = whole_of(JobBook(), [numbered(n, JobStatus.COMPLETED, completed_at=NOW - n) for n in range(1, 31)])
    state = whole.pulse({JobStatus.COMPLETED: 30}, NOW)
    assert state.batch is None
    assert (sum(state.cells), state.rate) == (30, "30/min")
