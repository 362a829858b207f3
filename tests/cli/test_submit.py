import os
import pty
import select
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.sending import Order, send
from krea_tui.config.locations import find_locations
from krea_tui.config.plan import Plan
from krea_tui.config.settings import GatewaySettings, Settings
from krea_tui.domain.request import GenerationRequest
from krea_tui.simulator import Behaviour, Close, Fault, Target
from tests.cli.running import KEY, Cli, OpenGateway, closed_port_url, end_of, field_of
from tests.support.waiting import wait_until

QUICK = Behaviour(latency_s=0.2)
ENDLESS = Behaviour(latency_s=10_000)


def test_a_waited_job_ends_with_its_picture_on_disk(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    ended = cli.run(
        "submit", "a lighthouse in fog", "--aspect-ratio", "16:9", "--creativity", "raw", "--seed", "42",
        "--reference", "https://example.org/a@b.png@0.6", "--style", "ink", "--wait", "--json",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    [job] = ended.objects
    expected = {
        "status": "COMPLETED",
        "hold_reason": None,
        "prompt": "a lighthouse in fog",
        "aspect_ratio": "16:9",
        "creativity": "raw",
        "seed": 42,
        "price": 0.065,
        "error": None,
        "image_style_references": [{"image_url": "https://example.org/a@b.png", "strength": 0.6}],
        "styles": [{"id": "ink", "strength": 1.0}],
        "moodboards": [],
    }
    assert {name: job[name] for name in expected} == expected
    for name in ("created_at", "completed_at", "gateway_created_at"):
        text = str(job[name])
        assert text.endswith("Z")
        assert datetime.fromisoformat(text).utcoffset() is not None
    images = job["images"]
    assert isinstance(images, list)
    [image] = images
    path = Path(image["path"])
    assert image["state"] == "SAVED"
    assert image["url"].startswith("http")
    assert path.is_absolute()
    assert path.read_bytes().startswith(b"\x89PNG")
    assert simulator.stats.charges == 1
    assert cli.jobs() == [job]


def test_a_count_takes_the_following_seeds(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    ended = cli.run("submit", "tiles", "--seed", "7", "--count", "3", "--wait")
    assert ended.code == 0
    jobs = cli.jobs()
    assert sorted(field_of(jobs, "seed"), key=str) == [7, 8, 9]
    assert len(set(field_of(jobs, "batch_id"))) == 1
    assert simulator.stats.charges == 3
    lines = ended.out.splitlines()
    assert sorted(line.split()[0] for line in lines) == sorted(str(job["id"]) for job in jobs)
    assert all(Path(line.split()[-1]).is_file() for line in lines)


def test_the_prompt_may_come_from_standard_input(cli: Cli, open_gateway: OpenGateway) -> None:
    open_gateway(ENDLESS)
    ended = cli.run("submit", "-", "--json", stdin="two\nlines, ünïcode\n".encode())
    assert ended.code == 0
    assert ended.objects[0]["prompt"] == "two\nlines, ünïcode"


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (Behaviour(fail_rate=1, latency_s=0.2), (1, "FAILED", None)),
        (Behaviour(error_rate=1, latency_s=0.2), (1, "ERROR", None)),
        (Behaviour(balance_microusd=0), (5, "HELD", "money")),
        (Behaviour(faults=(Fault(Target.POST, status=401),)), (3, "HELD", "key")),
        (Behaviour(faults=(Fault(Target.POST, status=400),)), (1, "REJECTED", None)),
        (Behaviour(faults=(Fault(Target.POST, close=Close.AFTER_ACCEPT),)), (1, "UNCONFIRMED", None)),
        (Behaviour(faults=(Fault(Target.POST, status=404),)), (4, "HELD", "paused")),
    ],
    ids=["failed", "error", "402", "401", "400", "unconfirmed", "404"],
)
def test_the_exit_code_tells_how_a_job_ended(
    cli: Cli, open_gateway: OpenGateway, behaviour: Behaviour, outcome: tuple[int, str, str | None]
) -> None:
    open_gateway(behaviour)
    ended = cli.run("submit", "a fox", "--wait", "--json")
    [job] = ended.objects
    assert (ended.code, job["status"], job["hold_reason"]) == outcome
    assert job["error"]
    assert cli.jobs() == [job]


def test_after_a_402_the_rest_of_a_batch_is_held_for_money_and_not_tried(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour(balance_microusd=0))
    ended = cli.run("submit", "a fox", "--count", "3", "--wait", "--json")
    assert ended.code == 5
    assert field_of(ended.objects, "hold_reason") == ["money"] * 3
    assert simulator.stats.posts == 1
    assert all(str(job["id"]) in ended.err for job in ended.objects)


def test_a_daily_cap_holds_what_would_go_over_it(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(QUICK)
    cli.configure("[money]\ndaily_cap_usd = 0.10\n")
    ended = cli.run("submit", "a fox", "--count", "2", "--wait", "--json")
    assert ended.code == 5
    assert sorted(str(job["hold_reason"]) for job in ended.objects) == ["None", "cap"]
    assert simulator.stats.posts == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--aspect-ratio", "5:3"], "--aspect-ratio"),
        (["--creativity", "wild"], "--creativity"),
        (["--seed", "-1"], "--seed"),
        (["--count", "0"], "--count"),
        (["--reference", "http://example.org/a.png"], "--reference 1"),
        (["--style", "ink", "--style", "two words"], "--style 2"),
        (["--style", "ink@3"], "--style 1 (strength)"),
        (["--moodboard", "no-uuid"], "--moodboard 1"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_wrong_usage_names_the_option_and_stores_nothing(cli: Cli, options: list[str], named: str) -> None:
    ended = cli.run("submit", "a fox", *options)
    assert ended.code == 2
    assert ended.err.startswith("krea-tui: ")
    assert named in ended.err
    assert ended.out == ""
    assert not cli.data_dir.exists()


def test_without_a_key_nothing_is_stored(cli: Cli) -> None:
    ended = cli.run("submit", "a fox", without=("PIXAZO_API_KEY",))
    assert ended.code == 3
    assert "PIXAZO_API_KEY" in ended.err
    assert not cli.data_dir.exists()


def test_a_key_that_cannot_be_one_is_a_bad_key_and_is_not_shown(cli: Cli) -> None:
    ended = cli.run("submit", "a fox", PIXAZO_API_KEY="two words")
    assert ended.code == 3
    assert "two words" not in ended.err
    assert not cli.data_dir.exists()


def test_the_key_never_shows(cli: Cli, open_gateway: OpenGateway) -> None:
    open_gateway(Behaviour(faults=(Fault(Target.POST, status=401, body=f'{{"error": "bad key {KEY}"}}'),)))
    ended = cli.run("submit", "a fox", "--wait", "--json")
    everything = [ended.out, ended.err, *(p.read_bytes().decode("latin-1") for p in cli.data_dir.rglob("*.db*"))]
    assert not any(KEY in text for text in everything)


def test_an_expensive_batch_is_refused_where_nobody_can_be_asked(cli: Cli, open_gateway: OpenGateway) -> None:
    open_gateway(ENDLESS)
    cli.configure("[money]\nask_above_usd = 0.10\n")
    refused = cli.run("submit", "a fox", "--count", "2")
    assert refused.code == 2
    assert "$0.12" in refused.err
    assert "--yes" in refused.err
    assert not cli.data_dir.exists()
    assert cli.run("submit", "a fox", "--count", "2", "--yes").code == 0
    assert len(cli.jobs()) == 2


def test_the_cap_of_a_batch_refuses_even_a_yes(cli: Cli) -> None:
    cli.configure("[money]\nbatch_cap_usd = 0.10\n")
    refused = cli.run("submit", "a fox", "--count", "2", "--yes")
    assert refused.code == 5
    assert "$0.12" in refused.err
    assert not cli.data_dir.exists()


def test_an_unreachable_gateway_ends_an_unwaited_submit_at_once(cli: Cli) -> None:
    ended = cli.run("submit", "a fox", "--json", KREA_TUI_GATEWAY=closed_port_url())
    assert ended.code == 4
    [job] = ended.objects
    assert (job["status"], job["hold_reason"]) == ("HELD", "left_over")
    assert str(job["id"]) in ended.err


def test_a_waited_submit_gives_an_unreachable_gateway_its_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locations = find_locations({"PIXAZO_API_KEY": KEY}, tmp_path / "data")
    plan = Plan(
        Settings(gateway=GatewaySettings(url=closed_port_url())), locations, {"PIXAZO_API_KEY": KEY}, is_command=True
    )
    order = Order((GenerationRequest("a fox", 1),))
    assert send(plan, [order], waits=True, as_json=False, unreachable_limit_s=2.0) is ExitCode.UNREACHABLE
    shown = capsys.readouterr()
    assert "HELD (left over)" in shown.out
    assert "cannot be reached" in shown.err


def test_an_interrupted_wait_leaves_what_was_not_sent_and_names_it(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(ENDLESS)
    # One request now, the next in 20 seconds.
    cli.configure("[gateway]\nrequests_per_s = 0.05\nburst = 1\n")
    process = cli.start("submit", "a fox", "--count", "3", "--wait")
    wait_until(lambda: simulator.stats.accepted == 1, what="the first job's acceptance")
    process.send_signal(signal.SIGINT)
    ended = end_of(process)
    assert ended.code == 130
    jobs = cli.jobs()
    left = [job for job in jobs if job["hold_reason"] == "left_over"]
    assert len(left) == 2
    assert sum(job["status"] == "QUEUED" for job in jobs) == 1
    assert all(str(job["id"]) in ended.err for job in left)
    assert "Traceback" not in ended.err

    # Another command sends its own, never what was left over.
    assert cli.run("submit", "a hare").code == 0
    assert simulator.stats.accepted == 2
    assert sum(job["hold_reason"] == "left_over" for job in cli.jobs()) == 2


@pytest.mark.parametrize(("answer", "code", "count"), [(b"y\n", 0, 2), (b"\n", 2, 0)], ids=["yes", "no"])
def test_a_person_at_a_terminal_is_asked_with_the_sum(
    cli: Cli, open_gateway: OpenGateway, answer: bytes, code: int, count: int
) -> None:
    simulator = open_gateway(ENDLESS)
    cli.configure("[money]\nask_above_usd = 0.10\n")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "krea_tui", "submit", "a fox", "--count", "2"],
        env={**os.environ, **cli.environ},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    cli.running.append(process)
    os.close(theirs)
    shown = b""
    while b"[y/N]" not in shown:
        assert select.select([ours], [], [], 20)[0], shown
        shown += os.read(ours, 4096)
    assert b"$0.12" in shown
    os.write(ours, answer)
    assert end_of(process).code == code
    os.close(ours)
    assert simulator.stats.accepted == count
