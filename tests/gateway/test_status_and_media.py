"""Status requests and downloads: safe to repeat, never redirected blindly, and no key but to the gateway."""

import socket

import pytest

from krea_tui.domain.errors import (
    DownloadError,
    GatewayError,
    GatewayTrouble,
    KeyRefused,
    RateLimited,
    UnknownRequest,
)
from krea_tui.gateway.client import HttpGateway
from krea_tui.simulator import Behaviour, Close, Fault, MediaForm, Simulator, Target
from tests.gateway.test_submit import BODY, client, headers_of
from tests.support.keys import KEY
from tests.support.raw_server import answer, raw_server


async def fetched(gateway: HttpGateway, url: str) -> bytes:
    async with gateway.download(url) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def media_url(gateway: HttpGateway) -> str:
    accepted = await gateway.submit(BODY)
    [url] = (await gateway.status(accepted.request_id)).media_urls
    return url


async def test_a_status_request_is_the_page_s() -> None:
    with raw_server(answer("200 OK", b'{"status": "QUEUED"}')) as server:
        async with client(server.url) as gateway:
            assert (await gateway.status("abc")).status == "QUEUED"
        [request] = server.received
    assert request.startswith(b"GET /v2/requests/status/abc HTTP/1.1\r\n")
    assert headers_of(request)["ocp-apim-subscription-key"] == KEY


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (401, KeyRefused),
        (404, UnknownRequest),
        (429, RateLimited),
        *[(code, GatewayTrouble) for code in (204, 301, 302, 307, 308, 400, 402, 403, 405, 408, 410, 500, 502, 503)],
    ],
)
async def test_every_status_code_has_its_meaning(code: int, kind: type[GatewayError]) -> None:
    elsewhere = answer("200 OK", b'{"status": "COMPLETED"}')
    with raw_server(answer(f"{code} So", b"", "Location: /elsewhere", "Retry-After: 3"), elsewhere) as server:
        async with client(server.url) as gateway:
            with pytest.raises(kind) as caught:
                await gateway.status("abc")
        assert len(server.received) == 1, "neither repeated nor redirected"
    assert type(caught.value) is kind
    if isinstance(caught.value, RateLimited | GatewayTrouble):
        assert caught.value.retry_after_s == 3.0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"<html>",
        b'{"status": ""}',
        b'{"status": 5}',
        b'{"status": "COMPLETED", "request_id": "another"}',
        b'{"status": "QUEUED"',
    ],
)
async def test_an_answer_that_cannot_be_read_is_trouble_and_nothing_else(body: bytes) -> None:
    with raw_server(answer("200 OK", body)) as server:
        async with client(server.url) as gateway:
            with pytest.raises(GatewayTrouble):
                await gateway.status("abc")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(on=Target.STATUS, close=Close.AFTER_BODY),
        Fault(on=Target.STATUS, cut_at=40),
        Fault(on=Target.STATUS, cut_at=200),
        Fault(on=Target.STATUS, hang_s=5.0),
    ],
)
async def test_a_broken_connection_is_trouble(gateway: HttpGateway, simulator: Simulator, fault: Fault) -> None:
    accepted = await gateway.submit(BODY)
    simulator.set_behaviour(Behaviour(faults=(fault,)))
    with pytest.raises(GatewayTrouble):
        await gateway.status(accepted.request_id)
    assert (await gateway.status(accepted.request_id)).status == "COMPLETED"


@pytest.mark.parametrize("request_id", ["", ".", "..", "a/b", "a?b", "a b", "ä", "a" * 201, "a\n", "{request_id}"])
async def test_no_other_path_can_be_asked_for(gateway: HttpGateway, simulator: Simulator, request_id: str) -> None:
    with pytest.raises(UnknownRequest):
        await gateway.status(request_id)
    assert simulator.stats.connections == 0


async def test_cookies_are_neither_kept_nor_sent_back() -> None:
    cookie = ("Set-Cookie: track=1; Path=/", "Set-Cookie: other=2; Domain=127.0.0.1; Path=/")
    ok = answer("200 OK", b'{"status": "QUEUED"}', *cookie)
    with raw_server(answer("202 Accepted", b'{"request_id": "abc"}', *cookie), ok) as server:
        async with client(server.url) as gateway:
            await gateway.submit(BODY)
            await gateway.status("abc")
            await gateway.status("abc")
            assert await fetched(gateway, f"{server.url}/a.png")
        assert len(server.received) == 4
        assert not any("cookie" in headers_of(request) for request in server.received)


