"""Everything of the form below the prompt: ratio, creativity, seed, count and the three lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from krea_tui.domain.errors import FieldProblem
from krea_tui.domain.request import AspectRatio, Creativity
from krea_tui.ui.drafts import MAX_COUNT, Draft, EntryDraft, Guidance, count_of
from krea_tui.ui.widgets.choices import ASPECT_RATIOS, CREATIVITIES
from krea_tui.ui.widgets.chooser import Chooser
from krea_tui.ui.widgets.fields import FieldInput, PressableWord
from krea_tui.ui.widgets.guidance_list import GuidanceList
from krea_tui.ui.widgets.line_feed import KeyJudge
from krea_tui.ui.widgets.seed_row import SeedRow
from krea_tui.ui.widgets.wording import say

_LIST_IDS: Final = {Guidance.REFERENCES: "references", Guidance.STYLES: "styles", Guidance.MOODBOARDS: "moodboards"}


class ComposeFields(Vertical):
    """The fields below the prompt. They project a draft, and say how the person changes it.

    They bring the rules of all that comes into the form behind the first frame.
    """

    SCOPED_CSS = False

    # Rows of these fields while nothing is in the lists: four fields, a line for words, three headings.
    ROWS: Final = 8

    DEFAULT_CSS = """
    ComposeFields {
        height: auto;
        min-height: 8;
        max-width: 60;
        margin-top: 1;
        & > .row { height: 1; }
        .label { width: 14; color: $text-muted; }
        & > #field-words { height: auto; min-height: 1; color: $text-error; }
        #count { width: 4; }
        #count-aside { width: 1fr; margin-left: 2; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        .step { width: 3; content-align: center middle; text-align: center; }
    }
    ComposeForm {
        #prompt-words { height: auto; min-height: 1; color: $text-muted; }
        #prompt-words.-wrong { color: $text-error; }
        &.-short ComposeFields { margin-top: 0; }
        &.-whole #compose-body, &.-whole #prompt { margin-bottom: 0; }
    }
    """

    class Edited(Message):
        """The person changed something; `read` tells what the fields hold now."""

    def __init__(self, draft: Draft, judge: KeyJudge) -> None:
        super().__init__()
        self._draft = draft
        self._judge = judge

    def compose(self) -> ComposeResult:
        """One row a field, the labels aligned."""
        yield Horizontal(
            Static("Aspect ratio", classes="label"),
            Chooser(ASPECT_RATIOS, self._draft.aspect_ratio, id="aspect-ratio"),
            classes="row",
        )
        yield Horizontal(
            Static("Creativity", classes="label"),
            Chooser(CREATIVITIES, self._draft.creativity, id="creativity"),
            classes="row",
        )
        yield Horizontal(Static("Seed", classes="label"), SeedRow(judge=self._judge), classes="row")
        yield Horizontal(
            Static("Count", classes="label"),
            FieldInput(self._draft.count, judge=self._judge, placeholder="1", max_length=6, id="count"),
            PressableWord("−", id="fewer", tooltip="One picture fewer", classes="step"),
            PressableWord("+", id="more", tooltip="One picture more", classes="step"),
            Static("", id="count-aside", markup=False),
            classes="row",
        )
        yield Static("", id="field-words", markup=False)
        for kind in Guidance:
            yield GuidanceList(kind, id=_LIST_IDS[kind])

    def on_mount(self) -> None:
        """Show the draft that was there before the fields were."""
        for word in self.query(".step"):
            word.can_focus = False
        self.show(self._draft)

    def show(self, draft: Draft) -> None:
        """Show this draft in every field."""
        self._draft = draft
        self.query_one("#aspect-ratio", Chooser).value = draft.aspect_ratio
        self.query_one("#creativity", Chooser).value = draft.creativity
        self.query_one(SeedRow).show(draft.seed, is_kept=draft.keep_seed)
        count = self.query_one("#count", FieldInput)
        if count.value != draft.count:
            count.value = draft.count
        for widget in self.query(GuidanceList):
            widget.entries = draft.entries(widget.kind)
        say(self.query_one("#count-aside", Static), _seeds_in_words(draft))

    def read(self, draft: Draft) -> Draft:
        """The same draft with what these fields hold at this moment."""
        seed = self.query_one(SeedRow)
        read = replace(
            draft,
            aspect_ratio=AspectRatio(self.query_one("#aspect-ratio", Chooser).value),
            creativity=Creativity(self.query_one("#creativity", Chooser).value),
            seed=seed.seed,
            keep_seed=seed.is_kept,
            count=self.query_one("#count", FieldInput).value,
        )
        for widget in self.query(GuidanceList):
            read = read.with_entries(widget.kind, widget.entries)
        return read

    def show_problems(self, problems: Iterable[FieldProblem]) -> None:
        """Mark the seed and the count where they are wrong, the first of them in words; lists mark themselves."""
        wrong = {problem.field: problem.message for problem in problems}
        self.query_one(SeedRow).mark(is_wrong="seed" in wrong)
        self.query_one("#count", FieldInput).set_class("count" in wrong, "-wrong")
        words = next((f"✕ {name}: {wrong[name]}" for name in ("seed", "count") if name in wrong), "")
        say(self.query_one("#field-words", Static), words)

    def draw_seed(self) -> None:
        """Draw a new seed now."""
        self.query_one(SeedRow).draw()

    def toggle_seed_kept(self) -> None:
        """Keep the seed after sending, or no longer."""
        self.query_one(SeedRow).toggle_kept()

    def focus_problem(self, field: str) -> None:
        """Put the focus on the field that a problem names."""
        name, _, rest = field.partition(".")
        if name == "seed":
            self.query_one(SeedRow).focus_field()
        elif name == "count":
            self.query_one("#count").focus()
        else:
            widget = self.list_of(Guidance(name))
            index = rest.partition(".")[0]
            widget.cursor = int(index) + 1 if index else 0
            widget.focus()

    def list_of(self, kind: Guidance) -> GuidanceList:
        """The widget of one list."""
        return self.query_one(f"#{_LIST_IDS[kind]}", GuidanceList)

    @on(Chooser.Changed)
    @on(SeedRow.Changed)
    @on(Input.Changed, "#count")
    @on(GuidanceList.Changed)
    def _edited(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Edited())

    @on(PressableWord.Pressed, "#fewer")
    def _fewer(self, event: PressableWord.Pressed) -> None:
        event.stop()
        self._step_count(-1)

    @on(PressableWord.Pressed, "#more")
    def _more(self, event: PressableWord.Pressed) -> None:
        event.stop()
        self._step_count(1)

    def _step_count(self, by: int) -> None:
        field = self.query_one("#count", FieldInput)
        count, _ = count_of(field.value)
        field.value = str(max(1, min(MAX_COUNT, count + by)))

    @on(GuidanceList.EditorWanted)
    def _editor_wanted(self, event: GuidanceList.EditorWanted) -> None:
        event.stop()
        self.open_editor(event.widget.kind, event.index)

    def open_editor(self, kind: Guidance, index: int | None = None) -> None:
        """Open the window that edits the entry at `index`, or adds one where it is None."""
        from krea_tui.ui.widgets.guidance_editor import GuidanceEditor

        widget = self.list_of(kind)
        entry = None if index is None else widget.entries[index]

        def done(result: tuple[EntryDraft, ...] | None) -> None:
            if result is None:
                return
            kept = widget.entries
            widget.entries = kept + result if index is None else (*kept[:index], *result, *kept[index + 1 :])
            self.post_message(self.Edited())

        self.app.push_screen(GuidanceEditor(kind, entry, widget.room), done)


def _seeds_in_words(draft: Draft) -> str:
    count, problem = count_of(draft.count)
    return "" if problem or count == 1 else f"N to N+{count - 1}"
