"""Copies of pictures, and tables of jobs, in a folder of the person: nothing there is ever overwritten unasked.

A table is written beside its place and gets its name when it is whole. Everything here blocks and belongs in a thread.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from krea_tui.domain.errors import StoreError, UsageError
from krea_tui.domain.job import Job, Picture, PictureState
from krea_tui.domain.job_json import job_json
from krea_tui.domain.text import clean_line
from krea_tui.pictures.disk import place_new, sync_dir, write_synced
from krea_tui.pictures.files import PictureFiles
from krea_tui.pictures.tables import TABLE_SUFFIXES, Table, new_table

# What a folder gets: one table to look at, one that is exact.
_FOLDER_TABLES: Final = ("jobs.csv", "jobs.jsonl")
_NOT_TABLES: Final = frozenset({".txt", ".tsv", ".xls", ".xlsx", ".ods", ".zip", ".tar", ".gz", ".db", ".png", ".jpg"})
_MAX_VERSIONS: Final = 10_000
_AFTER_TROUBLE: Final = "What was copied stays. See to the folder, then export again: no picture is copied twice."


@dataclass(frozen=True, slots=True)
class Target:
    """Where an export goes: a folder for pictures and tables, or one table alone."""

    place: Path
    is_table: bool

    @property
    def folder(self) -> Path:
        """The folder that is written to."""
        return self.place.parent if self.is_table else self.place


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is; `pictures` are there by now, `copied_bytes` were written by this export."""

    jobs: int = 0
    pictures: int = 0
    copied_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export has made. `missing` names jobs of which a saved picture lies no more where it was saved."""

    progress: Progress
    missing: tuple[str, ...]
    tables: tuple[Path, ...]
    is_whole: bool


Heed = Callable[[Progress], bool]


def target_of(text: str, *, may_replace: bool = False) -> Target:
    """What a person means by a path: one that ends in .csv, .jsonl or .json is a table, any other a folder.

    Raises `UsageError` where something else is in the way; a table that is there is replaced only where that was said.
    """
    if not text.strip():
        raise UsageError("where to? Name a folder, or a file that ends in .csv, .jsonl or .json")
    place = Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 -- a link in it is the person's
    shown = clean_line(str(place), 200)
    is_table = place.suffix.lower() in TABLE_SUFFIXES and not text.endswith("/") and not place.is_dir()
    if is_table:
        if os.path.lexists(place) and not (may_replace and place.is_file()):
            raise UsageError(f"{shown} is there already", advice="Name another file. Nothing was written.")
        return Target(place, is_table=True)
    if place.is_dir():
        return Target(place, is_table=False)
    if os.path.lexists(place):
        raise UsageError(f"{shown} is no folder", advice="Name another one. Nothing was written.")
    if place.suffix.lower() in _NOT_TABLES and not text.endswith("/"):
        raise UsageError(
            f"{shown}: a table is .csv, .jsonl or .json", advice="A folder of this name is meant by a / at its end."
        )
    return Target(place, is_table=False)


@dataclass(slots=True)
class Export:
    """One export of jobs. `heed` is told after every job and says whether to go on."""

    files: PictureFiles
    target: Target
    may_replace: bool = False
    heed: Heed = lambda _progress: True
    _progress: Progress = field(default_factory=Progress)
    _missing: list[str] = field(default_factory=list)

    def run(self, jobs: Iterable[Job]) -> Exported:
        """Copy and write, job by job; raises `StoreError` where the disk fails. What is copied by then stays."""
        folder = self.target.folder
        is_whole = True
        names = (self.target.place.name,) if self.target.is_table else _FOLDER_TABLES
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with ExitStack() as stack:
                tables = [stack.enter_context(new_table(folder, name)) for name in names]
                for job in jobs:
                    copies = self._copies(job)
                    record = job_json(job, copies.__getitem__)
                    for table in tables:
                        table.add(record)
                    self._progress = replace(self._progress, jobs=self._progress.jobs + 1)
                    if not self.heed(self._progress):
                        is_whole = False
                        break
                made = tuple(self._finish(table) for table in tables)
            sync_dir(folder)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(f"cannot export to {folder}: {reason}", advice=_AFTER_TROUBLE) from error
        return Exported(self._progress, tuple(self._missing), made, is_whole)

    def _copies(self, job: Job) -> defaultdict[str, str]:
        """What a table says of each picture: its copy's name, or its place where nothing is copied; blank if gone."""
        copies: defaultdict[str, str] = defaultdict(str)
        for picture in job.pictures:
            if picture.state is PictureState.SAVED and picture.path:
                if (place := self._place_of(picture, picture.path)) is None:
                    self._missing.append(job.id)
                else:
                    copies[picture.path] = place
        return copies

    def _place_of(self, picture: Picture, path: str) -> str | None:
        try:
            source = self.files.absolute(path)
        except StoreError:
            # A damaged row: there is no such picture.
            return None
        if self.target.is_table:
            return str(source) if source.is_file() else None
        try:
            data = source.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        copy, is_new = copy_to(self.target.folder, source.name, data)
        self._progress = replace(
            self._progress,
            pictures=self._progress.pictures + 1,
            copied_bytes=self._progress.copied_bytes + (len(data) if is_new else 0),
        )
        return copy.name

    def _finish(self, table: Table) -> Path:
        draft = table.finish()
        if self.target.is_table and self.may_replace:
            return draft.replace(self.target.place)
        if self.target.is_table:
            try:
                place_new(draft, self.target.place)
            except FileExistsError:
                raise StoreError(f"{self.target.place} has come into being meanwhile; it was left as it is") from None
            return self.target.place
        return _first_free(draft, self.target.folder, table.name)


