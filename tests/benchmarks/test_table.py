"""The machinery of the table's benchmarks measures what it says; how much it measures is not looked at here."""

import math
from pathlib import Path

import pytest

from krea_tui.domain.job import JobStatus
from krea_tui.domain.request import MAX_SEED
from krea_tui.storage.store import JobStore
from tests.benchmarks.table.changes import next_on_its_way
from tests.benchmarks.table.changing import cost_of
from tests.benchmarks.table.commands import WHOLE
from tests.benchmarks.table.finding import BESIDE_QUERIES, QUERIES, expectations, type_beside, type_into_app
from tests.benchmarks.table.history import jobs, seed_of, write_history
from tests.benchmarks.table.lines import Line, against, compare
from tests.benchmarks.table.moving import KEYS, moves_of
from tests.benchmarks.table.opening import history_in, memory_of_app, open_app
from tests.benchmarks.table.program import BESIDE, LIVE, NAIVE, NOTHING
from tests.benchmarks.table.report import p95
from tests.benchmarks.table.resting import written_per_s

SECONDS = 0.6


def test_every_run_has_the_same_jobs_and_no_seed_twice() -> None:
    assert list(jobs(50)) == list(jobs(50))
    seeds = {seed_of(number) for number in range(1, 100_001)}
    assert len(seeds) == 100_000
    assert min(seeds) >= 1_000_000
    assert max(seeds) <= MAX_SEED


def test_a_history_holds_what_was_made_and_nothing_that_goes_on(tmp_path: Path) -> None:
    write_history(tmp_path / "history.db", 120)
    store = JobStore(tmp_path / "history.db", read_only=True)
    assert [job.request.seed for job in store.latest(200)] == [seed_of(number) for number in range(120, 0, -1)]
    assert store.open_jobs() == []
    store.close()


def test_every_status_of_a_job_comes_round() -> None:
    [job] = jobs(1)
    met = set()
    for _ in range(10):
        job = next_on_its_way(job, 1.0)
        met.add(job.status)
    assert met == {
        JobStatus.HELD,
        JobStatus.SENDING,
        JobStatus.QUEUED,
        JobStatus.PROCESSING,
        JobStatus.COMPLETED,
    }


@pytest.mark.parametrize("table", [LIVE, BESIDE, NAIVE])
def test_changes_are_shown_and_cost_something(tmp_path: Path, table: str) -> None:
    cost = cost_of(tmp_path, table, SECONDS, jobs=60, rate=300)
    assert cost.cpu_s > 0
    assert cost.frames > 0
    assert cost.written_bytes > 0
    assert 0 <= cost.late_p95_s <= cost.late_max_s


def test_without_a_table_nothing_is_written(tmp_path: Path) -> None:
    assert cost_of(tmp_path, NOTHING, SECONDS, jobs=60, rate=300).written_bytes == 0


@pytest.mark.slow
def test_the_whole_app_shows_the_changes(tmp_path: Path) -> None:
    assert cost_of(tmp_path, WHOLE, SECONDS, jobs=60, rate=300).frames > 0


@pytest.mark.parametrize("table", [LIVE, BESIDE])
def test_a_row_at_rest_is_written_only_while_it_runs(tmp_path: Path, table: str) -> None:
    assert written_per_s(tmp_path, table, 3, 1.5) > 0
    assert written_per_s(tmp_path, table, 0, SECONDS) == 0


@pytest.mark.parametrize("table", [LIVE, BESIDE, pytest.param(WHOLE, marks=pytest.mark.slow)])
def test_every_key_moves_the_cursor(tmp_path: Path, table: str) -> None:
    moves = moves_of(tmp_path, table, 300, 200, 3)
    assert {name: len(found) for name, found in moves.items()} == {name: 3 for _, name in KEYS}
    assert all(seconds > 0 for found in moves.values() for seconds in found)


@pytest.mark.slow
@pytest.mark.parametrize("count", [0, 40])
def test_the_app_opens_a_history_of_any_size(tmp_path: Path, count: int) -> None:
    opening = open_app(tmp_path, count)
    assert 0 < opening.frame_s <= opening.rows_s
    assert memory_of_app(tmp_path, count) > 10_000_000


def test_what_a_filter_finds_is_known_beforehand(tmp_path: Path) -> None:
    path = history_in(tmp_path, 400) / "demo" / "history.db"
    found = expectations(path, QUERIES)
    assert found[""] == [seed_of(number) for number in range(400, 360, -1)]
    assert all(0 < len(found[query]) < 40 for query in QUERIES[:BESIDE_QUERIES])


@pytest.mark.slow
def test_a_filter_is_typed_letter_by_letter_beside_us(tmp_path: Path) -> None:
    typed = type_beside(tmp_path, 400, ("kite",))
    assert len(typed.rows_s) == 4
    assert all(0 < echo_s <= row_s for echo_s, row_s in zip(typed.echoes_s, typed.rows_s, strict=True))


@pytest.mark.slow
def test_a_filter_is_typed_letter_by_letter_into_the_app(tmp_path: Path) -> None:
    typed = type_into_app(tmp_path, 400, ("kite", "is:starred"))
    assert len(typed.rows_s) == 14
    assert len(typed.bursts_s) == 2
    assert all(0 < echo_s <= row_s for echo_s, row_s in zip(typed.echoes_s, typed.rows_s, strict=True))


def test_a_ratio_is_that_of_runs_made_in_turn() -> None:
    assert against([1.0, 2.0, 30.0], [8.0, 20.0, 60.0], 1 / 8) == ("1/8.0", True)
    assert against([3.0], [2.0]) == ("1.50", None)


def test_a_row_says_whether_its_target_was_met() -> None:
    line = compare("what", [1.0], [4.0], " s", at_most=1 / 8, target="≤ 1/8")
    assert str(line) == "| what | 1.00 s | 4.00 s | 1/4.0 | ≤ 1/8 **missed** |"
    assert str(Line("what", "0 B", target="0 B", is_met=True)) == "| what | 0 B |  |  | 0 B ✓ |"


def test_ninety_five_of_a_hundred_are_no_more() -> None:
    assert math.isclose(p95([float(n) for n in range(101)]), 95.0)
    assert p95([3.0]) == 3.0
