"""An abstract still life of flat shapes on paper."""

import math

from PIL import Image, ImageDraw

from krea_tui.simulator.brush import Brief, Point, dim, lay, levels, noise, polygons, shifted, soften, stencil
from krea_tui.simulator.palettes import RGB, mix


def paint(brief: Brief) -> Image.Image:
    """Circles, arcs, bars and a table edge, balanced around a large disc."""
    rng, palette, width, height = brief.rng, brief.palette, brief.width, brief.height
    ink = mix(palette.near, (20, 18, 24), 0.3)
    paper = mix(palette.light, palette.sky[2], 0.3) if not palette.is_night else mix(palette.near, palette.sky[1], 0.25)
    picture = Image.new("RGB", brief.size, paper)
    lay(picture, mix(paper, palette.accents[1], 0.35), dim(levels(noise(brief.size, rng, (3, 3)), 80, 190), 0.5))
    side = min(width, height)
    tilt = rng.choice((-0.5, -0.32, 0.32, 0.5)) * (0.5 + brief.wildness)
    centre = (width * rng.uniform(0.4, 0.6), height * rng.uniform(0.4, 0.52))
    colours = list(palette.accents)
    rng.shuffle(colours)
    table = height * rng.uniform(0.68, 0.78)
    _put(
        brief,
        picture,
        [(-9, table), (width + 9, table - width * 0.03), (width + 9, height + 9), (-9, height + 9)],
        colours[0],
        0.9,
    )
    big = side * rng.uniform(0.24, 0.32)
    _put(brief, picture, _arc(centre, big, 0, math.tau), colours[1], 0.94)
    _put(
        brief,
        picture,
        _arc((centre[0] - big * 0.5, centre[1] + big * 0.2), big * 0.8, tilt, tilt + math.pi),
        colours[2],
        0.9,
    )
    for index in range(3 + round(4 * brief.wildness)):
        angle = tilt if index % 2 else tilt + math.pi / 2
        at = (centre[0] + rng.gauss(0, 0.22) * width, min(table * 0.8, centre[1] + rng.gauss(0, 0.2) * height))
        long, wide = side * rng.uniform(0.16, 0.5), side * rng.choice((0.008, 0.014, 0.03, 0.055))
        _put(brief, picture, _bar(at, long, wide, angle), rng.choice([ink, *colours[2:]]), 0.95)
    _vases(brief, picture, table, colours, ink)
    for _ in range(4 + round(5 * brief.wildness)):
        at = (rng.uniform(0.1, 0.9) * width, rng.uniform(0.08, 0.66) * height)
        radius = side * rng.choice((0.012, 0.022, 0.045, 0.075))
        start = rng.choice((0, 1, 2, 3)) * math.pi / 2 + tilt
        sweep = rng.choice((math.tau, math.tau, math.pi, math.pi / 2)) if radius > side * 0.03 else math.tau
        _put(
            brief,
            picture,
            _arc(at, radius, start, start + sweep, wedge=sweep < math.pi),
            rng.choice([ink, *colours]),
            0.93,
        )
    _rings(brief, picture, centre, big, ink)
    worn = levels(noise(brief.size, rng, (5, 5), 4), 110, 230)
    lay(picture, mix(paper, palette.light, 0.5), dim(worn, 0.13))
    return picture


