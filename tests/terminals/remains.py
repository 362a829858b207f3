"""What a program has left behind in its terminal, told from every byte that it wrote."""

import re

# Cursor shown, long lines wrapped: a terminal is born with these on.
BORN_ON = {25, 7}
_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_KEYBOARD = re.compile(rb"\x1b\[([<>])[0-9;]*u")
_KITTY = re.compile(rb"\x1b_G([^;\x1b]*)[^\x1b]*\x1b\\")


def modes_left(raw: bytes) -> set[int]:
    """Return the DEC private modes that are not as they were: alternate screen, mouse, bracketed paste, ..."""
    state: dict[int, bool] = {}
    for numbers, word in _MODE.findall(raw):
        for number in numbers.split(b";"):
            state[int(number)] = word == b"h"
    return {number for number, is_on in state.items() if is_on != (number in BORN_ON)}


def modes_set(raw: bytes) -> set[int]:
    """Return every private mode that was ever switched on."""
    return {int(number) for numbers, word in _MODE.findall(raw) if word == b"h" for number in numbers.split(b";")}


def keyboard_depth(raw: bytes) -> int:
    """Return how many of kitty's keyboard modes are still pushed."""
    pushed = _KEYBOARD.findall(raw)
    return pushed.count(b">") - pushed.count(b"<")


def kitty_pictures(raw: bytes) -> tuple[set[int], set[int]]:
    """Return the ids of the pictures sent to the terminal, and of those it still keeps."""
    sent: set[int] = set()
    kept: set[int] = set()
    for keys in _KITTY.findall(raw):
        values = dict(pair.split(b"=", 1) for pair in keys.split(b",") if b"=" in pair)
        number = int(values.get(b"i", b"0"))
        if values.get(b"a") == b"q" or not number:
            continue
        if values.get(b"a") == b"d":
            kept.discard(number)
        else:
            sent.add(number)
            kept.add(number)
    return sent, kept
