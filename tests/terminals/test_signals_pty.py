"""The app is told to leave, or loses its terminal, in the middle of a request that costs money."""

import signal
from collections.abc import Callable, Mapping

import pytest

from krea_tui.simulator import Behaviour, Close, Fault, Target
from tests.support.waiting import wait_until
from tests.terminals.conftest import Gateway, OpenTerminal
from tests.terminals.history import jobs_of
from tests.terminals.pseudo import PseudoTerminal
from tests.terminals.test_keys_pty import CTRL_Q, at_the_prompt, press_alone

WAYS: dict[str, Callable[[PseudoTerminal], None]] = {
    "quit": lambda terminal: terminal.type(CTRL_Q),
    "SIGTERM": lambda terminal: terminal.send_signal(signal.SIGTERM),
    "SIGHUP": lambda terminal: terminal.send_signal(signal.SIGHUP),
}
every_way = pytest.mark.parametrize("leave", WAYS.values(), ids=WAYS.keys())


def sending(terminal: PseudoTerminal, gateway: Gateway, fault: Fault) -> PseudoTerminal:
    """The app, whose one request is at the gateway and unanswered."""
    gateway.simulator.set_behaviour(Behaviour(latency_s=600, faults=(fault,)))
    at_the_prompt(terminal)
    terminal.type("a lighthouse")
    press_alone(terminal, "\n")
    wait_until(lambda: gateway.simulator.stats.posts == 1, 30, "the request")
    return terminal


@every_way
def test_the_request_on_its_way_is_waited_for(
    leave: Callable[[PseudoTerminal], None], in_terminal: OpenTerminal, gateway: Gateway, environ: Mapping[str, str]
) -> None:
    terminal = sending(in_terminal("--gateway", gateway.url), gateway, Fault(Target.POST, hang_s=3.0))
    leave(terminal)
    terminal.wait_for("Waiting for the request")
    assert terminal.end_of() == 0
    (job,) = jobs_of(environ)
    assert (job["status"], bool(job["request_id"])) == ("QUEUED", True)
    assert (gateway.simulator.stats.posts, gateway.simulator.stats.charges) == (1, 1)


@every_way
def test_the_second_time_it_leaves_at_once_and_the_job_is_unconfirmed_next_time(
    leave: Callable[[PseudoTerminal], None], in_terminal: OpenTerminal, gateway: Gateway, environ: Mapping[str, str]
) -> None:
    terminal = sending(in_terminal("--gateway", gateway.url), gateway, Fault(Target.POST, hang_s=45.0))
    leave(terminal)
    terminal.wait_for("Waiting for the request")
    leave(terminal)
    assert terminal.end_of(20) == 130
    gateway.simulator.set_behaviour(Behaviour(latency_s=600))
    again = in_terminal("--gateway", gateway.url)
    again.wait_for("unconfirmed")
    again.type(CTRL_Q)
    again.end_of()
    (job,) = jobs_of(environ)
    assert job["status"] == "UNCONFIRMED"
    assert gateway.simulator.stats.posts == 1


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(Target.POST, hang_s=2.0), "QUEUED"),
        (Fault(Target.POST, hang_s=2.0, close=Close.AFTER_ACCEPT), "UNCONFIRMED"),
        (Fault(Target.POST, hang_s=2.0, status=402), "HELD"),
    ],
    ids=["answered", "cut off", "refused"],
)
def test_a_line_that_is_cut_in_mid_request_loses_no_answer(
    fault: Fault, status: str, in_terminal: OpenTerminal, gateway: Gateway, environ: Mapping[str, str]
) -> None:
    terminal = sending(in_terminal("--gateway", gateway.url), gateway, fault)
    terminal.hang_up()
    wait_until(lambda: terminal.process.poll() is not None, 30, "the end")
    (job,) = jobs_of(environ)
    assert job["status"] == status
    assert gateway.simulator.stats.posts == 1
