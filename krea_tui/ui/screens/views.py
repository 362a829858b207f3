"""The views window: searches with a name, and how many jobs stand at each status; choosing one filters by it."""

from __future__ import annotations

from typing import ClassVar, Final, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from krea_tui.domain.errors import KreaTuiError, UsageError
from krea_tui.domain.text import clean_line
from krea_tui.domain.view_edits import MAX_NAME, ViewEdits, Views, renamed, with_view, without_view
from krea_tui.domain.views import BUILT_IN, SavedView
from krea_tui.ui.widgets.fields import FieldInput, PressableWord
from krea_tui.ui.widgets.view_lists import BY_NUMBER, Counts, ViewLists
from krea_tui.ui.widgets.wording import say

_ANSWERS: Final = {
    "save": "Save (s)",
    "rename": "Rename (r)",
    "delete": "Delete (d)",
    "undo": "Undo (z)",
    "close": "Close (q)",
}


class ViewsSource(Counts, Protocol):
    """What the window reads and keeps. Trouble is raised as `KreaTuiError`."""

    async def keep_views(self, views: Views) -> None:
        """Keep the person's views for the next start."""


class ViewsScreen(ModalScreen[str | None]):
    """Its result is the text of the query chosen; None where the person leaves everything as it is.

    `filter_text` is the filter that is on, which can be saved; `views` are the person's own.
    """

    DEFAULT_CSS = """
    ViewsScreen {
        align: center middle;
        & > Vertical {
            width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 2;
            background: $surface; border: round $border; border-title-color: $text-primary;
        }
        #views-line, #views-said { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #views-line, #views-naming { margin-top: 1; }
        #views-naming { display: none; height: 1; padding: 0 1; }
        &.-naming #views-naming { display: block; }
        &.-naming #views-line { display: none; }
        #views-label { width: auto; color: $text-muted; }
        #views-name { width: 42; }
        #views-said { color: $text-muted; }
        #views-said.-wrong { color: $text-error; }
        #views-answers { height: 2; padding-top: 1; align-horizontal: right; }
        PressableWord { margin-left: 1; padding: 0 1; background: $panel; }
        PressableWord:disabled { color: $text-disabled; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f", "close", "Close", id="views.close", tooltip="Close, the filter as it was"),
        Binding("s", "save", "Save", id="views.save", tooltip="Save the filter under a name"),
        Binding("r", "rename", "Rename", id="views.rename", tooltip="Give the view another name"),
        Binding("d,delete", "delete", "Delete", id="views.delete", tooltip="Delete the view"),
        Binding("z", "undo", "Undo", id="views.undo", tooltip="Take back the last change of the views"),
        *(
            Binding(str(number), f"choose({number})", show=False, id=f"views.choose_{number}", tooltip="Take this view")
            for number in range(1, BY_NUMBER + 1)
        ),
    ]

    def __init__(self, source: ViewsSource, filter_text: str, views: Views, *, plain: bool = False) -> None:
        super().__init__()
        self._source = source
        self._filter = clean_line(filter_text)
        self._edits = ViewEdits(views)
        self._lists = ViewLists(source, plain=plain)
        # The view that is being renamed; None while the filter is being saved.
        self._renaming: SavedView | None = None

    def compose(self) -> ComposeResult:
        """The lists; below them what the line under the cursor means, and what can be done."""
        with Vertical() as box:
            box.border_title = "Views"
            yield self._lists
            yield Static(id="views-line", markup=False)
            with Horizontal(id="views-naming"):
                yield Static(id="views-label", markup=False)
                yield FieldInput(max_length=MAX_NAME, id="views-name")
            yield Static(id="views-said", markup=False)
            with Horizontal(id="views-answers"):
                for name, words in _ANSWERS.items():
                    yield PressableWord(words, id=f"views-{name}")

    def on_mount(self) -> None:
        """Start on the view that is on."""
        self._show(next((index for index, view in enumerate(self._all) if view.query == self._filter), 0))
        self._lists.enter()
        self._say_filter()

    @property
    def _all(self) -> Views:
        return (*BUILT_IN, *self._edits.views)

    def _show(self, index: int) -> None:
        self._lists.show(self._all, index)
        self.query_one("#views-save").disabled = not self._filter
        self.query_one("#views-undo").disabled = not self._edits.before

    # --- words below the lists -------------------------------------------------------------------------------------

    @on(ViewLists.Pointed)
    def _pointed(self) -> None:
        query = clean_line(self._lists.pointed_query)
        words = Content.assemble(("filters by ", "$text-muted"), query) if query else Content("every job but the trash")
        say(self.query_one("#views-line", Static), words)

    @on(ViewLists.Failed)
    def _failed(self, event: ViewLists.Failed) -> None:
        self._say(event.words, is_wrong=True)

    def _say_filter(self) -> None:
        self._say(f"on now: {self._filter}" if self._filter else "No filter is on. / types one, and s saves it here.")

    def _say(self, words: str, *, is_wrong: bool = False) -> None:
        line = self.query_one("#views-said", Static)
        line.set_class(is_wrong, "-wrong")
        say(line, Content(clean_line(words)))

    # --- choosing --------------------------------------------------------------------------------------------------

    @on(ViewLists.Chosen)
    def _chosen(self, event: ViewLists.Chosen) -> None:
        self.dismiss(event.query_text)

    def action_choose(self, number: int) -> None:
        """Take the view of this number, if there is one."""
        if number <= len(self._all):
            self.dismiss(self._all[number - 1].query)

    def action_close(self) -> None:
        """Stop naming, or close."""
        if self.has_class("-naming"):
            self._stop_naming()
            self._say_filter()
        else:
            self.dismiss(None)

    @on(PressableWord.Pressed)
    async def _pressed(self, event: PressableWord.Pressed) -> None:
        event.stop()
        action = (event.word.id or "").removeprefix("views-")
        if self.has_class("-naming") and action in {"save", "rename"}:
            self._finish(self.query_one("#views-name", Input).value)
        else:
            await self.run_action(action)

    # --- the person's own views ------------------------------------------------------------------------------------

    def action_save(self) -> None:
        """Ask for the name of the filter that is on."""
        if self._filter:
            self._start_naming(None, "Save as ", self._filter[:MAX_NAME])
        else:
            self._say("There is no filter to save: close this, and type one with /.", is_wrong=True)

    def action_rename(self) -> None:
        """Ask for another name of the view under the cursor."""
        if (view := self._own_view()) is not None:
            self._start_naming(view, "Rename to ", view.name)

    def action_delete(self) -> None:
        """Forget the view under the cursor; no job is touched."""
        if (view := self._own_view()) is not None:
            self._edits.change_to(without_view(self._edits.views, view.name))
            self._keep(f"Deleted: {view.name}. z brings it back.", self._lists.index)

    def action_undo(self) -> None:
        """Take back the last change."""
        if self._edits.undo():
            self._keep("The last change is taken back.", self._lists.index)
        else:
            self._say("Nothing was changed since this window was opened.")

    def _own_view(self) -> SavedView | None:
        index = self._lists.index - len(BUILT_IN)
        if index < 0:
            self._say("That view is always here. Only your own can be renamed or deleted.", is_wrong=True)
            return None
        return self._edits.views[index]

    def _start_naming(self, view: SavedView | None, label: str, name: str) -> None:
        self._renaming = view
        self.add_class("-naming")
        self.query_one("#views-label", Static).update(label)
        field = self.query_one("#views-name", Input)
        field.value = name
        field.focus()
        field.select_all()
        self._say("Enter keeps it, Esc changes nothing.")

    def _stop_naming(self) -> None:
        self.remove_class("-naming")
        self._lists.enter()

    @on(Input.Submitted, "#views-name")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._finish(event.value)

    def _finish(self, typed: str) -> None:
        name, view = clean_line(typed), self._renaming
        try:
            if view is None:
                views, words = with_view(self._edits.views, name, self._filter), f"Saved: {name}."
            else:
                views, words = renamed(self._edits.views, view.name, name), f"{view.name} is now {name}."
        except UsageError as error:
            self._say(f"{error} {error.advice}".strip(), is_wrong=True)
            return
        self._edits.change_to(views)
        self._keep(words, len(BUILT_IN) + [each.name for each in views].index(name))

    def _keep(self, words: str, index: int) -> None:
        self._stop_naming()
        self._show(index)
        self._say(words)
        views = self._edits.views

        async def keep() -> None:
            try:
                await self._source.keep_views(views)
            except KreaTuiError as error:
                self.app.notify(f"{error} {error.advice}".strip(), severity="error", markup=False)

        # The app's, not the window's: what was changed is kept even if the window closes at once.
        self.app.run_worker(keep(), group="views")
