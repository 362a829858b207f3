"""The jobs pane: which jobs are shown, in which order, and which of them are meant."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.text import clean_line
from krea_tui.ui.screens.furniture import LOADING, NO_JOBS, NO_MATCH
from krea_tui.ui.session import Session

if TYPE_CHECKING:
    from krea_tui.domain.job import Job
    from krea_tui.domain.ordering import Ordering
    from krea_tui.domain.terms import Term
    from krea_tui.engine.book import JobBook
    from krea_tui.engine.listing import Listing
    from krea_tui.ui.live_table import messages
    from krea_tui.ui.live_table.layout import ColumnLayout
    from krea_tui.ui.widgets.filter_bar import FilterBar
    from krea_tui.ui.widgets.job_table import JobTable
    from krea_tui.ui.widgets.pulse import Pulse

_LAYOUT_KEPT_AS: Final = "columns"
_SORT_KEPT_AS: Final = "sort"
_FILTERS_KEPT_AS: Final = "filters"


class JobsPane(Vertical):
    """Filter, rows, and a line about the whole. Empty until `furnish()`, which comes behind the first frame.

    `now` is the wall clock, epoch seconds.
    """

    class Told(Message):
        """What stands around the rows is another: how many match, are marked, or wait."""

    def __init__(self, session: Session, *, now: Callable[[], float] = time.time, id: str | None = None) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._session = session
        self._now = now
        self.table: JobTable | None = None
        self.listing: Listing | None = None
        self.bar: FilterBar | None = None
        self.pulse: Pulse | None = None
        self._detail = ""
        self._terms: tuple[Term, ...] = ()
        # Where the person stood before the filter was changed, whatever its letters have found on the way.
        self._anchor_id: str | None = None

    async def furnish(self) -> None:
        """Bring everything that knows jobs."""
        from krea_tui.ui.widgets.filter_bar import FilterBar
        from krea_tui.ui.widgets.job_table import JobTable
        from krea_tui.ui.widgets.pulse import Pulse

        plain = self._session.plan.settings.screen.plain
        self.listing = self._session.listing()
        self.table = JobTable(self.listing, empty=LOADING, now=self._now, id="table")
        self.table.plain = plain
        self.bar = FilterBar(now=self._now, id="filter")
        self.bar.plain = plain
        self.pulse = Pulse(plain=plain, id="pulse")
        await self.mount(self.bar, self.table, self.pulse)
        self.listing.subscribe(self._on_listing)
        self.run_worker(self._begin(), group="listing")

    async def on_unmount(self) -> None:
        """Search for nothing more."""
        if self.listing is not None:
            await self.listing.aclose()

    # --- which jobs are meant --------------------------------------------------------------------------------------

    @property
    def job(self) -> Job | None:
        """The job under the cursor."""
        job_id = self.cursor_job_id
        return self.listing.get(job_id) if self.listing is not None and job_id else None

    @property
    def cursor_job_id(self) -> str | None:
        """The id of the job under the cursor."""
        return self.table.cursor_key if self.table is not None else None

    @property
    def marked_ids(self) -> frozenset[str]:
        """The ids of the marked jobs."""
        return self.table.marked if self.table is not None else frozenset()

    def clear_marks(self) -> None:
        """Mark nothing any more."""
        if self.table is not None:
            self.table.clear_marks()
        if self.listing is not None:
            # At once, for what is looked for next: the table tells of it later.
            self.listing.thaw()

    async def jobs_of(self, job_ids: Collection[str]) -> list[Job]:
        """The jobs with these ids, newest first, loaded or not; raises `StoreError`."""
        return await self._session.history.jobs_by_id(job_ids)

    async def select(self, job_id: str) -> bool:
        """Put the cursor on a job that may have come only now; false where the filter hides it."""
        if self.listing is None or self.table is None:
            return False
        self.listing.catch_up()
        return await self.listing.locate(job_id) is not None and self.table.move_to(job_id)

    # --- which jobs are shown --------------------------------------------------------------------------------------

    @property
    def filter_text(self) -> str:
        """The filter's text."""
        return self.bar.text if self.bar is not None else ""

    def open_filter(self) -> None:
        """Type in the filter."""
        if self.bar is not None:
            self._anchor_id = self.cursor_job_id
            self.bar.open()

    def find(self, query: str) -> None:
        """Show the jobs of a query; all of them where it is empty."""
        if self.bar is None or self.table is None:
            return
        self._anchor_id = self.cursor_job_id
        self.bar.text = query
        if not query:
            self.bar.close()
        self.table.focus()

    def sort(self, ordering: Ordering) -> None:
        """Show the jobs in another order, now and at the next start."""
        from krea_tui.ui.sorting import sort_to_text

        self._show(ordering)
        self._keep(_SORT_KEPT_AS, sort_to_text(ordering))

    @property
    def ordering(self) -> Ordering:
        """The order in which the jobs are shown."""
        from krea_tui.domain.ordering import NEWEST_FIRST

        return self.listing.view.ordering if self.listing is not None else NEWEST_FIRST

    def lay_out(self, layout: ColumnLayout) -> None:
        """Show these columns, now and at the next start."""
        if self.table is not None:
            self.table.column_layout = layout
            self._keep(_LAYOUT_KEPT_AS, layout.to_text())

    async def _begin(self) -> None:
        from krea_tui.ui.live_table.layout import ColumnLayout
        from krea_tui.ui.sorting import sort_from_text
        from krea_tui.ui.widgets.filter_history import FilterHistory

        if self.table is None or self.bar is None:
            return
        try:
            layout = await self._session.recall(_LAYOUT_KEPT_AS)
            ordering = sort_from_text(await self._session.recall(_SORT_KEPT_AS))
            filters = await self._session.recall(_FILTERS_KEPT_AS)
        except KreaTuiError:
            # The app says what is wrong with the history; there is nothing to show.
            return
        if layout is not None:
            self.table.column_layout = ColumnLayout.from_text(layout)
        if filters:
            self.bar.history = FilterHistory(filters.split("\n"))
        self._show(ordering)

    def _show(self, ordering: Ordering | None = None) -> None:
        if self.listing is None or self.table is None:
            return
        from krea_tui.domain.ordering import NEWEST_FIRST, View
        from krea_tui.domain.query import parse_filter
        from krea_tui.ui.live_table.header import SortSign
        from krea_tui.ui.sorting import column_of

        view = View(parse_filter(self.filter_text, self._now()).terms, ordering or self.listing.view.ordering)
        by = view.ordering
        self.table.sort = None if by == NEWEST_FIRST else SortSign(column_of(by), by.descending)
        self.run_worker(self.listing.show(view), group="listing", exclusive=True)

    def _on_listing(self, order_changed: bool, job_ids: frozenset[str]) -> None:
        if self.table is None or self.listing is None or self.bar is None:
            return
        if order_changed:
            self.table.rows_changed()
            self._land()
        elif job_ids:
            self.table.keys_changed(job_ids)
        self.table.waiting = self.listing.waiting
        self.table.empty = self._empty_words()
        count = len(self.listing) if self.listing.is_complete else None
        # What is in the trash is not counted among all.
        total = max(sum(self.listing.counts.values()), count or 0)
        self.bar.tell(count, total, self.listing.is_searching, self.listing.failure)
        self._tell()

    def _land(self) -> None:
        """Other jobs are shown: stand on the job of before, where it is among them, else on the first."""
        if self.table is None or self.listing is None or self._terms == self.listing.shown.terms:
            return
        self._terms = self.listing.shown.terms
        if self._anchor_id is None or not self.table.move_to(self._anchor_id):
            self.table.action_first()

    def _empty_words(self) -> Content:
        if self.listing is None or (self.listing.is_searching and not self.filter_text):
            return LOADING
        return NO_MATCH if self.filter_text else NO_JOBS

    def title(self, book: JobBook) -> str:
        """What stands in the frame above: how many jobs there are, and how many of them matter now."""
        from krea_tui.domain.job import JobStatus

        counts: Mapping[JobStatus, int] = self.listing.counts if self.listing is not None else {}
        total = max(sum(counts.values()), len(book))
        bad = (JobStatus.FAILED, JobStatus.ERROR, JobStatus.REJECTED, JobStatus.NOT_FOUND)
        failed = sum(counts.get(status, 0) for status in bad)
        facts = {"all": total, "running": book.running_count, "failed": failed}
        return " · ".join(["Jobs", *(f"{word} {count:,}" for word, count in facts.items() if count)])

    # --- what stands in the frame ----------------------------------------------------------------------------------

    def _tell(self) -> None:
        # Each assignment paints the frame anew.
        if (subtitle := self._subtitle()) != self.border_subtitle:
            self.border_subtitle = subtitle
        self.post_message(self.Told())

    def _subtitle(self) -> Content:
        room = max(0, self.size.width - 6)
        if marked := len(self.marked_ids):
            rest = f" · filter {clean_line(self.filter_text)}" if self.filter_text else " · Esc clears"
            return Content.assemble((f"{marked:,} marked", "bold $text-primary"), rest).truncate(room, ellipsis=True)
        if self.bar is not None and self.filter_text and not self.bar.is_open:
            return self.bar.text_for_border(room)
        return Content(clean_line(self._detail)).truncate(room, ellipsis=True)

    # --- what rows, filter and line ask for ------------------------------------------------------------------------

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        """Search while the person types."""
        event.stop()
        self._show()
        self._tell()

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        """To the rows; the filter stays in force."""
        event.stop()
        self._keep(_FILTERS_KEPT_AS, "\n".join(event.bar.history.texts))
        if self.table is not None:
            self.table.focus()
        self._tell()

    def on_pulse_status_chosen(self, event: Pulse.StatusChosen) -> None:
        """Show the jobs of a status."""
        event.stop()
        self.find(event.query)

    def on_live_table_sort_asked(self, event: messages.SortAsked) -> None:
        """By this column; again, the other way; once more, as it was."""
        event.stop()
        from krea_tui.ui.sorting import after_click

        self.sort(after_click(self.ordering, event.column_key))

    def on_live_table_layout_changed(self, event: messages.LayoutChanged) -> None:
        """Keep the columns as they are."""
        event.stop()
        self._keep(_LAYOUT_KEPT_AS, event.layout.to_text())

    def on_live_table_detail_changed(self, event: messages.DetailChanged) -> None:
        """Say in the frame what the row had no room for."""
        event.stop()
        self._detail = event.text
        self._tell()

    def on_live_table_marks_changed(self, event: messages.MarksChanged) -> None:
        """Say how many are meant."""
        event.stop()
        self._tell()

    def on_live_table_hands_on(self, event: messages.HandsOn) -> None:
        """The list does not move under the hands."""
        event.stop()
        if self.listing is not None:
            self.listing.freeze()

    def on_live_table_hands_off(self, event: messages.HandsOff) -> None:
        """What has waited comes in."""
        event.stop()
        if self.listing is not None:
            self.listing.thaw()

    def on_live_table_new_wanted(self, event: messages.NewWanted) -> None:
        """Take in what waits, though rows are marked."""
        event.stop()
        if self.listing is not None:
            self.listing.thaw()
            if self.marked_ids:
                self.listing.freeze()

    def on_live_table_all_asked(self, event: messages.AllAsked) -> None:
        """Mark every job of the view, loaded or not."""
        event.stop()
        self._mark_all(lambda table, ids: table.mark(ids))

    def on_live_table_invert_asked(self, event: messages.InvertAsked) -> None:
        """Mark what is not marked."""
        event.stop()
        self._mark_all(lambda table, ids: table.mark_only(frozenset(ids) - table.marked))

    def on_live_table_span_asked(self, event: messages.SpanAsked) -> None:
        """Mark rows of which some were never loaded."""
        event.stop()

        async def answer() -> None:
            if self.listing is not None:
                event.answer(await self.listing.ids(event.first, event.last))

        self.run_worker(answer(), group="marks")

    def _mark_all(self, mark: Callable[[JobTable, list[str]], None]) -> None:
        async def mark_all() -> None:
            if self.listing is not None and self.table is not None:
                mark(self.table, await self.listing.ids())

        self.run_worker(mark_all(), group="marks", exclusive=True)

    def _keep(self, name: str, text: str) -> None:
        async def keep() -> None:
            try:
                await self._session.keep(name, text)
            except KreaTuiError as error:
                words = f"This is not kept for the next start: {error}"
                self.notify(words, severity="warning", markup=False)

        self.run_worker(keep(), group="keep")
