"""What a job costs, in integer micro-dollars.

The page lists $0.06 an image and $0.065 with style references. A moodboard's price is not
listed there; $0.07 is what the model's own price list says, so it is marked as an estimate.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from krea_tui.domain.request import GenerationRequest

MICRO: Final = 1_000_000
BASE_MICROUSD: Final = 60_000
WITH_REFERENCES_MICROUSD: Final = 65_000
WITH_MOODBOARD_MICROUSD: Final = 70_000


class Price(NamedTuple):
    """An amount in micro-dollars, and whether the vendor's page does not list it."""

    microusd: int
    is_estimate: bool = False

    def times(self, count: int) -> Price:
        """The price of `count` such jobs."""
        return Price(self.microusd * count, self.is_estimate)


def price_of(request: GenerationRequest) -> Price:
    """The price of one job made from this request."""
    return price_for(
        references=len(request.image_style_references),
        moodboards=len(request.moodboards),
    )


def price_for(*, references: int, moodboards: int) -> Price:
    """The price of one job with so many style references and moodboards."""
    if moodboards:
        return Price(WITH_MOODBOARD_MICROUSD, is_estimate=True)
    if references:
        return Price(WITH_REFERENCES_MICROUSD)
    return Price(BASE_MICROUSD)


def usd(microusd: int) -> float:
    """Dollars as a number, for JSON."""
    return round(microusd / MICRO, 6)


def format_usd(microusd: int) -> str:
    """Dollars as text: two decimals, three where the third is not zero."""
    sign = "-" if microusd < 0 else ""
    thousandths = round(abs(microusd) / 1_000)
    dollars, rest = divmod(thousandths, 1_000)
    cents = f"{rest:03d}"
    return f"{sign}${dollars:,}.{cents[:2] if cents.endswith('0') else cents}"


def format_price(price: Price) -> str:
    """A price as text; an estimate says so."""
    return f"{format_usd(price.microusd)}{' (estimate)' if price.is_estimate else ''}"
