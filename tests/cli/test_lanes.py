"""Commands beside each other and beside a running engine: nothing is sent twice, nothing is forgotten."""

import asyncio
import signal
from pathlib import Path

import pytest

from krea_tui.config.locations import find_locations
from krea_tui.config.plan import Plan
from krea_tui.config.settings import GatewaySettings, Settings
from krea_tui.simulator import Behaviour, Close, Fault, Simulator, SimulatorServer, Target
from krea_tui.studio import Studio, open_studio
from tests.cli.running import KEY, Cli, OpenGateway, closed_port_url, end_of, field_of
from tests.support.waiting import wait_until, wait_until_async

QUICK = Behaviour(latency_s=0.2)
ENDLESS = Behaviour(latency_s=10_000)


async def _app_on(cli: Cli, data_dir: Path) -> Studio:
    """What a running app does, without its screen."""
    environ = {"PIXAZO_API_KEY": KEY}
    settings = Settings(gateway=GatewaySettings(url=cli.environ["KREA_TUI_GATEWAY"]))
    return await open_studio(Plan(settings, find_locations(environ, data_dir), environ))


def test_an_unwaited_job_is_sent_and_a_watch_fetches_it(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    sent = cli.run("submit", "a fox", "--json")
    assert sent.code == 0
    assert sent.objects[0]["status"] == "QUEUED"
    assert sent.objects[0]["request_id"]
    assert "Nothing is fetching" in sent.err
    watched = cli.run("watch")
    assert watched.code == 0
    assert "COMPLETED" in watched.out
    [job] = cli.jobs("has:image")
    assert job["status"] == "COMPLETED"
    assert simulator.stats.charges == 1


def test_a_watch_of_nothing_ends_at_once_and_makes_no_history(cli: Cli) -> None:
    assert cli.run("watch").code == 0
    assert not cli.data_dir.exists()


async def test_a_running_engine_takes_the_job_over(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(ENDLESS)
    studio = await _app_on(cli, cli.data_dir)
    engine = asyncio.create_task(studio.engine.run())
    try:
        await asyncio.wait_for(studio.engine.is_ready.wait(), 10)
        ended = await asyncio.to_thread(cli.run, "submit", "a fox", "--json")
        assert ended.code == 0, ended.err
        assert "taken over" in ended.err
        job_id = str(ended.objects[0]["id"])
        await wait_until_async(lambda: simulator.stats.accepted == 1, what="the job's acceptance")
        await wait_until_async(lambda: _status_in(studio, job_id) == "QUEUED", what="the job in the engine's book")
    finally:
        await studio.engine.stop()
        await engine
        await studio.aclose()


def _status_in(studio: Studio, job_id: str) -> str | None:
    job = studio.engine.book.get(job_id)
    return None if job is None else job.status.value


def test_commands_at_the_same_time_send_every_job_once(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(ENDLESS)
    processes = [cli.start("submit", f"fox {number}") for number in range(4)]
    ends = [end_of(process) for process in processes]
    assert [ended.code for ended in ends] == [0] * 4, [ended.err for ended in ends]
    wait_until(lambda: simulator.stats.accepted == 4, what="the acceptance of all")
    assert field_of(cli.jobs(), "status") == ["QUEUED"] * 4
    assert simulator.stats.posts == 4


def test_what_was_submitted_while_paused_is_held_until_cancelled_or_resumed(
    cli: Cli, open_gateway: OpenGateway
) -> None:
    simulator = open_gateway(ENDLESS)
    assert cli.run("pause").code == 0
    ids = [str(cli.run("submit", prompt, "--json").objects[0]["id"]) for prompt in ("a fox", "a hare")]
    assert field_of(cli.jobs(), "hold_reason") == ["paused", "paused"]
    cancelled = cli.run("cancel", ids[0][:6])
    assert cancelled.code == 0
    assert cancelled.out.startswith(f"{ids[0]}  CANCELLED")
    assert simulator.stats.posts == 0
    resumed = cli.run("resume")
    assert resumed.code == 0
    assert resumed.out.startswith(f"{ids[1]}  QUEUED")
    assert simulator.stats.posts == 1
    refused = cli.run("cancel", ids[1])
    assert refused.code == 1
    assert "QUEUED" in refused.err


def test_left_overs_go_only_when_the_person_says_so(cli: Cli) -> None:
    url = closed_port_url()
    cli.environ["KREA_TUI_GATEWAY"] = url
    assert cli.run("submit", "a fox").code == 4
    simulator = Simulator(ENDLESS)
    with SimulatorServer(simulator, port=int(url.rpartition(":")[2])):
        assert cli.run("resume").code == 0
        assert cli.run("watch").code == 0
        asked = cli.run("resume", "--left-over")
        assert asked.code == 2
        assert "1 left over, $0.06" in asked.err
        assert simulator.stats.posts == 0
        assert cli.run("resume", "--left-over", "--yes").code == 0
        assert simulator.stats.posts == 1


def test_a_retry_is_a_new_job_that_names_the_old(cli: Cli, open_gateway: OpenGateway) -> None:
    open_gateway(Behaviour(faults=(Fault(Target.POST, status=400),), latency_s=10_000))
    assert cli.run("submit", "a fox", "--seed", "5").code == 1
    [first] = cli.jobs()
    again = cli.run("retry", str(first["id"])[:5], "--json")
    assert again.code == 0
    assert (again.objects[0]["retry_of"], again.objects[0]["seed"]) == (first["id"], 5)
    other = cli.run("retry", str(first["id"]), "--new-seed", "--json")
    assert other.objects[0]["seed"] != 5
    assert len(cli.jobs()) == 3


def test_what_may_have_been_charged_is_not_retried(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour(faults=(Fault(Target.POST, close=Close.AFTER_ACCEPT),)))
    assert cli.run("submit", "a fox").code == 1
    [job] = cli.jobs("status:unconfirmed")
    refused = cli.run("retry", str(job["id"]))
    assert refused.code == 1
    assert "UNCONFIRMED" in refused.err
    assert simulator.stats.posts == 1
    assert len(cli.jobs()) == 1


def test_a_live_engine_of_another_gateway_leaves_the_job_alone(cli: Cli, open_gateway: OpenGateway) -> None:
    first = open_gateway(ENDLESS)
    other = cli.start("submit", "a fox", "--wait")
    wait_until(lambda: first.stats.accepted == 1, what="the first job's acceptance")
    second = open_gateway(ENDLESS)
    ended = cli.run("submit", "a hare", "--json")
    assert ended.code == 1
    assert ended.objects[0]["hold_reason"] == "left_over"
    assert "another gateway" in ended.err
    assert second.stats.posts == 0
    assert other.poll() is None


def test_when_the_leading_command_dies_the_waiting_one_takes_over(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour(latency_s=4))
    leading = cli.start("submit", "a fox", "--wait")
    wait_until(lambda: simulator.stats.accepted == 1, what="the first job's acceptance")
    following = cli.start("submit", "a hare", "--wait", "--json")
    # Killed before the answer is written down, the request would rightly be in doubt.
    wait_until(lambda: len(cli.jobs("status:queued")) == 2, what="both answers in the history")
    leading.kill()
    ended = end_of(following)
    assert ended.code == 0, ended.err
    assert ended.objects[0]["status"] == "COMPLETED"
    assert simulator.stats.posts == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_every_signal_ends_a_watch_with_130(cli: Cli, open_gateway: OpenGateway, number: signal.Signals) -> None:
    open_gateway(ENDLESS)
    assert cli.run("submit", "a fox").code == 0
    process = cli.start("watch")
    assert process.stdout is not None
    assert "QUEUED" in process.stdout.readline()
    process.send_signal(number)
    ended = end_of(process)
    assert (ended.code, ended.out) == (130, "")
    assert "Traceback" not in ended.err


def test_a_request_in_flight_ends_before_an_interrupted_command_does(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour(latency_s=10_000, faults=(Fault(Target.POST, hang_s=1.5),)))
    process = cli.start("submit", "a fox", "--count", "2", "--wait")
    wait_until(lambda: simulator.stats.posts == 1, what="the first request")
    process.send_signal(signal.SIGINT)
    assert end_of(process).code == 130
    assert sorted(field_of(cli.jobs(), "status"), key=str) == ["HELD", "QUEUED"]
    assert simulator.stats.posts == 1


def test_a_second_signal_ends_at_once_and_leaves_the_request_in_doubt(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour(latency_s=10_000, faults=(Fault(Target.POST, hang_s=45),)))
    process = cli.start("submit", "a fox", "--wait")
    wait_until(lambda: simulator.stats.posts == 1, what="the request")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "in flight" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert end_of(process, within_s=20).code == 130
    assert field_of(cli.jobs(), "status") == ["SENDING"]
    assert cli.run("submit", "a hare").code == 0
    assert field_of(cli.jobs("fox"), "status") == ["UNCONFIRMED"]
    assert simulator.stats.posts == 2


async def test_a_wait_beside_a_running_engine_is_told_the_end(cli: Cli, open_gateway: OpenGateway) -> None:
    open_gateway(QUICK)
    studio = await _app_on(cli, cli.data_dir)
    engine = asyncio.create_task(studio.engine.run())
    try:
        await asyncio.wait_for(studio.engine.is_ready.wait(), 10)
        ended = await asyncio.to_thread(cli.run, "submit", "a fox", "--wait", "--json")
        assert ended.code == 0, ended.err
        assert ended.objects[0]["status"] == "COMPLETED"
    finally:
        await studio.engine.stop()
        await engine
        await studio.aclose()


async def test_a_resume_reaches_the_running_engine(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour(balance_microusd=0, latency_s=10_000))
    studio = await _app_on(cli, cli.data_dir)
    engine = asyncio.create_task(studio.engine.run())
    try:
        await asyncio.wait_for(studio.engine.is_ready.wait(), 10)
        waited = await asyncio.to_thread(cli.run, "submit", "a fox", "--count", "2", "--wait", "--json")
        assert waited.code == 5, waited.err
        assert field_of(waited.objects, "hold_reason") == ["money", "money"]
        simulator.tell({"balance_microusd": 1_000_000})
        resumed = await asyncio.to_thread(cli.run, "resume")
        assert resumed.code == 0, resumed.err
        await wait_until_async(lambda: simulator.stats.accepted == 2, what="the acceptance of both")
    finally:
        await studio.engine.stop()
        await engine
        await studio.aclose()


def test_an_interrupted_command_is_not_sent_on_by_its_neighbour(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(ENDLESS)
    cli.configure("[gateway]\nrequests_per_s = 0.05\nburst = 1\n")
    leading = cli.start("submit", "a fox", "--count", "20", "--yes", "--wait")
    wait_until(lambda: simulator.stats.accepted == 1, what="the first job's acceptance")
    neighbour = cli.start("watch")
    assert neighbour.stdout is not None
    neighbour.stdout.readline()
    leading.send_signal(signal.SIGINT)
    assert end_of(leading).code == 130
    jobs = cli.jobs("fox")
    assert sum(job["hold_reason"] == "left_over" for job in jobs) == 20 - simulator.stats.accepted
    assert simulator.stats.posts == simulator.stats.accepted <= 2
