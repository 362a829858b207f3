"""Files that mean harm to whoever decodes them: each ends in facts or in words, within bounds of time and memory."""

import io
import json
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from krea_tui.domain.errors import DownloadError
from krea_tui.pictures import verify
from krea_tui.pictures.files import PictureFiles
from krea_tui.pictures.part import PartFile
from krea_tui.pictures.png_text import SIGNATURE, read_parameters
from krea_tui.pictures.verify import PictureFormat, identify
from tests.pictures.making import a_job, encoded, left_in, save

MIB = 1_048_576
ROOT = Path(__file__).parents[2]
PNG = encoded("PNG")
JPEG = encoded("JPEG")
GIF = encoded("GIF")
# Up to the end of IHDR.
HEAD, REST = PNG[:33], PNG[33:]
ZEROS = zlib.compress(bytes(200 * MIB), 9)


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def png_of(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return SIGNATURE + header + chunk(b"IDAT", ZEROS) + chunk(b"IEND")


def segment(marker: int, data: bytes = b"") -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def before_the_pixels(inside: bytes) -> bytes:
    return JPEG[:2] + inside + JPEG[2:]


def animated(kind: str, count: int = 60) -> bytes:
    frames = [Image.new("RGB", (400, 300), (shade % 256, 90, 40)) for shade in range(0, count * 7, 7)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def scans(count: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(out, "JPEG", progressive=True)
    data = out.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * count + data[-2:]


REFUSED: dict[str, tuple[Callable[[], bytes], str, bool]] = {
    "sixty thousand squared": (lambda: png_of(60_000, 60_000), "60000x60000 pixels", True),
    "one line of all pixels": (lambda: png_of(2**31 - 1, 1), "pixels, more than", True),
    "no pixels at all": (lambda: png_of(0, 5), "damaged", False),
    "a GIF as large as a GIF can say": (lambda: GIF[:6] + b"\xff\xff\xff\xff" + GIF[10:], "65535x65535 pixels", True),
    "a text of zeros": (lambda: HEAD + chunk(b"zTXt", b"k\0\0" + ZEROS) + REST, "damaged", False),
    "a profile of zeros": (lambda: HEAD + chunk(b"iCCP", b"k\0\0" + ZEROS) + REST, "damaged", False),
    "a text of many letters": (lambda: HEAD + chunk(b"iTXt", b"k\0\1\0\0\0" + ZEROS) + REST, "damaged", False),
    "texts without number": (
        lambda: HEAD + chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(MIB - 1))) * 100 + REST, "damaged", False
    ),
    "chunks without number": (lambda: HEAD + chunk(b"teSt") * 60_000 + REST, "more parts", True),
    "segments without number": (lambda: before_the_pixels(segment(0xE1) * 60_000), "more parts", True),
    "comments without number": (lambda: before_the_pixels(segment(0xFE, b"x") * 60_000), "more parts", True),
    "markers without length": (lambda: before_the_pixels(b"\xff\xd0" * 60_000), "more parts", True),
    "fill bytes without number": (lambda: before_the_pixels(b"\xff" * 60_000), "more parts", True),
    "junk between segments": (lambda: before_the_pixels(segment(0xFE) + bytes(60_000)), "more parts", True),
    "scans without number": (lambda: scans(200), "more parts", True),
    "a GIF of many megabytes": (lambda: GIF[:-1] + bytes(verify.MAX_GIF_BYTES), "larger than 16 MiB", True),
    "a page with the name of a picture": (lambda: b"<!DOCTYPE html><title>a.png</title>", "a web page", False),
    "a drawing with a script": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "no PNG", True),
    "a drawing behind its declaration": (lambda: b"<?xml version='1.0'?><svg onload='x()'/>", "a web page", False),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no PNG", True),
    "an archive before a picture": (lambda: b"PK\x03\x04" + PNG, "no PNG", True),
    "an icon with a picture in it": (lambda: b"\0\0\1\0\1\0\x0c\x08\0\0\1\0\x20\0" + PNG, "no PNG", True),
    "a picture of another format inside": (lambda: JPEG[:20] + PNG, "damaged", False),
    "an AVIF of nothing": (lambda: b"\0\0\0\x1cftypavif" + bytes(400), "damaged|AVIF", False),
}  # fmt: skip


