"""From exec to the first whole frame and to the first letter; then the echo of typing, and what is written at rest."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.programs import MINIMAL, STUDIO, Program, run
from tests.benchmarks.terminal import KINDS, Kind, Terminal

TARGET: Final = 1.2
# Letters that no program shows by itself.
FIRST_LETTER: Final = "ß"
LETTERS: Final = tuple(chr(code) for code in range(0x0430, 0x0430 + 50))
LETTERS_PER_S: Final = 20.0
SETTLE_S: Final = 2.0
IDLE_S: Final = 5.0
_ROWS: Final = (
    ("first frame", "frame_s"),
    ("first letter", "letter_s"),
    ("first frame, CPU", "frame_cpu_s"),
    ("first letter, CPU", "letter_cpu_s"),
)


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from exec to the first whole frame, and to the echo of a letter typed as soon as it was there.

    The second pair is what of them the program was running on a core.
    """

    frame_s: float
    letter_s: float
    frame_cpu_s: float
    letter_cpu_s: float


@dataclass(frozen=True, slots=True)
class Steady:
    """Seconds from a key to its echo, one for each letter; and the bytes written in `IDLE_S` without a key."""

    echoes_s: tuple[float, ...]
    idle_bytes: int


def start(program: Program, home: Path, kind: Kind) -> Start:
    """Measure one start."""
    with run(program, home, kind) as terminal:
        frame_s = terminal.wait_for(program.frame)
        frame_cpu_s = terminal.cpu_s
        terminal.type(FIRST_LETTER)
        letter_s = terminal.wait_for([FIRST_LETTER])
        return Start(frame_s, letter_s, frame_cpu_s, terminal.cpu_s)


def steady(program: Program, home: Path, kind: Kind) -> Steady:
    """Measure one session at rest and under typing."""
    with run(program, home, kind) as terminal:
        terminal.wait_for(program.frame)
        terminal.read_for(SETTLE_S)
        idle_bytes = terminal.read_for(IDLE_S)
        return Steady(tuple(_echoes(terminal)), idle_bytes)


def _echoes(terminal: Terminal) -> Iterator[float]:
    for letter in LETTERS:
        pressed_at = terminal.seconds
        terminal.type(letter)
        echo_s = terminal.wait_for([letter], within_s=pressed_at + 5) - pressed_at
        yield echo_s
        terminal.read_for(max(0.0, 1 / LETTERS_PER_S - echo_s))


def table(home: Path, runs: int, kinds: Sequence[Kind] = KINDS) -> Iterator[str]:
    """Measure everything, the two programs in turn, and word it line by line as it comes."""
    for program in (MINIMAL, STUDIO):
        start(program, home, KINDS[0])  # the first start compiles, and makes the folders
    yield f"{'':34}{'minimal':>26}{'krea-tui':>28}{'ratio':>8}"
    for kind in kinds:
        starts: dict[Program, list[Start]] = {MINIMAL: [], STUDIO: []}
        for _ in range(runs):
            for program, results in starts.items():
                results.append(start(program, home, kind))
        for words, pick in _ROWS:
            base, ours = ([getattr(result, pick) for result in starts[program]] for program in (MINIMAL, STUDIO))
            yield _line(f"{kind.name}: {words}, ms", base, ours, target=TARGET)
    for kind in kinds:
        base_steady, ours_steady = (steady(program, home, kind) for program in (MINIMAL, STUDIO))
        yield _line(f"{kind.name}: typing at 20/s, ms", base_steady.echoes_s, ours_steady.echoes_s)
        p95s = [statistics.quantiles(result.echoes_s, n=20)[-1] * 1000 for result in (base_steady, ours_steady)]
        yield f"{f'{kind.name}: the same, p95, ms':34}{p95s[0]:>26.1f}{p95s[1]:>28.1f}{p95s[1] / p95s[0]:>8.2f}"
        yield f"{f'{kind.name}: bytes in 5 s at rest':34}{base_steady.idle_bytes:>26}{ours_steady.idle_bytes:>28}"


def _line(words: str, base: Sequence[float], ours: Sequence[float], target: float | None = None) -> str:
    ratio = statistics.median(ours) / statistics.median(base)
    verdict = "" if target is None else f"  {'ok' if ratio <= target else f'over {target}'}"
    return f"{words:34}{_spread(base):>26}{_spread(ours):>28}{ratio:>8.2f}{verdict}"


def _spread(values: Sequence[float]) -> str:
    low, middle, high = (value * 1000 for value in statistics.quantiles(values, n=4))
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"
