"""When the line is cut: the terminal is gone, and nothing can be painted or put back on it any more.

The toolkit's own way out writes to the terminal and may wait for ever for a writer that died with it. So where the
terminal is really gone the process goes its own way: what is in flight is committed, then it ends.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

# A request in flight may take two minutes to be answered; after that its row says that it is unconfirmed.
LEAVE_WITHIN_S: Final = 150.0
CHECK_EVERY_S: Final = 5.0
EXIT_CODE: Final = 128 + signal.SIGHUP


def is_terminal_gone() -> bool:
    """Whether the terminal this process was started on has hung up; false where it never had one."""
    stream = sys.__stderr__
    if stream is None:
        return False
    try:
        termios.tcgetattr(stream.fileno())
    except termios.error as error:
        # EIO is a terminal that hung up; ENOTTY is none at all.
        return bool(error.args and error.args[0] != errno.ENOTTY)
    except (OSError, ValueError):
        return False
    return False


def on_hangup(leave: Callable[[bool], None]) -> None:
    """Call `leave` from the main thread on SIGHUP, whatever the event loop is waiting for.

    It is told whether the terminal is gone, must not wait, and may be called while anything else is half done. From
    then on the process ends even if its event loop never runs again. Does nothing outside the main thread.
    """

    def handle(_number: int, _frame: FrameType | None) -> None:
        is_gone = is_terminal_gone()
        if is_gone:
            let_go()
        leave(is_gone)

    with suppress(ValueError):
        signal.signal(signal.SIGHUP, handle)


def let_go() -> None:
    """The terminal is gone: what is still painted leads nowhere, and the process ends in time."""
    timer = threading.Timer(LEAVE_WITHIN_S, end_now)
    timer.daemon = True
    timer.start()
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        os.close(nowhere)


def end_now() -> None:
    """End the process without touching the terminal; everything that counts is committed before it is shown."""
    os._exit(EXIT_CODE)
