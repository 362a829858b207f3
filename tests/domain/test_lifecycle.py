"""The table of states and events, whole: each pair has a result or is impossible and changes nothing."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krea_tui.domain.errors import ImpossibleTransition
from krea_tui.domain.events import (
    Accepted,
    Adopted,
    Claimed,
    DeclaredNotCharged,
    Doubted,
    Event,
    HeldBack,
    NotAccepted,
    PictureDelayed,
    PictureLost,
    PictureSaved,
    PictureWanted,
    PutOnHold,
    Refused,
    Released,
    SentAgain,
    StatusDenied,
    StatusRead,
    Withdrawn,
)
from krea_tui.domain.job import Charge, HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.lifecycle import advance, can_take
from tests.support.making import AT, accepted, answered, claimed, completed, make_job

S = JobStatus
POLLED = (S.QUEUED, S.PROCESSING, S.COMPLETED, S.NOT_FOUND)
SAVED = PictureSaved(AT + 30, 0, "2027-01/a.png", "ab" * 32, 10, 4, 3)

EVENTS: tuple[Event, ...] = (
    claimed(),
    NotAccepted(HoldReason.MONEY, "402", 5.0),
    accepted(),
    Refused(AT, "bad"),
    Doubted(AT, "no answer"),
    answered("PROCESSING"),
    StatusDenied(AT + 5),
    SAVED,
    PictureDelayed(0, "503", AT + 60),
    PictureLost(AT + 40, 0, "404"),
    PictureWanted(0),
    Withdrawn(AT),
    PutOnHold(HoldReason.CAP),
    HeldBack(AT),
    Released("2-bbbb"),
    Adopted(AT, "adopted"),
    DeclaredNotCharged(AT),
    SentAgain(AT, "successor1"),
)

# The table once more, by hand: what each event makes of each state that can take it.
TABLE: dict[type[Event], dict[JobStatus, JobStatus]] = {
    Claimed: {S.HELD: S.SENDING},
    NotAccepted: {S.SENDING: S.HELD},
    Accepted: {S.SENDING: S.QUEUED, S.UNCONFIRMED: S.QUEUED},
    Refused: {S.SENDING: S.REJECTED},
    Doubted: {S.SENDING: S.UNCONFIRMED},
    StatusRead: {
        S.QUEUED: S.PROCESSING,
        S.PROCESSING: S.PROCESSING,
        S.NOT_FOUND: S.PROCESSING,
        S.COMPLETED: S.COMPLETED,
    },
    StatusDenied: {status: status for status in POLLED},
    PictureSaved: {S.COMPLETED: S.COMPLETED},
    PictureDelayed: {S.COMPLETED: S.COMPLETED},
    PictureLost: {S.COMPLETED: S.COMPLETED},
    PictureWanted: {S.COMPLETED: S.COMPLETED},
    Withdrawn: {S.HELD: S.CANCELLED},
    PutOnHold: {S.HELD: S.HELD},
    HeldBack: {S.HELD: S.HELD},
    Released: {S.HELD: S.HELD},
    Adopted: {S.UNCONFIRMED: S.QUEUED},
    DeclaredNotCharged: {S.UNCONFIRMED: S.REJECTED},
    SentAgain: {S.UNCONFIRMED: S.UNCONFIRMED},
}


def job_in(status: JobStatus) -> Job:
    """A job as it really gets into this state."""
    held = make_job()
    sending = advance(held, claimed())
    queued = advance(sending, accepted())
    ways = {
        S.HELD: held,
        S.SENDING: sending,
        S.UNCONFIRMED: advance(sending, Doubted(AT, "no answer")),
        S.REJECTED: advance(sending, Refused(AT, "bad")),
        S.QUEUED: queued,
        S.PROCESSING: advance(queued, answered("PROCESSING")),
        S.COMPLETED: advance(queued, completed()),
        S.FAILED: advance(queued, answered("FAILED", error="nsfw")),
        S.ERROR: advance(queued, answered("ERROR", error="oops")),
        S.NOT_FOUND: denied(queued, 0, 300, 600),
        S.CANCELLED: advance(held, Withdrawn(AT)),
    }
    return ways[status]


def denied(job: Job, *after_s: float) -> Job:
    for seconds in after_s:
        job = advance(job, StatusDenied(AT + 100 + seconds))
    return job


def test_every_kind_of_event_is_tested() -> None:
    assert {type(event) for event in EVENTS} == set(TABLE) == set(Event.__args__)


@pytest.mark.parametrize("status", S)
def test_the_ways_into_the_states_lead_there(status: JobStatus) -> None:
    assert job_in(status).status is status


@pytest.mark.parametrize(
    ("status", "event"), itertools.product(S, EVENTS), ids=lambda v: getattr(v, "value", type(v).__name__)
)
def test_every_pair_of_state_and_event(status: JobStatus, event: Event) -> None:
    job = job_in(status)
    before = replace(job)
    expected = TABLE[type(event)].get(status)
    assert can_take(job, type(event)) is (expected is not None)
    if expected is None:
        with pytest.raises(ImpossibleTransition):
            advance(job, event)
    else:
        assert advance(job, event).status is expected
    assert job == before


@pytest.mark.parametrize("reason", [reason for reason in HoldReason if reason not in {"ready", "retry"}])
def test_what_is_held_for_a_reason_is_not_claimed(reason: HoldReason) -> None:
    job = advance(make_job(), PutOnHold(reason))
    with pytest.raises(ImpossibleTransition):
        advance(job, claimed())
    assert advance(advance(job, Released("2-bbbb")), claimed()).status is S.SENDING


def test_a_claim_names_attempt_time_and_key() -> None:
    job = advance(make_job(), claimed())
    assert (job.attempt_id, job.attempted_at, job.key_fingerprint, job.hold_reason) == ("attempt-1", AT, "print", None)


def test_what_was_not_accepted_is_held_again_and_counts_for_nothing() -> None:
    job = advance(job_in(S.SENDING), NotAccepted(HoldReason.RETRY, "no connection", AT + 7))
    assert (job.hold_reason, job.not_before, job.not_sent_count, job.attempted_at) == (
        HoldReason.RETRY,
        AT + 7,
        1,
        None,
    )
    assert job.charge is Charge.HELD
    released = advance(job, Released("2-bbbb"))
    assert (released.hold_reason, released.not_before, released.accepted_by) == (HoldReason.READY, 0.0, "2-bbbb")


@pytest.mark.parametrize(("word", "status", "shown"), [("QUEUED", S.QUEUED, "QUEUED"), ("WARM", S.PROCESSING, "WARM")])
def test_the_gateway_s_word_is_shown_as_it_came(word: str, status: JobStatus, shown: str) -> None:
    job = advance(job_in(S.QUEUED), answered(word))
    assert (job.status, job.status_word) == (status, shown)


@pytest.mark.parametrize("request_id", ["", "a/b", "a b", "x" * 201, "../up"])
def test_an_adopted_id_must_be_one(request_id: str) -> None:
    with pytest.raises(ImpossibleTransition):
        advance(job_in(S.UNCONFIRMED), Adopted(AT, request_id))


def test_what_was_adopted_is_believed_once_the_gateway_has_answered_for_it() -> None:
    adopted = advance(job_in(S.UNCONFIRMED), Adopted(AT, "adopted"))
    assert (adopted.status, adopted.request_id, adopted.adopted_at) == (S.QUEUED, "adopted", AT)
    confirmed = advance(adopted, answered("PROCESSING"))
    assert (confirmed.status, confirmed.adopted_at) == (S.PROCESSING, None)
    assert denied(confirmed, 0, 300, 600).status is S.NOT_FOUND


def test_an_adopted_id_that_the_gateway_denies_leaves_the_job_at_once_as_unconfirmed_as_it_was() -> None:
    adopted = advance(job_in(S.UNCONFIRMED), Adopted(AT, "adopted"))
    doubted = denied(adopted, 0)
    assert (doubted.status, doubted.request_id, doubted.needs_decision) == (S.UNCONFIRMED, None, True)
    assert "adopted" in (doubted.error or "")
    assert advance(doubted, Adopted(AT, "right")).request_id == "right"


@pytest.mark.parametrize("event", [DeclaredNotCharged(AT), SentAgain(AT, "successor1")])
def test_a_request_id_proves_the_person_s_word_wrong_and_nothing_else_moves_a_settled_job(event: Event) -> None:
    settled = advance(job_in(S.UNCONFIRMED), event)
    assert (settled.needs_decision, settled.is_active) == (False, False)
    assert settled.charge is (Charge.NONE if settled.status is S.REJECTED else Charge.AT_RISK)
    for again in (SentAgain(AT, "successor2"), Released("2-bbbb"), claimed(), Withdrawn(AT)):
        with pytest.raises(ImpossibleTransition):
            advance(settled, again)
    for proof in (accepted("late"), Adopted(AT, "late")):
        reopened = advance(settled, proof)
        assert (reopened.status, reopened.request_id, reopened.settled_at) == (S.QUEUED, "late", None)
        assert reopened.completed_at is None


@pytest.mark.parametrize(
    ("after_s", "status"),
    [
        ((0,), S.QUEUED),
        ((0, 1, 2, 3, 4), S.QUEUED),
        ((0, 700), S.QUEUED),
        ((0, 300, 599.9), S.QUEUED),
        ((0, 300, 600), S.NOT_FOUND),
        ((0, 1, 2, 600), S.NOT_FOUND),
    ],
)
def test_not_found_needs_three_denials_over_ten_minutes(after_s: tuple[float, ...], status: JobStatus) -> None:
    assert denied(job_in(S.QUEUED), *after_s).status is status


def test_an_answer_in_between_begins_the_denials_anew() -> None:
    job = denied(job_in(S.QUEUED), 0, 300)
    job = advance(job, answered("QUEUED", AT + 500))
    assert (job.denials, job.denied_since) == (0, None)
    assert denied(job, 900).status is S.QUEUED


def test_an_answer_reopens_what_was_not_found() -> None:
    assert advance(job_in(S.NOT_FOUND), completed(AT + 9_000)).status is S.COMPLETED


@pytest.mark.parametrize("word", ["QUEUED", "PROCESSING", "FAILED", "ERROR", "WARM"])
def test_completed_with_a_picture_is_never_taken_back(word: str) -> None:
    job = advance(job_in(S.COMPLETED), answered(word, AT + 60))
    assert job.status is S.COMPLETED
    assert len(job.pictures) == 1


@pytest.mark.parametrize(
    "event",
    [completed(AT + 700, ()), answered("PROCESSING", AT + 700), StatusDenied(AT + 700)],
    ids=["empty", "back", "404"],
)
def test_completed_without_a_url_gives_up_after_ten_minutes_whatever_comes(event: Event) -> None:
    job = advance(job_in(S.QUEUED), completed(AT + 20, ()))
    assert (job.is_saving, job.is_polled, job.charge) == (True, True, Charge.SPENT)
    assert advance(job, answered("COMPLETED", AT + 600)).gave_up_at is None
    given_up = advance(job, event)
    assert (given_up.gave_up_at, given_up.is_saving, given_up.is_polled) == (AT + 700, False, False)
    assert given_up.charge is Charge.AT_RISK
    assert not given_up.is_done
    late = advance(given_up, completed(AT + 800))
    assert (late.charge, late.gave_up_at, late.is_saving) == (Charge.SPENT, None, True)


def test_a_job_is_done_when_every_picture_is_saved_or_lost() -> None:
    job = advance(job_in(S.QUEUED), completed(urls=("https://e.org/1", "https://e.org/2")))
    assert (job.is_done, job.is_saving, job.completed_at) == (False, True, None)
    job = advance(job, SAVED)
    assert not job.is_done
    lost = advance(job, PictureLost(AT + 50, 1, "404"))
    assert (lost.is_done, lost.is_saving, lost.completed_at, lost.error) == (
        True,
        False,
        AT + 50,
        "1 of 2 pictures lost",
    )
    wanted = advance(lost, PictureWanted(1))
    assert (wanted.is_done, wanted.is_saving, wanted.pending_pictures) == (False, True, (1,))
    whole = advance(wanted, replace(SAVED, index=1))
    assert (whole.is_done, whole.error, whole.picture_path) == (True, None, "2027-01/a.png")


def test_what_is_saved_is_neither_delayed_nor_lost_nor_wanted() -> None:
    saved = advance(job_in(S.COMPLETED), SAVED)
    for event in (PictureDelayed(0, "503", AT), PictureLost(AT, 0, "404"), PictureWanted(0)):
        assert advance(saved, event) == saved


def test_a_later_answer_brings_fresh_urls_for_what_is_missing_only() -> None:
    job = advance(job_in(S.QUEUED), completed(urls=("https://e.org/1", "https://e.org/2")))
    job = advance(advance(job, SAVED), completed(urls=("https://e.org/new1", "https://e.org/new2", "https://e.org/3")))
    assert [picture.url for picture in job.pictures] == ["https://e.org/1", "https://e.org/new2"]


@pytest.mark.parametrize("index", [-1, 1, 99])
@pytest.mark.parametrize("make", [lambda i: replace(SAVED, index=i), lambda i: PictureLost(AT, i, ""), PictureWanted])
def test_a_picture_that_is_not_there_is_impossible(index: int, make: object) -> None:
    with pytest.raises(ImpossibleTransition):
        advance(job_in(S.COMPLETED), make(index))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("status", "charge"),
    [
        (S.HELD, Charge.HELD),
        (S.SENDING, Charge.RESERVED),
        (S.UNCONFIRMED, Charge.AT_RISK),
        (S.REJECTED, Charge.NONE),
        (S.QUEUED, Charge.RESERVED),
        (S.PROCESSING, Charge.RESERVED),
        (S.COMPLETED, Charge.SPENT),
        (S.FAILED, Charge.AT_RISK),
        (S.ERROR, Charge.NONE),
        (S.NOT_FOUND, Charge.AT_RISK),
        (S.CANCELLED, Charge.NONE),
    ],
)
def test_what_every_state_means_for_the_wallet(status: JobStatus, charge: Charge) -> None:
    assert job_in(status).charge is charge


TIMES = st.floats(AT, AT + 5_000)
WORDS = st.sampled_from(["QUEUED", "PROCESSING", "COMPLETED", "FAILED", "ERROR", "WARM", "CANCELED"])
URLS = st.lists(st.sampled_from(["https://e.org/1", "https://e.org/2"]), max_size=2).map(tuple)
INDEX = st.integers(-1, 2)
ANY_EVENT: st.SearchStrategy[Event] = st.one_of(
    st.builds(Claimed, TIMES, st.text("ab", min_size=1, max_size=3), st.just("print")),
    st.builds(NotAccepted, st.sampled_from(HoldReason), st.just("no"), TIMES),
    st.builds(accepted, st.sampled_from(["r1", "r2"]), TIMES),
    st.builds(Refused, TIMES, st.just("bad")),
    st.builds(Doubted, TIMES, st.just("?")),
    st.builds(lambda word, at, urls: answered(word, at, media_urls=urls), WORDS, TIMES, URLS),
    st.builds(StatusDenied, TIMES),
    st.builds(lambda at, i: replace(SAVED, at=at, index=i), TIMES, INDEX),
    st.builds(PictureDelayed, INDEX, st.just("503"), TIMES),
    st.builds(PictureLost, TIMES, INDEX, st.just("404")),
    st.builds(PictureWanted, INDEX),
    st.builds(Withdrawn, TIMES),
    st.builds(PutOnHold, st.sampled_from(HoldReason)),
    st.builds(HeldBack, TIMES),
    st.builds(Released, st.just("2-bbbb")),
    st.builds(Adopted, TIMES, st.sampled_from(["r3", "bad id"])),
    st.builds(DeclaredNotCharged, TIMES),
    st.builds(SentAgain, TIMES, st.just("successor1")),
)
FREE = {Charge.NONE, Charge.HELD}


@settings(max_examples=400)
@given(st.lists(ANY_EVENT, max_size=40), st.sampled_from(JobStatus))
def test_no_sequence_of_events_breaks_what_must_hold(events: list[Event], start: JobStatus) -> None:
    job = job_in(start)
    for event in events:
        try:
            moved = advance(job, event)
        except ImpossibleTransition:
            continue
        assert_step(job, moved, event)
        job = moved


def assert_step(job: Job, moved: Job, event: Event) -> None:
    was_adopted = job.adopted_at is not None and moved.status is S.UNCONFIRMED
    if job.request_id is not None and not was_adopted:
        assert moved.request_id == job.request_id, "a request id is never lost or changed"
    if job.status in {S.UNCONFIRMED, S.QUEUED, S.PROCESSING, S.COMPLETED, S.NOT_FOUND}:
        assert moved.status not in {S.HELD, S.SENDING, S.CANCELLED}, "what may be charged is never sent again"
    if job.status in {S.REJECTED, S.FAILED, S.ERROR, S.CANCELLED} and job.settled_at is None:
        assert moved == job, "an end is an end"
    for before, after in zip(job.pictures, moved.pictures, strict=False):
        if before.state is PictureState.SAVED:
            assert (after.state, bool(after.path)) == (PictureState.SAVED, True)
    assert len(moved.pictures) >= len(job.pictures)
    assert (moved.hold_reason is not None) == (moved.status is S.HELD)
    assert moved.is_done == (
        moved.status is S.COMPLETED and bool(moved.pictures) and all(settled(picture) for picture in moved.pictures)
    )
    if moved.is_done:
        assert moved.completed_at is not None
    if moved.charge not in FREE:
        assert moved.attempted_at is not None, "what costs has an attempt behind it"
    if moved.is_polled:
        assert moved.request_id is not None
    if isinstance(event, StatusRead | StatusDenied):
        assert moved.last_checked_at == event.at
        assert moved.recheck_at is None


def settled(picture: Picture) -> bool:
    return picture.state in {PictureState.SAVED, PictureState.LOST}
