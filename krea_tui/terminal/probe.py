"""One batched question to the terminal, ended by one that every terminal answers (DA1)."""

import atexit
import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Mapping
from typing import Any

from krea_tui.terminal.capabilities import TerminalAnswers
from krea_tui.terminal.cell_size import measure_cell_size, valid_cell_size
from krea_tui.terminal.multiplexer import TmuxQuestion

LOCAL_TIMEOUT_S = 0.1
"""All of 14 terminals tried answered within 12 ms at home; the imports meanwhile take longer than this anyway."""
REMOTE_TIMEOUT_S = 1.0
_TMUX_TIMEOUT_S = 0.5
_MOST_BYTES = 16_384

_NAME = b"\x1b[>q"
_KITTY_GRAPHICS = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_SIXEL_COLOURS = b"\x1b[?1;1;0S"
_SIXEL_MAX_PX = b"\x1b[?2;1;0S"
_CELL_SIZE = b"\x1b[16t"
_DA1 = b"\x1b[c"

_DA1_ANSWER = re.compile(rb"\x1b\[\?([0-9;]*)c")
_KITTY_ANSWER = re.compile(rb"\x1b_Gi=31[^\x1b]*;OK\x1b\\")
_NAME_ANSWER = re.compile(rb"\x1bP>\|([^\x1b]{0,200})\x1b\\")
_CELL_ANSWER = re.compile(rb"\x1b\[6;(\d{1,4});(\d{1,4})t")
_COLOURS_ANSWER = re.compile(rb"\x1b\[\?1;0;(\d{1,6})S")
_MAX_PX_ANSWER = re.compile(rb"\x1b\[\?2;0;(\d{1,6});(\d{1,6})S")

_MUTE_TERMS = frozenset({"", "dumb", "unknown"})


class PendingProbe:
    """A question that has been asked. The terminal does not echo until :meth:`finish`, which must be called.

    Leaving the process without it (an import that fails, Ctrl+C) gives the terminal back too.
    """

    def __init__(self, input_fd: int | None, question: bytes, timeout_s: float, tmux: TmuxQuestion | None) -> None:
        self._input_fd = input_fd
        self._question = question
        self._asked_at = time.monotonic()
        self._timeout_s = timeout_s
        self._tmux = tmux
        self._restore: Callable[[], None] | None = None
        self._answers: TerminalAnswers | None = None

    def ask(self, output_fd: int) -> None:
        """Silence the echo and send the question; on any error nothing was asked and ``finish`` answers at once."""
        fd = self._input_fd
        if fd is None:
            return
        try:
            before = termios.tcgetattr(fd)
            self._restore = _restorer(fd, before)
            atexit.register(self._restore)
            tty.setcbreak(fd, termios.TCSANOW)
            takes_output = bool(select.select([], [output_fd], [], 0)[1])
            if takes_output:
                os.write(output_fd, self._question)
        except (OSError, termios.error):
            takes_output = False
        if not takes_output:
            self._give_back()
            self._input_fd = None

    def finish(self, timeout_s: float | None = None) -> TerminalAnswers:
        """Collect the answers and give the terminal back. Later calls return the same answers.

        Args:
            timeout_s: Longest wait in seconds, counted from the question, not from this call.

        Returns:
            What was answered in time. Never raises for a terminal that is mute, gone or odd.
        """
        if self._answers is None:
            self._answers = self._collect(self._timeout_s if timeout_s is None else timeout_s)
        return self._answers

    def _collect(self, timeout_s: float) -> TerminalAnswers:
        fd = self._input_fd
        raw = b""
        if fd is not None:
            try:
                raw = _read_until_da1(fd, self._asked_at + timeout_s)
                if not _DA1_ANSWER.search(raw):
                    # What comes later would be typed into the app: drop at least what is here by now.
                    termios.tcflush(fd, termios.TCIFLUSH)
            except (OSError, termios.error):
                pass
            finally:
                self._give_back()
        seconds = time.monotonic() - self._asked_at
        tmux = self._tmux.answer(max(0.05, _TMUX_TIMEOUT_S - seconds)) if self._tmux is not None else None
        return parse_answers(raw, input_fd=fd, seconds=seconds, tmux=tmux)

    def _give_back(self) -> None:
        if self._restore is not None:
            self._restore()
            atexit.unregister(self._restore)
            self._restore = None


