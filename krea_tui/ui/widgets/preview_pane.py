"""The star: the picture of the job under the cursor, or how that job stands, and one quiet line about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

if TYPE_CHECKING:
    from krea_tui.domain.durations import DurationEstimate
    from krea_tui.domain.job import Job
    from krea_tui.ui.widgets.picture_view import PictureView

# At this width the details stand beside the picture; below it they take its place.
BESIDE_CELLS = 106
# Wide enough for a request id in one line.
DETAILS_CELLS = 54
_DETAILS_MARGIN = 5


class _Body(Horizontal):
    """Picture and details. It brings the rules of all that comes with the first job: no first frame parses them."""

    SCOPED_CSS = False

    DEFAULT_CSS = """
    PreviewPane {
        #preview-body { height: 1fr; }
        #details { display: none; text-align: left; width: 1fr; height: 1fr; scrollbar-size-vertical: 1; }
        #details-text { width: 1fr; height: auto; }
        &.-details #picture { display: none; }
        &.-details #details { display: block; }
        &.-beside #picture { display: block; }
        &.-beside #details { display: block; width: 54; padding-left: 2; }
        &.-beside.-details #details { display: none; }
        &.-alone #details { display: none; }
        &.-alone.-details #details { display: block; }
        &.-bare #details { display: none; }
        #caption {
            width: 1fr; height: 1; color: $text-muted; text-align: center;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
    }
    """


class PreviewPane(Widget, can_focus=True):
    """Shows one job. `show(job, path)` after every change of it; `empty` is said where there is none.

    `now` is the wall clock, epoch seconds.
    """

    DEFAULT_CSS = """
    PreviewPane {
        width: 1fr;
        height: 1fr;
        padding: 0 1;
        content-align: center middle;
        text-align: center;
        border: round $border-blurred;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        &:focus-within, &:focus {
            border: round $border;
            border-title-color: $text-primary;
            border-title-style: bold;
        }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_details(-1)", "Scroll up", show=False, id="preview.up", tooltip="Scroll the details"),
        Binding(
            "down,j", "scroll_details(1)", "Scroll down", show=False, id="preview.down", tooltip="Scroll the details"
        ),
    ]

    has_details: reactive[bool] = reactive(False, init=False)
    """The other of two views: the details in the picture's place, or the picture without them where they stand beside.

    Alone on the screen it shows the picture first, and the details when asked.
    """

    is_alone: reactive[bool] = reactive(False, init=False)
    """Whether it has the whole screen, for the picture's sake."""

    plain: reactive[bool] = reactive(False, init=False)
    """ASCII twins for every glyph."""

    is_standing: reactive[bool] = reactive(False, init=False)
    """Whether nothing is sent now, so that no held job's turn comes."""

    def __init__(self, empty: Content, *, now: Callable[[], float] = time.time, id: str | None = None) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, classes="-bare")
        self.border_title = "Preview"
        self._empty = empty
        self._now = now
        self._job: Job | None = None
        self._path: Path | None = None
        self._estimate: DurationEstimate | None = None
        self._clock: Timer | None = None
        self._picture: PictureView | None = None
        # Held, not asked for: they are updated before they are mounted.
        self._details = Static("", id="details-text", markup=False)
        self._caption = Static("", id="caption", markup=False)

    def render(self) -> Content:
        """Words for no job; picture, details and caption come with the first one and cover the pane."""
        return self._empty.stylize_before("$text-muted") if self._picture is None else Content()

    def on_mount(self) -> None:
        """Start with nothing selected."""
        self._clock = self.set_interval(1.0, self._tick, pause=True)

    @property
    def job(self) -> Job | None:
        """The job that is shown."""
        return self._job

    def show(self, job: Job | None, path: Path | None) -> None:
        """Show a job, and its picture where there is one on disk."""
        from krea_tui.ui.job_text import title_of
        from krea_tui.ui.live_table.cells import steady
        from krea_tui.ui.widgets.job_looks import is_ticking

        if job is None and self._job is None:
            return
        same_picture = job is not None and self._job is not None and job.id == self._job.id and path == self._path
        self._job, self._path = job, path
        self._furnish()
        # As content: a title given as text is read as markup.
        self.border_title = Content(f"Preview · {steady(title_of(job))}") if job else "Preview"
        self._show_caption()
        self._show_details()
        self.set_class(job is None, "-bare")
        if not (same_picture and path is not None):
            self._show_picture()
        if self._clock is not None:
            (self._clock.resume if job is not None and is_ticking(job, self._now()) else self._clock.pause)()

    def learn(self, estimate: DurationEstimate) -> None:
        """How long jobs take, from now on."""
        self._estimate = estimate

    def on_resize(self) -> None:
        """Put the details beside the picture where there is room."""
        self.set_class(self.size.width >= BESIDE_CELLS, "-beside")
        if self._picture is not None:
            self._show_details()
            self._show_caption()

    def watch_has_details(self, has_details: bool) -> None:
        """Swap picture and details."""
        self.set_class(has_details, "-details")
        self._show_details()

    def watch_is_alone(self, is_alone: bool) -> None:
        """Say the way back."""
        self.set_class(is_alone, "-alone")
        self.border_subtitle = "Esc goes back" if is_alone else ""

    def watch_is_standing(self) -> None:
        """Say of a held job whether its turn comes."""
        if self._job is not None and self._path is None:
            self._show_picture()

    def watch_plain(self) -> None:
        """Say it in ASCII."""
        if self.is_mounted:
            self._show_picture()

    def action_scroll_details(self, by: int) -> None:
        """Scroll the details by a line."""
        if self._picture is None:
            return
        self.query_one("#details", VerticalScroll).scroll_relative(y=by, animate=False)

    def _furnish(self) -> None:
        """Bring the picture's own widgets, once, with the first job: the first frame is quicker without them."""
        if self._picture is not None:
            return
        from krea_tui.ui.widgets.picture_view import PictureView

        self._picture = PictureView(id="picture")
        details = VerticalScroll(self._details, id="details", can_focus=False)
        self.mount(_Body(self._picture, details, id="preview-body"), self._caption)

    def _show_caption(self) -> None:
        from krea_tui.ui.job_text import caption_of

        # One line of the pane's width: no caption lays the screen out anew.
        self._caption.update(caption_of(self._job, self.size.width) if self._job else "", layout=False)

    def _show_details(self) -> None:
        # Hidden ones need no words: whatever shows them asks for these anew.
        if self._picture is None or not (self.has_details or self.has_class("-beside")):
            return
        from krea_tui.ui.job_text import details_of

        width = DETAILS_CELLS if self.has_class("-beside") else self.size.width
        words = details_of(self._job, width - _DETAILS_MARGIN) if self._job else ""
        self._details.update(words)

    def _tick(self) -> None:
        if self._job is not None and self._path is None:
            self._show_picture()

    def _show_picture(self) -> None:
        if self._picture is None:
            return
        if self._job is None:
            self._picture.show(None, self._empty)
        else:
            from krea_tui.domain.durations import DurationEstimate
            from krea_tui.ui.job_text import standing_of

            estimate = self._estimate or DurationEstimate()
            standing = standing_of(self._job, self._now(), estimate, plain=self.plain, is_standing=self.is_standing)
            self._picture.show(self._path, standing)