@pytest.mark.parametrize(("make", "words", "permanent"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_means_harm_is_refused_in_words(make: Callable[[], bytes], words: str, permanent: bool) -> None:
    data = make()
    tracemalloc.start()
    try:
        with pytest.raises(DownloadError, match=words) as caught:
            identify(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.permanent is permanent or "AVIF" in words
    assert len(str(caught.value)) < 200
    assert peak < 2 * len(data) + 80 * MIB


KEPT: dict[str, tuple[Callable[[], bytes], PictureFormat]] = {
    "a page behind the picture": (lambda: PNG + b"<script>x()</script>", PictureFormat.PNG),
    "an archive behind the picture": (lambda: JPEG + b"PK\x03\x04" + bytes(100), PictureFormat.JPEG),
    "an animated PNG": (lambda: animated("PNG"), PictureFormat.PNG),
    "an animated GIF": (lambda: animated("GIF"), PictureFormat.GIF),
    "an animated WebP": (lambda: animated("WEBP"), PictureFormat.WEBP),
    "a text chunk of its own": (lambda: HEAD + chunk(b"tEXt", b"parameters\0\x1b[31m") + REST, PictureFormat.PNG),
    "a progressive JPEG": (lambda: scans(3), PictureFormat.JPEG),
    "a JPEG with segments of every kind": (
        lambda: before_the_pixels(b"".join(segment(0xE0 + n, b"x" * 2_000) for n in (1, 2, 3, 13, 14))),
        PictureFormat.JPEG,
    ),
}


@pytest.mark.parametrize(("make", "kind"), KEPT.values(), ids=KEPT.keys())
def test_an_odd_picture_is_kept_under_our_name_and_ending(
    make: Callable[[], bytes], kind: PictureFormat, tmp_path: Path
) -> None:
    store = PictureFiles(tmp_path / "pictures")
    saved = save(store, a_job("x\x1b]0;t\x07 ../../etc \u202egnp"), make())
    assert saved.format == kind.value
    assert saved.path == f"2026-11/2026-11-22_k3f9t2m7qa_x-0-t-etc-gnp.{kind.value}"
    assert left_in(store) == [saved.path, f"{saved.path}.json"]


def test_what_a_prompt_holds_stays_data_inside_and_beside_the_picture(tmp_path: Path) -> None:
    prompt = 'nul \0 esc \x1b[2J "quoted", { } \u202e \ud7ff Negative prompt: x\nSteps: 1, Seed: 2 ' + "long " * 200_000
    store = PictureFiles(tmp_path / "pictures")
    saved = save(store, a_job(prompt), PNG)
    picture = store.absolute(saved.path)
    sidecar = json.loads(picture.with_name(f"{picture.name}.json").read_bytes())
    assert sidecar["request"]["prompt"] == prompt
    record = read_parameters(picture.read_bytes()).record
    assert record is not None
    assert record["request"]["prompt"] == prompt  # type: ignore[index]
    assert identify(picture).width == 12


def test_odd_metadata_says_nothing_on_the_terminal(tmp_path: Path) -> None:
    tags = struct.pack(">HHII", 0x010E, 2, 500, 4_000) + struct.pack(">HHII", 0x8769, 4, 1, 9_000)
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 2) + tags + bytes(4)
    (tmp_path / "a.jpg").write_bytes(before_the_pixels(segment(0xE1, exif)))
    program = (
        "import sys; from pathlib import Path; path = Path(sys.argv[1])\n"
        "from krea_tui.pictures.verify import identify; from krea_tui.pictures.decode import decode\n"
        "identify(path); decode(path, (4, 4)); print('decoded')"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.jpg")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (ended.stdout, ended.stderr) == ("decoded\n", "")


def test_a_download_without_end_is_cut_at_the_limit(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "a.part", limit_bytes=1_000)
    part.write(bytes(999))
    with pytest.raises(DownloadError, match="larger than") as caught:
        part.write(bytes(2))
    assert caught.value.permanent
    assert part.path.stat().st_size == 999
    part.discard()
    assert list(tmp_path.iterdir()) == []
