"""A gateway, or somebody in its place, that means harm: whatever it answers, money stays safe and the key unseen."""

import asyncio
import gzip
import json
import logging
import socket
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from krea_tui.domain.errors import DownloadError, GatewayError, GatewayTrouble, InDoubt, RequestRefused
from krea_tui.gateway import addresses
from krea_tui.gateway import client as client_module
from krea_tui.gateway.addresses import check_media_url, is_public_address
from krea_tui.gateway.bodies import without_key
from krea_tui.gateway.wire import MAX_ANSWER_BYTES, Unreadable, read_status
from krea_tui.simulator import Fault, Target
from tests.gateway.test_status_and_media import fetched
from tests.gateway.test_submit import BODY, client, headers_of
from tests.support.bench import Bench, requests
from tests.support.certificates import needs_openssl, self_signed, server_context
from tests.support.keys import KEY
from tests.support.raw_server import answer, raw_server
from tests.support.socket_server import read_request, socket_server

ACCEPTED = b'{"request_id": "abc", "status": "QUEUED"}'
MIB = 1_048_576
MEDIA_HOST = "media.test"


# --- JSON -----------------------------------------------------------------------------------------------------------

NO_ACCEPTANCE = {
    "nested without end": b'{"request_id":"abc","x":' + b"[" * 200_000,
    "nested and closed": b'{"request_id":"abc","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a number of 5,000 digits": b'{"request_id": "abc", "x": ' + b"9" * 5_000 + b"}",
    "no UTF-8": b'{"request_id": "abc", "x": "\xff\xfe\xfa"}',
    "ten megabytes": b'{"request_id": "abc", "x": "' + b"a" * 10 * MIB + b'"}',
    "the last of two ids is none": b'{"request_id": "abc", "request_id": 7}',
    "an id as a list": b'{"request_id": ["abc"]}',
    "an id as an object": b'{"request_id": {"id": "abc"}}',
    "an id with a line end": b'{"request_id": "abc\\n"}',
    "an id of another alphabet": '{"request_id": "аbс"}'.encode(),
    "an id that leads elsewhere": b'{"request_id": "../../admin"}',
    "an id with a lone surrogate": b'{"request_id": "abc\\ud800"}',
    "two objects": ACCEPTED + ACCEPTED,
    "an id in a list": b"[" + ACCEPTED + b"]",
}
TOLERATED = {
    "a byte order mark": b"\xef\xbb\xbf" + ACCEPTED,
    "UTF-16": ACCEPTED.decode().encode("utf-16"),
    "UTF-32": ACCEPTED.decode().encode("utf-32"),
    "the last of two ids": b'{"request_id": 7, "request_id": "abc"}',
    "numbers that are none": b'{"request_id": "abc", "x": [NaN, Infinity, -Infinity, 1e999, -0.0]}',
    "every other field of a wrong type": b'{"request_id": "abc", "status": [], "polling_url": {"a": 1}}',
}


@pytest.mark.parametrize("body", NO_ACCEPTANCE.values(), ids=NO_ACCEPTANCE.keys())
async def test_an_acceptance_that_cannot_be_read_is_in_doubt_and_as_a_status_it_is_trouble(body: bytes) -> None:
    with raw_server(answer("202 Accepted", body), answer("200 OK", body)) as server:
        async with client(server.url) as gateway:
            with pytest.raises(InDoubt) as caught:
                await gateway.submit(BODY)
            with pytest.raises(GatewayTrouble):
                await gateway.status("abc")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("body", TOLERATED.values(), ids=TOLERATED.keys())
async def test_an_acceptance_that_can_be_read_is_one(body: bytes) -> None:
    with raw_server(answer("202 Accepted", body)) as server:
        async with client(server.url) as gateway:
            assert (await gateway.submit(BODY)).request_id == "abc"


WRONG: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    " ",
    "\x00",
    "\ud800",
    "x" * 10_000,
    [],
    [[]],
    [None],
    {},
    {"url": {}},
    [{}],
)
FIELDS = (
    "status",
    "request_id",
    "model_id",
    "error",
    "output",
    "created_at",
    "updated_at",
    "completed_at",
    "media_url",
)


