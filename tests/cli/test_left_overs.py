"""What was not sent when its process ended is named by every command, with its sum, and goes at the person's word."""

import signal

import pytest

from krea_tui.simulator import Behaviour, Simulator
from tests.cli.running import Cli, OpenGateway, end_of, field_of
from tests.support.waiting import wait_until

ENDLESS = Behaviour(latency_s=10_000)
NAMED = "2 jobs ($0.12) left over, not sent: `krea-tui resume --left-over`"


def leave_two(cli: Cli, simulator: Simulator, number: signal.Signals) -> None:
    """Three jobs of which one is sent when the signal comes."""
    # One request now, the next in 20 seconds.
    cli.configure("[gateway]\nrequests_per_s = 0.05\nburst = 1\n")
    process = cli.start("submit", "a fox", "--count", "3", "--wait")
    # Killed before the answer is written down, the request would rightly be in doubt.
    wait_until(lambda: len(cli.jobs("status:queued")) == 1, what="the first job's answer in the history")
    alive = cli.run("jobs", "status:held")
    assert len(alive.out.splitlines()) == 2
    assert alive.err == ""
    process.send_signal(number)
    ended = end_of(process)
    if number is signal.SIGINT:
        assert ended.code == 130
        assert "2 jobs ($0.12)" in ended.err
    cli.configure("")
    assert simulator.stats.posts == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_every_command_names_them_and_none_sends_them(
    cli: Cli, open_gateway: OpenGateway, number: signal.Signals
) -> None:
    simulator = open_gateway(ENDLESS)
    leave_two(cli, simulator, number)
    for command in (["jobs"], ["jobs", "--json"], ["resume"], ["submit", "a hare"], ["submit", "an owl", "--json"]):
        assert NAMED in cli.run(*command).err, command
    watch = cli.start("watch")
    assert watch.stdout is not None
    for _ in range(3):
        assert "QUEUED" in watch.stdout.readline()
    watch.send_signal(signal.SIGINT)
    assert end_of(watch).code == 130
    assert simulator.stats.posts == 3
    assert field_of(cli.jobs("status:held"), "prompt") == ["a fox"] * 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_they_go_when_the_person_says_so(cli: Cli, open_gateway: OpenGateway, number: signal.Signals) -> None:
    simulator = open_gateway(ENDLESS)
    leave_two(cli, simulator, number)
    asked = cli.run("resume", "--left-over")
    assert asked.code == 2
    assert "2 left over, $0.12" in asked.err
    assert "--yes" in asked.err
    assert simulator.stats.posts == 1
    released = cli.run("resume", "--left-over", "--yes")
    assert released.code == 0, released.err
    assert "left over" not in released.err
    assert simulator.stats.posts == 3
    assert field_of(cli.jobs(), "status") == ["QUEUED"] * 3


def test_a_watch_that_ends_names_them(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour(latency_s=0.2))
    leave_two(cli, simulator, signal.SIGKILL)
    ended = cli.run("watch")
    assert ended.code == 0
    assert NAMED in ended.err
    assert simulator.stats.posts == 1


def test_another_gateway_s_are_not_offered_here(cli: Cli, open_gateway: OpenGateway) -> None:
    leave_two(cli, open_gateway(ENDLESS), signal.SIGINT)
    second = open_gateway(ENDLESS)
    assert "left over" not in cli.run("jobs").err
    assert "Nothing is left over" in cli.run("resume", "--left-over", "--yes").err
    assert second.stats.posts == 0
