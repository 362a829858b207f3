"""A place beside the history for the one outcome that it refuses: what was paid must not die with the process.

It is a file of a fixed size that is there before it is needed, so that it can be filled on a full disk.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from krea_tui.domain.answers import REQUEST_ID, SubmitAnswer
from krea_tui.domain.errors import StoreError
from krea_tui.domain.events import Accepted, Doubted, NotAccepted, Refused
from krea_tui.domain.job import HoldReason
from krea_tui.domain.outcome import Outcome, OutcomeEvent

_SIZE_BYTES: Final = 16_384
_MAX_WORDS: Final = 1_000


class OutcomeFile:
    """One outcome on disk. Blocking; only the engine's process may use it."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is made yet."""
        self.path = path

    def keep(self, outcome: Outcome) -> None:
        """Write an outcome down to the disk; raises `StoreError`."""
        fields: dict[str, object] = {
            "job_id": outcome.job_id,
            "attempt_id": outcome.attempt_id,
            "event": type(outcome.event).__name__,
            **asdict(outcome.event),
        }
        if isinstance(fields.get("error"), str):
            fields["error"] = str(fields["error"])[:_MAX_WORDS]
        text = json.dumps(fields).encode()
        if len(text) > _SIZE_BYTES and isinstance(outcome.event, Accepted):
            # An address of unusual length, which is never followed anyway.
            text = json.dumps(fields | {"answer": {**asdict(outcome.event.answer), "polling_url": None}}).encode()
        self._fill(text)

    def load(self) -> Outcome | None:
        """The outcome that is kept, or None; also where a crash cut it."""
        try:
            fields = json.loads(self.path.read_bytes())
            event = _event_of(fields)
            return Outcome(str(fields["job_id"]), str(fields["attempt_id"]), event)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def clear(self) -> None:
        """It stands in the history now: only the room for another one is kept. Raises `StoreError`."""
        with suppress(OSError):
            if self.path.read_bytes() == b"".ljust(_SIZE_BYTES):
                return
        self._fill(b"")

    def set_aside(self) -> None:
        """Keep what belongs to no job of this history under a name of its own; raises `StoreError`."""
        outcome = self.load()
        if outcome is not None:
            with suppress(OSError):
                self.path.rename(self.path.with_name(f"{self.path.stem}-{Path(outcome.job_id).name}{self.path.suffix}"))

    def _fill(self, text: bytes) -> None:
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(text.ljust(_SIZE_BYTES))
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror or error}") from error


def _event_of(fields: dict[str, object]) -> OutcomeEvent:
    match fields["event"]:
        case "Accepted":
            answer = fields["answer"]
            if not isinstance(answer, dict) or not REQUEST_ID.fullmatch(str(answer["request_id"])):
                raise ValueError("no answer")
            return Accepted(_number(fields["at"]), SubmitAnswer(**{name: answer[name] for name in _ANSWER}))
        case "NotAccepted":
            return NotAccepted(HoldReason(str(fields["reason"])), str(fields["error"]), _number(fields["not_before"]))
        case "Refused":
            return Refused(_number(fields["at"]), str(fields["error"]))
        case "Doubted":
            return Doubted(_number(fields["at"]), str(fields["error"]))
        case other:
            raise ValueError(f"no outcome: {other}")


_ANSWER: Final = ("request_id", "status", "polling_url")


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("a number is needed")
    return float(value)