@pytest.mark.parametrize("field", FIELDS)
def test_a_status_with_a_field_of_any_type_is_read_or_refused(field: str) -> None:
    for wrong in WRONG:
        whole = {"status": "COMPLETED", "output": {"media_url": ["https://e.test/a.png"], "media_type": "image/png"}}
        for body in (whole | {field: wrong}, whole | {"output": {field: wrong}}, whole | {"output": [wrong]}):
            with suppress(Unreadable):
                read = read_status(json.dumps(body).encode(), "abc")
                texts = (read.status, read.error or "", read.model_id or "", read.created_at or "", *read.media_urls)
                assert all(text.isprintable() and text.encode() is not None for text in texts)


# --- HTTP -----------------------------------------------------------------------------------------------------------


def encoded(kind: str, body: bytes) -> bytes:
    return answer("202 Accepted", body, f"Content-Encoding: {kind}")


BOMB = gzip.compress(bytes(200 * MIB), 1)
ODD_ANSWERS = {
    "a bomb of zeros": encoded("gzip", BOMB),
    "a bomb in a bomb": encoded("gzip, gzip", gzip.compress(BOMB)),
    "an encoding nobody asked for": encoded("br", b"\x0b\x02\x80"),
    "an encoding that is none": encoded("gzip", ACCEPTED),
    "cut off inside its encoding": encoded("gzip", gzip.compress(ACCEPTED)[:-9]),
    "shorter than it says": answer("202 Accepted", ACCEPTED).replace(b"Length: 41", b"Length: 999"),
    "a length that is none": answer("202 Accepted", ACCEPTED).replace(b"Length: 41", b"Length: -5"),
    "two lengths": answer("202 Accepted", ACCEPTED, "Content-Length: 7"),
    "headers without end": b"HTTP/1.1 202 Accepted\r\n" + b"X: y\r\n" * 200_000,
    "a header of a megabyte": answer("202 Accepted", ACCEPTED, "X: " + "y" * MIB),
    "a header with a line folded into it": answer("202 Accepted", ACCEPTED, "X: a\r\n\tb: c\x00"),
    "a code of four digits": answer("2020 Accepted", ACCEPTED),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "chunks without end": b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + b"x" * 16 + b"\r\n",
    "a chunk of no size": b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk of all sizes": b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
}


@pytest.mark.parametrize("odd", ODD_ANSWERS.values(), ids=ODD_ANSWERS.keys())
async def test_an_answer_that_is_no_http_is_in_doubt_and_as_a_status_it_is_trouble(odd: bytes) -> None:
    with raw_server(odd) as server:
        async with client(server.url) as gateway:
            with pytest.raises(InDoubt):
                await gateway.submit(BODY)
            with pytest.raises(GatewayTrouble):
                await gateway.status("abc")
        assert len(server.received) == 2, "neither is repeated"


@pytest.mark.parametrize("kind", ["gzip", "x-gzip", "deflate"])
async def test_an_answer_that_was_packed_all_the_same_is_unpacked(kind: str) -> None:
    packed = zlib.compress(ACCEPTED) if kind == "deflate" else gzip.compress(ACCEPTED)
    with raw_server(encoded(kind, packed)) as server:
        async with client(server.url) as gateway:
            assert (await gateway.submit(BODY)).request_id == "abc"
        assert headers_of(server.received[0])["accept-encoding"] == "identity"


async def test_a_bomb_is_unpacked_no_further_than_an_answer_may_be_long() -> None:
    with raw_server(encoded("gzip", BOMB)) as server:
        async with client(server.url) as gateway:
            tracemalloc.start()
            try:
                with pytest.raises(InDoubt):
                    await gateway.submit(BODY)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
    assert peak < 16 * MAX_ANSWER_BYTES


