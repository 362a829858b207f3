"""Two lists side by side: searches with a name, and the statuses; both with how many jobs they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from krea_tui.domain.errors import KreaTuiError, SearchInterrupted
from krea_tui.domain.job import JobStatus
from krea_tui.domain.ordering import STATUS_RANK
from krea_tui.domain.text import clean_line
from krea_tui.domain.view_edits import MAX_NAME, Views
from krea_tui.domain.views import SavedView
from krea_tui.ui.widgets.job_looks import Tone, look_of_status
from krea_tui.ui.widgets.status_counts import TONE_STYLES

# As many views as there are keys from 1 on.
BY_NUMBER: Final = 9
# Changes come in flocks: they are shown once for each.
_SHOW_AFTER_S: Final = 0.2
# Counting the views asks the history once for each of them.
_COUNT_EVERY_S: Final = 2.0
_VIEW_CELLS: Final = 36
_STATUS_CELLS: Final = 26
_COUNT_CELLS: Final = 9
_UNKNOWN: Final = "..."


class Counts(Protocol):
    """What the lists read. Trouble is raised as `KreaTuiError`."""

    @property
    def counts(self) -> Mapping[JobStatus, int]:
        """How many jobs of the whole history stand at each status."""

    async def count(self, query: str) -> int | None:
        """How many jobs this query finds; None where nobody can say now."""

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener when jobs change; returns what ends that."""


