"""Standings, tags and orders: what is asked of a job beside its fields."""

import pytest

from krea_tui.domain.errors import UsageError
from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.domain.matching import matches
from krea_tui.domain.ordering import (
    ASPECT_RATIO_RANK,
    NEWEST_FIRST,
    STATUS_RANK,
    Ordering,
    SortKey,
    duration_s,
    usual_ordering,
)
from krea_tui.domain.query import parse_query
from krea_tui.domain.standing import Standing, standing_of
from krea_tui.domain.tags import MAX_TAGS, tags_of
from krea_tui.domain.views import SavedView, views_from_text, views_to_text
from tests.support.making import AT, make_job

S = JobStatus
SAVED = Picture("u", PictureState.SAVED, "2026-11/a.png")
LOST = Picture("u", PictureState.LOST)
PENDING = Picture("u")


@pytest.mark.parametrize(
    ("job", "standing"),
    [
        (make_job(), Standing.ACTIVE | Standing.HELD),
        (make_job(status=S.SENDING), Standing.ACTIVE | Standing.RUNNING),
        (make_job(status=S.QUEUED), Standing.ACTIVE | Standing.RUNNING),
        (make_job(status=S.UNCONFIRMED), Standing.ACTIVE | Standing.DECISION),
        (make_job(status=S.UNCONFIRMED, settled_at=AT), Standing(0)),
        (make_job(status=S.REJECTED), Standing.FAILED),
        (make_job(status=S.FAILED), Standing.FAILED),
        (make_job(status=S.NOT_FOUND, request_id="r"), Standing.FAILED),
        (make_job(status=S.CANCELLED), Standing(0)),
        (make_job(status=S.COMPLETED), Standing.ACTIVE | Standing.RUNNING),
        (make_job(status=S.COMPLETED, gave_up_at=AT), Standing.FAILED),
        (make_job(status=S.COMPLETED, pictures=(SAVED,)), Standing.DONE | Standing.IMAGE),
        (make_job(status=S.COMPLETED, pictures=(SAVED, LOST)), Standing.DONE | Standing.IMAGE),
        (make_job(status=S.COMPLETED, pictures=(LOST,)), Standing.FAILED),
        (
            make_job(status=S.COMPLETED, pictures=(SAVED, PENDING)),
            Standing.ACTIVE | Standing.RUNNING | Standing.IMAGE,
        ),
        (
            make_job(status=S.CANCELLED, starred=True, muted=True, deleted_at=AT),
            Standing.STARRED | Standing.MUTED | Standing.DELETED,
        ),
    ],
)
def test_a_job_stands_so(job: Job, standing: Standing) -> None:
    assert Standing(standing_of(job)) == standing


def test_the_numbers_that_histories_keep_stay_what_they_are() -> None:
    assert [standing.value for standing in Standing] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]


def test_the_deleted_show_only_in_the_trash() -> None:
    deleted = make_job(deleted_at=AT)
    assert matches((), make_job())
    assert not matches((), deleted)
    assert not matches(parse_query("-is:deleted", AT), deleted)
    assert matches(parse_query("is:deleted fog", AT), deleted)
    assert not matches(parse_query("is:deleted", AT), make_job())


def test_tags_are_folded_and_each_is_there_once() -> None:
    assert tags_of(["Keep", "keep", "ＷＩＤＥ", "e\u0301té", "A'b\\c"]) == ("keep", "wide", "été", "a'b\\c")
    assert tags_of([]) == ()


@pytest.mark.parametrize("word", ["", " ", "two words", "a,b", "a:b", 'a"b', "x" * 41, "\x00", "\x1b[31m", "\ud800"])
def test_what_cannot_be_a_tag_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="no tag"):
        tags_of(["fine", word])


def test_a_job_takes_only_so_many_tags() -> None:
    words = [f"tag{number}" for number in range(MAX_TAGS + 1)]
    assert len(tags_of(words[:MAX_TAGS])) == MAX_TAGS
    with pytest.raises(UsageError, match=str(MAX_TAGS)):
        tags_of(words)


def test_every_value_has_its_rank() -> None:
    assert sorted(STATUS_RANK) == sorted(JobStatus)
    assert ASPECT_RATIO_RANK[0].value == "9:16"
    assert ASPECT_RATIO_RANK[-1].value == "2.35:1"
    assert usual_ordering(SortKey.CREATED) == NEWEST_FIRST
    assert usual_ordering(SortKey.PROMPT).reversed() == Ordering(SortKey.PROMPT, descending=True)


@pytest.mark.parametrize(
    ("submitted_at", "completed_at", "seconds"),
    [(None, None, None), (AT, None, None), (None, AT, None), (AT, AT + 31.5, 31.5), (AT, AT - 5, 0.0)],
)
def test_a_duration_needs_both_ends(submitted_at: float | None, completed_at: float | None, seconds: float) -> None:
    assert duration_s(make_job(submitted_at=submitted_at, completed_at=completed_at)) == seconds


def test_views_are_kept_as_text_and_what_we_did_not_write_is_left_out() -> None:
    views = (SavedView("mine", 'is:starred "a b"'), SavedView("日", ""))
    assert views_from_text(views_to_text(views)) == views
    for text in ("", "{", "null", "7", "[1, [2], [3, 4], null]", "[" * 100_000):
        assert views_from_text(text) == ()
    assert views_from_text('[["a", "x"], ["a", "y"], ["b"], ["c", 1]]') == (SavedView("a", "x"),)
