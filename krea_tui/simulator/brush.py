"""Strokes that every scene uses. All of them run in Pillow's C code; curves are drawn at twice the size and reduced."""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from krea_tui.simulator.palettes import RGB, Palette, mix

Point = tuple[float, float]
Box = tuple[int, int, int, int]
_FINE = 2


@dataclass(frozen=True, slots=True)
class Brief:
    """What a scene is painted from. `wildness` 0..1 comes from the request's creativity."""

    width: int
    height: int
    rng: random.Random
    palette: Palette
    wildness: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width, self.height

    @property
    def unit(self) -> float:
        """A thousandth of the picture's mean side, so that strokes look alike in every ratio."""
        return math.sqrt(self.width * self.height) / 1000


def gradient(size: tuple[int, int], stops: Sequence[tuple[float, RGB]]) -> Image.Image:
    """A smooth vertical gradient through (position 0..1, colour) stops."""
    strip = Image.new("RGB", (1, 128))
    for row in range(128):
        strip.putpixel((0, row), colour_at(stops, row / 127))
    return strip.resize((1, size[1]), Image.Resampling.BICUBIC).resize(size, Image.Resampling.NEAREST)


def colour_at(stops: Sequence[tuple[float, RGB]], position: float) -> RGB:
    """The colour at a position of a gradient, eased between its stops."""
    if position <= stops[0][0]:
        return stops[0][1]
    for (start, one), (end, other) in itertools.pairwise(stops):
        if position <= end:
            share = (position - start) / (end - start)
            return mix(one, other, share * share * (3 - 2 * share))
    return stops[-1][1]


def fade(size: tuple[int, int], stops: Sequence[tuple[float, int]]) -> Image.Image:
    """A vertical mask through (position 0..1, opacity 0..255) stops."""
    column = gradient((1, size[1]), [(at, (level, level, level)) for at, level in stops]).getchannel(0)
    return column.resize(size, Image.Resampling.NEAREST)


