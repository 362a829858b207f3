"""What was spent on which day. Amounts are micro-dollars, days are the person's own: they begin at local midnight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from krea_tui.domain.job import Charge
from krea_tui.domain.money import Ledger

# Every zone's offset is a multiple of this, so no slice of a day reaches over a local midnight.
SLICE_S: Final = 900
DEFAULT_DAYS: Final = 14
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Spend:
    """What some jobs cost: spent (completed), reserved (on their way), at risk (maybe charged).

    `count` is the number of these jobs; one that is known to be free is no part of it.
    """

    spent_microusd: int = 0
    reserved_microusd: int = 0
    at_risk_microusd: int = 0
    count: int = 0

    @property
    def committed_microusd(self) -> int:
        """What is or may be charged: the sum that a cap is held against."""
        return self.spent_microusd + self.reserved_microusd + self.at_risk_microusd

    def __add__(self, other: Spend) -> Spend:
        """Both together."""
        return Spend(
            self.spent_microusd + other.spent_microusd,
            self.reserved_microusd + other.reserved_microusd,
            self.at_risk_microusd + other.at_risk_microusd,
            self.count + other.count,
        )


NOTHING: Final = Spend()


class Slice(NamedTuple):
    """The jobs of one charge that were attempted within `SLICE_S` from `starts_at` (epoch seconds)."""

    starts_at: int
    charge: Charge
    job_count: int
    microusd: int

    @property
    def spend(self) -> Spend:
        """The slice as a sum; nothing for a charge that costs nothing."""
        match self.charge:
            case Charge.SPENT:
                return Spend(spent_microusd=self.microusd, count=self.job_count)
            case Charge.RESERVED:
                return Spend(reserved_microusd=self.microusd, count=self.job_count)
            case Charge.AT_RISK:
                return Spend(at_risk_microusd=self.microusd, count=self.job_count)
            case Charge.NONE | Charge.HELD:
                return NOTHING


@dataclass(frozen=True, slots=True)
class Spending:
    """All that one gateway's jobs cost, as the history holds it; held is what was not sent."""

    slices: tuple[Slice, ...] = ()
    held_microusd: int = 0
    held_count: int = 0


class DayOfSpend(NamedTuple):
    """One local day."""

    day: date
    spend: Spend


@dataclass(frozen=True, slots=True)
class SpendReport:
    """Spending by day, oldest first and without gaps, up to today; and the usual sums.

    `week` is today and the six days before, `month` the calendar month so far.
    """

    days: tuple[DayOfSpend, ...]
    today: Spend
    week: Spend
    month: Spend
    all_time: Spend
    held_microusd: int
    held_count: int

    @property
    def today_date(self) -> date:
        """The day on which this was true."""
        return self.days[-1].day

    @property
    def most_microusd(self) -> int:
        """The sum of the dearest day: a chart's full width."""
        return max(day.spend.committed_microusd for day in self.days)

    @property
    def ledger(self) -> Ledger:
        """Today's ledger, as the status line and the cap know it."""
        today = self.today
        return Ledger(
            today.spent_microusd, today.reserved_microusd, today.at_risk_microusd, self.held_microusd, self.held_count
        )


class Left(NamedTuple):
    """What a day's cap leaves: now, and once everything that is held has gone out. Never under nothing."""

    now_microusd: int
    after_held_microusd: int


class Bar(NamedTuple):
    """A day's bar in whole cells, from left to right."""

    spent: int
    reserved: int
    at_risk: int


def day_start(at: float) -> float:
    """The local midnight before this moment (both epoch seconds).

    Where the clocks are set back over midnight it is the first of the two, where they skip it the first moment after.
    """
    return _starts_at(_local_day(at))


def day_end(at: float) -> float:
    """The local midnight after this moment: the next day's start, 23 to 25 hours after this day's."""
    return _starts_at(_local_day(at) + timedelta(days=1))


def _local_day(at: float) -> date:
    return datetime.fromtimestamp(at).astimezone().date()


def _starts_at(day: date) -> float:
    # A naive time is a local one: fold=0 takes the first of two midnights.
    return datetime.combine(day, time()).timestamp()


def report_of(spending: Spending, now: float, days: int | None = DEFAULT_DAYS) -> SpendReport:
    """The report at this moment (epoch seconds) with so many days; None begins at the first day with a job.

    A job counts to the day of its attempt, as the cap does. One that a wrong clock has dated into the future counts
    to today, as the cap does too.
    """
    today = _local_day(now)
    by_day: dict[date, Spend] = {}
    for part in spending.slices:
        spend = part.spend
        if spend.count:
            day = _local_day(min(max(part.starts_at, 0), now))
            by_day[day] = by_day.get(day, NOTHING) + spend
    first = min(by_day, default=today) if days is None else today - timedelta(days=days - 1)
    return SpendReport(
        days=tuple(DayOfSpend(day, by_day.get(day, NOTHING)) for day in _days(first, today)),
        today=by_day.get(today, NOTHING),
        week=_sum_since(by_day, today - timedelta(days=_WEEK - 1)),
        month=_sum_since(by_day, today.replace(day=1)),
        all_time=_sum_since(by_day, date.min),
        held_microusd=spending.held_microusd,
        held_count=spending.held_count,
    )


def left_of(cap_microusd: int, ledger: Ledger) -> Left:
    """What may still be spent of the day's cap."""
    now = cap_microusd - ledger.committed_microusd
    return Left(max(0, now), max(0, now - ledger.held_microusd))


def bar_of(spend: Spend, full_microusd: int, cells: int) -> Bar:
    """The bar of a sum where `full_microusd` takes all the cells; what is not nothing is never rounded away."""
    committed = spend.committed_microusd
    if not committed:
        return Bar(0, 0, 0)
    length = min(cells, max(1, _rounded(committed * cells, full_microusd)))
    at_risk = min(length, _share(spend.at_risk_microusd, committed, length))
    reserved = min(length - at_risk, _share(spend.reserved_microusd, committed, length))
    return Bar(length - at_risk - reserved, reserved, at_risk)


def _share(part: int, whole: int, cells: int) -> int:
    return max(1, _rounded(part * cells, whole)) if part else 0


def _rounded(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def _sum_since(by_day: dict[date, Spend], first: date) -> Spend:
    return sum((spend for day, spend in by_day.items() if day >= first), NOTHING)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))
