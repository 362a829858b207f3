"""`python -m tests.benchmarks.table [--only changing,opening] [--runs N] [--quick]`: measures, and prints one table."""

import argparse
import os
import platform
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.table import changing, finding, moving, opening, resting
from tests.benchmarks.table.lines import HEAD, QUICK, Effort

PARTS = {"changing": changing, "opening": opening, "finding": finding, "resting": resting, "moving": moving}


def tell(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Return 1 where a target was missed, so that a script can tell."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.table", description="The live table beside Textual's DataTable"
    )
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}, with commas between")
    parser.add_argument("--runs", type=int, help="how often each program runs under changes")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: to see that it works")
    options = parser.parse_args()
    parts = options.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    effort = QUICK if options.quick else Effort()
    if options.runs:
        effort = replace(effort, runs=options.runs)
    python, toolkit = platform.python_version(), version("textual")
    tell(f"Python {python}, textual {toolkit}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; 120x40")
    tell("")
    for line in HEAD:
        tell(line)
    has_missed = False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        for part in parts:
            for line in PARTS[part].measure(Path(home), effort):
                tell(line)
                has_missed = has_missed or line.is_met is False
    tell("")
    tell(f"load {os.getloadavg()[0]:.1f} at the end")
    return int(has_missed)


if __name__ == "__main__":
    sys.exit(main())
