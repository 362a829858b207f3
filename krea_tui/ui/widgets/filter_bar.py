"""The line in which the list of jobs is filtered while one types, with completions below it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from krea_tui.domain.completion import NOTHING_KNOWN, Completion, Known, complete
from krea_tui.domain.query import Trouble
from krea_tui.domain.text import clean_line
from krea_tui.ui.widgets.completion_list import CompletionList, Offer
from krea_tui.ui.widgets.fields import PressableWord
from krea_tui.ui.widgets.filter_count import FilterCount
from krea_tui.ui.widgets.filter_history import FilterHistory
from krea_tui.ui.widgets.filter_input import MOST_CHARACTERS, FilterInput, Wish

_LIST_PADDING: Final = 1


class FilterBar(Widget):
    """One line over the rows, closed until `open()`. `now` is the wall clock, epoch seconds.

    It posts `Changed` with every keystroke; what was found is told to it by `tell()`. `known` are the words that
    completions cannot know by themselves, `history` the filters that were kept, `plain` is the screen-reader mode.
    """

    DEFAULT_CSS = """
    FilterBar {
        height: 1; display: none;
        &.-open { display: block; }
        Horizontal { height: 1; }
        .sign { width: 2; color: $text-muted; }
        &:focus-within .sign { color: $text-primary; text-style: bold; }
        PressableWord { padding: 0 1; }
    }
    """

    class Changed(Message):
        """The filter is another one, by typing or by setting `text`."""

        def __init__(self, bar: FilterBar, text: str) -> None:
            super().__init__()
            self.bar = bar
            self.text = text

        @property
        def control(self) -> FilterBar:
            """The bar, for `@on` with a selector."""
            return self.bar

    class Left(Message):
        """The person wants to go to the rows; the filter stays as it is."""

        def __init__(self, bar: FilterBar) -> None:
            super().__init__()
            self.bar = bar

        @property
        def control(self) -> FilterBar:
            """The bar, for `@on` with a selector."""
            return self.bar

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        id: str | None = None,  # noqa: A002 -- Textual's name
    ) -> None:
        super().__init__(id=id)
        self.known: Known = NOTHING_KNOWN
        self.history = FilterHistory()
        self.plain = False
        self._input = FilterInput(wish=self._carry_out, now=now)
        self._count = FilterCount()
        self._list = CompletionList()
        self._text = ""
        # What was put there, or whose list was closed, gets no list until something is typed.
        self._quiet_text = ""

    def compose(self) -> ComposeResult:
        """The line, and the list that lies over what is below."""
        close = PressableWord("x" if self.plain else "✕", id="filter-close", tooltip="Clear the filter and close")
        close.can_focus = False
        self._list.plain = self.plain
        with Horizontal():
            yield Static("/", classes="sign")
            yield self._input
            yield self._count
            yield close
        yield self._list

    def on_mount(self) -> None:
        """A cursor that is moved away from its term closes the list."""
        self.watch(self._input, "selection", self._cursor_moved, init=False)

    # --- what the app calls --------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The filter as it stands in the line."""
        return self._input.value

    @text.setter
    def text(self, text: str) -> None:
        self._quiet_text = clean_line(text, MOST_CHARACTERS)
        self._input.value = self._quiet_text
        self._input.cursor_position = len(self._quiet_text)

    @property
    def is_open(self) -> bool:
        """Whether the line is shown."""
        return self.has_class("-open")

    def open(self) -> None:
        """Show the line and type in it."""
        self.add_class("-open")
        self._input.focus()
        self._input.cursor_position = len(self.text)

    def close(self) -> None:
        """Hide the line; a filter in it stays in force."""
        self.history.remember(self.text)
        self._list.hide()
        self.remove_class("-open")

    def clear(self) -> None:
        """Filter nothing any more, and hide the line."""
        self.history.remember(self.text)
        self.text = ""
        self.close()

    def tell(self, count: int | None, total: int, is_searching: bool = False, trouble: str = "") -> None:
        """So many of all match; None while that is not known. `trouble` says why nothing could be found."""
        self._count.tell(count, total, is_searching=is_searching, trouble=trouble, is_filter=bool(self.text.strip()))

    def text_for_border(self, cells: int = 70) -> Content:
        """Which filter is on, what it found and how to clear it, in so many cells; empty where there is none."""
        if not self.text.strip():
            return Content("")
        left_out = len(self._input.trouble)
        facts = [self._count.found, f"{left_out} left out" if left_out else "", "Esc clears"]
        rest = "".join(f"{', ' if self.plain else ' · '}{fact}" for fact in facts if fact)
        words = Content.assemble("filter ", (clean_line(self.text, MOST_CHARACTERS), "bold"))
        return Content.assemble(words.truncate(max(10, cells - len(rest)), ellipsis=True), rest)

    # --- what the person does --------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self.text:
            # Overtaken: more was typed.
            return
        self._text = self.text
        if self._text == self._quiet_text:
            self._list.hide()
        else:
            self._quiet_text = "\n"
            self.history.leave()
            self._show_list()
        self._note_list()
        self.post_message(self.Changed(self, self._text))

    def _cursor_moved(self) -> None:
        if self.text == self._text:
            self._list.hide()
            self._note_list()

    @on(Input.Blurred)
    def _blurred(self, event: Input.Blurred) -> None:
        event.stop()
        self._list.hide()
        self._note_list()
        if not self.text.strip() and self.app.app_focus:
            self.close()

    @on(CompletionList.Taken)
    def _taken(self, event: CompletionList.Taken) -> None:
        event.stop()
        self._take(event.index)

    @on(PressableWord.Pressed)
    def _close_pressed(self, event: PressableWord.Pressed) -> None:
        event.stop()
        self.clear()
        self.post_message(self.Left(self))

    def _carry_out(self, wish: Wish) -> None:
        has_offers = bool(self._list.offers)
        match wish:
            case Wish.COMPLETE if has_offers:
                self._take(self._list.chosen or 0)
            case Wish.COMPLETE if self._stands_free:
                self._show_list(is_asked=True)
            case Wish.KEEP if self._list.chosen is not None:
                self._take(self._list.chosen)
            case Wish.KEEP:
                self.close()
                self.post_message(self.Left(self))
            case Wish.LEAVE:
                self._step_out()
            case Wish.DOWN if has_offers:
                self._list.step(1)
            case Wish.UP if self._list.chosen is not None:
                self._list.step(-1)
            case Wish.UP:
                self._recall(self.history.older(self.text))
            case Wish.DOWN if self.history.is_recalling:
                self._recall(self.history.newer())
            case Wish.COMPLETE | Wish.DOWN:
                self.history.remember(self.text)
                self.post_message(self.Left(self))
        self._note_list()

    def _recall(self, text: str) -> None:
        self.text = text

    def _step_out(self) -> None:
        """Close the list, then clear the filter, then leave."""
        if self._list.is_shown:
            self._quiet_text = self.text
            self._list.hide()
        elif self.text:
            self.history.remember(self.text)
            self.text = ""
        else:
            self.close()
            self.post_message(self.Left(self))

    # --- the list --------------------------------------------------------------------------------------------------

    @property
    def _stands_free(self) -> bool:
        """Whether the cursor stands where a term may begin."""
        before = self.text[: self._input.cursor_position]
        return not before.removesuffix("-") or before.removesuffix("-")[-1:].isspace()

    def _completions(self) -> tuple[Completion, ...]:
        return complete(self.text, self._input.cursor_position, self.known)

    def _show_list(self, *, is_asked: bool = False) -> None:
        """Offer what the term may become; where none is begun, only if it is asked for. Else say what is wrong."""
        completions = self._completions() if is_asked or not self._stands_free else ()
        if completions:
            offers = [Offer(each.label, each.detail) for each in completions]
            self._list.offer(offers, self._cell_of(completions[0].start) - _LIST_PADDING)
        elif trouble := self._input.trouble:
            words = [self._words_of(each) for each in trouble]
            self._list.tell(words, self._cell_of(trouble[0].start) - _LIST_PADDING, self.size.width)
        else:
            self._list.hide()

    def _words_of(self, trouble: Trouble) -> Content:
        # What may be finished yet is no fault.
        style = "$text-muted" if self._input.is_being_typed(trouble) else "$text-error"
        return Content.styled(clean_line(trouble.words), style)

    def _cell_of(self, position: int) -> int:
        cells = Content(self.text[:position]).cell_length - self._input.scroll_offset.x
        return self._input.region.x - self.region.x + max(0, cells)

    def _take(self, index: int) -> None:
        """Take an offer. What was typed since the list was made is minded: then it is the same offer, or none."""
        label = self._list.offers[index].label
        taken = next((each for each in self._completions() if each.label == label), None)
        if taken is None:
            return
        text, cursor = taken.apply(self.text)
        self._input.value = text
        self._input.cursor_position = cursor
        self._input.focus()

    def _note_list(self) -> None:
        self._input.can_complete = bool(self._list.offers)
