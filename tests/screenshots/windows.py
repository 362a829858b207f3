"""Pictures of a real terminal's window with the inline picture in it (PNG)."""

import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageOps

from tests.screenshots.show import READY
from tests.support.waiting import wait_until
from tests.terminals.window import Window, xterm

ROOT = Path(__file__).parents[2]
SIZE = (120, 40)
_BITS = 7
# Shares of the window's width and height: inside the preview.
_PANE = (0.4, 0.36, 0.97, 0.9)


def make_window(folder: Path, into: Path) -> None:
    command = [sys.executable, "-m", "tests.screenshots", "--show", str(folder)]
    environ = {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
    with Window(xterm(command, SIZE), environ) as window:
        wait_until((folder / READY).is_file, 120, "the stage")
        shots = [window.shot()]

        def has_picture() -> bool:
            shots.append(window.shot())
            before, now = (_pane(shot) for shot in shots[-2:])
            return ImageChops.difference(before, now).getbbox() is None and _is_colourful(now)

        wait_until(has_picture, 60, "the picture")
        save(shots[-1], into / "xterm.png")


def save(shot: Image.Image, path: Path) -> None:
    """Crop to the window; without the last bit of each colour it takes a quarter fewer bytes, and looks the same."""
    ImageOps.posterize(shot.crop(shot.getbbox()), _BITS).save(path, optimize=True)


def _pane(shot: Image.Image) -> Image.Image:
    window = shot.crop(shot.getbbox())
    left, top, right, bottom = _PANE
    width, height = window.size
    return window.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))


def _is_colourful(picture: Image.Image) -> bool:
    return len(picture.resize((64, 64), Image.Resampling.NEAREST).getcolors(64 * 64) or []) > 100
