"""Notices that the wall clock was set, and that the machine slept, by looking at both clocks again and again."""

from __future__ import annotations

from typing import Final

from krea_tui.engine.ports import Clock

# Nobody looks away for longer while the process runs; less than a moment is the clock being kept in step.
LOOK_AGAIN_WITHIN_S: Final = 30.0
_MOMENT_S: Final = 2.0


class Timekeeper:
    """Sums of all jumps so far, in seconds; they grow only by `look()`.

    `wall_moved_s` is how far the wall was set (back is negative). `missed_s` is the wall's time that nobody lived
    through: what it was set, and what the process slept. Patience is measured without it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall = clock.now()
        self._steady = clock.monotonic()
        self.wall_moved_s = 0.0
        self.missed_s = 0.0

    def look(self) -> bool:
        """Look at both clocks; true if one of the sums has grown. To be called every few seconds at least."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        walked_s, lived_s = wall - self._wall, steady - self._steady
        self._wall, self._steady = wall, steady
        moved_s = walked_s - lived_s
        missed_s = walked_s - min(lived_s, LOOK_AGAIN_WITHIN_S)
        is_set, is_late = abs(moved_s) > _MOMENT_S, abs(missed_s) > _MOMENT_S
        self.wall_moved_s += moved_s if is_set else 0.0
        self.missed_s += missed_s if is_late else 0.0
        return is_set or is_late
