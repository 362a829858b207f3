"""Pictures of every kind come out undistorted and in the right colours, or with words."""

import io
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from krea_tui.pictures.decode import MOST_PIXELS
from krea_tui.pictures.prepare import PictureUnreadable, PreparedPicture, Rendition, prepare

CELL = (9, 18)
BACKGROUND = (10, 20, 30)


def save(folder: Path, image: Image.Image, name: str = "picture.png", **options: Any) -> Path:  # noqa: ANN401
    path = folder / name
    image.save(path, **options)
    return path


def shown(
    path: Path, cells: tuple[int, int] = (40, 20), rendition: Rendition = Rendition.FULL_COLOUR
) -> PreparedPicture:
    return prepare(path, cells, CELL, rendition, background=BACKGROUND)


def content_box(image: Image.Image) -> tuple[int, int]:
    """Size of what is not background."""
    rgb = image.convert("RGB")
    inside = [(x, y) for x in range(rgb.width) for y in range(rgb.height) if rgb.getpixel((x, y)) != BACKGROUND]
    xs, ys = {x for x, _ in inside}, {y for _, y in inside}
    return max(xs) - min(xs) + 1, max(ys) - min(ys) + 1


def middle(picture: PreparedPicture) -> tuple[int, int, int]:
    value = picture.image.convert("RGB").getpixel((picture.image.width // 2, picture.image.height // 2))
    assert isinstance(value, tuple)
    return (int(value[0]), int(value[1]), int(value[2]))


@pytest.mark.parametrize("size", [(400, 400), (1600, 300), (300, 1600), (37, 41), (1, 1), (2000, 1)])
@pytest.mark.parametrize("rendition", list(Rendition))
def test_it_fits_whole_cells(tmp_path: Path, size: tuple[int, int], rendition: Rendition) -> None:
    picture = shown(save(tmp_path, Image.new("RGB", size, "red")), rendition=rendition)
    assert 1 <= picture.columns <= 40
    assert 1 <= picture.rows <= 20
    pixels = (1, 2) if rendition is Rendition.HALF_BLOCKS else CELL
    assert picture.image.size == (picture.columns * pixels[0], picture.rows * pixels[1])


@pytest.mark.parametrize("size", [(400, 400), (1600, 900), (900, 1600), (123, 457)])
def test_nothing_is_distorted(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = shown(save(tmp_path, Image.new("RGB", size, "red")))
    width, height = content_box(picture.image)
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)
    # One side touches the box.
    assert width == 40 * CELL[0] or height == 20 * CELL[1]


def test_half_blocks_are_undistorted_up_to_half_a_cell(tmp_path: Path) -> None:
    picture = shown(save(tmp_path, Image.new("RGB", (1600, 900), "red")), (60, 30), Rendition.HALF_BLOCKS)
    width, height = content_box(picture.image)
    assert abs(width * 9 / 16 - height) <= 1


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGB", (200, 30, 40), (200, 30, 40)),
        ("L", 90, (90, 90, 90)),
        ("1", 1, (255, 255, 255)),
        ("RGBA", (200, 30, 40, 255), (200, 30, 40)),
        ("RGBA", (200, 30, 40, 0), BACKGROUND),
        ("LA", (90, 0), BACKGROUND),
        ("I;16", 0x8000, (127, 127, 127)),
        ("I;16", 0xFFFF, (255, 255, 255)),
        ("P", 7, None),
    ],
)
def test_every_mode_of_png_has_its_colours(
    tmp_path: Path, mode: str, colour: int | tuple[int, ...], expected: tuple[int, int, int] | None
) -> None:
    image = Image.new(mode, (64, 64), colour)
    path = save(tmp_path, image)
    wanted = expected or image.convert("RGB").getpixel((0, 0))
    assert middle(shown(path)) == pytest.approx(wanted, abs=2)


def test_cmyk_is_shown_in_its_colours(tmp_path: Path) -> None:
    path = save(tmp_path, Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "cmyk.jpg", quality=95)
    red, green, blue = middle(shown(path))
    assert red > 240
    assert green < 15
    assert blue < 15


def test_a_transparent_palette_shows_the_background(tmp_path: Path) -> None:
    image = Image.new("P", (64, 64), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    path = save(tmp_path, image, "p.png", transparency=1)
    assert middle(shown(path)) == BACKGROUND


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = Image.new("RGB", (80, 40), "blue")
    upright.paste("red", (0, 0, 20, 20))
    inverse = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    stored = upright if inverse is None else upright.transpose(inverse)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path, stored, "o.jpg", exif=exif, quality=98)
    picture = prepare(path, (40, 10), (2, 4), background=BACKGROUND)
    assert picture.image.size == (80, 40)
    assert picture.image.getpixel((5, 5))[0] > 200  # type: ignore[index]
    assert picture.image.getpixel((70, 30))[2] > 200  # type: ignore[index]


