"""What was spent when, summed by SQLite: one statement, answered by one index."""

from __future__ import annotations

import sqlite3
from typing import Final

from krea_tui.domain.job import Charge, JobStatus
from krea_tui.domain.spending import SLICE_S, Slice, Spending

# Both halves are one statement, so that a job on its way from held to reserved is counted once.
_READ: Final = f"""
SELECT CAST(attempted_at / {SLICE_S} AS INTEGER) * {SLICE_S} AS starts_at, charge, count(*), sum(price_microusd)
FROM jobs
WHERE attempted_at IS NOT NULL AND profile = :profile AND charge IN (:spent, :reserved, :at_risk)
GROUP BY starts_at, charge
UNION ALL
SELECT NULL, :held, count(*), coalesce(sum(price_microusd), 0)
FROM jobs
WHERE is_open = 1 AND status = :held_status AND profile = :profile
"""  # noqa: S608 -- the only value that is spliced in is a constant of ours


def read_spending(connection: sqlite3.Connection, profile: str) -> Spending:
    """All that one gateway's jobs cost, deleted ones too: what was paid stays paid."""
    slices: list[Slice] = []
    held_count = held_microusd = 0
    values = {
        "profile": profile,
        "spent": Charge.SPENT.value,
        "reserved": Charge.RESERVED.value,
        "at_risk": Charge.AT_RISK.value,
        "held": Charge.HELD.value,
        "held_status": JobStatus.HELD.value,
    }
    for starts_at, charge, count, microusd in connection.execute(_READ, values):
        if starts_at is None:
            held_count, held_microusd = int(count), int(microusd)
        else:
            slices.append(Slice(int(starts_at), Charge(charge), int(count), int(microusd)))
    return Spending(tuple(slices), held_microusd, held_count)
