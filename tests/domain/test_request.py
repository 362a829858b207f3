"""Requests are valid by construction, and their body is the page's."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.errors import InvalidRequest
from krea_tui.domain.request import (
    MAX_SEED,
    AspectRatio,
    Creativity,
    GenerationRequest,
    Moodboard,
    Style,
    StyleReference,
    draw_seed,
    hints,
    moodboard_id,
    request_from_body,
    seed_series,
    split_strength,
)

UUID = "019d1234-abcd-4ef0-8123-0123456789ab"
URL = "https://e.org/a.png"


def problems(**fields: object) -> list[str]:
    values: dict[str, object] = {"prompt": "a lighthouse in heavy fog", "seed": 7}
    try:
        GenerationRequest(**(values | fields))  # type: ignore[arg-type]
    except InvalidRequest as error:
        return [problem.field for problem in error.problems]
    return []


def test_the_body_is_exactly_the_page_s_with_our_seed() -> None:
    request = GenerationRequest("A Van Gogh-tinged Provencal farmhouse under starry nights", 42)
    assert request.body() == {
        "prompt": "A Van Gogh-tinged Provencal farmhouse under starry nights",
        "aspect_ratio": "1:1",
        "creativity": "medium",
        "seed": 42,
        "image_style_references": [],
        "styles": [],
        "moodboards": [],
    }


def test_entries_carry_exactly_their_two_fields_and_the_page_s_defaults() -> None:
    request = GenerationRequest(
        "a prompt", 1, AspectRatio.CINEMA, Creativity.RAW, (StyleReference(URL),), (Style("s"),), (Moodboard(UUID),)
    )
    body = request.body()
    assert body["image_style_references"] == [{"image_url": URL, "strength": 1.0}]
    assert body["styles"] == [{"id": "s", "strength": 1.0}]
    assert body["moodboards"] == [{"id": UUID, "strength": 0.23}]
    assert (body["aspect_ratio"], body["creativity"]) == ("2.35:1", "raw")


def test_the_allowed_values_are_the_page_s() -> None:
    assert [ratio.value for ratio in AspectRatio] == ["1:1", "4:3", "3:2", "16:9", "2.35:1", "4:5", "2:3", "9:16"]
    assert [creativity.value for creativity in Creativity] == ["raw", "low", "medium", "high"]


LIMITS: list[tuple[Mapping[str, object], list[str]]] = [
    ({}, []),
    ({"prompt": ""}, ["prompt"]),
    ({"prompt": " \n\t"}, ["prompt"]),
    ({"prompt": "a \ud800 b"}, ["prompt"]),
    ({"prompt": "x" * 20_000}, []),
    ({"seed": 0}, []),
    ({"seed": MAX_SEED}, []),
    ({"seed": -1}, ["seed"]),
    ({"seed": MAX_SEED + 1}, ["seed"]),
    ({"image_style_references": (StyleReference(URL),) * 10}, []),
    ({"image_style_references": (StyleReference(URL),) * 11}, ["image_style_references"]),
    ({"styles": (Style("s"),) * 10}, []),
    ({"styles": (Style("s"),) * 11}, ["styles"]),
    ({"moodboards": (Moodboard(UUID),) * 2}, ["moodboards"]),
    *[
        ({"image_style_references": (StyleReference(URL), StyleReference(url))}, ["image_style_references.1.image_url"])
        for url in ("", "http://e.org/a.png", "https://", "e.org", "https://e.org/a b", "https://[", "https://e\ud800/")
    ],
    *[
        ({"image_style_references": (StyleReference(URL, strength),)}, found)
        for strength, found in (
            (-2.0, []),
            (2.0, []),
            (2.001, ["image_style_references.0.strength"]),
            (-2.001, ["image_style_references.0.strength"]),
            (math.nan, ["image_style_references.0.strength"]),
            (math.inf, ["image_style_references.0.strength"]),
        )
    ],
    *[({"styles": (Style(id_),)}, ["styles.0.id"]) for id_ in ("", "a b", "a\n", "\x1b[0m", "s" * 201, "\udfff")],
    ({"styles": (Style("a"), Style("b"), Style("c", 3.0))}, ["styles.2.strength"]),
    *[({"moodboards": (Moodboard(id_),)}, ["moodboards.0.id"]) for id_ in ("", "abc", UUID[:-1], f"{UUID}\n")],
    *[
        ({"moodboards": (Moodboard(UUID, strength),)}, found)
        for strength, found in (
            (-0.5, []),
            (1.5, []),
            (1.51, ["moodboards.0.strength"]),
            (-0.6, ["moodboards.0.strength"]),
        )
    ],
    ({"prompt": "", "seed": -1, "styles": (Style(""),)}, ["prompt", "seed", "styles.0.id"]),
]


@pytest.mark.parametrize(("fields", "found"), LIMITS)
def test_every_limit_and_the_name_of_its_field(fields: Mapping[str, object], found: list[str]) -> None:
    assert problems(**fields) == found


REQUESTS = st.builds(
    GenerationRequest,
    prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    seed=st.integers(0, MAX_SEED),
    aspect_ratio=st.sampled_from(AspectRatio),
    creativity=st.sampled_from(Creativity),
    image_style_references=st.lists(st.builds(StyleReference, st.just(URL), st.floats(-2, 2)), max_size=10).map(tuple),
    styles=st.lists(st.builds(Style, st.just("film"), st.floats(-2, 2)), max_size=10).map(tuple),
    moodboards=st.lists(st.builds(Moodboard, st.just(UUID), st.floats(-0.5, 1.5)), max_size=1).map(tuple),
)


@given(REQUESTS)
def test_a_body_makes_the_same_request_again(request_: GenerationRequest) -> None:
    assert request_from_body(request_.body()) == request_


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prompt": "a"},
        {"prompt": 5, "seed": 1},
        {"prompt": "a", "seed": True},
        {"prompt": "a", "seed": 1.5},
        {"prompt": "a", "seed": 1, "aspect_ratio": "5:1"},
        {"prompt": "a", "seed": 1, "creativity": "wild"},
        {"prompt": "a", "seed": 1, "styles": "film"},
        {"prompt": "a", "seed": 1, "styles": [5]},
        {"prompt": "a", "seed": 1, "styles": [{"id": "s", "strength": "1"}]},
        {"prompt": "a", "seed": 1, "moodboards": [{"id": "s", "strength": 1}]},
    ],
)
def test_what_is_no_body_is_refused(body: dict[str, object]) -> None:
    with pytest.raises((ValueError, InvalidRequest)):
        request_from_body(body)


def test_drawn_seeds_are_in_range_and_differ() -> None:
    seeds = [draw_seed() for _ in range(200)]
    assert all(0 <= seed <= MAX_SEED for seed in seeds)
    assert len(set(seeds)) > 190


@given(st.integers(0, MAX_SEED), st.integers(1, 500))
def test_a_series_of_seeds_never_repeats(first: int, count: int) -> None:
    seeds = seed_series(first, count)
    assert seeds[0] == first
    assert len(set(seeds)) == count
    assert all(0 <= seed <= MAX_SEED for seed in seeds)


def test_a_series_wraps_at_the_highest_seed() -> None:
    assert seed_series(MAX_SEED, 3) == (MAX_SEED, 0, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (UUID, UUID),
        (f"  {UUID.upper()} ", UUID),
        (f"https://www.krea.ai/moodboards?share={UUID}", UUID),
        (f"https://www.krea.ai/m?a=1&share={UUID.upper()}&b=2#x", UUID),
        ("https://www.krea.ai/moodboards?share=abc", None),
        ("https://[", None),
        ("", None),
        ("abc", None),
    ],
)
def test_a_moodboard_s_id_is_taken_out_of_a_share_link(text: str, found: str | None) -> None:
    assert moodboard_id(text) == found


@pytest.mark.parametrize(
    ("text", "value", "strength"),
    [
        ("film", "film", None),
        ("film@0.5", "film", 0.5),
        ("film@-1", "film", -1.0),
        ("https://e.org/a@b.png", "https://e.org/a@b.png", None),
        ("https://e.org/a@2.png@0.6", "https://e.org/a@2.png", 0.6),
        ("https://me@e.org/a", "https://me@e.org/a", None),
        ("film@", "film@", None),
        ("@0.5", "@0.5", None),
    ],
)
def test_a_strength_is_split_off_only_where_it_is_a_number(text: str, value: str, strength: float | None) -> None:
    assert split_strength(text) == (value, strength)


@pytest.mark.parametrize("tail", ["nan", "inf", "-inf", "1e999"])
def test_a_strength_that_is_no_usable_number_never_becomes_a_request(tail: str) -> None:
    value, strength = split_strength(f"film@{tail}")
    assert strength is None or problems(styles=(Style(value, strength),)) == ["styles.0.strength"]


def test_hints_block_nothing() -> None:
    long_url = URL + "?" + "a" * 1_100
    found = hints("two words", (StyleReference(URL), StyleReference(long_url)))
    assert [hint.field for hint in found] == ["prompt", "image_style_references.1.image_url"]
    assert [hint.field for hint in hints("word " * 1_100)] == ["prompt"]
    assert hints("a descriptive, detailed prompt of enough words") == ()
    assert hints("") == ()
