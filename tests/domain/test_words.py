"""Words of a text: folded, in their order, and nothing in them that an index could read as more than letters."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.words import MAX_WORD, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("  ,;.!? \n\t", ""),
        ("A Lighthouse, in FOG", "a lighthouse in fog"),
        ("hare_fox sci-fi 35mm f/1.4", "hare fox sci fi 35mm f 1 4"),
        ("don't “quote”", "don t quote"),
        ("café CAFE\u0301 naïve Ångström", "cafe cafe naive angstrom"),
        ("Straße STRASSE ﬁne Ａ１ x² ½", "strasse strasse fine a1 x2 1 2"),
        ("İstanbul ǅungla", "istanbul dzungla"),
        ("狐と月, 日本語", "狐 と 月 日 本 語"),
        ("フォグ ﾌｫｸﾞ", "フ ォ ク フ ォ ク"),
        ("abc狐def", "abc 狐 def"),
        ("🦊🌙 fox", "🦊 🌙 fox"),
        ("👩🏽‍🚀 ❤️", "👩 🚀 ❤"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("ความรัก", "ค ว า ม ร ก"),
        ("привет ΣΊΣΥΦΟΣ", "привет σισυφοσ"),
        ("بَيْت בַּיִת", "بيت בית"),
        ("\ud800 a\x00b", "a b"),
        ("1️⃣", "1"),
        ("a^b a`b a´b", "a b a b a b"),
    ],
)
def test_words_are_folded_runs_of_letters_and_digits(text: str, words: str) -> None:
    assert " ".join(words_of(text)) == words


def test_hangul_is_a_run_that_can_be_found_while_it_is_typed() -> None:
    [whole], [begun] = words_of("한국어"), words_of("한구")
    assert whole.startswith(begun)


def test_a_word_beyond_measure_is_cut() -> None:
    assert words_of("x" * 1_000 + " é" + "y" * 1_000) == ("x" * MAX_WORD, "e" + "y" * (MAX_WORD - 1))
    assert words_of("x" * 1_000) == ("x" * MAX_WORD,)


@given(st.text())
def test_words_are_their_own_words_and_never_syntax(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words
    for word in words:
        assert word
        assert not any(character.isspace() or character in '"*^:(){}+-\x00' for character in word)
        assert all(character.isalnum() for character in word if character.isascii())


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_the_short_way_of_plain_text_is_the_long_way(text: str) -> None:
    # A mark makes the text go the long way, and leaves nothing behind.
    assert words_of(text) == words_of(text + " \u0301")


def test_every_character_there_is_keeps_its_fold() -> None:
    for start in range(0, sys.maxunicode, 256):
        words = words_of(" ".join(map(chr, range(start, start + 256))))
        assert words_of(" ".join(words)) == words, hex(start)


def test_no_letter_or_digit_of_common_scripts_is_lost() -> None:
    for character in map(chr, range(0x3000)):
        if unicodedata.category(character) in {"Lu", "Ll", "Nd"}:
            assert words_of(character), hex(ord(character))
