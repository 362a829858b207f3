"""The one POST: what it carries, what each answer means, and when it is in doubt."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

import pytest

from krea_tui.domain.errors import (
    AccessForbidden,
    GatewayError,
    InDoubt,
    InsufficientBalance,
    KeyRefused,
    ModelUnavailable,
    NotSent,
    RateLimited,
    RequestRefused,
    WrongAddress,
)
from krea_tui.gateway.client import GatewayAddress, HttpGateway
from krea_tui.simulator import Close, Fault, Simulator, Target
from tests.support.bench import STATUS_PATH, SUBMIT_PATH
from tests.support.keys import KEY
from tests.support.making import make_request
from tests.support.raw_server import answer, raw_server

BODY = make_request().body()
ACCEPTED = answer("202 Accepted", b'{"request_id": "abc", "status": "QUEUED"}')


@asynccontextmanager
async def client(url: str, *, read_timeout_s: float = 2.0) -> AsyncIterator[HttpGateway]:
    gateway = HttpGateway(GatewayAddress(url, SUBMIT_PATH, STATUS_PATH), KEY, read_timeout_s=read_timeout_s)
    try:
        yield gateway
    finally:
        await gateway.aclose()


def headers_of(request: bytes) -> dict[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


async def test_the_request_is_exactly_the_page_s() -> None:
    with raw_server(ACCEPTED) as server:
        async with client(server.url) as gateway:
            got = await gateway.submit(BODY)
        [request] = server.received
    assert got.request_id == "abc"
    assert request.startswith(b"POST /krea-2-large-text-to-image/v1/krea-2-large-text-to-image-request HTTP/1.1\r\n")
    headers = headers_of(request)
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-cache"
    assert headers["ocp-apim-subscription-key"] == KEY
    assert "cookie" not in headers
    assert "x-webhook-url" not in headers
    body = json.loads(request.partition(b"\r\n\r\n")[2])
    assert body == {
        "prompt": "a lighthouse in heavy fog",
        "aspect_ratio": "1:1",
        "creativity": "medium",
        "seed": 7,
        "image_style_references": [],
        "styles": [],
        "moodboards": [],
    }


async def test_a_callback_is_asked_for_by_its_header() -> None:
    with raw_server(ACCEPTED) as server:
        async with client(server.url) as gateway:
            await gateway.submit(BODY, callback_url="https://me.example.org/hook/1")
        assert headers_of(server.received[0])["x-webhook-url"] == "https://me.example.org/hook/1"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, RequestRefused),
        (401, KeyRefused),
        (402, InsufficientBalance),
        (403, AccessForbidden),
        (404, WrongAddress),
        (405, WrongAddress),
        (413, RequestRefused),
        (415, RequestRefused),
        (422, RequestRefused),
        (429, RateLimited),
        *[(code, WrongAddress) for code in (300, 301, 302, 303, 304, 307, 308)],
        *[(code, InDoubt) for code in (406, 408, 409, 410, 418, 423, 425, 451, 499)],
        *[(code, InDoubt) for code in (500, 501, 502, 503, 504, 520, 599)],
    ],
)
async def test_every_status_code_has_its_meaning(
    gateway: HttpGateway, simulator: Simulator, code: int, kind: type[GatewayError]
) -> None:
    fault = Fault(on=Target.POST, status=code, headers=(("Location", "/elsewhere"),), body='{"message": "so it is"}')
    simulator.set_behaviour(type(simulator.behaviour)(faults=(fault,)))
    with pytest.raises(kind) as caught:
        await gateway.submit(BODY)
    assert type(caught.value) is kind
    assert caught.value.status_code == code
    assert simulator.stats.posts == 1, "neither repeated nor redirected"
    if code != 304:
        assert "so it is" in str(caught.value)


@pytest.mark.parametrize("code", [200, 201, 202, 203])
async def test_any_2xx_with_a_request_id_is_an_acceptance(code: int) -> None:
    with raw_server(answer(f"{code} So", b'{"request_id": "abc"}')) as server:
        async with client(server.url) as gateway:
            assert (await gateway.submit(BODY)).request_id == "abc"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"<html>hello</html>",
        b'{"request_id": ""}',
        b'{"request_id": 5}',
        b'{"request_id": null}',
        b'{"request_id": "a/b"}',
        b'{"request_id": "a b"}',
        b'{"request_id": "%s"}' % (b"a" * 201),
        b'{"request_id": "abc"',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
async def test_a_2xx_without_a_valid_request_id_is_in_doubt(body: bytes) -> None:
    with raw_server(answer("202 Accepted", body)) as server:
        async with client(server.url) as gateway:
            with pytest.raises(InDoubt):
                await gateway.submit(BODY)


async def test_a_disabled_model_is_told_apart(gateway: HttpGateway, simulator: Simulator) -> None:
    simulator.set_behaviour(simulator.behaviour.changed({"model_enabled": False}))
    with pytest.raises(ModelUnavailable, match="not found or is disabled"):
        await gateway.submit(BODY)


async def test_an_empty_wallet_is_told_in_the_gateway_s_words(gateway: HttpGateway, simulator: Simulator) -> None:
    simulator.set_behaviour(simulator.behaviour.changed({"balance_microusd": 0}))
    with pytest.raises(InsufficientBalance, match="does not have enough balance"):
        await gateway.submit(BODY)


RETRY_AFTER = [
    ("Retry-After: 90", b"{}", 90.0),
    ("Retry-After: 0", b"{}", 0.0),
    ("Retry-After: -5", b"{}", 0.0),
    ("Retry-After: 1e9", b"{}", 86_400.0),
    ("Retry-After: soon", b"{}", None),
    ("Retry-After: soon", b'{"retry_after": 12}', 12.0),
    ("X-Nothing: 1", b'{"retry_after": "7.5"}', 7.5),
    ("X-Nothing: 1", b'{"error": {"retry_after": 3}}', 3.0),
    ("X-Nothing: 1", b'{"retry_after": true}', None),
    ("X-Nothing: 1", b"", None),
]


@pytest.mark.parametrize(("header", "body", "wait_s"), RETRY_AFTER)
async def test_a_429_says_how_long_to_wait(header: str, body: bytes, wait_s: float | None) -> None:
    with raw_server(answer("429 Too Many Requests", body, header)) as server:
        async with client(server.url) as gateway:
            with pytest.raises(RateLimited) as caught:
                await gateway.submit(BODY)
    assert caught.value.retry_after_s == wait_s


async def test_a_date_is_compared_with_the_server_s_own_clock() -> None:
    wrong_clock = 1_000_000_000.0
    headers = (
        f"Date: {formatdate(wrong_clock, usegmt=True)}",
        f"Retry-After: {formatdate(wrong_clock + 40, usegmt=True)}",
    )
    with raw_server(answer("429 Too Many Requests", b"", *headers)) as server:
        async with client(server.url) as gateway:
            with pytest.raises(RateLimited) as caught:
                await gateway.submit(BODY)
    assert caught.value.retry_after_s == 40.0


async def test_a_refused_connection_was_never_sent() -> None:
    with raw_server(ACCEPTED) as server:
        port = server.port
    async with client(f"http://127.0.0.1:{port}") as gateway:
        with pytest.raises(NotSent, match="nobody answers"):
            await gateway.submit(BODY)


async def test_a_name_that_does_not_resolve_was_never_sent() -> None:
    async with client("https://gateway.invalid") as gateway:
        with pytest.raises(NotSent):
            await gateway.submit(BODY)


async def test_a_tls_handshake_that_fails_was_never_sent() -> None:
    with raw_server(b"this is no TLS\r\n") as server:
        async with client(server.url.replace("http:", "https:")) as gateway:
            with pytest.raises(NotSent):
                await gateway.submit(BODY)
        assert b"ocp-apim" not in b"".join(server.received).lower()


IN_DOUBT = {
    "closed before reading": Fault(on=Target.CONNECTION),
    "closed after the headers": Fault(on=Target.POST, close=Close.AFTER_HEADERS),
    "reset after the headers": Fault(on=Target.POST, close=Close.AFTER_HEADERS, reset=True),
    "closed after the body": Fault(on=Target.POST, close=Close.AFTER_BODY),
    "closed after acceptance": Fault(on=Target.POST, close=Close.AFTER_ACCEPT),
    "reset after acceptance": Fault(on=Target.POST, close=Close.AFTER_ACCEPT, reset=True),
    "nothing but a status line": Fault(on=Target.POST, cut_at=24),
    "cut in the headers": Fault(on=Target.POST, cut_at=60),
    "cut in the body": Fault(on=Target.POST, cut_at=200),
    "hanging": Fault(on=Target.POST, hang_s=5.0),
    "answering a byte at a time for ever": Fault(on=Target.POST, drip_s=0.1),
}


@pytest.mark.parametrize("fault", IN_DOUBT.values(), ids=IN_DOUBT.keys())
async def test_after_the_first_byte_everything_is_in_doubt(
    gateway: HttpGateway, simulator: Simulator, fault: Fault
) -> None:
    simulator.set_behaviour(type(simulator.behaviour)(faults=(fault,)))
    with pytest.raises(InDoubt):
        await gateway.submit(BODY)
    assert simulator.stats.connections == 1, "no retry"


async def test_a_reset_at_once_is_judged_by_whether_a_byte_had_left(gateway: HttpGateway, simulator: Simulator) -> None:
    simulator.set_behaviour(type(simulator.behaviour)(faults=(Fault(on=Target.CONNECTION, reset=True),)))
    with pytest.raises((NotSent, InDoubt)):
        await gateway.submit(BODY)
    assert simulator.stats.posts == 0


@pytest.mark.parametrize("cut_at", range(0, 260, 13))
async def test_an_answer_cut_anywhere_is_an_acceptance_or_in_doubt(
    gateway: HttpGateway, simulator: Simulator, cut_at: int
) -> None:
    simulator.set_behaviour(type(simulator.behaviour)(faults=(Fault(on=Target.POST, cut_at=cut_at),)))
    with pytest.raises(InDoubt):
        await gateway.submit(BODY)


async def test_a_slow_answer_that_ends_in_time_is_read(gateway: HttpGateway, simulator: Simulator) -> None:
    simulator.set_behaviour(type(simulator.behaviour)(faults=(Fault(on=Target.POST, drip_s=0.0005),)))
    assert (await gateway.submit(BODY)).status == "QUEUED"


async def test_a_refusal_is_known_by_its_status_alone() -> None:
    cut = answer("402 Payment Required", b'{"error": "Insufficient Balance"}')[:-10]
    with raw_server(cut) as server:
        async with client(server.url) as gateway:
            with pytest.raises(InsufficientBalance):
                await gateway.submit(BODY)


@pytest.mark.parametrize("text", ["", "key\r\nX-Evil: 1", "schlüssel", "a\x00b"])
async def test_a_key_that_no_header_can_carry_never_leaves(
    gateway: HttpGateway, simulator: Simulator, text: str
) -> None:
    gateway.use_key(text)
    with pytest.raises(KeyRefused) as caught:
        await gateway.submit(BODY)
    assert simulator.stats.connections == 0
    assert not text or text not in str(caught.value)


async def test_every_post_has_a_connection_of_its_own(gateway: HttpGateway, simulator: Simulator) -> None:
    for _ in range(3):
        await gateway.submit(BODY)
    assert simulator.stats.connections == 3


async def test_no_proxy_of_the_environment_stands_before_a_local_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with raw_server(ACCEPTED) as server:
        async with client(server.url) as gateway:
            assert (await gateway.submit(BODY)).request_id == "abc"


async def test_no_error_holds_the_key() -> None:
    with raw_server(answer("500 Oops", b'{"message": "x"}')) as server:
        async with client(server.url) as gateway:
            with pytest.raises(InDoubt) as caught:
                await gateway.submit(BODY)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert KEY not in repr(chain)
        chain = chain.__cause__ or chain.__context__
