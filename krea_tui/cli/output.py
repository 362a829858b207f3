"""Results on stdout, words on stderr."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from typing import Final, TextIO

from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.text import clean_line, clean_text

PROGRAM: Final = "krea-tui"
# The ids of a large batch have room; an argument of a megabyte does not.
_MOST_WORDS: Final = 20_000
_NOBODY_READS: Final = frozenset({errno.EPIPE, errno.EIO})


def make_streams_safe() -> None:
    """No character that a stream cannot carry may end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def tell_result(line: str) -> None:
    """One line of result, or several; whatever is in it, nothing but text reaches the terminal.

    Where nobody reads any more (`| head`), nothing more is written, and work goes on.
    """
    _write(sys.stdout, clean_text(line))


def tell_object(value: Mapping[str, object]) -> None:
    """One JSON object on one line; printable ASCII, so that no terminal can be led astray by a prompt."""
    import json

    # The one control character that JSON lets stand.
    _write(sys.stdout, json.dumps(value, allow_nan=False).replace("\x7f", "\\u007f"))


def tell(words: str) -> None:
    """Words for the person."""
    _write(sys.stderr, clean_line(words, _MOST_WORDS))


def _write(stream: TextIO, line: str) -> None:
    try:
        print(line, file=stream, flush=True)
    except OSError as error:
        # A reader or a terminal that is gone must not stop what is under way with money; what is still buffered
        # would raise again at the interpreter's exit.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        if stream is sys.stdout and error.errno not in _NOBODY_READS:
            tell(f"{PROGRAM}: results cannot be written: {error.strerror}")


def tell_error(error: KreaTuiError) -> None:
    """What happened, and on a second line what can be done next."""
    tell(f"{PROGRAM}: {error}")
    if error.advice:
        tell(error.advice)


def is_interactive() -> bool:
    """Whether a person can be asked: what they read and what they type are both a terminal."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def shows_to_person() -> bool:
    """Whether results are read on a terminal."""
    return is_terminal(sys.stdout)


def is_terminal(stream: object) -> bool:
    """Whether a stream (or the None of a closed one) is a terminal."""
    isatty = getattr(stream, "isatty", None)
    try:
        return bool(isatty and isatty())
    except ValueError:
        # A closed stream.
        return False


def confirm(question: str) -> bool:
    """Ask on the terminal; only a clear yes counts."""
    return _answer(f"{clean_line(question)} [y/N] ").lower() in {"y", "yes"}


def confirm_count(question: str, count: int) -> bool:
    """Ask on the terminal for the number itself, so that no slip decides about many."""
    return _answer(f"{clean_line(question)} Type {count} to do it: ") == str(count)


def _answer(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()
