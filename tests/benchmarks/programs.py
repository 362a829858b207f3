"""The two programs that are compared, and what each shows when its first frame is whole."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.terminal import Kind, Terminal

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Program:
    """`frame` is what the first whole frame shows; all of it is waited for."""

    name: str
    arguments: tuple[str, ...]
    frame: tuple[str, ...]


# Both are started by -m, whose own 5 ms belong to neither.
MINIMAL: Final = Program("minimal", ("-m", "tests.benchmarks.minimal_app"), ("Type something here",))
STUDIO: Final = Program(
    "krea-tui",
    ("-m", "krea_tui", "--demo"),
    # Titles, the prompt's own words, and the corners of form and preview in the last line. What the jobs pane says
    # comes with the history, which no frame waits for.
    ("Compose", "Describe the picture", "Jobs", "Preview", "Pictures appear here", "╯╰"),
)


def run(program: Program, home: Path, kind: Kind) -> Terminal:
    """Start a program in a terminal of this kind, with a home of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    environment = {"LANG": "C.UTF-8", **kept, "HOME": str(home)}
    return Terminal([sys.executable, *program.arguments], environment, str(ROOT), kind)