class ViewLists(Horizontal):
    """Follows the jobs while it is shown; arrows left and right go to the other list."""

    DEFAULT_CSS = """
    ViewLists {
        height: auto; max-height: 1fr;
        OptionList {
            height: auto; max-height: 15; padding: 0 1; border: none; background: $surface;
            scrollbar-size-vertical: 1; text-wrap: nowrap; text-overflow: ellipsis;
            &:focus { border: none; background-tint: transparent; }
        }
        #statuses:blur > .option-list--option-highlighted { background: $surface; }
        #views-column { width: 40; height: auto; }
        #statuses-column { width: 1fr; height: auto; margin-left: 2; }
        .heading { color: $text-muted; padding: 0 1; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,right", "other_list", "Other list", show=False, id="views.other", tooltip="To the other list"),
        Binding("j", "step(1)", "Down", show=False, id="views.down", tooltip="One down"),
        Binding("k", "step(-1)", "Up", show=False, id="views.up", tooltip="One up"),
    ]

    class Chosen(Message):
        """The person takes this query."""

        def __init__(self, query: str) -> None:
            super().__init__()
            self.query_text = query

    class Pointed(Message):
        """The cursor stands on another line, or in the other list."""

    class Failed(Message):
        """The history could not say how many."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, source: Counts, *, plain: bool) -> None:
        super().__init__()
        self._source = source
        self._plain = plain
        self._views: Views = ()
        self._found: dict[str, int | None] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._is_due = False
        self._is_counting = False

    def compose(self) -> ComposeResult:
        """The statuses are known at once; the views come by `show`."""
        with Vertical(id="views-column"):
            yield Static("Your jobs", classes="heading")
            yield OptionList(id="views-list", markup=False)
        with Vertical(id="statuses-column"):
            yield Static("By status", classes="heading")
            yield OptionList(*map(Option, self._status_lines()), id="statuses", markup=False)

    def on_mount(self) -> None:
        """Follow the jobs."""
        self._unsubscribe = self._source.subscribe(self._on_jobs)

    def on_unmount(self) -> None:
        """Follow nothing more."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    # --- what the window calls -------------------------------------------------------------------------------------

    @property
    def index(self) -> int:
        """The view under the cursor."""
        return self._list.highlighted or 0

    @property
    def pointed_query(self) -> str:
        """The query of the line under the cursor, in the list that has the focus."""
        if self.screen.focused is self._statuses:
            return _query_of(STATUS_RANK[self._statuses.highlighted or 0])
        return self._views[self.index].query

    def show(self, views: Views, index: int) -> None:
        """Show these views, the cursor on one of them, and count what they find."""
        self._views = views
        self._list.set_options([Option(line) for line in self._view_lines()])
        self._list.highlighted = min(index, len(views) - 1)
        self._start_counting()

    def enter(self) -> None:
        """Put the focus on the views."""
        self._list.focus()

    # --- what the person does --------------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self.post_message(self.Pointed())

    def on_descendant_focus(self) -> None:
        """Another list has the focus."""
        self.post_message(self.Pointed())

    @on(OptionList.OptionSelected, "#views-list")
    def _view_taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(self._views[event.option_index].query))

    @on(OptionList.OptionSelected, "#statuses")
    def _status_taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(_query_of(STATUS_RANK[event.option_index])))

    def action_other_list(self) -> None:
        """To the other list."""
        (self._list if self.screen.focused is self._statuses else self._statuses).focus()

    def action_step(self, by: int) -> None:
        """Move the cursor of the list with the focus."""
        options = self._statuses if self.screen.focused is self._statuses else self._list
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    # --- numbers ---------------------------------------------------------------------------------------------------

    @property
    def _list(self) -> OptionList:
        return self.query_one("#views-list", OptionList)

    @property
    def _statuses(self) -> OptionList:
        return self.query_one("#statuses", OptionList)

    def _on_jobs(self) -> None:
        if not self._is_due:
            self._is_due = True
            self.set_timer(_SHOW_AFTER_S, self._show_statuses)
        self._count_later()

    def _count_later(self) -> None:
        if not self._is_counting:
            self._is_counting = True
            self.set_timer(_COUNT_EVERY_S, self._start_counting)

    def _show_statuses(self) -> None:
        self._is_due = False
        _repaint(self._statuses, self._status_lines())

    def _start_counting(self) -> None:
        self._is_counting = True
        self.run_worker(self._count(), group="views", exclusive=True)

    async def _count(self) -> None:
        try:
            for query in dict.fromkeys(view.query for view in self._views):
                self._found[query] = await self._source.count(query)
                _repaint(self._list, self._view_lines())
            self._is_counting = False
        except SearchInterrupted:
            self._is_counting = False
            self._count_later()
        except KreaTuiError as error:
            self._is_counting = False
            self.post_message(self.Failed(f"{error} {error.advice}".strip()))

    def _view_lines(self) -> Iterator[Content]:
        return _view_lines(self._views, self._found)

    def _status_lines(self) -> Iterator[Content]:
        counts = self._source.counts
        for status in STATUS_RANK:
            count = counts.get(status, 0)
            yield _line(
                _status_words(status, plain=self._plain, is_quiet=not count),
                f"{count:,}" if count else "-",
                _STATUS_CELLS,
                is_quiet=not count,
            )


def _view_lines(views: Sequence[SavedView], found: Mapping[str, int | None]) -> Iterator[Content]:
    for number, view in enumerate(views, 1):
        count = found.get(view.query)
        sign = str(number) if number <= BY_NUMBER else " "
        words = Content.assemble((f"{sign} ", "$text-muted"), clean_line(view.name, MAX_NAME))
        yield _line(words, _UNKNOWN if count is None else f"{count:,}", _VIEW_CELLS)


def _status_words(status: JobStatus, *, plain: bool, is_quiet: bool) -> Content:
    look = look_of_status(status)
    tone, word_tone = (Tone.MUTED, Tone.MUTED) if is_quiet else (look.tone, look.word_tone)
    glyph = look.twin if plain else look.glyph
    return Content.assemble((f"{glyph} ", TONE_STYLES[tone]), (look.word, TONE_STYLES[word_tone]))


def _line(words: Content, count: str, cells: int, *, is_quiet: bool = False) -> Content:
    shown = words.truncate(cells - max(_COUNT_CELLS, len(count)) - 1, ellipsis=True)
    number = count.rjust(cells - shown.cell_length)
    return Content.assemble(shown, (number, "$text-muted") if is_quiet else number)


def _query_of(status: JobStatus) -> str:
    return f"status:{status.value.lower()}"


def _repaint(options: OptionList, lines: Iterable[Content]) -> None:
    """Change only the lines that have become others: for each the whole list is laid out anew."""
    for index, line in enumerate(lines):
        if index < options.option_count and options.get_option_at_index(index).prompt != line:
            options.replace_option_prompt_at_index(index, line)