def begin(
    environ: Mapping[str, str] = os.environ,
    *,
    input_fd: int | None = None,
    output_fd: int | None = None,
    timeout_s: float | None = None,
) -> PendingProbe:
    """Ask the terminal, without waiting for the answer.

    Args:
        environ: TERM, TMUX, STY, SSH_CONNECTION, SSH_TTY and TERM_PROGRAM are looked at.
        input_fd: Where answers come from; standard input where not given.
        output_fd: Where the question goes; standard output or else standard error, whichever is a terminal.
        timeout_s: Longest wait from now; by default 0.1 s, over SSH 1 s.

    Returns:
        The pending question; ``finish`` it before the app starts. Asks nothing where there is no terminal, where it
        is dumb, or where this process is not in its foreground.
    """
    remote = is_remote(environ)
    if timeout_s is None:
        timeout_s = REMOTE_TIMEOUT_S if remote else LOCAL_TIMEOUT_S
    source = input_fd if input_fd is not None else _terminal_fd(sys.__stdin__)
    target = output_fd if output_fd is not None else (_terminal_fd(sys.__stdout__) or _terminal_fd(sys.__stderr__))
    usable = source is not None and target is not None and os.isatty(source) and os.isatty(target)
    if not usable or source is None or target is None or environ.get("TERM", "") in _MUTE_TERMS:
        return PendingProbe(None, b"", timeout_s, None)
    if not _in_foreground(source):
        return PendingProbe(None, b"", timeout_s, None)
    in_tmux = bool(environ.get("TMUX"))
    pending = PendingProbe(source, _question(environ), timeout_s, TmuxQuestion(environ) if in_tmux else None)
    pending.ask(target)
    return pending


def probe(timeout_s: float | None = None, environ: Mapping[str, str] = os.environ) -> TerminalAnswers:
    """Ask the terminal and wait for the answers; see :func:`begin` for the way that does not wait."""
    return begin(environ, timeout_s=timeout_s).finish()


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH line."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def parse_answers(raw: bytes, *, input_fd: int | None, seconds: float, tmux: Any = None) -> TerminalAnswers:  # noqa: ANN401
    """Find the answers among whatever was read (typed keys may lie between them)."""
    da1 = _DA1_ANSWER.search(raw)
    name = _NAME_ANSWER.search(raw)
    colours = _COLOURS_ANSWER.search(raw)
    max_px = _MAX_PX_ANSWER.search(raw)
    cell_size = measure_cell_size(input_fd) if input_fd is not None else None
    if cell_size is None and (cell := _CELL_ANSWER.search(raw)):
        cell_size = valid_cell_size(int(cell[2]), int(cell[1]))
    return TerminalAnswers(
        is_terminal=input_fd is not None,
        complete=da1 is not None,
        kitty_graphics=_KITTY_ANSWER.search(raw) is not None,
        sixel=da1 is not None and b"4" in da1[1].split(b";"),
        cell_size=cell_size,
        name="".join(c for c in name[1].decode("utf-8", "replace") if c.isprintable()) if name else "",
        sixel_colours=int(colours[1]) if colours and int(colours[1]) > 1 else None,
        sixel_max_px=(int(max_px[1]), int(max_px[2])) if max_px and int(max_px[1]) and int(max_px[2]) else None,
        seconds=seconds,
        tmux=tmux,
    )


def _question(environ: Mapping[str, str]) -> bytes:
    """The batch: the question that only some understand first, DA1 last.

    Graphics are not asked for where the words would be printed (the Linux console, Apple's Terminal), shown as a
    status line (GNU screen) or swallowed by a tmux that answers for itself.
    """
    term = environ.get("TERM", "")
    prints_apc = term == "linux" or environ.get("TERM_PROGRAM") == "Apple_Terminal"
    multiplexed = bool(environ.get("TMUX") or environ.get("STY"))
    graphics = b"" if prints_apc or multiplexed else _KITTY_GRAPHICS
    sixel = b"" if prints_apc or environ.get("STY") else _SIXEL_COLOURS + _SIXEL_MAX_PX
    return _NAME + graphics + sixel + _CELL_SIZE + _DA1


def _read_until_da1(fd: int, deadline: float) -> bytes:
    raw = b""
    while len(raw) < _MOST_BYTES and not _DA1_ANSWER.search(raw):
        # What has arrived is read even when the deadline passed during the imports.
        if not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            break
        chunk = os.read(fd, 4096)
        if not chunk:
            break
        raw += chunk
    return raw


def _restorer(fd: int, attributes: list[Any]) -> Callable[[], None]:
    def restore() -> None:
        try:
            termios.tcsetattr(fd, termios.TCSANOW, attributes)
        except (OSError, termios.error):
            return  # the terminal is gone, and with it what there was to give back

    return restore


def _in_foreground(fd: int) -> bool:
    """Whether the terminal's settings may be changed; a background job would be stopped for it (SIGTTOU)."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        # Not our controlling terminal: nobody stops us.
        return True


def _terminal_fd(stream: Any) -> int | None:  # noqa: ANN401  # sys.__stdin__ may be None, closed or replaced
    try:
        fd = stream.fileno() if stream is not None else None
        return fd if fd is not None and os.isatty(fd) else None
    except (OSError, ValueError):
        return None
