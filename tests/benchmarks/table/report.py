"""The way out for what only the program itself can measure."""

import json
import os
import statistics
from collections.abc import Sequence
from typing import Final

REPORT_VARIABLE: Final = "BENCHMARK_REPORT_FD"


def report(what: str, **numbers: float) -> None:
    """Tell the terminal that runs this program; nothing where there is none."""
    if (descriptor := os.environ.get(REPORT_VARIABLE)) is not None:
        os.write(int(descriptor), json.dumps({"what": what, **numbers}).encode() + b"\n")


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else max(values, default=0.0)
