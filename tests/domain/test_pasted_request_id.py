"""A request id is taken out of what a person pasted only where there is no doubt which one it is."""

import pytest

from krea_tui.domain.answers import pasted_request_id

ID = "krea-2-large-text-to-image_019d1a2b-3c4d-7e5f-8a9b-0c1d2e3f4a5b"
OTHER = "krea-2-large-text-to-image_019d1a2b-3c4d-7e5f-8a9b-ffffffffffff"


@pytest.mark.parametrize(
    "pasted",
    [
        ID,
        f"  {ID}\n",
        f'"{ID}"',
        f"`{ID}`",
        f"<{ID}>",
        f"\u200b{ID}\ufeff",
        f"https://gateway.pixazo.ai/v2/requests/status/{ID}",
        f"https://gateway.pixazo.ai/v2/requests/status/{ID}/?verbose=1#top",
        f"https://console.example/jobs/{ID}/details",
        f"https://console.example/jobs?request_id={ID}&tab=2",
        f"https://media.example/v1/{ID}/output.png",
        f'  "request_id": "{ID}",',
        f"https://console.example/{ID}/{ID}.png?id={ID}".replace(".png", ""),
    ],
)
def test_the_one_id_in_it_is_taken(pasted: str) -> None:
    assert pasted_request_id(pasted) == ID


def test_an_id_of_another_shape_is_taken_alone_or_after_status() -> None:
    assert pasted_request_id(" 'abc.DEF_1-2' ") == "abc.DEF_1-2"
    assert pasted_request_id("https://gateway.example/v2/requests/status/abc-1?x=y") == "abc-1"


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "  ",
        "..",
        "two words",
        "../../keys",
        f"{ID} {OTHER}",
        f"https://console.example/{ID}?next={OTHER}",
        "https://console.example/jobs/details",
        "https://gateway.example/status/",
        "x" * 201,
        f"{ID}{'x' * 200}",
        f"{'y' * 3_000}{ID}",
    ],
)
def test_what_leaves_a_doubt_is_no_id(pasted: str) -> None:
    assert pasted_request_id(pasted) is None
