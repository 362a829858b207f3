"""The tags of one job or of many: what all of them have, what some have, what is given and taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from krea_tui.domain.errors import UsageError
from krea_tui.domain.job import Job
from krea_tui.domain.tags import tag_start, tags_of
from krea_tui.domain.text import clean_line
from krea_tui.ui.key_times import ActsAlone
from krea_tui.ui.widgets.quiet_button import QuietButton

# Others that are in use, offered below those of the jobs.
_MOST_OFFERED: Final = 200
_TAG_CELLS: Final = 32


@dataclass(frozen=True, slots=True)
class TagChange:
    """Tags that all of the jobs are to have, and tags that none of them is to keep."""

    added: tuple[str, ...] = ()
    removed: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


class Has(Enum):
    """Which of the jobs have a tag."""

    ALL = "✓"
    SOME = "~"
    NONE = " "


class TagsScreen(ModalScreen[TagChange | None], ActsAlone[TagChange | None]):
    """Shows and changes them; nothing is changed before the window is left by Keep."""

    DEFAULT_CSS = """
    TagsScreen {
        align: center middle;
        & > Vertical {
            width: 60; max-width: 98%; height: auto; max-height: 96%; padding: 1 1;
            background: $surface; border: round $border; border-title-color: $text-primary;
        }
        Input { border: none; height: 1; padding: 0 1; background: $panel; }
        Input:focus { border: none; background: $surface-active; }
        OptionList {
            height: auto; max-height: 12; margin: 1 0 0 0; padding: 0; border: none; background: $surface;
            scrollbar-size-vertical: 1;
        }
        OptionList:focus { border: none; }
        .problem { color: $text-error; height: auto; padding: 0 1; }
        .muted { color: $text-muted; height: auto; padding: 0 1; }
        Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
        Button { margin-left: 2; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space", "give_or_take", "Give or take", id="tags.toggle", tooltip="Give the tag to all, or take it away"
        ),
        Binding("ctrl+j", "keep", "Keep", id="tags.keep", tooltip="Change the tags"),
        Binding("down", "to_list", "To the tags", show=False, id="tags.list", tooltip="From the field to the tags"),
        Binding("escape", "leave", "Leave", id="tags.leave", tooltip="Leave the tags as they are"),
    ]

    def __init__(self, jobs: Sequence[Job], known: Sequence[str] = ()) -> None:
        super().__init__()
        self._count = len(jobs)
        counts = Counter(tag for job in jobs for tag in job.tags)
        self._counts = dict(sorted(counts.items(), key=lambda found: (-found[1], found[0])))
        self._before = {tag: Has.ALL if count == self._count else Has.SOME for tag, count in self._counts.items()}
        others = [tag for tag in known if tag not in self._before][:_MOST_OFFERED]
        self._has = self._before | dict.fromkeys(others, Has.NONE)
        self._known = sorted({*known, *self._counts})

    def compose(self) -> ComposeResult:
        """A field for new ones, the tags there are, and the two ways on."""
        with Vertical() as box:
            noun = "1 job" if self._count == 1 else f"{self._count:,} jobs"
            box.border_title = f"Tags of {noun}"
            field = Input(
                placeholder="new tags, Enter adds them", max_length=400, suggester=_LastWord(self._known), id="tag"
            )
            field.cursor_blink = False
            yield field
            yield Static("", classes="problem", markup=False)
            yield OptionList(*self._options(), id="tag-list", markup=False)
            yield Static(self._words(), classes="muted", markup=False)
            with Horizontal():
                yield QuietButton("Leave (esc)", id="leave", compact=True)
                yield QuietButton("Keep (^J)", id="keep", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()
        self.query_one(OptionList).display = bool(self._has)

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)

    def action_keep(self) -> None:
        """Change the tags of all of them, with what still stands in the field."""
        if self._add(self.query_one(Input).value):
            added = [tag for tag, has in self._has.items() if has is Has.ALL and self._before.get(tag) is not Has.ALL]
            removed = {tag for tag, has in self._has.items() if has is Has.NONE and tag in self._before}
            self.dismiss(TagChange(tuple(added), frozenset(removed)))

    def action_to_list(self) -> None:
        """Choose among those there are."""
        if self._has:
            tags = self.query_one(OptionList)
            tags.focus()
            if tags.highlighted is None:
                tags.highlighted = 0

    def action_give_or_take(self) -> None:
        """Give the tag under the cursor to all, take it from all, or leave it with those that have it."""
        tags = self.query_one(OptionList)
        if tags.highlighted is None:
            return
        tag = list(self._has)[tags.highlighted]
        cycle = [Has.ALL, Has.NONE, Has.SOME] if self._before.get(tag) is Has.SOME else [Has.ALL, Has.NONE]
        self._has[tag] = cycle[(cycle.index(self._has[tag]) + 1) % len(cycle)]
        tags.replace_option_prompt_at_index(tags.highlighted, self._line(tag))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_give_or_take()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._add(event.value)
        else:
            self.action_keep()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "keep":
            self.action_keep()
        else:
            self.action_leave()

    def _add(self, text: str) -> bool:
        """Give these tags to all; false where one of them is none, which is said."""
        problem = self.query_one(".problem", Static)
        try:
            tags = tags_of(text.replace(",", " ").split())
        except UsageError as error:
            problem.update(f"✕ {error} {error.advice}".rstrip())
            self.query_one(Input).focus()
            return False
        problem.update("")
        self._has |= dict.fromkeys(tags, Has.ALL)
        rows = self.query_one(OptionList)
        rows.clear_options()
        rows.add_options(self._options())
        rows.display = bool(self._has)
        self.query_one(Input).value = ""
        return True

    def _options(self) -> list[Option]:
        return [Option(self._line(tag)) for tag in self._has]

    def _line(self, tag: str) -> Content:
        has, count = self._has[tag], self._counts.get(tag, 0)
        whose = {Has.ALL: "all", Has.SOME: f"{count:,} of {self._count:,}", Has.NONE: "none"}[has]
        if self._count == 1:
            whose = ""
        change = "" if has is self._before.get(tag, Has.NONE) else " *"
        return Content.assemble(
            f"{has.value} {clean_line(tag, _TAG_CELLS):{_TAG_CELLS}} ", (whose + change, "$text-muted")
        )

    def _words(self) -> str:
        signs = "Space gives a tag or takes it away; * is a change."
        return signs if self._count == 1 else f"✓ all have it, ~ some. {signs}"


class _LastWord(Suggester):
    """Completes the last word of the field by the tags that are in use."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._known = known

    async def get_suggestion(self, value: str) -> str | None:
        """The field as it would be, or None."""
        try:
            word = tag_start(value.replace(",", " ").rpartition(" ")[2])
        except UsageError:
            return None
        found = next((tag for tag in self._known if tag.startswith(word) and tag != word), None)
        return None if found is None else value + found[len(word) :]