def noise(size: tuple[int, int], rng: random.Random, cells: tuple[int, int], octaves: int = 3) -> Image.Image:
    """A cloudy field, 0..255; `cells` is how many bumps across and down the coarsest octave has."""
    across, down = cells
    sheet = (max(1, size[0] // 4), max(1, size[1] // 4))
    field = Image.new("L", sheet, 128)
    for weight in (0.7, 0.36, 0.22, 0.14)[:octaves]:
        bumps = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        field = Image.blend(field, bumps.resize(sheet, Image.Resampling.BICUBIC), weight)
        across, down = across * 2, down * 2
    return field.resize(size, Image.Resampling.BICUBIC)


def levels(field: Image.Image, low: int, high: int, top: int = 255) -> Image.Image:
    """Stretches the values between `low` and `high` over 0..`top`."""
    return field.point([max(0, min(top, round((v - low) * top / (high - low)))) for v in range(256)])


def stencil(size: tuple[int, int], paint: Callable[[ImageDraw.ImageDraw, int], None]) -> Image.Image:
    """An antialiased mask: `paint` draws on a sheet that is larger by the factor it is given."""
    sheet = Image.new("L", (size[0] * _FINE, size[1] * _FINE))
    paint(ImageDraw.Draw(sheet), _FINE)
    return sheet.reduce(_FINE)


def polygons(size: tuple[int, int], shapes: Sequence[Sequence[Point]], opacity: int = 255) -> Image.Image:
    """An antialiased mask of filled shapes."""
    corners = [point for shape in shapes for point in shape]
    box = _bounds(size, corners)

    def paint(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for shape in shapes:
            if len(shape) > 2:  # noqa: PLR2004
                pen.polygon([((x - box[0]) * scale, (y - box[1]) * scale) for x, y in shape], fill=opacity)

    return _placed(size, box, paint)


def discs(size: tuple[int, int], places: Sequence[tuple[float, float, float]], opacity: int = 255) -> Image.Image:
    """An antialiased mask of discs, each as (x, y, radius)."""
    corners = [(x + side * radius, y + side * radius) for x, y, radius in places for side in (-1, 1)]
    box = _bounds(size, corners)

    def paint(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for x, y, radius in places:
            left, top = x - box[0], y - box[1]
            pen.ellipse([c * scale for c in (left - radius, top - radius, left + radius, top + radius)], fill=opacity)

    return _placed(size, box, paint)


def _bounds(size: tuple[int, int], corners: Sequence[Point]) -> Box:
    if not corners:
        return 0, 0, 0, 0
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    start = max(0, math.floor(left) - 1), max(0, math.floor(top) - 1)
    return *start, min(size[0], math.ceil(right) + 2), min(size[1], math.ceil(bottom) + 2)


def _placed(size: tuple[int, int], box: Box, paint: Callable[[ImageDraw.ImageDraw, int], None]) -> Image.Image:
    mask = Image.new("L", size)
    if box[0] < box[2] and box[1] < box[3]:
        mask.paste(stencil((box[2] - box[0], box[3] - box[1]), paint), box[:2])
    return mask


def dim(mask: Image.Image, share: float) -> Image.Image:
    """A mask at a share of its opacity."""
    return mask.point([round(v * share) for v in range(256)])


def lay(picture: Image.Image, paint: RGB | Image.Image, mask: Image.Image) -> None:
    """Lays a colour or a picture of the same size through a mask."""
    box = mask.getbbox()
    if box is None:
        return
    part = mask if box == (0, 0, *mask.size) else mask.crop(box)
    picture.paste(paint.crop(box) if isinstance(paint, Image.Image) else paint, box, part)


def glow(
    picture: Image.Image, centre: Point, radius: float, colour: RGB, strength: float, *, power: float = 2.0
) -> None:
    """Adds light that falls off around a point."""
    side = max(2, round(radius * 2))
    disc = Image.radial_gradient("L")
    # Pillow 13 reaches full white in the corners, earlier ones at the edges: what counts is the value at the edge.
    reach = min(253, disc.tobytes()[128 * disc.width] - 2)
    fall = [round(255 * strength * max(0.0, 1 - v / reach) ** power) for v in range(256)]
    light = disc.point(fall).resize((side, side), Image.Resampling.BICUBIC)
    left, top = round(centre[0] - radius), round(centre[1] - radius)
    box = (max(0, left), max(0, top), min(picture.width, left + side), min(picture.height, top + side))
    if box[0] >= box[2] or box[1] >= box[3]:
        return
    light = light.crop((box[0] - left, box[1] - top, box[2] - left, box[3] - top))
    tinted = Image.merge("RGB", [light.point([v * part // 255 for v in range(256)]) for part in colour])
    picture.paste(ImageChops.screen(picture.crop(box), tinted), box)


def ridge(rng: random.Random, width: int, base: float, height: float, roughness: float) -> list[Point]:
    """A skyline from left to right by midpoint displacement; `roughness` about 0.4 is smooth, 0.6 jagged."""
    line = [rng.uniform(-1, 1) for _ in range(4)]
    span = 1.0
    while len(line) < 500:  # noqa: PLR2004
        span *= roughness
        middles = [(a + b) / 2 + rng.uniform(-span, span) for a, b in itertools.pairwise(line)]
        line = [value for pair in zip(line, middles, strict=False) for value in pair] + [line[-1]]
    step = width / (len(line) - 1)
    return [(i * step, base - value * height) for i, value in enumerate(line)]


def ground(line: Sequence[Point], bottom: float) -> list[Point]:
    """The shape under a skyline."""
    return [*line, (line[-1][0], bottom), (line[0][0], bottom)]


def shifted(mask: Image.Image, dx: int, dy: int) -> Image.Image:
    """A mask moved by whole pixels; where nothing comes in it stays as it was."""
    moved = mask.copy()
    moved.paste(mask, (dx, dy))
    return moved


def rim(mask: Image.Image, dx: int, dy: int) -> Image.Image:
    """The part of a mask that is not covered by itself moved by (dx, dy): an edge in the light."""
    return ImageChops.subtract(mask, shifted(mask, dx, dy))


def soften(image: Image.Image, radius: float) -> Image.Image:
    """A blur; large ones are made on a smaller copy."""
    if radius < 8:  # noqa: PLR2004
        return image.filter(ImageFilter.GaussianBlur(radius))
    factor = max(2, round(radius / 4))
    small = image.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
    return small.resize(image.size, Image.Resampling.BICUBIC)


def sky(brief: Brief, horizon: float, cloudiness: float = 0.5) -> Image.Image:
    """A sky down to `horizon` (0..1 of the height) with long soft clouds."""
    top, middle, low = brief.palette.sky
    picture = gradient(brief.size, [(0, top), (horizon * 0.55, middle), (horizon, low)])
    reach = fade(brief.size, [(0, 90), (horizon * 0.45, 230), (horizon * 0.8, 255), (horizon, 40)])
    for cells, share in (((2, 5), 0.9), ((3 + brief.width // 500, 9 + brief.height // 150), 0.6)):
        field = noise(brief.size, brief.rng, cells, 3)
        clouds = ImageChops.multiply(levels(field, 118, 235), reach)
        shade = ImageChops.multiply(levels(shifted(field, 0, round(22 * brief.unit)), 130, 250), reach)
        lay(picture, mix(top, middle, 0.55), dim(shade, cloudiness * share * 0.45))
        lay(picture, mix(low, brief.palette.light, 0.6), dim(clouds, cloudiness * share))
    return picture


def stars(brief: Brief, picture: Image.Image, count: int, lowest: float) -> None:
    """Stars of several sizes above `lowest` (0..1 of the height)."""
    rng = brief.rng
    for share, radius, opacity in ((0.8, 0.75, 150), (0.17, 1.15, 215), (0.03, 1.8, 255)):
        places = [
            (rng.uniform(0, brief.width), rng.random() ** 1.3 * lowest * brief.height, radius * brief.unit)
            for _ in range(round(count * share))
        ]
        lay(picture, mix(brief.palette.light, (255, 255, 255), 0.5), discs(brief.size, places, opacity))


def disc_in_sky(brief: Brief, picture: Image.Image, centre: Point, radius: float) -> None:
    """A sun or a moon with its halo."""
    light = brief.palette.light
    glow(picture, centre, radius * 9, light, 0.35, power=2.2)
    glow(picture, centre, radius * 3, light, 0.4)
    lay(picture, mix(light, (255, 255, 255), 0.35), discs(brief.size, [(*centre, radius)], 245))
    if brief.palette.is_night:
        spots = [
            (centre[0] + radius * dx, centre[1] + radius * dy, radius * r)
            for dx, dy, r in ((-0.3, -0.2, 0.28), (0.25, 0.1, 0.2), (-0.05, 0.45, 0.16), (0.4, -0.4, 0.12))
        ]
        lay(picture, mix(light, brief.palette.sky[1], 0.3), soften(discs(brief.size, spots, 110), 2))
