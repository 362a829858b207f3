"""The HTTP clients, and what no request of ours ever does: redirect, keep cookies, retry by itself."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpcore
import httpx

from krea_tui.domain.errors import DownloadError
from krea_tui.gateway.addresses import check_peer, goes_through_proxy

CONNECT_TIMEOUT_S: Final = 15.0
READ_TIMEOUT_S: Final = 60.0
# One connection for each request in flight; httpx slows down badly with many (its pool is quadratic).
MAX_CONNECTIONS: Final = 8
_KEEP_ALIVE_S: Final = 20.0
_USER_AGENT: Final = "krea-tui"


def new_client(
    context: ssl.SSLContext, proxy: httpx.Proxy | None, *, read_timeout_s: float, keep_alive: bool
) -> httpx.AsyncClient:
    """A client without redirects, cookies and retries, and with no proxy but the one given.

    With `keep_alive` off every request opens its own connection, so a stale one can never leave a submission in doubt.
    """
    limits = httpx.Limits(
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_CONNECTIONS if keep_alive else 0,
        keepalive_expiry=_KEEP_ALIVE_S,
    )
    direct = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)
    return httpx.AsyncClient(
        transport=direct if proxy is None else _ByRoute(direct, context, proxy, limits),
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S, pool=None),
        # No compression: an answer's size on the wire is its size in memory.
        headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
    )


class _ByRoute(httpx.AsyncBaseTransport):
    """Takes the proxy, or the direct way to the hosts of NO_PROXY."""

    def __init__(
        self, direct: httpx.AsyncHTTPTransport, context: ssl.SSLContext, proxy: httpx.Proxy, limits: httpx.Limits
    ) -> None:
        self._direct = direct
        self._through = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits, proxy=proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request its way."""
        through = goes_through_proxy(str(request.url))
        return await (self._through if through else self._direct).handle_async_request(request)

    async def aclose(self) -> None:
        """Close both ways."""
        await self._direct.aclose()
        await self._through.aclose()


class Trace:
    """How far one request came, by httpcore's own trace events.

    `is_sent` is the mark of doubt: it becomes true when the first byte of the request itself may have left this
    machine (`send_request_headers.started`). A proxy's CONNECT is not the request; until it is answered
    `is_at_proxy` holds.
    """

    def __init__(self, *, through_proxy: bool = False) -> None:
        self.is_sent = False
        self.is_at_proxy = through_proxy
        self.is_in_handshake = False
        self._is_connected_anew = False
        self._has_answer = False

    async def __call__(self, event: str, info: Mapping[str, object]) -> None:
        """The trace hook of httpcore."""
        step = event.partition(".")[2]
        if step == "connect_tcp.started":
            self._is_connected_anew = True
        elif step == "start_tls.started":
            self.is_in_handshake = True
        elif step == "start_tls.complete":
            self.is_in_handshake = False
        elif step == "send_request_headers.started":
            is_connect = getattr(info.get("request"), "method", b"") == b"CONNECT"
            self.is_sent = self.is_sent or not is_connect
        elif step == "receive_response_headers.complete":
            self.is_at_proxy = False
            self._has_answer = self.is_sent

    @property
    def was_stale(self) -> bool:
        """Whether the request went out on a kept connection that brought no answer: the server had closed it."""
        return self.is_sent and not self._is_connected_anew and not self._has_answer


class PeerCheck:
    """Looks where a new connection leads before a byte is written to it.

    A name can resolve to another address between a check and the connection. Raises `DownloadError` into the request.
    """

    def __init__(self, host: str) -> None:
        self._host = host

    async def __call__(self, event: str, info: Mapping[str, object]) -> None:
        """The trace hook of httpcore."""
        if event.partition(".")[2] != "connect_tcp.complete":
            return
        stream = info.get("return_value")
        if not isinstance(stream, httpcore.AsyncNetworkStream):
            return
        peer = stream.get_extra_info("server_addr")
        try:
            check_peer(str(peer[0]) if isinstance(peer, tuple) and peer else "", self._host)
        except DownloadError:
            await stream.aclose()
            raise
