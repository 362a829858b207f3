"""A damaged history is kept aside, and a new one made of what can be read and of the pictures' records.

The mark beside the history says how far this has come, so that a rescue that was cut off is taken up again:
empty (examine it), the name under which the damaged file is kept (make the new one).
Everything here blocks, and belongs to the one process that holds the lock of opening.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from krea_tui.domain.errors import HistoryDamaged, InvalidRequest, StoreError
from krea_tui.domain.job import AT_GATEWAY, HoldReason, Job, JobStatus
from krea_tui.domain.request import request_from_body
from krea_tui.storage.faults import mark_of, opening_error
from krea_tui.storage.indexing import read_all_words
from krea_tui.storage.rows import from_row
from krea_tui.storage.salvage import NEWER_FIELDS, Salvaged, salvage
from krea_tui.storage.schema import connect, has_todays_shape
from krea_tui.storage.store import JobStore

COMPANIONS: Final = ("-wal", "-shm")
_NOT_KEPT: Final = frozenset({"engine_pause"})
_SENDING_WORDS: Final = "the history was damaged while the request was on its way"
_NO_ID_WORDS: Final = "the history was damaged: the request id cannot be read"
_ATTEMPT_WORDS: Final = "the history was damaged: only the attempt to send it can be read"
_REFUSED: Final = frozenset({"Refused", "NotAccepted"})
_NAMED_IDS: Final = 20
_WORKSHOP: Final = ".rebuilding-"

# Jobs by id, made anew from the records of their pictures.
FindJobs = Callable[[], Mapping[str, Job]]


@dataclass(frozen=True, slots=True)
class _Report:
    """What became of a damaged history, in numbers of jobs.

    `lost_request_ids` were given for requests of which nothing else is known any more.
    """

    kept_as: Path
    read: int
    reindexed: int
    at_gateway: int
    unconfirmed: int
    left_over: int
    unreadable: int
    lost_request_ids: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """All of it in sentences for the person."""
        lines = [
            f"The history was damaged. The damaged file is kept as {self.kept_as}; a new history was made.",
            f"{_jobs(self.read)} could be read from it; {_jobs(self.reindexed)} came back from the pictures' records.",
        ]
        if self.at_gateway:
            lines.append(f"{_jobs(self.at_gateway)} at the gateway: paid for, and fetched as before.")
        if self.unconfirmed:
            lines.append(f"{_jobs(self.unconfirmed)} unconfirmed: perhaps paid for, yours to decide.")
        if self.left_over:
            lines.append(f"{_jobs(self.left_over)} not sent, and left over: nothing goes before you say so.")
        if self.unreadable:
            lines.append(f"{_jobs(self.unreadable)} in the damaged file cannot be read any more.")
        if self.lost_request_ids:
            named = ", ".join(self.lost_request_ids[:_NAMED_IDS])
            more = len(self.lost_request_ids) - _NAMED_IDS
            lines.append(f"Request ids without a job: {named}{f' and {more} more' if more > 0 else ''}.")
        lines.append(
            "What was sent shortly before may be missing: compare with the vendor's console before sending it again."
        )
        return tuple(lines)


def _jobs(count: int) -> str:
    return f"{count:,} job{'' if count == 1 else 's'}"


def needs_rescue(database: Path) -> bool:
    """Whether a rescue was cut off, or the history, once suspected, proves damaged; a sound one loses its mark."""
    mark = mark_of(database)
    if not mark.exists():
        return False
    if mark.read_text(encoding="utf-8").strip() or not database.exists() or not is_sound(database):
        return True
    mark.unlink(missing_ok=True)
    return False


def is_sound(database: Path) -> bool:
    """Whether SQLite finds no fault in the whole file, and every job can be made of its row; takes its time.

    Raises `StoreError` where the file cannot be examined now.
    """
    try:
        with closing(connect(database, read_only=True)) as connection:
            [answer] = connection.execute("PRAGMA quick_check(1)").fetchone()
            is_older = not has_todays_shape(connection)
            for row in connection.execute("SELECT * FROM jobs"):
                from_row({**NEWER_FIELDS, **dict(row)} if is_older else row)
            if not is_older:
                read_all_words(connection)
            return bool(answer == "ok")
    except (HistoryDamaged, LookupError):
        return False
    except sqlite3.Error as error:
        if isinstance(typed := opening_error(error, database), HistoryDamaged):
            return False
        raise typed from error


def rescue(database: Path, find_jobs: FindJobs, profile: str) -> tuple[str, ...]:
    """Keep the damaged history aside and put a new one in its place; returns what there is to tell the person.

    Whoever calls holds the lock of opening, and nobody else has the history open. `profile` is the gateway of
    attempts whose job cannot be read. Raises `StoreError`; then the next start goes on from here.
    """
    mark = mark_of(database)
    try:
        kept_as = _kept_name(database, mark)
        if not kept_as.exists() or not database.exists():
            _set_aside(database, kept_as)
            _make_anew(database, kept_as, find_jobs, profile)
        words = tuple(_report_beside(kept_as).read_text(encoding="utf-8").splitlines())
        mark.unlink()
        _sync(database.parent)
    except OSError as error:
        raise StoreError(
            f"the damaged history cannot be rebuilt: {error.strerror or error}",
            advice=f"Make room and let {database.parent} be written, then start again; --data-dir names another.",
        ) from error
    return words


def _kept_name(database: Path, mark: Path) -> Path:
    """The name of the damaged file from now on, written down before anything is moved."""
    with suppress(FileNotFoundError):
        name = Path(mark.read_text(encoding="utf-8").strip()).name
        if name:
            return database.with_name(name)
    stem = f"{database.stem}-damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    number, kept_as = 1, database.with_name(f"{stem}{database.suffix}")
    while os.path.lexists(kept_as):
        number += 1
        kept_as = database.with_name(f"{stem}-{number}{database.suffix}")
    draft = mark.with_name(f"{mark.name}.part")
    _write_private(draft, kept_as.name)
    draft.replace(mark)
    _sync(mark.parent)
    return kept_as


def _set_aside(database: Path, kept_as: Path) -> None:
    # The file itself last: while it is in its place, everything is still to be done.
    for companion in (*COMPANIONS, ""):
        source = database.with_name(database.name + companion)
        with suppress(FileNotFoundError):
            source.chmod(0o600)
            source.rename(kept_as.with_name(kept_as.name + companion))
    _sync(database.parent)


def _make_anew(database: Path, kept_as: Path, find_jobs: FindJobs, profile: str) -> None:
    for left_behind in database.parent.glob(f"{_WORKSHOP}*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    workshop = Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=database.parent))
    try:
        salvaged = salvage(kept_as, workshop)
        found = find_jobs()
        jobs = _merged(salvaged, found, profile)
        fresh = workshop / database.name
        _write(fresh, jobs, salvaged)
        _write_private(_report_beside(kept_as), "\n".join(_report(kept_as, jobs, salvaged, found).words) + "\n")
        fresh.replace(database)
        _sync(database.parent)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _report_beside(kept_as: Path) -> Path:
    return kept_as.with_suffix(".txt")


def _merged(salvaged: Salvaged, found: Mapping[str, Job], profile: str) -> list[Job]:
    """Every job once, oldest first. A picture on disk proves more than a row that says less."""
    jobs = {job.id: _safe(job) for job in salvaged.jobs.values()}
    for job in found.values():
        known = jobs.get(job.id)
        if known is None or known.status is not JobStatus.COMPLETED or not known.pictures:
            jobs[job.id] = job
    for attempt in salvaged.attempts:
        if attempt["job_id"] not in jobs and attempt.get("outcome") not in _REFUSED:
            with suppress(ValueError, RecursionError, InvalidRequest):
                jobs[attempt["job_id"]] = _of_attempt(attempt, profile)
    taken: set[str] = set()
    kept = []
    for job in sorted(jobs.values(), key=lambda job: (job.created_at, job.seq, job.attempted_at or 0.0)):
        if job.request_id is None or job.request_id not in taken:
            kept.append(job)
        taken.update([job.request_id] if job.request_id else [])
    return kept


def _safe(job: Job) -> Job:
    """Nothing is sent by itself after this, and nothing that may have been sent is forgotten."""
    if job.status is JobStatus.SENDING:
        return replace(job, status=JobStatus.UNCONFIRMED, hold_reason=None, error=_SENDING_WORDS)
    if job.status in AT_GATEWAY and job.request_id is None:
        return replace(job, status=JobStatus.UNCONFIRMED, hold_reason=None, error=_NO_ID_WORDS)
    if job.status is JobStatus.HELD:
        return replace(job, hold_reason=HoldReason.LEFT_OVER)
    return job


def _of_attempt(attempt: Mapping[str, object], profile: str) -> Job:
    started_at = float(str(attempt["started_at"]))
    return Job(
        id=str(attempt["job_id"]),
        request=request_from_body(json.loads(str(attempt["body"]))),
        price_microusd=int(str(attempt["price_microusd"])),
        created_at=started_at,
        profile=profile,
        status=JobStatus.UNCONFIRMED,
        hold_reason=None,
        attempt_id=str(attempt["attempt_id"]),
        attempted_at=started_at,
        error=_ATTEMPT_WORDS,
    )


def _write(path: Path, jobs: list[Job], salvaged: Salvaged) -> None:
    store = JobStore(path)
    try:
        store.insert(jobs)
        for name, value in salvaged.meta.items():
            if name not in _NOT_KEPT:
                store.set_meta(name, value)
    finally:
        store.close()
    ids = {job.id for job in jobs}
    with closing(connect(path)) as connection:
        columns = [row["name"] for row in connection.execute("PRAGMA table_info(attempts)")]
        marks = ", ".join("?" for _ in columns)
        connection.execute("BEGIN")
        connection.executemany(
            f"INSERT OR IGNORE INTO attempts ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 -- our own names
            [[row.get(name) for name in columns] for row in salvaged.attempts if row["job_id"] in ids],
        )
        connection.execute("COMMIT")


def _report(kept_as: Path, jobs: list[Job], salvaged: Salvaged, found: Mapping[str, Job]) -> _Report:
    known = {job.request_id for job in jobs if job.request_id}
    return _Report(
        kept_as=kept_as,
        read=sum(job.id in salvaged.jobs for job in jobs),
        reindexed=sum(job.id in found and job.id not in salvaged.jobs for job in jobs),
        at_gateway=sum(job.status in AT_GATEWAY for job in jobs),
        unconfirmed=sum(job.needs_decision for job in jobs),
        left_over=sum(job.status is JobStatus.HELD for job in jobs),
        unreadable=salvaged.unreadable,
        lost_request_ids=tuple(sorted(salvaged.request_ids - known)),
    )


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_hollow(database: Path) -> bool:
    """Whether the history was cut to nothing: an empty file, without a journal that would fill it."""
    wal = database.with_name(database.name + COMPANIONS[0])
    with suppress(OSError):
        return database.stat().st_size == 0 and not (wal.exists() and wal.stat().st_size)
    return False


def require_alone(*, others_alive: bool) -> None:
    """Raise `HistoryDamaged` where another process may still have the damaged file open."""
    if others_alive:
        raise HistoryDamaged(
            "the history is damaged, and another krea-tui still has it open",
            advice="Close every other krea-tui and command that uses this data directory, then start again.",
        )
