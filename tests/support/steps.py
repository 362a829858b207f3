"""Counts the steps of this process that leave a trace outside it, and ends it with SIGKILL at the one it is told.

What is watched is the border to the system, never our own code: commits of SQLite, changes of files, locks, sockets.
"""

import fcntl
import functools
import os
import random
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

_COMMITS = frozenset({"COMMIT", "PRAGMA journal_mode=WAL"})
_GLUE = frozenset({"_transaction", "_run", "_try", "<lambda>"})
_CALLERS = 2
_LONGEST_COMMIT_S = 0.004

Act = Callable[[], object]


class Steps:
    """Writes down each step as `label#n`, the n-th of its kind; dies at the one named `die_at`.

    Commits whose label is `refused` fail as on a disk that gives errors.
    """

    def __init__(self, trace: Path, die_at: str | None = None, refused: str | None = None) -> None:
        self._die_at = die_at
        self._refused = refused
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._handle = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._write = os.write

    def reach(self, label: str, last_act: Act | None = None) -> None:
        """One step; where this process ends with it, the last act is done before."""
        with self._lock:
            self._counts[label] += 1
            step = f"{label}#{self._counts[label]}"
            self.say(step)
            if step == self._die_at:
                if last_act is not None:
                    last_act()
                _die()

    def say(self, words: str) -> None:
        """A line of the trace with the time of the clock that all processes share."""
        self._write(self._handle, f"{time.monotonic():.6f} {words}\n".encode())

    def watch(self) -> None:
        """From now on every commit, file, lock and socket of this process counts."""
        self._watch_commits()
        for name in ("fsync", "rename", "replace", "unlink", "mkdir"):
            self._watch_call(os, name)
        self._watch_call(fcntl, "flock")
        self._watch_writes()
        self._watch_sockets()

    def _watch_call(self, module: Any, name: str) -> None:  # noqa: ANN401 -- whatever module it is
        real = getattr(module, name)

        @functools.wraps(real)
        def watched(*args: object, **kwargs: object) -> object:
            label = f"{name} {_callers()}"
            if name != "mkdir":
                # Most folders are there already: only one that was made is a step.
                self.reach(f"before {label}")
            result = real(*args, **kwargs)
            self.reach(f"after {label}")
            return result

        setattr(module, name, watched)

    def _watch_writes(self) -> None:
        real = os.write

        def write(handle: int, data: bytes) -> int:
            label = f"write {_callers()}"
            self.reach(f"before {label}")
            self.reach(f"amid {label}", lambda: real(handle, data[: len(data) // 2]))
            return real(handle, data)

        os.write = write  # type: ignore[assignment]

    def _watch_commits(self) -> None:
        steps = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
                real = functools.partial(super().execute, sql, *args)  # type: ignore[arg-type]
                if sql not in _COMMITS:
                    return real()
                label = f"{sql.split(maxsplit=1)[0]} {_callers()}"
                steps.reach(f"before {label}")
                if label == steps._refused:
                    raise sqlite3.OperationalError("disk I/O error")
                steps.reach(f"amid {label}", lambda: _die_during(real))
                cursor = real()
                steps.reach(f"after {label}")
                return cursor

        sqlite3.connect = functools.partial(sqlite3.connect, factory=Connection)  # type: ignore[assignment]

    def _watch_sockets(self) -> None:
        steps = self
        real_connect, real_send, real_recv = socket.socket.connect, socket.socket.send, socket.socket.recv

        def connect(self: socket.socket, address: object) -> None:
            steps.reach("before connect")
            try:
                real_connect(self, address)  # type: ignore[arg-type]
            finally:
                steps.reach("after connect")

        def send(self: socket.socket, data: bytes, *args: int) -> int:
            if self.family != socket.AF_INET:
                return real_send(self, data, *args)
            label = f"send {_first_word(data)}"
            steps.reach(f"before {label}")
            steps.reach(f"amid {label}", lambda: real_send(self, data[: len(data) // 2]))
            sent = real_send(self, data, *args)
            steps.reach(f"after {label}")
            return sent

        def recv(self: socket.socket, *args: int) -> bytes:
            data = real_recv(self, *args)
            if self.family == socket.AF_INET:
                steps.reach(f"after recv {_first_word(data)}")
            return data

        socket.socket.connect = connect  # type: ignore[method-assign, assignment]
        socket.socket.send = send  # type: ignore[method-assign, assignment]
        socket.socket.recv = recv  # type: ignore[method-assign, assignment]


def steps_in(trace: Path) -> list[tuple[float, str]]:
    """The moments and words of a trace; it may end in the middle of nothing, since a line is one write."""
    if not trace.exists():
        return []
    lines = (line.partition(" ") for line in trace.read_text("utf-8").splitlines())
    return [(float(moment), words) for moment, _, words in lines]


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit("killed")


def _die_during(act: Act) -> None:
    """Somewhere between the first and the last byte that the act writes, or just after."""

    threading.Timer(random.random() * _LONGEST_COMMIT_S, _die).start()
    act()
    threading.Event().wait()


def _first_word(data: bytes) -> str:
    """Which message these bytes begin; the rest of one has no word of its own."""
    start = bytes(data[:12])
    if start.startswith(b"HTTP/1.1 "):
        return "answer"
    if start.startswith(b"POST "):
        return "POST"
    if start.startswith(b"GET "):
        return "GET"
    return "rest" if start else "end"


def _callers() -> str:
    """Which of our functions does it, the nearest first, and which event it commits."""
    names: list[str] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and len(names) < _CALLERS:
        code = frame.f_code
        if "krea_tui" in code.co_filename and code.co_name not in _GLUE:
            event = frame.f_locals.get("event")
            names.append(code.co_name + (f"({type(event).__name__})" if event is not None else ""))
        frame = frame.f_back
    return "<".join(names)
