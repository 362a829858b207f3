"""Queries: strict on the command line, forgiving while they are typed."""

import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.errors import UsageError
from krea_tui.domain.job import JobStatus
from krea_tui.domain.query import IS_WORDS, MAX_TERMS, parse_filter, parse_query
from krea_tui.domain.request import AspectRatio, Creativity
from krea_tui.domain.standing import Standing
from krea_tui.domain.terms import (
    Comparison,
    Costs,
    CreatedBefore,
    CreatedSince,
    HasAspectRatio,
    HasCreativity,
    HasReferences,
    HasSeed,
    HasStatus,
    HasTag,
    IdStartsWith,
    InBatch,
    Is,
    Not,
    Term,
    Word,
)
from krea_tui.domain.views import BUILT_IN

NOON = datetime(2026, 11, 22, 12, 30).astimezone().timestamp()


def at(text: str) -> float:
    return datetime.fromisoformat(text).astimezone().timestamp()


TERMS: list[tuple[str, Term]] = [
    ("Fog", Word(("fog",))),
    ('"Light house"', Word(("light", "house"))),
    ('"status:failed"', Word(("status", "failed"))),
    ("hare-fox", Word(("hare", "fox"))),
    ("https://e.org", Word(("https", "e", "org"))),
    ("-fog", Not(Word(("fog",)))),
    ('-"light house"', Not(Word(("light", "house")))),
    ("status:failed,ERROR", HasStatus((JobStatus.FAILED, JobStatus.ERROR))),
    ("-status:not_found", Not(HasStatus((JobStatus.NOT_FOUND,)))),
    ("aspect:2.35:1", HasAspectRatio(AspectRatio.CINEMA)),
    ("creativity:RAW", HasCreativity(Creativity.RAW)),
    ("seed:42", HasSeed(42)),
    ("ref:yes", HasReferences(wanted=True)),
    ("ref:no", HasReferences(wanted=False)),
    ("tag:Žluť", HasTag("žluť")),
    ("cost:>0.06", Costs(Comparison.OVER, 60_000)),
    ("cost:>=$.065", Costs(Comparison.AT_LEAST, 65_000)),
    ("cost:<1", Costs(Comparison.UNDER, 1_000_000)),
    ("cost:<=0.07", Costs(Comparison.AT_MOST, 70_000)),
    ("cost:0.07", Costs(Comparison.EXACTLY, 70_000)),
    ("cost:=0.07", Costs(Comparison.EXACTLY, 70_000)),
    ("id:3F", IdStartsWith("3f")),
    ("batch:K3F9", InBatch("k3f9")),
    ("has:image", Is(Standing.IMAGE)),
    ("needs:decision", Is(Standing.DECISION)),
    ("-is:deleted", Not(Is(Standing.DELETED))),
    ("since:12h", CreatedSince(NOON - 43_200)),
    ("since:today", CreatedSince(at("2026-11-22"))),
    ("since:yesterday", CreatedSince(at("2026-11-21"))),
    ("since:2026-11-02", CreatedSince(at("2026-11-02"))),
    ("since:2026-11-02T08:00", CreatedSince(at("2026-11-02T08:00"))),
    ("until:2026-11-02", CreatedBefore(at("2026-11-03"))),
    ("until:2026-11-02T08:00", CreatedBefore(at("2026-11-02T08:00"))),
    ("until:yesterday", CreatedBefore(at("2026-11-22"))),
    ("until:2d", CreatedBefore(NOON - 172_800)),
    *((f"is:{word}", Is(standing)) for word, standing in IS_WORDS.items()),
]


@pytest.mark.parametrize(("text", "term"), TERMS)
def test_a_term_is_read(text: str, term: Term) -> None:
    assert parse_query(text, NOON) == (term,)
    read = parse_filter(text, NOON)
    assert (read.terms, read.trouble) == ((term,), ())


