"""References, styles or the moodboard: a heading line, then a line for each entry."""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import urlsplit

from rich.cells import cell_len
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from krea_tui.domain.text import clean_line
from krea_tui.ui.drafts import EntryDraft, Guidance, entry_problems, format_strength, settled, split_entries
from krea_tui.ui.live_table.cells import fit, steady

TITLES: Final = {Guidance.REFERENCES: "References", Guidance.STYLES: "Styles", Guidance.MOODBOARDS: "Moodboard"}
LABEL_WIDTH: Final = 14
STRENGTH_STEP: Final = 0.05
_ADD: Final = "+ add"
_STRENGTH_WIDTH: Final = 6
_REMOVE_WIDTH: Final = 3


class GuidanceList(Widget, can_focus=True):
    """One list of the form. It shows what it is given and says what the person wants; the form keeps the entries."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    GuidanceList { height: auto; color: $foreground; pointer: pointer; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, id="guidance.up", tooltip="The entry above"),
        Binding("down", "move(1)", "Down", show=False, id="guidance.down", tooltip="The entry below"),
        Binding("enter,space", "open", "Add or edit", id="guidance.open", tooltip="Add an entry, or edit this one"),
        Binding("a,plus", "add", "Add", show=False, id="guidance.add", tooltip="Add an entry"),
        Binding(
            "delete,backspace,x", "remove", "Remove", show=False, id="guidance.remove", tooltip="Remove this entry"
        ),
        Binding("left", "nudge(-1)", "Weaker", show=False, id="guidance.weaker", tooltip="Less strength, by 0.05"),
        Binding("right", "nudge(1)", "Stronger", show=False, id="guidance.stronger", tooltip="More strength, by 0.05"),
    ]

    entries: reactive[tuple[EntryDraft, ...]] = reactive((), layout=True)
    cursor: reactive[int] = reactive(0)
    hovered: reactive[tuple[int, bool] | None] = reactive(None)

    class Changed(Message):
        """The person removed entries, changed a strength, or pasted entries into the list."""

    class EditorWanted(Message):
        """The person wants to edit the entry at `index`, or to add one where it is None."""

        def __init__(self, widget: GuidanceList, index: int | None) -> None:
            super().__init__()
            self.widget = widget
            self.index = index

    def __init__(self, kind: Guidance, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.kind = kind

    @property
    def room(self) -> int:
        """How many more entries the API would take."""
        return self.kind.limit - len(self.entries)

    def validate_cursor(self, cursor: int) -> int:
        """0 is the heading, 1 the first entry."""
        return max(0, min(cursor, len(self.entries)))

    def watch_entries(self) -> None:
        """Keep the cursor on a line that is still there."""
        self.cursor = self.validate_cursor(self.cursor)

    def problems(self) -> dict[int, str]:
        """What is wrong with which entry, in words."""
        found = {}
        for index, entry in enumerate(self.entries):
            if problems := entry_problems(self.kind, entry):
                found[index] = problems[0].message
        return found

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line for the heading, one for each entry, and one more under each that is wrong."""
        return 1 + len(self.entries) + len(self.problems())

    def render(self) -> Content:
        """All lines, in the width there is."""
        problems = self.problems()
        lines = [self._heading()]
        for index, entry in enumerate(self.entries):
            lines.append(self._line(index, entry, wrong=index in problems))
            if index in problems:
                lines.append(Content.styled(fit(f"  ✕ {problems[index]}", self.size.width), "$text-error"))
        return Content("\n").join(lines)

    def _heading(self) -> Content:
        count = len(self.entries)
        state = "none" if not count else "one" if self.kind.limit == 1 else f"{count} of {self.kind.limit}"
        add = _ADD if self.room else ""
        here = self.has_focus and self.cursor == 0
        lit = here or self.hovered == (0, False)
        gap = max(1, self.size.width - LABEL_WIDTH - len(state) - len(add))
        return Content.assemble(
            (f"{TITLES[self.kind]:<{LABEL_WIDTH}}", "$text-primary" if here else "$text-muted"),
            (state, "$text-disabled" if not count else "$foreground"),
            " " * gap,
            (add, "$text-primary bold" if lit else "$text-muted"),
        )

    def _line(self, index: int, entry: EntryDraft, *, wrong: bool) -> Content:
        row = index + 1
        here = self.has_focus and self.cursor == row
        strength = entry.strength if wrong else settled(self.kind, entry).strength
        room = max(4, self.size.width - 2 - _STRENGTH_WIDTH - _REMOVE_WIDTH)
        name = short_name(self.kind, entry.value, room)
        padding = " " * max(0, room - cell_len(name))
        line = Content.assemble(
            ("› " if here else "  ", "$text-primary"),
            (name, "$text-error" if wrong else "$text-primary" if here else "$foreground"),
            padding,
            (f"{fit(clean_line(strength), _STRENGTH_WIDTH):>{_STRENGTH_WIDTH}}", "$foreground"),
            ("  ✕", "$text-error" if self.hovered == (row, True) else "$text-muted" if here else "$text-disabled"),
        )
        return line.stylize("on $surface-active") if here or (self.hovered or (None,))[0] == row else line

    def _row_at(self, y: int) -> int | None:
        """The row under a line of the widget; lines of words about an entry belong to it."""
        problems = self.problems()
        line = 0
        for row in range(len(self.entries) + 1):
            line += 2 if row - 1 in problems else 1
            if y < line:
                return row
        return None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Light up what a click would act on."""
        row = self._row_at(event.y)
        self.hovered = None if row is None else (row, row > 0 and event.x >= self.size.width - _REMOVE_WIDTH)

    def on_leave(self) -> None:
        """Nothing is under the mouse any more."""
        self.hovered = None

    def on_click(self, event: events.Click) -> None:
        """Add, edit or remove with the mouse."""
        event.stop()
        row = self._row_at(event.y)
        if row is None:
            return
        self.cursor = row
        if row and event.x >= self.size.width - _REMOVE_WIDTH:
            self.action_remove()
        else:
            self.action_open()

    def on_paste(self, event: events.Paste) -> None:
        """Add what is pasted while the list has the focus: several lines are several entries."""
        event.stop()
        pasted = split_entries(event.text)
        if not pasted:
            return
        if len(pasted) > self.room:
            self.notify(f"{len(pasted)} pasted, room for {self.room}: nothing was added.", severity="warning")
            return
        kept = tuple(settled(self.kind, each) if not entry_problems(self.kind, each) else each for each in pasted)
        self._change(self.entries + kept)

    def _change(self, entries: tuple[EntryDraft, ...]) -> None:
        self.entries = entries
        self.post_message(self.Changed())

    def action_move(self, by: int) -> None:
        """Move the cursor; past either end the key goes to the form."""
        if not 0 <= self.cursor + by <= len(self.entries):
            raise SkipAction
        self.cursor += by

    def action_open(self) -> None:
        """Add on the heading, edit on an entry."""
        if self.cursor == 0:
            self.action_add()
        else:
            self.post_message(self.EditorWanted(self, self.cursor - 1))

    def action_add(self) -> None:
        """Ask for the editor of a new entry."""
        if self.room:
            self.post_message(self.EditorWanted(self, None))
        else:
            self.notify(f"The API takes at most {self.kind.limit}: remove one first.", severity="warning")

    def action_remove(self) -> None:
        """Remove the entry under the cursor."""
        if self.cursor == 0:
            raise SkipAction
        gone = self.cursor - 1
        kept = (*self.entries[:gone], *self.entries[gone + 1 :])
        self._change(kept)

    def action_nudge(self, steps: int) -> None:
        """Change the strength of the entry under the cursor, within its range."""
        if self.cursor == 0:
            raise SkipAction
        index = self.cursor - 1
        entry = self.entries[index]
        if entry_problems(self.kind, entry):
            return
        strength = float(settled(self.kind, entry).strength) + steps * STRENGTH_STEP
        changed = EntryDraft(entry.value, format_strength(round(strength, 4)))
        if not entry_problems(self.kind, changed):
            self._change((*self.entries[:index], changed, *self.entries[index + 1 :]))


def short_name(kind: Guidance, value: str, width: int) -> str:
    """What tells an entry from the others: the end of a URL, both ends of an id."""
    text = steady(clean_line(value)) or "(empty)"
    if cell_len(text) <= width:
        return text
    if kind is Guidance.REFERENCES:
        try:
            last = urlsplit(text).path.rstrip("/").rpartition("/")[2]
        except ValueError:
            last = ""
        if last and cell_len(last) + 2 <= width:
            return f"…/{last}"
        return "…" + text[-(width - 1) :] if text.isascii() else fit(text, width)
    head = (width - 1) // 2
    return text[:head] + "…" + text[-(width - 1 - head) :] if text.isascii() else fit(text, width)
