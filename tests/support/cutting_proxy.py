"""A proxy on loopback that knows how far a request and its answer have come, and acts at a byte of them."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

from tests.support.keys import TestKey

LIMIT_S = 10.0
_HEAD_END = b"\r\n\r\n"


class Kind(Enum):
    """What a request asks for."""

    POST = "POST"
    STATUS = "status"
    MEDIA = "media"


class Side(Enum):
    """Which of the two messages of an exchange."""

    REQUEST = "request"
    ANSWER = "answer"


class Place(Enum):
    """How far a message has come. A share of its bytes can be given in place of one of these."""

    NOTHING = "nothing of it"
    IN_FIRST_LINE = "in its first line"
    IN_HEADERS = "in its headers"
    AFTER_HEADERS = "after its headers"
    IN_BODY = "in its body"
    WHOLE = "all of it"


@dataclass(frozen=True, slots=True)
class Cut:
    """Where to act, and whether the bytes before that place are passed on or kept back. `nth` counts from one."""

    kind: Kind
    side: Side
    place: Place | float
    nth: int = 1
    passes_on: bool = True

    def __str__(self) -> str:
        place = self.place.value if isinstance(self.place, Place) else f"{self.place:.0%} of it"
        kept = "" if self.passes_on else ", kept back"
        return f"{self.kind.value} {self.nth}: {place} ({self.side.value}{kept})"

    def offset(self, message: "Message") -> int | None:
        """The number of bytes of this message at which to act; None while that is not known."""
        if self.place is Place.NOTHING:
            return 0
        head, size = message.head_size, message.size
        if head is None or size is None:
            return None
        match self.place:
            case Place.IN_FIRST_LINE:
                return 5
            case Place.IN_HEADERS:
                return head // 2
            case Place.AFTER_HEADERS:
                return head
            case Place.IN_BODY:
                return head + (size - head) // 2
            case Place.WHOLE:
                return size
            case share:
                return int(size * share)


@dataclass(slots=True)
class Message:
    """A request or an answer as far as it has come."""

    data: bytearray = field(default_factory=bytearray)

    @property
    def head_size(self) -> int | None:
        """The bytes up to the body; None while they have not all come."""
        end = self.data.find(_HEAD_END)
        return None if end < 0 else end + len(_HEAD_END)

    @property
    def size(self) -> int | None:
        """The bytes of the whole message; None while its head has not come."""
        head = self.head_size
        if head is None:
            return None
        return head + int(self.header(b"content-length") or 0)

    @property
    def is_whole(self) -> bool:
        """Whether all of it has come."""
        size = self.size
        return size is not None and len(self.data) >= size

    @property
    def body(self) -> bytes:
        """What has come behind the head."""
        return bytes(self.data[self.head_size :]) if self.head_size else b""

    def header(self, name: bytes) -> bytes:
        """The value of a header, empty where there is none."""
        lines = bytes(self.data[: self.head_size or 0]).split(b"\r\n")[1:]
        return next((line.partition(b":")[2].strip() for line in lines if line.lower().startswith(name + b":")), b"")


@dataclass(slots=True)
class Exchange:
    """A request as the proxy saw it come, and what became of it. Times are `time.monotonic()`."""

    kind: Kind
    began_at: float
    request: Message
    answer: Message = field(default_factory=Message)
    ended_at: float = float("inf")

    @property
    def key(self) -> str:
        """The API key of the request, which names the process that sent it."""
        return TestKey(self.request.header(b"ocp-apim-subscription-key").decode())


class _Ended(Exception):
    """One of the two has closed, or the cut was made."""


class CuttingProxy:
    """Passes bytes on between one studio and the gateway, each connection in a thread of its own."""

    def __init__(self, gateway_port: int) -> None:
        self.exchanges: list[Exchange] = []
        self._gateway_port = gateway_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._counts: Counter[Kind] = Counter()
        self._cut: Cut | None = None
        self._act: Callable[[], None] = lambda: None
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """Where the studio is to send."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def posts(self) -> list[Exchange]:
        """The POSTs of which at least a byte came, in their order."""
        with self._lock:
            return [exchange for exchange in self.exchanges if exchange.kind is Kind.POST]

    def cut(self, cut: Cut | None, act: Callable[[], None] = lambda: None) -> None:
        """From now on, act once when an exchange has come so far, then break its connections."""
        with self._lock:
            self._cut, self._act = cut, act
            self._counts.clear()

    @contextmanager
    def serving(self) -> Iterator["CuttingProxy"]:
        acceptor = threading.Thread(target=self._accept, daemon=True)
        acceptor.start()
        try:
            yield self
        finally:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            with self._lock:
                still_open = tuple(self._open)
            for connection in still_open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in (acceptor, *self._threads):
                thread.join(LIMIT_S)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._relay, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _relay(self, client: socket.socket) -> None:
        gateway = socket.create_connection(("127.0.0.1", self._gateway_port))
        with self._lock:
            self._open |= {client, gateway}
        with client, gateway, suppress(OSError, _Ended):
            for end in (client, gateway):
                end.settimeout(LIMIT_S)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                self._exchange(client, gateway)
        with self._lock:
            self._open -= {client, gateway}

    def _exchange(self, client: socket.socket, gateway: socket.socket) -> None:
        request = Message(bytearray(client.recv(65_536)))
        if not request.data:
            raise _Ended
        exchange = Exchange(_kind_of(request), time.monotonic(), request)
        with self._lock:
            self.exchanges.append(exchange)
            self._counts[exchange.kind] += 1
            is_it = self._cut is not None and (self._cut.kind, self._cut.nth) == (
                exchange.kind,
                self._counts[exchange.kind],
            )
            cut = self._cut if is_it else None
        try:
            self._pass(client, gateway, request, cut if cut and cut.side is Side.REQUEST else None)
            self._pass(gateway, client, exchange.answer, cut if cut and cut.side is Side.ANSWER else None, exchange)
        finally:
            exchange.ended_at = min(exchange.ended_at, time.monotonic())

    def _pass(
        self,
        source: socket.socket,
        sink: socket.socket,
        message: Message,
        cut: Cut | None,
        ends: Exchange | None = None,
    ) -> None:
        """Pass a message on, whatever pieces it comes in, or as far as the cut allows."""
        sent = 0
        while True:
            if cut is not None and message.data:
                offset = cut.offset(message)
                if offset is not None and len(message.data) >= offset:
                    if cut.passes_on:
                        sink.sendall(message.data[sent:offset])
                    self._make_cut(cut, sink)
            if message.is_whole and ends is not None:
                # Before its last byte goes out: what the studio does next comes later than this moment.
                ends.ended_at = time.monotonic()
            if message.data and (cut is None or (cut.passes_on and message.head_size is not None)):
                sink.sendall(message.data[sent:])
                sent = len(message.data)
            if message.is_whole:
                return
            part = source.recv(65_536)
            if not part:
                raise _Ended
            message.data += part

    def _make_cut(self, cut: Cut, sink: socket.socket) -> None:
        with self._lock:
            self._cut = None
        self._act()
        if cut.side is Side.REQUEST and cut.place is Place.WHOLE and cut.passes_on:
            # A gateway that has the whole request goes on with it, whoever has gone.
            with suppress(OSError):
                sink.recv(1)
        raise _Ended


def _kind_of(request: Message) -> Kind:
    if request.data.startswith(b"P"):
        return Kind.POST
    return Kind.MEDIA if b"/media/" in request.data.partition(b"\r\n")[0] else Kind.STATUS
