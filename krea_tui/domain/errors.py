"""The one tree of errors.

Every error says what happened (`str(error)`) and what the person can do next (`error.advice`).

    KreaTuiError
    ├── UsageError              a wrong command, option or argument
    ├── InvalidRequest          fields of the form that break the API's rules
    ├── ConfigError             a broken setting, named by its key
    ├── StoreError              the history or a folder cannot be used
    │   ├── HistoryDamaged      its file is not what was written into it
    │   ├── HistoryLocked       another program holds its lock
    │   ├── UnknownJob          no job, or more than one, has this id
    │   ├── NotClaimed          the job is no longer held for sending
    │   └── RequestIdTaken      another job owns this request id
    ├── SearchInterrupted       a search that a newer one has made useless
    ├── ImpossibleTransition    an event that a job in this state cannot take
    ├── DownloadError           a picture that could not be fetched or verified
    └── GatewayError            the vendor's gateway, see below
        ├── NotSent             the request never left: safe to try again
        ├── InDoubt             it may have been accepted: never repeat by itself
        ├── RateLimited         429
        ├── InsufficientBalance 402
        ├── KeyRefused          401
        ├── AccessForbidden     403
        ├── RequestRefused      400, 413, 415, 422: this request, not charged
        ├── ModelUnavailable    400 "Model not found"
        ├── WrongAddress        3xx, 404 or 405 on a submission: configuration
        ├── UnknownRequest      404 on a status request
        └── GatewayTrouble      anything else on a status request
"""

from __future__ import annotations

from typing import NamedTuple


class KreaTuiError(Exception):
    """The root of every error this program raises on purpose."""

    advice: str = ""

    def __init__(self, message: str, *, advice: str = "") -> None:
        """Keep the message and, where given, what the person can do next."""
        super().__init__(message)
        if advice:
            self.advice = advice


class UsageError(KreaTuiError):
    """A wrong command, option or argument."""


class ConfigError(KreaTuiError):
    """A setting that cannot be used; the message names its key."""


class StoreError(KreaTuiError):
    """The history, or a folder of it, cannot be used."""


class HistoryDamaged(StoreError):
    """The history's file is not what was written into it; the next start of an engine rebuilds it."""

    advice = (
        "Start krea-tui again, or `krea-tui watch`: it keeps the damaged file aside and makes a new history of what"
        " can be read and of the pictures."
    )


class HistoryLocked(StoreError):
    """Another program holds the history's lock; it can be used as soon as that lets go."""

    advice = "Close the other program that has the history open; this one goes on by itself."


class HistoryUnmade(StoreError):
    """The history's file is there, and what another process writes into it first is not."""


class UnknownJob(StoreError):
    """No job, or more than one, has an id that begins so."""


class NotClaimed(StoreError):
    """The job is no longer held for sending: somebody else was faster, or it was withdrawn."""


class RequestIdTaken(StoreError):
    """Another job already owns this request id."""


class SearchInterrupted(KreaTuiError):
    """The search was ended before its answer: a newer one has made it useless."""


class ImpossibleTransition(KreaTuiError):
    """An event that a job in this state cannot take; the job is unchanged."""


class DownloadError(KreaTuiError):
    """A picture could not be fetched or verified.

    `permanent` is true where another try of the same URL cannot succeed.
    """

    def __init__(self, message: str, *, permanent: bool = False, advice: str = "") -> None:
        """Keep the message and whether trying again is of any use."""
        super().__init__(message, advice=advice)
        self.permanent = permanent


class FieldProblem(NamedTuple):
    """One thing that is wrong with one field, in words for the person.

    `field` is the API's parameter name; entries of a list are `styles.2.strength` (from zero).
    """

    field: str
    message: str


class InvalidRequest(KreaTuiError):
    """The form's values break rules of the API's page; nothing was sent."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        """Keep every problem found, not just the first."""
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


class GatewayError(KreaTuiError):
    """The gateway refused, failed, or could not be reached.

    `status_code` is the HTTP status, or None where there was no answer.
    """

    def __init__(self, message: str, *, status_code: int | None = None, advice: str = "") -> None:
        """Keep the words of the gateway and the HTTP status behind them."""
        super().__init__(message, advice=advice)
        self.status_code = status_code


class NotSent(GatewayError):
    """No byte of the request left this machine, so nothing can have been charged."""

    advice = "It will be tried again. Check the network if this goes on."


class InDoubt(GatewayError):
    """The request may have been accepted and charged; only a person may repeat it."""

    advice = "Look at the vendor's console: adopt its request id, or mark the job as not charged."


class RateLimited(GatewayError):
    """429: too many requests; `retry_after_s` is what the gateway asked for, in seconds, or None."""

    advice = "The lanes wait and go on by themselves."

    def __init__(self, message: str, *, retry_after_s: float | None = None, status_code: int = 429) -> None:
        """Keep the wait the gateway asked for."""
        super().__init__(message, status_code=status_code)
        self.retry_after_s = retry_after_s


class InsufficientBalance(GatewayError):
    """402: the wallet is empty; the job was not accepted."""

    advice = "Top up the wallet at the vendor's site, then resume sending."


class KeyRefused(GatewayError):
    """401: the gateway does not accept the key."""

    advice = "Mend the API key: PIXAZO_API_KEY, or the key screen."


class AccessForbidden(GatewayError):
    """403: the key is known but may not do this."""

    advice = "Check at the vendor's site that this key may use Krea 2 Large."


class RequestRefused(GatewayError):
    """400, 413, 415 or 422: the gateway refuses this request; nothing was charged."""

    advice = "Edit the request as a new job and send that."


class ModelUnavailable(RequestRefused):
    """400 "Model not found": the model is disabled, for every request."""

    advice = "The model is switched off at the vendor. Sending is paused; resume it later."


class WrongAddress(GatewayError):
    """A redirect, 404 or 405 where the submission address should be: configuration is wrong."""

    advice = "Check the gateway's address (--gateway, KREA_TUI_GATEWAY or the config file)."


class UnknownRequest(GatewayError):
    """404 on a status request: the gateway does not know this `request_id`."""


class GatewayTrouble(GatewayError):
    """A status request failed in a way that should pass by itself.

    `retry_after_s` is the wait the gateway asked for, in seconds, or None.
    """

    def __init__(self, message: str, *, status_code: int | None = None, retry_after_s: float | None = None) -> None:
        """Keep the words, the HTTP status and the wait asked for."""
        super().__init__(message, status_code=status_code)
        self.retry_after_s = retry_after_s