async def test_a_picture_that_is_a_bomb_comes_in_small_pieces() -> None:
    with raw_server(encoded("gzip", BOMB).replace(b"202 Accepted", b"200 OK")) as server:
        async with client(server.url) as gateway, gateway.download(f"{server.url}/a.png") as pieces:
            sizes = [len(piece) async for piece in pieces]
    assert sum(sizes) == 200 * MIB
    assert max(sizes) <= 65_536


def drip(connection: socket.socket, start: bytes, more: bytes) -> None:
    """Answers for ever; ends when the other side hangs up."""
    read_request(connection)
    connection.sendall(start)
    while True:
        connection.sendall(more)
        try:
            connection.settimeout(0.02)
            if connection.recv(1) == b"":
                return
        except TimeoutError:
            continue


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    ],
    ids=["always in process", "always one more byte", "always one more header"],
)
async def test_a_host_that_never_ends_is_left_in_time(
    monkeypatch: pytest.MonkeyPatch, start: bytes, more: bytes
) -> None:
    monkeypatch.setattr(client_module, "DOWNLOAD_LIMIT_S", 0.3)
    with socket_server(lambda connection: drip(connection, start, more)) as port:
        async with client(f"http://127.0.0.1:{port}", read_timeout_s=0.2) as gateway:
            with pytest.raises(InDoubt):
                await gateway.submit(BODY)
            with pytest.raises(GatewayTrouble):
                await gateway.status("abc")
            with pytest.raises(DownloadError) as caught:
                await fetched(gateway, f"http://127.0.0.1:{port}/a.png")
    assert not caught.value.permanent


async def test_a_job_outlives_every_status_that_cannot_be_read(tmp_path: Path) -> None:
    with Bench(tmp_path).serving() as bench:
        bad = ["{", "[]", '{"status": 7}', '{"status": "COMPLETED", "request_id": "another"}', "[" * 100_000]
        bench.tell(*(Fault(Target.STATUS, body=body) for body in bad))
        async with bench.process() as process:
            jobs = await process.engine.submit(requests(1))
            await process.done(jobs)
            assert len(bench.polls_of(process.job(jobs[0]))) > len(bad)
            assert bench.stats["charges"] == 1


async def test_a_polling_url_on_another_host_is_never_followed() -> None:
    with raw_server(answer("200 OK", b'{"status": "COMPLETED"}')) as other:
        accepted = json.dumps({"request_id": "abc", "polling_url": f"{other.url}/v2/requests/status/abc"}).encode()
        with raw_server(answer("202 Accepted", accepted), answer("200 OK", b'{"status": "QUEUED"}')) as server:
            async with client(server.url) as gateway:
                got = await gateway.submit(BODY)
                assert got.polling_url == f"{other.url}/v2/requests/status/abc"
                assert (await gateway.status(got.request_id)).status == "QUEUED"
        assert other.received == []


# --- the key --------------------------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


QUOTES: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda body: body.replace("KEY", str(KEY)).encode(),
    "in escapes": lambda body: body.replace("KEY", escaped(KEY)).encode(),
    "in UTF-16": lambda body: body.replace("KEY", str(KEY)).encode("utf-16"),
}
QUOTING = {
    "an error": '{"error": "no balance for KEY", "status": "ERROR"}',
    "a message in a message": '{"error": {"message": {"detail": "KEY"}}, "message": "KEY", "status": "ERROR"}',
    "the request id": '{"request_id": "KEY", "status": "KEY"}',
    "the status": '{"status": "KEY"}',
    "the pictures": '{"status": "COMPLETED", "output": {"media_url": ["https://e.test/KEY", {"url": "https://e.test/?k=KEY"}]}}',
    "the model": '{"request_id": "abc", "polling_url": "https://e.test/KEY", "status": "OK", "model_id": "KEY"}',
}


