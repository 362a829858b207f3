"""Runs a Simulator on a loopback port: in a thread beside the caller, or in the foreground."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable

import uvicorn

from krea_tui.simulator.gateway import Simulator
from krea_tui.simulator.webhook import is_loopback_host
from krea_tui.simulator.wire import protocol_class

_START_LIMIT_S = 15.0
_STOP_LIMIT_S = 10.0


class SimulatorServer:
    """Serves a Simulator from a daemon thread with an event loop of its own.

    `port` 0 takes a free one; `keep_alive_s` is how long an idle connection is kept. As a context manager it gives
    the base URL.
    """

    def __init__(
        self, simulator: Simulator | None = None, host: str = "127.0.0.1", port: int = 0, keep_alive_s: int = 5
    ) -> None:
        self.simulator = simulator or Simulator()
        self._host = host
        self._port = port
        self._keep_alive_s = keep_alive_s
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._base_url = ""

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT` once started."""
        return self._base_url

    def start(self) -> str:
        """Returns the base URL as soon as connections are accepted.

        Raises ValueError for a host that is not loopback, OSError where the port is taken, RuntimeError where the
        server does not come up.
        """
        listener = listen(self._host, self._port)
        self._base_url = base_url_of(listener)
        ready = threading.Event()
        self._server = _Server(_config(self.simulator, self._keep_alive_s), ready.set)
        self._thread = threading.Thread(
            target=self._run, args=(self._server, listener), name="krea-simulator", daemon=True
        )
        self._thread.start()
        if not ready.wait(_START_LIMIT_S):
            raise RuntimeError("the simulator did not start")
        return self._base_url

    def stop(self) -> None:
        """Drops every connection and ends the thread. Does nothing where it is not running."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(_STOP_LIMIT_S)
        self._server = self._thread = None
        self.simulator.close()

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _run(self, server: "_Server", listener: socket.socket) -> None:
        asyncio.run(server.serve([listener]))


def serve(
    simulator: Simulator,
    host: str = "127.0.0.1",
    port: int = 0,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serves in the foreground until interrupted; `announce` gets one line with the URL, standard output by default.

    Raises ValueError for a host that is not loopback, OSError where the port is taken.
    """
    listener = listen(host, port)
    line = f"Simulated Krea 2 gateway on {base_url_of(listener)} - nothing is spent. Ctrl+C ends it."
    server = _Server(_config(simulator, keep_alive_s=5), lambda: (announce or _say)(line))
    try:
        asyncio.run(server.serve([listener]))
    except KeyboardInterrupt:
        pass
    finally:
        simulator.close()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on loopback. Raises ValueError for any other host, OSError where the port is taken."""
    if not is_loopback_host(host):
        raise ValueError(f"the simulator binds to loopback only, not to {host!r}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle off only where the protocol is named; without that every answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def base_url_of(listener: socket.socket) -> str:
    """The URL under which a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _config(simulator: Simulator, keep_alive_s: int) -> uvicorn.Config:
    return uvicorn.Config(
        simulator.app,
        http=protocol_class(simulator.saw_connection),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    """Tells when it accepts, and drops what is still open when it is forced to end."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.force_exit:
            for connection in list(self.server_state.connections):
                connection.transport.abort()
        await super().shutdown(sockets)
