"""The history sums up what was spent: per slice of a day, per gateway, by one index."""

import sqlite3
import time
from pathlib import Path

import pytest

from krea_tui.domain.events import NotAccepted, Refused
from krea_tui.domain.job import Charge, HoldReason, Job, JobStatus
from krea_tui.domain.spending import SLICE_S, Slice, Spending, day_start, report_of
from krea_tui.storage import spending
from krea_tui.storage.store import JobStore, open_read_only
from krea_tui.storage.threaded import ThreadedStore
from tests.support.making import AT, accepted, answered, claimed, completed, make_job


def attempted(at: float, status: JobStatus = JobStatus.COMPLETED, **changes: object) -> Job:
    return make_job(status=status, hold_reason=None, attempted_at=at, **changes)


def slot(at: float) -> int:
    return int(at // SLICE_S) * SLICE_S


def test_a_new_history_has_cost_nothing(store: JobStore) -> None:
    assert store.spending("bench") == Spending()


def test_each_charge_is_summed_within_its_slice(store: JobStore) -> None:
    start = slot(AT)
    store.insert(
        [
            attempted(start),
            attempted(start + SLICE_S - 0.001, price_microusd=65_000),
            attempted(start + SLICE_S, JobStatus.PROCESSING),
            attempted(start + SLICE_S, JobStatus.FAILED),
            attempted(start + SLICE_S, JobStatus.UNCONFIRMED, price_microusd=70_000),
            attempted(start, JobStatus.ERROR),
            attempted(start, JobStatus.CANCELLED),
            make_job(),
            make_job(hold_reason=HoldReason.LEFT_OVER, price_microusd=65_000),
        ]
    )
    found = store.spending("bench")
    assert sorted(found.slices) == [
        Slice(start, Charge.SPENT, 2, 125_000),
        Slice(start + SLICE_S, Charge.AT_RISK, 2, 130_000),
        Slice(start + SLICE_S, Charge.RESERVED, 1, 60_000),
    ]
    assert (found.held_count, found.held_microusd) == (2, 125_000)


def test_only_this_gateway_s_jobs_count_and_deleted_ones_stay_paid(store: JobStore) -> None:
    store.insert(
        [
            attempted(AT, deleted_at=AT + 5),
            attempted(AT, profile="https://other.example"),
            make_job(profile="https://other.example"),
        ]
    )
    found = store.spending("bench")
    assert [(part.job_count, part.microusd) for part in found.slices] == [(1, 60_000)]
    assert found.held_count == 0


def test_a_job_s_way_is_counted_once_at_every_step(store: JobStore) -> None:
    [job] = store.insert([make_job()])

    def standing() -> tuple[list[tuple[Charge, int]], int]:
        found = store.spending("bench")
        return [(part.charge, part.job_count) for part in found.slices], found.held_count

    assert standing() == ([], 1)
    store.claim(job.id, claimed())
    assert standing() == ([(Charge.RESERVED, 1)], 0)
    store.apply(job.id, accepted())
    store.apply(job.id, answered("PROCESSING"))
    assert standing() == ([(Charge.RESERVED, 1)], 0)
    store.apply(job.id, completed())
    assert standing() == ([(Charge.SPENT, 1)], 0)


def test_what_was_refused_or_never_taken_costs_nothing(store: JobStore) -> None:
    refused, back = store.insert([make_job(), make_job()])
    store.claim(refused.id, claimed(attempt_id="one"))
    store.apply(refused.id, Refused(AT, "400"))
    store.claim(back.id, claimed(attempt_id="two"))
    store.apply(back.id, NotAccepted(HoldReason.MONEY, "402"))
    found = store.spending("bench")
    assert (found.slices, found.held_count) == ((), 1)


def test_a_report_s_today_is_the_ledger_that_the_cap_is_held_against(store: JobStore) -> None:
    now = time.time()
    midnight = day_start(now)
    statuses = [JobStatus.COMPLETED, JobStatus.QUEUED, JobStatus.FAILED, JobStatus.ERROR]
    moments = [midnight - 0.001, midnight, midnight + 1, now, now + 3 * 86_400]
    store.insert([make_job(), *(attempted(at, status) for at in moments for status in statuses)])
    report = report_of(store.spending("bench"), now)
    assert report.ledger == store.ledger(midnight, "bench")
    assert report.today.count == 12


def test_the_read_is_answered_by_the_indexes_alone(store: JobStore, path: Path) -> None:
    store.insert([attempted(AT + number) for number in range(50)])
    connection = sqlite3.connect(path)
    try:
        names = {"profile", "spent", "reserved", "at_risk", "held", "held_status"}
        plan = [
            row[3]
            for row in connection.execute(f"EXPLAIN QUERY PLAN {spending._READ}", dict.fromkeys(names, ""))
            if "jobs" in row[3]
        ]
    finally:
        connection.close()
    assert len(plan) == 2
    assert "COVERING INDEX jobs_attempted" in plan[0]
    assert "INDEX jobs_open" in plan[1]


async def test_it_is_read_beside_a_writer(path: Path, store: JobStore) -> None:
    threaded = ThreadedStore(path)
    await threaded.open()
    try:
        store.insert([attempted(AT)])
        assert (await threaded.spending("bench")).slices == store.spending("bench").slices
    finally:
        await threaded.aclose()
    reader = open_read_only(path)
    assert reader is not None
    try:
        assert reader.spending("bench").slices == store.spending("bench").slices
    finally:
        reader.close()


@pytest.mark.parametrize("at", [-1e18, 1e18, float("nan")])
def test_a_mad_clock_s_moment_is_read_and_reported(store: JobStore, at: float) -> None:
    store.insert([attempted(at)])
    now = time.time()
    report = report_of(store.spending("bench"), now, None)
    expected = 0 if at != at else 1  # noqa: PLR0124 -- SQLite keeps no NaN: it was never attempted
    assert report.all_time.count == expected
