"""The history: claims are compare-and-set, money is summed inside the transaction, nothing odd finds a job."""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from krea_tui.domain.errors import (
    ImpossibleTransition,
    KreaTuiError,
    NotClaimed,
    RequestIdTaken,
    StoreError,
    UnknownJob,
)
from krea_tui.domain.events import (
    Adopted,
    DeclaredNotCharged,
    Doubted,
    Event,
    HeldBack,
    NotAccepted,
    PictureSaved,
    PutOnHold,
    Refused,
    Withdrawn,
)
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.domain.money import CapReached, DailyCap
from krea_tui.domain.request import Moodboard, Style, StyleReference
from krea_tui.storage.store import JobStore
from tests.support.making import AT, accepted, answered, claimed, completed, make_job, make_request

CAP = DailyCap(AT - 1, 150_000)


def outcomes(calls: list[Callable[[], object]]) -> list[object]:
    """Run the calls in threads that start together; their results, or the errors they raised."""
    together = threading.Barrier(len(calls))
    found: list[object] = [None] * len(calls)

    def run(index: int, call: Callable[[], object]) -> None:
        together.wait(10)
        try:
            found[index] = call()
        except KreaTuiError as error:
            found[index] = error

    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found


def test_of_two_claims_exactly_one_wins(store: JobStore, other: JobStore) -> None:
    for round_ in range(20):
        [job] = store.insert([make_job()])
        found = outcomes(
            [
                partial(store.claim, job.id, claimed(attempt_id=f"a{round_}")),
                partial(other.claim, job.id, claimed(attempt_id=f"b{round_}")),
            ]
        )
        winners = [result for result in found if isinstance(result, Job)]
        assert len(winners) == 1
        assert sum(isinstance(result, NotClaimed) for result in found) == 1
        assert store.get(job.id).attempt_id == winners[0].attempt_id


def test_claims_that_race_never_go_over_the_cap(store: JobStore, other: JobStore) -> None:
    jobs = store.insert([make_job() for _ in range(4)])
    found = outcomes(
        [
            *[lambda job=job: store.claim(job.id, claimed(attempt_id=job.id), CAP) for job in jobs[:1]],
            *[lambda job=job: other.claim(job.id, claimed(attempt_id=job.id), CAP) for job in jobs[1:2]],
        ]
    )
    found += outcomes([lambda: store.claim(jobs[2].id, claimed(attempt_id="third"), CAP)])
    assert sum(isinstance(result, Job) for result in found) == 2
    assert isinstance(found[2], CapReached)
    assert store.get(jobs[2].id).status is JobStatus.HELD


def test_the_cap_counts_what_is_on_its_way_spent_or_at_risk_but_not_what_was_refused(store: JobStore) -> None:
    first, second, third = store.insert([make_job() for _ in range(3)])
    store.claim(first.id, claimed(attempt_id="1"), CAP)
    store.apply(first.id, Doubted(AT, "no answer"))
    store.claim(second.id, claimed(attempt_id="2"), CAP)
    with pytest.raises(CapReached):
        store.claim(third.id, claimed(attempt_id="3"), CAP)
    store.apply(second.id, Refused(AT, "no"))
    store.claim(third.id, claimed(attempt_id="3"), CAP)
    store.apply(first.id, DeclaredNotCharged(AT))
    ledger = store.ledger(AT - 1, "bench")
    assert (ledger.reserved_microusd, ledger.at_risk_microusd, ledger.spent_microusd) == (60_000, 0, 0)


def test_yesterday_and_other_gateways_do_not_count(store: JobStore) -> None:
    old, elsewhere, today = store.insert([make_job(), make_job(profile="else"), make_job()])
    store.claim(old.id, claimed(AT - 100, "1"), CAP)
    store.claim(elsewhere.id, claimed(AT, "2"), CAP)
    store.claim(today.id, claimed(AT, "3"), CAP)
    assert store.ledger(AT - 1, "bench").committed_microusd == 60_000


