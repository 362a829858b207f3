"""The pictures: real sizes, the same bytes for the same request, another picture for another seed."""

import io
import itertools

import pytest
from PIL import Image, ImageChops, ImageStat

from krea_tui.simulator import artist

SIZES = {
    "1:1": (1024, 1024),
    "4:3": (1184, 896),
    "3:2": (1248, 832),
    "16:9": (1376, 768),
    "2.35:1": (1568, 672),
    "4:5": (928, 1152),
    "2:3": (832, 1248),
    "9:16": (768, 1376),
}
PROMPTS = ("mountains", "a lighthouse", "city skyline", "desert", "forest", "aurora", "bauhaus", "flowers")


@pytest.mark.parametrize(("scene", "ratio"), zip(PROMPTS, SIZES, strict=True))
def test_every_scene_and_ratio_has_its_size_and_is_no_flat_field(scene: str, ratio: str) -> None:
    file = artist.draw({"prompt": scene, "aspect_ratio": ratio, "creativity": "high", "seed": 1})
    with Image.open(io.BytesIO(file)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", SIZES[ratio])
        assert sum(ImageStat.Stat(picture).stddev) > 30
    assert len(file) < 2_500_000


def test_the_same_request_gives_the_same_bytes() -> None:
    body: dict[str, object] = {"prompt": "paper boats in a storm drain", "seed": 90210, "aspect_ratio": "1:1"}
    assert artist.draw(body) == artist.draw(dict(reversed(body.items())))


def test_whatever_is_asked_for_shows() -> None:
    base: dict[str, object] = {"prompt": "a harbour", "seed": 1, "creativity": "low"}
    changes: tuple[dict[str, object], ...] = (
        {},
        {"seed": 2},
        {"creativity": "high"},
        {"styles": [{"id": "ink", "strength": 1.0}]},
        {"moodboards": [{"id": "00000000-0000-0000-0000-000000000007", "strength": 0.23}]},
    )
    small = [artist.paint(base | change).resize((64, 64)) for change in changes]
    for one, other in itertools.combinations(small, 2):
        assert sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) > 12


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/webp"])
def test_other_formats(media_type: str) -> None:
    with Image.open(io.BytesIO(artist.draw({"prompt": "dunes"}, media_type))) as picture:
        assert picture.get_format_mimetype() == media_type
