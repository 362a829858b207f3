"""Shows one picture, as large as the pane allows, by the best means of the terminal."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO, runtime_checkable

from textual import events, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from krea_tui.ui.graphics import (
    Drawing,
    GraphicsMode,
    PictureRequest,
    PictureUnreadable,
    TerminalCapabilities,
    TerminalPictures,
)
from krea_tui.ui.widgets.picture_canvas import PictureCanvas

RESIZE_SETTLES_S = 0.15
"""Wait after a change of size before the picture is made anew: a dragged window changes many times."""
TMUX_SETTLES_S = 0.6
"""The same in tmux, which passes nothing on while it redraws itself."""
FREE_AFTER_S = 1.0
"""How long a replaced picture is kept in the terminal, until its successor has surely been painted over it."""


@runtime_checkable
class KnowsTerminal(Protocol):
    """An app that tells its widgets what the terminal can do."""

    terminal_capabilities: TerminalCapabilities


class PictureView(Widget, can_focus=False):
    """A pane with one picture, or with words where there is none.

    ``show`` returns at once: the picture is decoded, scaled, encoded and sent in a thread, and replaces the previous
    one when it is ready. Of several requests the newest wins, and at most one is worked on at a time.

    Args:
        capabilities: What the terminal can do; by default what the app tells (:class:`KnowsTerminal`),
            else half-blocks.
        output: Where kitty's pictures are sent; by default textual's own stream, and nowhere while it is headless.
    """

    DEFAULT_CSS = """
    PictureView {
        width: 1fr;
        height: 1fr;
        & > .picture-view--message {
            width: 100%; height: 100%;
            content-align: center middle; text-align: center;
            color: $text-muted;
        }
        & > .picture-view--message.-failed { color: $text-error; }
    }
    """

    @dataclass
    class Shown(Message):
        """The picture is on the screen, ``seconds`` after it was asked for or its pane changed its size."""

        view: "PictureView"
        path: Path
        seconds: float

        @property
        def control(self) -> "PictureView":
            """The pane, for ``@on`` with a selector."""
            return self.view

    @dataclass
    class Failed(Message):
        """The picture cannot be shown; ``message`` is a sentence for the person."""

        view: "PictureView"
        path: Path
        message: str

        @property
        def control(self) -> "PictureView":
            """The pane, for ``@on`` with a selector."""
            return self.view

    @dataclass
    class _Ready(Message):
        """From the thread: the outcome of one request, None if it was given up."""

        request: PictureRequest
        outcome: Drawing | PictureUnreadable | None

    def __init__(
        self,
        capabilities: TerminalCapabilities | None = None,
        *,
        output: TextIO | None = None,
        name: str | None = None,
        id: str | None = None,  # noqa: A002  # textual's word
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._given_capabilities = capabilities
        self._given_output = output
        self._pictures: TerminalPictures | None = None
        self._path: Path | None = None
        self._asked_at = 0.0
        self._wanted: PictureRequest | None = None
        self._busy = False
        self._size_seen = Size(0, 0)
        self._settling: Timer | None = None
        self._canvas = PictureCanvas()
        self._message = Static(classes="picture-view--message", markup=False)

    def compose(self) -> ComposeResult:
        """Canvas and message; one of them is displayed."""
        self._canvas.display = False
        yield self._canvas
        yield self._message

    @property
    def path(self) -> Path | None:
        """The picture that was asked for last."""
        return self._path

    def show(self, path: Path | None, placeholder: Content | str = "") -> None:
        """Show a picture; the previous one stays until it is ready.

        Args:
            path: The file, or None for no picture.
            placeholder: What to say meanwhile where there is no picture yet (shown as it is, without markup), and
                for None.
        """
        self._path = path
        self._asked_at = time.monotonic()
        if path is None:
            self._wanted = None
            self._say(placeholder)
        elif self._graphics() is GraphicsMode.OFF:
            self._say(f"{path.name}\n\nPictures are switched off here.")
        else:
            drawn = self._canvas.drawing
            if drawn is None:
                self._say(placeholder)
            self._start()
            if drawn is not None and drawn.request == self._wanted:
                self.post_message(self.Shown(self, path, 0.0))

    def _laid_out(self, _screen: Screen[object]) -> None:
        """Follow the pane's size. Resize is lost where someone asks for a region between a change and its layout."""
        size = self.content_size
        if size == self._size_seen:
            return
        self._size_seen = size
        self._asked_at = time.monotonic()
        if self._settling is not None:
            self._settling.stop()
        if self._canvas.drawing is None:
            self._start()
        else:
            in_tmux = self._terminal_pictures().capabilities.in_tmux
            self._settling = self.set_timer(TMUX_SETTLES_S if in_tmux else RESIZE_SETTLES_S, self._start)

    @on(events.Mount)
    def _follow_app(self) -> None:
        self.screen.screen_layout_refresh_signal.subscribe(self, self._laid_out)
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_after_refresh(self._start))
        self.app.app_resume_signal.subscribe(self, lambda _: self.draw_anew())

    @on(events.Unmount)
    def _close(self) -> None:
        self._wanted = None
        self._canvas.drawing = None
        if self._pictures is not None:
            self._pictures.close()

    def draw_anew(self) -> None:
        """Send the picture once more: the terminal lost it (a suspension, another program, a reattached tmux)."""
        self._replace(None)
        self._start()

    def _terminal_pictures(self) -> TerminalPictures:
        if self._pictures is None:
            told = self.app.terminal_capabilities if isinstance(self.app, KnowsTerminal) else TerminalCapabilities()
            capabilities = self._given_capabilities or told
            if self._given_output is not None or self.app.is_headless:
                self._pictures = TerminalPictures(capabilities, self._given_output)
            else:
                self._pictures = TerminalPictures(capabilities)
        return self._pictures

    def _graphics(self) -> GraphicsMode:
        return self._terminal_pictures().mode

    def _start(self) -> None:
        """Work on the newest request, unless it is drawn already or another is being worked on."""
        path, size = self._path, self.content_size
        if path is None or not size or not self.is_attached or self._graphics() is GraphicsMode.OFF:
            return
        background = self.background_colors[1].rgb
        request = PictureRequest(path, size.width, size.height, self._terminal_pictures().cell_size(), background)
        self._wanted = request
        drawn = self._canvas.drawing
        if self._busy or (drawn is not None and drawn.request == request):
            return
        self._busy = True
        self._draw(request)

    @work(thread=True, exclusive=True, group="picture", exit_on_error=False)
    def _draw(self, request: PictureRequest) -> None:
        outcome: Drawing | PictureUnreadable | None = None
        try:
            outcome = self._terminal_pictures().draw(request, lambda: self._wanted == request)
        except PictureUnreadable as error:
            outcome = error
        finally:
            self.post_message(self._Ready(request, outcome))

    @on(_Ready)
    def _take(self, message: "_Ready") -> None:
        message.stop()
        self._busy = False
        outcome = message.outcome
        if message.request != self._wanted:
            if isinstance(outcome, Drawing):
                self._free(outcome)
            self._start()
        elif isinstance(outcome, Drawing):
            self._replace(outcome)
            self._message.display = False
            self._canvas.display = True
            self.post_message(self.Shown(self, outcome.request.path, time.monotonic() - self._asked_at))
        else:
            words = str(outcome) if outcome is not None else f"{message.request.path.name} cannot be shown."
            self._say(words, failed=True)
            self.post_message(self.Failed(self, message.request.path, words))

    def _say(self, words: Content | str, *, failed: bool = False) -> None:
        """Show words instead of a picture."""
        self._replace(None)
        self._message.set_class(failed, "-failed")
        # It fills the pane, whatever it says.
        self._message.update(Content(words) if isinstance(words, str) else words, layout=False)
        self._message.display = True
        self._canvas.display = False

    def _replace(self, drawing: Drawing | None) -> None:
        previous, self._canvas.drawing = self._canvas.drawing, drawing
        if previous is not None and previous.kitty_id:
            self.set_timer(FREE_AFTER_S, lambda: self._free(previous))

    def _free(self, drawing: Drawing) -> None:
        """Write to the terminal off the loop: the line may be full of a picture."""
        if drawing.kitty_id:
            threading.Thread(target=self._terminal_pictures().free, args=(drawing,), daemon=True).start()


