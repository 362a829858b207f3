"""The picture pane, as it is painted."""

import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Static

from krea_tui.ui.graphics import CellSize, GraphicsMode, TerminalCapabilities
from krea_tui.ui.widgets.picture_canvas import PictureCanvas
from krea_tui.ui.widgets.picture_view import PictureView
from tests.support.waiting import wait_until_async

CELL = CellSize(8, 16)


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return saved(tmp_path / "red.png", (255, 0, 0))


@pytest.fixture
def blue(tmp_path: Path) -> Path:
    return saved(tmp_path / "blue.png", (0, 0, 255), (300, 100))


def saved(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (100, 100)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


class PictureApp(App[None]):
    CSS = "PictureView { border: solid $primary; }"

    def __init__(self, mode: GraphicsMode) -> None:
        super().__init__()
        self.terminal_capabilities = TerminalCapabilities(graphics=mode, cell_size=CELL)
        self.sent = io.StringIO()
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield PictureView(output=self.sent)

    def on_picture_view_shown(self, message: PictureView.Shown) -> None:
        self.told.append(message)

    def on_picture_view_failed(self, message: PictureView.Failed) -> None:
        self.told.append(message)


class Running:
    def __init__(self, app: PictureApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.view = app.query_one(PictureView)
        self.canvas = app.query_one(PictureCanvas)

    async def told(self, count: int) -> Message:
        await wait_until_async(lambda: len(self.app.told) >= count, what=f"message {count}")
        await self.pilot.pause()
        return self.app.told[-1]

    async def show(self, path: Path) -> Message:
        count = len(self.app.told)
        self.view.show(path, "Wait a moment")
        return await self.told(count + 1)

    def words(self) -> str:
        message = self.app.query_one(".picture-view--message", Static)
        return str(message.content) if message.display else ""

    def screen_text(self) -> str:
        return self.app.export_screenshot()


@asynccontextmanager
async def running(mode: GraphicsMode, size: tuple[int, int] = (60, 22)) -> AsyncIterator[Running]:
    app = PictureApp(mode)
    async with app.run_test(size=size) as pilot:
        yield Running(app, pilot)


async def test_half_blocks_fill_the_pane_and_a_screenshot_shows_them(red: Path) -> None:
    async with running(GraphicsMode.HALFBLOCK) as pane:
        message = await pane.show(red)
        assert isinstance(message, PictureView.Shown)
        assert message.path == red
        assert message.seconds > 0
        drawing = pane.canvas.drawing
        assert drawing is not None
        # 20 rows of 16 pixels are as high as 40 columns of 8 are wide.
        assert (drawing.columns, drawing.rows) == (40, 20)
        assert "#ff0000" in pane.screen_text()
        assert pane.words() == ""


async def test_the_picture_stands_in_the_middle(blue: Path) -> None:
    async with running(GraphicsMode.HALFBLOCK, (60, 30)) as pane:
        await pane.show(blue)
        drawing = pane.canvas.drawing
        assert drawing is not None
        lines = pane.canvas.render_lines(pane.canvas.size.region)
        painted = [y for y, line in enumerate(lines) if "▀" in line.text]
        assert len(painted) == drawing.rows
        assert abs(painted[0] - (len(lines) - 1 - painted[-1])) <= 1
        assert {line.cell_length for line in lines} == {pane.canvas.size.width}


async def test_the_placeholder_is_said_until_the_picture_is_there(red: Path) -> None:
    async with running(GraphicsMode.HALFBLOCK) as pane:
        pane.view.show(red, "Wait [for] it")
        assert pane.words() == "Wait [for] it"
        await pane.told(1)
        assert pane.words() == ""
        pane.view.show(None, "No picture yet")
        await pane.pilot.pause()
        assert pane.words() == "No picture yet"
        assert "#ff0000" not in pane.screen_text()


async def test_the_old_picture_stays_until_the_new_one_is_ready(red: Path, blue: Path) -> None:
    async with running(GraphicsMode.HALFBLOCK) as pane:
        await pane.show(red)
        pane.view.show(blue, "Wait")
        assert pane.words() == ""
        assert pane.canvas.drawing is not None
        assert pane.canvas.drawing.request.path == red
        await pane.told(2)
        assert pane.canvas.drawing.request.path == blue


async def test_of_many_requests_the_newest_wins(tmp_path: Path, red: Path) -> None:
    others = [saved(tmp_path / f"{number}.png", (0, number, 0), (900, 900)) for number in range(20)]
    async with running(GraphicsMode.HALFBLOCK) as pane:
        for path in (*others, red):
            pane.view.show(path)
        await wait_until_async(
            lambda: pane.canvas.drawing is not None and pane.canvas.drawing.request.path == red, what="the newest"
        )
        await pane.pilot.pause()
        paths = [message.path for message in pane.app.told if isinstance(message, PictureView.Shown)]
        assert paths == [red]


async def test_a_change_of_size_makes_the_picture_anew(red: Path) -> None:
    async with running(GraphicsMode.HALFBLOCK) as pane:
        await pane.show(red)
        await pane.pilot.resize_terminal(40, 12)
        await pane.told(2)
        drawing = pane.canvas.drawing
        assert drawing is not None
        assert (drawing.columns, drawing.rows) == (20, 10)


@pytest.mark.parametrize("content", [None, b"no picture", b"\x89PNG\r\n\x1a\n"])
async def test_what_cannot_be_shown_is_said_in_words(tmp_path: Path, red: Path, content: bytes | None) -> None:
    path = tmp_path / "odd[b].png"
    if content is not None:
        path.write_bytes(content)
    async with running(GraphicsMode.HALFBLOCK) as pane:
        await pane.show(red)
        message = await pane.show(path)
        assert isinstance(message, PictureView.Failed)
        assert message.path == path
        assert message.message == pane.words()
        assert "odd[b].png" in pane.words()
        assert isinstance(await pane.show(red), PictureView.Shown)
        assert pane.words() == ""


async def test_off_says_so_and_prepares_nothing(red: Path) -> None:
    async with running(GraphicsMode.OFF) as pane:
        pane.view.show(red)
        await pane.pilot.pause()
        assert "red.png" in pane.words()
        assert "off" in pane.words()
        assert pane.canvas.drawing is None
        assert pane.app.told == []


async def test_a_hidden_pane_waits_until_it_is_seen(red: Path) -> None:
    async with running(GraphicsMode.HALFBLOCK) as pane:
        pane.view.display = False
        await pane.pilot.pause()
        pane.view.show(red)
        await pane.pilot.pause()
        assert pane.canvas.drawing is None
        pane.view.display = True
        await pane.told(1)


async def test_it_takes_no_focus() -> None:
    async with running(GraphicsMode.HALFBLOCK) as pane:
        assert pane.app.screen.focus_chain == []


def transmissions(sent: str) -> int:
    return len(re.findall(r"\x1b_Ga=t,", sent))


async def test_kitty_is_sent_each_picture_once_and_freed_in_the_end(red: Path, blue: Path) -> None:
    async with running(GraphicsMode.KITTY) as pane:
        await pane.show(red)
        await pane.show(blue)
        await pane.app.push_screen(ModalScreen())
        await pane.pilot.pause()
        # Below a translucent screen the placeholders' colours would name other pictures.
        lines = pane.canvas.render_lines(pane.canvas.size.region)
        assert not any("\U0010eeee" in line.text for line in lines)
        pane.app.pop_screen()
        await pane.pilot.pause()
        assert any("\U0010eeee" in line.text for line in pane.canvas.render_lines(pane.canvas.size.region))
        assert transmissions(pane.app.sent.getvalue()) == 2
        # The first is freed a while after the second has taken its place.
        await wait_until_async(lambda: "a=d" in pane.app.sent.getvalue(), what="the first picture to be freed")
    assert len(re.findall(r"a=d,d=I", pane.app.sent.getvalue())) == 2


async def test_a_removed_pane_frees_its_picture(red: Path) -> None:
    async with running(GraphicsMode.KITTY) as pane:
        await pane.show(red)
        await pane.view.remove()
        assert len(re.findall(r"a=d,d=I", pane.app.sent.getvalue())) == 1
