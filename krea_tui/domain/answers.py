"""What the gateway said, after the wire reader has made values of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from krea_tui.domain.text import clean_line

# Status URLs are built from ids of this shape alone, so an answer can never choose a path or a host.
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")

_PASTED_LENGTH: Final = 2_000
_BETWEEN_IDS: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_AFTER_STATUS: Final = re.compile(r"://[^?#\s]*/status/([A-Za-z0-9_.-]+)/?(?:[?#].*)?$")


def pasted_request_id(text: str) -> str | None:
    """The request id in what a person pasted, or None where there is none, or more than one.

    It may stand alone, in quotes, or in a URL or a line of JSON: there it is the one part that holds a UUID, as the
    vendor's ids do, else what follows `/status/`.
    """
    word = clean_line(text, _PASTED_LENGTH).strip("\"'`<> ")
    if REQUEST_ID.fullmatch(word) and set(word) != {"."}:
        return word
    parts = {part for part in _BETWEEN_IDS.split(word) if _UUID.search(part)}
    if not parts and (found := _AFTER_STATUS.search(word)):
        parts = {found[1]}
    return parts.pop() if len(parts) == 1 and all(REQUEST_ID.fullmatch(part) for part in parts) else None


@dataclass(frozen=True, slots=True)
class SubmitAnswer:
    """An accepted submission. `status` is the gateway's word; `polling_url` is stored, never followed."""

    request_id: str
    status: str = "QUEUED"
    polling_url: str | None = None


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """One answer of the status endpoint; `status` is upper case, whatever case came.

    The times are the gateway's text as it came.
    """

    status: str
    request_id: str | None = None
    model_id: str | None = None
    error: str | None = None
    media_urls: tuple[str, ...] = ()
    media_type: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    completed_at: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackHint:
    """Somebody called the address that one attempt was sent with. Anybody may have written it: it proves nothing.

    `request_id` is what the body named, None where it named none of the right shape.
    """

    attempt_id: str
    request_id: str | None = None