def _demo(paths: list[Path]) -> None:
    """Show files: n next, m a modal over the picture, t a toast, q quit."""
    import os

    from textual.app import App
    from textual.binding import Binding
    from textual.containers import Container, Horizontal
    from textual.screen import ModalScreen
    from textual.widgets import Footer

    from krea_tui.terminal import detect

    class Over(ModalScreen[None]):
        CSS = "Over { align: center middle; } Over Static { width: 40; height: 5; border: round $accent; }"
        BINDINGS = [Binding("escape,m", "dismiss", "Close", id="demo.close")]  # noqa: RUF012  # textual's way

        def compose(self) -> ComposeResult:
            yield Static("A modal screen over the picture")

    class Demo(App[None]):
        CSS = "#left { width: 30; } #frame { border: round $primary; }"
        BINDINGS = [  # noqa: RUF012  # textual's way
            Binding("n", "show_next", "Next", id="demo.next"),
            Binding("m", "open_modal", "Modal", id="demo.modal"),
            Binding("t", "toast", "Toast", id="demo.toast"),
            Binding("q", "quit", "Quit", id="demo.quit"),
        ]

        def __init__(self, capabilities: TerminalCapabilities) -> None:
            super().__init__()
            self.terminal_capabilities = capabilities
            self.number = -1

        def compose(self) -> ComposeResult:
            with Horizontal():
                with Container(id="left"):
                    yield Static(self.terminal_capabilities.reason, id="words", markup=False)
                with Container(id="frame"):
                    yield PictureView()
            yield Footer()

        def on_mount(self) -> None:
            self.action_show_next()

        def action_show_next(self) -> None:
            self.number = (self.number + 1) % len(paths)
            self.query_one(PictureView).show(paths[self.number], "Preparing the picture ...")

        def action_open_modal(self) -> None:
            self.push_screen(Over())

        def action_toast(self) -> None:
            self.notify("A toast over the picture", timeout=2)

        @on(PictureView.Shown)
        @on(PictureView.Failed)
        def _tell(self, message: Message) -> None:
            self.query_one("#words", Static).update(f"{message}")

    wanted = GraphicsMode(os.environ.get("KREA_TUI_GRAPHICS", "auto"))
    Demo(detect(wanted)).run()


if __name__ == "__main__":
    import sys

    _demo([Path(argument) for argument in sys.argv[1:]])
