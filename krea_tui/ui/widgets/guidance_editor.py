"""The small window in which an entry of a list is added or edited."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from krea_tui.ui.drafts import EntryDraft, Guidance, entry_problems, format_strength, settled, split_entries
from krea_tui.ui.widgets.fields import FieldInput, PressableWord

_ONE: Final = {Guidance.REFERENCES: "reference", Guidance.STYLES: "style", Guidance.MOODBOARDS: "moodboard"}
_LABEL: Final = {Guidance.REFERENCES: "URL", Guidance.STYLES: "Id", Guidance.MOODBOARDS: "Id"}
_PLACEHOLDER: Final = {
    Guidance.REFERENCES: "https://…",
    Guidance.STYLES: "the style's id",
    Guidance.MOODBOARDS: "UUID or share link",
}
_VALUE_HINT: Final = {
    Guidance.REFERENCES: "1,024 px or more on the long side. Several URLs, or URL@0.6, may be pasted.",
    Guidance.STYLES: "Several ids, or ID@0.8, may be pasted.",
    Guidance.MOODBOARDS: "One for each request.",
}
_STRENGTH_HINT: Final = {
    Guidance.REFERENCES: "start near 0.6; −2 to 2, negative pushes away",
    Guidance.STYLES: "default 1; −2 to 2, negative pushes away",
    Guidance.MOODBOARDS: "default 0.23; −0.5 to 1.5",
}


class _PasteInput(FieldInput):
    """An input in which the lines of a paste become words, so that none of them is lost."""

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(" ".join(event.text.split()), *self.selection)


class GuidanceEditor(ModalScreen[tuple[EntryDraft, ...] | None]):
    """Asks for one entry (or several at once, when adding); its result is None where nothing is to change."""

    DEFAULT_CSS = """
    GuidanceEditor {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 72;
            max-width: 96%;
            height: auto;
            padding: 1 2;
            border: round $border;
            border-title-color: $text-primary;
            border-title-style: bold;
            background: $background;
        }
        Horizontal { height: 1; }
        .label { width: 10; color: $text-muted; }
        #value { width: 1fr; }
        #strength { width: 8; }
        .hint { margin: 0 0 1 10; height: auto; color: $text-muted; }
        .hint.-wrong { color: $text-error; }
        .actions { align-horizontal: right; }
        .actions PressableWord { padding: 0 2; margin-left: 2; }
        #save { color: $button-color-foreground; background: $primary; text-style: bold; }
        #save:focus { text-style: bold underline; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="editor.cancel", tooltip="Change nothing"),
        Binding("up", "app.focus_previous", "Previous field", show=False, id="editor.previous", tooltip="Field above"),
        Binding("down", "app.focus_next", "Next field", show=False, id="editor.next", tooltip="Field below"),
    ]

    def __init__(self, kind: Guidance, entry: EntryDraft | None, room: int) -> None:
        super().__init__()
        self._kind = kind
        self._entry = entry
        self._room = room

    def compose(self) -> ComposeResult:
        """Two fields with their hints, then Save and Cancel."""
        entry = self._entry or EntryDraft("")
        window = Vertical()
        window.border_title = f"{'Add' if self._entry is None else 'Edit'} {_ONE[self._kind]}"
        with window:
            with Horizontal():
                yield Static(_LABEL[self._kind], classes="label")
                yield _PasteInput(entry.value, placeholder=_PLACEHOLDER[self._kind], id="value")
            yield Static(_VALUE_HINT[self._kind], classes="hint", id="value-hint", markup=False)
            with Horizontal():
                yield Static("Strength", classes="label")
                yield FieldInput(
                    entry.strength,
                    placeholder=format_strength(self._kind.default_strength),
                    max_length=12,
                    id="strength",
                )
            yield Static(_STRENGTH_HINT[self._kind], classes="hint", id="strength-hint", markup=False)
            with Horizontal(classes="actions"):
                yield PressableWord("Cancel", id="cancel")
                yield PressableWord("Save", id="save")

    @on(Input.Changed)
    def _mend(self) -> None:
        if self.query(".hint.-wrong"):
            self._check()

    @on(Input.Submitted)
    @on(PressableWord.Pressed, "#save")
    def _save(self) -> None:
        if (entries := self._check(focus=True)) is not None:
            self.dismiss(entries)

    @on(PressableWord.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Close without a change."""
        self.dismiss(None)

    def _typed(self) -> tuple[EntryDraft, ...]:
        value = self.query_one("#value", Input).value
        strength = self.query_one("#strength", Input).value.strip()
        if self._entry is not None and value == self._entry.value:
            return (EntryDraft(value, strength),)
        return tuple(EntryDraft(each.value, each.strength or strength) for each in split_entries(value))

    def _check(self, *, focus: bool = False) -> tuple[EntryDraft, ...] | None:
        """The entries as typed, or None with words at the field that is wrong."""
        entries = self._typed()
        value_words = self._value_words(entries)
        strength_words = ""
        for number, entry in enumerate(entries, 1):
            for problem in entry_problems(self._kind, entry):
                words = problem.message if len(entries) == 1 else f"entry {number}: {problem.message}"
                if problem.field.endswith(".strength"):
                    strength_words = strength_words or words
                else:
                    value_words = value_words or words
        self._say("value", value_words, _VALUE_HINT[self._kind])
        self._say("strength", strength_words, _STRENGTH_HINT[self._kind])
        if not value_words and not strength_words:
            return tuple(settled(self._kind, entry) for entry in entries)
        if focus:
            self.query_one("#value" if value_words else "#strength").focus()
        return None

    def _say(self, field: str, words: str, hint_text: str) -> None:
        hint = self.query_one(f"#{field}-hint", Static)
        hint.update(f"✕ {words}" if words else hint_text)
        hint.set_class(bool(words), "-wrong")
        self.query_one(f"#{field}").set_class(bool(words), "-wrong")

    def _value_words(self, entries: tuple[EntryDraft, ...]) -> str:
        if not entries:
            return "write or paste one first"
        room = self._room if self._entry is None else 1
        if len(entries) > room:
            return f"{len(entries)} given, room for {room}"
        return ""
