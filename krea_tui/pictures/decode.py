"""Opens picture files of unknown content under limits; every fault becomes one error with words."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 40_000_000
"""Larger pictures would take hundreds of megabytes; the API's own have at most 4 million pixels."""

_ORIENTATION_TAG = 0x0112


class PictureUnreadable(Exception):
    """A file that cannot be shown as a picture; its text is a sentence for the person."""


@contextmanager
def faults_as_words(path: Path) -> Iterator[None]:
    """Turn what Pillow and the system raise for bad files into :class:`PictureUnreadable`."""
    from PIL import Image, UnidentifiedImageError

    name = path.name
    try:
        yield
    except FileNotFoundError as error:
        raise PictureUnreadable(f"{name} is no longer on the disk.") from error
    except PermissionError as error:
        raise PictureUnreadable(f"{name} may not be read: permission denied.") from error
    except UnidentifiedImageError as error:
        raise PictureUnreadable(f"{name} is not a picture that can be read.") from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureUnreadable(f"{name} is too large to be shown.") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error, zlib.error) as error:
        # Pillow's decoders raise any of these for truncated or corrupt data.
        raise PictureUnreadable(f"{name} is damaged and cannot be shown.") from error


def decode(path: Path, at_least_px: tuple[int, int]) -> "tuple[Image, int]":
    """Decode the first frame of a picture. JPEG is decoded at reduced size where that is enough.

    Args:
        path: The file.
        at_least_px: The smallest width and height, either way round, that serve the caller.

    Returns:
        The picture in a mode of 8 bits a channel (L, RGB or RGBA), and its EXIF orientation, 1 to 8, not yet applied.

    Raises:
        PictureUnreadable: For whatever reason it cannot be decoded, or if it has more than ``MOST_PIXELS`` pixels.
    """
    from PIL import Image

    with faults_as_words(path), Image.open(path) as image:
        if image.width * image.height > MOST_PIXELS:
            raise PictureUnreadable(f"{path.name} is too large to be shown ({image.width}x{image.height} pixels).")
        if image.width < 1 or image.height < 1:
            raise PictureUnreadable(f"{path.name} has no pixels.")
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
        side = max(at_least_px)
        image.draft(None, (side, side))
        image.load()
        return _eight_bits(image), orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1  # noqa: PLR2004  # EXIF 2.3, tag 0x0112


def _eight_bits(image: "Image") -> "Image":
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        # Pillow opens 16-bit grey as one of these; converting alone would clip everything above 255 to white.
        wide = image.convert("F")
        extrema = wide.getextrema()
        brightest = extrema[1] if isinstance(extrema[1], float) else 0.0
        scale = 255 / 65535 if brightest > 255 else 255.0 if image.mode == "F" and brightest <= 1 else 1.0  # noqa: PLR2004  # a byte's largest value
        return wide.point(lambda value: value * scale + 0.0).convert("L")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        return image.convert("RGBA")
    return image if image.mode in {"L", "RGB"} else image.convert("RGB")