def test_all_of_them_together_and_none_twice() -> None:
    text = " ".join(text for text, _ in TERMS)
    assert parse_query(f" {text}  {text} ", NOON) == tuple(dict.fromkeys(term for _, term in TERMS))
    assert parse_query("", NOON) == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour:red", "colour:"),
        ("status:", "status: one of held"),
        ("status:fails", "not fails"),
        ("status:failed,", "not nothing"),
        ("aspect:1:2", "16:9"),
        ("creativity:wild", "medium"),
        ("seed:-1", "seed"),
        ("seed:2147483648", "2147483647"),
        ("ref:maybe", "yes, no"),
        ("tag:", "no tag"),
        ("tag:a,b", "no tag"),
        ("tag:\ud800", "no tag"),
        ("cost:", "cost"),
        ("cost:>", "cost"),
        ("cost:cheap", "cost"),
        ("cost:nan", "cost"),
        ("id:*", "id"),
        ("batch:a_b", "batch"),
        ("is:good", "starred"),
        ("has:text", "image"),
        ("needs:money", "decision"),
        ("since:soon", "yesterday"),
        ("until:", "until"),
        ("%%", "no word"),
        ("-", "no word"),
        ('""', "no word"),
    ],
)
def test_what_cannot_be_read_is_refused_and_while_it_is_typed_left_out(text: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        parse_query(text, NOON)
    read = parse_filter(f"fog {text} lake", NOON)
    assert read.terms == (Word(("fog",)), Word(("lake",)))
    [trouble] = read.trouble
    assert f"fog {text} lake"[trouble.start : trouble.end] == text
    assert named in trouble.words


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("status:fa", HasStatus((JobStatus.FAILED,))),
        ("status:c", HasStatus((JobStatus.COMPLETED, JobStatus.CANCELLED))),
        ("status:comp,err", HasStatus((JobStatus.COMPLETED, JobStatus.ERROR))),
        ("aspect:16", HasAspectRatio(AspectRatio.WIDE)),
        ("creativity:h", HasCreativity(Creativity.HIGH)),
        ("is:st", Is(Standing.STARRED)),
        ("ref:y", HasReferences(wanted=True)),
        ('"light ho', Word(("light", "ho"))),
        ('-"light ho', Not(Word(("light", "ho")))),
    ],
)
def test_a_beginning_stands_for_what_begins_so_while_it_is_typed(text: str, term: Term) -> None:
    assert parse_filter(text, NOON).terms == (term,)


@pytest.mark.parametrize("text", ["is:d", "aspect:1", "is:", "cost:>", "since:", "since:2026-1", "status:x"])
def test_what_may_still_become_several_things_is_left_out_for_now(text: str) -> None:
    read = parse_filter(text, NOON)
    assert read.terms == ()
    [trouble] = read.trouble
    assert (trouble.start, trouble.end) == (0, len(text))


def test_more_terms_than_a_search_takes_are_refused() -> None:
    text = " ".join(f"word{number}" for number in range(MAX_TERMS + 1))
    with pytest.raises(UsageError, match=str(MAX_TERMS)):
        parse_query(text, NOON)
    read = parse_filter(text, NOON)
    assert len(read.terms) == MAX_TERMS
    assert text[read.trouble[0].start :] == f"word{MAX_TERMS}"


@given(st.text(), st.floats(0, 4e9))
def test_nothing_that_can_be_typed_raises(text: str, now: float) -> None:
    read = parse_filter(text, now)
    assert len(read.terms) <= MAX_TERMS
    assert all(0 <= trouble.start < trouble.end <= len(text) and trouble.words for trouble in read.trouble)


def test_today_ends_where_tomorrow_begins_on_the_day_the_clocks_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        [since] = parse_query("since:2026-10-25", NOON)
        [until] = parse_query("until:2026-10-25", NOON)
        assert isinstance(since, CreatedSince)
        assert isinstance(until, CreatedBefore)
        assert until.at - since.at == 25 * 3_600
    finally:
        monkeypatch.undo()
        time.tzset()


def test_every_built_in_view_is_a_query() -> None:
    for view in BUILT_IN:
        assert len(parse_query(view.query, NOON)) == (0 if view.name == "all" else 1)
