"""Trunks in depth layers of fog, with shafts of light."""

import math

from PIL import Image, ImageChops

from krea_tui.simulator.brush import (
    Brief,
    Point,
    dim,
    discs,
    fade,
    glow,
    gradient,
    ground,
    lay,
    levels,
    noise,
    polygons,
    ridge,
    rim,
    soften,
)
from krea_tui.simulator.palettes import mix


def paint(brief: Brief) -> Image.Image:
    """A wood."""
    rng, palette, width, height = brief.rng, brief.palette, brief.width, brief.height
    air = mix(palette.sky[2], palette.light, 0.35)
    picture = gradient(
        brief.size, [(0, mix(palette.sky[1], palette.sky[0], 0.35)), (0.5, air), (1, mix(palette.far, air, 0.4))]
    )
    source = (width * rng.uniform(0.25, 0.75), height * rng.uniform(0.16, 0.34))
    glow(picture, source, width * 0.7, palette.light, 0.6, power=1.7)
    lay(picture, mix(air, palette.light, 0.6), discs(brief.size, [(*source, 38 * brief.unit)], 200))
    count = 6
    for layer in range(count):
        depth = layer / (count - 1)
        _layer(brief, picture, depth, source[0])
        if depth < 0.9:  # noqa: PLR2004
            fog = levels(noise(brief.size, rng, (4, 8)), 70, 210)
            low = fade(brief.size, [(0.25, 60), (0.62, 255), (0.95, 120)])
            lay(picture, air, dim(ImageChops.multiply(fog, low), 0.75 * (1 - depth)))
        if layer == count // 2:
            _shafts(brief, picture, source)
    return picture


def _layer(brief: Brief, picture: Image.Image, depth: float, light_x: float) -> None:
    rng, palette, width, height, unit = brief.rng, brief.palette, brief.width, brief.height, brief.unit
    air = mix(palette.sky[2], palette.light, 0.2)
    colour = mix(mix(air, palette.far, 0.25 + 0.5 * depth), palette.near, 0.06 + 0.94 * depth**1.3)
    floor = height * (0.66 + 0.28 * depth)
    line = ridge(rng, width, floor, height * 0.03, 0.45)
    shapes: list[list[Point]] = [ground(line, height + 4)]
    trees = round((26 - 20 * depth) * max(0.6, width / height))
    for index in range(trees):
        x = width * (index + rng.uniform(-0.4, 1.4)) / trees
        if depth > 0.6 and abs(x - light_x) < width * 0.16:  # noqa: PLR2004
            continue
        shapes += _trunk(brief, x, floor + 10 * unit, (5 + 34 * depth**1.5) * unit * rng.uniform(0.6, 1.35), depth)
    mask = polygons(brief.size, shapes)
    lay(
        picture,
        gradient(
            brief.size,
            [(0, mix(colour, air, 0.12 * (1 - depth))), (0.75, colour), (1, mix(colour, (0, 0, 0), 0.3 * depth))],
        ),
        mask,
    )
    lay(picture, palette.light, dim(rim(mask, round(3 * unit * (1 if depth < 1 else 1.5)), 0), 0.22))
    _leaves(brief, picture, depth)


def _trunk(brief: Brief, x: float, foot: float, thick: float, depth: float) -> list[list[Point]]:
    rng = brief.rng
    lean = rng.gauss(0, 0.02 + 0.05 * brief.wildness) * brief.height
    left: list[Point] = []
    right: list[Point] = []
    bow = rng.uniform(-1, 1) * thick * 1.2
    for step in range(13):
        t = step / 12
        y = foot + (-30 - foot) * t
        centre = x + lean * t + bow * math.sin(t * 3.1)
        half = thick / 2 * (1 - 0.5 * t + 0.9 * math.exp(-t * 16))
        left.append((centre - half, y))
        right.append((centre + half, y))
    shapes = [left + right[::-1]]
    for _ in range(rng.randint(2, 5)):
        t = rng.uniform(0.3, 0.85)
        y, side = foot + (-30 - foot) * t, rng.choice((-1, 1))
        start = x + lean * t + bow * math.sin(t * 3.1)
        long, drop = thick * rng.uniform(2, 6) * side, thick * rng.uniform(0.6, 2.4)
        w = thick * 0.12
        shapes.append(
            [
                (start, y + w),
                (start + long * 0.6, y - drop + w * 0.6),
                (start + long, y - drop * 1.7),
                (start + long * 0.6, y - drop),
                (start, y - w),
            ]
        )
    return shapes


def _leaves(brief: Brief, picture: Image.Image, depth: float) -> None:
    rng, palette, width, height, unit = brief.rng, brief.palette, brief.width, brief.height, brief.unit
    hue = mix(palette.accents[rng.randrange(3)], mix(palette.sky[2], palette.near, depth), 0.45)
    clumps = [(rng.uniform(-0.05, 1.05) * width, rng.random() ** 2 * height * 0.24) for _ in range(16)]
    places = [
        (x + rng.gauss(0, 60) * unit, y + rng.gauss(0, 26) * unit, rng.uniform(2, 5) * unit * (0.6 + depth))
        for x, y in clumps
        for _ in range(46)
    ]
    lay(picture, hue, discs(brief.size, places, 190 if depth > 0.5 else 120))  # noqa: PLR2004
    litter = [
        (
            rng.uniform(0, width),
            height * (0.7 + 0.3 * depth) + rng.gauss(0, 16) * unit,
            rng.uniform(1, 3) * unit * (0.5 + depth),
        )
        for _ in range(160)
    ]
    lay(picture, mix(hue, palette.light, 0.2), discs(brief.size, litter, 150))


def _shafts(brief: Brief, picture: Image.Image, source: Point) -> None:
    rng, width, height = brief.rng, brief.width, brief.height
    rays: list[list[Point]] = []
    for _ in range(9):
        angle = rng.uniform(0.15, math.pi - 0.15)
        wide = rng.uniform(0.015, 0.05)
        reach = math.hypot(width, height)
        rays.append(
            [
                source,
                *[
                    (source[0] + reach * math.cos(a), source[1] + reach * math.sin(a))
                    for a in (angle - wide, angle + wide)
                ],
            ]
        )
    mask = soften(polygons(brief.size, rays), 12 * brief.unit)
    fall = fade(brief.size, [(source[1] / height, 255), (0.95, 30)])
    lay(picture, brief.palette.light, dim(ImageChops.multiply(mask, fall), 0.36))
