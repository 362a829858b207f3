"""A sea with a lighthouse on a headland, its beam, and reflections."""

import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw

from krea_tui.simulator.brush import (
    Brief,
    Point,
    dim,
    disc_in_sky,
    fade,
    glow,
    gradient,
    lay,
    levels,
    noise,
    polygons,
    ridge,
    rim,
    shifted,
    sky,
    soften,
    stars,
    stencil,
)
from krea_tui.simulator.palettes import RGB, mix


def paint(brief: Brief) -> Image.Image:
    """A coast."""
    rng, palette, width, height = brief.rng, brief.palette, brief.width, brief.height
    horizon = round(height * rng.uniform(0.56, 0.64))
    picture = sky(brief, horizon / height, 0.6)
    if palette.is_night:
        stars(brief, picture, 300, 0.5)
    is_left = rng.random() < 0.5  # noqa: PLR2004
    tower_x = width * (rng.uniform(0.2, 0.3) if is_left else rng.uniform(0.7, 0.8))
    sun_x = width * (rng.uniform(0.58, 0.76) if is_left else rng.uniform(0.24, 0.42))
    disc_in_sky(brief, picture, (sun_x, horizon - height * rng.uniform(0.05, 0.24)), rng.uniform(28, 46) * brief.unit)
    far = polygons(brief.size, [[*ridge(rng, width, horizon - 6, height * 0.025, 0.5), (width, horizon), (0, horizon)]])
    lay(picture, mix(palette.sky[2], palette.far, 0.65), far)
    _water(brief, picture, horizon, sun_x)
    _headland(brief, picture, horizon, tower_x, is_left)
    _boats(brief, picture, horizon, sun_x)
    return picture