@pytest.mark.parametrize("reason", [reason for reason in HoldReason if reason not in {"ready", "retry"}])
def test_what_is_held_for_a_reason_cannot_be_claimed(store: JobStore, reason: HoldReason) -> None:
    [job] = store.insert([make_job(hold_reason=reason)])
    with pytest.raises(NotClaimed):
        store.claim(job.id, claimed())
    assert store.get(job.id) == job


def test_what_was_withdrawn_cannot_be_claimed(store: JobStore, other: JobStore) -> None:
    [job] = store.insert([make_job()])
    other.apply(job.id, Withdrawn(AT))
    with pytest.raises(NotClaimed):
        store.claim(job.id, claimed())


def test_every_change_has_its_own_revision_and_followers_read_them_in_order(store: JobStore, other: JobStore) -> None:
    jobs = store.insert([make_job() for _ in range(3)])
    seen = store.revision()
    version = other.data_version()
    store.claim(jobs[1].id, claimed())
    other_change = other.apply(jobs[0].id, PutOnHold(HoldReason.PAUSED))
    store.apply(jobs[1].id, accepted())
    store.mark([jobs[2].id, jobs[0].id], {"starred": True})
    changes = other.changes_since(seen)
    assert [job.id for job in changes] == [jobs[1].id, jobs[2].id, jobs[0].id]
    assert [job.revision for job in changes] == sorted({job.revision for job in changes})
    assert other_change.revision < changes[-1].revision == store.revision()
    assert other.data_version() != version


def test_apply_goes_through_the_table_and_leaves_the_job_where_it_refuses(store: JobStore) -> None:
    [job] = store.insert([make_job()])
    with pytest.raises(ImpossibleTransition):
        store.apply(job.id, accepted())
    assert store.get(job.id) == job


def test_what_changes_nothing_writes_nothing(store: JobStore) -> None:
    [job] = store.insert([make_job()])
    store.claim(job.id, claimed())
    store.apply(job.id, accepted())
    done = store.apply(job.id, completed())
    saved = PictureSaved(AT + 30, 0, "2027-01/a.png", "00", 1, 1, 1)
    once = store.apply(job.id, saved)
    assert once.revision > done.revision
    assert store.apply(job.id, saved).revision == once.revision


def test_a_request_id_belongs_to_one_job(store: JobStore) -> None:
    one, two = store.insert([make_job(), make_job()])
    for job in (one, two):
        store.claim(job.id, claimed(attempt_id=job.id))
    store.apply(one.id, accepted("the-one"))
    with pytest.raises(RequestIdTaken):
        store.apply(two.id, accepted("the-one"))
    assert store.get(two.id).status is JobStatus.SENDING
    store.apply(two.id, Doubted(AT, "whose is it"))
    with pytest.raises(RequestIdTaken, match=one.id):
        store.apply(two.id, Adopted(AT, "the-one"))
    assert store.apply(two.id, Adopted(AT, "another")).request_id == "another"


def test_a_job_comes_back_as_it_went_in(store: JobStore) -> None:
    request = replace(
        make_request("Ein Fuchs, 狐 🦊\nzweite Zeile"),
        image_style_references=(StyleReference("https://e.org/a.png", -0.5),),
        styles=(Style("film", 1.25),),
        moodboards=(Moodboard("12345678-1234-1234-1234-123456789abc"),),
    )
    [job] = store.insert([make_job(request=request, retry_of="abc", batch_id="b", price_is_estimate=True)])
    store.claim(job.id, claimed())
    store.apply(job.id, accepted())
    stored = store.apply(job.id, completed())
    assert store.get(job.id) == stored
    assert stored.request == request
    assert store.open_jobs() == [stored]


def test_every_attempt_and_its_end_are_kept(store: JobStore, path: Path) -> None:
    [job] = store.insert([make_job()])
    store.claim(job.id, claimed(attempt_id="first"))
    store.apply(job.id, NotAccepted(HoldReason.READY, "429"))
    store.claim(job.id, claimed(attempt_id="second"))
    store.apply(job.id, accepted())
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT attempt_id, outcome FROM attempts ORDER BY attempt_id").fetchall()
        bodies = connection.execute("SELECT DISTINCT body FROM attempts").fetchall()
    connection.close()
    assert rows == [("first", "NotAccepted"), ("second", "Accepted")]
    assert len(bodies) == 1
    assert '"styles":[]' in bodies[0][0]