def _vases(brief: Brief, picture: Image.Image, table: float, colours: list[RGB], ink: RGB) -> None:
    rng, width, height = brief.rng, brief.width, brief.height
    side = min(width, height)
    spots = [0.22, 0.42, 0.6, 0.8]
    rng.shuffle(spots)
    for index, spot in enumerate(spots[: rng.randint(2, 3)]):
        tall, wide = side * rng.uniform(0.22, 0.44), side * rng.uniform(0.07, 0.13)
        x, foot = width * spot, table + side * rng.uniform(0.04, 0.12)
        belly, neck = rng.uniform(0.25, 0.5), rng.uniform(0.25, 0.5)
        outline: list[Point] = []
        for step in range(31):
            t = step / 30
            half = wide * (
                0.5 + 0.5 * math.sin(math.pi * min(1, t / (belly * 2)))
                if t < belly
                else neck + (1 - neck) * (0.5 + 0.5 * math.cos(math.pi * (t - belly) / (1 - belly)))
            )
            outline.append((half * (1 if t < 0.96 else 1.14), foot - tall * t))  # noqa: PLR2004
        body: list[Point] = [(x - half, y) for half, y in outline] + [(x + half, y) for half, y in reversed(outline)]
        dark: list[Point] = [(x, y) for _, y in outline] + [(x + half, y) for half, y in reversed(outline)]
        _put(brief, picture, body, colours[(index + 2) % len(colours)], 0.97)
        _put(brief, picture, dark, ink, 0.24, cast=False)
        shine: list[Point] = [(x - half * 0.72, y) for half, y in outline[4:26]] + [
            (x - half * 0.56, y) for half, y in reversed(outline[4:26])
        ]
        _put(brief, picture, shine, (255, 250, 240), 0.3, cast=False)
        if rng.random() < 0.6:  # noqa: PLR2004
            _branch(brief, picture, (x, foot - tall), side * rng.uniform(0.22, 0.34), (rng.choice(colours), ink))


def _branch(brief: Brief, picture: Image.Image, foot: Point, tall: float, colours: tuple[RGB, RGB]) -> None:
    rng = brief.rng
    hue, ink = colours
    for lean in (-0.5, -0.1, 0.35):
        tip = (foot[0] + tall * lean * rng.uniform(0.7, 1.3), foot[1] - tall * rng.uniform(0.7, 1))
        angle = math.atan2(tip[1] - foot[1], tip[0] - foot[0])
        middle = ((foot[0] + tip[0]) / 2, (foot[1] + tip[1]) / 2)
        _put(brief, picture, _bar(middle, math.dist(foot, tip), 3.2 * brief.unit, angle), ink, 0.9, cast=False)
        _put(brief, picture, _arc(tip, tall * rng.uniform(0.07, 0.13), 0, math.tau), hue, 0.95)


def _put(
    brief: Brief, picture: Image.Image, shape: list[Point], colour: RGB, opacity: float, *, cast: bool = True
) -> None:
    margin = 26 * brief.unit
    left, top = (max(0, round(min(p[axis] for p in shape) - margin)) for axis in (0, 1))
    right = min(brief.width, round(max(x for x, _ in shape) + margin))
    bottom = min(brief.height, round(max(y for _, y in shape) + margin))
    if left >= right or top >= bottom:
        return
    piece = picture.crop((left, top, right, bottom))
    mask = polygons(piece.size, [[(x - left, y - top) for x, y in shape]])
    if cast:
        shadow = shifted(mask, round(5 * brief.unit), round(8 * brief.unit))
        lay(piece, mix(brief.palette.near, (0, 0, 0), 0.5), dim(soften(shadow, 7.5 * brief.unit), 0.24))
    lay(piece, colour, dim(mask, opacity))
    picture.paste(piece, (left, top))


def _rings(brief: Brief, picture: Image.Image, centre: Point, radius: float, ink: RGB) -> None:
    def lines(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for share in (1.12, 1.2):
            box = [
                (c * scale)
                for c in (
                    centre[0] - radius * share,
                    centre[1] - radius * share,
                    centre[0] + radius * share,
                    centre[1] + radius * share,
                )
            ]
            pen.arc(
                box,
                brief.rng.randint(0, 180),
                brief.rng.randint(200, 420),
                fill=255,
                width=round(2.4 * brief.unit * scale),
            )

    lay(picture, ink, dim(stencil(brief.size, lines), 0.85))


def _arc(centre: Point, radius: float, start: float, end: float, *, wedge: bool = False) -> list[Point]:
    curve = [
        (centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a))
        for a in (start + (end - start) * i / 72 for i in range(73))
    ]
    return [centre, *curve] if wedge else curve


def _bar(centre: Point, long: float, wide: float, angle: float) -> list[Point]:
    along, across = (
        (math.cos(angle) * long / 2, math.sin(angle) * long / 2),
        (-math.sin(angle) * wide / 2, math.cos(angle) * wide / 2),
    )
    return [
        (centre[0] + a * along[0] + b * across[0], centre[1] + a * along[1] + b * across[1])
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
