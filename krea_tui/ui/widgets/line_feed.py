"""Tells a pressed Ctrl+J from the line feeds of a paste: to a terminal they are the same byte.

A paste without brackets arrives key by key, and each of its line feeds would spend money. So a line feed with
another key within 50 ms before or after it is a line break; only one that stays alone is the person's Ctrl+J.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

# No hand is that quick, and no paste that slow.
PASTE_GAP_S: Final = 0.05
# Terminals with kitty's keyboard protocol report these by themselves, a moment before the key they go with.
MODIFIER_KEYS: Final = frozenset(
    {
        *(
            f"{side}_{name}"
            for side in ("left", "right")
            for name in ("control", "shift", "alt", "super", "hyper", "meta")
        ),
        *("caps_lock", "num_lock", "scroll_lock", "iso_level3_shift", "iso_level5_shift"),
    }
)
# A key held down repeats; until this long after a Generate its repeats are no line breaks, but presses to be ignored.
REPEAT_S: Final = 0.7


class Verdict(NamedTuple):
    """What a key has settled: line breaks to insert, Generate to run, and whether this line feed is now held back.

    `line_breaks` and `generate` are about what came before, so they go first.
    """

    line_breaks: int = 0
    generate: bool = False
    held: bool = False


class LineFeedGate:
    """Judges keys by the times they arrived at (seconds of one monotonic clock); has no clock of its own."""

    def __init__(self) -> None:
        self._last_at = float("-inf")
        self._held_at: float | None = None
        self._repeats_until = float("-inf")

    def key(self, at: float) -> Verdict:
        """Any key but a line feed: settles a line feed held back, if there is one."""
        verdict = self._settle(at)
        self._last_at = at
        self._repeats_until = float("-inf")
        return verdict

    def line_feed(self, at: float) -> Verdict:
        """A line feed: part of a paste, the repeat of a key held down, or held back until that is known."""
        if at < self._repeats_until:
            self._last_at = at
            self._repeats_until = at + REPEAT_S
            return Verdict(generate=True)
        settled = self._settle(at)
        pasted = at - self._last_at < PASTE_GAP_S
        self._last_at = at
        if pasted:
            return Verdict(line_breaks=settled.line_breaks + 1, generate=settled.generate)
        self._held_at = at
        return Verdict(line_breaks=settled.line_breaks, generate=settled.generate, held=True)

    def alone(self, at: float) -> bool:
        """The wait of the line feed that came at `at` is over: whether it stayed alone, and so is a Generate."""
        if self._held_at != at:
            return False
        self._repeats_until = at + REPEAT_S
        self._held_at = None
        return True

    def _settle(self, at: float) -> Verdict:
        if self._held_at is None:
            return Verdict()
        if at - self._held_at < PASTE_GAP_S:
            self._held_at = None
            return Verdict(line_breaks=1)
        return Verdict(generate=self.alone(self._held_at))


class KeyJudge:
    """Hands every key to a gate, and acts on what the gate says.

    `schedule` runs a callback after `PASTE_GAP_S`, behind every key that has arrived by then.
    """

    def __init__(self, *, generate: Callable[[], None], schedule: Callable[[Callable[[], None]], None]) -> None:
        self._gate = LineFeedGate()
        self._generate = generate
        self._schedule = schedule
        self._insert_held: Callable[[str], None] = _ignore

    def key(self, key: str, at: float, insert: Callable[[str], None] | None = None) -> bool:
        """Judge a key that came at `at`; true where it was a line feed, which is then dealt with.

        `insert` puts line breaks where the key was typed; without it they are dropped.
        """
        if key in MODIFIER_KEYS:
            return False
        is_line_feed = key == "ctrl+j"
        verdict = self._gate.line_feed(at) if is_line_feed else self._gate.key(at)
        if verdict.generate:
            self._generate()
        if verdict.line_breaks:
            # The first may be one held back, which belongs to the field it was typed in.
            own = 1 if is_line_feed and not verdict.held else 0
            self._insert_held("\n" * (verdict.line_breaks - own))
            (insert or _ignore)("\n" * own)
        if verdict.held:
            self._insert_held = insert or _ignore
            self._schedule(lambda: self._wait_is_over(at))
        return is_line_feed

    def _wait_is_over(self, at: float) -> None:
        if self._gate.alone(at):
            self._generate()


def _ignore(_text: str) -> None:
    pass
