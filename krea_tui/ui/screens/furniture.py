"""What the workbench is furnished with: where the job keys act, and the words of empty panes."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from krea_tui.ui.finding import FIND_BINDINGS
from krea_tui.ui.job_actions import JOB_BINDINGS

NO_JOBS: Final = Content.assemble(
    ("No jobs yet", "bold"),
    ("\n\nWrite a prompt and press Ctrl+J.\nEvery job appears here at once and is kept for good.", "$text-muted"),
)
LOADING: Final = Content("")
NO_MATCH: Final = Content.assemble(
    ("No job matches", "bold"),
    ("\n\n/ changes the filter, Esc clears it.", "$text-muted"),
)
NO_PICTURE: Final = Content.assemble(
    ("Pictures appear here", "bold"),
    (
        "\n\nEach one is on disk before its job is called completed,\nwith all that is needed to make it again.",
        "$text-muted",
    ),
)


class Desk(Vertical):
    """Queue and preview: where single letters act on the job under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*FIND_BINDINGS, *JOB_BINDINGS]
