"""The gateway's three calls: submit, status, download."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from krea_tui.domain.answers import REQUEST_ID, StatusAnswer, SubmitAnswer
from krea_tui.domain.errors import DownloadError, GatewayTrouble, InDoubt, KeyRefused, NotSent, UnknownRequest
from krea_tui.gateway.addresses import check_media_url, check_resolved, goes_through_proxy, is_loopback_host
from krea_tui.gateway.bodies import pieces_of, read_limited, without_key
from krea_tui.gateway.faults import fault_words
from krea_tui.gateway.refusals import status_error, submission_error
from krea_tui.gateway.surroundings import https_proxy, tls_context
from krea_tui.gateway.transport import READ_TIMEOUT_S, PeerCheck, Trace, new_client
from krea_tui.gateway.wire import Unreadable, read_status, read_submit, write_body

KEY_HEADER: Final = "Ocp-Apim-Subscription-Key"
WEBHOOK_HEADER: Final = "X-Webhook-URL"
MAX_REDIRECTS: Final = 3
POLL_TIMEOUT_S: Final = 20.0
DOWNLOAD_STALL_S: Final = 60.0
# A host that sends a byte a minute must not hold a place for ever; the largest picture needs 37 kB a second.
DOWNLOAD_LIMIT_S: Final = 1_800.0
_DEAD_LINK: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """Where the gateway is. Paths are configuration, since the vendor's drift; `{request_id}` is filled in by us."""

    base_url: str
    submit_path: str
    status_path: str

    @property
    def submit_url(self) -> str:
        """The URL of the one POST."""
        return self.base_url.rstrip("/") + self.submit_path

    def status_url(self, request_id: str) -> str:
        """The URL of a status request; raises `UnknownRequest` for an id of another shape."""
        if not REQUEST_ID.fullmatch(request_id) or set(request_id) == {"."}:
            raise UnknownRequest("this is no request id")
        return self.base_url.rstrip("/") + self.status_path.format(request_id=request_id)

    @property
    def is_local(self) -> bool:
        """Whether the gateway is on this machine (a simulator)."""
        return is_loopback_host(urlsplit(self.base_url).hostname)


