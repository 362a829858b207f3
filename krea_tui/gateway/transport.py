"""The HTTP clients, and what no request of ours ever does: redirect, keep cookies, retry by itself."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from krea_tui.gateway.wire import MAX_ANSWER_BYTES

CONNECT_TIMEOUT_S: Final = 15.0
READ_TIMEOUT_S: Final = 60.0
# One connection for each request in flight; httpx slows down badly with many (its pool is quadratic).
MAX_CONNECTIONS: Final = 8
_USER_AGENT: Final = "krea-tui"


def new_client(context: ssl.SSLContext, *, local: bool, read_timeout_s: float, keep_alive: bool) -> httpx.AsyncClient:
    """A client without redirects, cookies and retries; on loopback without any proxy of the environment.

    With `keep_alive` off every request opens its own connection, so a stale one can never leave a submission in doubt.
    """
    return httpx.AsyncClient(
        verify=context,
        trust_env=not local,
        follow_redirects=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S, pool=None),
        limits=httpx.Limits(
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS if keep_alive else 0,
            keepalive_expiry=20.0,
        ),
        # No compression: an answer's size on the wire is its size in memory.
        headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
    )


class DoubtMark:
    """Becomes true when the first byte of the request itself may have left this machine.

    It listens to httpcore's trace: `send_request_headers.started`. A proxy's CONNECT is not the request.
    """

    def __init__(self) -> None:
        self.is_set = False

    async def __call__(self, event: str, info: Mapping[str, object]) -> None:
        """The trace hook of httpcore."""
        if event.endswith(".send_request_headers.started"):
            method = getattr(info.get("request"), "method", b"")
            self.is_set = self.is_set or method != b"CONNECT"


async def read_limited(response: httpx.Response) -> bytes:
    """The body up to the size that an answer of the gateway may have; the rest is left unread."""
    received = bytearray()
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > MAX_ANSWER_BYTES:
            break
    return bytes(received[:MAX_ANSWER_BYTES])


def fault_words(error: BaseException) -> str:
    """A fault of the network in words that hold no URL and no header."""
    names: tuple[tuple[type[BaseException], str], ...] = (
        (httpx.ConnectTimeout, "no connection within the time limit"),
        (httpx.ReadTimeout, "no answer within the time limit"),
        (httpx.WriteTimeout, "the request could not be written within the time limit"),
        (TimeoutError, "no answer within the time limit"),
        (httpx.ProxyError, "the proxy refuses the connection"),
        (httpx.ConnectError, "cannot connect"),
        (httpx.RemoteProtocolError, "the connection was closed in the middle of the answer"),
        (httpx.NetworkError, "the connection broke"),
    )
    words = next((text for kind, text in names if isinstance(error, kind)), type(error).__name__)
    if isinstance(error, httpx.ConnectError):
        cause = str(error).lower()
        if "certificate" in cause or "ssl" in cause:
            return f"{words}: the TLS handshake failed"
        if "name" in cause or "getaddrinfo" in cause or "nodename" in cause:
            return f"{words}: the name does not resolve"
        if "refused" in cause or "all connection attempts failed" in cause:
            return f"{words}: nobody answers at the gateway's address"
    return words
