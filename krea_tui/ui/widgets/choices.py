"""The words and glyphs that explain the eight aspect ratios and the four creativities."""

from __future__ import annotations

from typing import Final

from krea_tui.domain.request import AspectRatio, Creativity
from krea_tui.ui.widgets.chooser import Choice

ASPECT_RATIOS: Final = (
    Choice(AspectRatio.SQUARE, "□", "square", "square"),
    Choice(AspectRatio.FOUR_THREE, "▭", "classic", "classic screen"),
    Choice(AspectRatio.THREE_TWO, "▭", "photo", "35 mm photo"),
    Choice(AspectRatio.WIDE, "▭", "wide", "wide screen"),
    Choice(AspectRatio.CINEMA, "▬", "cinema", "cinema"),
    Choice(AspectRatio.FOUR_FIVE, "▯", "portrait", "portrait"),
    Choice(AspectRatio.TWO_THREE, "▯", "poster", "poster"),
    Choice(AspectRatio.TALL, "▯", "phone", "phone screen"),
)

CREATIVITIES: Final = (
    Choice(Creativity.RAW, "○", "minimal", "minimal interpretation"),
    Choice(Creativity.LOW, "◔", "strict", "strict adherence"),
    Choice(Creativity.MEDIUM, "◑", "balanced", "balanced"),
    Choice(Creativity.HIGH, "●", "drifting", "highly creative drift"),
)
