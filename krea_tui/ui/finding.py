"""Which jobs the workbench shows: the keys for filter, views, order, columns, and the look at the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from textual.binding import Binding, BindingType

from krea_tui.ui.buying import Buying

if TYPE_CHECKING:
    from krea_tui.domain.job import Job, JobStatus
    from krea_tui.domain.views import SavedView
    from krea_tui.engine.listing import Listing
    from krea_tui.ui.jobs_pane import JobsPane
    from krea_tui.ui.session import Session
    from krea_tui.ui.whole import Whole

_FIND: Final = Binding.Group("Find")
_VIEWS_KEPT_AS: Final = "views"

FIND_BINDINGS: Final[list[BindingType]] = [
    Binding(
        "slash", "screen.filter", "Filter", key_display="/", id="find.filter", tooltip="Filter the jobs", group=_FIND
    ),
    Binding("f", "screen.views", "Views", id="find.views", tooltip="Views, and how many jobs stand where", group=_FIND),
    Binding("w", "screen.overview", "Overview", id="find.overview", tooltip="Queue, batches and gateway", group=_FIND),
    Binding("S", "screen.sort", "Sort", show=False, id="find.sort", tooltip="Sort the jobs", group=_FIND),
    Binding("C", "screen.columns", "Columns", show=False, id="find.columns", tooltip="Choose columns", group=_FIND),
]


class Finding(Buying):
    """A screen with a jobs pane."""

    _jobs: JobsPane
    _whole: Whole | None
    _now: Callable[[], float]

    def _show_pane(self, pane: str) -> None:
        """Go to a pane."""
        raise NotImplementedError

    # --- which jobs are meant --------------------------------------------------------------------------------------

    @property
    def job(self) -> Job | None:
        """The job under the cursor."""
        return self._jobs.job

    def marked_ids(self) -> frozenset[str]:
        """The marked jobs."""
        return self._jobs.marked_ids

    async def jobs_of(self, ids: frozenset[str]) -> list[Job]:
        """The jobs with these ids."""
        return await self._jobs.jobs_of(ids)

    def marks_are_done(self) -> None:
        """The marked jobs have been dealt with."""
        self._jobs.clear_marks()

    async def known_tags(self) -> Sequence[str]:
        """Every tag that is in use, the most used first."""
        return await self.session.history.tags()

    def show_accepted(self, jobs: Sequence[Job]) -> None:
        """Put the cursor on the first of these jobs."""

        async def select() -> None:
            if not await self._jobs.select(jobs[0].id) and self._jobs.filter_text:
                self._say("Accepted. The filter hides it: Esc in the jobs clears it.")

        if jobs:
            self.run_worker(select(), group="select", exclusive=True)

    # --- which jobs are shown --------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Type a filter over the jobs."""
        self._show_pane("jobs")
        self._jobs.open_filter()
        self.run_worker(self._learn_tags(), group="tags", exclusive=True)

    def action_views(self) -> None:
        """Choose a view, or a status."""

        async def choose() -> None:
            from krea_tui.ui.screens.views import ViewsScreen

            if self._jobs.listing is None:
                return
            shelf = ViewsShelf(self.session, self._jobs.listing)
            plain = self.session.plan.settings.screen.plain
            screen = ViewsScreen(shelf, self._jobs.filter_text, await shelf.views(), plain=plain)
            self._find(await self.app.push_screen_wait(screen))

        self._order(choose)

    def action_overview(self) -> None:
        """Show queue, batches and gateway."""

        async def look() -> None:
            from krea_tui.ui.screens.overview import Order, OverviewScreen

            orders: Mapping[Order, Callable[[], None]] = {
                Order.PAUSE: self.action_pause,
                Order.RELEASE: self.action_release,
                Order.RESOLVE: self.action_resolve,
            }
            listing, whole = self._jobs.listing, self._whole
            if listing is not None and whole is not None:
                window = OverviewScreen(
                    self.session, whole, lambda: listing.counts, lambda order: orders[order](), now=self._now
                )
                self._find(await self.app.push_screen_wait(window))

        self._order(look)

    def action_sort(self) -> None:
        """Choose what the jobs are sorted by."""

        async def choose() -> None:
            from krea_tui.ui.screens.sort import SortScreen

            plain = self.session.plan.settings.screen.plain
            ordering = await self.app.push_screen_wait(SortScreen(self._jobs.ordering, plain=plain))
            if ordering is not None:
                self._jobs.sort(ordering)

        self._order(choose)

    def action_columns(self) -> None:
        """Choose the columns."""

        async def choose() -> None:
            from krea_tui.ui.screens.columns import ColumnsScreen

            if self._jobs.table is not None:
                layout = await self.app.push_screen_wait(ColumnsScreen(self._jobs.table))
                if layout is not None:
                    self._jobs.lay_out(layout)

        self._order(choose)

    def _find(self, query: str | None) -> None:
        if query is not None:
            self._show_pane("jobs")
            self._jobs.find(query)

    async def _learn_tags(self) -> None:
        from krea_tui.domain.completion import Known

        if self._jobs.bar is not None:
            self._jobs.bar.known = Known(tags=tuple(await self.known_tags()))


class ViewsShelf:
    """The person's views, kept in the history, and what each would find."""

    def __init__(self, session: Session, listing: Listing) -> None:
        self._session = session
        self._listing = listing

    async def views(self) -> tuple[SavedView, ...]:
        """The views as they were kept."""
        from krea_tui.domain.views import views_from_text

        return views_from_text(await self._session.recall(_VIEWS_KEPT_AS) or "")

    async def keep_views(self, views: tuple[SavedView, ...]) -> None:
        """Keep the views for the next start; raises `KreaTuiError`."""
        from krea_tui.domain.views import views_to_text

        await self._session.keep(_VIEWS_KEPT_AS, views_to_text(views))

    @property
    def counts(self) -> Mapping[JobStatus, int]:
        """How many jobs of the whole history stand at each status."""
        return self._listing.counts

    async def count(self, query: str) -> int | None:
        """How many jobs a query finds; raises `KreaTuiError`, `SearchInterrupted` where it is to be asked again."""
        from krea_tui.domain.ordering import View
        from krea_tui.domain.query import parse_filter

        return len(await self._session.history.order(View(parse_filter(query, time.time()).terms)))

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener when jobs change; returns what ends that."""
        return self._listing.subscribe(lambda _order_changed, _job_ids: listener())
