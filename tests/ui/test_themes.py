"""The themes can be read: in true colour by WCAG AA, and in 256 colours nearly so."""

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from krea_tui.ui.themes import DARK, LIGHT, THEMES

AA_TEXT = 4.5
AA_LARGE_TEXT = 3.0
WORDS = ("foreground", "text", "text-muted", "text-disabled")
COLOURS = ("text-primary", "text-secondary", "text-accent", "text-warning", "text-error", "text-success")
GROUNDS = ("background", "surface", "panel")


def luminance(color: Color) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part / 255) for part in color.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: Color, other: Color) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def as_in_256_colours(color: Color) -> Color:
    palette = RichColor.from_rgb(*color.rgb).downgrade(ColorSystem.EIGHT_BIT)
    return Color(*palette.get_truecolor())


def variables(theme: Theme) -> dict[str, Color]:
    generated = {**theme.to_color_system().generate(), **theme.variables}
    return {name: Color.parse(value) for name, value in generated.items() if value.startswith("#")}


def pairs(theme: Theme) -> list[tuple[str, str]]:
    written = [(word, ground) for word in (*WORDS, *COLOURS) for ground in GROUNDS]
    return [
        *written,
        ("button-color-foreground", "primary"),
        ("button-color-foreground", "warning"),
        ("block-cursor-foreground", "block-cursor-background"),
        ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
        ("footer-key-foreground", "footer-background"),
        ("footer-description-foreground", "footer-background"),
        ("input-cursor-foreground", "input-cursor-background"),
        ("input-selection-foreground", "input-selection-background"),
        *((word, "surface-active") for word in ("foreground", "text-muted", "text-primary", "text-error")),
    ]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_text_reaches_wcag_aa(theme: Theme) -> None:
    colors = variables(theme)
    weak = {
        f"{text} on {ground}": round(ratio(colors[text], colors[ground]), 2)
        for text, ground in pairs(theme)
        if ratio(colors[text], colors[ground]) < AA_TEXT
    }
    # What is switched off or only an example may be fainter, but not on the page itself.
    assert {name: value for name, value in weak.items() if not name.startswith("text-disabled on panel")} == {}
    assert all(value >= AA_LARGE_TEXT for value in weak.values())


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_text_can_be_read_in_256_colours(theme: Theme) -> None:
    colors = {name: as_in_256_colours(color) for name, color in variables(theme).items()}
    weak = {
        f"{text} on {ground}": round(ratio(colors[text], colors[ground]), 2)
        for text, ground in pairs(theme)
        if ratio(colors[text], colors[ground]) < AA_LARGE_TEXT
    }
    assert weak == {}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_states_keep_their_own_colours_in_256_colours(theme: Theme) -> None:
    colors = variables(theme)
    names = ("primary", "secondary", "warning", "error", "success", "text-muted")
    assert len({as_in_256_colours(colors[name]).rgb for name in names}) == len(names)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_surfaces_stay_apart_and_grey_in_256_colours(theme: Theme) -> None:
    colors = variables(theme)
    grounds = [as_in_256_colours(colors[name]).rgb for name in (*GROUNDS, "surface-active", "border-blurred")]
    assert len(set(grounds)) >= 4
    assert all(max(ground) == min(ground) for ground in grounds)


def test_dark_colours_are_the_palettes_own() -> None:
    colors = variables(DARK)
    for name in ("background", "surface", "panel", "primary", "error", "warning", "success"):
        pair = zip(as_in_256_colours(colors[name]).rgb, colors[name].rgb, strict=True)
        assert all(abs(one - other) <= 1 for one, other in pair), (name, colors[name].hex)


def test_one_is_dark_and_one_is_light() -> None:
    assert (DARK.name, DARK.dark, LIGHT.name, LIGHT.dark) == ("krea-dark", True, "krea-light", False)
