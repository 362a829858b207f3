"""From what was typed to requests, or to words at the right field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.request import MAX_SEED, AspectRatio, Creativity, GenerationRequest, Moodboard, StyleReference
from krea_tui.ui.drafts import (
    Draft,
    EntryDraft,
    Guidance,
    build,
    draft_from_json,
    draft_of,
    draft_to_json,
    entry_problems,
    price_of_draft,
    problems_of,
    settled,
    split_entries,
)

UUID = "0b8e5a52-9d0a-4a55-a7a6-06b0ac2f6d1c"


def fields(draft: Draft) -> list[str]:
    return [problem.field for problem in problems_of(draft)]


def test_a_blank_seed_is_drawn_and_always_sent() -> None:
    (request,) = build(Draft(prompt="a quiet harbour"), draw=lambda: 42).requests
    assert request.seed == 42
    assert request.body()["seed"] == 42


def test_a_count_takes_different_seeds_from_the_given_one_on() -> None:
    requests = build(Draft(prompt="a", seed=str(MAX_SEED - 1), count="4")).requests
    assert [request.seed for request in requests] == [MAX_SEED - 1, MAX_SEED, 0, 1]


def test_a_drawn_seed_is_counted_on_from_too() -> None:
    requests = build(Draft(prompt="a", count="500"), draw=lambda: 7).requests
    assert len({request.seed for request in requests}) == 500


def test_every_field_reaches_the_request() -> None:
    draft = Draft(
        prompt="  a harbour \n",
        aspect_ratio=AspectRatio.CINEMA,
        creativity=Creativity.RAW,
        seed=" 9 ",
        references=(EntryDraft("https://x.org/a.png", "-0,5"),),
        styles=(EntryDraft("s1"),),
        moodboards=(EntryDraft(f"https://www.krea.ai/moodboards?share={UUID}"),),
    )
    (request,) = build(draft).requests
    assert request.body() == {
        "prompt": "a harbour",
        "aspect_ratio": "2.35:1",
        "creativity": "raw",
        "seed": 9,
        "image_style_references": [{"image_url": "https://x.org/a.png", "strength": -0.5}],
        "styles": [{"id": "s1", "strength": 1.0}],
        "moodboards": [{"id": UUID, "strength": 0.23}],
    }


def test_every_problem_is_named_at_once_from_above() -> None:
    draft = Draft(
        prompt=" ",
        seed="-1",
        count="501",
        references=(EntryDraft("https://x.org/a"), EntryDraft("http://x.org/a", "3")),
        styles=(EntryDraft("two words", "strong"),),
        moodboards=(EntryDraft("nonsense", "9"),),
    )
    assert fields(draft) == [
        "prompt",
        "seed",
        "count",
        "image_style_references.1.image_url",
        "image_style_references.1.strength",
        "styles.0.strength",
        "styles.0.id",
        "moodboards.0.id",
        "moodboards.0.strength",
    ]
    assert build(draft).requests == ()


@pytest.mark.parametrize("seed", ["x", "1.5", "2147483648", "²", "٣", "9" * 5_000, "1_0", "+1"])
def test_a_seed_that_is_none_is_said_so(seed: str) -> None:
    assert fields(Draft(prompt="a", seed=seed)) == ["seed"]


@pytest.mark.parametrize("count", ["0", "501", "many", "-2", "1.0"])
def test_a_count_out_of_range_is_said_so(count: str) -> None:
    assert fields(Draft(prompt="a", count=count)) == ["count"]


@pytest.mark.parametrize("strength", ["nan", "inf", "2.01", "-2.01", "loud"])
def test_a_strength_out_of_range_is_said_so(strength: str) -> None:
    (problem,) = entry_problems(Guidance.STYLES, EntryDraft("s", strength))
    assert problem.field == "styles.0.strength"


def test_too_many_entries_are_said_so() -> None:
    draft = Draft(prompt="a", styles=tuple(EntryDraft(f"s{i}") for i in range(11)))
    assert fields(draft) == ["styles"]


def test_pasted_lines_become_entries_and_only_a_number_is_a_strength() -> None:
    text = "https://x.org/a.png@0.6\nhttps://me@x.org/b.png\r\n\n https://x.org/c@home "
    assert split_entries(text) == (
        EntryDraft("https://x.org/a.png", "0.6"),
        EntryDraft("https://me@x.org/b.png", ""),
        EntryDraft("https://x.org/c@home", ""),
    )


def test_a_saved_moodboard_is_its_uuid() -> None:
    entry = EntryDraft(f"https://www.krea.ai/m?x=1&share={UUID.upper()}", ".5")
    assert settled(Guidance.MOODBOARDS, entry) == EntryDraft(UUID, "0.50")


def test_the_price_follows_the_lists_and_the_count() -> None:
    reference = (EntryDraft("https://x.org/a"),)
    price, count = price_of_draft(Draft(count="3", references=reference))
    assert (price.microusd, price.is_estimate, count) == (65_000, False, 3)
    price, count = price_of_draft(Draft(count="x", references=reference, moodboards=(EntryDraft(UUID),)))
    assert (price.microusd, price.is_estimate, count) == (70_000, True, 1)


REQUEST = GenerationRequest(
    prompt="a harbour",
    seed=77,
    aspect_ratio=AspectRatio.TALL,
    creativity=Creativity.HIGH,
    image_style_references=(StyleReference("https://x.org/a.png", 0.125),),
    moodboards=(Moodboard(UUID, 0.23),),
)


def test_editing_as_new_with_the_seed_makes_the_same_request() -> None:
    assert build(draft_of(REQUEST, keep_seed=True)).requests == (REQUEST,)


def test_editing_as_new_without_the_seed_makes_another_picture_of_it() -> None:
    draft = draft_of(REQUEST, keep_seed=False)
    assert (draft.seed, draft.keep_seed) == ("", False)


@given(
    st.builds(
        Draft,
        prompt=st.text(),
        aspect_ratio=st.sampled_from(AspectRatio),
        creativity=st.sampled_from(Creativity),
        seed=st.text(),
        keep_seed=st.booleans(),
        count=st.text(),
        styles=st.lists(st.builds(EntryDraft, st.text(), st.text()), max_size=3).map(tuple),
    )
)
def test_a_stored_draft_comes_back_whole(draft: Draft) -> None:
    assert draft_from_json(draft_to_json(draft)) == draft
    build(draft)


def test_a_stored_draft_of_nonsense_is_an_empty_one() -> None:
    stored = {"prompt": 3, "aspect_ratio": ["1:1"], "creativity": "wild", "styles": [["a"], 7, ["b", "1"]]}
    assert draft_from_json(stored) == Draft(styles=(EntryDraft("b", "1"),))
