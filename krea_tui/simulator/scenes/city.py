"""A city at night over water: lit windows, haze between the rows, reflections."""

from PIL import Image, ImageChops, ImageDraw

from krea_tui.simulator.brush import (
    Brief,
    dim,
    disc_in_sky,
    fade,
    glow,
    gradient,
    lay,
    levels,
    noise,
    sky,
    soften,
    stars,
    stencil,
)
from krea_tui.simulator.palettes import mix

Box = tuple[float, float, float, float]


def paint(brief: Brief) -> Image.Image:
    """A skyline."""
    rng, palette, width, height = brief.rng, brief.palette, brief.width, brief.height
    shore = round(height * rng.uniform(0.7, 0.76))
    picture = sky(brief, shore / height, 0.45)
    dusk = fade(
        brief.size, [(0, 215 if not palette.is_night else 40), (0.55, 120 if not palette.is_night else 0), (0.75, 0)]
    )
    lay(picture, mix(palette.near, palette.sky[0], 0.35), dusk)
    stars(brief, picture, 160, 0.45)
    disc_in_sky(
        brief,
        picture,
        (width * rng.uniform(0.2, 0.8), height * rng.uniform(0.14, 0.3)),
        rng.uniform(26, 60) * brief.unit,
    )
    crown = rng.uniform(0.32, 0.68)
    for depth in (0.0, 0.34, 0.67, 1.0):
        _row(brief, picture, shore, crown, depth)
    _water(brief, picture, shore)
    return picture


def _row(brief: Brief, picture: Image.Image, shore: int, crown: float, depth: float) -> None:
    rng, palette, width, height, unit = brief.rng, brief.palette, brief.width, brief.height, brief.unit
    blocks: list[Box] = []
    x = -30 * unit
    while x < width:
        wide = rng.uniform(34, 92) * unit * (0.7 + 0.5 * depth)
        lift = 1 - min(1.0, abs((x + wide / 2) / width - crown) * (1.5 + depth))
        tall = (
            shore * (0.1 + rng.random() ** 1.7 * 0.3 + 0.5 * lift**2 * rng.uniform(0.55, 1.0)) * (1.08 - 0.55 * depth)
        )
        blocks.append((x, shore - tall, x + wide, float(shore)))
        x += wide * rng.uniform(0.82, 1.25)

    def solids(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for left, top, right, bottom in blocks:
            pen.rectangle([v * scale for v in (left, top, right, bottom)], fill=255)
            style = rng.random()
            middle, side = (left + right) / 2, (right - left) / 2
            if style < 0.3:  # noqa: PLR2004
                pen.rectangle(
                    [v * scale for v in (middle - side * 0.55, top - side * 0.6, middle + side * 0.55, top)], fill=255
                )
            if style < 0.16:  # noqa: PLR2004
                pen.polygon(
                    [v * scale for v in (middle - side * 0.1, top, middle, top - side * 3, middle + side * 0.1, top)],
                    fill=255,
                )
            elif style > 0.86:  # noqa: PLR2004
                pen.polygon([v * scale for v in (left, top, right, top - side * 0.8, right, top)], fill=255)

    mask = stencil(brief.size, solids)
    haze = mix(palette.sky[2], palette.accents[0], 0.2)
    colour = mix(mix(haze, palette.far, 0.5), mix(palette.near, (0, 0, 0), 0.25), 0.25 + 0.75 * depth)
    top = min(block[1] for block in blocks) / height
    lay(
        picture,
        gradient(brief.size, [(top, colour), (shore / height, mix(colour, haze, 0.5 * (1 - depth) + 0.1))]),
        mask,
    )
    _windows(brief, picture, blocks, depth)
    smog = ImageChops.multiply(
        fade(brief.size, [(shore / height - 0.2, 0), (shore / height, 255), (shore / height + 0.01, 0)]),
        levels(noise(brief.size, rng, (5, 8)), 60, 200),
    )
    lay(picture, haze, dim(smog, 0.4 * (1 - depth)))


def _windows(brief: Brief, picture: Image.Image, blocks: list[Box], depth: float) -> None:
    rng, palette, unit = brief.rng, brief.palette, brief.unit
    hues = [
        palette.light,
        mix(palette.light, palette.accents[1], 0.6),
        palette.accents[rng.randrange(len(palette.accents))],
    ]
    panes: list[list[Box]] = [[], [], []]
    wide, tall = (2.2 + 3.0 * depth) * unit, (3.2 + 4.4 * depth) * unit
    for left, top, right, bottom in blocks:
        share = rng.uniform(0.08, 0.55)
        favourite = rng.choice((0, 0, 1, 1, 2))
        y = top + tall * 1.5
        while y < bottom - tall:
            x = left + wide
            while x < right - wide * 1.6:
                if rng.random() < share:
                    panes[favourite if rng.random() < 0.8 else rng.randrange(3)].append((x, y, x + wide, y + tall))  # noqa: PLR2004
                x += wide * 1.9
            y += tall * 1.75

    for hue, boxes in zip(hues, panes, strict=True):

        def light(pen: ImageDraw.ImageDraw, scale: int, boxes: list[Box] = boxes) -> None:
            for box in boxes:
                pen.rectangle([v * scale for v in box], fill=rng.randint(110, 255))

        mask = stencil(brief.size, light)
        lay(picture, hue, dim(soften(mask, 9 * unit), 0.55))
        lay(picture, mix(hue, (255, 255, 255), 0.15), dim(mask, 0.45 + 0.5 * depth))


def _water(brief: Brief, picture: Image.Image, shore: int) -> None:
    rng, palette, width, height = brief.rng, brief.palette, brief.width, brief.height
    depth = height - shore
    above = picture.crop((0, shore - min(shore, depth * 2), width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirror = above.resize((width, max(1, depth // 14))).resize((width, depth), Image.Resampling.BICUBIC)
    sharp = above.resize((width, depth), Image.Resampling.BICUBIC)
    mirror = Image.blend(soften(sharp, 2.5), mirror, 0.72)
    dark = gradient(
        (width, depth), [(0, mix(palette.near, palette.sky[1], 0.3)), (1, mix(palette.near, (0, 0, 0), 0.3))]
    )
    picture.paste(Image.blend(mirror, dark, 0.36), (0, shore))

    def strokes(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for _ in range(520):
            near = rng.random() ** 1.5
            x, y = rng.uniform(0, width), shore + near * depth
            long, thick = (6 + 60 * near) * brief.unit, (0.6 + 1.8 * near) * brief.unit
            pen.ellipse([v * scale for v in (x - long, y - thick, x + long, y + thick)], fill=rng.randint(60, 255))

    lay(picture, mix(palette.near, (0, 0, 0), 0.35), dim(stencil(brief.size, strokes), 0.5))
    glow(picture, (width / 2, shore), width * 0.5, mix(palette.sky[2], palette.light, 0.3), 0.2)
