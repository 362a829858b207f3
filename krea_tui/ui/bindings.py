"""Every binding of the app in one place, for help and palette."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding, BindingType


def all_bindings() -> list[tuple[str, list[Binding]]]:
    """Sections of bindings, in the order of the help."""
    from krea_tui.ui.app import StudioApp
    from krea_tui.ui.job_actions import JOB_BINDINGS
    from krea_tui.ui.screens.workbench import Workbench
    from krea_tui.ui.widgets.compose_form import ComposeForm
    from krea_tui.ui.widgets.job_table import JobTable

    return [
        ("Everywhere", _made(StudioApp.BINDINGS)),
        ("Compose", _made(ComposeForm.BINDINGS)),
        ("The job under the cursor", _made(JOB_BINDINGS)),
        ("Queue", _made(JobTable.BINDINGS)),
        ("Panes", _made(Workbench.BINDINGS)),
    ]


def _made(bindings: Iterable[BindingType]) -> list[Binding]:
    return [binding for binding in bindings if isinstance(binding, Binding)]
