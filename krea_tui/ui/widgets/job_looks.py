"""What a job says about itself in a cell: its status, and how long it has been at it."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final, NamedTuple

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.domain.text import clean_line
from krea_tui.ui.live_table.pieces import Cell, Piece

BAR_CELLS: Final = 4
ELAPSED_CELLS: Final = 5
_LONGEST_WORD: Final = 40
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400


class Tone(StrEnum):
    """What a piece of a row means; each is a component class of the table, `live-table--<tone>`."""

    TEXT = "text"
    MUTED = "muted"
    STAR = "star"
    HELD = "held"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"


class Circumstances(NamedTuple):
    """What a row depends on besides its job: the time (epoch seconds), the learned durations, plain mode.

    `is_standing` says that nothing is sent now, so that no job's turn comes.
    """

    now: float
    estimate: DurationEstimate
    plain: bool = False
    is_standing: bool = False


class StatusLook(NamedTuple):
    """A status as a glyph (and its ASCII twin), a word and a tone; ended well, the word steps back."""

    glyph: str
    twin: str
    word: str
    tone: Tone
    word_tone: Tone


def _look(glyph: str, twin: str, word: str, tone: Tone, *, quiet: bool = False) -> StatusLook:
    return StatusLook(glyph, twin, word, tone, Tone.MUTED if quiet else tone)


_LOOKS: Final = {
    JobStatus.HELD: _look("‖", "=", "held", Tone.HELD),
    JobStatus.SENDING: _look("↑", "^", "sending", Tone.RUNNING),
    JobStatus.UNCONFIRMED: _look("?", "?", "unconfirmed", Tone.UNCONFIRMED),
    JobStatus.REJECTED: _look("✕", "x", "rejected", Tone.FAILED),
    JobStatus.QUEUED: _look("○", "o", "queued", Tone.QUEUED),
    JobStatus.PROCESSING: _look("◐", "*", "processing", Tone.RUNNING),
    JobStatus.COMPLETED: _look("●", "+", "completed", Tone.COMPLETED, quiet=True),
    JobStatus.FAILED: _look("✕", "x", "failed", Tone.FAILED),
    JobStatus.ERROR: _look("✕", "x", "error", Tone.FAILED),
    JobStatus.NOT_FOUND: _look("✕", "x", "not found", Tone.FAILED),
    JobStatus.CANCELLED: _look("·", "-", "cancelled", Tone.MUTED, quiet=True),
}
_SAVING: Final = _look("↓", "v", "saving", Tone.RUNNING)
_NO_PICTURE: Final = _look("●", "!", "no picture", Tone.UNCONFIRMED)
_HOLD_WORDS: Final = {
    HoldReason.READY: "waiting",
    HoldReason.RETRY: "retry now",
    HoldReason.MONEY: "after 402",
    HoldReason.CAP: "daily cap",
    HoldReason.KEY: "after 401",
    HoldReason.PAUSED: "paused",
    HoldReason.LEFT_OVER: "left over",
}


def look_of_status(status: JobStatus) -> StatusLook:
    """How a status is drawn where no one job is meant."""
    return _LOOKS[status]


def look_of(job: Job) -> StatusLook:
    """How the job's status is drawn."""
    if job.status is JobStatus.COMPLETED and job.gave_up_at is not None:
        return _NO_PICTURE
    return _SAVING if job.is_saving else _LOOKS[job.status]


def status_cell(job: Job, circumstances: Circumstances) -> Cell:
    """The glyph and the word; a word of the gateway that we do not know is shown as it came, in lower case."""
    look = look_of(job)
    word = look.word
    if job.status_word != job.status.value:
        word = clean_line(job.status_word, _LONGEST_WORD).lower()
    glyph = look.twin if circumstances.plain else look.glyph
    return (Piece(f"{glyph} ", look.tone), Piece(word, look.word_tone))


def is_ticking(job: Job, now: float) -> bool:
    """Whether the job's time cell changes by the clock alone."""
    if job.status is JobStatus.HELD:
        return job.hold_reason is HoldReason.RETRY and job.not_before > now
    return job.is_running


def time_cell(job: Job, circumstances: Circumstances, width: int) -> Cell:
    """Elapsed time with progress while it runs, the duration when it has ended, else what it waits for."""
    if job.status is JobStatus.HELD:
        return (Piece(_hold_words(job, circumstances), Tone.HELD),)
    if job.status in {JobStatus.UNCONFIRMED, JobStatus.NOT_FOUND}:
        return (Piece("may be paid", look_of(job).tone),)
    if job.status is JobStatus.REJECTED:
        return (Piece("not charged", Tone.MUTED),)
    started_at = job.submitted_at or job.attempted_at
    if job.is_running:
        return _running_time(job, started_at or job.created_at, circumstances, width)
    if started_at is None or job.completed_at is None:
        return ()
    return (Piece(_elapsed(job.completed_at - started_at), Tone.MUTED),)


def _hold_words(job: Job, circumstances: Circumstances) -> str:
    if circumstances.is_standing and job.is_sendable:
        return "stands"
    if job.is_held_back:
        return "kept back"
    if is_ticking(job, circumstances.now):
        return f"retry {short_duration(job.not_before - circumstances.now, ' ')}"
    return _HOLD_WORDS[job.hold_reason or HoldReason.READY]


def _running_time(job: Job, started_at: float, circumstances: Circumstances, width: int) -> Cell:
    elapsed_s = max(0.0, circumstances.now - started_at)
    pieces = [Piece(_elapsed(elapsed_s), Tone.TEXT)]
    remaining_s: float | None = None
    fraction = 0.0
    if job.is_saving:
        fraction = 1.0
    elif job.status is JobStatus.PROCESSING:
        fraction = circumstances.estimate.fraction(elapsed_s)
        remaining_s = circumstances.estimate.remaining_s(elapsed_s)
    if job.status is not JobStatus.SENDING and width > ELAPSED_CELLS + BAR_CELLS + 2:
        pieces += _bar(fraction, plain=circumstances.plain)
    if remaining_s is not None:
        pieces.append(Piece(f" {short_duration(remaining_s)}", Tone.MUTED))
    return tuple(pieces)


def _bar(fraction: float, *, plain: bool) -> list[Piece]:
    if plain:
        return [Piece(f" {math.floor(fraction * 100):3d}%", Tone.RUNNING)]
    # The last cell fills with the answer, not by rounding.
    filled = BAR_CELLS if fraction >= 1 else min(BAR_CELLS - 1, round(fraction * BAR_CELLS))
    return [Piece(" " + "━" * filled, Tone.RUNNING), Piece("─" * (BAR_CELLS - filled), Tone.MUTED)]


def short_duration(seconds: float, gap: str = "") -> str:
    """A wait in one number, rounded up: `6s`, `3m`, `2h`, `4d`, with `gap` before the unit."""
    seconds = max(1, math.ceil(seconds))
    for unit_s, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= unit_s:
            return f"{math.ceil(seconds / unit_s)}{gap}{unit}"
    return f"{seconds}{gap}s"


def _elapsed(seconds: float) -> str:
    whole = max(0, math.floor(seconds))
    if whole >= _HOUR:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours}:{rest // _MINUTE:02d}:{rest % _MINUTE:02d}" if whole < _DAY else short_duration(whole)
    return f"{whole // _MINUTE}:{whole % _MINUTE:02d}".rjust(ELAPSED_CELLS)
