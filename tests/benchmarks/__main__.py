"""`python -m tests.benchmarks [--runs N] [--only kitty,mute]`: measures, and prints one table."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.startup import table
from tests.benchmarks.terminal import KINDS

parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Start and typing, against the least")
parser.add_argument("--runs", type=int, default=15, help="starts of each program on each terminal (at least 2)")
parser.add_argument("--only", help=f"kinds of terminal, with commas: {', '.join(kind.name for kind in KINDS)}")
options = parser.parse_args()
kinds = [kind for kind in KINDS if options.only is None or kind.name.split(",")[0] in options.only.split(",")]


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


tell(f"load {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores; median (quartiles) of {options.runs}, in turn")
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
    for line in table(Path(home), options.runs, kinds):
        tell(line)
tell(f"load {os.getloadavg()[0]:.2f} at the end")
