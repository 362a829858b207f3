"""Desert dunes with long shadows and a small figure."""

import math

from PIL import Image, ImageChops

from krea_tui.simulator.brush import (
    Brief,
    Point,
    dim,
    disc_in_sky,
    fade,
    gradient,
    ground,
    lay,
    levels,
    noise,
    polygons,
    sky,
    soften,
    stars,
)
from krea_tui.simulator.palettes import RGB, mix


def paint(brief: Brief) -> Image.Image:
    """A desert."""
    rng, palette, width, height = brief.rng, brief.palette, brief.width, brief.height
    horizon = rng.uniform(0.42, 0.5)
    picture = sky(brief, horizon + 0.05, 0.35)
    if palette.is_night:
        stars(brief, picture, 420, horizon)
    is_left = rng.random() < 0.5  # noqa: PLR2004
    sun_x = width * (rng.uniform(0.16, 0.32) if is_left else rng.uniform(0.68, 0.84))
    disc_in_sky(brief, picture, (sun_x, height * (horizon - rng.uniform(0.1, 0.2))), rng.uniform(34, 64) * brief.unit)
    sand = mix(mix(palette.light, palette.accents[1], 0.75), mix(palette.far, palette.accents[0], 0.4), 0.3)
    count = 5
    for layer in range(count):
        _dune(brief, picture, horizon, layer / (count - 1), sand, is_left=is_left)
    return picture


def _dune(brief: Brief, picture: Image.Image, horizon: float, depth: float, sand: RGB, *, is_left: bool) -> None:
    rng, palette, width, height = brief.rng, brief.palette, brief.width, brief.height
    base: float = height * (horizon + 0.46 * depth**1.2)
    rise: float = height * (0.04 + 0.15 * depth) * (0.8 + 0.5 * brief.wildness)
    peak = width * rng.uniform(0.15, 0.85)
    waves = [(rng.uniform(0.5, 1.1), rng.uniform(0, 6.3), 0.6), (rng.uniform(1.2, 2.4), rng.uniform(0, 6.3), 0.28)]

    def crest(x: float) -> float:
        swell = sum(size * math.sin(6.283 * x / width * pace + phase) for pace, phase, size in waves)
        horn = math.exp(-abs(x - peak) / (width * 0.2))
        return base - rise * (0.35 * swell + 1.1 * horn)

    line: list[Point] = [(width * i / 160, crest(width * i / 160)) for i in range(-1, 162)]
    body = polygons(brief.size, [ground(line, height + 4)])
    haze = mix(palette.sky[2], palette.light, 0.2)
    lit = mix(mix(sand, palette.far, 0.25), haze, 0.55 * (1 - depth))
    dark = mix(mix(palette.far, palette.near, 0.42 + 0.25 * depth), haze, 0.55 * (1 - depth))
    top = min(y for _, y in line) / height
    lay(
        picture,
        gradient(brief.size, [(top, mix(lit, palette.light, 0.25)), (min(1, top + 0.4), mix(lit, palette.far, 0.7))]),
        body,
    )
    ripples = noise((width, height), rng, (9, 90), 2)
    slope = ImageChops.multiply(levels(ripples, 118, 180), body)
    lay(picture, mix(lit, dark, 0.5), dim(slope, 0.16 + 0.26 * depth))
    # The lee side runs from the peak down in an S, away from the sun.
    away = 1 if is_left else -1
    foot = peak + away * width * rng.uniform(0.1, 0.34)
    bend: list[Point] = []
    for step in range(41):
        t = step / 40
        bend.append(
            (
                peak + (foot - peak) * (t + 0.16 * math.sin(t * 5.2)),
                crest(peak) + (height * 1.02 - crest(peak)) * t**1.15,
            )
        )
    edge = width + 8 if away > 0 else -8
    ridge_part = [p for p in line if (p[0] - peak) * away >= 0]
    ridge_part.sort(key=lambda p: p[0] * away)
    lee = polygons(brief.size, [[(peak, crest(peak)), *ridge_part, (edge, height + 4), *reversed(bend)]])
    reach = fade(brief.size, [(top, 255), (min(1.0, top + 0.3 + 0.3 * depth), 150), (1, 60)])
    shadow = ImageChops.multiply(ImageChops.multiply(lee, body), reach)
    lay(picture, dark, dim(shadow, 0.9))
    low = fade(brief.size, [(top + 0.05, 0), (min(0.99, top + 0.18), 255), (1, 0)])
    lay(picture, haze, dim(ImageChops.multiply(low, body), 0.34 * (1 - depth)))
    if 0.4 < depth < 0.6:  # noqa: PLR2004
        _figure(brief, picture, (peak - away * width * 0.1, crest(peak - away * width * 0.1)), away)


def _figure(brief: Brief, picture: Image.Image, foot: Point, away: int) -> None:
    x, y = foot
    tall = 30 * brief.unit
    shadow: list[Point] = [
        (x - 2, y),
        (x + 3, y + 1),
        (x + away * tall * 3.4, y + tall * 0.9),
        (x + away * tall * 3.3, y + tall * 0.7),
    ]
    lay(picture, brief.palette.near, dim(soften(polygons(brief.size, [shadow]), 1.5), 0.55))
    robe: list[Point] = [
        (x - tall * 0.17, y + 3),
        (x - tall * 0.08, y - tall * 0.75),
        (x + tall * 0.08, y - tall * 0.75),
        (x + tall * 0.2, y + 3),
    ]
    head: list[Point] = [
        (x + tall * 0.11 * math.cos(a / 8 * math.tau), y - tall * 0.86 + tall * 0.12 * math.sin(a / 8 * math.tau))
        for a in range(8)
    ]
    lay(picture, mix(brief.palette.near, (0, 0, 0), 0.3), polygons(brief.size, [robe, head]))
