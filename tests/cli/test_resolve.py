"""`resolve`: what may have been charged is decided by the person alone, with the sum before their eyes."""

import asyncio
import os
import pty
import select
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from krea_tui.config.locations import find_locations
from krea_tui.config.plan import Plan
from krea_tui.config.settings import GatewaySettings, Settings
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.request import GenerationRequest
from krea_tui.simulator import Behaviour, Close, Fault, Simulator, Target
from krea_tui.storage.store import JobStore
from krea_tui.studio import Studio, open_studio
from tests.cli.running import KEY, Cli, Ended, OpenGateway, end_of, field_of
from tests.support.waiting import wait_until, wait_until_async

SILENT = Fault(Target.POST, close=Close.AFTER_ACCEPT)
QUICK = Behaviour(latency_s=0.2)
ENDLESS = Behaviour(latency_s=10_000)


def doubt(cli: Cli, simulator: Simulator, prompt: str = "a fox") -> str:
    """The id of a job that the gateway took, charged, and never answered for."""
    simulator.tell({"faults": [{"on": "post", "close": "after_accept"}]})
    ended = cli.run("submit", prompt, "--json")
    assert ended.code == 1
    [job] = ended.objects
    assert job["status"] == "UNCONFIRMED"
    assert f"krea-tui resolve {job['id']}" in ended.err
    return str(job["id"])


def accepted_ids(simulator: Simulator) -> list[str]:
    """What the vendor's console would show."""
    return list(simulator._jobs._jobs)


