"""Paper-cut plants in layers, each casting a soft shadow on the one behind."""

import math

from PIL import Image

from krea_tui.simulator.brush import (
    Brief,
    Point,
    dim,
    discs,
    gradient,
    lay,
    levels,
    noise,
    polygons,
    shifted,
    soften,
)
from krea_tui.simulator.palettes import RGB, mix


def paint(brief: Brief) -> Image.Image:
    """A garden of cut paper around a sun."""
    rng, palette, width, height = brief.rng, brief.palette, brief.width, brief.height
    top, middle, low = palette.sky
    picture = gradient(brief.size, [(0, mix(top, middle, 0.4)), (0.6, low), (1, mix(low, palette.light, 0.5))])
    sun = (width * rng.uniform(0.36, 0.64), height * rng.uniform(0.26, 0.4))
    radius = min(width, height) * rng.uniform(0.15, 0.21)
    for ring, share in ((1.9, 0.12), (1.45, 0.22)):
        _cut(brief, picture, discs(brief.size, [(*sun, radius * ring)]), mix(low, palette.light, 0.4 + share), 0.5)
    _cut(brief, picture, discs(brief.size, [(*sun, radius)]), mix(palette.light, palette.accents[1], 0.35), 1)
    colours = list(palette.accents)
    count = 5
    for layer in range(count):
        depth = layer / (count - 1)
        leaf = mix(mix(palette.far, palette.near, depth), rng.choice(colours), 0.3)
        _hill(brief, picture, depth, mix(leaf, palette.near, 0.2 * depth))
        stems = round((5 + 3 * brief.wildness) * max(0.7, width / height))
        for index in range(stems):
            x = width * (index + rng.uniform(0, 1)) / stems
            away = 0.35 + 1.1 * abs(x - sun[0]) / width
            tall = height * (0.24 + 0.26 * rng.random()) * (0.62 + 0.5 * depth) * away * 1.3
            _plant(brief, picture, (x, height * (0.74 + 0.3 * depth)), tall, (leaf, rng.choice(colours)))
    return picture


def _hill(brief: Brief, picture: Image.Image, depth: float, colour: RGB) -> None:
    rng, width, height = brief.rng, brief.width, brief.height
    base, phase, pace = height * (0.7 + 0.26 * depth), rng.uniform(0, 6.3), rng.uniform(0.6, 1.3)
    line: list[Point] = [
        (width * i / 60, base + height * 0.035 * math.sin(6.283 * pace * i / 60 + phase)) for i in range(-1, 62)
    ]
    _cut(brief, picture, polygons(brief.size, [[*line, (width + 9, height + 9), (-9, height + 9)]]), colour, 1)


def _plant(brief: Brief, picture: Image.Image, foot: Point, tall: float, colours: tuple[RGB, RGB]) -> None:
    rng = brief.rng
    lean = rng.gauss(0, 0.12 + 0.14 * brief.wildness)
    curve = [(foot[0] + tall * lean * (i / 20) ** 2, foot[1] - tall * i / 20) for i in range(21)]
    thin = 2.2 * brief.unit
    stem: list[Point] = [(x - thin, y) for x, y in curve] + [(x + thin, y) for x, y in reversed(curve)]
    shapes: list[list[Point]] = [stem]
    kind = rng.choice(("fern", "leaf", "flower", "flower", "berry"))
    long = tall * {"fern": 0.24, "leaf": 0.36, "flower": 0.22, "berry": 0.16}[kind]
    for step in range(4, 20, 2 if kind == "fern" else 4):
        x, y = curve[step]
        size = long * (1.15 - step / 22)
        shapes += [
            _leaf((x, y), size, side * rng.uniform(0.6, 1.1) - math.pi / 2, 0.16 if kind == "fern" else 0.3)
            for side in (-1, 1)
        ]
    if kind in ("leaf", "fern"):
        shapes.append(_leaf(curve[-1], long * 0.8, -math.pi / 2 + lean, 0.3))
    _cut(brief, picture, polygons(brief.size, shapes), mix(colours[0], colours[1], rng.uniform(0, 0.25)), 1)
    if kind == "flower":
        _flower(brief, picture, curve[-1], tall * rng.uniform(0.13, 0.2), colours[1])
    elif kind == "berry":
        berries = [
            (x + rng.gauss(0, 16) * brief.unit, y + rng.gauss(0, 10) * brief.unit, rng.uniform(5, 10) * brief.unit)
            for x, y in curve[9:]
            for _ in range(2)
        ]
        _cut(brief, picture, discs(brief.size, berries), colours[1], 0.8)


def _flower(brief: Brief, picture: Image.Image, centre: Point, radius: float, hue: RGB) -> None:
    rng = brief.rng
    petals, turn = rng.choice((5, 6, 8, 11)), rng.uniform(0, 1)
    for share, tone in ((1.0, 0.0), (0.66, 0.35)):
        ring = [
            _leaf(centre, radius * share, turn + share + math.tau * i / petals, 2.2 / (petals + 1))
            for i in range(petals)
        ]
        _cut(brief, picture, polygons(brief.size, ring), mix(hue, brief.palette.light, tone), 0.8)
    _cut(brief, picture, discs(brief.size, [(*centre, radius * 0.2)]), brief.palette.accents[1], 0.6)


def _leaf(foot: Point, long: float, angle: float, wide: float) -> list[Point]:
    outline: list[Point] = []
    for i in range(25):
        t = i / 12 if i <= 12 else 2 - i / 12  # noqa: PLR2004
        off = long * wide * math.sin(math.pi * t**0.8) * (1 if i <= 12 else -1)  # noqa: PLR2004
        outline.append(
            (
                foot[0] + long * t * math.cos(angle) - off * math.sin(angle),
                foot[1] + long * t * math.sin(angle) + off * math.cos(angle),
            )
        )
    return outline


def _cut(brief: Brief, picture: Image.Image, mask: Image.Image, colour: RGB, lift: float) -> None:
    box = mask.getbbox()
    if box is None:
        return
    margin = round(30 * brief.unit)
    box = (
        max(0, box[0] - margin),
        max(0, box[1] - margin),
        min(brief.width, box[2] + margin),
        min(brief.height, box[3] + margin),
    )
    piece, part = picture.crop(box), mask.crop(box)
    shadow = soften(shifted(part, round(4 * lift * brief.unit), round(7 * lift * brief.unit)), 6 * brief.unit)
    lay(piece, mix(brief.palette.near, (0, 0, 0), 0.6), dim(shadow, 0.4))
    tone = levels(noise(part.size, brief.rng, (4, 4), 2), 40, 220)
    lay(piece, colour, part)
    lay(piece, mix(colour, brief.palette.light, 0.35), dim(Image.composite(tone, Image.new("L", part.size), part), 0.3))
    picture.paste(piece, box[:2])
