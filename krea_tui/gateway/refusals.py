"""Turn an HTTP status and its words into the one tree of errors."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from krea_tui.domain.errors import (
    AccessForbidden,
    GatewayError,
    GatewayTrouble,
    InDoubt,
    InsufficientBalance,
    KeyRefused,
    ModelUnavailable,
    RateLimited,
    RequestRefused,
    UnknownRequest,
    WrongAddress,
)
from krea_tui.gateway.wire import MAX_RETRY_AFTER_S, read_refusal, retry_after_s

_REFUSED: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
_WRONG_ADDRESS: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


def submission_error(
    status_code: int, headers: Mapping[str, str], payload: bytes, *, url: str, now: float
) -> GatewayError:
    """The error behind an answer to a submission that is no acceptance.

    What is neither a refusal the page lists nor plainly about configuration stays in doubt: it may have been charged.
    """
    error, message, body = read_refusal(payload)
    words = _joined(error, message, status_code)
    if status_code == HTTPStatus.TOO_MANY_REQUESTS:
        wait_s = retry_after_s(headers.get("retry-after"), headers.get("date"), body, now)
        return _rate_limited(words, wait_s)
    if status_code == HTTPStatus.UNAUTHORIZED:
        return KeyRefused(words, status_code=status_code)
    if status_code == HTTPStatus.PAYMENT_REQUIRED:
        return InsufficientBalance(words, status_code=status_code)
    if status_code == HTTPStatus.FORBIDDEN:
        return AccessForbidden(words, status_code=status_code)
    if status_code in _REFUSED:
        if status_code == HTTPStatus.BAD_REQUEST and error.lower().startswith("model not found"):
            return ModelUnavailable(words, status_code=status_code)
        return RequestRefused(words, status_code=status_code)
    if status_code in _WRONG_ADDRESS or 300 <= status_code < 400:  # noqa: PLR2004 -- the class of redirects
        return WrongAddress(f"{url} answers {status_code}: {words}", status_code=status_code)
    return InDoubt(f"the gateway answered {status_code} to the submission: {words}", status_code=status_code)


def status_error(status_code: int, headers: Mapping[str, str], payload: bytes, *, now: float) -> GatewayError:
    """The error behind an answer to a status request that is not 200."""
    error, message, body = read_refusal(payload)
    words = _joined(error, message, status_code)
    wait_s = retry_after_s(headers.get("retry-after"), headers.get("date"), body, now)
    if status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return _rate_limited(words, wait_s)
    if status_code == HTTPStatus.UNAUTHORIZED:
        return KeyRefused(words, status_code=status_code)
    if status_code == HTTPStatus.NOT_FOUND:
        return UnknownRequest(words, status_code=status_code)
    return GatewayTrouble(f"{status_code}: {words}", status_code=status_code, retry_after_s=wait_s)


def _rate_limited(words: str, wait_s: float | None) -> RateLimited:
    if wait_s is not None and wait_s >= MAX_RETRY_AFTER_S:
        words = f"{words} (it asks for a wait of a day or more; the next try is in 24 hours)"
    return RateLimited(words, retry_after_s=wait_s)


def _joined(error: str, message: str, status_code: int) -> str:
    if error and message and message != error:
        return f"{error}: {message}"
    if words := error or message:
        return words
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return f"HTTP {status_code}"
