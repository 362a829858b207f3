"""Colours of the simulated pictures, chosen by the words of a prompt."""

import colorsys
import random
from dataclasses import dataclass

RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours that go together: the sky from top to horizon, a light, the land from far to near, accents."""

    sky: tuple[RGB, RGB, RGB]
    light: RGB
    far: RGB
    near: RGB
    accents: tuple[RGB, ...]
    is_night: bool = False


def _rgb(code: str) -> RGB:
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def _palette(sky: str, light: str, land: str, accents: str, *, is_night: bool = False) -> Palette:
    top, middle, horizon = (_rgb(code) for code in sky.split())
    far, near = (_rgb(code) for code in land.split())
    return Palette((top, middle, horizon), _rgb(light), far, near, tuple(map(_rgb, accents.split())), is_night)


_PALETTES = {
    "dawn": _palette("3f5f8f e2a6a1 fbdcb4", "fff0cf", "c79aa2 2b2a4c", "e9735f f4b860 7fa7a8 fbe9d2 4b3f72"),
    "dusk": _palette("1f2350 a2476f f8a366", "ffdf9e", "9a5878 1a1433", "f2545b f6ae2d 6a4c93 f9dcc4 2f2a5a"),
    "autumn": _palette("6c8aa0 e8b98a f6d9a2", "fff1c4", "c98b5a 3a1f1c", "c8452f e38b2c f2c14e 6b7a3a f6e5c3"),
    "gold": _palette("7a5a3a dca95a fbe3a3", "fff7d6", "cf9f5c 3b2616", "d98e2b f5c85b 8c4b2a f9ecc8 40574f"),
    "fog": _palette("9fb0b6 c9d2d0 e9e6da", "fffaf0", "b9c4c3 2f3f44", "7b9598 c97f63 e5d9c3 4f6b70 a8b5a2"),
    "winter": _palette("5f86b3 a9c6dd f1ece8", "fffdf4", "a9bfd3 22344f", "e4f0f6 7ea6c7 d98c8c f4e3cf 36597f"),
    "night": _palette(
        "070b24 16305e 3f6f94", "fdf3cf", "2b4a70 050817", "f9d56e 4fb3bf e86a5c 9bc1ee 23395d", is_night=True
    ),
    "neon": _palette(
        "120a2e 4a1470 e0458b", "ffd9f2", "5b2a86 0a0618", "ff3fa4 27e1e8 ffcf56 8a5cff ff6b4a", is_night=True
    ),
    "gouache": _palette("4f86a6 a8cdc4 f7e3c0", "fff3d6", "8fb39b 2d4a4a", "e4664a f0b23e 2f7f79 f3d9c9 7c3f58"),
    "spring": _palette("6fb1cf bfe0d2 fdf1d0", "fffbe0", "a3c9a0 2f5a45", "f28fa0 f7c65b 5fae7b fbe4e4 3c7f8c"),
    "ember": _palette("2a1420 8c2f2b f28444", "ffd28a", "7d3a36 170a10", "f25c3d f9a03f ffd56b 5c2a4d e8c7a0"),
    "teal": _palette("0f3d4c 3e8e8c f3d9a8", "fff2cc", "4f8f8c 0b2730", "ef8354 f2c57c 2a9d8f e9f1e6 264653"),
}

_WORDS = {
    "dawn": ("dawn", "morning", "sunrise", "am", "pink", "pastel"),
    "dusk": ("dusk", "sunset", "evening", "twilight", "purple"),
    "autumn": ("autumn", "fall", "october", "orange", "harvest", "rust"),
    "gold": ("gold", "golden", "low", "amber", "honey", "brass", "klimt"),
    "fog": ("fog", "mist", "misty", "haze", "grey", "gray", "salt", "silver"),
    "winter": ("winter", "snow", "ice", "frost", "frozen", "arctic", "cold"),
    "night": ("night", "nights", "starry", "moon", "midnight", "stars", "nocturne", "moonlit"),
    "neon": ("neon", "cyberpunk", "synthwave", "vaporwave", "electric", "tokyo"),
    "gouache": ("gouache", "watercolour", "watercolor", "poster", "bauhaus", "print", "paper"),
    "spring": ("spring", "meadow", "blossom", "summer", "garden", "fresh", "green"),
    "ember": ("fire", "ember", "lava", "volcano", "red", "storm", "mars"),
    "teal": ("sea", "ocean", "teal", "harbour", "harbor", "lagoon", "turquoise", "boat", "boats"),
}

_PLACES = ("teal", "spring")


def choose(words: frozenset[str], rng: random.Random, wildness: float, fitting: tuple[str, ...]) -> Palette:
    """The palette that the words ask for, else one of the `fitting`; the wilder, the further its hues drift."""
    asked = [name for name, hints in _WORDS.items() if words.intersection(hints)]
    # A place suggests colours less strongly than a time of day or a manner.
    name = rng.choice([name for name in asked if name not in _PLACES] or asked or fitting)
    palette = _PALETTES[name]
    turn = rng.uniform(-1, 1) * (0.008 + 0.05 * wildness**2)
    gain = rng.uniform(0.95, 1.05) + 0.18 * (wildness - 0.5)
    return Palette(
        sky=(
            _drift(palette.sky[0], turn, gain),
            _drift(palette.sky[1], turn, gain),
            _drift(palette.sky[2], turn, gain),
        ),
        light=palette.light,
        far=_drift(palette.far, turn, gain),
        near=_drift(palette.near, turn, gain),
        accents=tuple(_drift(accent, turn / 2, gain) for accent in palette.accents),
        is_night=palette.is_night,
    )


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """A colour between two: `share` 0 is the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _drift(colour: RGB, turn: float, gain: float) -> RGB:
    hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    red, green, blue = colorsys.hls_to_rgb((hue + turn) % 1, light, min(1.0, saturation * gain))
    return round(red * 255), round(green * 255), round(blue * 255)
