"""The ledger and the caps. Amounts are micro-dollars."""

from __future__ import annotations

from dataclasses import dataclass

from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.pricing import format_usd


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a span of time cost: spent (completed), reserved (on its way), at risk (maybe charged), held (not sent)."""

    spent_microusd: int = 0
    reserved_microusd: int = 0
    at_risk_microusd: int = 0
    held_microusd: int = 0
    held_count: int = 0

    @property
    def committed_microusd(self) -> int:
        """What is or may be charged: the sum that a cap is held against."""
        return self.spent_microusd + self.reserved_microusd + self.at_risk_microusd


@dataclass(frozen=True, slots=True)
class DailyCap:
    """No more than this since `day_start` (epoch seconds of the person's local midnight)."""

    day_start: float
    cap_microusd: int


class CapReached(KreaTuiError):
    """The next job would go over the day's cap; nothing was sent."""

    advice = "Resume tomorrow, or raise money.daily_cap_usd in the settings and start again."

    def __init__(self, committed_microusd: int, cap_microusd: int) -> None:
        """Name both sums."""
        super().__init__(f"the day's cap is reached: {format_usd(committed_microusd)} of {format_usd(cap_microusd)}")
