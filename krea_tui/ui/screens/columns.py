"""The columns window: which columns the job table shows, in which order, and how wide. Every change shows at once."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from krea_tui.domain.job import Job
from krea_tui.ui.live_table.columns import Column
from krea_tui.ui.live_table.layout import AUTOMATIC, LEAST_WIDTH, ColumnLayout, Showing
from krea_tui.ui.live_table.table import LiveTable
from krea_tui.ui.widgets.fields import PressableWord
from krea_tui.ui.widgets.job_looks import Circumstances
from krea_tui.ui.widgets.wording import say

_NAME_CELLS: Final = 12
_SHOWN_CELLS: Final = 20
_WORDS: Final = {
    Showing.AUTOMATIC: "where there is room",
    Showing.ALWAYS: "always",
    Showing.NEVER: "never",
}
_SIGNS: Final = {Showing.AUTOMATIC: "[~]", Showing.ALWAYS: "[x]", Showing.NEVER: "[ ]"}
_HINT: Final = "Space shows or hides · K J move · ← → resize · 0 own width"
_PLAIN_HINT: Final = "Space shows or hides, K J move, left right resize, 0 own width"
_ONE_STAYS: Final = "One column must stay."


class ColumnLines(Widget, can_focus=True):
    """A line for each column of a table; what is changed here is changed there."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    ColumnLines { width: 1fr; height: auto; color: $foreground; pointer: pointer; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Up", show=False, id="columns.up", tooltip="The column above"),
        Binding("down,j", "step(1)", "Down", show=False, id="columns.down", tooltip="The column below"),
        Binding("space,enter", "show", "Show", id="columns.show", tooltip="Show or hide the column"),
        Binding("K,shift+up", "move(-1)", "Left", id="columns.left", tooltip="Move the column to the left"),
        Binding("J,shift+down", "move(1)", "Right", id="columns.right", tooltip="Move the column to the right"),
        Binding("left,h", "resize(-1)", "Narrower", id="columns.narrower", tooltip="Make the column narrower"),
        Binding("right,l", "resize(1)", "Wider", id="columns.wider", tooltip="Make the column wider"),
        Binding("0", "own_width", "Own width", id="columns.own_width", tooltip="As wide as it is by itself"),
    ]

    cursor: reactive[int] = reactive(0)

    def __init__(self, table: LiveTable[Job, Circumstances], hint: Static) -> None:
        super().__init__(id="columns-lines")
        self._table = table
        self._hint = hint
        self._first = table.column_layout
        self._before: list[ColumnLayout] = []

    @property
    def layout_chosen(self) -> ColumnLayout | None:
        """What the person made of the columns; None where they are as they were."""
        layout = self._table.column_layout
        return None if layout == self._first else layout

    @property
    def _ordered(self) -> list[Column[Job, Circumstances]]:
        by_key = {column.key: column for column in self._table.columns}
        return [by_key[key] for key in self._table.column_layout.ordered(list(by_key))]

    def render(self) -> Content:
        """Every column with whether it is shown, and how wide it is now."""
        widths = {spot.column.key: spot.width for spot in self._table.placed_columns}
        return Content("\n").join(
            self._line(row, column, widths.get(column.key)) for row, column in enumerate(self._ordered)
        )

    def _line(self, row: int, column: Column[Job, Circumstances], width: int | None) -> Content:
        showing = self._showing(column)
        is_here = row == self.cursor
        pointer = (">" if self._table.plain else "›") if is_here else " "
        own = self._table.column_layout.width_of(column.key)
        if showing is Showing.NEVER:
            state = ""
        elif width is None:
            state = "no room now"
        else:
            state = f"{width:>3} cells{'' if own is None else ', yours'}"
        line = Content.assemble(
            (f"{pointer} ", "$text-primary"),
            (f"{_SIGNS[showing]} ", "$text-primary" if is_here else "$text-muted"),
            (column.name.ljust(_NAME_CELLS), "bold" if is_here else ""),
            (_WORDS[showing].ljust(_SHOWN_CELLS), "$text-muted"),
            (state, "$text-muted"),
        )
        return line.pad_right(max(0, self.size.width - line.cell_length))

    def _showing(self, column: Column[Job, Circumstances]) -> Showing:
        showing = self._table.column_layout.showing(column.key)
        return Showing.NEVER if column.on_wish and showing is Showing.AUTOMATIC else showing

    def validate_cursor(self, cursor: int) -> int:
        """Keep it on a line."""
        return max(0, min(cursor, len(self._table.columns) - 1))

    def on_click(self, event: events.Click) -> None:
        """Show or hide with the mouse."""
        event.stop()
        if event.y < len(self._table.columns):
            self.cursor = event.y
            self.action_show()

    def action_step(self, by: int) -> None:
        """To another column."""
        self.cursor += by

    def action_show(self) -> None:
        """Show the column where there is room, always, or never."""
        column = self._ordered[self.cursor]
        following = self._showing(column).following
        if column.on_wish and following is Showing.AUTOMATIC:
            following = Showing.ALWAYS
        others = (other for other in self._ordered if other is not column)
        if following is Showing.NEVER and all(self._showing(other) is Showing.NEVER for other in others):
            say(self._hint, _ONE_STAYS)
            following = Showing.AUTOMATIC
        self._change(self._table.column_layout.with_showing(column.key, following))

    def action_move(self, by: int) -> None:
        """Move the column, and the cursor with it."""
        keys = [column.key for column in self._ordered]
        to = self.validate_cursor(self.cursor + by)
        keys.insert(to, keys.pop(self.cursor))
        self._change(self._table.column_layout.with_order(keys))
        self.cursor = to

    def action_resize(self, by: int) -> None:
        """Make the column narrower or wider."""
        column = self._ordered[self.cursor]
        shown = {spot.column.key: spot.width for spot in self._table.placed_columns}
        width = self._table.column_layout.width_of(column.key) or shown.get(column.key, column.width)
        self._change(self._table.column_layout.with_width(column.key, max(LEAST_WIDTH, width + by)))

    def action_own_width(self) -> None:
        """Let the column be as wide as it is by itself."""
        self._change(self._table.column_layout.with_width(self._ordered[self.cursor].key, None))

    def reset(self) -> None:
        """Everything as it is by itself."""
        self._change(AUTOMATIC)

    def undo(self) -> None:
        """As it was before the last change."""
        if self._before:
            self._table.column_layout = self._before.pop()
            self.refresh()

    def _change(self, layout: ColumnLayout) -> None:
        if layout != self._table.column_layout:
            self._before.append(self._table.column_layout)
            self._table.column_layout = layout
            self.refresh()


