"""The picture pane, as its bytes reach a terminal."""

import os
import pty
import re
import select
import signal
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest
from PIL import Image

from tests.support.waiting import wait_until


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return saved(tmp_path / "red.png", (255, 0, 0))


@pytest.fixture
def blue(tmp_path: Path) -> Path:
    return saved(tmp_path / "blue.png", (0, 0, 255), (300, 100))


def saved(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (100, 100)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


PROGRAM = """
import sys
from pathlib import Path
from textual.app import App
from textual.screen import ModalScreen
from textual.widgets import Static
from krea_tui.ui.graphics import CellSize, GraphicsMode, TerminalCapabilities
from krea_tui.ui.widgets.picture_view import PictureView

class A(App):
    CSS = "#words { height: 1; }"
    ENABLE_COMMAND_PALETTE = False
    terminal_capabilities = TerminalCapabilities(graphics=GraphicsMode(sys.argv[1]), cell_size=CellSize(8, 16))
    paths = [Path(path) for path in sys.argv[2:]]
    shown = 0
    def compose(self):
        yield Static(id="words")
        yield PictureView()
    def tell(self, words):
        self.query_one("#words", Static).update(words)
    def on_mount(self):
        self.query_one(PictureView).show(self.paths.pop(0))
    def on_picture_view_shown(self):
        self.shown += 1
        self.call_after_refresh(self.tell, f"shown{self.shown}.")
    def key_n(self):
        self.query_one(PictureView).show(self.paths.pop(0))
    def key_m(self):
        self.push_screen(Modal())
    def key_w(self):
        self.tell("still here.")
    def key_x(self):
        self.exit()

class Modal(ModalScreen):
    def compose(self):
        yield Static("MODAL")
    def key_escape(self):
        self.dismiss()
        self.app.call_after_refresh(self.app.tell, "closed.")

A().run()
"""


class Terminal:
    """The bytes that the program writes to its terminal."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execv(sys.executable, [sys.executable, "-c", PROGRAM, *arguments])
        ioctl(self.fd, TIOCSWINSZ, struct.pack("HHHH", 24, 80, 640, 384))
        self.data = b""
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        while not self.ended.is_set():
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.data += os.read(self.fd, 65536)
                except OSError:
                    break
        self.ended.set()

    def press(self, key: str, until: str) -> None:
        start = len(self.data)
        os.write(self.fd, key.encode())
        self.wait(until, start)

    def wait(self, words: str, start: int = 0) -> None:
        wait_until(lambda: words.encode() in self.data[start:], 30, words)

    def close(self) -> None:
        self.ended.set()
        self.thread.join(5)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    made: list[Terminal] = []
    yield made
    for terminal in made:
        terminal.close()


def play(terminal: Terminal) -> bytes:
    """Two pictures, a modal over the second, something else that is repainted, and the end."""
    terminal.wait("shown1.")
    terminal.press("n", "shown2.")
    terminal.press("m", "MODAL")
    terminal.press("\x1b", "closed.")
    terminal.press("w", "still here.")
    os.write(terminal.fd, b"x")
    wait_until(terminal.ended.is_set, 30, "the end")
    return terminal.data


def test_sixel_is_written_once_for_each_time_it_has_to_be(terminals: list[Terminal], red: Path, blue: Path) -> None:
    terminals.append(terminal := Terminal("sixel", str(red), str(blue)))
    sixels = re.findall(rb"\x1bP[0-9;]*q[^\x1b]*\x1b\\", play(terminal))
    # Red, blue, and blue again after the modal that lay over it.
    assert len(sixels) == 3
    assert sixels[1] == sixels[2] != sixels[0]


def test_kitty_pictures_are_written_once_and_none_is_left(terminals: list[Terminal], red: Path, blue: Path) -> None:
    terminals.append(terminal := Terminal("kitty", str(red), str(blue)))
    data = play(terminal)
    sent = re.findall(rb"\x1b_Ga=t,f=100,i=(\d+)", data)
    assert len(sent) == len(set(sent)) == 2
    assert sorted(re.findall(rb"\x1b_Ga=d,d=I,i=(\d+)", data)) == sorted(sent)
    # The pixels are there before the first cell that names them.
    assert data.index(b"a=p,U=1") < data.index("\U0010eeee".encode())
