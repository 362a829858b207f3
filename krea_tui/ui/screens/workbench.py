"""The one screen: form, live queue and preview, or three tabs where there is no room for them side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.request import GenerationRequest
from krea_tui.ui.finding import Finding
from krea_tui.ui.first_keys import behind_the_first_keys
from krea_tui.ui.jobs_pane import JobsPane
from krea_tui.ui.screens.furniture import NO_PICTURE, Desk
from krea_tui.ui.session import Session
from krea_tui.ui.widgets.compose_form import ComposeForm
from krea_tui.ui.widgets.pane_tabs import PANES, PaneTabs
from krea_tui.ui.widgets.preview_pane import PreviewPane
from krea_tui.ui.widgets.status_bar import Situation, StatusBar

if TYPE_CHECKING:
    from krea_tui.domain.job import Job
    from krea_tui.ui.draft_keeper import DraftKeeper
    from krea_tui.ui.learning import Learning
    from krea_tui.ui.live_table.messages import Highlighted, Opened
    from krea_tui.ui.notices import Notices
    from krea_tui.ui.whole import Whole
    from krea_tui.ui.widgets.attention import Attention
    from krea_tui.ui.widgets.pulse import PulseState

# What the panes show of the whole follows the jobs at most so often.
FRAME_S: Final = 0.05
TITLE_S: Final = 0.3

_PANE: Final = Binding.Group("Panes")


class Workbench(Finding):
    """Projects the job book onto the panes; posts orders to the session. `now` is the wall clock, epoch seconds."""

    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 -- Textual declares it so

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "pane('compose')", "Compose", show=False, id="pane.compose", tooltip="To the form", group=_PANE),
        Binding("2", "pane('jobs')", "Jobs", show=False, id="pane.jobs", tooltip="To the jobs", group=_PANE),
        Binding(
            "3", "pane('preview')", "Preview", show=False, id="pane.preview", tooltip="To the preview", group=_PANE
        ),
        Binding(
            "ctrl+j",
            "to_form",
            "Compose",
            show=False,
            id="pane.to_form",
            tooltip="From jobs or preview, back to the form",
        ),
        Binding(
            "escape", "back", "Back", show=False, id="pane.back", tooltip="Leave full screen or filter", group=_PANE
        ),
    ]

    def __init__(self, session: Session, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(session)
        # Set before anything is styled: each class that comes later styles the whole screen anew.
        self.add_class("-show-compose", update=False)
        self._now = now
        self._jobs = JobsPane(session, now=now, id="jobs")
        self._form = ComposeForm(id="form")
        self._preview = PreviewPane(NO_PICTURE, now=now, id="preview")
        self._status = StatusBar(now=now, id="status")
        self._tabs = PaneTabs(id="tabs")
        self._changed: set[str] = set()
        self._flush_is_due = False
        self._flushed_at = 0.0
        self._title_is_due = False
        self._titled_at = 0.0
        self._learning: Learning | None = None
        self._whole: Whole | None = None
        self._notices: Notices | None = None
        self._attention: Attention | None = None
        self._drafts: DraftKeeper | None = None

    def compose(self) -> ComposeResult:
        """Status line and panes; the footer comes behind the first frame, and where there is room so do the tabs."""
        breakpoint_class = self._breakpoint_class()
        self.add_class(breakpoint_class, update=False)
        yield self._status
        if breakpoint_class == "-narrow":
            yield self._tabs
        with Horizontal(id="panes"):
            yield self._form
            with Desk(id="desk"):
                yield self._jobs
                yield self._preview

    def on_mount(self) -> None:
        """Say what is known at once; everything that knows jobs comes behind the first frame."""
        plan = self.session.plan
        self._preview.plain = plan.settings.screen.plain
        self._jobs.border_title = "Jobs"
        self._status.tell(Situation(gateway=plan.gateway_name, is_demo=plan.is_demo))
        self.call_after_refresh(self._furnish)

    @behind_the_first_keys
    async def _furnish(self) -> None:
        from textual.widgets import Footer

        from krea_tui.ui.draft_keeper import DraftKeeper
        from krea_tui.ui.learning import Learning
        from krea_tui.ui.notices import Notices
        from krea_tui.ui.whole import Whole
        from krea_tui.ui.widgets.attention import Attention

        book, plan = self.session.book, self.session.plan
        gateway = plan.settings.gateway
        self._learning = Learning()
        self._whole = Whole(
            book,
            plan.profile,
            places=gateway.max_in_flight,
            requests_per_s=gateway.requests_per_s,
            since=self._now(),
        )
        self._notices = Notices(self._whole.is_under_way)
        self._attention = Attention(id="attention")
        await self._jobs.furnish()
        await self.mount(self._attention, after=self._status)
        await self.mount(Footer(show_command_palette=True))
        if not self._tabs.is_mounted:
            await self.mount(self._tabs, after=self._status)
        # The footer fills itself when the bindings change, which they did before it was there.
        self.refresh_bindings()
        book.subscribe(self._on_book)
        self._status.watch_situation(self._situation)
        if self._jobs.pulse is not None:
            self._jobs.pulse.watch_state(self._pulse)
        # What was loaded meanwhile is news to the panes.
        self._changed.update(job.id for job in book)
        self._flush()
        self._drafts = DraftKeeper(self._form, self.session)
        self.run_worker(self._drafts.restore(), group="draft")

    def _pulse(self) -> PulseState:
        from krea_tui.domain.job import OPEN
        from krea_tui.ui.widgets.pulse import PulseState

        listing = self._jobs.listing
        if self._whole is None or listing is None:
            return PulseState()
        # What is open is all in the book, and newer there than any count of the history.
        book = self.session.book
        counts = {**listing.counts, **{status: book.count(status) for status in OPEN}}
        return self._whole.pulse(counts, self._now())

    def _breakpoint_class(self) -> str:
        width = self.app.size.width
        return [name for least, name in self.HORIZONTAL_BREAKPOINTS or () if width >= least][-1]

    # --- the book --------------------------------------------------------------------------------------------------

    def _on_book(self, job_ids: frozenset[str]) -> None:
        self._changed |= job_ids
        if not self._flush_is_due:
            self._flush_is_due = True
            # Through the own queue, so that the caller's context does not matter.
            self.call_later(self._begin_frame)

    def _begin_frame(self) -> None:
        wait_s = self._flushed_at + FRAME_S - time.monotonic()
        if wait_s > 0:
            self.set_timer(wait_s, self._flush)
        else:
            self._flush()

    def _flush(self) -> None:
        self._flush_is_due = False
        self._flushed_at = time.monotonic()
        table, whole = self._jobs.table, self._whole
        if table is None or whole is None or self._learning is None or self._notices is None:
            return
        changed, self._changed = self._changed, set()
        book = self.session.book
        jobs = [job for job in (book.get(job_id) for job_id in changed) if job is not None]
        ended = self._learning.take_in(jobs)
        if self._learning.has_changed:
            table.estimate = self._learning.estimate
            self._preview.learn(self._learning.estimate)
        whole.take_in(jobs, self._learning.estimate, self._now())
        if whole.is_unread:
            self.run_worker(self._read_batches(whole), group="batches", exclusive=True)
        if self._jobs.cursor_job_id in changed:
            self._show_job()
        for job in ended:
            self._notice(self._notices, job)
        self._tell_situation()

    async def _read_batches(self, whole: Whole) -> None:
        # Without it less is said of them; that the history cannot be read is told by the listing.
        with suppress(KreaTuiError):
            await whole.read(self.session.history)

    def _situation(self) -> Situation:
        from krea_tui.ui.situation import situation_of

        plan = self.session.plan
        return situation_of(
            self.session.book,
            now=self._now(),
            gateway=plan.gateway_name,
            cap_microusd=plan.settings.money.daily_cap_microusd,
            is_demo=plan.is_demo,
        )

    def _tell_situation(self) -> None:
        from krea_tui.ui.situation import matters_of, money_left

        book, plan = self.session.book, self.session.plan
        self._status.tell(self._situation())
        self._preview.is_standing = book.health.pause is not None
        if self._jobs.table is not None:
            self._jobs.table.is_standing = self._preview.is_standing
        if self._attention is not None:
            self._attention.tell(matters_of(book, plan.profile))
        self._form.set_money_left(money_left(book, plan.settings.money.daily_cap_microusd, is_demo=plan.is_demo))
        self._tell_counts()

    @on(JobsPane.Told)
    def _tell_counts(self) -> None:
        wait_s = self._titled_at + TITLE_S - time.monotonic()
        if wait_s <= 0:
            self._retitle()
        elif not self._title_is_due:
            # A frame's title paints all that it frames: not with every job of a thousand.
            self._title_is_due = True
            self.set_timer(wait_s, self._retitle)

    def _retitle(self) -> None:
        self._title_is_due = False
        if (title := self._jobs.title(self.session.book)) != self._jobs.border_title:
            self._titled_at = time.monotonic()
            self._jobs.border_title = title

    def _notice(self, notices: Notices, job: Job) -> None:
        is_hidden = self.has_class("-narrow") and self.has_class("-show-compose")
        is_seen = self._jobs.cursor_job_id == job.id and self.app.app_focus and not is_hidden
        if (message := notices.of(job, is_seen=is_seen)) is not None:
            self.post_message(message)

    # --- the job under the cursor ----------------------------------------------------------------------------------

    def _show_job(self) -> None:
        job = self.job
        self._preview.show(job, self.session.picture_path(job) if job else None)

    def on_live_table_highlighted(self, event: Highlighted) -> None:
        """Show the job under the cursor, and check it first."""
        event.stop()
        self.session.prefer(event.key)
        self._show_job()

    async def on_attention_chosen(self, event: Attention.Chosen) -> None:
        """Open what the person wants to decide."""
        event.stop()
        await self.run_action(event.action)

    def on_live_table_opened(self, event: Opened) -> None:
        """Show the preview alone."""
        event.stop()
        self._is_solo = True
        self._show_pane("preview")

    # --- the form ---------------------------------------------------------------------------------------------------

    @on(ComposeForm.Changed)
    def _draft_changed(self, event: ComposeForm.Changed) -> None:
        event.stop()
        if self._drafts is not None:
            self._drafts.changed()

    async def keep_draft(self) -> None:
        """Keep what the form holds for the next start."""
        if self._drafts is not None:
            await self._drafts.keep()

    @on(ComposeForm.Left)
    def _left_form(self, event: ComposeForm.Left) -> None:
        event.stop()
        self._show_pane("jobs")

    def edit_as_new(self, request: GenerationRequest) -> None:
        """Put a request into the form."""
        self._form.load(request)
        self._is_solo = False
        self._show_pane("compose")

    # --- panes -----------------------------------------------------------------------------------------------------

    @property
    def _is_solo(self) -> bool:
        return self._preview.is_alone

    @_is_solo.setter
    def _is_solo(self, is_solo: bool) -> None:
        self._preview.is_alone = is_solo
        self.set_class(is_solo, "-solo")

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        event.stop()
        self._show_pane(event.pane)

    def action_pane(self, pane: str) -> None:
        """Go to a pane."""
        self._is_solo = False
        self._show_pane(pane)

    def action_back(self) -> None:
        """Leave the preview's full screen; without one, the filter."""
        if not self._is_solo and self._jobs.filter_text:
            self._jobs.find("")
        self._is_solo = False
        self._show_pane("jobs")

    def action_to_form(self) -> None:
        """Nothing is sent from where the form may not even be seen."""
        self.action_pane("compose")
        self._say("Ctrl+J generates what the form holds.")

    def action_details(self) -> None:
        """Show every parameter of the job, or its picture alone again."""
        self._preview.has_details = not self._preview.has_details
        if self.has_class("-narrow"):
            self._show_pane("preview")

    def _show_pane(self, pane: str) -> None:
        for name in PANES:
            self.set_class(name == pane, f"-show-{name}")
        self._tabs.active = pane
        if pane == "compose":
            self._form.focus_prompt()
        elif pane == "preview":
            self._preview.focus()
        elif self._jobs.table is not None:
            self._jobs.table.focus()