@pytest.mark.parametrize("quote", QUOTES.values(), ids=QUOTES.keys())
@pytest.mark.parametrize("body", QUOTING.values(), ids=QUOTING.keys())
async def test_an_answer_that_quotes_the_key_is_kept_without_it(body: str, quote: Callable[[str], bytes]) -> None:
    said: list[object] = []
    with raw_server(
        *(answer(code, quote(body)) for code in ("202 Accepted", "400 Bad", "200 OK", "503 Tired"))
    ) as server:
        async with client(server.url) as gateway:
            for ask in (gateway.submit(BODY), gateway.submit(BODY), gateway.status("abc"), gateway.status("abc")):
                try:
                    said.append(await ask)
                except GatewayError as error:
                    said += [str(error), error.advice, error]
    shown = f"{said!r}".lower()
    assert len(said) >= 4
    assert str(KEY).lower() not in shown
    assert str(KEY)[:12].lower() not in shown


def test_a_key_with_marks_that_json_escapes_is_hidden_too() -> None:
    key = 'a/b"c\\d+e'
    for body in (json.dumps({"error": key}), json.dumps({"error": key}).replace("/", "\\/")):
        hidden = json.loads(without_key(body.encode(), key))
        assert hidden == {"error": "(the key)"}
    assert without_key(b'"a\\\\b"', key) == b'"a\\\\b"'
    assert without_key(b"[" * 100_000 + b"\\", key).startswith(b"[[[")


async def test_no_log_of_any_library_has_the_key(caplog: pytest.LogCaptureFixture) -> None:
    """The most talkative settings there are: every logger at DEBUG, the event loop in its debug mode."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    refused = answer("400 Bad Request", b'{"error": "no"}')
    with caplog.at_level(logging.DEBUG), raw_server(answer("202 Accepted", ACCEPTED), refused) as server:
        async with client(server.url) as gateway:
            await gateway.submit(BODY)
            with pytest.raises(RequestRefused):
                await gateway.submit(BODY)
            with pytest.raises(GatewayTrouble):
                await gateway.status("abc")
            with pytest.raises(DownloadError):
                await fetched(gateway, f"{server.url}/a.png")
    assert "send_request_headers" in caplog.text
    assert str(KEY) not in caplog.text


# --- where pictures may come from -----------------------------------------------------------------------------------

NOT_PUBLIC = [
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2001:0:7f00:1::",
    "::7f00:1",
    "::ffff:0:127.0.0.1",
    "fec0::1",
    "ff02::1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "198.18.0.1",
    "192.0.2.1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_stands_for_a_private_one_is_not_public(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ["64:ff9b::5db8:d70e", "2a00:1450:4001:82a::200e", "1.1.1.1"])
def test_an_address_of_the_internet_is(address: str) -> None:
    assert is_public_address(address)


ODD_HOSTS = [
    "https://2130706433/a.png",
    "https://0x7f000001/a.png",
    "https://0x7f.0.0.1/a.png",
    "https://0177.0.0.1/a.png",
    "https://127.1/a.png",
    "https://127.0.0.1./a.png",
    "https://127.0.0.010/a.png",
    "https://127。0。0。1/a.png",
    "https://１２７.0.0.1/a.png",
    "https://ⓛocalhost/a.png",
    "https://127.0.0.1%2f.e.test/a.png",
    "https://%31%32%37.0.0.1/a.png",
    "https://[::ffff:127.0.0.1]/a.png",
    "https://[64:ff9b::7f00:1]/a.png",
    "https://[fe80::1%25eth0]/a.png",
    "https://e.test\\@127.0.0.1/a.png",
    "https://e.test;@127.0.0.1/a.png",
    "https:127.0.0.1/a.png",
    "https:/\\127.0.0.1/a.png",
    "https://a b/a.png",
    "gopher://e.test/a.png",
    "jar:https://e.test/a.png",
    "HTTP://e.test/a.png",
]


@pytest.mark.parametrize("url", ODD_HOSTS)
def test_a_host_in_another_notation_is_refused_before_anybody_is_asked(url: str) -> None:
    with pytest.raises(DownloadError) as caught:
        check_media_url(url, local_gateway=False)
    assert caught.value.permanent


@pytest.fixture
def resolved_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the media host's name resolves to, one address a time, the last one for ever."""
    answers: list[str] = []
    resolve = socket.getaddrinfo

    def resolved(host: str | bytes | None, port: str | int | None, *arguments: int, **named: int) -> object:
        if host in {MEDIA_HOST, MEDIA_HOST.encode()}:
            host = answers.pop(0) if len(answers) > 1 else answers[0]
        return resolve(host, port, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    return answers


async def test_a_name_that_resolves_to_another_address_the_second_time_gets_no_byte(resolved_to: list[str]) -> None:
    heard: list[bytes] = []
    resolved_to[:] = ["93.184.215.14", "127.0.0.1"]
    with socket_server(lambda connection: heard.append(connection.recv(1_000))) as port:
        async with client("https://gateway.invalid") as gateway:
            with pytest.raises(DownloadError, match="private network") as caught:
                await fetched(gateway, f"https://{MEDIA_HOST}:{port}/a.png")
    assert caught.value.permanent
    assert heard in ([], [b""]), "not even the first byte of a handshake"


@pytest.fixture
def media_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resolved_to: list[str]
) -> Iterator[tuple[int, list[bytes], list[bytes]]]:
    """A host of pictures that is taken for a public one: its port, its answers (the last for ever), what it heard."""
    certificate, private = self_signed(tmp_path / "tls", MEDIA_HOST)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    resolved_to[:] = ["127.0.0.1"]
    monkeypatch.setattr(addresses, "is_public_address", lambda address: address == "127.0.0.1")
    answers: list[bytes] = []
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        heard.append(read_request(connection))
        connection.sendall(answers.pop(0) if len(answers) > 1 else answers[0])

    with socket_server(talk, server_context(certificate, private)) as port:
        yield port, answers, heard


