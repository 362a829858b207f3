"""Whether the gateway has been out of reach for longer than a command waits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from krea_tui.domain.job import AT_GATEWAY, HoldReason, Job, JobStatus
from krea_tui.engine.health import GatewayHealth

# Between two checks nothing is asked, so silence means nothing for that long; an old job is asked for less often.
_QUIET_S: Final = 12.0
_QUIET_WHEN_OLD_S: Final = 70.0
_OLD_S: Final = 600.0


class Reachability:
    """Judges by the jobs and the gateway's health, looked at again and again; `patience_s` is how long it may last.

    Only time in which the machine was awake counts, whatever its clock was set to meanwhile.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        # Nothing was heard since then; in the future while a 429 is obeyed.
        self._silent_since = time.monotonic()
        self._refused_since: float | None = None
        self._broken_since: float | None = None
        self._progress: tuple[object, ...] = ()

    def is_lost(self, jobs: Sequence[Job], health: GatewayHealth) -> bool:
        """Whether no request for these jobs has reached the gateway for too long."""
        now = time.monotonic()
        self._note_progress(jobs, health, now)
        if self._refused_since is None and any(job.hold_reason is HoldReason.RETRY for job in jobs):
            self._refused_since = now
        if any(job.status is JobStatus.SENDING for job in jobs):
            # Its fate is known in a moment, and until then it is neither sent nor left over.
            return False
        if self._refused_since is not None and now - self._refused_since >= self._patience_s:
            return True
        if health.is_engine:
            return self._is_silent(jobs, now)
        return self._is_broken(jobs, health, now)

    def _is_broken(self, jobs: Sequence[Job], health: GatewayHealth, now: float) -> bool:
        """Whether the engine that is followed has told for too long that no check of its reaches the gateway."""
        if health.breaker_until is None or not any(job.status in AT_GATEWAY for job in jobs):
            self._broken_since = None
        elif self._broken_since is None:
            self._broken_since = now
        return self._broken_since is not None and now - self._broken_since >= self._patience_s

    def _note_progress(self, jobs: Sequence[Job], health: GatewayHealth, now: float) -> None:
        # A job that is being sent once more is no progress yet; one that was accepted is.
        unsent = sum(job.status in {JobStatus.HELD, JobStatus.SENDING} for job in jobs)
        progress = (health.last_answer_at, health.rate_limited_count, unsent)
        if progress != self._progress:
            self._progress = progress
            self._refused_since = None
            self._silent_since = now + max(0.0, (health.rate_limited_until or 0.0) - time.time())

    def _is_silent(self, jobs: Sequence[Job], now: float) -> bool:
        asked_for = [job for job in jobs if job.status in AT_GATEWAY]
        if not asked_for:
            return False
        is_young = any(time.time() - (job.submitted_at or job.created_at) < _OLD_S for job in asked_for)
        return now - self._silent_since >= self._patience_s + (_QUIET_S if is_young else _QUIET_WHEN_OLD_S)
