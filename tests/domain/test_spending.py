"""Spending by the person's own days: sums, gaps, the turns of the clock, and bars that hide nothing."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.job import Charge
from krea_tui.domain.money import Ledger
from krea_tui.domain.spending import (
    NOTHING,
    SLICE_S,
    Bar,
    Slice,
    Spend,
    Spending,
    bar_of,
    day_end,
    day_start,
    left_of,
    report_of,
)

# 22 November 2026, a Sunday, 14:03:20 UTC.
NOW = 1_795_356_200.0
DAY_S = 86_400

InZone = Callable[[str], ZoneInfo]


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[InZone]:
    def go(name: str) -> ZoneInfo:
        monkeypatch.setenv("TZ", name)
        time.tzset()
        return ZoneInfo(name)

    yield go
    monkeypatch.undo()
    time.tzset()


def at(moment: float, charge: Charge = Charge.SPENT, count: int = 1, microusd: int = 60_000) -> Slice:
    return Slice(int(moment // SLICE_S) * SLICE_S, charge, count, microusd)


def test_a_history_without_jobs_is_a_report_of_nothing() -> None:
    report = report_of(Spending(), NOW, 3)
    assert [day.day.isoformat() for day in report.days] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert all(day.spend == NOTHING for day in report.days)
    assert (report.today, report.week, report.month, report.all_time) == (NOTHING,) * 4
    assert report.most_microusd == 0
    assert [day.day for day in report_of(Spending(), NOW, None).days] == [date(2026, 11, 22)]


def test_a_day_sums_its_slices_and_keeps_the_charges_apart() -> None:
    spending = Spending(
        (
            at(NOW),
            at(NOW - 3_600, microusd=130_000, count=2),
            at(NOW, Charge.RESERVED),
            at(NOW, Charge.AT_RISK, microusd=65_000),
            at(NOW, Charge.NONE),
            at(NOW - DAY_S),
        ),
        held_microusd=120_000,
        held_count=2,
    )
    report = report_of(spending, NOW, 2)
    assert report.today == report.days[-1].spend == Spend(190_000, 60_000, 65_000, 5)
    assert report.today.committed_microusd == 315_000 == report.most_microusd
    assert report.days[0].spend == Spend(60_000, count=1)
    assert report.ledger == Ledger(190_000, 60_000, 65_000, 120_000, 2)


@pytest.mark.parametrize(
    ("days_ago", "week", "month"), [(0, 1, 1), (6, 1, 1), (7, 0, 1), (21, 0, 1), (22, 0, 0), (400, 0, 0)]
)
def test_the_usual_sums_reach_so_far_back(days_ago: int, week: int, month: int) -> None:
    report = report_of(Spending((at(NOW - days_ago * DAY_S),)), NOW)
    assert (report.week.count, report.month.count, report.all_time.count) == (week, month, 1)


def test_all_days_begin_with_the_first_job() -> None:
    report = report_of(Spending((at(NOW - 40 * DAY_S), at(NOW))), NOW, None)
    assert len(report.days) == 41
    assert [day.spend.count for day in report.days] == [1, *[0] * 39, 1]
    assert report.today_date == date(2026, 11, 22)


def test_the_future_of_a_wrong_clock_counts_to_today() -> None:
    report = report_of(Spending((at(NOW + 5 * DAY_S),)), NOW)
    assert (report.today.count, report.days[-1].day) == (1, date(2026, 11, 22))


@pytest.mark.parametrize(
    ("zone_name", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 7, 1), 24),
        # Here the clocks change at midnight itself: it is skipped in spring, and comes twice in autumn.
        ("America/Havana", date(2026, 3, 8), 23),
        ("America/Havana", date(2026, 11, 1), 25),
        ("Asia/Kathmandu", date(2026, 7, 1), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Pacific/Chatham", date(2026, 9, 27), 23),
    ],
)
def test_every_slice_of_a_local_day_belongs_to_it(in_zone: InZone, zone_name: str, day: date, hours: float) -> None:
    zone = in_zone(zone_name)
    start = day_start(datetime(day.year, day.month, day.day, 12, tzinfo=zone).timestamp())
    end = day_end(start)
    assert end - start == hours * 3_600
    assert start % SLICE_S == 0
    moments = [start + step * SLICE_S for step in range(int(hours * 4))]
    assert {datetime.fromtimestamp(moment, UTC).astimezone(zone).date() for moment in moments} == {day}
    assert {day_start(moment + SLICE_S - 0.001) for moment in moments} == {start}
    report = report_of(Spending((at(start - 1), *map(at, moments), at(end))), end + 1, 3)
    assert [entry.spend.count for entry in report.days] == [1, len(moments), 1]
    assert [entry.day for entry in report.days] == [day + timedelta(days=offset) for offset in (-1, 0, 1)]


def test_what_a_cap_leaves_is_never_under_nothing() -> None:
    assert left_of(1_000_000, Ledger(200_000, 100_000, 50_000, 60_000, 1)) == (650_000, 590_000)
    assert left_of(300_000, Ledger(200_000, 50_000, 0, 120_000, 2)) == (50_000, 0)
    assert left_of(100_000, Ledger(200_000)) == (0, 0)


def test_a_bar_shows_the_parts_in_their_order() -> None:
    assert bar_of(Spend(600_000, 200_000, 200_000, 10), 1_000_000, 10) == Bar(6, 2, 2)
    assert bar_of(Spend(500_000), 1_000_000, 10) == Bar(5, 0, 0)
    assert bar_of(NOTHING, 1_000_000, 10) == Bar(0, 0, 0)
    assert bar_of(Spend(9_000_000, at_risk_microusd=60_000), 9_060_000, 10) == Bar(9, 0, 1)


amounts = st.integers(0, 10**10)


@given(amounts, amounts, amounts, amounts, st.integers(1, 200))
def test_a_bar_fits_and_hides_no_risk(spent: int, reserved: int, at_risk: int, more: int, cells: int) -> None:
    spend = Spend(spent, reserved, at_risk)
    bar = bar_of(spend, spend.committed_microusd + more, cells)
    assert all(part >= 0 for part in bar)
    assert sum(bar) <= cells
    assert (sum(bar) > 0) == (spend.committed_microusd > 0)
    assert (bar.at_risk > 0) == (at_risk > 0)
    if spend.committed_microusd and not more:
        assert sum(bar) == cells
