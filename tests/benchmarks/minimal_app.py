"""The yardstick: the smallest Textual app that one can type into."""

from textual.app import App, ComposeResult
from textual.widgets import Input

PLACEHOLDER = "Type something here"


class MinimalApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Input(placeholder=PLACEHOLDER)


if __name__ == "__main__":
    MinimalApp().run()