async def test_a_picture_is_fetched_without_the_key(gateway: HttpGateway, simulator: Simulator) -> None:
    picture = await fetched(gateway, await media_url(gateway))
    assert picture.startswith(b"\x89PNG")
    assert (simulator.stats.media_key_leaks, simulator.stats.cookies_seen) == (0, 0)


async def test_a_picture_s_request_carries_nothing_of_ours() -> None:
    with raw_server(answer("200 OK", b"picture")) as server:
        async with client(server.url) as gateway:
            assert await fetched(gateway, f"{server.url}/a.png?sig=1") == b"picture"
        [request] = server.received
    assert KEY.encode() not in request
    assert {"authorization", "cookie", "ocp-apim-subscription-key", "referer"}.isdisjoint(headers_of(request))


@pytest.mark.parametrize("hops", [1, 3])
async def test_redirects_are_followed_up_to_three(hops: int) -> None:
    hop = answer("302 Found", b"", "Location: /next")
    with raw_server(*[hop] * hops, answer("200 OK", b"picture")) as server:
        async with client(server.url) as gateway:
            assert await fetched(gateway, f"{server.url}/a.png") == b"picture"
        assert len(server.received) == hops + 1
        assert KEY.encode() not in b"".join(server.received)


@pytest.mark.parametrize(
    ("location", "requests"),
    [
        ("/loop", 4),
        ("file:///etc/passwd", 1),
        ("ftp://127.0.0.1/a", 1),
        ("http://user:pw@127.0.0.1/a", 1),
        ("http://[", 1),
    ],
)
async def test_a_redirect_that_leads_nowhere_good_is_permanent(location: str, requests: int) -> None:
    with raw_server(answer("302 Found", b"", f"Location: {location}")) as server:
        async with client(server.url) as gateway:
            with pytest.raises(DownloadError) as caught:
                await fetched(gateway, f"{server.url}/a.png")
        assert caught.value.permanent
        assert len(server.received) == requests


@pytest.mark.parametrize(("code", "permanent"), [(403, True), (404, True), (410, True), (429, False), (500, False)])
async def test_a_dead_link_is_permanent_and_a_tired_host_is_not(code: int, permanent: bool) -> None:
    with raw_server(answer(f"{code} So")) as server:
        async with client(server.url) as gateway:
            with pytest.raises(DownloadError) as caught:
                await fetched(gateway, f"{server.url}/a.png")
    assert caught.value.permanent is permanent


@pytest.mark.parametrize(
    "fault", [Fault(on=Target.MEDIA, media=MediaForm.TRUNCATED), Fault(on=Target.MEDIA, cut_at=40)]
)
async def test_a_truncated_picture_is_an_error_and_may_be_tried_again(
    gateway: HttpGateway, simulator: Simulator, fault: Fault
) -> None:
    url = await media_url(gateway)
    simulator.set_behaviour(Behaviour(faults=(fault,)))
    with pytest.raises(DownloadError) as caught:
        await fetched(gateway, url)
    assert not caught.value.permanent
    assert await fetched(gateway, url)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://", "http://[::1", "http://127.0.0.1:99999/a", "http://a\x00b/"]
)
async def test_what_is_no_url_is_a_download_error(gateway: HttpGateway, url: str) -> None:
    with pytest.raises(DownloadError):
        await fetched(gateway, url)


async def test_a_picture_of_a_refused_host_may_be_tried_again() -> None:
    with raw_server(b"") as server:
        dead = server.url
    async with client(dead) as gateway:
        with pytest.raises(DownloadError) as caught:
            await fetched(gateway, f"{dead}/a.png")
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "url",
    ["http://example.org/a.png", "https://127.0.0.1/a.png", "https://localhost/a.png", "https://10.0.0.1/a.png"],
)
async def test_beside_a_remote_gateway_nothing_local_or_plain_is_fetched(url: str) -> None:
    async with client("https://gateway.invalid") as gateway:
        with pytest.raises(DownloadError) as caught:
            await fetched(gateway, url)
    assert caught.value.permanent


async def test_beside_a_remote_gateway_a_name_that_resolves_to_this_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    async with client("https://gateway.invalid") as gateway:
        with pytest.raises(DownloadError, match="private network") as caught:
            await fetched(gateway, "https://media.example.org/a.png")
    assert caught.value.permanent
