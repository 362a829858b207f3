"""How each measured program is started."""

from pathlib import Path
from typing import Final

from tests.benchmarks.table.opening import history_in

WHOLE: Final = "whole"


def command(home: Path, table: str, *, jobs: int, rate: int = 0, running: int = 0, seconds: float = 600.0) -> list[str]:
    """The arguments for Python: a table alone over so many jobs, or the whole app over as long a history."""
    options = ["--jobs", str(jobs), "--rate", str(rate), "--running", str(running), "--seconds", str(seconds)]
    if table == WHOLE:
        folder = history_in(home, jobs) / "demo"
        return ["-m", "tests.benchmarks.table.whole", *options, "--data-dir", str(folder)]
    return ["-m", "tests.benchmarks.table.program", table, *options]
