"""A terminal's window on a display of its own, seen as pixels."""

import io
import os
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

from PIL import Image

from tests.support.waiting import wait_until

WITHIN_S = 40.0
_XTERM = {
    "termName": "xterm-256color",
    "allowWindowOps": "true",
    "sixelScrolling": "true",
    "numColorRegisters": "1024",
    "maxGraphicSize": "2000x2000",
    "scrollBar": "false",
    "internalBorder": "6",
    "faceName": "DejaVu Sans Mono",
}


def xterm(command: list[str], size: tuple[int, int], font_size: int = 11) -> list[str]:
    """Return the command line of an xterm that draws sixel pictures and runs a command."""
    resources = [word for name, value in _XTERM.items() for word in ("-xrm", f"XTerm*{name}: {value}")]
    columns, rows = size
    look = ["-ti", "vt340", "-fs", str(font_size), "-bg", "black", "-fg", "white"]
    return ["xterm", *look, *resources, "-geometry", f"{columns}x{rows}+0+0", "-e", *command]


class Window:
    """A private X server with one terminal in it; both end with the test."""

    def __init__(
        self, terminal: list[str], environ: Mapping[str, str], screen_px: tuple[int, int] = (1400, 1000)
    ) -> None:
        self._stack = ExitStack()
        width, height = screen_px
        reading, writing = os.pipe()
        self._start(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"],
            os.environ,
            (writing,),
        )
        os.close(writing)
        with open(reading) as pipe:  # noqa: PTH123 -- a pipe has no path
            display = pipe.readline().strip()
        if not display:
            self.close()
            raise AssertionError("there is no display")
        self._environ = {**os.environ, **environ, "DISPLAY": f":{display}", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        # The desktop's own terminal must not speak for this one.
        for name in ("WAYLAND_DISPLAY", "TMUX", "VTE_VERSION", "TERM_PROGRAM", "COLORTERM"):
            self._environ.pop(name, None)
        self.terminal = self._start(terminal, self._environ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def type(self, text: str) -> None:
        self._run("xdotool", "type", "--delay", "12", "--", text)

    def press(self, *keys: str) -> None:
        self._run("xdotool", "key", "--delay", "60", "--", *keys)

    def shot(self) -> Image.Image:
        """Return the whole display as it looks now."""
        picture = Image.open(io.BytesIO(self._run("import", "-silent", "-window", "root", "png:-")))
        return picture.convert("RGB")

    def shot_at_rest(self) -> Image.Image:
        """Return the display once two looks in a row are the same."""
        shots = [self.shot()]

        def is_at_rest() -> bool:
            shots.append(self.shot())
            return shots[-1].tobytes() == shots[-2].tobytes()

        wait_until(is_at_rest, WITHIN_S, "a display at rest")
        return shots[-1]

    def close(self) -> None:
        self._stack.close()

    def _start(
        self, command: list[str], environ: Mapping[str, str], keep: tuple[int, ...] = ()
    ) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=keep,
            start_new_session=True,
        )
        self._stack.callback(_end, process)
        return process

    def _run(self, *command: str) -> bytes:
        return subprocess.run(command, env=self._environ, capture_output=True, timeout=30, check=True).stdout


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
