"""How far batches are: every change counted once, what is over forgotten, what waits before them reckoned in."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.batches import Batches, BatchProgress, Phase, phase_of
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from tests.support.making import AT, make_job

SAVED = (Picture("https://media.example/1", PictureState.SAVED),)
LOST = (Picture("https://media.example/1", PictureState.LOST),)


def job(seq: int, status: JobStatus = JobStatus.HELD, batch_id: str | None = "b", **changes: object) -> Job:
    fields: dict[str, object] = {
        "id": f"j{seq:09d}",
        "seq": seq,
        "revision": seq,
        "batch_id": batch_id,
        "status": status,
        "hold_reason": HoldReason.READY if status is JobStatus.HELD else None,
        "pictures": SAVED if status is JobStatus.COMPLETED else (),
    }
    return make_job(**(fields | changes))


def known(*jobs: Job, since: float = AT) -> Batches:
    batches = Batches("bench", since)
    batches.take_in(jobs)
    return batches


def the_one(batches: Batches) -> BatchProgress:
    [progress] = batches.under_way()
    return progress


def test_each_job_is_where_it_stands() -> None:
    progress = the_one(
        known(
            job(1, JobStatus.COMPLETED),
            job(2, JobStatus.COMPLETED, pictures=LOST),
            job(3, JobStatus.ERROR),
            job(4, JobStatus.PROCESSING, submitted_at=AT + 9),
            job(5, JobStatus.COMPLETED, pictures=(Picture("https://media.example/1"),), submitted_at=AT + 3),
            job(6),
            job(7, hold_reason=HoldReason.PAUSED),
            job(8, JobStatus.UNCONFIRMED),
            job(9, JobStatus.UNCONFIRMED, settled_at=AT),
            job(10, JobStatus.CANCELLED),
            job(11, deleted_at=AT),
        )
    )
    assert (progress.done, progress.failed, progress.running) == (1, 3, 2)
    assert (progress.waiting, progress.held, progress.undecided) == (1, 1, 1)
    assert (progress.ended, progress.total, progress.youngest_at) == (4, 9, AT + 9)
    assert progress.is_going
    assert progress.is_whole


def test_a_job_that_moves_is_counted_once_and_an_older_state_of_it_is_left_out() -> None:
    batches = known(job(1), job(2))
    done = job(1, JobStatus.COMPLETED, revision=7)
    batches.take_in([done, done])
    batches.take_in([job(1, revision=3)])
    progress = the_one(batches)
    assert (progress.done, progress.waiting, progress.total) == (1, 1, 2)


def test_what_is_over_is_forgotten_and_read_again_if_it_goes_on() -> None:
    batches = known(job(1), job(2, JobStatus.NOT_FOUND))
    batches.take_in([job(1, JobStatus.COMPLETED, revision=8)])
    assert batches.under_way() == []
    assert batches._jobs == {}
    batches.take_in([job(2, JobStatus.PROCESSING, revision=9)])
    assert batches.unread == {"b"}
    assert not the_one(batches).is_whole
    batches.learn("b", [job(1, JobStatus.COMPLETED, revision=8), job(2, JobStatus.NOT_FOUND)])
    assert batches.unread == frozenset()
    assert (the_one(batches).ended, the_one(batches).total) == (1, 2)


def test_what_is_older_than_this_session_may_have_jobs_that_nobody_told() -> None:
    assert known(job(1), since=AT + 1).unread == {"b"}
    assert known(job(1), since=AT).unread == frozenset()


def test_the_newest_batch_comes_first_and_is_named_after_its_first_job() -> None:
    first = [job(seq, batch_id="one") for seq in (1, 2)]
    second = [replace(job(seq, batch_id="two"), request=replace(job(9).request, prompt=f"p{seq}")) for seq in (5, 4)]
    found = known(*first, *second).under_way()
    assert [(progress.batch_id, progress.total) for progress in found] == [("two", 2), ("one", 2)]
    assert found[0].prompt == "p4"


def test_what_is_sent_before_the_last_of_a_batch_is_ahead_of_its_end() -> None:
    single = job(1, batch_id=None)
    batches = known(
        single, job(2, batch_id="one"), job(3, batch_id="two"), job(4, batch_id="two"), job(5, batch_id=None)
    )
    assert {progress.batch_id: progress.ahead for progress in batches.under_way()} == {"one": 2, "two": 4}
    batches.take_in([job(3, batch_id="two", priority=5, revision=20), job(4, batch_id="two", priority=5, revision=21)])
    assert {progress.batch_id: progress.ahead for progress in batches.under_way()} == {"one": 4, "two": 2}
    batches.take_in([replace(single, status=JobStatus.SENDING, hold_reason=None, revision=22)])
    assert {progress.batch_id: progress.ahead for progress in batches.under_way()} == {"one": 3, "two": 2}
    assert batches.waiting_count == 4


def test_jobs_of_another_gateway_are_none_of_it() -> None:
    assert known(job(1, profile="elsewhere")).under_way() == []


def by_id(batches: Batches) -> dict[str, BatchProgress]:
    return {progress.batch_id: progress for progress in batches.under_way()}


states = st.sampled_from(
    [
        {"status": JobStatus.HELD, "hold_reason": HoldReason.READY},
        {"status": JobStatus.HELD, "hold_reason": HoldReason.MONEY},
        {"status": JobStatus.SENDING},
        {"status": JobStatus.PROCESSING},
        {"status": JobStatus.UNCONFIRMED},
        {"status": JobStatus.COMPLETED, "pictures": SAVED},
        {"status": JobStatus.FAILED},
        {"status": JobStatus.CANCELLED},
        {"deleted_at": AT},
        {"priority": 3},
    ]
)


@given(st.lists(st.tuples(st.integers(1, 12), states), max_size=60))
def test_counting_changes_is_counting_anew(changes: list[tuple[int, dict[str, object]]]) -> None:
    jobs = {seq: job(seq, batch_id=None if seq % 4 == 0 else f"b{seq % 3}") for seq in range(1, 13)}
    batches = known(*jobs.values())
    for number, (seq, state) in enumerate(changes):
        jobs[seq] = replace(jobs[seq], hold_reason=None, revision=100 + number)
        jobs[seq] = replace(jobs[seq], **state)  # type: ignore[arg-type]
        batches.take_in([jobs[seq]])
    for progress in batches.under_way():
        batches.learn(progress.batch_id, [one for one in jobs.values() if one.batch_id == progress.batch_id])
    anew = known(*jobs.values())
    assert by_id(batches) == by_id(anew)
    alive = [one for one in jobs.values() if one.deleted_at is None]
    assert batches.waiting_count == sum(phase_of(one) is Phase.WAITING for one in alive)
