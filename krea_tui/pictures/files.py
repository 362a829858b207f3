"""The pictures' folder: a picture is either not there, or whole, verified, on the disk, and beside its parameters.

Below the root: month folders (`2026-11/`) with pictures and their sidecars, `.incoming/` for unfinished downloads,
`.trash/` for removed pictures. Everything here blocks and belongs in a thread.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from krea_tui.domain.errors import DownloadError, StoreError
from krea_tui.domain.job import Job
from krea_tui.pictures.disk import make_private_dir, replace_file, sync_dir, write_synced
from krea_tui.pictures.errors import disk_trouble
from krea_tui.pictures.names import checked_job_id, checked_path, months_of, picture_path, sidecar_of
from krea_tui.pictures.part import PartFile
from krea_tui.pictures.png_text import with_parameters
from krea_tui.pictures.record import (
    SavedPicture,
    parameters_line,
    picture_record,
    saved_from_sidecar,
    sidecar_bytes,
)
from krea_tui.pictures.verify import PictureFormat, identify

INCOMING: Final = ".incoming"
TRASH: Final = ".trash"
_MAX_VERSIONS: Final = 100


class IncomingPicture(PartFile):
    """One picture of one job on its way in."""

    def __init__(self, path: Path, keep: Callable[[PartFile, float], SavedPicture]) -> None:
        """Create the part; `keep` puts it into place."""
        super().__init__(path)
        self._keep = keep

    def finish(self, finished_at: float) -> SavedPicture:
        """`PictureFiles.finish` for this picture; `finished_at` is in epoch seconds."""
        return self._keep(self, finished_at)


class PictureFiles:
    """The folder of one history's pictures."""

    def __init__(self, root: Path) -> None:
        """Name the folder; it is made when the first picture comes."""
        self.root = root

    def begin(self, job: Job, index: int) -> IncomingPicture:
        """Start a download; raises `DiskTrouble` where the folder cannot be used."""
        incoming = self.root / INCOMING
        name = f"{checked_job_id(job)}-{index}-{secrets.token_hex(4)}.part"
        try:
            make_private_dir(self.root)
            make_private_dir(incoming)
        except OSError as error:
            raise disk_trouble(error, f"make the folder {incoming}") from error
        return IncomingPicture(incoming / name, lambda part, at: self.finish(part, job, index, at))

    def finish(self, part: PartFile, job: Job, index: int, finished_at: float) -> SavedPicture:
        """Verify a whole download and put it into place, its parameters first.

        The picture that a crash left behind in its place is recognised and kept. Raises `DownloadError` where the
        bytes are no picture (the part is then gone), `DiskTrouble` where the disk fails: the part is kept, and
        `finish` may be called again.
        """
        received = part.received
        try:
            data = part.read()
            facts = identify(data)
        except DownloadError:
            part.discard()
            raise
        for existing in self._saved(job, index):
            if existing.sha256 == received.sha256:
                part.discard()
                return existing
        record = picture_record(job, index, received, facts, finished_at)
        if facts.format is PictureFormat.PNG:
            data = with_parameters(data, parameters_line(job, facts), record)
        try:
            place = self._free_place(job, index, facts.extension)
            saved = SavedPicture(str(place), received.sha256, len(data), facts.width, facts.height, facts.format.value)
            sidecar = sidecar_bytes(
                record,
                path=saved.path,
                url=job.pictures[index].url if index < len(job.pictures) else "",
                size_bytes=len(data),
                file_sha256=hashlib.sha256(data).hexdigest(),
            )
            self._put(place, data, sidecar)
        except OSError as error:
            raise disk_trouble(error, "save a picture") from error
        part.discard()
        return saved

    def find_saved(self, job: Job, index: int) -> SavedPicture | None:
        """The picture of a job that lies whole in its place, or None.

        After a crash between saving and noting it down this spares the download, whose link may be dead by then.
        Raises `DiskTrouble`.
        """
        return next(self._saved(job, index), None)

    def _saved(self, job: Job, index: int) -> Iterator[SavedPicture]:
        marker = f"_{checked_job_id(job)}"
        try:
            for month in months_of(job):
                for sidecar in sorted((self.root / month).glob(f"*{marker}*.json")):
                    found = saved_from_sidecar(sidecar.read_bytes(), job.id, index)
                    if found is not None and self._is_whole(*found):
                        yield found[0]
        except OSError as error:
            raise disk_trouble(error, f"look for pictures in {self.root}") from error

    def _is_whole(self, saved: SavedPicture, file_sha256: str) -> bool:
        with suppress(StoreError, FileNotFoundError):
            return hashlib.sha256(self.absolute(saved.path).read_bytes()).hexdigest() == file_sha256
        return False

    def _free_place(self, job: Job, index: int, extension: str) -> PurePosixPath:
        for version in range(1, _MAX_VERSIONS):
            place = picture_path(job, index, extension, version=version)
            if not os.path.lexists(self.root / place):
                return place
        raise StoreError(f"too many files are in the way of {picture_path(job, index, extension)}")

    def _put(self, place: PurePosixPath, data: bytes, sidecar: bytes) -> None:
        """Sidecar before picture, each down to the disk: no crash leaves a picture without its parameters."""
        incoming, target = self.root / INCOMING, self.root / place
        make_private_dir(incoming)
        make_private_dir(target.parent)
        draft = incoming / f"{target.name}.{secrets.token_hex(4)}.part"
        write_synced(draft, data)
        try:
            replace_file(self.root / sidecar_of(place), sidecar, incoming)
            draft.rename(target)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        sync_dir(target.parent)

    def absolute(self, path: str) -> Path:
        """Where a stored relative path lies; raises `StoreError` for one that is not ours."""
        return self.root / checked_path(path)

    def sweep(self) -> None:
        """Remove what unfinished downloads left behind; only for the one engine, before its downloads begin.

        Raises `DiskTrouble`.
        """
        try:
            for part in (self.root / INCOMING).glob("*.part"):
                part.unlink(missing_ok=True)
        except OSError as error:
            raise disk_trouble(error, f"clean {self.root / INCOMING}") from error

    def remove(self, path: str) -> bool:
        """Move a picture and its sidecar to the trash; false where it was not there. Raises `StoreError`."""
        place = checked_path(path)
        try:
            # The picture first: a crash in between leaves parameters without a picture, never the reverse.
            return self._move(self.root, self.root / TRASH, (place, sidecar_of(place)))
        except OSError as error:
            raise disk_trouble(error, f"remove {path}") from error

    def restore(self, path: str) -> bool:
        """Bring a removed picture back; false where the trash has none. Raises `StoreError` if its place is taken."""
        place = checked_path(path)
        if os.path.lexists(self.root / place):
            raise StoreError(f"another picture is in the place of {path}")
        if not (self.root / TRASH / place).is_file():
            return False
        try:
            return self._move(self.root / TRASH, self.root, (sidecar_of(place), place))
        except OSError as error:
            raise disk_trouble(error, f"restore {path}") from error

    def _move(self, source: Path, target: Path, places: tuple[PurePosixPath, ...]) -> bool:
        moved = False
        make_private_dir(target)
        make_private_dir((target / places[0]).parent)
        for place in places:
            with suppress(FileNotFoundError):
                (source / place).replace(target / place)
                moved = True
        sync_dir((target / places[0]).parent)
        return moved

    def empty_trash(self, *, older_than: float) -> int:
        """Delete for good what was put into the trash before `older_than` (epoch seconds); returns the files' number.

        Raises `DiskTrouble`.
        """
        count = 0
        try:
            for file in (self.root / TRASH).glob("*/*"):
                # A rename changes the inode, not the content: its time is the time of removal.
                if file.lstat().st_ctime < older_than:
                    file.unlink(missing_ok=True)
                    count += 1
        except OSError as error:
            raise disk_trouble(error, f"empty {self.root / TRASH}") from error
        return count