def _water(brief: Brief, picture: Image.Image, horizon: int, sun_x: float) -> None:
    palette, rng, width, height = brief.palette, brief.rng, brief.width, brief.height
    depth = height - horizon
    mirror = picture.crop((0, max(0, horizon - depth), width, horizon)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirror = mirror.resize((width, depth), Image.Resampling.BICUBIC)
    mirror = soften(mirror.resize((max(1, width // 12), depth)).resize((width, depth)), 5)
    tint = gradient(
        (width, depth), [(0, mix(palette.sky[2], palette.sky[1], 0.5)), (1, mix(palette.sky[0], palette.near, 0.7))]
    )
    picture.paste(Image.blend(mirror, tint, 0.5), (0, horizon))
    sheen = [(horizon / height, 0), (horizon / height + 0.02, 120), (1, 255)]
    dark = _ripples(brief, horizon, rng, 900, lambda _y: rng.uniform(0, width))
    lay(picture, mix(palette.near, palette.sky[0], 0.35), dim(ImageChops.multiply(dark, fade(brief.size, sheen)), 0.42))
    light = _ripples(brief, horizon, rng, 500, lambda _y: rng.uniform(0, width))
    lay(picture, mix(palette.sky[2], palette.light, 0.3), dim(light, 0.3))

    def near_the_sun(y: float) -> float:
        spread = 20 * brief.unit + (y - horizon) * 0.34
        return sun_x + rng.gauss(0, 1) * spread

    path = _ripples(brief, horizon, rng, 620, near_the_sun)
    lay(picture, palette.light, dim(path, 0.85))
    glow(picture, (sun_x, horizon), width * 0.28, palette.light, 0.28)


def _ripples(
    brief: Brief, horizon: int, rng: random.Random, count: int, place: Callable[[float], float]
) -> Image.Image:
    depth = brief.height - horizon

    def strokes(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for _ in range(count):
            near = rng.random() ** 1.6
            y = horizon + 2 + near * depth
            x = place(y)
            long = (5 + 46 * near) * brief.unit * rng.uniform(0.5, 1.6)
            thick = (0.7 + 2.4 * near) * brief.unit
            box = [(x - long) * scale, (y - thick) * scale, (x + long) * scale, (y + thick) * scale]
            pen.ellipse(box, fill=rng.randint(90, 255))

    return stencil(brief.size, strokes)


def _headland(brief: Brief, picture: Image.Image, horizon: int, x: float, is_left: bool) -> None:
    palette, rng, width, height, unit = brief.palette, brief.rng, brief.width, brief.height, brief.unit
    rock = mix(palette.near, palette.far, 0.18)
    top = horizon - height * 0.07
    outline = ridge(rng, width, 0, height * 0.022, 0.55)
    shape: list[Point] = []
    for px, wobble in outline:
        inland = (x - px if is_left else px - x) / width
        fall = max(0.0, -inland * 3.2) ** 1.25
        shape.append((px, top + wobble - max(0.0, inland) * height * 0.12 + fall * height * 0.34))
    water = horizon + height * rng.uniform(0.06, 0.1)
    coast = [(px, water + wobble * 0.35) for px, wobble in outline]
    pairs = [(land, wet) for land, wet in zip(shape, coast, strict=True) if land[1] < wet[1]]
    above = [land for land, _ in pairs]
    coast = [wet for _, wet in pairs]
    echo = [(px, 2 * wy - py) for (px, py), (_, wy) in pairs]
    cliffs = polygons(brief.size, [[*above, *reversed(coast)]])
    lay(
        picture,
        mix(rock, (0, 0, 0), 0.3),
        dim(soften(polygons(brief.size, [[*coast, *reversed(echo)]]), 7 * unit), 0.5),
    )
    foam = shifted(rim(cliffs, 0, -round(3 * unit)), 0, round(3 * unit))
    lay(picture, mix(palette.light, palette.sky[2], 0.3), dim(soften(foam, 1.2), 0.7))
    body = gradient(
        brief.size, [(top / height, mix(rock, palette.light, 0.16)), (top / height + 0.16, mix(rock, (0, 0, 0), 0.3))]
    )
    lay(picture, body, cliffs)
    _rocks(brief, picture, cliffs, rock)
    tall = height * rng.uniform(0.22, 0.28)
    # The ground under the whole foot of the tower, so that it never hangs over a slope.
    ground = max((py for px, py in above if abs(px - x) <= 24 * unit), default=top)
    lamp = (x, ground - tall)
    _beam(brief, picture, lamp, is_left)
    _tower(brief, picture, lamp, ground + 5 * unit, is_left=is_left)


def _rocks(brief: Brief, picture: Image.Image, cliffs: Image.Image, rock: RGB) -> None:
    grit = levels(noise(brief.size, brief.rng, (26, 16), 4), 70, 210)
    faces = ImageChops.multiply(ImageChops.subtract(grit, shifted(grit, 7, -5)), cliffs)
    lay(picture, mix(rock, brief.palette.light, 0.55), dim(faces, 0.85))
    cracks = ImageChops.multiply(ImageChops.subtract(shifted(grit, 7, -5), grit), cliffs)
    lay(picture, mix(rock, (0, 0, 0), 0.6), dim(cracks, 0.9))
    grass = rim(cliffs, 0, round(4 * brief.unit))
    lay(picture, mix(brief.palette.accents[2], brief.palette.near, 0.35), dim(grass, 0.5))


def _beam(brief: Brief, picture: Image.Image, lamp: Point, is_left: bool) -> None:
    reach = brief.width * 1.1 * (1 if is_left else -1)
    lift = brief.rng.uniform(-0.12, 0.04) * brief.height
    wide = 0.07 * brief.height
    beam = polygons(
        brief.size, [[lamp, (lamp[0] + reach, lamp[1] + lift - wide), (lamp[0] + reach, lamp[1] + lift + wide)]]
    )
    beam = soften(beam, 5 * brief.unit)
    turn = Image.Transpose.ROTATE_270 if is_left else Image.Transpose.ROTATE_90
    side = Image.linear_gradient("L").transpose(turn).resize(brief.size, Image.Resampling.BICUBIC)
    strength = 0.8 if brief.palette.is_night else 0.55
    lay(picture, brief.palette.light, dim(ImageChops.multiply(beam, side), strength))


def _tower(brief: Brief, picture: Image.Image, lamp: Point, foot: float, *, is_left: bool) -> None:
    palette, unit = brief.palette, brief.unit
    x, top = lamp
    half = 17 * unit
    white = mix(palette.light, palette.far, 0.22 if not palette.is_night else 0.5)
    body_top = top + 14 * unit

    def across(y: float) -> float:
        return half * (0.6 + 0.4 * (y - body_top) / (foot - body_top))

    def band(start: float, end: float) -> list[Point]:
        a, b = (body_top + (foot - body_top) * share for share in (start, end))
        return [(x - across(a), a), (x + across(a), a), (x + across(b), b), (x - across(b), b)]

    lay(picture, white, polygons(brief.size, [band(0, 1)]))
    stripes = polygons(brief.size, [band(at, at + 0.16) for at in (0.14, 0.46, 0.78)])
    lay(picture, mix(palette.accents[0], palette.near, 0.1), stripes)
    turn = -1 if is_left else 1
    shade = polygons(brief.size, [[(x, body_top), (x + turn * half, body_top), (x + turn * half, foot), (x, foot)]])
    lay(
        picture,
        palette.near,
        dim(ImageChops.multiply(soften(shade, 6 * unit), polygons(brief.size, [band(0, 1)])), 0.5),
    )
    room = [
        [
            (x - 9 * unit, top - 9 * unit),
            (x + 9 * unit, top - 9 * unit),
            (x + 9 * unit, body_top),
            (x - 9 * unit, body_top),
        ]
    ]
    lay(picture, mix(palette.light, (255, 255, 255), 0.4), polygons(brief.size, room))
    iron: list[list[Point]] = [
        [(x - 13 * unit, top - 8 * unit), (x, top - 26 * unit), (x + 13 * unit, top - 8 * unit)],
        [
            (x - 17 * unit, body_top - 2 * unit),
            (x + 17 * unit, body_top - 2 * unit),
            (x + 17 * unit, body_top + 4 * unit),
            (x - 17 * unit, body_top + 4 * unit),
        ],
    ]
    lay(picture, mix(palette.near, (0, 0, 0), 0.2), polygons(brief.size, iron))
    glow(picture, lamp, 150 * unit, palette.light, 0.75, power=2.6)


def _boats(brief: Brief, picture: Image.Image, horizon: int, sun_x: float) -> None:
    palette, rng, unit = brief.palette, brief.rng, brief.unit
    for _ in range(rng.randint(1, 3)):
        x = sun_x + rng.uniform(-0.22, 0.22) * brief.width
        near = rng.uniform(0.04, 0.3)
        y, s = horizon + near * (brief.height - horizon), (10 + 44 * near) * unit
        hull: list[Point] = [
            (x - s, y - s * 0.16),
            (x + s, y - s * 0.16),
            (x + s * 0.66, y + s * 0.2),
            (x - s * 0.7, y + s * 0.2),
        ]
        sail: list[list[Point]] = [
            [(x + s * 0.02, y - s * 2.1), (x + s * 0.02, y - s * 0.24), (x + s * 0.9, y - s * 0.24)],
            [(x - s * 0.06, y - s * 1.8), (x - s * 0.06, y - s * 0.24), (x - s * 0.72, y - s * 0.24)],
        ]
        echo = [[(px, 2 * y + s * 0.4 - py * 1.0) for px, py in part] for part in sail]
        lay(
            picture, mix(palette.accents[0], palette.light, 0.3), dim(soften(polygons(brief.size, echo), 3 * unit), 0.3)
        )
        lay(picture, mix(palette.accents[0], palette.light, 0.28), polygons(brief.size, sail))
        lay(picture, mix(palette.near, palette.accents[0], 0.25), polygons(brief.size, [hull]))
