"""Exit codes, and which one counts where several would be right."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from krea_tui.domain.errors import (
    ConfigError,
    InsufficientBalance,
    InvalidRequest,
    KeyRefused,
    KreaTuiError,
    NotSent,
    UnknownJob,
    UsageError,
)
from krea_tui.domain.job import HoldReason, Job, JobStatus, PictureState
from krea_tui.domain.money import CapReached


class ExitCode(IntEnum):
    """What a script can tell from the end of a command."""

    DONE = 0
    JOB_FAILED = 1
    USAGE = 2
    KEY = 3
    UNREACHABLE = 4
    MONEY = 5
    INTERRUPTED = 130


class NoKey(KreaTuiError):
    """A command that sends or polls needs an API key, and there is none."""


class GatewayUnreachable(KreaTuiError):
    """No request to the gateway has been answered for as long as the command waits."""


class MoneyRefused(KreaTuiError):
    """A cap of the settings forbids what was asked for; nothing was stored."""


_WORST_FIRST: Final = (
    ExitCode.INTERRUPTED,
    ExitCode.KEY,
    ExitCode.MONEY,
    ExitCode.UNREACHABLE,
    ExitCode.JOB_FAILED,
)

_OF_HELD: Final = {
    HoldReason.MONEY: ExitCode.MONEY,
    HoldReason.CAP: ExitCode.MONEY,
    HoldReason.KEY: ExitCode.KEY,
    HoldReason.RETRY: ExitCode.UNREACHABLE,
    HoldReason.LEFT_OVER: ExitCode.JOB_FAILED,
}


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The one code of several."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), ExitCode.DONE)


def code_of_job(job: Job) -> ExitCode:
    """What a job's state means for a script; a job that is still on its way is no failure."""
    if job.status is JobStatus.HELD:
        return _code_of_held(job)
    if job.status is JobStatus.COMPLETED:
        is_lost = job.gave_up_at is not None or any(p.state is PictureState.LOST for p in job.pictures)
        return ExitCode.JOB_FAILED if is_lost else ExitCode.DONE
    on_its_way = job.status in {JobStatus.SENDING, JobStatus.QUEUED, JobStatus.PROCESSING}
    return ExitCode.DONE if on_its_way else ExitCode.JOB_FAILED


def _code_of_held(job: Job) -> ExitCode:
    if job.hold_reason is HoldReason.PAUSED:
        # Paused by the person it is held in peace; with an error, what answered at the address is no gateway.
        return ExitCode.UNREACHABLE if job.error and not job.is_held_back else ExitCode.DONE
    return _OF_HELD.get(job.hold_reason, ExitCode.DONE) if job.hold_reason else ExitCode.DONE


def code_of_error(error: KreaTuiError) -> ExitCode:
    """What an error that ends the command means for a script."""
    from krea_tui.config.key import KeyProblem

    match error:
        case NoKey() | KeyProblem() | KeyRefused():
            return ExitCode.KEY
        case UsageError() | InvalidRequest() | ConfigError() | UnknownJob():
            return ExitCode.USAGE
        case MoneyRefused() | CapReached() | InsufficientBalance():
            return ExitCode.MONEY
        case GatewayUnreachable() | NotSent():
            return ExitCode.UNREACHABLE
        case _:
            return ExitCode.JOB_FAILED
