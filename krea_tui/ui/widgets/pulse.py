"""How all jobs together do, in one quiet line: how many stand where, how fast they end, and when the batch is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from krea_tui.domain.job import JobStatus
from krea_tui.domain.throughput import sparkline
from krea_tui.ui.widgets.status_counts import GROUPS, Count, Group, counts_of

# As many cells as the line ever draws: ten minutes.
PULSE_CELLS: Final = 20
PULSE_CELL_S: Final = 30.0
_FULL, _EMPTY = "━", "─"
_PLAIN_FULL, _PLAIN_EMPTY = "#", "."


class BatchState(NamedTuple):
    """One batch: how many of how many have ended, what is said of the rest, and how many other batches there are."""

    ended: int
    total: int
    words: str = ""
    others: int = 0


class PulseState(NamedTuple):
    """What the line tells. `cells` are the ends of jobs in spans of `PULSE_CELL_S`, oldest first; `rate` is text."""

    counts: Mapping[JobStatus, int] = {}
    cells: tuple[int, ...] = ()
    rate: str = ""
    batch: BatchState | None = None


class _Room(NamedTuple):
    """What is shown where there is so much room."""

    has_words: bool = False
    cells: int = 0
    has_rate: bool = False
    bar: int = 0
    has_others: bool = False
    has_quiet: bool = True

    @property
    def gap(self) -> str:
        """What stands between two things."""
        return "   " if self.has_words else "  "


# From the roomiest on: the first that fits is drawn. Counts and the batch's end go last.
_ROOMS: Final = (
    _Room(has_words=True, cells=PULSE_CELLS, has_rate=True, bar=10, has_others=True),
    _Room(has_words=True, cells=PULSE_CELLS, has_rate=True, bar=10),
    _Room(has_words=True, cells=PULSE_CELLS, has_rate=True),
    _Room(cells=PULSE_CELLS, has_rate=True, bar=10),
    _Room(cells=PULSE_CELLS, has_rate=True),
    _Room(cells=10, has_rate=True),
    _Room(cells=10),
    _Room(cells=6),
    _Room(),
    _Room(has_quiet=False),
)


class Pulse(Widget):
    """The line at the foot of the jobs; nothing where there is nothing to say. It repaints once a second at most.

    A click on a count posts `StatusChosen`.
    """

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    Pulse { height: 1; padding: 0 1; color: $text-muted; display: none; }
    Pulse.-telling { display: block; }
    """

    class StatusChosen(Message):
        """The person wants to see the jobs that stand at one of these; `query` finds them."""

        def __init__(self, group: Group) -> None:
            super().__init__()
            self.statuses = group.statuses
            self.query = group.query

    def __init__(self, *, plain: bool = False, id: str | None = None) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._plain = plain
        self._state = PulseState()
        self._source: Callable[[], PulseState] | None = None
        self._shown: Content | None = None
        self._is_rested = True

    def on_mount(self) -> None:
        """One clock."""
        self.set_interval(1.0, self._tick)

    def watch_state(self, source: Callable[[], PulseState]) -> None:
        """Ask for the state once a second."""
        self._source = source
        self._tick()

    def tell(self, state: PulseState) -> None:
        """Show another state: now, or as soon as a second has passed since the last."""
        self._state = state
        if self._is_rested:
            self._look()

    def render(self) -> Content:
        """As much as there is room for."""
        self._shown = self._line(self.content_size.width)
        return self._shown

    def on_click(self, event: events.Click) -> None:
        """Choose the status under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        start = 0
        room = self._room(self.content_size.width)
        for count in self._counts(room):
            end = start + count.content(plain=self._plain, has_word=room.has_words).cell_length
            if start <= offset.x < end:
                self.post_message(self.StatusChosen(count.group))
            start = end + len(room.gap)

    def _tick(self) -> None:
        self._is_rested = True
        if self._source is not None:
            self._state = self._source()
        self._look()

    def _look(self) -> None:
        self.set_class(bool(self._counts(_ROOMS[0]) or self._state.batch), "-telling")
        if self._line(self.content_size.width) != self._shown:
            self._is_rested = False
            self.refresh()

    def _counts(self, room: _Room) -> list[Count]:
        counts = counts_of(self._state.counts, GROUPS)
        return [count for count in counts if room.has_quiet or count.group.statuses[0] is not JobStatus.COMPLETED]

    def _line(self, width: int) -> Content:
        room = self._room(width)
        left, right = self._left(room), self._right(room)
        gap = width - left.cell_length - right.cell_length
        if right and gap < len(room.gap):
            # No room for both: when it is over matters more than how many there are.
            return right.truncate(max(0, width), ellipsis=True)
        return Content.assemble(left, " " * max(0, gap), right).truncate(max(0, width), ellipsis=True)

    def _room(self, width: int) -> _Room:
        for room in _ROOMS:
            left, right = self._left(room).cell_length, self._right(room).cell_length
            if left + right + len(room.gap) * bool(left and right) <= width:
                return room
        return _ROOMS[-1]

    def _left(self, room: _Room) -> Content:
        counts = self._counts(room)
        return Content(room.gap).join(count.content(plain=self._plain, has_word=room.has_words) for count in counts)

    def _right(self, room: _Room) -> Content:
        parts: list[Content] = []
        cells = self._state.cells[-room.cells :] if room.cells else ()
        if any(cells):
            line = Content.styled(sparkline(cells, plain=self._plain), "$text-primary")
            rate = f" {self._state.rate}" if room.has_rate and self._state.rate else ""
            parts.append(Content.assemble(line, rate))
        if (batch := self._state.batch) is not None:
            parts.append(self._batch(batch, room))
        return Content(room.gap).join(parts)

    def _batch(self, batch: BatchState, room: _Room) -> Content:
        words = f"{batch.ended:,} of {batch.total:,}"
        if batch.words:
            words += f", {batch.words}"
        if room.has_others and batch.others:
            words += f" (+{batch.others} more)"
        if not room.bar:
            return Content.styled(words, "$foreground")
        return Content.assemble(
            progress_bar(batch.ended, batch.total, room.bar, plain=self._plain), " ", (words, "$foreground")
        )


def progress_bar(ended: int, total: int, cells: int, *, plain: bool) -> Content:
    """So many of so many as a bar; the last cell fills with the last of them."""
    filled = cells if ended >= total else min(cells - 1, cells * ended // max(1, total))
    full, empty = (_PLAIN_FULL, _PLAIN_EMPTY) if plain else (_FULL, _EMPTY)
    return Content.assemble((full * filled, "$text-primary"), (empty * (cells - filled), "$text-muted"))