def test_a_unique_start_finds_the_job_and_an_ambiguous_one_is_refused(store: JobStore) -> None:
    store.insert([make_job(id="abcde11111"), make_job(id="abcdf22222")])
    assert store.get("abcde").id == "abcde11111"
    assert store.get(" ABCDF ").id == "abcdf22222"
    with pytest.raises(UnknownJob, match="more than one"):
        store.get("abcd")
    with pytest.raises(UnknownJob, match="no job"):
        store.get("abcde111112")


@pytest.mark.parametrize(
    "odd", ["", " ", "*", "-", "?", "[a-z]*", "a*", "ab-cde", "abc\x00", "\ud800", "' OR 1=1 --", "é"]
)
def test_nothing_but_an_id_s_characters_finds_a_job(store: JobStore, odd: str) -> None:
    store.insert([make_job(id="abcde11111")])
    with pytest.raises(UnknownJob):
        store.get(odd)


def test_an_id_that_is_taken_is_drawn_anew(store: JobStore) -> None:
    [first] = store.insert([make_job(id="abcde11111")])
    [second] = store.insert([make_job(id="abcde11111")])
    assert first.id != second.id
    assert store.count() == 2


def test_many_are_inserted_all_or_none(store: JobStore) -> None:
    with pytest.raises(StoreError):
        store.insert([make_job(), replace(make_job(), profile=None)])  # type: ignore[arg-type]
    assert store.count() == 0


def test_pages_go_back_without_gaps_or_deleted_jobs(store: JobStore) -> None:
    jobs = store.insert([make_job() for _ in range(7)])
    store.mark([jobs[3].id], {"deleted_at": AT})
    first = store.latest(3)
    second = store.latest(3, before_seq=first[-1].seq)
    assert [job.id for job in (*first, *second)] == [jobs[i].id for i in (6, 5, 4, 2, 1, 0)]


def test_an_answer_without_news_still_counts_as_a_check(store: JobStore) -> None:
    [job] = store.insert([make_job()])
    store.claim(job.id, claimed())
    store.apply(job.id, accepted())
    assert store.apply(job.id, answered("QUEUED")).last_checked_at == AT + 10


def test_an_event_for_many_is_one_commit_and_leaves_out_who_cannot_take_it(store: JobStore, other: JobStore) -> None:
    jobs = store.insert([make_job() for _ in range(4)])
    store.claim(jobs[1].id, claimed())
    versions = {other.data_version()}
    moved = store.apply_all([*(job.id for job in jobs), "nobody", jobs[0].id], HeldBack(AT))
    versions.add(other.data_version())
    assert len(versions) == 2
    assert [job.id for job in moved] == [jobs[index].id for index in (0, 2, 3)]
    assert {store.get(job.id).hold_reason for job in moved} == {HoldReason.PAUSED}
    assert store.get(jobs[1].id).status is JobStatus.SENDING
    assert len({job.revision for job in moved}) == 3
    marked = store.mark([job.id for job in jobs], {"tags": ("keep",), "priority": 2})
    assert [(job.tags, job.priority) for job in other.jobs_by_seq([job.seq for job in jobs])] == [(("keep",), 2)] * 4
    assert [store.get(job.id) for job in marked] == marked


def test_of_many_none_is_moved_where_the_disk_fails_at_one(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = store.insert([make_job() for _ in range(3)])
    real, calls = store._end_attempt, []

    def fail(job: Job, event: Event) -> None:
        calls.append(job.id)
        if len(calls) == 3:
            raise sqlite3.OperationalError("disk I/O error")
        real(job, event)

    monkeypatch.setattr(store, "_end_attempt", fail)
    with pytest.raises(StoreError):
        store.apply_all([job.id for job in jobs], Withdrawn(AT))
    assert [store.get(job.id) for job in jobs] == jobs
