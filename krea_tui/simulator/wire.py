"""The server's side of one connection, which can be cut, dripped and dropped; uvicorn has no hook for that."""

import asyncio
import socket
import struct
from collections.abc import Callable, MutableMapping
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

WIRE = "krea_tui.simulator.wire"
"""The name under which a request finds its Wire in `scope["extensions"]`."""


class Wire(asyncio.Transport):
    """Stands between uvicorn and the real transport."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._left: int | None = None
        self._reset = False
        self._drip_s: float | None = None
        self._waiting = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._is_answered = False

    def cut_after(self, count: int, *, reset: bool = False) -> None:
        """Closes once `count` further bytes of this answer have been written."""
        self._left = count
        self._reset = reset
        self._is_answered = False
        if count == 0:
            self.hang_up(reset=reset)

    def drip(self, interval_s: float) -> None:
        """Writes one byte of this answer every `interval_s` seconds."""
        self._drip_s = interval_s
        self._is_answered = False

    def end_answer(self) -> None:
        """The answer is whole: what was told of it does not hold for the next one on this connection."""
        self._is_answered = True
        self._forget_if_written()

    def hang_up(self, *, reset: bool = False) -> None:
        """Closes now: what was written goes out first, unless `reset` sends RST in place of FIN."""
        if reset:
            raw = cast(socket.socket, self._transport.get_extra_info("socket"))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.abort()
        else:
            self.close()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Passes bytes on, as the faults allow."""
        if self._closing:
            return
        if self._drip_s is None:
            self._pass_on(bytes(data))
            return
        self._waiting += data
        if self._timer is None:
            self._drip_one()

    def close(self) -> None:
        """Closes once everything is written."""
        self._closing = True
        if self._timer is None:
            self._transport.close()

    def abort(self) -> None:
        """Closes at once; what waits is lost."""
        self._closing = True
        self._waiting.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing or self._transport.is_closing()

    def get_extra_info(self, name: str, default: object = None) -> object:
        """What the real transport knows."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Stops reading."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads on."""
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hands the connection to another protocol."""
        self._transport.set_protocol(protocol)

    def _drip_one(self) -> None:
        self._timer = None
        if not self._waiting or self._transport.is_closing():
            if self._closing:
                self._transport.close()
            return
        byte = bytes(self._waiting[:1])
        del self._waiting[:1]
        self._timer = asyncio.get_running_loop().call_later(self._drip_s or 0.0, self._drip_one)
        self._pass_on(byte)
        self._forget_if_written()

    def _forget_if_written(self) -> None:
        if self._is_answered and not self._waiting:
            self._left = self._drip_s = None

    def _pass_on(self, data: bytes) -> None:
        if self._left is None:
            self._transport.write(data)
            return
        part = data[: self._left]
        self._left -= len(part)
        self._transport.write(part)
        if self._left == 0:
            self._waiting.clear()
            self.hang_up(reset=self._reset)


def protocol_class(on_connection: Callable[[Wire], None]) -> type[asyncio.Protocol]:
    """A uvicorn HTTP protocol that hands each request its Wire and shows each new Wire to `on_connection` first."""

    class WiredProtocol(H11Protocol):
        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, object],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(config, server_state, app_state, _loop)
            self._inner = cast(ASGIApp, self.app)
            self.app = self._with_wire
            self.wire: Wire | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            self.wire = Wire(transport)
            super().connection_made(self.wire)
            on_connection(self.wire)

        async def _with_wire(self, scope: Scope, receive: Receive, send: Send) -> None:
            extensions = cast(MutableMapping[str, object], scope.setdefault("extensions", {}))
            extensions[WIRE] = self.wire
            await self._inner(scope, receive, send)
            if self.wire is not None:
                self.wire.end_answer()

    return WiredProtocol


def wire_of(scope: Scope) -> Wire:
    """The connection of a request. Raises LookupError where the application does not run on SimulatorServer."""
    wire = scope.get("extensions", {}).get(WIRE)
    if not isinstance(wire, Wire):
        raise LookupError("connection faults need SimulatorServer")
    return wire