@needs_openssl
@pytest.mark.parametrize(
    "location",
    [
        "http://media.test/a.png",
        "//127.0.0.1/a.png",
        "https://localhost/a.png",
        "https://10.0.0.1/a.png",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/a.png",
        "https://2130706433/a.png",
        "https://user:pw@media.test/a.png",
        "file:///etc/hosts",
        "data:image/png;base64,AAAA",
        "ftp://media.test/a.png",
        "",
    ],
)
async def test_every_hop_of_a_public_host_is_judged(
    media_host: tuple[int, list[bytes], list[bytes]], location: str
) -> None:
    port, answers, heard = media_host
    answers[:] = [answer("302 Found", b"", f"Location: {location}")]
    async with client("https://gateway.invalid") as gateway:
        with pytest.raises(DownloadError) as caught:
            await fetched(gateway, f"https://{MEDIA_HOST}:{port}/a.png")
    assert caught.value.permanent
    assert len(heard) == (4 if location == "" else 1)


@needs_openssl
async def test_a_hop_takes_neither_key_nor_cookie_along(media_host: tuple[int, list[bytes], list[bytes]]) -> None:
    port, answers, heard = media_host
    cookies = ("Set-Cookie: a=1; Path=/", f"Set-Cookie: b=2; Domain={MEDIA_HOST}; Path=/; Secure")
    hop = answer("302 Found", b"", f"Location: https://{MEDIA_HOST}:{port}/b.png", *cookies)
    answers[:] = [hop, answer("200 OK", b"a picture", *cookies)]
    async with client("https://gateway.invalid") as gateway:
        assert await fetched(gateway, f"https://{MEDIA_HOST}:{port}/a.png") == b"a picture"
    assert len(heard) == 2
    assert str(KEY).encode() not in b"".join(heard)
    for request in heard:
        assert {"authorization", "cookie", "ocp-apim-subscription-key", "referer"}.isdisjoint(headers_of(request))
