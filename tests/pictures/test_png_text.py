import io
import json
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from krea_tui.pictures.png_text import SIGNATURE, MalformedPng, chunks, read_parameters, with_parameters

RECORD = {"version": 1, "request": {"prompt": "紙の船", "seed": 7}}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + zlib.crc32(kind + data).to_bytes(4)


IHDR = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
IDAT = chunk(b"IDAT", zlib.compress(bytes(2 * (1 + 6))))
IEND = chunk(b"IEND", b"")
SMALLEST = SIGNATURE + IHDR + IDAT + IEND


def picture(info: PngInfo | None = None) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").save(out, "PNG", pnginfo=info)
    return out.getvalue()


def pixels(png: bytes) -> list[bytes]:
    return [bytes(each.data) for each in chunks(png) if each.type == b"IDAT"]


def test_the_texts_come_back_and_the_pixels_are_untouched() -> None:
    before = picture()
    after = with_parameters(before, "a prompt\nSeed: 7", RECORD)
    assert pixels(after) == pixels(before)
    found = read_parameters(after)
    assert found.line == "a prompt\nSeed: 7"
    assert found.record == RECORD
    assert [each.type for each in chunks(after)][:3] == [b"IHDR", b"tEXt", b"iTXt"]


def test_other_tools_read_the_same_texts() -> None:
    with Image.open(io.BytesIO(with_parameters(picture(), "a naïve prompt", RECORD))) as image:
        image.load()
        assert image.info["parameters"] == "a naïve prompt"
        assert json.loads(image.info["krea-tui"]) == RECORD


def test_earlier_texts_under_our_keywords_go_and_all_others_stay() -> None:
    info = PngInfo()
    info.add_text("parameters", "someone else's", zip=True)
    info.add_itxt("krea-tui", "{}")
    info.add_text("Author", "the studio")
    before = picture(info)
    after = with_parameters(before, "ours", RECORD)
    assert with_parameters(after, "ours", RECORD) == after
    with Image.open(io.BytesIO(after)) as image:
        image.load()
        assert image.info["parameters"] == "ours"
        assert image.info["Author"] == "the studio"
    assert b"someone else" not in after


def test_all_kinds_of_text_are_read() -> None:
    info = PngInfo()
    info.add_text("parameters", "packed", zip=True)
    info.add_itxt("krea-tui", '{"größe": 1}', lang="de", tkey="Größe", zip=True)
    found = read_parameters(picture(info))
    assert found.line == "packed"
    assert found.record == {"größe": 1}
    assert read_parameters(picture()).line is None
    assert read_parameters(picture()).record is None


@pytest.mark.parametrize("text", ["not json", "[1]", "[" * 100_000, '"x"', ""])
def test_a_foreign_record_is_none(text: str) -> None:
    info = PngInfo()
    info.add_text("krea-tui", text)
    assert read_parameters(picture(info)).record is None


@pytest.mark.parametrize(
    "chunk_data",
    [
        (b"iTXt", b"parameters\0"),
        (b"iTXt", b"parameters\0\1\0\0"),
        (b"iTXt", b"parameters\0\1\0\0\0not packed"),
        (b"zTXt", b"parameters\0\0not packed"),
        (b"zTXt", b"parameters"),
    ],
)
def test_a_broken_text_is_passed_over(chunk_data: tuple[bytes, bytes]) -> None:
    png = SIGNATURE + IHDR + chunk(*chunk_data) + IDAT + IEND
    assert read_parameters(png).line in {None, ""}
    assert read_parameters(with_parameters(png, "ours", {})).line == "ours"


def test_a_text_bomb_is_cut_short() -> None:
    bomb = zlib.compress(b"a" * 50_000_000)
    line = read_parameters(SIGNATURE + IHDR + chunk(b"zTXt", b"parameters\0\0" + bomb) + IDAT + IEND).line
    assert line is not None
    assert len(line) == 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("png", "words"),
    [
        (b"", "not a PNG"),
        (b"\xff\xd8\xff\xe0", "not a PNG"),
        (SIGNATURE, "cut off"),
        (SIGNATURE + IEND, "does not begin with one IHDR"),
        (SIGNATURE + IHDR + IHDR + IEND, "does not begin with one IHDR"),
        (SIGNATURE + chunk(b"IHDR", b"short") + IEND, "does not begin with one IHDR"),
        (SIGNATURE + IHDR + IDAT, "cut off"),
        (SIGNATURE + IHDR + b"\xff\xff\xff\xffIDAT" + IDAT + IEND, "cut off"),
        (SIGNATURE + IHDR + chunk(b"ID\x00T", b"") + IEND, "has no name"),
        (SIGNATURE + IHDR + IDAT[:-1] + b"\0" + IEND, "IDAT of the PNG was altered"),
    ],
)
def test_a_malformed_png_is_refused_with_words(png: bytes, words: str) -> None:
    for use in (read_parameters, lambda data: with_parameters(data, "", {})):
        with pytest.raises(MalformedPng, match=words):
            use(png)


@given(st.integers(0, len(SMALLEST) - 1), st.integers(1, 255))
def test_no_altered_byte_goes_unnoticed(at: int, change: int) -> None:
    altered = SMALLEST[:at] + bytes([SMALLEST[at] ^ change]) + SMALLEST[at + 1 :]
    with pytest.raises(MalformedPng):
        list(chunks(altered))


@given(st.integers(0, len(SMALLEST) - 1))
def test_no_cut_goes_unnoticed(length: int) -> None:
    with pytest.raises(MalformedPng):
        list(chunks(SMALLEST[:length]))


OTHER_TYPES = st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"IDAT", b"gAMA", b"eXIf", b"prVt", b"acTL"])
KEYWORDS = st.sampled_from([b"parameters\0", b"krea-tui\0", b"Title\0", b"parameters", b""])
LAYOUTS = st.lists(st.tuples(OTHER_TYPES, st.builds(bytes.__add__, KEYWORDS, st.binary(max_size=40))), max_size=8)
RECORDS = st.dictionaries(st.text(max_size=8), st.text(max_size=30) | st.integers() | st.none(), max_size=5)


@given(LAYOUTS, st.text(max_size=200), RECORDS, st.binary(max_size=20))
def test_any_layout_keeps_its_other_chunks_in_order(
    layout: list[tuple[bytes, bytes]], line: str, record: dict[str, object], tail: bytes
) -> None:
    before = SIGNATURE + IHDR + b"".join(chunk(*each) for each in layout) + IDAT + IEND + tail
    after = with_parameters(before, line, record)
    assert after.endswith(IEND + tail)
    assert pixels(after) == pixels(before)
    texts = {b"tEXt", b"zTXt", b"iTXt"}
    kept = [each for each in layout if each[0] not in texts or each[1].partition(b"\0")[0] not in OURS]
    assert [(each.type, bytes(each.data)) for each in chunks(after)][3:-2] == kept
    found = read_parameters(after)
    assert found.line == line.replace("\0", "\ufffd")
    assert found.record == record


OURS = {b"parameters", b"krea-tui"}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for png in (data, SIGNATURE + data, SIGNATURE + IHDR + data):
        try:
            read_parameters(png)
        except MalformedPng:
            continue
        assert b"IEND" in png
