"""A sixel picture among rows of cells."""

from pathlib import Path

from rich.console import Console
from rich.style import Style

from krea_tui.ui.graphics import CellSize, Drawing, PictureRequest
from krea_tui.ui.sixel_rows import SixelFrame, SixelRow


def sixel_rows() -> list[SixelRow]:
    drawing = Drawing(PictureRequest(Path("p"), 20, 10, CellSize(8, 16), (0, 0, 0)), 6, 3, sixel="<PICTURE>")
    frame = SixelFrame(drawing, 12, 5, Style())
    return [SixelRow(frame, y, 10, 20) for y in (5, 6, 7)]


def rendered(row: SixelRow) -> str:
    return row.render(Console(color_system="truecolor"))


def test_the_first_row_written_paints_the_picture_and_the_others_step_over_it() -> None:
    _, second, third = sixel_rows()
    assert rendered(second) == "\x1b[6;13H<PICTURE>\x1b[7;11H  \x1b[6C  "
    assert rendered(third) == "  \x1b[6C  "
    assert second.frame.shows(second.frame.drawing, 12, 5)


def test_rows_cut_by_what_floats_above_step_over_their_part() -> None:
    row, other, _ = sixel_rows()
    rendered(other)
    pieces = row.divide([4, 8, 10])
    assert [piece.cell_length for piece in pieces] == [4, 4, 2]
    assert [rendered(piece) for piece in pieces if isinstance(piece, SixelRow)] == ["  \x1b[2C", "\x1b[4C", "  "]


def test_a_screenshot_shows_blanks_for_sixel() -> None:
    assert sixel_rows()[0].text == " " * 10
