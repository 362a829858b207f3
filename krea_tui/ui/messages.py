"""What the workbench tells the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from krea_tui.domain.job import Job


class JobEnded(Message):
    """A job has ended while the person looked elsewhere."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class BatchEnded(Message):
    """Nothing more of a batch is to come; `job` is the one that ended last. Jobs that were told before count too."""

    def __init__(self, job: Job, done: int, failed: int) -> None:
        super().__init__()
        self.job = job
        self.done = done
        self.failed = failed


class KeyWanted(Message):
    """Something is to be sent, and there is no key."""
