"""Whether a command that waits behind another process's engine learns that the gateway is out of reach."""

from krea_tui.cli.reachability import Reachability
from krea_tui.domain.job import JobStatus
from krea_tui.engine.health import GatewayHealth
from tests.support.making import make_job

QUEUED = make_job(status=JobStatus.QUEUED, hold_reason=None, request_id="r-1", submitted_at=1.0)
LONG_S = 3_600.0


def test_what_the_engine_tells_of_its_checks_counts_for_those_who_follow_it() -> None:
    follows = GatewayHealth(is_follower=True)
    assert not Reachability(0.0).is_lost([QUEUED], follows)
    follows.breaker_until = 2_000_000_000.0
    assert Reachability(0.0).is_lost([QUEUED], follows)
    assert not Reachability(LONG_S).is_lost([QUEUED], follows)


def test_a_job_that_is_not_at_the_gateway_is_not_lost_with_it() -> None:
    follows = GatewayHealth(is_follower=True, breaker_until=2_000_000_000.0)
    assert not Reachability(0.0).is_lost([make_job()], follows)


def test_once_checks_go_through_again_the_time_begins_anew() -> None:
    reachability = Reachability(0.0)
    health = GatewayHealth(is_follower=True, breaker_until=2_000_000_000.0)
    assert reachability.is_lost([QUEUED], health)
    health.breaker_until = None
    assert not reachability.is_lost([QUEUED], health)