def size_of(jobs: Iterable[Job]) -> Progress:
    """How many jobs and saved pictures these are, and how many bytes."""
    jobs = list(jobs)
    saved = [picture for job in jobs for picture in job.pictures if picture.state is PictureState.SAVED]
    return Progress(len(jobs), len(saved), sum(picture.size_bytes or 0 for picture in saved))


def room_for(size_bytes: int, folder: Path) -> None:
    """Raise `StoreError` where the disk of this folder, or of the one it is to be made in, has no room for so much."""
    known = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(known).free
    if free < size_bytes:
        raise StoreError(
            f"the disk of {folder} has room for {free // 1_000_000:,} MB, {size_bytes // 1_000_000:,} MB are needed",
            advice="Nothing was copied.",
        )


def copy_to(folder: Path, name: str, data: bytes) -> tuple[Path, bool]:
    """A file of these bytes in a folder, under this name or one like it; false where one was there already.

    It gets its name when it is whole; another file is never overwritten. Raises `OSError`.
    """
    for known in _names(folder, name):
        if not os.path.lexists(known):
            break
        if _holds(known, data):
            return known, False
    draft = folder / f".{secrets.token_hex(6)}.part"
    try:
        write_synced(draft, data)
        return _first_free(draft, folder, name), True
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _first_free(draft: Path, folder: Path, name: str) -> Path:
    data: bytes | None = None
    for place in _names(folder, name):
        try:
            place_new(draft, place)
        except FileExistsError:
            data = draft.read_bytes() if data is None else data
            if _holds(place, data):
                return place
        else:
            return place
    raise StoreError(f"too many files are in the way of {folder / name}")


def _names(folder: Path, name: str) -> Iterable[Path]:
    stem, suffix = Path(name).stem, Path(name).suffix
    yield folder / name
    for number in range(2, _MAX_VERSIONS):
        yield folder / f"{stem} ({number}){suffix}"


def _holds(place: Path, data: bytes) -> bool:
    try:
        return place.is_file() and place.stat().st_size == len(data) and place.read_bytes() == data
    except OSError:
        return False
