"""What a filter's term may become: keys, values, and that taking any of it leaves the rest alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.completion import Completion, Known, complete, terms_in
from krea_tui.domain.job import JobStatus
from krea_tui.domain.query import HAS_WORDS, IS_WORDS, KEYS, NEEDS_WORDS, parse_filter
from krea_tui.domain.request import AspectRatio, Creativity

NOW = 1_795_356_200.0
KNOWN = Known(tags=("fog", "night", "client-a", "straße"))


def offered(text: str, cursor: int | None = None) -> list[str]:
    """What stands in the line after each completion, the cursor as a bar."""
    found = []
    for completion in complete(text, len(text) if cursor is None else cursor, KNOWN):
        after, at = completion.apply(text)
        found.append(f"{after[:at]}|{after[at:]}")
    return found


def words_of_key(key: str) -> list[str]:
    return [each.insert.strip() for each in complete(f"{key}:", len(key) + 1, KNOWN)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("st", ["status:|"]),
        ("-st", ["-status:|"]),
        ("fog se", ["fog seed:|"]),
        ("status:fa", ["status:failed |"]),
        ("STATUS:Fa", ["STATUS:failed |"]),
        ("-status:fa", ["-status:failed |"]),
        ("status:held,re", ["status:held,rejected |"]),
        ("status:rejected,re", []),
        ("aspect:16", ["aspect:16:9 |"]),
        ("creativity:r", ["creativity:raw |"]),
        ("is:st", ["is:starred |"]),
        ("has:", ["has:image |"]),
        ("ref:", ["ref:yes |", "ref:no |"]),
        ("tag:", ["tag:fog |", "tag:night |", "tag:client-a |", "tag:straße |"]),
        ("tag:CL", ["tag:client-a |"]),
        ("since:t", ["since:today |"]),
        ("cost:>", ["cost:>0.06 |", "cost:>=0.065 |"]),
        ("-needs:d", ["-needs:decision |"]),
        ("starr", ["is:starred |"]),
        ("-fail", ["-status:failed |", "-is:failed |"]),
        ("nigh", ["tag:night |"]),
    ],
)
def test_a_term_is_completed(text: str, expected: list[str]) -> None:
    assert offered(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "status:failed",
        "has:image",
        "tag:fog",
        "lighthouse",
        '"st',
        'a "status:',
        '-"st',
        '"st"',
        "seed:4",
        "foo:st",
        "x:",
    ],
)
def test_what_is_whole_plain_or_quoted_becomes_nothing(text: str) -> None:
    assert offered(text) == []


def test_short_words_are_guessed_to_be_nothing() -> None:
    assert offered("fo") == []
    assert "tag:fog |" in offered("fog")


def test_an_empty_term_may_become_any_key() -> None:
    assert offered("fog ") == [f"fog {key}:|" for key in [each.label[:-1] for each in complete("", 0)]]
    assert {each.label[:-1] for each in complete("", 0)} == set(KEYS)


def test_inside_a_term_nothing_is_offered() -> None:
    assert offered("status:failed", 3) == []
    assert offered("fog", 0) == []
    assert offered("st fog", 2) == ["status:| fog"]
    assert offered("is:st fog", 5) == ["is:starred| fog"]


def test_the_offers_are_all_that_the_filter_knows() -> None:
    assert words_of_key("status") == [status.value.lower() for status in JobStatus]
    assert words_of_key("aspect") == list(AspectRatio)
    assert words_of_key("creativity") == list(Creativity)
    assert set(words_of_key("is")) == set(IS_WORDS)
    assert set(words_of_key("has")) == set(HAS_WORDS)
    assert set(words_of_key("needs")) == set(NEEDS_WORDS)


def test_where_terms_and_their_keys_stand() -> None:
    text = 'fog -status:failed "a: b" x:y'
    assert [(text[t.start : t.key_end], text[t.start : t.end]) for t in terms_in(text)] == [
        ("", "fog"),
        ("-status:", "-status:failed"),
        ("", '"a: b"'),
        ("", "x:y"),
    ]


PIECES = st.sampled_from(
    ["st", "status:", "fa", ",", "-", '"', " ", "is:", "aspect:", "16", "tag:", "cost:", ">", "since:", "İ", "ß", "fog"]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=8).map("".join)


@given(TEXTS, st.data())
def test_taking_any_completion_keeps_the_rest_and_whole_ones_are_understood(text: str, data: st.DataObject) -> None:
    cursor = data.draw(st.integers(0, len(text)))
    for completion in complete(text, cursor, KNOWN):
        after, at = completion.apply(text)
        assert completion.end == cursor
        assert after[: completion.start] == text[: completion.start]
        assert after[at:] == text[cursor:]
        assert after[completion.start : at] == completion.insert
        if not completion.is_whole:
            assert complete(after, at, KNOWN) or completion.label in {"seed:", "id:", "batch:"}
            continue
        others_fine = not parse_filter(text[: completion.start].rpartition(",")[0], NOW).trouble
        trouble = [each for each in parse_filter(after, NOW).trouble if each.start <= completion.start < each.end]
        assert trouble == [] or not others_fine


@given(TEXTS)
def test_any_text_has_completions_that_change_it(text: str) -> None:
    for completion in complete(text, len(text), KNOWN):
        assert isinstance(completion, Completion)
        assert completion.apply(text)[0] != text
