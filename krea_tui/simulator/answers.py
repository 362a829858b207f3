"""Answers that a well-behaved framework would not give."""

import struct
import time
import zlib
from collections.abc import AsyncIterator
from email.utils import formatdate

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from krea_tui.simulator.behaviour import Fault, MediaForm, MediaUrlForm
from krea_tui.simulator.wire import wire_of

_PAGE = (
    "<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad gateway</h1><p>Ray ID: 8f2c1d</p></body></html>"
)
_ZEROS = bytes(65_536)


class HangUp(Response):
    """Closes the connection without a word."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__()
        self._with_reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends nothing."""
        wire_of(scope).hang_up(reset=self._with_reset)
        await _gone(receive)


class RawAnswer(Response):
    """Writes bytes past the HTTP library, which would correct them, and closes the connection."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self._raw = raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the bytes as they are."""
        wire = wire_of(scope)
        wire.write(self._raw)
        wire.hang_up()
        await _gone(receive)


def own_answer(fault: Fault, usual_status: int) -> Response:
    """The answer that a fault puts in place of the usual one."""
    asks_to_wait = any(
        wait is not None for wait in (fault.retry_after_s, fault.retry_after_date_s, fault.retry_after_body_s)
    )
    status = fault.status or (429 if asks_to_wait else usual_status)
    headers = dict(fault.headers)
    if fault.retry_after_s is not None:
        headers["Retry-After"] = f"{fault.retry_after_s:g}"
    if fault.retry_after_date_s is not None:
        headers["Retry-After"] = retry_date(fault.retry_after_date_s)
    if fault.html:
        return Response(_PAGE, status, headers, "text/html; charset=utf-8")
    if fault.body is not None:
        headers.setdefault("Content-Type", "application/json")
        return Response(fault.body, status, headers)
    body: dict[str, object] = {"error": _word(status), "message": f"The gateway answered {status}."}
    if fault.retry_after_body_s is not None:
        body["retry_after"] = fault.retry_after_body_s
    return JSONResponse(body, status, headers)


def retry_date(seconds: float) -> str:
    """An HTTP date so many seconds from now."""
    return formatdate(time.time() + seconds, usegmt=True)


def wrong_media(  # noqa: PLR0911
    form: MediaForm, fault: Fault, picture: bytes, media_type: str, url: str
) -> Response:
    """The media route's answer in one of its wrong forms. `url` is where a redirect leads."""
    match form:
        case MediaForm.TRUNCATED:
            return RawAnswer(_head(media_type, len(picture)) + picture[: len(picture) // 2])
        case MediaForm.SHORT_LENGTH:
            return RawAnswer(_head(media_type, len(picture) // 2) + picture)
        case MediaForm.HALF_FILE:
            return Response(picture[: len(picture) // 2], media_type=media_type)
        case MediaForm.CORRUPT:
            middle = len(picture) // 2
            return Response(picture[:middle] + bytes(64) + picture[middle + 64 :], media_type=media_type)
        case MediaForm.EMPTY:
            return Response(b"", media_type=media_type)
        case MediaForm.HTML:
            return Response(_PAGE, media_type=media_type)
        case MediaForm.NOT_FOUND:
            return Response("<h1>404 Not Found</h1>", 404, media_type="text/html")
        case MediaForm.REDIRECT | MediaForm.REDIRECT_LOOP:
            return Response(status_code=302, headers={"Location": url})
        case MediaForm.HUGE:
            return StreamingResponse(
                _zeros(fault.huge_bytes), media_type=media_type, headers={"Content-Length": str(fault.huge_bytes)}
            )
        case MediaForm.HUGE_CHUNKED:
            return StreamingResponse(_zeros(fault.huge_bytes), media_type=media_type)
        case MediaForm.BOMB:
            return Response(_bomb(), media_type="image/png")


def spoilt(answer: dict[str, object], fault: Fault) -> dict[str, object]:
    """A submit or status answer with the parts changed that a fault names."""
    answer = dict(answer)
    if fault.omit_request_id:
        del answer["request_id"]
    if fault.status_word is not None:
        answer["status"] = fault.status_word
    if fault.lowercase:
        answer["status"] = str(answer["status"]).lower()
    output = answer.get("output")
    if fault.media_url is None or not isinstance(output, dict):
        return answer
    urls = output["media_url"]
    match fault.media_url:
        case MediaUrlForm.STRING:
            answer["output"] = output | {"media_url": urls[0]}
        case MediaUrlForm.MISSING:
            answer["output"] = {"media_type": output["media_type"]}
        case MediaUrlForm.NULL:
            answer["output"] = output | {"media_url": None}
        case MediaUrlForm.EMPTY:
            answer["output"] = output | {"media_url": []}
        case MediaUrlForm.SEVERAL:
            answer["output"] = output | {"media_url": [urls[0], urls[0] + "?n=2", urls[0] + "?n=3"]}
        case MediaUrlForm.NO_OUTPUT:
            answer["output"] = None
    return answer


def spoil_wire(scope: Scope, fault: Fault) -> None:
    """Sets the connection of a request to drip or to close at a byte, where the fault says so."""
    if fault.drip_s is not None:
        wire_of(scope).drip(fault.drip_s)
    if fault.cut_at is not None:
        wire_of(scope).cut_after(fault.cut_at, reset=fault.reset)


def _word(status: int) -> str:
    words = {401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests", 500: "Internal Server Error"}
    return words.get(status, "Error")


def _head(media_type: str, length: int) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n".encode()


async def _zeros(count: int) -> AsyncIterator[bytes]:
    while count > 0:
        part = _ZEROS[:count]
        count -= len(part)
        yield part


def _bomb() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
