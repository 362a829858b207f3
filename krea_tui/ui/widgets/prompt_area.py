"""The prompt: several lines, soft-wrapped, without a frame of its own."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.strip import Strip
from textual.widgets import TextArea

from krea_tui.domain.text import clean_text
from krea_tui.ui.widgets.line_feed import KeyJudge

# Four times what the API is said to take; more makes every keystroke slow.
PROMPT_HARD_LIMIT: Final = 20_000

PLACEHOLDER: Final = (
    "Describe the picture: subject, setting, light, medium, mood.\n"
    "\n"
    "“a lighthouse keeper's desk, low sun through salt-stained glass, gouache”"
)


class PromptArea(TextArea):
    """A text area for prompts: Tab moves the focus, pasted text is cleaned, the cursor does not blink.

    With a `KeyJudge` a lone Ctrl+J generates, and line feeds of an unbracketed paste are line breaks.
    """

    DEFAULT_CSS = """
    PromptArea {
        border: none;
        padding: 0;
        background: transparent;
        scrollbar-size-vertical: 1;
        &:focus { border: none; }
        & .text-area--placeholder { color: $text-disabled; }
        &:dark .text-area--cursor, &:light .text-area--cursor {
            color: $input-cursor-foreground;
            background: $input-cursor-background;
        }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z,super+z", "undo", "Undo", show=False, id="prompt.undo", tooltip="Take back the last change"),
        Binding("ctrl+y,super+y", "redo", "Redo", show=False, id="prompt.redo", tooltip="Make it again"),
    ]

    def __init__(self, text: str = "", *, judge: KeyJudge | None = None, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(
            text,
            id=id,
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            highlight_cursor_line=False,
            placeholder=PLACEHOLDER,
        )
        self._judge = judge
        self.cursor_blink = False
        self.match_cursor_bracket = False
        self._placeholder_rows: tuple[int, int] = (0, 0)
        self._blank_line: tuple[object, Strip] | None = None

    def render_line(self, y: int) -> Strip:
        """One line. Those below the text are all the same, and most of what is painted for a key."""
        if y + self.scroll_offset.y < (self.wrapped_document.height if self.text else self._rows_of_placeholder()):
            return super().render_line(y)
        looks = (self.size.width, self.rich_style, self.theme)
        if self._blank_line is None or self._blank_line[0] != looks:
            self._blank_line = (looks, super().render_line(y))
        return self._blank_line[1]

    def _rows_of_placeholder(self) -> int:
        width = self.content_size.width
        if self._placeholder_rows[0] != width:
            self._placeholder_rows = (width, len(Content(PLACEHOLDER).wrap(width)))
        return self._placeholder_rows[1]

    def on_key(self, event: events.Key) -> None:
        """Let the judge see every key before the text area acts on it."""
        if self._judge is not None and self._judge.key(event.key, event.time, self._insert):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Insert pasted text, cleaned, and cut where the prompt would become too long."""
        event.stop()
        event.prevent_default()
        room = max(0, PROMPT_HARD_LIMIT - len(self.text) + len(self.selected_text))
        pasted = clean_text(event.text[:PROMPT_HARD_LIMIT])
        if len(event.text) > PROMPT_HARD_LIMIT or len(pasted) > room:
            self.notify(f"The pasted text was cut: a prompt holds {PROMPT_HARD_LIMIT:,} characters here.")
        self._insert(pasted[:room])

    def _insert(self, text: str) -> None:
        if text:
            self.replace(text, *self.selection, maintain_selection_offset=False)
            self.scroll_cursor_visible()
