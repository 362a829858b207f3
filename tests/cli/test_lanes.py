"""Commands beside each other and beside a running engine: nothing is sent twice, nothing is forgotten."""

import asyncio
from pathlib import Path

from krea_tui.config.locations import find_locations
from krea_tui.config.settings import GatewaySettings, Settings
from krea_tui.simulator import Behaviour, Close, Fault, Simulator, SimulatorServer, Target
from krea_tui.studio import Plan, Studio, open_studio
from tests.cli.conftest import KEY, Cli, OpenGateway, closed_port_url, end_of, field_of
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
