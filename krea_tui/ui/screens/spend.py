"""What was spent: sums, what the caps leave, and a small chart by day. It follows the jobs while it is open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from krea_tui.config.settings import MoneySettings
from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.pricing import format_usd
from krea_tui.domain.spending import Bar, DayOfSpend, Spend, SpendReport, bar_of, left_of, report_of
from krea_tui.ui.screens.dialog import Told
from krea_tui.ui.session import Session
from krea_tui.ui.widgets.quiet_button import QuietButton

# Jobs change in flocks: they are read once.
_READ_DELAY_S: Final = 0.2
_MOST_DAYS: Final = 31
_FEWEST_DAYS: Final = 7
_LABEL_CELLS: Final = 12
_AMOUNT_CELLS: Final = 11
_JOBS_CELLS: Final = 8
_CAP_CELLS: Final = 20
_DAY_CELLS: Final = 32
# Border above and below, the way out, and the blank line before it.
_FRAME_LINES: Final = 4
_GAP: Final = "  "
_STYLES: Final = ("$primary", "$text-secondary", "$text-warning")
_MARKS: Final = "━╍┄"
_PLAIN_MARKS: Final = "#+?"
_DEMO_WORDS: Final = "The demo spends nothing: this is what it would have cost."


class SpendScreen(Told):
    """The ledger of one gateway. `now` is the wall clock, epoch seconds."""

    DEFAULT_CSS = """
    SpendScreen {
        align: center middle;
        & > Vertical {
            width: 78; max-width: 100%; height: 5; max-height: 100%; padding: 0 2;
            background: $surface; border: round $border; border-title-color: $text-primary;
        }
        VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
        Static { width: 1fr; height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
        Horizontal { height: 2; padding-top: 1; align-horizontal: right; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,dollar_sign", "leave", "Close", id="spend.close", tooltip="Close what was spent"),
    ]

    def __init__(self, session: Session, *, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._session = session
        self._now = now
        self._unsubscribe: Callable[[], None] | None = None
        self._is_due = False
        self._shown: SpendReport | None = None

    def compose(self) -> ComposeResult:
        """One scrolling sheet, and the way out."""
        with Vertical() as box:
            box.border_title = "Spend"
            with VerticalScroll():
                yield Static("Reading the history …", id="spend-sheet", markup=False)
            with Horizontal():
                yield QuietButton("Close (q)", id="spend-close", compact=True)

    def on_mount(self) -> None:
        """Read now, and again whenever jobs change."""
        self._unsubscribe = self._session.book.subscribe(self._on_book)
        self._read()

    def on_unmount(self) -> None:
        """Follow nothing more."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    def _on_book(self, job_ids: frozenset[str]) -> None:
        # The ledger is read anew at midnight too.
        if not self._is_due and (job_ids or not self._is_true()):
            self._is_due = True
            self.set_timer(_READ_DELAY_S, self._read)

    def _is_true(self) -> bool:
        shown = self._shown
        today = datetime.fromtimestamp(self._now()).astimezone().date()
        return shown is not None and shown.ledger == self._session.book.ledger and shown.today_date == today

    def _read(self) -> None:
        self._is_due = False
        self.run_worker(self._show(), group="spend", exclusive=True)

    async def _show(self) -> None:
        plan = self._session.plan
        sheet = self.query_one("#spend-sheet", Static)
        try:
            spending = await self._session.spending()
        except KreaTuiError as error:
            sheet.update(f"{error} {error.advice}".strip())
            return
        report = self._shown = report_of(spending, self._now(), _MOST_DAYS)
        marks = _PLAIN_MARKS if plan.settings.screen.plain else _MARKS
        lines = list(_sheet(report, plan.settings.money, marks, is_demo=plan.is_demo))
        sheet.update(Content("\n").join(lines))
        # As high as it needs; where the terminal is lower the sheet scrolls, and the way out stays in sight.
        self.query_one(Vertical).styles.height = len(lines) + _FRAME_LINES


def _sheet(report: SpendReport, money: MoneySettings, marks: Sequence[str], *, is_demo: bool) -> Iterator[Content]:
    if is_demo:
        yield Content.styled(_DEMO_WORDS, "$text-success")
        yield Content("")
    yield from _sums(report)
    yield Content("")
    yield from _standing(report, money, marks, is_demo=is_demo)
    yield Content("")
    yield from _chart(report, marks)


def _sums(report: SpendReport) -> Iterator[Content]:
    head = "".join(name.rjust(_AMOUNT_CELLS) for name in ("spent", "reserved", "at risk", "total"))
    yield Content.styled(f"{' ' * _LABEL_CELLS}{head}{'jobs'.rjust(_JOBS_CELLS)}", "$text-muted")
    yield _sum_line("today", report.today, "bold")
    yield _sum_line("7 days", report.week)
    yield _sum_line("this month", report.month)
    yield _sum_line("all time", report.all_time)


def _sum_line(label: str, spend: Spend, style: str = "") -> Content:
    risk_style = "$text-warning" if spend.at_risk_microusd else "$text-muted"
    return Content.assemble(
        (label.ljust(_LABEL_CELLS), "$text-muted"),
        (_amount(spend.spent_microusd), style),
        (_amount(spend.reserved_microusd), style),
        (_amount(spend.at_risk_microusd), f"{style} {risk_style}".strip()),
        (_amount(spend.committed_microusd), style),
        (_count(spend.count).rjust(_JOBS_CELLS), style),
    )


def _standing(report: SpendReport, money: MoneySettings, marks: Sequence[str], *, is_demo: bool) -> Iterator[Content]:
    noun = "job" if report.held_count == 1 else "jobs"
    held = f"{report.held_count:,} {noun} not sent, free until they are" if report.held_count else "nothing waits"
    yield _fact("held", _amount(report.held_microusd), held)
    if is_demo:
        return
    cap = money.daily_cap_microusd
    if cap is None:
        yield _fact("daily cap", "none".rjust(_AMOUNT_CELLS), "set money.daily_cap_usd to hold what goes over it")
    else:
        left = left_of(cap, report.ledger)
        words = f"{format_usd(left.now_microusd)} left today"
        if report.held_count:
            words += f", {format_usd(left.after_held_microusd)} after what is held"
        yield _fact("daily cap", _amount(cap), words)
        bar = bar_of(report.today, cap, _CAP_CELLS)
        rest = "." if "#" in marks else "─"
        gauge = Content.assemble(_drawn(bar, marks), (rest * (_CAP_CELLS - sum(bar)), "$border-blurred"))
        yield Content.assemble(" " * (_LABEL_CELLS + _AMOUNT_CELLS), _GAP, gauge)
    batch = money.batch_cap_microusd
    asks = f"a batch over {format_usd(money.ask_above_microusd)} asks first"
    yield _fact("batch cap", "none".rjust(_AMOUNT_CELLS) if batch is None else _amount(batch), asks)


def _fact(label: str, amount: str, words: str) -> Content:
    return Content.assemble((label.ljust(_LABEL_CELLS), "$text-muted"), amount, _GAP, (words, "$text-muted"))


def _chart(report: SpendReport, marks: Sequence[str]) -> Iterator[Content]:
    legend = [Content.assemble((mark, style), f" {word}") for mark, style, word in _legend(marks)]
    head = "by day".ljust(_LABEL_CELLS + _AMOUNT_CELLS + _JOBS_CELLS)
    yield Content.assemble((head, "$text-muted"), _GAP, Content(_GAP).join(legend))
    for entry in reversed(_days_worth_showing(report)):
        is_today = entry.day == report.today_date
        spend = entry.spend
        yield Content.assemble(
            ("today" if is_today else f"{entry.day:%a} {entry.day.day:>2} {entry.day:%b}").ljust(_LABEL_CELLS),
            (_amount(spend.committed_microusd), "bold" if is_today else ""),
            (_count(spend.count).rjust(_JOBS_CELLS), "$text-muted"),
            _GAP,
            _drawn(bar_of(spend, report.most_microusd, _DAY_CELLS), marks),
        )


def _days_worth_showing(report: SpendReport) -> Sequence[DayOfSpend]:
    """From the first day that cost anything, a week at least."""
    first = next((index for index, entry in enumerate(report.days) if entry.spend.count), len(report.days))
    return report.days[min(first, len(report.days) - _FEWEST_DAYS) :]


def _legend(marks: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    return zip(marks, _STYLES, ("spent", "reserved", "at risk"), strict=True)


def _drawn(bar: Bar, marks: Sequence[str]) -> Content:
    parts = zip(bar, marks, _STYLES, strict=True)
    return Content.assemble(*((mark * cells, style) for cells, mark, style in parts if cells))


def _amount(microusd: int) -> str:
    return (format_usd(microusd) if microusd else "-").rjust(_AMOUNT_CELLS)


def _count(count: int) -> str:
    return f"{count:,}" if count else "-"
