"""Pictures of the screen as text (SVG), in both themes and on a small terminal; pictures in half-blocks."""

import re
from pathlib import Path

from textual.app import App

from krea_tui.terminal import GraphicsMode, TerminalCapabilities
from krea_tui.ui.app import StudioApp
from tests.screenshots.stage import Stage
from tests.support.waiting import wait_until_async

_UPPER_HALF = re.compile(
    r'<text class="(?P<style>[\w-]+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="(?P<width>[\d.]+)"'
    r' clip-path="[^"]+">(?P<text>▀+)</text>'
)
_FONT_PX, _CELL_HEIGHT_PX = 20.0, 24.4


_FONT_FACE = re.compile(r"\s*@font-face \{[^}]*\}")
_FONT = "font-family: Fira Code, monospace"
_FONTS = "font-family: Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace"


def without_downloads(svg: str) -> str:
    """Leave the font to the reader's machine; a picture must not fetch anything."""
    return _FONT_FACE.sub("", svg).replace(_FONT, _FONTS)


def draw_blocks(svg: str) -> str:
    """Turn the half-blocks into rectangles: few fonts draw them without gaps."""

    def as_rectangle(found: re.Match[str]) -> str:
        # The text stands on its baseline, 20 pixels below the top of a line of 24.4.
        top = float(found["y"]) - _FONT_PX + 1.5
        return (
            f'<rect class="{found["style"]}" x="{found["x"]}" y="{top:.1f}"'
            f' width="{float(found["width"]) + 0.3:.1f}" height="{_CELL_HEIGHT_PX / 2:.1f}"/>'
        )

    return _UPPER_HALF.sub(as_rectangle, svg)


async def has_picture(app: App[str]) -> None:
    await wait_until_async(lambda: app.export_screenshot().count("▀") > 200, 40, "the picture")


async def make_vectors(folder: Path, into: Path) -> None:
    stage = Stage(folder)
    capabilities = TerminalCapabilities(GraphicsMode.HALFBLOCK, truecolor=True)
    app = StudioApp(stage.plan, capabilities)

    def take(name: str) -> None:
        svg = without_downloads(draw_blocks(app.export_screenshot(title="krea-tui")))
        (into / f"{name}.svg").write_text(svg, encoding="utf-8")

    async with app.run_test(size=(120, 40)) as pilot:
        await stage.set_up(pilot)
        await has_picture(app)
        take("dark")
        app.action_theme()
        await pilot.pause()
        await has_picture(app)
        take("light")
        app.action_theme()
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")
        await pilot.pause()
        take("narrow")
        await pilot.resize_terminal(120, 40)
        await pilot.press("slash", *"fog", "down", "shift+up", "shift+up", "end")
        await wait_until_async(lambda: "3&#160;marked" in app.export_screenshot(), 10, "the marks")
        await has_picture(app)
        take("filter")
        await pilot.press("w")
        await wait_until_async(lambda: "breaker" in app.export_screenshot(), 10, "the overview")
        take("overview")
    stage.close()
