"""A server on loopback whose every connection is a function of the test: what it reads and writes, when it hangs up."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.support.key_search import look_at_request

LIMIT_S = 5.0

Talk = Callable[[socket.socket], None]


def read_request(connection: socket.socket) -> bytes:
    """One whole request; b"" where the other side hung up."""
    data = b""
    while b"\r\n\r\n" not in data and (part := connection.recv(65_536)):
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]) and (part := connection.recv(65_536)):
        body += part
    if not data:
        return b""
    look_at_request("a socket server", request := head + b"\r\n\r\n" + body)
    return request


def reset(connection: socket.socket) -> None:
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


@contextmanager
def socket_server(talk: Talk, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Calls `talk` with every connection (after its handshake, with `tls`) in a thread; gives the port."""
    open_connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(LIMIT_S)
            if tls is None:
                talk(connection)
                return
            with tls.wrap_socket(connection, server_side=True) as wrapped:
                talk(wrapped)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_connections.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            accepting.join(LIMIT_S)
            for connection in open_connections:
                with suppress(OSError):
                    connection.close()
