"""Says what a downloaded file really is, by decoding all of it within limits."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from krea_tui.domain.errors import DownloadError
from krea_tui.pictures.errors import disk_trouble
from krea_tui.pictures.png_text import SIGNATURE, MalformedPng, chunks

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_BYTES: Final = 64 * 1024 * 1024
# The API makes none; its decoder walks through what stands beside the pixels in Python.
MAX_GIF_BYTES: Final = 16 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
# Pictures have some hundred parts and at most some ten scans; each one more costs time or memory for nothing.
MAX_PARTS: Final = 50_000
MAX_SCANS: Final = 100
# The largest takes 160 MB to decode, and six may come at a time.
_DECODED_AT_ONCE: Final = threading.BoundedSemaphore(2)
_PAGE_MARKS: Final = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<error", b"{", b"[")
_MARK_LENGTH: Final = 512
_14_BITS: Final = 0x3FFF
_START_OF_SCAN: Final = 0xDA
_FILL: Final = 0xFF
# Stuffing, TEM, the restarts, start and end of an image.
_WITHOUT_LENGTH: Final = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})


class PictureFormat(StrEnum):
    """The formats that are kept; the value is the file name's extension."""

    PNG = "png"
    JPEG = "jpg"
    WEBP = "webp"
    GIF = "gif"
    AVIF = "avif"


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a picture is, read from its own bytes; width and height in pixels, as stored (not turned by EXIF)."""

    format: PictureFormat
    width: int
    height: int

    @property
    def extension(self) -> str:
        """The ending of its file's name, without the dot."""
        return self.format.value


def identify(picture: Path | bytes) -> PictureFacts:
    """Decode a picture whole and say what it is.

    Raises `DownloadError` for what is no whole picture (permanent where the same bytes would come again: too large,
    too many pixels, another format), `DiskTrouble` where the file cannot be read.
    """
    data = picture if isinstance(picture, bytes) else _read(picture)
    if not data:
        raise DownloadError("the picture is empty")
    kind = _format_of(data)
    limit_bytes = MAX_GIF_BYTES if kind is PictureFormat.GIF else MAX_BYTES
    if len(data) > limit_bytes:
        raise DownloadError(f"the picture is larger than {limit_bytes // 1_048_576} MiB", permanent=True)
    if kind is None:
        raise _no_picture(data)
    if kind is PictureFormat.PNG:
        _check_chunks(data)
    elif kind is PictureFormat.JPEG:
        _check_segments(data)
    with _DECODED_AT_ONCE:
        width, height = _decode(kind, data)
    return PictureFacts(kind, width, height)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise disk_trouble(error, f"read {path}") from error


def _format_of(data: bytes) -> PictureFormat | None:
    if data.startswith(SIGNATURE):
        return PictureFormat.PNG
    if data.startswith(b"\xff\xd8\xff"):
        return PictureFormat.JPEG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return PictureFormat.WEBP
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return PictureFormat.GIF
    if data[4:8] == b"ftyp" and data[8:12] in {b"avif", b"avis"}:
        return PictureFormat.AVIF
    return None


def _no_picture(data: bytes) -> DownloadError:
    start = data[:_MARK_LENGTH].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_PAGE_MARKS):
        # A portal or a tired server answers like this for a while.
        return DownloadError("a web page or a message came in place of the picture")
    return DownloadError("what came is no PNG, JPEG, WebP, GIF or AVIF picture", permanent=True)


def _check_chunks(data: bytes) -> None:
    # Pillow looks at neither the check sums of the pixels nor the end of the file.
    try:
        for number, _chunk in enumerate(chunks(data)):
            if number >= MAX_PARTS:
                raise _too_many_parts()
    except MalformedPng as error:
        raise DownloadError(f"the picture is damaged: {error}") from error


def _check_segments(data: bytes) -> None:
    """Count what stands before the first scan of a JPEG, junk included, and then the scans (ITU T.81, annex B)."""
    at, parts = 2, 0
    while (start := data.find(b"\xff", at)) >= 0 and start + 4 <= len(data):
        parts += 1 + start - at
        if parts > MAX_PARTS:
            raise _too_many_parts()
        marker = data[start + 1]
        if marker == _START_OF_SCAN:
            break
        if marker == _FILL:
            at = start + 1
        elif marker in _WITHOUT_LENGTH:
            at = start + 2
        else:
            at = start + 2 + int.from_bytes(data[start + 2 : start + 4])
    # Inside a scan this byte pair cannot stand.
    if data.count(b"\xff\xda") > MAX_SCANS:
        raise _too_many_parts()


def _too_many_parts() -> DownloadError:
    return DownloadError("the picture has more parts than a picture needs", permanent=True)


def _decode(kind: PictureFormat, data: bytes) -> tuple[int, int]:
    _check_canvas(kind, data)
    try:
        with _opener(kind)(io.BytesIO(data)) as image:
            width, height = image.size
            _check_pixels(width, height)
            image.load()
    except DownloadError:
        raise
    except Exception as error:
        # Decoders answer hostile bytes with whatever comes: SyntaxError, struct.error, OverflowError, MemoryError.
        raise DownloadError(f"the picture is damaged: it cannot be decoded ({type(error).__name__})") from error
    return width, height


def _opener(kind: PictureFormat) -> Callable[[io.BytesIO], ImageFile]:
    """The one decoder for a format: `Image.open` would try many, and warn on the terminal about large pictures."""
    if kind is PictureFormat.PNG:
        from PIL.PngImagePlugin import PngImageFile

        return PngImageFile
    if kind is PictureFormat.JPEG:
        from PIL.JpegImagePlugin import JpegImageFile

        return JpegImageFile
    if kind is PictureFormat.WEBP:
        from PIL.WebPImagePlugin import WebPImageFile

        return WebPImageFile
    if kind is PictureFormat.GIF:
        from PIL.GifImagePlugin import GifImageFile

        return GifImageFile
    from PIL import features

    if not features.check("avif"):
        raise DownloadError("an AVIF picture came, and this Pillow cannot decode AVIF", permanent=True)
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile


def _check_canvas(kind: PictureFormat, data: bytes) -> None:
    """Look at a WebP's size first: its decoder takes memory for all of it when it is opened.

    The three layouts are those of the WebP container specification and RFC 9649.
    """
    if kind is not PictureFormat.WEBP:
        return
    if data[12:16] == b"VP8X":
        _check_pixels(1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little"))
    elif data[12:16] == b"VP8L":
        packed = int.from_bytes(data[21:25], "little")
        _check_pixels(1 + (packed & _14_BITS), 1 + (packed >> 14 & _14_BITS))
    else:
        _check_pixels(
            int.from_bytes(data[26:28], "little") & _14_BITS, int.from_bytes(data[28:30], "little") & _14_BITS
        )


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        words = f"the picture has {width}x{height} pixels, more than {MAX_PIXELS // 1_000_000} million"
        raise DownloadError(words, permanent=True)
