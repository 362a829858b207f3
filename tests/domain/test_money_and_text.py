"""Prices, sums and words."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.job import ID_ALPHABET, ID_LENGTH, new_id
from krea_tui.domain.money import CapReached, Ledger
from krea_tui.domain.pricing import Price, format_price, format_usd, price_for, price_of, usd
from krea_tui.domain.request import GenerationRequest, Moodboard, Style, StyleReference
from krea_tui.domain.text import clean_line, clean_text, file_slug

UUID = "019d1234-abcd-4ef0-8123-0123456789ab"
REFERENCE = (StyleReference("https://e.org/a.png"),)


@pytest.mark.parametrize(
    ("request_", "price"),
    [
        (GenerationRequest("a", 1), Price(60_000)),
        (GenerationRequest("a", 1, styles=(Style("s"),)), Price(60_000)),
        (GenerationRequest("a", 1, image_style_references=REFERENCE), Price(65_000)),
        (GenerationRequest("a", 1, image_style_references=REFERENCE * 10), Price(65_000)),
        (GenerationRequest("a", 1, moodboards=(Moodboard(UUID),)), Price(70_000, is_estimate=True)),
        (
            GenerationRequest("a", 1, image_style_references=REFERENCE, moodboards=(Moodboard(UUID),)),
            Price(70_000, True),
        ),
    ],
)
def test_the_price_of_a_request(request_: GenerationRequest, price: Price) -> None:
    assert price_of(request_) == price


def test_sums_are_exact() -> None:
    assert price_for(references=1, moodboards=0).times(500) == Price(32_500_000)
    assert usd(65_000 * 3) == 0.195


@pytest.mark.parametrize(
    ("microusd", "text"),
    [
        (0, "$0.00"),
        (60_000, "$0.06"),
        (65_000, "$0.065"),
        (1_234_567_000, "$1,234.567"),
        (30_000_000, "$30.00"),
        (-60_000, "-$0.06"),
    ],
)
def test_dollars_as_text(microusd: int, text: str) -> None:
    assert format_usd(microusd) == text


def test_an_estimate_says_so() -> None:
    assert format_price(Price(70_000, is_estimate=True)) == "$0.07 (estimate)"
    assert format_price(Price(60_000)) == "$0.06"


def test_a_cap_is_held_against_everything_that_may_be_charged() -> None:
    assert Ledger(1, 2, 4, 8, 1).committed_microusd == 7
    assert "$0.12 of $0.15" in str(CapReached(120_000, 150_000))


def test_ids_are_of_their_alphabet() -> None:
    ids = {new_id() for _ in range(300)}
    assert len(ids) == 300
    assert all(len(id_) == ID_LENGTH and set(id_) <= ID_ALPHABET for id_ in ids)
    assert ID_ALPHABET.isdisjoint("ilou")


def is_harmless(text: str) -> bool:
    return not any(
        unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
        or (unicodedata.category(c) == "Cf" and c not in "\u200c\u200d")
        for c in text
    )


@given(st.text(), st.integers(1, 200))
def test_a_line_is_one_harmless_line(text: str, limit: int) -> None:
    line = clean_line(text, limit)
    assert is_harmless(line)
    assert len(line) <= limit
    assert line == line.strip()
    assert "  " not in line
    line.encode()


@given(st.text())
def test_text_keeps_its_lines_and_nothing_harmful(text: str) -> None:
    cleaned = clean_text(text)
    assert all(is_harmless(line) for line in cleaned.split("\n"))
    assert clean_text(cleaned) == cleaned
    cleaned.encode()
    assert not re.search(r"(?m)^[\u0300-\u036f\u200c\u200d\ufe00-\ufe0f]", cleaned)
    assert not re.search(r"[\u0300-\u036f\u200c\u200d\ufe00-\ufe0f]{6}", cleaned)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("abc\u202egnp.exe", "abc gnp.exe"),
        ("a\u200bb\ufeffc\u2060d", "a b c d"),
        ("a\u2066b\u2069", "a b"),
        ("one\r\ntwo\tthree\u2028four", "one two three four"),
        ("\x9b31m", "31m"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ue000\ud800x", "x"),
        ("[/bold] [red]", "[/bold] [red]"),
        ("a" + "\u0301" * 1_000 + "b", "a" + "\u0301" * 5 + "b"),
        ("a" + "\u200d\ufe0f" * 1_000, "a" + "\u200d\ufe0f" * 2 + "\u200d"),
        ("\u0301\ufe0f\u200da", "a"),
        ("one \u0338two", "one two"),
        ("\u3164\u115f\uffa0 x \u034f", "x"),
        ("हिन्दी में", "हिन्दी में"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f", "👨\u200d👩\u200d👧 ❤\ufe0f"),
    ],
)
def test_hostile_text_on_one_line(text: str, line: str) -> None:
    assert clean_line(text) == line


def test_text_of_several_lines() -> None:
    assert clean_text("a\r\nb\rc\td\x07\u202e\u2028e") == "a\nb\nc   de"
    assert clean_text("abcdef", 4) == "abc…"
    assert clean_line("abcdef", 4) == "abc…"


@given(st.text(), st.integers(1, 80))
def test_a_slug_is_fit_for_every_file_system(text: str, limit: int) -> None:
    slug = file_slug(text, limit)
    assert len(slug) <= limit
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug.startswith("-")
    assert not slug.endswith("-")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("A Fox, at Dawn!", "a-fox-at-dawn"),
        ("Füchse im Schnee", "fuchse-im-schnee"),
        ("狐", ""),
        ("../../etc", "etc"),
        ("", ""),
    ],
)
def test_slugs(text: str, slug: str) -> None:
    assert file_slug(text) == slug
