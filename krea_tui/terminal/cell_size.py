"""The size of a cell in pixels, from the terminal driver of the system."""

import fcntl
import struct
import sys
import termios
from typing import TextIO

from krea_tui.terminal.capabilities import CellSize

_LARGEST_CELL_PX = 200


def measure_cell_size(fd: int | None = None) -> CellSize | None:
    """Ask the system (never the terminal) for the pixels of a cell; cheap enough to call at each resize.

    Args:
        fd: An open terminal; standard output, then standard error, where it is not given.

    Returns:
        The size, or None where the system does not know it (0x0 ptys, many SSH and container lines).
    """
    candidates = [fd] if fd is not None else [_fileno(stream) for stream in (sys.__stdout__, sys.__stderr__)]
    for candidate in candidates:
        if candidate is None:
            continue
        try:
            raw = fcntl.ioctl(candidate, termios.TIOCGWINSZ, bytes(8))
        except OSError:
            continue
        rows, columns, width_px, height_px = struct.unpack("HHHH", raw)
        if rows and columns and (size := valid_cell_size(width_px // columns, height_px // rows)):
            return size
    return None


def valid_cell_size(width_px: int, height_px: int) -> CellSize | None:
    """Refuse sizes that no terminal has; they would make pictures of absurd sizes."""
    if 1 < width_px <= _LARGEST_CELL_PX and 1 < height_px <= _LARGEST_CELL_PX:
        return CellSize(width_px, height_px)
    return None


def _fileno(stream: TextIO | None) -> int | None:
    try:
        return stream.fileno() if stream is not None else None
    except (OSError, ValueError):
        return None
