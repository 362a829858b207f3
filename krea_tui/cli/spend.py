"""`spend`: what was spent, day by day, and what the caps leave. It only reads, and makes no history."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.output import shows_to_person, tell, tell_object, tell_result
from krea_tui.cli.planning import locations_of, settings_of
from krea_tui.config.settings import MoneySettings, gateway_profile
from krea_tui.domain.job_json import iso_time
from krea_tui.domain.pricing import format_usd, usd
from krea_tui.domain.spending import Spend, Spending, SpendReport, bar_of, left_of, report_of

if TYPE_CHECKING:
    from krea_tui.config.locations import Locations

_HEAD: Final = ("", "spent", "reserved", "at risk", "total", "jobs")
_GAP: Final = "  "
_LEAST_BAR_CELLS: Final = 8
_MOST_BAR_CELLS: Final = 40
_PIPED_WIDTH: Final = 100
_MARKS: Final = ("█", "▓", "░")
_PLAIN_MARKS: Final = ("#", "+", "?")

Row = tuple[str, ...]


def spend(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the report of the gateway that the settings name."""
    locations = locations_of(arguments, environ)
    settings = settings_of(arguments, environ, locations)
    profile = gateway_profile(settings, demo=arguments.demo)
    now = time.time()
    spending = _read(locations, profile)
    report = report_of(spending or Spending(), now, arguments.days)
    money = settings.money
    if arguments.json:
        tell_object(_object(report, money, now=now, profile=profile))
    else:
        for line in _lines(report, money, _width(), _marks(plain=settings.screen.plain)):
            tell_result(line.rstrip())
    if arguments.demo:
        tell("Demo: nothing was spent; this is what it would have cost.")
    elif spending is None:
        tell("There are no jobs yet.")
    return ExitCode.DONE


def _read(locations: Locations, profile: str) -> Spending | None:
    from krea_tui.storage.store import open_read_only

    store = open_read_only(locations.database)
    if store is None:
        return None
    try:
        return store.spending(profile)
    finally:
        store.close()


# --- for people ------------------------------------------------------------------------------------------------------


def _width() -> int:
    return shutil.get_terminal_size().columns if shows_to_person() else _PIPED_WIDTH


def _marks(*, plain: bool) -> Sequence[str]:
    """Spent, reserved and at risk in a bar: blocks, where the settings and the stream allow them."""
    try:
        "".join(_MARKS).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _PLAIN_MARKS
    return _PLAIN_MARKS if plain else _MARKS


def _lines(report: SpendReport, money: MoneySettings, width: int, marks: Sequence[str]) -> Iterator[str]:
    days = [_row(f"{day.day:%Y-%m-%d %a}", day.spend) for day in report.days]
    sums = [
        _row("today", report.today),
        _row("7 days", report.week),
        _row("this month", report.month),
        _row("all time", report.all_time),
    ]
    widths = [max(map(len, column)) for column in zip(_HEAD, *days, *sums, strict=True)]
    lines = [_aligned(row, widths) for row in days]
    cells = min(_MOST_BAR_CELLS, width - len(lines[0]) - 2 * len(_GAP))
    spent, reserved, at_risk = marks
    legend = f"{spent} spent  {reserved} reserved  {at_risk} at risk" if cells >= _LEAST_BAR_CELLS else ""
    yield _aligned(_HEAD, widths)
    for day, line in zip(report.days, lines, strict=True):
        bar = bar_of(day.spend, report.most_microusd, cells) if cells >= _LEAST_BAR_CELLS else None
        drawn = spent * bar.spent + reserved * bar.reserved + at_risk * bar.at_risk if bar else ""
        yield f"{line}{_GAP}{drawn}"
    if report.most_microusd and legend:
        yield " " * min(len(lines[0]) + len(_GAP), width - len(legend)) + legend
    yield ""
    yield from (_aligned(row, widths) for row in sums)
    yield ""
    yield from _labelled(_standing(report, money), widths[0])


def _row(label: str, spend: Spend) -> Row:
    amounts = (spend.spent_microusd, spend.reserved_microusd, spend.at_risk_microusd, spend.committed_microusd)
    return (
        label,
        *(format_usd(amount) if amount else "-" for amount in amounts),
        f"{spend.count:,}" if spend.count else "-",
    )


def _aligned(row: Row, widths: Sequence[int]) -> str:
    label, *amounts = row
    return _GAP.join([label.ljust(widths[0]), *(a.rjust(w) for a, w in zip(amounts, widths[1:], strict=True))])


def _standing(report: SpendReport, money: MoneySettings) -> Iterator[tuple[str, str]]:
    if report.held_count:
        noun = "job" if report.held_count == 1 else "jobs"
        yield "held", f"{format_usd(report.held_microusd)}, {report.held_count:,} {noun} not sent"
    else:
        yield "held", "nothing"
    yield "a day's cap", _day_cap_words(report, money.daily_cap_microusd)
    yield "a batch's cap", _cap_words(money.batch_cap_microusd)
    yield "asks above", f"{format_usd(money.ask_above_microusd)} for a batch"


def _day_cap_words(report: SpendReport, cap: int | None) -> str:
    words = _cap_words(cap)
    if cap is None:
        return words
    left = left_of(cap, report.ledger)
    words = f"{words}, {format_usd(left.now_microusd)} left today"
    return f"{words}, {format_usd(left.after_held_microusd)} after what is held" if report.held_count else words


def _cap_words(cap: int | None) -> str:
    return "none" if cap is None else format_usd(cap)


def _labelled(entries: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    return (f"{label.ljust(width)}{_GAP}{words}" for label, words in entries)


# --- for scripts -----------------------------------------------------------------------------------------------------


def _object(report: SpendReport, money: MoneySettings, *, now: float, profile: str) -> dict[str, object]:
    """Amounts are US dollars; days are local dates (ISO 8601), oldest first; null is no cap."""
    cap = money.daily_cap_microusd
    left = None if cap is None else left_of(cap, report.ledger)
    return {
        "at": iso_time(now),
        "gateway": profile,
        "days": [{"day": entry.day.isoformat(), **_sums(entry.spend)} for entry in report.days],
        "today": {"day": report.today_date.isoformat(), **_sums(report.today)},
        "last_7_days": _sums(report.week),
        "month": {"month": f"{report.today_date:%Y-%m}", **_sums(report.month)},
        "all_time": _sums(report.all_time),
        "held": {"total": usd(report.held_microusd), "jobs": report.held_count},
        "caps": {
            "daily": _usd_or_none(cap),
            "batch": _usd_or_none(money.batch_cap_microusd),
            "ask_above": usd(money.ask_above_microusd),
        },
        "left_today": _usd_or_none(left.now_microusd if left else None),
        "left_after_held": _usd_or_none(left.after_held_microusd if left else None),
    }


def _sums(spend: Spend) -> dict[str, object]:
    return {
        "spent": usd(spend.spent_microusd),
        "reserved": usd(spend.reserved_microusd),
        "at_risk": usd(spend.at_risk_microusd),
        "total": usd(spend.committed_microusd),
        "jobs": spend.count,
    }


def _usd_or_none(microusd: int | None) -> float | None:
    return None if microusd is None else usd(microusd)
