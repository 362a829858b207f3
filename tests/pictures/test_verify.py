import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from krea_tui.domain.errors import DownloadError
from krea_tui.pictures import verify
from krea_tui.pictures.errors import DiskTrouble
from krea_tui.pictures.verify import PictureFacts, PictureFormat, identify


def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 24), **options: bool) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert(mode).save(out, kind, **options)
    return out.getvalue()


def header_only_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded("PNG"), PictureFormat.PNG),
        (encoded("PNG", "RGBA"), PictureFormat.PNG),
        (encoded("PNG", "I;16"), PictureFormat.PNG),
        (encoded("JPEG"), PictureFormat.JPEG),
        (encoded("JPEG", "CMYK", progressive=True), PictureFormat.JPEG),
        (encoded("WEBP"), PictureFormat.WEBP),
        (encoded("WEBP", lossless=True), PictureFormat.WEBP),
        (encoded("WEBP", "RGBA"), PictureFormat.WEBP),
        (encoded("GIF"), PictureFormat.GIF),
    ],
)
def test_a_whole_picture_is_known_by_its_bytes(data: bytes, expected: PictureFormat, tmp_path: Path) -> None:
    assert identify(data) == PictureFacts(expected, 40, 24)
    # Whatever the name says.
    (tmp_path / "x.txt").write_bytes(data)
    assert identify(tmp_path / "x.txt").extension == expected.value


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_known_where_it_can_be_decoded() -> None:
    assert identify(encoded("AVIF")) == PictureFacts(PictureFormat.AVIF, 40, 24)


def test_avif_is_refused_with_words_where_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(_feature: str) -> bool:
        return False

    monkeypatch.setattr(features, "check", without)
    with pytest.raises(DownloadError, match="cannot decode AVIF") as caught:
        identify(b"\0\0\0\x1cftypavif" + bytes(20))
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("data", "words", "permanent"),
    [
        (b"", "empty", False),
        (b"\n <!DOCTYPE html><title>503", "a web page or a message", False),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error>", "a web page or a message", False),
        (b'{"error": "expired"}', "a web page or a message", False),
        (b"MZ\x90\0", "no PNG, JPEG, WebP", True),
        (b"%PDF-1.7", "no PNG, JPEG, WebP", True),
        (encoded("BMP"), "no PNG, JPEG, WebP", True),
        (encoded("TIFF"), "no PNG, JPEG, WebP", True),
        (encoded("PNG")[:-1], "damaged: the PNG is cut off", False),
        (encoded("JPEG")[:-100], "damaged", False),
        (encoded("WEBP")[:-20], "damaged", False),
        (encoded("GIF")[:-60], "damaged", False),
        (b"\xff\xd8\xff", "damaged", False),
        (b"RIFF\0\0\0\0WEBPVP8X", "damaged", False),
        (header_only_png(40, 24), "damaged", False),
        (header_only_png(6_400, 6_400), "6400x6400 pixels, more than 40 million", True),
        (header_only_png(2**31 - 1, 2**31 - 1), "pixels, more than", True),
    ],
    ids=str.split("""nothing page xml json program pdf bmp tiff png_cut jpeg_cut webp_cut gif_cut jpeg_mark webp_mark
        png_without_pixels bomb huge_bomb"""),
)
def test_what_is_no_whole_picture_is_refused_with_words(data: bytes, words: str, permanent: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DownloadError, match=words) as caught:
            identify(data)
    assert caught.value.permanent is permanent


def _vp8x(size: tuple[int, int]) -> bytes:
    width, height = (side - 1 for side in size)
    return b"VP8X\x0a\0\0\0\0\0\0\0" + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def _vp8l(size: tuple[int, int]) -> bytes:
    width, height = (side - 1 for side in size)
    return b"VP8L\x64\0\0\0\x2f" + (width | height << 14).to_bytes(4, "little")


def _vp8(size: tuple[int, int]) -> bytes:
    return b"VP8 \x64\0\0\0\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", *size)


@pytest.mark.parametrize("layout", [_vp8x, _vp8l, _vp8])
def test_a_webp_bomb_is_refused_before_its_decoder_is_made(layout: Callable[[tuple[int, int]], bytes]) -> None:
    data = b"RIFF\x64\0\0\0WEBP" + layout((16_000, 12_000))
    with pytest.raises(DownloadError, match="16000x12000") as caught:
        identify(data + bytes(64))
    assert caught.value.permanent


def test_the_limit_of_pixels_is_a_limit_not_a_bar_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "MAX_PIXELS", 40 * 24)
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        assert identify(encoded(kind)).width == 40
        with pytest.raises(DownloadError, match="41x24"):
            identify(encoded(kind, size=(41, 24)))


def test_too_many_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with path.open("r+b") as file:
        file.truncate(verify.MAX_BYTES + 1)
    with pytest.raises(DownloadError, match="larger than 64 MiB") as caught:
        identify(path)
    assert caught.value.permanent


def test_a_file_that_cannot_be_read_is_the_disks_trouble(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble, match="cannot read"):
        identify(tmp_path / "missing.png")


SAMPLES = [encoded("PNG"), encoded("JPEG"), encoded("WEBP"), encoded("WEBP", lossless=True), encoded("GIF")]


@settings(max_examples=150)
@given(st.sampled_from(SAMPLES), st.data())
def test_hostile_bytes_end_in_facts_or_words(sample: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample) - 1))
    patch = data.draw(st.binary(max_size=12))
    cut = data.draw(st.integers(at, len(sample)))
    try:
        facts = identify((sample[:at] + patch + sample[at + len(patch) :])[:cut])
    except DownloadError:
        return
    assert 0 < facts.width * facts.height <= verify.MAX_PIXELS
