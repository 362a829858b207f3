"""The receiver of callbacks: what strangers, floods and broken callers can do to it, and what they learn from it."""

import asyncio
import json
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest

from krea_tui.domain.answers import CallbackHint
from krea_tui.domain.errors import ConfigError
from krea_tui.gateway import webhook
from krea_tui.gateway.webhook import BURST, CALLBACKS_PER_S, GREETING, MAX_CONNECTIONS, CallbackTokens, WebhookReceiver
from tests.support.ports import free_port
from tests.support.waiting import wait_until_async

SECRET = b"a secret of the tests"
ATTEMPT = "6f1d4f0e1c5a4b7f9d2e3c4b5a697887"
BODY = {"request_id": "krea-2_0190", "status": "COMPLETED", "output": {"media_url": ["https://evil.example/a.png"]}}


@dataclass
class Listening:
    receiver: WebhookReceiver
    hints: "asyncio.Queue[CallbackHint]"
    port: int
    client: httpx.AsyncClient
    now: list[float] = field(default_factory=lambda: [0.0])

    @property
    def url(self) -> str:
        return self.receiver.callback_url(ATTEMPT)

    async def heard(self) -> CallbackHint:
        return await asyncio.wait_for(self.hints.get(), 10)

    async def is_deaf(self) -> bool:
        """Whether nothing came in before a call that is surely heard."""
        marker = self.receiver.callback_url("marker")
        await self.client.post(marker)
        return await self.heard() == CallbackHint("marker")


@asynccontextmanager
async def listening(*, secret: bytes = SECRET, prefix: str = "", port: int = 0) -> AsyncIterator[Listening]:
    port = port or free_port()
    hints: asyncio.Queue[CallbackHint] = asyncio.Queue(1_000)
    now = [0.0]
    url = f"http://127.0.0.1:{port}{prefix}"
    receiver = WebhookReceiver(url, port, secret, hints, monotonic=lambda: now[0])
    await receiver.start()
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            yield Listening(receiver, hints, port, client, now)
    finally:
        await receiver.aclose()


@pytest.fixture
async def there() -> AsyncIterator[Listening]:
    async with listening() as there:
        yield there


