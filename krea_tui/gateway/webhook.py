"""The receiver of the gateway's callbacks: it hears hints, puts them on a queue, and believes nothing.

It listens on loopback alone; a tunnel or a proxy of the person's leads there from the public address. Whoever calls
is a stranger: only an address that we gave away ourselves is answered with 204, every other one with 404. A person
who looks at the public address with a browser is told that it leads here, and nothing else.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import hmac
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from krea_tui.domain.answers import REQUEST_ID, CallbackHint
from krea_tui.domain.errors import ConfigError
from krea_tui.domain.pacing import TokenBucket
from krea_tui.gateway.wire import Unreadable, read_object

HOST: Final = "127.0.0.1"
# A callback has the shape of a status answer, which is about one kilobyte; an error's words may be longer.
MAX_BODY_BYTES: Final = 65_536
MAX_HEAD_BYTES: Final = 16_384
BODY_LIMIT_S: Final = 5.0
CONNECTION_LIMIT_S: Final = 10.0
MAX_CONNECTIONS: Final = 64
CALLBACKS_PER_S: Final = 50.0
BURST: Final = 200

GREETING: Final = "It works: the gateway's callbacks would be heard here.\n"

_MAC_LENGTH: Final = 32
_STOP_LIMIT_S: Final = 5.0
_LOG: Final = logging.getLogger("krea_tui.gateway")
_LOG.addHandler(logging.NullHandler())


class CallbackTokens:
    """The last part of a callback's address: an attempt's id and the proof that we made it (HMAC-SHA256)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token_of(self, attempt_id: str) -> str:
        """The token of an attempt, of letters, digits and dashes; the same at every time for the same secret."""
        proof = hmac.new(self._secret, attempt_id.encode(), hashlib.sha256).hexdigest()[:_MAC_LENGTH]
        return f"{attempt_id}-{proof}"

    def attempt_of(self, token: str) -> str | None:
        """The attempt that a token was made for, None for a token that is not ours."""
        attempt_id = token.rpartition("-")[0]
        is_ours = bool(attempt_id) and hmac.compare_digest(self.token_of(attempt_id).encode(), token.encode())
        return attempt_id if is_ours else None


class WebhookReceiver:
    """Listens on a loopback port, from a thread of its own, and puts hints on the queue of the loop that started it.

    `monotonic` is the clock of the rate limit, in seconds.
    """

    def __init__(
        self,
        public_url: str,
        port: int,
        secret: bytes,
        hints: asyncio.Queue[CallbackHint],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.public_url = public_url.rstrip("/")
        self._port = port
        self._tokens = CallbackTokens(secret)
        self._hints = hints
        self._monotonic = monotonic
        self._bucket = TokenBucket(CALLBACKS_PER_S, BURST, monotonic())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def callback_url(self, attempt_id: str) -> str:
        """The address for `X-Webhook-URL` of one attempt."""
        return f"{self.public_url}/{self._tokens.token_of(attempt_id)}"

    @property
    def is_listening(self) -> bool:
        """Whether somebody would be heard."""
        return self._thread is not None and self._thread.is_alive()

    async def start(self) -> None:
        """Listen; raises `ConfigError` where the port cannot be had."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._start)

    async def aclose(self) -> None:
        """Drop every connection and listen no more."""
        await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        listener = _listen(self._port)
        routes = [
            Route("/{path:path}", self._greet, methods=["GET"]),
            Route("/{path:path}", self._hear, methods=["POST"]),
        ]
        self._server = _Server(_config(Starlette(routes=routes)))
        self._thread = threading.Thread(
            target=_serve, args=(self._server, listener), name="krea-callbacks", daemon=True
        )
        self._thread.start()

    def _stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join(_STOP_LIMIT_S)
        self._server = self._thread = None

    async def _greet(self, request: Request) -> Response:
        # The public address as it arrives here, whatever a proxy has cut off of it; all else is as if nobody looked.
        roots = {"", urlsplit(self.public_url).path.strip("/")}
        if request.path_params["path"].strip("/") not in roots:
            return _answer(405)
        return PlainTextResponse(GREETING, headers={"Connection": "close", "Cache-Control": "no-store"})

    async def _hear(self, request: Request) -> Response:
        # A proxy may have cut a part of the public address off, or put one before it: the token alone counts.
        attempt_id = self._tokens.attempt_of(request.path_params["path"].rpartition("/")[2])
        if attempt_id is None:
            return _answer(404)
        if self._bucket.take(self._monotonic()) > 0:
            return _answer(429)
        hint = CallbackHint(attempt_id, await _request_id_in(request))
        # The loop may be gone by now, with all that would have listened.
        with suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._put, hint)
        return _answer(204)

    def _put(self, hint: CallbackHint) -> None:
        # What does not fit is lost: the job is checked in its turn.
        with suppress(asyncio.QueueFull):
            self._hints.put_nowait(hint)


class _Connection(H11Protocol):
    """One request on one connection, and not for long: strangers must not use up this process's file descriptors."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limit = self.loop.call_later(CONNECTION_LIMIT_S, transport.abort)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._limit.cancel()
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """Drops what is still open when it ends."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


def _listen(port: int) -> socket.socket:
    # Named as TCP, or asyncio would leave Nagle's delay on.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        cause = "is taken by another program" if error.errno == errno.EADDRINUSE else f"is refused ({error.strerror})"
        raise ConfigError(
            f"webhook.port: port {port} {cause}, so no callbacks are received",
            advice="Free it or set another one. Jobs are sent and checked as usual meanwhile.",
        ) from error
    return listener


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        # Paths are secrets here: nothing is ever logged of a request.
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_graceful_shutdown=1,
    )


def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        asyncio.run(server.serve([listener]))
    except Exception:
        _LOG.exception("the receiver of callbacks ended")
    finally:
        listener.close()


def _answer(status_code: int) -> Response:
    return Response(status_code=status_code, headers={"Connection": "close"})


async def _request_id_in(request: Request) -> str | None:
    """The request id that the body names, None where it is too large, too slow or no callback's."""
    received = bytearray()
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            async for part in request.stream():
                received += part
                if len(received) > MAX_BODY_BYTES:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    try:
        request_id = read_object(bytes(received)).get("request_id")
    except Unreadable:
        return None
    return request_id if isinstance(request_id, str) and REQUEST_ID.fullmatch(request_id) else None
