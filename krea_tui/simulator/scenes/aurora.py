"""A polar night: curtains of light over mountains and a still lake."""

import itertools
import math

from PIL import Image, ImageChops, ImageDraw

from krea_tui.simulator.brush import (
    Brief,
    Point,
    dim,
    glow,
    gradient,
    ground,
    lay,
    polygons,
    ridge,
    rim,
    soften,
    stars,
    stencil,
)
from krea_tui.simulator.palettes import RGB, mix
from krea_tui.simulator.scenes.mountains import pine

_DEEP = (6, 10, 30)


def paint(brief: Brief) -> Image.Image:
    """A starry sky with an aurora."""
    rng, palette, _width, height = brief.rng, brief.palette, brief.width, brief.height
    shore = round(height * rng.uniform(0.7, 0.76))
    deep = mix(_DEEP, palette.sky[0], 0.35 if palette.is_night else 0.2)
    low = mix(mix(palette.sky[1], palette.sky[2], 0.3), _DEEP, 0 if palette.is_night else 0.5)
    picture = gradient(brief.size, [(0, deep), (0.4, mix(deep, low, 0.35)), (shore / height, low)])
    stars(brief, picture, 900, shore / height)
    hues = [(70, 240, 170), (80, 190, 255), (185, 110, 255), palette.accents[0], palette.accents[2]]
    rng.shuffle(hues)
    for index in range(2 + round(2 * brief.wildness)):
        _curtain(brief, picture, hues[index % len(hues)], shore)
    _land(brief, picture, shore)
    _lake(brief, picture, shore)
    return picture


def _curtain(brief: Brief, picture: Image.Image, hue: RGB, shore: int) -> None:
    rng, width, height = brief.rng, brief.width, brief.height
    streaks = 110
    line = bytes(max(0, min(255, round(rng.gauss(150, 75)))) for _ in range(streaks))
    strip = Image.frombytes("L", (streaks, 1), line).resize((width, 1), Image.Resampling.BICUBIC).resize((width, 256))
    fall = [(0.0, 0), (0.3, 30), (0.6, 110), (0.8, 240), (0.88, 255), (1.0, 0)]
    column = Image.new("L", (1, 256))
    for row in range(256):
        at = row / 255
        for (a, dark), (b, bright) in itertools.pairwise(fall):
            if a <= at <= b:
                column.putpixel((0, row), round(dark + (bright - dark) * (at - a) / (b - a)))
    veil = ImageChops.multiply(strip, column.resize((width, 256)))
    foot = height * rng.uniform(0.4, 0.6)
    rise = height * rng.uniform(0.34, 0.56)
    waves = [
        (rng.uniform(0.5, 1.2), rng.uniform(0, 6.3), 0.05),
        (rng.uniform(1.6, 3), rng.uniform(0, 6.3), 0.02 + 0.02 * brief.wildness),
    ]
    tilt = rng.choice((-1, 1)) * rng.uniform(0.1, 0.34)

    def base(x: float) -> float:
        return foot + height * (
            tilt * (x / width - 0.5) + sum(s * math.sin(6.283 * p * x / width + o) for p, o, s in waves)
        )

    half = (width // 2, height // 2)
    mesh: list[tuple[tuple[int, int, int, int], tuple[float, ...]]] = []
    # Each narrow column of the mask shows the same strip, moved and stretched.
    step = 4
    for left in range(0, half[0], step):
        right = min(half[0], left + step)
        corners = []
        for x in (left, right):
            low = base(x * 2) / 2
            high = low - rise / 2 * (0.8 + 0.2 * math.sin(x / half[0] * 9 + tilt * 20))
            corners.append(((0 - high) / (low - high) * 256, (half[1] - high) / (low - high) * 256))
        (t0, b0), (t1, b1) = corners
        mesh.append(((left, 0, right, half[1]), (left * 2, t0, left * 2, b0, right * 2, b1, right * 2, t1)))
    curtain = veil.transform(half, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
    curtain = curtain.resize(brief.size, Image.Resampling.BICUBIC)
    strength = rng.uniform(0.55, 0.85)
    light = ImageChops.add(
        dim(soften(curtain, 26 * brief.unit), 0.5 * strength), dim(soften(curtain, 2), strength * 0.7)
    )
    tinted = Image.merge("RGB", [light.point([v * part // 255 for v in range(256)]) for part in hue])
    picture.paste(ImageChops.screen(picture, tinted))
    glow(picture, (width * rng.random(), shore), width * 0.5, hue, 0.14)


def _land(brief: Brief, picture: Image.Image, shore: int) -> None:
    rng, palette, width, height, unit = brief.rng, brief.palette, brief.width, brief.height, brief.unit
    for depth in (0.0, 0.5, 1.0):
        base = shore - height * 0.05 * (1 - depth)
        line = ridge(rng, width, base - height * 0.05 * (1 - depth), height * (0.11 - 0.075 * depth), 0.52)
        line = [(x, min(y, shore - 2.0)) for x, y in line]
        mask = polygons(brief.size, [ground(line, shore)])
        colour = mix(mix(palette.sky[1], palette.far, 0.3), mix(_DEEP, palette.near, 0.3), 0.3 + 0.7 * depth)
        lay(picture, colour, mask)
        snow = dim(rim(mask, round(7 * unit), round(9 * unit)), 0.55 * (1 - depth))
        lay(picture, mix(palette.light, palette.sky[1], 0.35), soften(snow, 2.5 * unit))
    trees: list[list[Point]] = []
    for _ in range(70):
        x = rng.choice((rng.uniform(-0.05, 0.34), rng.uniform(0.66, 1.05))) * width
        trees += pine(x, shore + 2, rng.uniform(14, 54) * unit)
    lay(picture, mix(_DEEP, (0, 0, 0), 0.4), polygons(brief.size, trees))


def _lake(brief: Brief, picture: Image.Image, shore: int) -> None:
    rng, width, height = brief.rng, brief.width, brief.height
    depth = height - shore
    above = picture.crop((0, shore - min(shore, depth * 2), width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirror = above.resize((width, depth), Image.Resampling.BICUBIC)
    smear = soften(above.resize((width, max(1, depth // 10))).resize((width, depth), Image.Resampling.BICUBIC), 3)
    dark = gradient((width, depth), [(0, mix(_DEEP, brief.palette.sky[1], 0.4)), (1, _DEEP)])
    picture.paste(Image.blend(Image.blend(mirror, smear, 0.55), dark, 0.28), (0, shore))

    def strokes(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for _ in range(170):
            near = rng.random() ** 1.4
            x, y = rng.uniform(0, width), shore + 3 + near * depth
            long, thick = (10 + 80 * near) * brief.unit, (0.4 + 0.9 * near) * brief.unit
            pen.ellipse([v * scale for v in (x - long, y - thick, x + long, y + thick)], fill=rng.randint(60, 200))

    lay(picture, mix(brief.palette.light, brief.palette.sky[1], 0.4), dim(stencil(brief.size, strokes), 0.3))
