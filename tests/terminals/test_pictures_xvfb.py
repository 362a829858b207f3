"""A real terminal with inline pictures: the picture's own pixels are in its pane, and nowhere after quitting."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.support.waiting import wait_until
from tests.terminals.window import Window, xterm

SIZE = (120, 40)
# First column and row, and those behind the last: the inside of the preview, above its caption.
PANE = (43, 16, 119, 37)
PROMPT = "a sailing ship under a red storm sky"
FIRST_KITTY_WITH_PLACEHOLDERS = (0, 28)

pytestmark = pytest.mark.terminal("Xvfb", "xterm", "xdotool", "import")


def app_command(ended: Path) -> list[str]:
    """Run the demo, note its exit code, and stay, so that what is left on the screen can be looked at."""
    words = f'"{sys.executable}" -m krea_tui --demo; echo $? > "{ended}"; exec cat'
    return ["sh", "-c", words]


def pane_of(shot: Image.Image) -> Image.Image:
    """Return the part of the display where the preview is."""
    left, top, right, bottom = window_box(shot)
    cell_width, cell_height = (right - left) / SIZE[0], (bottom - top) / SIZE[1]
    first_column, first_row, end_column, end_row = PANE
    return shot.crop(
        (
            round(left + first_column * cell_width),
            round(top + first_row * cell_height),
            round(left + end_column * cell_width),
            round(top + end_row * cell_height),
        )
    )


def window_box(shot: Image.Image) -> tuple[int, int, int, int]:
    box = shot.getbbox()
    if box is None:
        raise AssertionError("there is nothing on the display")
    return box


def sameness(seen: Image.Image, picture: Image.Image) -> float:
    """Return how well the seen part shows the picture: 0 for the same pixels, about 80 for another picture."""
    difference = ImageChops.difference(seen, picture.resize(seen.size, Image.Resampling.LANCZOS))
    return sum(ImageStat.Stat(difference).mean) / 3


def changed_share(one: Image.Image, other: Image.Image) -> float:
    """Return the share of pixels in which two views differ visibly."""
    difference = ImageChops.difference(one, other).convert("L").point([0] * 12 + [255] * 244)
    return ImageStat.Stat(difference).mean[0] / 255


def colours_of(picture: Image.Image) -> int:
    return len(picture.getcolors(picture.width * picture.height) or [])


def see_a_picture_and_quit(terminal: Callable[[list[str]], list[str]], environ: dict[str, str], folder: Path) -> None:
    ended = folder / "ended"
    pictures = folder / "data" / "demo" / "pictures"
    with Window(terminal(app_command(ended)), environ) as window:
        wait_until(pictures.is_dir, 40, "the app")
        empty = pane_of(window.shot_at_rest())
        window.type(PROMPT)
        window.shot_at_rest()
        window.press("ctrl+j")
        wait_until(lambda: list(pictures.rglob("*.png")), 40, "a picture on disk")
        background = Image.new("RGB", empty.size, empty.getpixel((0, 0)))
        assert changed_share(empty, background) < 0.1
        wait_until(lambda: changed_share(pane_of(window.shot()), background) > 0.3, 40, "a picture on the screen")
        pane = pane_of(window.shot_at_rest())
        (path,) = pictures.rglob("*.png")
        with Image.open(path) as file:
            picture = file.convert("RGB")
        part = ImageChops.difference(pane, background).getbbox()
        assert part is not None
        seen = pane.crop(part)
        assert abs(seen.width / seen.height - picture.width / picture.height) < 0.06
        assert sameness(seen, picture) < 8
        assert sameness(seen, picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) > 16

        window.press("ctrl+q")
        wait_until(ended.is_file, 40, "the end")
        assert ended.read_text().strip() == "0"
        after = window.shot_at_rest()
        assert colours_of(after) < 60
        assert ImageStat.Stat(after.convert("L")).mean[0] < 2


def test_a_sixel_picture_in_xterm(tmp_path: Path, environ: dict[str, str]) -> None:
    see_a_picture_and_quit(lambda command: xterm(command, SIZE), environ, tmp_path)


def test_a_kitty_picture_in_kitty(tmp_path: Path, environ: dict[str, str]) -> None:
    if kitty_version() < FIRST_KITTY_WITH_PLACEHOLDERS:
        pytest.skip("needs kitty 0.28 or later")
    options = {
        "font_family": "DejaVu Sans Mono",
        "font_size": "11",
        "remember_window_size": "no",
        "initial_window_width": f"{SIZE[0]}c",
        "initial_window_height": f"{SIZE[1]}c",
        "update_check_interval": "0",
        "shell_integration": "disabled",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    software = {**environ, "LIBGL_ALWAYS_SOFTWARE": "1", "XDG_RUNTIME_DIR": str(tmp_path)}
    see_a_picture_and_quit(lambda command: ["kitty", "--config", "NONE", *words, *command], software, tmp_path)


def kitty_version() -> tuple[int, ...]:
    if shutil.which("kitty") is None:
        return ()
    told = subprocess.run(["kitty", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else ()
