"""One measured thing as a row of the Markdown table, and how much is measured."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HEAD: Final = ("| measured | live table | DataTable | ratio | target |", "|---|---:|---:|---:|---|")
_LARGE: Final = 100.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: runs in turn, seconds under changes and at rest, jobs of history, keys of each kind."""

    runs: int = 3
    starts: int = 7
    changing_s: float = 10.0
    resting_s: float = 30.0
    history: int = 100_000
    keys: int = 60
    words: int = 12


QUICK: Final = Effort(runs=1, starts=2, changing_s=3.0, resting_s=5.0, history=10_000, keys=15, words=3)


@dataclass(frozen=True, slots=True)
class Line:
    """`is_met` is None where nothing is promised, or the comparison is another's."""

    what: str
    live: str
    beside: str = ""
    ratio: str = ""
    target: str = ""
    is_met: bool | None = None

    def __str__(self) -> str:
        verdict = {None: "", True: " ✓", False: " **missed**"}[self.is_met]
        return f"| {self.what} | {self.live} | {self.beside} | {self.ratio} | {self.target}{verdict} |"


def number(value: float, unit: str = "") -> str:
    """Three digits or so."""
    digits = 0 if abs(value) >= _LARGE else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}{unit}"


def milliseconds(*seconds: float) -> str:
    """Times side by side."""
    return " / ".join(number(value * 1_000) for value in seconds) + " ms"


def against(live: Sequence[float], beside: Sequence[float], at_most: float | None = None) -> tuple[str, bool | None]:
    """The median of the ratios of runs that were made in turn, as `1/8.3` where it is small; and whether it will do."""
    ratio = statistics.median(ours / max(theirs, 1e-9) for ours, theirs in zip(live, beside, strict=True))
    words = f"1/{1 / ratio:.1f}" if 0 < ratio < 1 else f"{ratio:.2f}"
    return words, None if at_most is None else ratio <= at_most


def compare(
    what: str, live: Sequence[float], beside: Sequence[float], unit: str, *, at_most: float, target: str
) -> Line:
    """A row for two series of runs made in turn."""
    ratio, is_met = against(live, beside, at_most)
    ours, theirs = (number(statistics.median(values), unit) for values in (live, beside))
    return Line(what, ours, theirs, ratio, target, is_met)
