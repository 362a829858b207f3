"""The form alone, to look at: `python -m krea_tui.ui.widgets.compose_demo [light]`."""

from __future__ import annotations

import sys

from textual import on
from textual.app import App, ComposeResult

from krea_tui.ui.themes import THEMES
from krea_tui.ui.widgets.compose_form import ComposeForm


class ComposeDemo(App[None]):
    """One form, whose submissions are shown as notices."""

    CSS = "ComposeForm { max-width: 80; }"

    def compose(self) -> ComposeResult:
        """The form."""
        yield ComposeForm()

    def on_mount(self) -> None:
        """Take one of our themes and start in the prompt."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "krea-light" if "light" in sys.argv[1:] else "krea-dark"
        form = self.query_one(ComposeForm)
        form.set_money_left("$18.08 left today")
        form.focus_prompt()

    @on(ComposeForm.Submitted)
    def _submitted(self, event: ComposeForm.Submitted) -> None:
        seeds = ", ".join(str(request.seed) for request in event.requests[:3])
        self.notify(f"{len(event.requests)} submitted, seeds {seeds}", markup=False)


if __name__ == "__main__":
    ComposeDemo().run()
