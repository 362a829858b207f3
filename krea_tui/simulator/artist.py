"""The picture of a request, drawn in place of a model.

The same request gives the same bytes, another seed another picture.
"""

import hashlib
import io
import json
import random
import re
from collections.abc import Callable, Mapping

from PIL import Image, ImageChops, ImageEnhance

from krea_tui.simulator.brush import Brief, soften
from krea_tui.simulator.palettes import choose
from krea_tui.simulator.scenes import aurora, botanical, city, dunes, forest, mountains, sea, shapes

PIXEL_SIZES = {
    "1:1": (1024, 1024),
    "4:3": (1184, 896),
    "3:2": (1248, 832),
    "16:9": (1376, 768),
    "2.35:1": (1568, 672),
    "4:5": (928, 1152),
    "2:3": (832, 1248),
    "9:16": (768, 1376),
}
"""Width and height per aspect ratio; not on the vendor's page, as other hosts of the model give them."""

_WILDNESS = {"raw": 0.1, "low": 0.35, "medium": 0.6, "high": 1.0}

Scene = Callable[[Brief], Image.Image]

_SCENES: tuple[tuple[Scene, tuple[str, ...], str], ...] = (
    (
        sea.paint,
        ("teal", "dusk", "night", "dawn", "gouache", "ember"),
        "sea lighthouse ocean boat boats harbour harbor coast island wave ship beach salt lagoon storm bay pier",
    ),
    (
        city.paint,
        ("neon", "night", "dusk", "teal"),
        "city street skyline tokyo neon building buildings tower cyberpunk market alley rain metropolis york",
    ),
    (
        dunes.paint,
        ("gold", "dusk", "ember", "autumn", "dawn", "night"),
        "desert dune dunes sand sahara camel caravan mars canyon oasis",
    ),
    (
        forest.paint,
        ("fog", "autumn", "gold", "winter", "spring", "teal"),
        "forest wood woods tree trees orchard grove jungle birch trunks path fog",
    ),
    (
        aurora.paint,
        ("night", "neon", "teal"),
        "aurora star stars starry galaxy arctic ice iceland cosmos polar borealis night nights fjord",
    ),
    (
        mountains.paint,
        ("dawn", "dusk", "fog", "winter", "gold", "teal", "night"),
        "mountain mountains ridge ridges alps valley peak peaks hill hills landscape fuji volcano mist",
    ),
    (
        botanical.paint,
        ("gouache", "spring", "autumn", "dawn", "teal", "night"),
        "flower flowers leaf leaves plant garden botanical bouquet fern fruit bloom meadow papercut paper",
    ),
    (
        shapes.paint,
        ("gouache", "night", "ember", "dawn", "teal"),
        "abstract bauhaus geometric still life poster desk chair shape shapes minimal suprematist glass",
    ),
)
"""Each scene with the palettes that fit it and the words that call for it."""


def draw(body: Mapping[str, object], media_type: str = "image/png") -> bytes:
    """The file of a request's picture. `media_type` is image/png, image/jpeg or image/webp."""
    picture = paint(body)
    file = io.BytesIO()
    if media_type == "image/png":
        picture.save(file, "PNG", compress_level=2)
    else:
        picture.save(file, media_type.removeprefix("image/"), quality=90)
    return file.getvalue()


def paint(body: Mapping[str, object]) -> Image.Image:
    """The picture of a valid request body in its full size."""
    prompt = str(body["prompt"])
    words = frozenset(re.findall(r"[a-z0-9]+", prompt.lower()))
    rng = random.Random(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest())
    width, height = PIXEL_SIZES[str(body.get("aspect_ratio", "1:1"))]
    wildness = _WILDNESS[str(body.get("creativity", "medium"))]
    scene, palettes = _scene(prompt, words)
    brief = Brief(width, height, rng, choose(words, rng, wildness, palettes), wildness)
    return _finish(brief, scene(brief))


def _scene(prompt: str, words: frozenset[str]) -> tuple[Scene, tuple[str, ...]]:
    scores = [len(words.intersection(hints.split())) for _, _, hints in _SCENES]
    chance = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()[0] % len(_SCENES)
    index = scores.index(max(scores)) if max(scores) else chance
    return _SCENES[index][:2]


def _finish(brief: Brief, picture: Image.Image) -> Image.Image:
    """Bloom, a light vignette and a coarse film grain, which also hides the steps of smooth skies."""
    bloom = soften(picture.point([max(0, v - 150) for v in range(256)] * 3), 24)
    picture = ImageChops.screen(picture, bloom.point([v // 3 for v in range(256)] * 3))
    corner = Image.radial_gradient("L").point([255 - max(0, v - 110) // 4 for v in range(256)])
    corner = corner.resize(brief.size, Image.Resampling.BICUBIC)
    picture = ImageChops.multiply(picture, Image.merge("RGB", [corner] * 3))
    picture = ImageEnhance.Contrast(picture).enhance(1.04)
    cells = (brief.width // 2, brief.height // 2)
    grain = Image.frombytes("L", cells, brief.rng.randbytes(cells[0] * cells[1]))
    grain = grain.point([125 + v * 7 // 256 for v in range(256)]).resize(brief.size, Image.Resampling.BILINEAR)
    return ImageChops.add(picture, Image.merge("RGB", [grain] * 3), 1, -128)
