"""The live table: a Line-API widget over virtual rows, with its keys."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.actions import SkipAction
from textual.binding import Binding, BindingType

from krea_tui.ui.live_table.messages import AllAsked, InvertAsked, Opened
from krea_tui.ui.live_table.mouse import PointedTable
from krea_tui.ui.live_table.rows import RowT, SceneT

_MOVE: Final = Binding.Group("Move")
_MARK: Final = Binding.Group("Mark")


class LiveTable(PointedTable[RowT, SceneT]):
    """A table of rows that come, go and change, which costs the same with ten of them as with a hundred thousand.

    A table of something overrides `scene`, `is_same` and `is_ticking`, and names the tones of its cells in its
    `COMPONENT_CLASSES`. What it tells is in `messages`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", tooltip="Open the row under the cursor", id="table.open"),
        Binding("up,k", "cursor_up", "Up", show=False, tooltip="A row up", id="table.up", group=_MOVE),
        Binding("down,j", "cursor_down", "Down", show=False, tooltip="A row down", id="table.down", group=_MOVE),
        Binding("pageup", "page_up", "Page up", show=False, tooltip="A page up", id="table.page_up", group=_MOVE),
        Binding(
            "pagedown", "page_down", "Page down", show=False, tooltip="A page down", id="table.page_down", group=_MOVE
        ),
        Binding(
            "home,g",
            "first",
            "First",
            show=False,
            tooltip="To the first row, new ones too",
            id="table.first",
            group=_MOVE,
        ),
        Binding("end,G", "last", "Last", show=False, tooltip="To the last row", id="table.last", group=_MOVE),
        Binding(
            "space", "mark", "Mark", tooltip="Mark the row, or unmark it, and move on", id="table.mark", group=_MARK
        ),
        Binding(
            "shift+up",
            "extend(-1)",
            "Mark up",
            show=False,
            tooltip="Mark from here up",
            id="table.mark_up",
            group=_MARK,
        ),
        Binding(
            "shift+down",
            "extend(1)",
            "Mark down",
            show=False,
            tooltip="Mark from here down",
            id="table.mark_down",
            group=_MARK,
        ),
        Binding(
            "shift+pageup",
            "extend_page(-1)",
            "Mark a page up",
            show=False,
            tooltip="Mark a page up",
            id="table.mark_page_up",
            group=_MARK,
        ),
        Binding(
            "shift+pagedown",
            "extend_page(1)",
            "Mark a page down",
            show=False,
            tooltip="Mark a page down",
            id="table.mark_page_down",
            group=_MARK,
        ),
        Binding(
            "shift+home",
            "extend_to_end(-1)",
            "Mark to the first",
            show=False,
            tooltip="Mark up to the first row",
            id="table.mark_to_first",
            group=_MARK,
        ),
        Binding(
            "shift+end",
            "extend_to_end(1)",
            "Mark to the last",
            show=False,
            tooltip="Mark down to the last row",
            id="table.mark_to_last",
            group=_MARK,
        ),
        Binding("a", "mark_all", "Mark all", show=False, tooltip="Mark every row", id="table.mark_all", group=_MARK),
        Binding(
            "v", "invert", "Invert", show=False, tooltip="Mark every row but the marked", id="table.invert", group=_MARK
        ),
        Binding(
            "escape",
            "let_go",
            "Unmark",
            show=False,
            tooltip="Unmark every row, or take in what is new",
            id="table.let_go",
            group=_MARK,
        ),
    ]

    def action_cursor_up(self) -> None:
        """A row up."""
        self._move_by(-1)

    def action_cursor_down(self) -> None:
        """A row down."""
        self._move_by(1)

    def action_page_up(self) -> None:
        """A page up."""
        self._move_by(-self._page_step)

    def action_page_down(self) -> None:
        """A page down."""
        self._move_by(self._page_step)

    def action_first(self) -> None:
        """To the first row, with what waits to be taken in."""
        self._move_by(-len(self._rows))
        if self.waiting:
            self._want_new()
            self._wants_first = True

    def action_last(self) -> None:
        """To the last row."""
        self._move_by(len(self._rows))

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self._cursor_key is not None:
            self.post_message(Opened(self, self._cursor_key))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or unmark it, and move on."""
        self._settle_if_due()
        self._toggle(self._cursor_key)
        self._move_by(1)

    def action_extend(self, rows: int) -> None:
        """Mark from the cursor on, so many rows down."""
        self._extend_to(self._cursor + rows)

    def action_extend_page(self, pages: int) -> None:
        """Mark from the cursor on, so many pages down."""
        self._extend_to(self._cursor + pages * self._page_step)

    def action_extend_to_end(self, direction: int) -> None:
        """Mark from the cursor on to the first row or the last."""
        self._extend_to(self._cursor + direction * len(self._rows))

    def action_mark_all(self) -> None:
        """Ask for the keys of every row."""
        self.post_message(AllAsked(self))

    def action_invert(self) -> None:
        """Ask for the keys of every row that is not marked."""
        self.post_message(InvertAsked(self))

    def action_let_go(self) -> None:
        """One thing after the other: a column held by the mouse, the marks, what waits."""
        if self._drop_header():
            return
        if self._marking.is_begun:
            self.clear_marks()
        elif self.waiting:
            self._want_new()
        else:
            raise SkipAction

    @property
    def _page_step(self) -> int:
        return max(1, self._page - 1)
