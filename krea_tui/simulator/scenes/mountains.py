"""Layered ridges in mist, under a sun or a moon."""

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
    ridge,
    rim,
    shifted,
    sky,
    stars,
)
from krea_tui.simulator.palettes import mix


def paint(brief: Brief) -> Image.Image:
    """A mountain landscape."""
    rng, palette, width, height = brief.rng, brief.palette, brief.width, brief.height
    horizon = rng.uniform(0.5, 0.6)
    picture = sky(brief, horizon + 0.1, 0.5)
    if palette.is_night:
        stars(brief, picture, 380, horizon)
    side = rng.choice((0.3, 0.36, 0.64, 0.7))
    sun = (width * side, height * rng.uniform(0.2, horizon - 0.16))
    disc_in_sky(brief, picture, sun, rng.uniform(26, 52) * brief.unit)
    count = 6
    for layer in range(count):
        depth = layer / (count - 1)
        base = height * (horizon - 0.1 + 0.46 * depth**1.15)
        amplitude = height * (0.13 - 0.05 * depth) * (0.8 + 0.6 * brief.wildness) * rng.uniform(0.8, 1.25)
        line = ridge(rng, width, base, amplitude, 0.5 + 0.05 * brief.wildness)
        mask = polygons(brief.size, [ground(line, height)])
        _lay_ridge(brief, picture, mask, depth, (base - amplitude) / height)
        if depth < 0.7:  # noqa: PLR2004
            towards = -1 if sun[0] > width / 2 else 1
            edge = dim(rim(mask, round(towards * 3 * brief.unit), round(5 * brief.unit)), 0.26 - 0.2 * depth)
            lay(picture, mix(palette.light, palette.sky[2], 0.3), edge)
    _pines(brief, picture)
    return picture


def _lay_ridge(brief: Brief, picture: Image.Image, mask: Image.Image, depth: float, top: float) -> None:
    palette = brief.palette
    colour = mix(mix(palette.sky[2], palette.far, 0.55 + 0.45 * min(1, depth * 2)), palette.near, max(0, depth - 0.12))
    mist = mix(colour, mix(palette.sky[2], palette.light, 0.25), 0.62 * (1 - depth))
    body = gradient(brief.size, [(top, colour), (min(1.0, top + 0.26), mist)])
    lay(picture, body, mask)
    slopes = levels(noise(brief.size, brief.rng, (9, 7), 4), 60, 220)
    lit = ImageChops.multiply(ImageChops.subtract(slopes, shifted(slopes, 26, 8)), mask)
    lay(picture, mix(colour, palette.light, 0.6), dim(lit, 0.8 * (1 - depth * 0.6)))
    veil = levels(noise(brief.size, brief.rng, (4, 9), 3), 110, 190)
    low = fade(brief.size, [(top + 0.08, 0), (top + 0.2, 255), (top + 0.34, 0)])
    lay(picture, mix(palette.sky[2], palette.light, 0.4), dim(ImageChops.multiply(veil, low), 0.55 * (1 - depth)))


def _pines(brief: Brief, picture: Image.Image) -> None:
    rng, width, height = brief.rng, brief.width, brief.height
    line = ridge(rng, width, height * 0.95, height * 0.045, 0.45)
    shapes: list[list[Point]] = [ground(line, height)]
    rise = rng.uniform(0.9, 1.5)
    clear = rng.uniform(0.25, 0.75)
    for _ in range(90):
        x, y = rng.choice(line)
        away = min(1.0, abs(x / width - clear) * 2.2)
        tall = rng.uniform(40, 110) * brief.unit * rise * (0.25 + away)
        shapes += pine(x, y + 8 * brief.unit, tall)
    lay(picture, mix(brief.palette.near, (0, 0, 0), 0.25), polygons(brief.size, shapes))


def pine(x: float, foot: float, tall: float) -> list[list[Point]]:
    """The shapes of a conifer that stands at (x, foot)."""
    tiers = 6
    shapes: list[list[Point]] = []
    for tier in range(tiers):
        low = foot - tall * tier / (tiers + 1.2)
        half = tall * 0.2 * (1 - tier / (tiers + 0.6))
        shapes.append([(x - half, low), (x, low - tall * 0.34), (x + half, low)])
    return shapes