@asynccontextmanager
async def connection(
    port: int, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()


def listens(receiver: WebhookReceiver) -> bool:
    return receiver.is_listening


def head(there: Listening, *lines: str) -> bytes:
    return "\r\n".join([f"POST {httpx.URL(there.url).path} HTTP/1.1", "Host: here", *lines, "", ""]).encode()


async def test_a_callback_is_a_hint_with_its_request_id_and_nothing_else_of_it(there: Listening) -> None:
    answer = await there.client.post(there.url, json=BODY)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await there.heard() == CallbackHint(ATTEMPT, "krea-2_0190")


@pytest.mark.parametrize(
    "change",
    [
        lambda token: "",
        lambda token: "callback",
        lambda token: token[:-1],
        lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
        lambda token: token.upper(),
        lambda token: "0" + token[1:],
        lambda token: token.rpartition("-")[0],
        lambda token: "-" + token.rpartition("-")[2],
        lambda token: token + "/",
        lambda token: token.rpartition("-")[0] + "-" + "ü" * 32,
        lambda token: CallbackTokens(b"another secret").token_of(ATTEMPT),
    ],
)
async def test_an_address_that_we_never_gave_away_is_not_there(there: Listening, change: Callable[[str], str]) -> None:
    base, _, token = there.url.rpartition("/")
    answer = await there.client.post(f"{base}/{change(token)}", json=BODY)
    assert (answer.status_code, answer.content) == (404, b"")
    assert await there.is_deaf()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_only_a_post_counts_and_no_other_method_tells_known_from_unknown(there: Listening, method: str) -> None:
    known = await there.client.request(method, there.url)
    unknown = await there.client.request(method, there.url + "0")
    assert known.status_code == 405
    assert (known.status_code, known.content, known.headers) == (unknown.status_code, unknown.content, unknown.headers)
    assert await there.is_deaf()


@pytest.mark.parametrize("path", ["", "/", "/hooks", "/hooks/"])
async def test_a_person_who_looks_at_the_public_address_is_told_that_it_leads_here_and_no_more(path: str) -> None:
    async with listening(prefix="/hooks") as there:
        answer = await there.client.get(f"http://127.0.0.1:{there.port}{path}")
        assert (answer.status_code, answer.text) == (200, GREETING)
        assert SECRET.decode() not in str(answer.headers)
        assert "server" not in answer.headers
        assert await there.is_deaf()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>hello</html>",
        b"[1, 2]",
        b'{"request_id": null}',
        b'{"request_id": 7}',
        b'{"request_id": ["a"]}',
        b'{"request_id": "../../v1/keys"}',
        b'{"request_id": "a\\u001b[31m"}',
        b'{"request_id": "' + b"a" * 201 + b'"}',
        b'{"request_id": "a", "request_id": "b c"}',
        b"\xff\xfe{}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"request_id": "a", "n": ' + b"9" * 20_000 + b"}",
    ],
    ids=lambda body: body[:24].decode("utf-8", "replace"),
)
async def test_a_body_that_is_no_callback_s_is_still_a_hint_but_names_nothing(there: Listening, body: bytes) -> None:
    answer = await there.client.post(there.url, content=body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await there.heard() == CallbackHint(ATTEMPT)


async def test_a_huge_body_is_not_read_to_its_end(there: Listening) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 512 * 1_048_576:
            sent += 65_536
            yield b" " * 65_536

    # The connection may be reset before the answer to it is read.
    with suppress(httpx.TransportError):
        await there.client.post(there.url, content=endless())
    assert await there.heard() == CallbackHint(ATTEMPT)
    assert sent < 64 * 1_048_576
    assert (await there.client.post(there.url, json=BODY)).status_code == 204


async def test_a_slow_body_is_not_waited_for(there: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "BODY_LIMIT_S", 0.2)
    async with connection(there.port) as (reader, writer):
        writer.write(head(there, "Content-Length: 100") + b'{"request_id": "a"')
        answer = await asyncio.wait_for(reader.read(), 10)
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert await there.heard() == CallbackHint(ATTEMPT)


async def test_a_caller_that_leaves_in_the_middle_is_heard_all_the_same(there: Listening) -> None:
    async with connection(there.port) as (_, writer):
        writer.write(head(there, "Content-Length: 100") + b'{"request_id": "a"')
        await writer.drain()
    assert await there.heard() == CallbackHint(ATTEMPT)


@pytest.mark.parametrize("said", [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: here\r\nX-Slow: "])
async def test_a_connection_that_says_nothing_is_dropped(
    there: Listening, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(webhook, "CONNECTION_LIMIT_S", 0.2)
    async with connection(there.port) as (reader, writer):
        writer.write(said)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 10) == b""


async def test_a_head_without_end_is_refused(there: Listening) -> None:
    async with connection(there.port) as (reader, writer):
        writer.write(head(there)[:-2] + b"X-Long: " + b"a" * webhook.MAX_HEAD_BYTES * 2)
        answer = await asyncio.wait_for(reader.read(), 10)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert await there.is_deaf()


async def test_strangers_cannot_hold_more_than_a_few_connections(there: Listening) -> None:
    held = [await asyncio.open_connection("127.0.0.1", there.port) for _ in range(MAX_CONNECTIONS)]
    async with connection(there.port) as (reader, writer):
        with suppress(ConnectionResetError):
            writer.write(head(there, "Content-Length: 0"))
            assert await asyncio.wait_for(reader.read(), 10) == b""
    for _, writer in held:
        writer.close()
    assert there.hints.empty()
    server = there.receiver._server
    assert server is not None
    await wait_until_async(lambda: not server.server_state.connections, what="every connection is closed")
    assert (await there.client.post(there.url)).status_code == 204


async def test_of_a_flood_only_so_much_is_heard(there: Listening) -> None:
    answers = [(await there.client.post(there.url, json=BODY)).status_code for _ in range(BURST + 100)]
    assert (answers.count(204), answers.count(429)) == (BURST, 100)
    assert there.hints.qsize() == BURST
    there.now[0] += 1.0
    answers = [(await there.client.post(there.url, json=BODY)).status_code for _ in range(100)]
    assert answers.count(204) == CALLBACKS_PER_S


async def test_a_flood_of_strangers_takes_nothing_from_the_limit(there: Listening) -> None:
    answers = {(await there.client.post(there.url + "0", json=BODY)).status_code for _ in range(BURST + 50)}
    assert answers == {404}
    assert (await there.client.post(there.url, json=BODY)).status_code == 204


async def test_a_queue_that_nobody_empties_stays_small(there: Listening) -> None:
    while not there.hints.full():
        there.hints.put_nowait(CallbackHint("other"))
    answer = await there.client.post(there.url, json=BODY)
    assert answer.status_code == 204
    assert there.hints.qsize() == there.hints.maxsize


@pytest.mark.parametrize("prefix", ["", "/krea", "/a/b"])
async def test_the_token_counts_wherever_the_public_address_leads(prefix: str) -> None:
    async with listening(prefix=prefix) as there:
        token = there.url.rpartition("/")[2]
        assert there.url == f"http://127.0.0.1:{there.port}{prefix}/{token}"
        for path in (f"{prefix}/{token}", f"/{token}", f"/elsewhere/{token}"):
            assert (await there.client.post(f"http://127.0.0.1:{there.port}{path}")).status_code == 204
            assert await there.heard() == CallbackHint(ATTEMPT)


async def test_an_address_holds_after_a_restart(there: Listening) -> None:
    url = there.url
    await there.receiver.aclose()
    assert not there.receiver.is_listening
    with pytest.raises(httpx.ConnectError):
        await there.client.post(url)
    async with listening(port=there.port) as again:
        assert (await again.client.post(url)).status_code == 204
    async with listening(port=there.port, secret=b"another") as other:
        assert (await other.client.post(url)).status_code == 404


async def test_a_taken_port_is_named_and_can_be_had_when_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        receiver = WebhookReceiver("https://me.example.org", port, SECRET, asyncio.Queue())
        with pytest.raises(ConfigError, match=rf"webhook\.port: port {port} is taken"):
            await receiver.start()
        assert not listens(receiver)
    await receiver.start()
    assert listens(receiver)
    await receiver.aclose()
    assert "krea-callbacks" not in {thread.name for thread in threading.enumerate()}


async def test_nobody_but_this_machine_can_reach_it(there: Listening) -> None:
    with socket.socket() as other:
        other.settimeout(5)
        # Another address of loopback: it would answer if the port were bound to every address.
        assert await asyncio.to_thread(other.connect_ex, ("127.0.0.2", there.port)) != 0


async def test_it_ends_at_once_whatever_is_open(there: Listening) -> None:
    async with connection(there.port) as (reader, writer):
        writer.write(head(there, "Content-Length: 100"))
        await writer.drain()
        await there.receiver.aclose()
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 10) == b""
    assert not there.receiver.is_listening


async def test_nothing_is_told_or_logged_of_an_address(
    there: Listening, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    url = there.url
    answers = [
        await there.client.post(url, json=BODY),
        await there.client.post(url + "0", json=BODY),
        await there.client.get(url),
        await there.client.post(url, content=b"x" * 100_000),
    ]
    async with connection(there.port) as (_, writer):
        writer.write(head(there)[:-2] + b"no header\r\n\r\n")
        await writer.drain()
    await wait_until_async(lambda: there.hints.qsize() >= 2)
    token = url.rpartition("/")[2]
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [words for words in ours if token in words]
    assert token not in "".join(capfd.readouterr())
    assert not [answer for answer in answers if "server" in answer.headers or "date" in answer.headers]
    assert json.dumps(BODY)[:20] not in "".join(answer.text for answer in answers)
