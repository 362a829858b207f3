"""Every binding of the app in one place, for help and palette."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.dom import DOMNode

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Section:
    """Bindings that belong together. `owner` carries out their actions from anywhere; None needs the focus itself."""

    title: str
    bindings: tuple[Binding, ...]
    owner: type[DOMNode] | None = None


def all_bindings(app: type[App[Result]]) -> list[Section]:
    """Sections of an app's bindings, in the order of the help; those of small windows stand on the windows."""
    from krea_tui.ui.finding import FIND_BINDINGS
    from krea_tui.ui.job_actions import JOB_BINDINGS
    from krea_tui.ui.screens.workbench import Workbench
    from krea_tui.ui.widgets.chooser import Chooser
    from krea_tui.ui.widgets.compose_form import ComposeForm
    from krea_tui.ui.widgets.filter_input import FilterInput
    from krea_tui.ui.widgets.guidance_list import GuidanceList
    from krea_tui.ui.widgets.job_table import JobTable
    from krea_tui.ui.widgets.preview_pane import PreviewPane
    from krea_tui.ui.widgets.prompt_area import PromptArea

    return [
        Section("Everywhere", _made([*app.BINDINGS, *_TOOLKIT]), app),
        Section("Panes", _made(Workbench.BINDINGS), Workbench),
        Section("Compose", _made(ComposeForm.BINDINGS), ComposeForm),
        Section("The prompt", _made(PromptArea.BINDINGS)),
        Section("A choice", _made(Chooser.BINDINGS)),
        Section("References, styles, moodboard", _made(GuidanceList.BINDINGS)),
        Section("Jobs", _made(JobTable.BINDINGS), JobTable),
        Section("Finding jobs", _made(FIND_BINDINGS), Workbench),
        Section("The filter", _made(FilterInput.BINDINGS)),
        Section("Marked jobs, or the one under the cursor", _made(JOB_BINDINGS), Workbench),
        Section("Preview", _made(PreviewPane.BINDINGS)),
    ]


# Bound by the toolkit itself.
_TOOLKIT: tuple[Binding, ...] = (
    Binding("ctrl+p", "command_palette", "Palette", tooltip="Every action by its name"),
    Binding("tab", "app.focus_next", "Next", tooltip="To the next field or pane"),
    Binding("shift+tab", "app.focus_previous", "Previous", tooltip="To the field or pane before"),
)


def _made(bindings: Iterable[BindingType]) -> tuple[Binding, ...]:
    return tuple(binding for binding in bindings if isinstance(binding, Binding))
