"""The whole at a glance: how many jobs stand where, batches and their ends, what is held, how the gateway does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button

from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.job import JobStatus
from krea_tui.domain.pricing import format_usd
from krea_tui.ui.overview_lines import Facts, overview_lines
from krea_tui.ui.screens.dialog import Confirm
from krea_tui.ui.session import Session
from krea_tui.ui.situation import held_back
from krea_tui.ui.whole import Whole
from krea_tui.ui.widgets.quiet_button import QuietButton
from krea_tui.ui.widgets.sheet import Sheet

# Border above and below, the buttons, and the blank line before them.
_FRAME_LINES: Final = 4
# Border and padding at both sides, and the scroll bar.
_FRAME_CELLS: Final = 7


class Order(StrEnum):
    """What the person orders here; carried out by whoever opened the window."""

    PAUSE = "pause"
    RELEASE = "release"
    RESOLVE = "resolve"


class OverviewScreen(ModalScreen[str | None]):
    """Live while it is open. The result is the search that the person chose by a click, None where there was none.

    `counts` tells those of the whole history, `order` carries orders out, `now` is the wall clock (epoch seconds).
    """

    DEFAULT_CSS = """
    OverviewScreen {
        align: center middle;
        & > Vertical {
            width: 96; max-width: 100%; height: 8; max-height: 100%; padding: 0 2;
            background: $surface; border: round $border; border-title-color: $text-primary;
        }
        VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
        Horizontal { height: 2; padding-top: 1; align-horizontal: right; }
    }
    """

    # The app's own rule for these buttons outranks what stands above.
    CSS = """
    OverviewScreen QuietButton { padding: 0; margin-left: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,w", "leave", "Close", id="overview.close", tooltip="Close the overview"),
        Binding("p", "order('pause')", "Pause", id="overview.pause", tooltip="Pause sending, or go on"),
        Binding("l", "order('release')", "Left over", id="overview.release", tooltip="Send or cancel left-overs"),
        Binding("u", "order('resolve')", "Unconfirmed", id="overview.resolve", tooltip="Resolve unconfirmed jobs"),
        Binding("x", "cancel_held", "Cancel held", id="overview.cancel", tooltip="Cancel all that is held"),
    ]

    def __init__(
        self,
        session: Session,
        whole: Whole,
        counts: Callable[[], Mapping[JobStatus, int]],
        order: Callable[[Order], None],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._session = session
        self._whole = whole
        self._counts = counts
        self._order = order
        self._now = now
        self._unsubscribe: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        """One scrolling sheet, what can be ordered, and the way out."""
        with Vertical() as box:
            box.border_title = "Overview"
            with VerticalScroll(id="overview-scroll"):
                yield Sheet(id="overview-sheet")
            with Horizontal():
                yield QuietButton("Pause (p)", id="overview-pause", compact=True)
                yield QuietButton("Left over (l)", id="overview-release", compact=True)
                yield QuietButton("Resolve (u)", id="overview-resolve", compact=True)
                yield QuietButton("Cancel held (x)", id="overview-cancel", compact=True)
                yield QuietButton("Close (q)", id="overview-close", compact=True)

    def on_mount(self) -> None:
        """One clock; what the gateway or the person changes is shown at once."""
        self._unsubscribe = self._session.book.subscribe(self._on_book)
        self.set_interval(1.0, self._show)
        self._show()
        self.query_one("#overview-scroll").focus()

    def on_unmount(self) -> None:
        """Follow nothing more."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    def on_resize(self) -> None:
        """Lines are as long as there is room."""
        self.call_after_refresh(self._show)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)

    def action_order(self, word: str) -> None:
        """Have an order carried out; the window stays and shows what comes of it."""
        self._order(Order(word))

    def action_cancel_held(self) -> None:
        """Cancel everything that was not sent yet, after saying how many and for how much."""
        plan = self._session.plan
        held = [job for job in self._session.book.held() if job.profile == plan.profile]
        if not held:
            self.notify("Nothing is held.", markup=False)
            return
        noun = "job" if len(held) == 1 else "jobs"
        total = "" if plan.is_demo else f", {format_usd(sum(job.price_microusd for job in held))}"
        question = f"Cancel all {len(held):,} held {noun}{total}?"
        detail = "They were never sent and cost nothing. What is at the gateway goes on."
        ids = [job.id for job in held]

        def answered(answer: bool | None) -> None:
            if answer:
                self._cancel(ids)

        self.app.push_screen(Confirm("Cancel held", question, detail), answered)

    @work(group="orders")
    async def _cancel(self, ids: list[str]) -> None:
        try:
            cancelled = await (await self._session.engine()).withdraw(ids)
        except KreaTuiError as error:
            self.notify(f"{error} {error.advice}".strip(), severity="error", markup=False)
        else:
            self.notify(f"{len(cancelled):,} of {len(ids):,} cancelled; nothing was spent.", markup=False)

    def _on_book(self, job_ids: frozenset[str]) -> None:
        # Jobs change in flocks, and the clock shows them; a pause is answered at once.
        if not job_ids:
            self.call_later(self._show)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        word = (event.button.id or "").removeprefix("overview-")
        if word == "close":
            self.action_leave()
        elif word == "cancel":
            self.action_cancel_held()
        else:
            self._order(Order(word))

    @on(Sheet.Followed)
    def _followed(self, event: Sheet.Followed) -> None:
        event.stop()
        self.dismiss(event.target)

    def _show(self) -> None:
        if not self.is_mounted:
            return
        plan = self._session.plan
        facts = Facts(
            book=self._session.book,
            whole=self._whole,
            counts=self._counts(),
            profile=plan.profile,
            gateway=plan.gateway_name,
            is_demo=plan.is_demo,
            has_webhook=plan.settings.webhook.public_url is not None,
            plain=plan.settings.screen.plain,
            width=max(40, min(96, self.size.width) - _FRAME_CELLS),
        )
        lines = tuple(overview_lines(facts, self._now()))
        self.query_one(Sheet).tell(lines)
        self._show_buttons()
        # As high as it needs; where the terminal is lower the sheet scrolls, and the way out stays in sight.
        box = self.query_one(Vertical)
        if box.styles.height is None or box.styles.height.value != len(lines) + _FRAME_LINES:
            box.styles.height = len(lines) + _FRAME_LINES

    def _show_buttons(self) -> None:
        book, profile = self._session.book, self._session.plan.profile
        pause = self.query_one("#overview-pause", QuietButton)
        goes_on = book.health.pause is not None or held_back(book, profile)
        words = "Resume (p)" if goes_on else "Pause (p)"
        if str(pause.label) != words:
            pause.label = words
            # Its width goes with the word.
            pause.refresh(layout=True)
        self.query_one("#overview-release").display = bool(book.left_over(profile))
        self.query_one("#overview-resolve").display = bool(book.undecided(profile))
        self.query_one("#overview-cancel").display = book.count(JobStatus.HELD) > 0
