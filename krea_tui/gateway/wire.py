"""Read what came over the wire: tolerant of drift, never of a wrong request id.

The shapes are those of the vendor's page; beyond it `media_url` may be a string or a list, statuses may come
in any case, and any field may be null or missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from krea_tui.domain.answers import REQUEST_ID, StatusAnswer, SubmitAnswer
from krea_tui.domain.text import clean_line

MAX_ANSWER_BYTES: Final = 1_048_576
MAX_PICTURES: Final = 16
MAX_RETRY_AFTER_S: Final = 86_400.0
_MAX_URL: Final = 8_192
_MAX_FIELD: Final = 200
_MAX_DEPTH: Final = 4


class Unreadable(Exception):
    """The answer is not what the page promises; the text says how."""


def read_object(payload: bytes) -> dict[str, object]:
    """A JSON object; raises `Unreadable` for anything else (HTML, arrays, bad encodings, nesting without end)."""
    try:
        value: object = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the answer is not JSON ({_start_of(payload)})") from error
    if not isinstance(value, dict):
        raise Unreadable("the answer is JSON, but not an object")
    return value


def write_body(body: Mapping[str, object]) -> bytes:
    """The strict writer: compact UTF-8 JSON, no NaN."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def read_submit(payload: bytes) -> SubmitAnswer:
    """An accepted submission; raises `Unreadable` without a request id of the right shape."""
    answer = read_object(payload)
    request_id = answer.get("request_id")
    if not isinstance(request_id, str) or not REQUEST_ID.fullmatch(request_id):
        raise Unreadable("the answer has no valid request_id")
    return SubmitAnswer(
        request_id=request_id,
        status=_status(answer) or "QUEUED",
        polling_url=_short(answer.get("polling_url"), _MAX_URL),
    )


def read_status(payload: bytes, asked_for: str) -> StatusAnswer:
    """A status answer; raises `Unreadable` without a status, or when it speaks of another request."""
    answer = read_object(payload)
    request_id = answer.get("request_id")
    if isinstance(request_id, str) and request_id != asked_for:
        raise Unreadable("the answer speaks of another request")
    status = _status(answer)
    if not status:
        raise Unreadable("the answer has no status")
    output = answer.get("output")
    holder: Mapping[str, object] = output if isinstance(output, dict) else answer
    return StatusAnswer(
        status=status,
        request_id=asked_for,
        model_id=_short(answer.get("model_id")),
        error=_words(answer.get("error")) or None,
        media_urls=_urls(holder.get("media_url")),
        media_type=_short(holder.get("media_type")),
        created_at=_short(answer.get("created_at")),
        updated_at=_short(answer.get("updated_at")),
        completed_at=_short(answer.get("completed_at")),
    )


def read_refusal(payload: bytes) -> tuple[str, str, Mapping[str, object]]:
    """The gateway's words of an error answer: (`error`, `message`, the whole object); never raises."""
    try:
        answer = read_object(payload)
    except Unreadable:
        return "", _start_of(payload), {}
    return _words(answer.get("error")), _words(answer.get("message")), answer


def retry_after_s(header: str | None, server_date: str | None, body: Mapping[str, object], now: float) -> float | None:
    """The wait a 429 or 503 asks for, in seconds: `Retry-After` (RFC 9110, 10.2.3), else the body's `retry_after`.

    A date is compared with the server's own `Date` where it sent one, so a wrong clock here is harmless.
    """
    asked = _seconds(header)
    if asked is None and header:
        until = _http_date(header)
        if until is not None:
            asked = until - (_http_date(server_date or "") or now)
    if asked is None:
        nested = body.get("error")
        asked = _seconds(body.get("retry_after"))
        if asked is None and isinstance(nested, dict):
            asked = _seconds(nested.get("retry_after"))
    if asked is None:
        return None
    return min(max(asked, 0.0), MAX_RETRY_AFTER_S)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if seconds == seconds and abs(seconds) != float("inf") else None  # noqa: PLR0124 -- NaN


def _http_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _status(answer: Mapping[str, object]) -> str:
    status = answer.get("status")
    return clean_line(status, 40).upper() if isinstance(status, str) else ""


def _urls(value: object) -> tuple[str, ...]:
    entries = value if isinstance(value, list) else [value]
    urls: list[str] = []
    for entry in entries[:MAX_PICTURES]:
        url = entry.get("url") if isinstance(entry, dict) else entry
        # A URL with controls or broken characters could be neither fetched nor stored.
        if isinstance(url, str) and (url := url.strip()) and url == clean_line(url, _MAX_URL):
            urls.append(url)
    return tuple(urls)


def _words(value: object) -> str:
    # A depth of our own: the reader takes more nesting than a recursion could follow.
    for _ in range(_MAX_DEPTH):
        if not isinstance(value, dict):
            break
        value = value.get("message") or value.get("detail") or value.get("error")
    return clean_line(value) if isinstance(value, str) else ""


def _short(value: object, limit: int = _MAX_FIELD) -> str | None:
    return clean_line(value, limit) or None if isinstance(value, str) else None


def _start_of(payload: bytes) -> str:
    words = clean_line(payload[:400].decode("utf-8", "replace"), 80)
    return f"it begins: {words}" if words else "it is empty"
