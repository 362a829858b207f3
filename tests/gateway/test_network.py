"""What a bad network does: before the first byte the job is only held, after it nothing is ever sent again."""

import errno
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from krea_tui.domain.errors import ConfigError, GatewayTrouble, InDoubt, NotSent, RateLimited
from krea_tui.gateway import transport
from krea_tui.gateway.client import GatewayAddress, HttpGateway
from krea_tui.gateway.faults import fault_words
from krea_tui.gateway.wire import MAX_RETRY_AFTER_S
from tests.cli.running import Cli
from tests.support.bench import STATUS_PATH, SUBMIT_PATH
from tests.support.certificates import EXPIRED, NOT_YET, VALID, needs_openssl, self_signed, server_context
from tests.support.keys import KEY
from tests.support.making import make_request
from tests.support.raw_server import answer, raw_server
from tests.support.socket_server import Talk, read_request, reset, socket_server

BODY = make_request().body()
HOST = "gateway.test"
ACCEPTED = answer("202 Accepted", b'{"request_id": "abc", "status": "QUEUED"}')
# Kept open: no "Connection: close".
QUEUED = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"status": "QUEUED"}'
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine of the test goes through, the test starts without; and one name leads to this machine."""
    for name in (*PROXY_VARIABLES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    resolve = socket.getaddrinfo

    def resolved(host: str | bytes | None, port: str | int | None, *arguments: int, **named: int) -> object:
        return resolve("127.0.0.1" if host in {HOST, HOST.encode()} else host, port, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)


@asynccontextmanager
async def client(url: str, *, read_timeout_s: float = 2.0) -> AsyncIterator[HttpGateway]:
    gateway = HttpGateway(GatewayAddress(url, SUBMIT_PATH, STATUS_PATH), KEY, read_timeout_s=read_timeout_s)
    try:
        yield gateway
    finally:
        await gateway.aclose()


async def not_sent(url: str) -> str:
    """The words of a submission that must not have left."""
    async with client(url) as gateway:
        with pytest.raises(NotSent) as caught:
            await gateway.submit(BODY)
        with pytest.raises(GatewayTrouble):
            await gateway.status("abc")
    assert KEY not in repr(caught.value)
    return str(caught.value)


def hangs(read: Callable[[socket.socket], object], over: threading.Event) -> Talk:
    def talk(connection: socket.socket) -> None:
        read(connection)
        over.wait(10)

    return talk


# --- before the first byte -------------------------------------------------------------------------------------------


@needs_openssl
@pytest.mark.parametrize(
    ("host", "dates", "words"),
    [
        (HOST, EXPIRED, "has expired.*date"),
        (HOST, NOT_YET, "not valid yet.*date"),
        ("another.test", VALID, "another host.*address"),
        (HOST, None, "nobody this machine trusts.*SSL_CERT_FILE"),
    ],
    ids=["expired", "not valid yet", "another host", "self-signed"],
)
async def test_a_certificate_that_proves_nothing_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, dates: tuple[str, str] | None, words: str
) -> None:
    certificate, key = self_signed(tmp_path / "made", host, dates or VALID)
    received: list[bytes] = []
    if dates is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    def talk(connection: socket.socket) -> None:
        received.append(read_request(connection))

    with socket_server(talk, server_context(certificate, key)) as port:
        said = await not_sent(f"https://{HOST}:{port}")
    assert re.search(words, said)
    assert not any(received)


@needs_openssl
async def test_a_certificate_that_ssl_cert_file_vouches_for_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path / "made", HOST)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(ACCEPTED)

    with socket_server(talk, server_context(certificate, key)) as port:
        async with client(f"https://{HOST}:{port}") as gateway:
            assert (await gateway.submit(BODY)).request_id == "abc"


# Which of the three it is depends on how far the client's own side had come.
BROKEN_OFF = "cut off.*firewall|broke before it stood|handshake failed.*firewall"
PLAIN = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
HALF_A_HELLO = b"\x16\x03\x03\x00\x64\x02\x00\x00\x60"


def says(words: bytes, ending: Callable[[socket.socket], None]) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(words)
        ending(connection)

    return talk


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        (says(PLAIN, socket.socket.close), "no TLS.*login"),
        (says(b"", socket.socket.close), BROKEN_OFF),
        (says(b"", reset), BROKEN_OFF),
        (says(HALF_A_HELLO, socket.socket.close), BROKEN_OFF),
        (says(HALF_A_HELLO, reset), BROKEN_OFF),
        (reset, BROKEN_OFF),
    ],
    ids=["plain http", "closed after the hello", "reset", "closed in its hello", "reset in its hello", "reset at once"],
)
async def test_a_handshake_that_breaks_anywhere_sends_nothing(talk: Talk, words: str) -> None:
    with socket_server(talk) as port:
        assert re.search(words, await not_sent(f"https://{HOST}:{port}"))


async def test_a_handshake_that_hangs_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT_S", 0.2)
    over = threading.Event()
    with socket_server(hangs(lambda _: None, over)) as port:
        assert "within the time limit" in await not_sent(f"https://{HOST}:{port}")
        over.set()


async def test_a_name_that_does_not_resolve_sends_nothing() -> None:
    assert re.search("does not resolve.*network", await not_sent("https://gateway.invalid"))


async def test_a_resolver_that_is_away_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", away)
    assert "does not resolve" in await not_sent("https://gateway.example.org")


async def test_a_fault_that_nobody_foresaw_before_the_first_byte_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(socket, "getaddrinfo", broken)
    assert "RuntimeError" in await not_sent("https://gateway.example.org")


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "https://" + "a" * 70 + ".example.org"])
async def test_an_address_that_is_none_sends_nothing(url: str) -> None:
    assert await not_sent(url)


async def test_a_port_where_nobody_listens_sends_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert re.search("nobody answers.*address", await not_sent(f"http://127.0.0.1:{port}"))


def test_a_machine_without_a_network_is_told_so() -> None:
    error = httpx.ConnectError("x")
    error.__cause__ = OSError(errno.ENETUNREACH, "Network is unreachable")
    assert "no way to the network" in fault_words(error)


# --- an environment full of proxies ----------------------------------------------------------------------------------


def proxy_url(port: int) -> str:
    return f"http://someone:a-password@127.0.0.1:{port}"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "proxy refuses"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "proxy refuses"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", "proxy refuses"),
        (b"", "no way through the proxy"),
        (b"SSH-2.0-what\r\n\r\n", "no way through the proxy"),
    ],
    ids=["407", "403", "502", "silence", "no http"],
)
async def test_a_proxy_that_refuses_to_connect_gets_no_key(
    monkeypatch: pytest.MonkeyPatch, name: str, reply: bytes, words: str
) -> None:
    received: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        received.append(read_request(connection))
        connection.sendall(reply)

    with socket_server(talk) as port:
        monkeypatch.setenv(name, proxy_url(port))
        said = await not_sent(f"https://{HOST}:1")
    assert words in said
    assert "password" not in said
    assert len(received) == 2
    for request in received:
        assert request.startswith(f"CONNECT {HOST}:1 HTTP/1.1\r\n".encode())
        assert KEY.encode() not in request


async def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", proxy_url(port))
    said = await not_sent(f"https://{HOST}:1")
    assert re.search("proxy of HTTPS_PROXY.*nobody answers", said)
    assert "password" not in said


@needs_openssl
@pytest.mark.parametrize("answers", [True, False], ids=["answered", "cut after the request"])
async def test_through_a_proxy_s_tunnel_the_doubt_begins_with_the_request_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    certificate, key = self_signed(tmp_path / "made", HOST)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = server_context(certificate, key)
    received: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        received.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with context.wrap_socket(connection, server_side=True) as inside:
            received.append(read_request(inside))
            if answers:
                inside.sendall(ACCEPTED)

    with socket_server(talk) as port:
        monkeypatch.setenv("HTTPS_PROXY", proxy_url(port))
        async with client(f"https://{HOST}:1") as gateway:
            if answers:
                assert (await gateway.submit(BODY)).request_id == "abc"
            else:
                with pytest.raises(InDoubt):
                    await gateway.submit(BODY)
    outside, inside = received
    assert KEY.encode() not in outside
    assert KEY.encode() in inside


@needs_openssl
@pytest.mark.parametrize(
    "environ",
    [
        {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": f"one.test, {HOST}"},
        {"https_proxy": "http://127.0.0.1:9", "no_proxy": "*"},
        {"ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": "*"},
        {"HTTP_PROXY": "http://127.0.0.1:9"},
        {"HTTP_PROXY": "socks5://127.0.0.1:9", "http_proxy": "::::"},
    ],
    ids=["the host is excepted", "all are excepted", "a broken one, all excepted", "plain http", "broken, plain http"],
)
async def test_a_proxy_that_is_not_for_the_gateway_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    certificate, key = self_signed(tmp_path / "made", HOST)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(ACCEPTED)

    with socket_server(talk, server_context(certificate, key)) as port:
        async with client(f"https://{HOST}:{port}") as gateway:
            assert (await gateway.submit(BODY)).request_id == "abc"


async def test_the_proxy_for_https_goes_before_the_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")

    with socket_server(talk) as port:
        monkeypatch.setenv("https_proxy", f"127.0.0.1:{port}")
        monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
        assert "proxy refuses" in await not_sent(f"https://{HOST}:1")


BROKEN = [
    "socks5://someone:a-password@127.0.0.1:1080",
    "socks5h://someone:a-password@127.0.0.1:1080",
    "socks4://someone:a-password@127.0.0.1:1080",
    "ftp://someone:a-password@127.0.0.1",
    "http://someone:a-password@[::1",
    "http://someone:a-password@127.0.0.1:99999",
    "http://someone:a-password@127.0.0.1:port",
    "http://",
    "::::",
]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("value", BROKEN)
def test_a_proxy_that_cannot_be_used_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        HttpGateway(GatewayAddress("https://gateway.invalid", SUBMIT_PATH, STATUS_PATH), KEY)
    assert str(caught.value).startswith(f"{name} ")
    assert ("SOCKS" in str(caught.value)) == value.startswith("socks")
    assert name in caught.value.advice
    assert "password" not in f"{caught.value}{caught.value.advice}"


CERTIFICATE_SETTINGS = [
    ("SSL_CERT_FILE", "/nonexistent/certificates.pem"),
    ("SSL_CERT_FILE", __file__),
    ("SSL_CERT_FILE", str(Path(__file__).parent)),
    ("SSL_CERT_DIR", "/nonexistent/certificates"),
]


@pytest.mark.parametrize(("name", "value"), CERTIFICATE_SETTINGS)
def test_certificates_that_cannot_be_read_are_told_by_their_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        HttpGateway(GatewayAddress("https://gateway.invalid", SUBMIT_PATH, STATUS_PATH), KEY)
    assert str(caught.value).startswith(f"{name} ")
    assert name in caught.value.advice


async def test_a_local_gateway_cares_for_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9" if name.isupper() else "::::")
    monkeypatch.setenv("NO_PROXY", "[nonsense")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/certificates.pem")
    with raw_server(ACCEPTED, answer("200 OK", b'{"status": "QUEUED"}'), answer("200 OK", b"picture")) as server:
        async with client(server.url) as gateway:
            assert (await gateway.submit(BODY)).request_id == "abc"
            assert (await gateway.status("abc")).status == "QUEUED"
            async with gateway.download(f"{server.url}/a.png") as chunks:
                assert b"".join([chunk async for chunk in chunks]) == b"picture"


@pytest.mark.parametrize(
    ("name", "value"), [("HTTPS_PROXY", "socks5://127.0.0.1:9"), ("SSL_CERT_FILE", "/nonexistent/certificates.pem")]
)
def test_the_command_tells_the_variable_and_keeps_the_job(tmp_path: Path, name: str, value: str) -> None:
    environ = {"KREA_TUI_DATA_DIR": str(tmp_path / "data"), "PIXAZO_API_KEY": KEY}
    cli = Cli(tmp_path / "data", environ)
    cli.environ[name] = value
    ended = cli.run("submit", "a fox", "--gateway", "https://gateway.invalid")
    assert ended.code == 2
    assert name in ended.err
    assert "Nothing was sent" in ended.err
    assert "Traceback" not in ended.err


# --- a gateway that hangs, drips, or hangs up ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [lambda _: None, lambda connection: connection.recv(120), read_request],
    ids=["before reading", "in the headers", "after the body"],
)
async def test_a_gateway_that_hangs_leaves_the_post_in_doubt_and_a_check_in_trouble(
    read: Callable[[socket.socket], object],
) -> None:
    over = threading.Event()
    with socket_server(hangs(read, over)) as port:
        async with client(f"http://127.0.0.1:{port}", read_timeout_s=0.2) as gateway:
            with pytest.raises(InDoubt, match="within the time limit"):
                await gateway.submit(BODY)
            with pytest.raises(GatewayTrouble, match="within the time limit"):
                await gateway.status("abc")
        over.set()


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 202 Accepted\r\nContent-Length: 100000\r\n\r\n", b" "),
        (b"HTTP/1.1 202 Accepted\r\n", b"X-More: 1\r\n"),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["body", "headers", "interim answers", "chunks"],
)
async def test_an_answer_without_end_is_left_after_the_limit(start: bytes, piece: bytes) -> None:
    over = threading.Event()

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(start)
        while not over.wait(0.02):
            connection.sendall(piece)

    with socket_server(talk) as port:
        async with client(f"http://127.0.0.1:{port}", read_timeout_s=0.3) as gateway:
            with pytest.raises(InDoubt):
                await gateway.submit(BODY)
            with pytest.raises(GatewayTrouble):
                await gateway.status("abc")
        over.set()


async def test_an_answer_a_byte_at_a_time_that_takes_longer_than_one_pause_may_is_accepted() -> None:
    over = threading.Event()

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        for byte in ACCEPTED:
            over.wait(0.004)
            connection.sendall(bytes([byte]))

    with socket_server(talk) as port:
        # 0.5 s in all; no pause comes near the limit of one.
        async with client(f"http://127.0.0.1:{port}", read_timeout_s=0.4) as gateway:
            assert (await gateway.submit(BODY)).request_id == "abc"


@pytest.mark.parametrize("says_so", [True, False])
async def test_a_gateway_that_hangs_up_after_every_answer_is_no_trouble(says_so: bool) -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer("200 OK", b'{"status": "QUEUED"}') if says_so else QUEUED)

    with socket_server(talk) as port:
        async with client(f"http://127.0.0.1:{port}") as gateway:
            for _ in range(4):
                assert (await gateway.status("abc")).status == "QUEUED"


@pytest.mark.parametrize("ending", [socket.socket.close, reset], ids=["closed", "reset"])
async def test_a_check_on_a_connection_that_had_gone_stale_is_made_once_more(
    ending: Callable[[socket.socket], None],
) -> None:
    connections: list[int] = []

    def talk(connection: socket.socket) -> None:
        connections.append(0)
        while read_request(connection):
            connections[-1] += 1
            if connections[-1] == 2:
                ending(connection)
                return
            connection.sendall(QUEUED)

    with socket_server(talk) as port:
        async with client(f"http://127.0.0.1:{port}") as gateway:
            for _ in range(3):
                assert (await gateway.status("abc")).status == "QUEUED"
    assert connections[:2] == [2, 1], "asked on the kept connection, then once on a new one"


async def test_a_new_connection_that_breaks_is_trouble_and_not_asked_again() -> None:
    received: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        received.append(read_request(connection))

    with socket_server(talk) as port:
        async with client(f"http://127.0.0.1:{port}") as gateway:
            with pytest.raises(GatewayTrouble):
                await gateway.status("abc")
    assert len(received) == 1


async def test_a_post_never_goes_out_on_a_kept_connection_nor_twice() -> None:
    received: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        while request := read_request(connection):
            received.append(request)
            if len(received) == 3:
                return
            kept = ACCEPTED.replace(b"Connection: close\r\n", b"")
            connection.sendall(QUEUED if request.startswith(b"GET") else kept)

    with socket_server(talk) as port:
        async with client(f"http://127.0.0.1:{port}") as gateway:
            await gateway.status("abc")
            await gateway.submit(BODY)
            with pytest.raises(InDoubt):
                await gateway.submit(BODY)
    assert [request.split(b" ")[0] for request in received] == [b"GET", b"POST", b"POST"]


# --- how long a 429 asks to wait -------------------------------------------------------------------------------------

NOW = 1_800_000_000.0
DATES = [
    (f"Retry-After: {formatdate(NOW + 33, usegmt=True)}", 33.0),
    (f"Retry-After: {formatdate(NOW - 33, usegmt=True)}", 0.0),
    (f"Retry-After: {formatdate(NOW + 400 * 86_400, usegmt=True)}", MAX_RETRY_AFTER_S),
    ("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_S),
    ("Retry-After: Fri, 99 Foo 99999 99:99:99 GMT", None),
    ("Retry-After: 99999999999999999999999999", MAX_RETRY_AFTER_S),
    ("Retry-After: -99999999999999999999999999", 0.0),
    ("Retry-After: nan", None),
    ("Retry-After: inf", None),
    ("Retry-After: 30, 60", None),
    ("Retry-After:", None),
]


@pytest.mark.parametrize(("header", "wait_s"), DATES)
async def test_every_way_to_say_when_to_come_back(header: str, wait_s: float | None) -> None:
    refusal = answer("429 Too Many Requests", b"{}", f"Date: {formatdate(NOW, usegmt=True)}", header)
    with raw_server(refusal) as server:
        async with client(server.url) as gateway:
            for call in (gateway.submit(BODY), gateway.status("abc")):
                with pytest.raises(RateLimited) as caught:
                    await call
                assert caught.value.retry_after_s == wait_s
                assert ("24 hours" in str(caught.value)) == (wait_s == MAX_RETRY_AFTER_S)