class ColumnsScreen(ModalScreen[ColumnLayout | None]):
    """Its result is the layout to keep; None where nothing was changed."""

    DEFAULT_CSS = """
    ColumnsScreen {
        align: center middle;
        & > Vertical {
            width: 66; max-width: 100%; height: auto; max-height: 100%; padding: 0 2;
            background: $surface; border: round $border; border-title-color: $text-primary;
        }
        #columns-hint { height: 1; margin-top: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        Horizontal { height: 2; padding-top: 1; align-horizontal: right; }
        PressableWord { margin-left: 1; padding: 0 1; background: $panel; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,C", "close", "Close", id="columns.close", tooltip="Close; the columns stay as they are now"),
        Binding("z", "undo", "Undo", id="columns.undo", tooltip="Take back the last change"),
        Binding("r", "reset", "Automatic", id="columns.reset", tooltip="Every column as it is by itself"),
    ]

    def __init__(self, table: LiveTable[Job, Circumstances]) -> None:
        super().__init__()
        hint = Static(_PLAIN_HINT if table.plain else _HINT, id="columns-hint", markup=False)
        self._hint = hint
        self._lines = ColumnLines(table, hint)

    def compose(self) -> ComposeResult:
        """The columns, what the keys do, and the answers."""
        with Vertical() as box:
            box.border_title = "Columns"
            yield self._lines
            yield self._hint
            with Horizontal():
                yield PressableWord("Automatic (r)", id="columns-reset")
                yield PressableWord("Undo (z)", id="columns-undo")
                yield PressableWord("Close (q)", id="columns-close")

    def on_mount(self) -> None:
        """Begin with the columns."""
        self._lines.focus()

    @on(PressableWord.Pressed, "#columns-close")
    def action_close(self) -> None:
        """Close."""
        self.dismiss(self._lines.layout_chosen)

    @on(PressableWord.Pressed, "#columns-undo")
    def action_undo(self) -> None:
        """Take back the last change."""
        self._lines.undo()

    @on(PressableWord.Pressed, "#columns-reset")
    def action_reset(self) -> None:
        """Everything as it is by itself."""
        self._lines.reset()
