"""The comparison of pollers compares what it says."""

import pytest

from krea_tui.engine.policy import Policy
from tests.benchmarks.polling import WATCHES, Watch, measure, watch_by_lanes, watch_plainly

POLICY = Policy("bench", "key", "print")


@pytest.mark.parametrize("watch", [watch for _, watch in WATCHES], ids=[name for name, _ in WATCHES])
def test_the_end_of_one_job_is_told_within_one_interval(watch: Watch) -> None:
    result = measure(watch, POLICY, 1)
    assert 0.0 <= result.median_s == result.p95_s <= 6.0
    assert result.polls_per_job <= 13


def test_the_lanes_keep_to_the_budget_and_a_poller_without_one_does_not() -> None:
    ours = measure(watch_by_lanes, POLICY, 40)
    free = measure(watch_plainly(has_budget=False), POLICY, 40)
    assert ours.busiest <= POLICY.burst + POLICY.requests_per_s < free.busiest
    assert ours.polls_per_job < free.polls_per_job