class HttpGateway:
    """The vendor's gateway over HTTP. Create it on the loop that uses it; `aclose()` it at the end.

    Raises `ConfigError` where the environment names a proxy or certificates that cannot be used.
    """

    def __init__(self, address: GatewayAddress, key: str, *, read_timeout_s: float = READ_TIMEOUT_S) -> None:
        self._address = address
        self._key = key
        self._answer_limit_s = read_timeout_s * 2
        context = tls_context(local=address.is_local)
        proxy = None if address.is_local else https_proxy()
        poll_timeout_s = min(read_timeout_s, POLL_TIMEOUT_S)
        self._has_proxy = proxy is not None
        self._posts = new_client(context, proxy, read_timeout_s=read_timeout_s, keep_alive=False)
        self._polls = new_client(context, proxy, read_timeout_s=poll_timeout_s, keep_alive=True)
        self._fresh_polls = new_client(context, proxy, read_timeout_s=poll_timeout_s, keep_alive=False)
        self._media = new_client(context, proxy, read_timeout_s=DOWNLOAD_STALL_S, keep_alive=True)

    async def aclose(self) -> None:
        """Close every connection."""
        for client in (self._posts, self._polls, self._fresh_polls, self._media):
            await client.aclose()

    def use_key(self, key: str) -> None:
        """Send another key from now on."""
        self._key = key

    async def submit(self, body: Mapping[str, object], *, callback_url: str | None = None) -> SubmitAnswer:
        """Send one generate request, once.

        Raises:
            NotSent: no byte of the request left this machine.
            InDoubt: it may have been accepted and charged.
            RateLimited, InsufficientBalance, KeyRefused, AccessForbidden, RequestRefused, WrongAddress:
                the gateway refused it; nothing was charged.
        """
        headers = {
            "Content-Type": "application/json",
            "Cache-Control": "no-cache",
            KEY_HEADER: self._sendable_key(),
        }
        if callback_url:
            headers[WEBHOOK_HEADER] = callback_url
        url = self._address.submit_url
        trace = self._trace_of(url)
        content = write_body(body)
        try:
            request = self._posts.build_request(
                "POST", url, content=content, headers=headers, extensions={"trace": trace}
            )
            async with asyncio.timeout(self._answer_limit_s):
                response = await self._posts.send(request, stream=True)
                payload = without_key(await _body_of(response), self._key)
        except Exception as error:
            # Whatever it was: only the mark decides whether this request may be sent again.
            if trace.is_sent:
                raise InDoubt(f"the request was sent, but {fault_words(error, trace)}") from error
            raise NotSent(fault_words(error, trace)) from error
        if response.is_success:
            try:
                return read_submit(payload)
            except Unreadable as error:
                words = f"the gateway answered {response.status_code}, but {error}"
                raise InDoubt(words, status_code=response.status_code) from error
        raise submission_error(response.status_code, response.headers, payload, url=url, now=time.time())

    async def status(self, request_id: str) -> StatusAnswer:
        """Ask for one job's status; safe to repeat.

        Where the server had closed a kept connection, the request is made once more on a new one.

        Raises:
            UnknownRequest: 404.
            RateLimited, KeyRefused: as they say.
            GatewayTrouble: anything that should pass by itself.
        """
        url = self._address.status_url(request_id)
        headers = {"Cache-Control": "no-cache", KEY_HEADER: self._sendable_key()}
        trace = self._trace_of(url)
        try:
            async with asyncio.timeout(self._answer_limit_s):
                try:
                    response, payload = await self._asked(self._polls, url, headers, trace)
                except (httpx.NetworkError, httpx.RemoteProtocolError):
                    if not trace.was_stale:
                        raise
                    # The server had closed a connection that was kept: no trouble of the gateway's.
                    trace = self._trace_of(url)
                    response, payload = await self._asked(self._fresh_polls, url, headers, trace)
        except Exception as error:
            raise GatewayTrouble(fault_words(error, trace)) from error
        if response.status_code != HTTPStatus.OK:
            raise status_error(response.status_code, response.headers, payload, now=time.time())
        try:
            return read_status(payload, request_id)
        except Unreadable as error:
            raise GatewayTrouble(str(error), status_code=response.status_code) from error

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a picture's URL and yield its bytes: without the key, following at most three checked redirects.

        Raises `DownloadError`, permanent where another try of the same URL is of no use.
        """
        try:
            async with asyncio.timeout(DOWNLOAD_LIMIT_S):
                response = await self._open_media(url)
                try:
                    yield pieces_of(response)
                finally:
                    await response.aclose()
        except httpx.InvalidURL as error:
            raise DownloadError("the picture's URL is no URL, or leads to none", permanent=True) from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise DownloadError(f"the download failed: {fault_words(error)}") from error

    async def _asked(
        self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], trace: Trace
    ) -> tuple[httpx.Response, bytes]:
        request = client.build_request("GET", url, headers=headers, extensions={"trace": trace})
        response = await client.send(request, stream=True)
        try:
            return response, without_key(await read_limited(response), self._key)
        finally:
            await response.aclose()

    def _trace_of(self, url: str) -> Trace:
        return Trace(through_proxy=self._has_proxy and goes_through_proxy(url))

    async def _open_media(self, url: str) -> httpx.Response:
        for _ in range(MAX_REDIRECTS + 1):
            check_media_url(url, local_gateway=self._address.is_local)
            direct = not self._address.is_local and not (self._has_proxy and goes_through_proxy(url))
            if direct:
                await check_resolved(url)
            trace = {"trace": PeerCheck(urlsplit(url).hostname or "")} if direct else {}
            request = self._media.build_request("GET", url, extensions=trace)
            response = await self._media.send(request, stream=True)
            try:
                if response.status_code not in _REDIRECTS:
                    _check_media_answer(response)
                    return response
                url = _redirected(url, response.headers.get("location", ""))
            except BaseException:
                await response.aclose()
                raise
            await response.aclose()
        raise DownloadError(f"the picture's URL redirects more than {MAX_REDIRECTS} times", permanent=True)

    def _sendable_key(self) -> str:
        if not self._key.isascii() or not self._key.isprintable() or not self._key:
            raise KeyRefused("the API key cannot be sent: it is empty or has characters that no header can carry")
        return self._key


async def _body_of(response: httpx.Response) -> bytes:
    try:
        return await read_limited(response)
    except (httpx.HTTPError, httpx.StreamError, OSError):
        # A refusal is known by its status alone; only an acceptance needs its body.
        if response.is_success:
            raise
        return b""
    finally:
        await response.aclose()


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise DownloadError("the picture's URL redirects to what is no URL", permanent=True) from error


def _check_media_answer(response: httpx.Response) -> None:
    code = response.status_code
    if code == HTTPStatus.OK:
        return
    raise DownloadError(f"the picture's URL answers {code}", permanent=code in _DEAD_LINK)
