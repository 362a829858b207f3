"""What the gateway said, after the wire reader has made values of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Status URLs are built from ids of this shape alone, so an answer can never choose a path or a host.
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")


def pasted_request_id(text: str) -> str | None:
    """The request id in what a person pasted: alone, in quotes, or at the end of a URL; None if there is none."""
    word = text.strip().strip("\"'`<>").strip()
    if "://" in word:
        word = word.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    return word if REQUEST_ID.fullmatch(word) and set(word) != {"."} else None


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
