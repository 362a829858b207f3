"""The adapter: what is sent to the terminal, on whichever textual-image is installed."""

import base64
import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from rich.cells import cell_len

from krea_tui.ui.graphics import (
    CellSize,
    Drawing,
    GraphicsMode,
    PictureRequest,
    PictureUnreadable,
    TerminalCapabilities,
    TerminalPictures,
)

CELL = CellSize(8, 16)
PLACEHOLDER = "\U0010eeee"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.effect_noise((320, 320), 60).convert("RGB").save(path)
    return path


def request(path: Path, columns: int = 20, rows: int = 10) -> PictureRequest:
    return PictureRequest(path, columns, rows, CELL, (0, 0, 0))


def pictures(mode: GraphicsMode, **changes: object) -> tuple[TerminalPictures, io.StringIO]:
    sent = io.StringIO()
    capabilities = TerminalCapabilities(graphics=mode, cell_size=CELL)._replace(**changes)  # type: ignore[arg-type]
    return TerminalPictures(capabilities, sent), sent


def drawn(maker: TerminalPictures, wanted: PictureRequest) -> Drawing:
    drawing = maker.draw(wanted)
    assert drawing is not None
    return drawing


def kitty_messages(sent: str) -> list[tuple[dict[str, str], str]]:
    messages = re.findall(r"\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\", sent)
    return [(dict(key.split("=") for key in keys.split(",")), payload) for keys, payload in messages]


def test_importing_it_loads_neither_pillow_nor_textual_image() -> None:
    program = "import krea_tui.ui.widgets.picture_view, sys; print({'PIL', 'textual_image'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"


def test_kitty_gets_the_pixels_once_in_pieces_and_a_virtual_placement(photo: Path) -> None:
    maker, sent = pictures(GraphicsMode.KITTY)
    drawing = drawn(maker, request(photo))
    messages = kitty_messages(sent.getvalue())
    assert messages[0][0]["a"] == "t"
    assert all(len(payload) <= 4096 for _, payload in messages)
    assert [keys.get("m") for keys, _ in messages[:-1]] == ["1"] * (len(messages) - 2) + ["0"]
    with Image.open(io.BytesIO(base64.b64decode("".join(payload for _, payload in messages)))) as image:
        assert image.size == (drawing.columns * CELL.width, drawing.rows * CELL.height)
        assert image.mode == "RGB"
    placement = messages[-1][0]
    assert (placement["a"], placement["U"]) == ("p", "1")
    assert (placement["c"], placement["r"]) == (str(drawing.columns), str(drawing.rows))
    assert {keys["i"] for keys, _ in (messages[0], messages[-1])} == {str(drawing.kitty_id)}
    assert all(keys["q"] == "2" for keys, _ in messages)


def test_the_placeholders_carry_the_pictures_number(photo: Path) -> None:
    maker, _ = pictures(GraphicsMode.KITTY)
    drawing = drawn(maker, request(photo))
    assert len(drawing.strips) == drawing.rows
    for strip in drawing.strips:
        assert strip.text.count(PLACEHOLDER) == drawing.columns == strip.cell_length == cell_len(strip.text)
        style = next(iter(strip)).style
        assert style is not None
        assert style.color is not None
        assert style.color.triplet is not None
        red, green, blue = style.color.triplet
        assert (red << 16) + (green << 8) + blue == drawing.kitty_id & 0xFFFFFF


def test_freeing_deletes_the_picture_and_its_data_once(photo: Path) -> None:
    maker, sent = pictures(GraphicsMode.KITTY)
    drawing = drawn(maker, request(photo))
    maker.free(drawing)
    maker.free(drawing)
    maker.close()
    deleted = [keys for keys, _ in kitty_messages(sent.getvalue()) if keys.get("a") == "d"]
    assert [(keys["d"], keys["i"]) for keys in deleted] == [("I", str(drawing.kitty_id))]


def test_closing_frees_what_is_left(photo: Path) -> None:
    maker, sent = pictures(GraphicsMode.KITTY)
    ids = {str(drawn(maker, request(photo, columns)).kitty_id) for columns in (5, 6, 7)}
    maker.close()
    assert {keys["i"] for keys, _ in kitty_messages(sent.getvalue()) if keys.get("a") == "d"} == ids


def test_a_transmission_no_longer_wanted_is_ended_and_freed(photo: Path) -> None:
    maker, sent = pictures(GraphicsMode.KITTY)
    assert maker.draw(request(photo, 100, 50), lambda: len(sent.getvalue()) < 20_000) is None
    messages = kitty_messages(sent.getvalue())
    assert len(sent.getvalue()) < 40_000
    assert messages[-2][0]["m"] == "0"
    assert messages[-1][0]["a"] == "d"
    assert not any(keys.get("a") == "p" for keys, _ in messages)


def test_tmux_gets_every_message_wrapped(photo: Path) -> None:
    maker, sent = pictures(GraphicsMode.KITTY, in_tmux=True)
    drawn(maker, request(photo, 8, 4))
    wrapped = re.findall(r"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", sent.getvalue())
    assert "".join(f"\x1bPtmux;{inside}\x1b\\" for inside in wrapped) == sent.getvalue()
    assert kitty_messages("".join(inside.replace("\x1b\x1b", "\x1b") for inside in wrapped))[-1][0]["a"] == "p"


def test_a_far_line_gets_a_palette(photo: Path) -> None:
    near, far = pictures(GraphicsMode.KITTY), pictures(GraphicsMode.KITTY, remote=True)
    for maker, _ in (near, far):
        drawn(maker, request(photo))
    data = base64.b64decode("".join(payload for _, payload in kitty_messages(far[1].getvalue())))
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "P"


def test_an_app_without_a_terminal_sends_nothing(photo: Path, capfd: pytest.CaptureFixture[str]) -> None:
    maker = TerminalPictures(TerminalCapabilities(graphics=GraphicsMode.KITTY), None)
    assert drawn(maker, request(photo)).kitty_id
    assert capfd.readouterr() == ("", "")


def test_a_terminal_that_hung_up_is_survived(photo: Path) -> None:
    maker, sent = pictures(GraphicsMode.KITTY)
    sent.close()
    maker.free(drawn(maker, request(photo)))


def decode_sixel(sixel: str) -> Image.Image:
    """A small decoder of our own: the colours that a terminal would show."""
    match = re.fullmatch(r'\x1bP0;1;0q"1;1;(\d+);(\d+)(.*)\x1b\\', sixel, re.DOTALL)
    assert match is not None
    image = Image.new("RGB", (int(match[1]), int(match[2])), (255, 0, 255))
    palette: dict[int, tuple[int, int, int]] = {}
    x = band = 0
    colour = (0, 0, 0)
    for number, definition, repeat, repeated, char in re.findall(
        r"#(\d+)((?:;\d+){4})?|!(\d+)([?-~])|([$\-?-~])", match[3]
    ):
        if number and definition:
            # As xterm and foot have it: defining does not select.
            percent = [int(part) for part in definition.split(";")[2:]]
            palette[int(number)] = (percent[0], percent[1], percent[2])
        elif number:
            colour = palette[int(number)]
        elif char == "$":
            x = 0
        elif char == "-":
            x, band = 0, band + 1
        else:
            for _ in range(int(repeat or 1)):
                for bit in range(6):
                    if ord(repeated or char) - 63 >> bit & 1:
                        rgb = tuple(round(part * 255 / 100) for part in colour)
                        image.putpixel((x, band * 6 + bit), (rgb[0], rgb[1], rgb[2]))
                x += 1  # noqa: SIM113
    return image


def test_sixel_shows_the_right_colours_and_nothing_below(tmp_path: Path) -> None:
    bars = Image.new("RGB", (160, 160))
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    for number, colour in enumerate(colours):
        bars.paste(colour, (number * 40, 0, number * 40 + 40, 160))
    bars.save(tmp_path / "bars.png")
    maker, _ = pictures(GraphicsMode.SIXEL)
    drawing = drawn(maker, request(tmp_path / "bars.png", 20, 10))
    assert not drawing.sixel.endswith("-\x1b\\")
    image = decode_sixel(drawing.sixel)
    assert image.size == (160, 160)
    assert [image.getpixel((number * 40 + 20, y)) for y in (2, 157) for number in range(4)] == colours * 2


def test_sixel_uses_no_more_colours_than_the_terminal_has(photo: Path) -> None:
    maker, _ = pictures(GraphicsMode.SIXEL, sixel_colours=16)
    assert len(set(re.findall(r"#(\d+);2;", drawn(maker, request(photo)).sixel))) <= 16


def test_sixel_in_tmux_ends_with_a_full_band(photo: Path) -> None:
    maker, _ = pictures(GraphicsMode.SIXEL, in_tmux=True)
    drawing = drawn(maker, request(photo, 40, 14))
    assert (drawing.rows * CELL.height) % 6 == 0


def test_sixel_in_tmux_stays_below_its_limit(photo: Path) -> None:
    maker, _ = pictures(GraphicsMode.SIXEL, in_tmux=True)
    drawing = drawn(maker, replace(request(photo, 60, 30), cell_size=CellSize(12, 24)))
    assert len(drawing.sixel) < 1_000_000


def test_half_blocks_are_strips_of_the_right_size_and_colour(tmp_path: Path) -> None:
    halves = Image.new("RGB", (100, 100), (255, 0, 0))
    halves.paste((0, 0, 255), (0, 50, 100, 100))
    halves.save(tmp_path / "halves.png")
    maker, sent = pictures(GraphicsMode.HALFBLOCK)
    drawing = drawn(maker, request(tmp_path / "halves.png", 20, 10))
    assert [strip.cell_length for strip in drawing.strips] == [20] * 10
    assert {strip.text for strip in drawing.strips} == {"▀" * 20}
    first, last = (next(iter(strip)).style for strip in (drawing.strips[0], drawing.strips[-1]))
    assert first is not None
    assert last is not None
    for style, colour in ((first, (255, 0, 0)), (last, (0, 0, 255))):
        assert style.color is not None
        assert style.bgcolor is not None
        assert style.color.triplet == style.bgcolor.triplet == colour
    assert sent.getvalue() == ""


@pytest.mark.parametrize("mode", [GraphicsMode.KITTY, GraphicsMode.SIXEL, GraphicsMode.HALFBLOCK])
def test_a_picture_that_cannot_be_read_sends_nothing(mode: GraphicsMode, tmp_path: Path) -> None:
    maker, sent = pictures(mode)
    with pytest.raises(PictureUnreadable):
        maker.draw(request(tmp_path / "gone.png"))
    assert sent.getvalue() == ""
