"""The seed: a field, a word to draw a new one, and a word to keep it."""

from __future__ import annotations

from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from krea_tui.domain.request import draw_seed
from krea_tui.ui.widgets.fields import FieldInput, PressableWord
from krea_tui.ui.widgets.line_feed import KeyJudge

# Ten digits and the cursor, then both words.
_ROOM_FOR_WORDS: Final = 11 + 2 + len("↻ new") + 2 + len("○ keep")


class SeedRow(Horizontal):
    """Shows and edits the seed; blank means that one is drawn when the request is made."""

    DEFAULT_CSS = """
    SeedRow {
        height: 1;
        & > FieldInput { width: 11; }
        & > PressableWord { margin-left: 2; }
    }
    """

    class Changed(Message):
        """The seed or its lock changed."""

        def __init__(self, row: SeedRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, judge: KeyJudge | None = None, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._input = FieldInput(judge=judge, placeholder="drawn", max_length=20, id="seed")
        self._keep = PressableWord("○ keep", id="keep-seed", tooltip="Leave this seed here after sending")
        self._new = PressableWord("↻", id="new-seed", tooltip="Draw a new seed now")
        self._is_kept = False

    @property
    def seed(self) -> str:
        """The seed as typed."""
        return self._input.value

    @property
    def is_kept(self) -> bool:
        """Whether the seed stays in its field after sending."""
        return self._is_kept

    def show(self, seed: str, *, is_kept: bool) -> None:
        """Show this seed, kept or not."""
        self._is_kept = is_kept
        self._keep.label = "● kept" if is_kept else "○ keep"
        self._keep.set_class(is_kept, "-on")
        if self._input.value != seed:
            self._input.value = seed

    def mark(self, *, is_wrong: bool) -> None:
        """Mark the field, or take the mark away."""
        self._input.set_class(is_wrong, "-wrong")

    def focus_field(self) -> None:
        """Put the cursor into the field."""
        self._input.focus()

    def compose(self) -> ComposeResult:
        """The field and its two words."""
        yield self._input
        yield self._new
        yield self._keep

    def on_resize(self, event: events.Resize) -> None:
        """Leave the words beside the glyphs out where they do not fit."""
        self._new.label = "↻ new" if event.size.width >= _ROOM_FOR_WORDS else "↻"

    def draw(self) -> None:
        """Draw a new seed now."""
        self.show(str(draw_seed()), is_kept=self._is_kept)
        self.post_message(self.Changed(self))

    def toggle_kept(self) -> None:
        """Keep the seed, drawing one if there is none; or keep it no longer."""
        self.show(self.seed or str(draw_seed()), is_kept=not self._is_kept)
        self.post_message(self.Changed(self))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self))

    @on(PressableWord.Pressed, "#new-seed")
    def _new_pressed(self, event: PressableWord.Pressed) -> None:
        event.stop()
        self.draw()

    @on(PressableWord.Pressed, "#keep-seed")
    def _keep_pressed(self, event: PressableWord.Pressed) -> None:
        event.stop()
        self.toggle_kept()
