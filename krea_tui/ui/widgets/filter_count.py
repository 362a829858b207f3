"""How many jobs a filter has found."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from krea_tui.domain.text import clean_line

# What is found sooner needs no word about the search: it would only flicker.
SEARCHING_AFTER_S: Final = 0.25
_FEWEST_CELLS: Final = 12


class FilterCount(Widget):
    """How many jobs match, at the right end of the line."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    FilterCount { width: 12; max-width: 50%; height: 1; margin-left: 1; color: $text-muted; }
    FilterCount.-trouble { color: $text-error; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.found = ""
        self._words = ""
        self._cells = _FEWEST_CELLS
        self._timer: Timer | None = None

    def tell(self, count: int | None, total: int, *, is_searching: bool, trouble: str, is_filter: bool) -> None:
        """See `FilterBar.tell`; without a filter it is the number of all jobs."""
        if is_searching and not trouble:
            # Told once more while it goes on, it is the same search to the person.
            self._timer = self._timer or self.set_timer(SEARCHING_AFTER_S, lambda: self._say("searching ..."))
            return
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.set_class(bool(trouble), "-trouble")
        if trouble:
            self.found = clean_line(trouble)
            self._say(self.found)
        else:
            self.found = f"{count:,} of {total:,}" if is_filter and count is not None else ""
            self._say(self.found or ("" if is_filter else f"{total:,} jobs"))

    def _say(self, words: str) -> None:
        if words != self._words:
            self._words = words
            cells = Content(words).cell_length
            # It only grows: a line that is laid out anew with every keystroke would be slow.
            if cells > self._cells:
                self.styles.width = self._cells = cells
            self.refresh()

    def render(self) -> Content:
        """The words, at the right end."""
        words = Content(self._words).truncate(self.size.width, ellipsis=True)
        return words.pad_left(self.size.width - words.cell_length)