def test_a_palette_has_no_more_colours_than_asked_and_shows_no_bands(tmp_path: Path) -> None:
    sky = Image.linear_gradient("L").resize((512, 512)).convert("RGB")
    path = save(tmp_path, sky)
    picture = prepare(path, (40, 20), CELL, Rendition.PALETTE, colours=16)
    assert picture.image.mode == "P"
    assert len(picture.image.getcolors() or []) <= 16
    # A band is a run of rows of one colour; dithering leaves none.
    grey = picture.image.convert("L")
    flat = [y for y in range(20, grey.height - 20) if len(grey.crop((0, y, grey.width, y + 1)).getcolors() or []) == 1]
    assert len(flat) < grey.height / 2


def test_palette_colours_are_ones_that_sixel_can_name(tmp_path: Path) -> None:
    path = save(tmp_path, Image.linear_gradient("L").convert("RGB"))
    image = prepare(path, (40, 20), CELL, Rendition.PALETTE).image
    used = {value for _, value in image.convert("L").getcolors() or []}
    assert used <= {round(percent * 255 / 100) for percent in range(101)}


def test_it_stays_within_what_the_terminal_draws(tmp_path: Path) -> None:
    path = save(tmp_path, Image.new("RGB", (600, 600), "red"))
    picture = prepare(path, (200, 100), CELL, most_px=(500, 300))
    assert picture.image.width <= 500
    assert picture.image.height <= 300


@pytest.mark.parametrize("size", [(1600, 900), (500, 900), (800, 100)])
def test_rows_come_in_the_steps_asked_for(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = prepare(save(tmp_path, Image.new("RGB", size, "red")), (60, 29), (8, 17), rows_step=6)
    assert picture.rows % 6 == 0
    assert picture.rows <= 29


def test_a_box_lower_than_the_step_is_filled_all_the_same(tmp_path: Path) -> None:
    assert prepare(save(tmp_path, Image.new("RGB", (50, 50))), (60, 4), (8, 17), rows_step=6).rows == 4


def test_enormous_boxes_are_bounded(tmp_path: Path) -> None:
    picture = shown(save(tmp_path, Image.new("RGB", (64, 64), "red")), (100_000, 100_000))
    assert max(picture.image.size) <= 4096


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has hardly any data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(MOST_PIXELS // 1000 + 1, 1000), (20_000, 20_000), (60_000, 60_000)])
def test_bombs_are_refused_before_they_are_decoded(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(*size))
    with pytest.raises(PictureUnreadable, match=r"bomb\.png is too large"):
        shown(path)


def whole_png() -> bytes:
    data = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a picture"),
        (b"<html>gone</html>", "not a picture"),
        (whole_png()[:2000], "damaged"),
        (whole_png()[:500] + b"\0" * 200 + whole_png()[700:], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 50, "not a picture|damaged"),
        (b"II*\0\xff\xff\xff\x7f" + b"\xff" * 50, "not a picture|damaged"),
    ],
)
def test_what_is_no_whole_picture_is_refused_with_words(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(data)
    with pytest.raises(PictureUnreadable, match=words) as caught:
        shown(path)
    assert str(caught.value).startswith("odd.png ")
    assert str(caught.value).endswith(".")


def test_missing_files_and_folders_are_refused_with_words(tmp_path: Path) -> None:
    with pytest.raises(PictureUnreadable, match="no longer on the disk"):
        shown(tmp_path / "gone.png")
    with pytest.raises(PictureUnreadable):
        shown(tmp_path)


@pytest.mark.parametrize(
    ("cells", "cell", "colours"), [((0, 5), CELL, 256), ((5, 5), (0, 1), 256), ((5, 5), CELL, 1), ((5, 5), CELL, 257)]
)
def test_senseless_arguments_are_refused(
    tmp_path: Path, cells: tuple[int, int], cell: tuple[int, int], colours: int
) -> None:
    with pytest.raises(ValueError, match="cannot prepare"):
        prepare(save(tmp_path, Image.new("RGB", (5, 5))), cells, cell, colours=colours)


def test_many_threads_get_the_same_pixels(tmp_path: Path) -> None:
    path = save(tmp_path, Image.effect_noise((300, 300), 80).convert("RGB"), "noise.jpg")
    expected = shown(path).image.tobytes()
    got: list[bytes] = []
    threads = [threading.Thread(target=lambda: got.append(shown(path).image.tobytes())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert got == [expected] * 6
