"""What a terminal shows after some bytes, as far as Textual writes them: moves, styles, text, whole frames."""

import codecs
import re
from collections import Counter
from typing import Final, NamedTuple

from rich.cells import get_character_cell_size

_TOKENS: Final = re.compile(
    r"\x1b\[(?P<mark>[<-?]?)(?P<numbers>[0-9;:]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-Z\\^-~]|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)
_BACKGROUND: Final = re.compile(r"(?:^|;)48;(2;\d+;\d+;\d+|5;\d+)")
_SYNC: Final = "2026"
_SEED: Final = re.compile(r"(?<![\w.:$#-])\d{6,10}(?![\w.:%-])")


class Cell(NamedTuple):
    """One cell: its character (empty behind a wide one) and the numbers of its style."""

    character: str = " "
    style: str = ""


class Screen:
    """A screen of so many lines and columns; it never scrolls, since Textual never makes it."""

    def __init__(self, lines: int, columns: int) -> None:
        self._columns = columns
        self._cells = [[Cell()] * columns for _ in range(lines)]
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._style = ""
        self._x = self._y = 0
        self.is_whole = True
        self.frames = 0

    def feed(self, data: bytes) -> None:
        """Take these bytes in; `is_whole` is false while a frame is still being written."""
        text = self._rest + self._decoder.decode(data)
        at = 0
        while at < len(text):
            token = _TOKENS.match(text, at)
            if token is None:
                break
            at = token.end()
            if (written := token["text"]) is not None:
                self._write(written)
            elif token["final"] is not None:
                self._control(token["mark"], token["numbers"], token["final"])
            elif token["control"] == "\n":
                self._y += 1
            elif token["control"] == "\r":
                self._x = 0
        self._rest = text[at:]

    def line(self, y: int) -> str:
        """The text of a line."""
        return "".join(cell.character for cell in self._cells[y])

    def text(self) -> str:
        """The text of every line, without the blanks at its end."""
        return "\n".join(self.line(y).rstrip() for y in range(len(self._cells)))

    def background(self, y: int, x: int) -> str:
        """The background of a cell, in the numbers of its style; empty for the terminal's own."""
        found = _BACKGROUND.findall(self._cells[y][x].style)
        return str(found[-1]) if found else ""

    def text_at(self, y: int, x: int) -> str:
        """The text of a line from a cell on."""
        return "".join(cell.character for cell in self._cells[y][x:])

    def find(self, text: str) -> tuple[int, int] | None:
        """The line and the cell at which this text first stands."""
        for y in range(len(self._cells)):
            for x in range(self._columns):
                if self._cells[y][x].character == text[0] and self.text_at(y, x).startswith(text):
                    return y, x
        return None

    def seed_column(self) -> int | None:
        """The cell before which most long numbers end: the table's column of seeds."""
        ends = Counter(end for _, end, _ in self._numbers())
        return ends.most_common(1)[0][0] if ends else None

    def seeds(self, column: int | None = None) -> dict[int, int]:
        """The numbers that end before this cell (that of most of them, if none is given), by their lines."""
        column = self.seed_column() if column is None else column
        return {y: seed for y, end, seed in self._numbers() if end == column}

    def seed_under_cursor(self) -> int | None:
        """The seed of the one row whose background is not that of the others."""
        column = self.seed_column()
        if column is None:
            return None
        seeds = self.seeds(column)
        backgrounds = {y: self.background(y, column - 1) for y in seeds}
        usual = Counter(backgrounds.values())
        odd = [seed for y, seed in seeds.items() if usual[backgrounds[y]] == 1]
        return odd[0] if len(odd) == 1 else None

    def _numbers(self) -> list[tuple[int, int, int]]:
        return [
            (y, match.end(), int(match[0])) for y in range(len(self._cells)) for match in _SEED.finditer(self._flat(y))
        ]

    def _flat(self, y: int) -> str:
        # One character a cell, so that an index is a column.
        return "".join(cell.character[:1] or " " for cell in self._cells[y])

    def _write(self, text: str) -> None:
        if not 0 <= self._y < len(self._cells):
            return
        line = self._cells[self._y]
        for character in text:
            width = 1 if character < "\x7f" else get_character_cell_size(character)
            if width == 0:
                before = max(0, min(self._x, self._columns) - 1)
                line[before] = line[before]._replace(character=line[before].character + character)
            elif self._x + width <= self._columns:
                line[self._x] = Cell(character, self._style)
                if width > 1:
                    line[self._x + 1] = Cell("", self._style)
                self._x += width

    def _control(self, mark: str, numbers: str, final: str) -> None:
        if mark == "?" and numbers == _SYNC and final in "hl":
            self.is_whole = final == "l"
            self.frames += self.is_whole
        elif mark:
            return
        elif final == "m":
            self._style = "" if numbers in {"", "0"} else f"{self._style};{numbers}"
        elif final in "Hf":
            y, _, x = numbers.partition(";")
            self._y, self._x = int(y or 1) - 1, int(x or 1) - 1
        elif final == "J":
            blank = Cell()
            for line in self._cells:
                line[:] = [blank] * self._columns
