"""Bodies of answers: bounded whatever their encoding says, and without the key where one quotes it."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from typing import Final

import httpx

from krea_tui.gateway.wire import MAX_ANSWER_BYTES

_PIECE_BYTES: Final = 65_536
_PLAIN: Final = frozenset({"", "identity"})
_DEFLATED: Final = frozenset({"gzip", "x-gzip", "deflate"})
# zlib's own detection of a gzip or a zlib head.
_ANY_HEAD: Final = 47
_HIDDEN: Final = "(the key)"


async def pieces_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body, in pieces of bounded size. We ask for no compression; one layer of it is undone all the same.

    Raises `httpx.DecodingError` for any other encoding, and for a body that is not what it is said to be.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in _PLAIN:
        async for piece in response.aiter_raw():
            yield piece
        return
    if encoding not in _DEFLATED:
        raise httpx.DecodingError("the body has an encoding that was not asked for", request=response.request)
    inflate = zlib.decompressobj(_ANY_HEAD)
    try:
        async for piece in response.aiter_raw():
            rest = piece
            while rest and not inflate.eof:
                yield inflate.decompress(rest, _PIECE_BYTES)
                rest = inflate.unconsumed_tail
        yield inflate.flush()
    except zlib.error as error:
        raise httpx.DecodingError("the body is damaged", request=response.request) from error
    if not inflate.eof:
        raise httpx.DecodingError("the body is cut off", request=response.request)


async def read_limited(response: httpx.Response) -> bytes:
    """The body up to the size that an answer of the gateway may have; the rest is left unread."""
    received = bytearray()
    async for piece in pieces_of(response):
        received += piece
        if len(received) > MAX_ANSWER_BYTES:
            break
    return bytes(received[:MAX_ANSWER_BYTES])


def without_key(payload: bytes, key: str) -> bytes:
    """The same answer, with words in the key's place wherever it is quoted, also in JSON's escapes or in UTF-16.

    It must not come into the history, an error or the screen.
    """
    if not key:
        return payload
    payload = payload.replace(key.encode(), _HIDDEN.encode())
    if b"\\" not in payload and b"\0" not in payload:
        return payload
    try:
        answer: object = json.loads(payload)
        return json.dumps(answer).encode() if _hide(answer, key) else payload
    except (ValueError, RecursionError):
        # No JSON: of such an answer nothing but its first characters is ever shown, as they are.
        return payload


def _hide(answer: object, key: str) -> bool:
    found = False
    holders: list[object] = [[answer]] if isinstance(answer, str) else [answer]
    # A stack of our own: the reader takes more nesting than a recursion could follow.
    while holders:
        holder = holders.pop()
        if isinstance(holder, dict):
            entries = list(holder.items())
        elif isinstance(holder, list):
            entries = list(enumerate(holder))
        else:
            continue
        for place, value in entries:
            if isinstance(value, dict | list):
                holders.append(value)
            elif isinstance(value, str) and key in value:
                holder[place] = value.replace(key, _HIDDEN)
                found = True
    return found
