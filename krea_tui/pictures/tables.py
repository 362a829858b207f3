"""Jobs as a table: CSV to look at, JSON that is exact."""

from __future__ import annotations

import csv
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from krea_tui.domain.job import Job
from krea_tui.domain.job_json import job_json
from krea_tui.domain.request import GenerationRequest
from krea_tui.domain.text import clean_text
from krea_tui.pictures.disk import open_new

TABLE_SUFFIXES: Final = frozenset({".csv", ".jsonl", ".json"})
# A cell that begins so is a formula to a spreadsheet, and can reach the network from there.
_FORMULA_STARTS: Final = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")

# The names of the columns: those of a job's JSON.
COLUMNS: Final = tuple(job_json(Job("", GenerationRequest("a", 0), 0, 0.0, ""), str))

Record = Mapping[str, object]


class Table:
    """A table on its way to disk; it lies beside its place, under another name, until `finish`. Raises `OSError`.

    CSV has one job a line: text without control characters, with a ' before what a spreadsheet would take for a
    formula, lists joined by `; `. JSON has every field as `krea-tui jobs --json` prints it.
    """

    def __init__(self, text: TextIO, draft: Path, name: str) -> None:
        """Begin a table that is to be called `name`; its end says what it is."""
        self.name = name
        self._text = text
        self._draft = draft
        self._suffix = Path(name).suffix.lower()
        self._count = 0
        if self._suffix == ".csv":
            self._csv(COLUMNS)

    def add(self, record: Record) -> None:
        """Write one job down."""
        if self._suffix == ".csv":
            self._csv([cell_of(record[name]) for name in COLUMNS])
        else:
            before = "" if self._suffix == ".jsonl" else ",\n" if self._count else "[\n"
            self._text.write(before + json.dumps(record, allow_nan=False) + ("\n" if self._suffix == ".jsonl" else ""))
        self._count += 1

    def finish(self) -> Path:
        """The whole table on the disk, still under its other name."""
        if self._suffix == ".json":
            self._text.write("\n]\n" if self._count else "[]\n")
        self._text.flush()
        os.fsync(self._text.fileno())
        self._text.close()
        return self._draft

    def _csv(self, cells: Sequence[str]) -> None:
        csv.writer(self._text, lineterminator="\n").writerow(cells)


@contextmanager
def new_table(folder: Path, name: str) -> Iterator[Table]:
    """A table to be filled; of one that is not put into its place nothing is left."""
    draft = folder / f".{secrets.token_hex(6)}.part"
    with os.fdopen(open_new(draft), "w", encoding="utf-8", errors="backslashreplace", newline="") as text:
        try:
            yield Table(text, draft, name)
        finally:
            draft.unlink(missing_ok=True)


def cell_of(value: object) -> str:
    """A field as the text of a cell."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return str(value)
        case list() | tuple():
            return _guarded("; ".join(_entry(entry) for entry in value))
        case _:
            return _guarded(str(value))


def _entry(entry: object) -> str:
    """A picture's place, or what guides with its strength; anything else as it is."""
    if not isinstance(entry, dict):
        return str(entry)
    if "state" in entry:
        return str(entry["path"] or entry["url"])
    named = next((str(entry[key]) for key in ("image_url", "id") if key in entry), "")
    return f"{named} @{entry['strength']:g}"


def _guarded(text: str) -> str:
    cleaned = clean_text(text)
    return f"'{cleaned}" if text.startswith(_FORMULA_STARTS) or cleaned.startswith(_FORMULA_STARTS) else cleaned
