"""From a file to pixels that fit a pane of the terminal. Thread-safe and free of state, so that it can be cached."""

import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from krea_tui.pictures.decode import PictureUnreadable, decode, faults_as_words

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_CELLS = 297
"""Columns or rows of a picture: kitty's placeholders count no further (as many diacritics as the protocol lists)."""
MOST_SIDE_PX = 4096
_LARGEST_BYTE = 255

Rgb = tuple[int, int, int]


class Rendition(Enum):
    """What the pixels are for."""

    FULL_COLOUR = "full_colour"
    PALETTE = "palette"
    """Few colours, dithered: for sixel, and for slow lines."""
    HALF_BLOCKS = "half_blocks"
    """Two pixels a cell, one above the other."""


@dataclass(frozen=True, slots=True)
class PreparedPicture:
    """Pixels that cover ``columns`` x ``rows`` cells exactly; ``image`` is treated as immutable."""

    image: "Image"
    rendition: Rendition
    columns: int
    rows: int


def prepare(
    path: Path,
    cells: tuple[int, int],
    cell_size_px: tuple[int, int],
    rendition: Rendition = Rendition.FULL_COLOUR,
    *,
    colours: int = 256,
    background: Rgb = (0, 0, 0),
    most_px: tuple[int, int] | None = None,
    rows_step: int = 1,
) -> PreparedPicture:
    """Decode a picture and scale it into a box of cells, undistorted, as large as it fits.

    What the picture leaves of its last cells is filled with ``background``, and so is what it leaves transparent.

    Args:
        path: The file; only the first frame of an animation is used.
        cells: Columns and rows of the box, each at least 1.
        cell_size_px: Width and height of a cell.
        rendition: What the pixels are for.
        colours: Size of the palette, 2 to 256; used for ``PALETTE`` only.
        background: The colour behind the picture.
        most_px: Largest width and height in pixels that the terminal draws.
        rows_step: The picture gets a multiple of so many rows, where the box has that many.

    Returns:
        An RGB picture, or one with a palette for ``PALETTE``.

    Raises:
        PictureUnreadable: With a sentence for the person.
        ValueError: If an argument is out of range.
    """
    if min(cells) < 1 or min(cell_size_px) < 1 or not 2 <= colours <= 256:  # noqa: PLR2004  # what a palette can hold
        raise ValueError(f"cannot prepare for {cells=}, {cell_size_px=}, {colours=}")
    rows_step = rows_step if rows_step <= cells[1] else 1
    box = _box_px((cells[0], cells[1] - cells[1] % rows_step), cell_size_px, most_px)
    picture, orientation = decode(path, box)
    with faults_as_words(path):
        return _fit(picture, orientation, box, cell_size_px, rows_step, rendition, colours, background)


def _box_px(cells: tuple[int, int], cell: tuple[int, int], most_px: tuple[int, int] | None) -> tuple[int, int]:
    """Whole cells, within what the terminal and this module allow."""
    limit = (min(most_px[0], MOST_SIDE_PX), min(most_px[1], MOST_SIDE_PX)) if most_px else (MOST_SIDE_PX, MOST_SIDE_PX)
    columns = max(1, min(cells[0], MOST_CELLS, limit[0] // cell[0]))
    rows = max(1, min(cells[1], MOST_CELLS, limit[1] // cell[1]))
    return columns * cell[0], rows * cell[1]


def _fit(  # noqa: PLR0917  # the parameters of prepare, checked there
    picture: "Image",
    orientation: int,
    box: tuple[int, int],
    cell: tuple[int, int],
    rows_step: int,
    rendition: Rendition,
    colours: int,
    background: Rgb,
) -> PreparedPicture:
    from PIL import Image

    turned = orientation >= 5  # noqa: PLR2004  # EXIF: 5 to 8 lie on their side
    width, height = (picture.height, picture.width) if turned else picture.size
    scale = min(box[0] / width, box[1] / height)
    # The side that touches the box fills it exactly; rounding would lose or add a row of cells.
    fitted = (max(1, min(box[0], round(width * scale))), max(1, min(box[1], round(height * scale))))
    columns, rows = math.ceil(fitted[0] / cell[0]), math.ceil(fitted[1] / (cell[1] * rows_step)) * rows_step
    canvas_size = (columns * cell[0], rows * cell[1])
    if rendition is Rendition.HALF_BLOCKS:
        canvas_size = (columns, rows * 2)
        fitted = (max(1, round(fitted[0] / cell[0])), max(1, round(fitted[1] * 2 / cell[1])))
        columns, rows = fitted[0], math.ceil(fitted[1] / 2)
        canvas_size = (columns, rows * 2)
    scaled = picture.resize(fitted[::-1] if turned else fitted, Image.Resampling.LANCZOS, reducing_gap=3.0)
    scaled = _upright(scaled, orientation)
    canvas = Image.new("RGB", canvas_size, background)
    corner = ((canvas_size[0] - fitted[0]) // 2, (canvas_size[1] - fitted[1]) // 2)
    canvas.paste(scaled, corner, scaled if scaled.mode == "RGBA" else None)
    if rendition is Rendition.PALETTE:
        canvas = _quantized(canvas, colours)
    return PreparedPicture(canvas, rendition, columns, rows)


def _upright(image: "Image", orientation: int) -> "Image":
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _quantized(image: "Image", colours: int) -> "Image":
    """Reduce to a palette, dithered: without it a smooth sky shows bands."""
    from PIL import Image

    chosen = image.quantize(colours, method=Image.Quantize.MEDIANCUT)
    # Sixel names colours in percent: dithering against what will really be shown keeps greys grey.
    palette = [_as_percent(value) for value in (chosen.getpalette() or [])[: colours * 3]]
    target = Image.new("P", (1, 1))
    target.putpalette(palette)
    return image.quantize(palette=target, dither=Image.Dither.FLOYDSTEINBERG)


def _as_percent(value: int) -> int:
    return round(round(value * 100 / _LARGEST_BYTE) * _LARGEST_BYTE / 100)


__all__ = ["MOST_CELLS", "PictureUnreadable", "PreparedPicture", "Rendition", "Rgb", "prepare"]