def at_terminal(cli: Cli, *arguments: str, question: str, answer: str) -> tuple[Ended, str]:
    """The end of a command that is asked something on a terminal, and what the terminal showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "krea_tui", *arguments],
        env={**os.environ, **cli.environ},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    cli.running.append(process)
    os.close(theirs)
    shown = b""
    while question.encode() not in shown:
        assert select.select([ours], [], [], 20)[0], shown
        shown += os.read(ours, 4096)
    os.write(ours, f"{answer}\n".encode())
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    return Ended(process.returncode, out, ""), shown.decode()


@asynccontextmanager
async def running_app(cli: Cli) -> AsyncIterator[Studio]:
    """What a running app does, without its screen."""
    environ = {"PIXAZO_API_KEY": KEY}
    settings = Settings(gateway=GatewaySettings(url=cli.environ["KREA_TUI_GATEWAY"]))
    studio = await open_studio(Plan(settings, find_locations(environ, cli.data_dir), environ))
    engine = asyncio.create_task(studio.engine.run())
    try:
        await asyncio.wait_for(studio.engine.is_ready.wait(), 10)
        yield studio
    finally:
        await studio.engine.stop()
        await engine
        await studio.aclose()


def test_where_nothing_is_unconfirmed_it_says_so_and_makes_no_history(cli: Cli) -> None:
    for arguments in ([], ["--json"], ["--all", "--not-charged", "--yes"], ["--all", "--send-again", "--yes"]):
        ended = cli.run("resolve", *arguments)
        assert (ended.code, ended.out) == (0, "")
        assert "Nothing is unconfirmed" in ended.err
    assert cli.run("resolve", "abc").code == 2
    assert not cli.data_dir.exists()


def test_alone_it_reports_what_is_at_risk_and_what_can_be_done(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    first, second = doubt(cli, simulator, "an old fox"), doubt(cli, simulator, "a red hare")
    assert cli.run("submit", "a badger", "--wait").code == 0
    report = cli.run("resolve")
    assert report.code == 1
    assert "badger" not in report.out
    lines = report.out.splitlines()
    assert [line.split()[0] for line in lines[::2]] == [first, second]
    assert "$0.06" in lines[0]
    assert lines[0].endswith("an old fox")
    assert f"seed {cli.jobs('old')[0]['seed']} " in lines[0]
    assert lines[1].strip() == cli.jobs("old")[0]["error"]
    assert "2 jobs ($0.12) at risk" in report.err
    assert all(choice in report.err for choice in ("--adopt", "--not-charged", "--send-again", "--all"))
    named = cli.run("resolve", second[:6], "--json")
    assert named.code == 1
    assert [(job["id"], job["needs_decision"]) for job in named.objects] == [(second, True)]
    assert f"krea-tui resolve {second} --adopt" in named.err
    assert field_of(cli.jobs("needs:decision"), "id") == [second, first]
    assert simulator.stats.posts == 3


def test_every_command_that_meets_it_names_the_way(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    job_id = doubt(cli, simulator)
    assert f"krea-tui resolve {job_id}" in cli.run("show", job_id).err
    assert f"krea-tui resolve {job_id}" in cli.run("retry", job_id).err
    for command in (["jobs"], ["jobs", "--json"], ["watch"], ["resume"], ["submit", "a hare"]):
        assert "1 job ($0.06) unconfirmed, perhaps charged: `krea-tui resolve`" in cli.run(*command).err, command


def test_an_adopted_id_brings_the_paid_picture(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    job_id = doubt(cli, simulator)
    [request_id] = accepted_ids(simulator)
    pasted = f" 'https://gateway.example/v2/requests/status/{request_id}?tab=1' "
    ended = cli.run("resolve", job_id, "--adopt", pasted, "--wait", "--json")
    assert ended.code == 0, ended.err
    [job] = ended.objects
    assert (job["id"], job["status"], job["request_id"]) == (job_id, "COMPLETED", request_id)
    assert Path(job["images"][0]["path"]).is_file()  # type: ignore[index]
    assert "believed once the gateway has answered" in ended.err
    assert (simulator.stats.posts, simulator.stats.charges) == (1, 1)
    assert cli.run("resolve").code == 0


def test_an_id_can_be_adopted_without_a_key_and_fetched_later(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    job_id = doubt(cli, simulator)
    [request_id] = accepted_ids(simulator)
    no_key = cli.run("resolve", job_id, "--adopt", request_id, "--wait", without=("PIXAZO_API_KEY",))
    assert no_key.code == 3
    assert cli.jobs()[0]["status"] == "UNCONFIRMED"
    adopted = cli.run("resolve", job_id, "--adopt", request_id, without=("PIXAZO_API_KEY",))
    assert adopted.code == 0
    assert adopted.out.startswith(f"{job_id}  QUEUED")
    assert "krea-tui watch" in adopted.err
    assert cli.run("watch").code == 0
    assert cli.jobs("has:image")[0]["id"] == job_id


async def test_a_running_engine_asks_about_an_adopted_id_and_fetches(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    job_id = await asyncio.to_thread(doubt, cli, simulator)
    [request_id] = accepted_ids(simulator)
    async with running_app(cli) as studio:
        ended = await asyncio.to_thread(cli.run, "resolve", job_id, "--adopt", request_id)
        assert ended.code == 0, ended.err
        assert "The running krea-tui" in ended.err

        def is_done() -> bool:
            job = studio.engine.book.get(job_id)
            return job is not None and job.is_done

        await wait_until_async(is_done, what="the paid picture")
    assert simulator.stats.posts == 1


def test_what_cannot_be_adopted_is_refused_in_words_and_changes_nothing(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(ENDLESS)
    job_id = doubt(cli, simulator)
    [owner] = cli.run("submit", "a hare", "--json").objects
    before = cli.jobs()
    taken = cli.run("resolve", job_id, "--adopt", str(owner["request_id"]))
    assert taken.code == 1
    assert f"the job {owner['id']} already owns this request id" in taken.err
    known = cli.run("resolve", str(owner["id"]), "--adopt", "another-id")
    assert known.code == 1
    assert f"accepted as {owner['request_id']}" in known.err
    for pasted in ("", "../../keys", "two words", "https://console.example/jobs", job_id):
        shapeless = cli.run("resolve", job_id, "--adopt", pasted)
        assert shapeless.code == 2, pasted
        assert "is no request id" in shapeless.err
        assert "Nothing was changed" in shapeless.err
    assert cli.jobs() == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--not-charged"], "--all"),
        (["--send-again"], "--all"),
        (["--adopt", "x"], "--adopt takes one job"),
        (["a", "b", "--adopt", "x"], "--adopt takes one job"),
        (["--all", "--adopt", "x"], "--adopt takes one job"),
        (["a", "--all", "--not-charged"], "--all"),
        (["a", "--adopt", "x", "--not-charged"], "not allowed with"),
        (["a", "--not-charged", "--send-again"], "not allowed with"),
        (["a", "--not-charged", "--wait"], "--wait"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(cli: Cli, options: list[str], named: str) -> None:
    ended = cli.run("resolve", *options)
    assert ended.code == 2
    assert named in ended.err
    assert not cli.data_dir.exists()


def test_not_charged_needs_a_yes_and_frees_the_sum(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    first, second, third = (doubt(cli, simulator, prompt) for prompt in ("one", "two", "three"))
    refused = cli.run("resolve", first, "--not-charged")
    assert refused.code == 2
    assert "1 job ($0.06)" in refused.err
    assert "--yes" in refused.err
    assert len(cli.jobs("needs:decision")) == 3
    done = cli.run("resolve", first, "--not-charged", "--yes", "--json", without=("PIXAZO_API_KEY",))
    assert done.code == 0
    [job] = done.objects
    assert (job["status"], job["charge"], job["needs_decision"]) == ("REJECTED", "none", False)
    assert job["settled_at"] == job["completed_at"] is not None
    rest = cli.run("resolve", "--all", "--not-charged", "--yes")
    assert [line.split()[0] for line in rest.out.splitlines()] == [second, third]
    assert cli.run("resolve").code == 0
    again = cli.run("resolve", first, "--not-charged", "--yes")
    assert again.code == 1
    assert "settled before" in again.err


def test_a_request_id_found_later_corrects_what_was_said(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    job_id = doubt(cli, simulator)
    [request_id] = accepted_ids(simulator)
    assert cli.run("resolve", job_id, "--not-charged", "--yes").code == 0
    assert cli.run("resolve", job_id, "--adopt", request_id, "--wait").code == 0
    [job] = cli.jobs()
    assert (job["status"], job["charge"]) == ("COMPLETED", "spent")


def test_sending_again_needs_a_yes_names_the_price_and_makes_a_new_job(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    job_id = doubt(cli, simulator)
    refused = cli.run("resolve", job_id, "--send-again")
    assert refused.code == 2
    assert all(words in refused.err for words in ("$0.06", "paid for twice", "--yes", "Nothing was changed"))
    assert simulator.stats.posts == 1
    sent = cli.run("resolve", job_id, "--send-again", "--yes", "--wait", "--json")
    assert sent.code == 0, sent.err
    [job] = sent.objects
    assert (job["status"], job["retry_of"], job["seed"]) == ("COMPLETED", job_id, cli.jobs(f"id:{job_id}")[0]["seed"])
    [settled] = cli.jobs(f"id:{job_id}")
    assert (settled["status"], settled["charge"], settled["needs_decision"]) == ("UNCONFIRMED", "at_risk", False)
    assert str(job["id"]) in str(settled["error"])
    assert (simulator.stats.posts, simulator.stats.charges) == (2, 2)
    assert cli.run("resolve").code == 0
    for command in (["resolve", job_id, "--send-again", "--yes"], ["retry", job_id]):
        assert cli.run(*command).code == 1
    assert simulator.stats.posts == 2


def test_without_a_key_nothing_is_sent_again(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    job_id = doubt(cli, simulator)
    ended = cli.run("resolve", job_id, "--send-again", "--yes", without=("PIXAZO_API_KEY",))
    assert ended.code == 3
    assert len(cli.jobs()) == 1


def test_the_caps_hold_for_what_is_sent_again(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(ENDLESS)
    for prompt in ("one", "two"):
        doubt(cli, simulator, prompt)
    cli.configure("[money]\nbatch_cap_usd = 0.10\n")
    batch = cli.run("resolve", "--all", "--send-again", "--yes")
    assert batch.code == 5
    assert "$0.12" in batch.err
    assert len(cli.jobs()) == 2
    cli.configure("[money]\ndaily_cap_usd = 0.20\n")
    day = cli.run("resolve", "--all", "--send-again", "--yes", "--json")
    assert day.code == 5
    assert sorted(str(job["hold_reason"]) for job in day.objects) == ["None", "cap"]
    assert simulator.stats.posts == 3


@pytest.mark.parametrize(("answer", "posts"), [("y", 2), ("", 1), ("1", 1)])
def test_at_a_terminal_one_is_sent_again_by_a_clear_yes(
    cli: Cli, open_gateway: OpenGateway, answer: str, posts: int
) -> None:
    simulator = open_gateway(ENDLESS)
    job_id = doubt(cli, simulator)
    ended, shown = at_terminal(cli, "resolve", job_id, "--send-again", question="[y/N]", answer=answer)
    assert "$0.06" in shown
    assert "paid for twice" in shown
    assert (ended.code, simulator.stats.posts) == (0 if posts == 2 else 2, posts)


@pytest.mark.parametrize("choice", ["--not-charged", "--send-again"])
def test_at_a_terminal_many_are_decided_by_their_number(cli: Cli, open_gateway: OpenGateway, choice: str) -> None:
    simulator = open_gateway(ENDLESS)
    for prompt in ("one", "two"):
        doubt(cli, simulator, prompt)
    for answer in ("y", "3", ""):
        ended, shown = at_terminal(cli, "resolve", "--all", choice, question="Type 2", answer=answer)
        assert ended.code == 2
        assert "$0.12" in shown
    assert len(cli.jobs("needs:decision")) == 2
    ended, _ = at_terminal(cli, "resolve", "--all", choice, question="Type 2", answer="2")
    assert ended.code == 0
    assert not cli.jobs("needs:decision")
    assert simulator.stats.posts == (2 if choice == "--not-charged" else 4)


async def test_a_running_engine_sends_what_is_sent_again(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    job_id = await asyncio.to_thread(doubt, cli, simulator)
    async with running_app(cli) as studio:
        ended = await asyncio.to_thread(cli.run, "resolve", job_id, "--send-again", "--yes", "--wait", "--json")
        assert ended.code == 0, ended.err
        [job] = ended.objects
        known = studio.engine.book.get(str(job["id"]))
        assert known is not None
        assert known.accepted_by == studio.engine.process_id
    assert simulator.stats.posts == 2


def test_two_commands_at_once_send_it_again_once(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(ENDLESS)
    job_id = doubt(cli, simulator)
    processes = [cli.start("resolve", job_id, "--send-again", "--yes") for _ in range(3)]
    ends = [end_of(process) for process in processes]
    assert sorted(ended.code for ended in ends) == [0, 1, 1], [ended.err for ended in ends]
    assert len(cli.jobs()) == 2
    assert simulator.stats.posts == 2


def test_what_was_on_its_way_when_its_program_was_killed_is_found(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour(faults=(Fault(Target.POST, hang_s=30),)))
    process = cli.start("submit", "a fox", "--wait")
    wait_until(lambda: simulator.stats.posts == 1, what="the request")
    waiting = cli.run("resolve", str(cli.jobs()[0]["id"]), "--not-charged", "--yes")
    assert waiting.code == 1
    assert "still awaited" in waiting.err
    process.kill()
    process.wait()
    assert "1 job ($0.06) unconfirmed" in cli.run("jobs").err
    report = cli.run("resolve")
    assert report.code == 1
    assert "the program ended while the request was on its way" in report.out
    assert field_of(cli.jobs("needs:decision"), "prompt") == ["a fox"]


def test_another_gateway_s_jobs_are_shown_and_never_sent_to_this_one(cli: Cli, open_gateway: OpenGateway) -> None:
    first = open_gateway(ENDLESS)
    job_id, url = doubt(cli, first), cli.environ["KREA_TUI_GATEWAY"]
    second = open_gateway(ENDLESS)
    own = doubt(cli, second, "a hare")
    report = cli.run("resolve")
    assert [job_id in report.out, own in report.out, f"--gateway {url}" in report.out] == [True] * 3
    for choice in (["--send-again", "--yes"], ["--adopt", "an-id"]):
        refused = cli.run("resolve", job_id, *choice)
        assert refused.code == 1
        assert f"--gateway {url}" in refused.err
    assert cli.run("resolve", "--all", "--send-again", "--yes").code == 0
    assert (first.stats.posts, second.stats.posts) == (1, 2)
    assert field_of(cli.jobs("needs:decision"), "id") == [job_id]


def test_nothing_hostile_reaches_the_terminal(cli: Cli) -> None:
    cli.data_dir.mkdir(mode=0o700)
    store = JobStore(cli.data_dir / "history.db")
    evil = "red \x1b[31m \x9b31m \u202e end"
    request = GenerationRequest(evil, 7)
    job = Job("aaaa111111", request, 60_000, 1.0, "https://x\x1b", status=JobStatus.UNCONFIRMED, error=evil)
    store.insert([job])
    store.close()
    for arguments in ([], ["--json"], ["a", "--adopt", evil], ["a", "--send-again", "--yes"]):
        ended = cli.run("resolve", *arguments)
        assert not any(mark in ended.out + ended.err for mark in ("\x1b", "\x9b", "\u202e"))
