"""The sort menu: what the jobs are sorted by, and which way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widget import Widget

from krea_tui.domain.ordering import Ordering, SortKey
from krea_tui.ui.widgets.fields import PressableWord

_NAME_CELLS: Final = 14
_WAY_CELLS: Final = 18
_Way = tuple[bool, str]
# What each is called, and the words for its ways, the usual one first: whether it descends, then what stands first.
_WAYS: Final[Mapping[SortKey, tuple[str, _Way, _Way]]] = {
    SortKey.CREATED: ("created", (True, "newest first"), (False, "oldest first")),
    SortKey.STATUS: ("status", (False, "moving first"), (True, "ended first")),
    SortKey.DURATION: ("time taken", (True, "longest first"), (False, "shortest first")),
    SortKey.PROMPT: ("prompt", (False, "A to Z"), (True, "Z to A")),
    SortKey.ASPECT_RATIO: ("aspect ratio", (False, "tallest first"), (True, "widest first")),
    SortKey.CREATIVITY: ("creativity", (False, "raw to high"), (True, "high to raw")),
    SortKey.SEED: ("seed", (False, "lowest first"), (True, "highest first")),
    SortKey.REFERENCES: ("references", (True, "most first"), (False, "fewest first")),
    SortKey.PRICE: ("price", (True, "dearest first"), (False, "cheapest first")),
}
_KEYS: Final = tuple(_WAYS)


class SortLines(Widget, can_focus=True):
    """A line for each key, its two ways side by side."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    SortLines { width: 1fr; height: auto; color: $foreground; pointer: pointer; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Up", show=False, id="sort.up", tooltip="The key above"),
        Binding("down,j", "step(1)", "Down", show=False, id="sort.down", tooltip="The key below"),
        Binding("left,right,h,l,space", "turn", "Other way", id="sort.turn", tooltip="The other way round"),
        Binding("enter", "take", "Sort", id="sort.take", tooltip="Sort so"),
    ]

    pointed: reactive[Ordering] = reactive(Ordering)

    class Taken(Message):
        """The person wants this order."""

        def __init__(self, ordering: Ordering) -> None:
            super().__init__()
            self.ordering = ordering

    def __init__(self, ordering: Ordering, *, plain: bool) -> None:
        super().__init__(id="sort-lines")
        self._current = ordering
        self._plain = plain
        self.set_reactive(SortLines.pointed, ordering)

    def render(self) -> Content:
        """Every key with its ways; the one in force has a sign."""
        return Content("\n").join(self._line(key) for key in _KEYS)

    def _line(self, key: SortKey) -> Content:
        name, usual, other = _WAYS[key]
        is_here = key is self.pointed.key
        pointer = (">" if self._plain else "›") if is_here else " "
        parts: list[tuple[str, str]] = [
            (f"{pointer} ", "$text-primary"),
            (name.ljust(_NAME_CELLS), "bold" if is_here else "$text-muted"),
        ]
        for descending, words in (usual, other):
            ordering = Ordering(key, descending)
            sign = ("*" if self._plain else "●") if ordering == self._current else " "
            style = (
                "bold $text-primary reverse"
                if ordering == self.pointed
                else "$foreground"
                if is_here
                else "$text-muted"
            )
            parts += [(f"{sign} ", "$text-primary"), (f" {words} ", style), (" " * (_WAY_CELLS - len(words)), "")]
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Take a way with the mouse."""
        event.stop()
        if 0 <= event.y < len(_KEYS):
            is_second = event.x >= 2 + _NAME_CELLS + _WAY_CELLS + 4
            self.pointed = _way(_KEYS[event.y], is_second=is_second)
            self.action_take()

    def action_step(self, by: int) -> None:
        """To another key, in its usual way."""
        index = max(0, min(_KEYS.index(self.pointed.key) + by, len(_KEYS) - 1))
        self.pointed = _way(_KEYS[index], is_second=False)

    def action_turn(self) -> None:
        """The other way round."""
        self.pointed = Ordering(self.pointed.key, not self.pointed.descending)

    def action_take(self) -> None:
        """Sort so."""
        self.post_message(self.Taken(self.pointed))


def _way(key: SortKey, *, is_second: bool) -> Ordering:
    _, usual, other = _WAYS[key]
    return Ordering(key, (other if is_second else usual)[0])


class SortScreen(ModalScreen[Ordering | None]):
    """Its result is the order to show; None where it stays as it is."""

    DEFAULT_CSS = """
    SortScreen {
        align: center middle;
        & > Vertical {
            width: 66; max-width: 100%; height: auto; max-height: 100%; padding: 0 2;
            background: $surface; border: round $border; border-title-color: $text-primary;
        }
        Horizontal { height: 2; padding-top: 1; align-horizontal: right; }
        PressableWord { margin-left: 1; padding: 0 1; background: $panel; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,S", "close", "Close", id="sort.close", tooltip="Close; the order stays as it is"),
    ]

    def __init__(self, ordering: Ordering, *, plain: bool = False) -> None:
        super().__init__()
        self._lines = SortLines(ordering, plain=plain)

    def compose(self) -> ComposeResult:
        """The keys, and the way out."""
        with Vertical() as box:
            box.border_title = "Sort by"
            yield self._lines
            with Horizontal():
                yield PressableWord("Close (q)", id="sort-close")

    def on_mount(self) -> None:
        """Begin with the order in force."""
        self._lines.focus()

    @on(SortLines.Taken)
    def _taken(self, event: SortLines.Taken) -> None:
        event.stop()
        self.dismiss(event.ordering)

    @on(PressableWord.Pressed, "#sort-close")
    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)
