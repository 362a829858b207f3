"""When a command that waits gives the gateway up: after silence that was lived through, not after a set clock."""

import time
from dataclasses import replace

import pytest

from krea_tui.cli.reachability import Reachability
from krea_tui.domain.job import HoldReason, JobStatus
from krea_tui.engine.health import GatewayHealth
from tests.support.making import make_job

PATIENCE_S = 60.0


class Clocks:
    """The wall, which is set, and the time that is lived through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.lived = 1_800_000_000.0, 500.0
        monkeypatch.setattr(time, "time", lambda: self.wall)
        monkeypatch.setattr(time, "monotonic", lambda: self.lived)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.lived += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.mark.parametrize("by_s", [8 * 3_600.0, -8 * 3_600.0, 365 * 86_400.0, -365 * 86_400.0])
def test_a_clock_that_is_set_and_a_sleep_neither_end_a_wait_nor_make_it_endless(clocks: Clocks, by_s: float) -> None:
    reach = Reachability(PATIENCE_S)
    health = GatewayHealth(is_engine=True, last_answer_at=clocks.wall)
    jobs = [make_job(status=JobStatus.QUEUED, submitted_at=clocks.wall, request_id="a")]
    assert not reach.is_lost(jobs, health)
    clocks.wall += by_s
    assert not reach.is_lost(jobs, health)
    clocks.passes(PATIENCE_S - 1)
    assert not reach.is_lost(jobs, health)
    clocks.passes(75)
    assert reach.is_lost(jobs, health)


def test_a_429_that_is_obeyed_is_no_silence(clocks: Clocks) -> None:
    reach = Reachability(PATIENCE_S)
    jobs = [make_job(status=JobStatus.QUEUED, submitted_at=clocks.wall, request_id="a")]
    health = GatewayHealth(is_engine=True, rate_limited_until=clocks.wall + 600, rate_limited_count=1)
    assert not reach.is_lost(jobs, health)
    clocks.passes(600)
    assert not reach.is_lost(jobs, health)
    clocks.passes(PATIENCE_S + 71)
    assert reach.is_lost(jobs, health)


def test_refusals_of_the_network_count_from_the_first_and_an_answer_ends_them(clocks: Clocks) -> None:
    reach = Reachability(PATIENCE_S)
    refused = [make_job(hold_reason=HoldReason.RETRY)]
    health = GatewayHealth(is_engine=True)
    assert not reach.is_lost(refused, health)
    clocks.passes(PATIENCE_S - 1)
    assert not reach.is_lost(refused, health)
    assert not reach.is_lost(refused, replace(health, last_answer_at=clocks.wall))
    clocks.passes(PATIENCE_S - 1)
    assert not reach.is_lost(refused, replace(health, last_answer_at=clocks.wall - PATIENCE_S + 1))
    clocks.passes(2)
    assert reach.is_lost(refused, replace(health, last_answer_at=clocks.wall - PATIENCE_S - 1))
