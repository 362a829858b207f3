"""The program itself: help, version, settings, the simulator, the demo, and no terminal."""

import json
import signal
import urllib.request
from pathlib import Path

import pytest

import krea_tui
from krea_tui.cli import main
from tests.cli.running import Cli, end_of

COMMANDS = (
    "submit", "retry", "resume", "watch", "jobs", "show", "cancel", "pause", "locations", "config", "simulate",
)  # fmt: skip


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"krea-tui {krea_tui.__version__}"


def test_help_names_every_command_and_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for command in COMMANDS:
        assert command in overview
        assert main([command, "--help"]) == 0
        assert "--data-dir" in capsys.readouterr().out


def test_without_a_terminal_the_app_names_what_works(cli: Cli) -> None:
    ended = cli.run()
    assert ended.code == 2
    assert ended.out == ""
    assert "submit" in ended.err
    assert "--help" in ended.err
    assert not cli.data_dir.exists()


@pytest.mark.parametrize("arguments", [["nonsense"], ["jobs", "--limit", "0"], ["show"], ["--graphics", "best"]])
def test_wrong_usage_is_two_lines_and_exit_2(cli: Cli, arguments: list[str]) -> None:
    ended = cli.run(*arguments)
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 2
    assert ended.err.startswith("krea-tui: ")


@pytest.mark.parametrize("place", ["before", "after"])
def test_general_options_stand_before_or_after_the_command(cli: Cli, tmp_path: Path, place: str) -> None:
    option = ["--data-dir", str(tmp_path / "elsewhere")]
    ended = cli.run(*(["locations", "--json", *option] if place == "after" else [*option, "locations", "--json"]))
    assert ended.objects[0]["data"] == str(tmp_path / "elsewhere")


def test_a_broken_setting_is_named_by_its_key(cli: Cli) -> None:
    cli.configure("[gateway]\nburst = 0\n")
    for command in (["config", "check"], ["submit", "a fox"]):
        ended = cli.run(*command)
        assert ended.code == 2
        assert "gateway.burst" in ended.err
    cli.configure("[gateway]\nburst = 3\n")
    assert cli.run("config", "check").code == 0
    assert cli.run("config", "path").out.strip() == cli.environ["KREA_TUI_CONFIG"]


def test_editing_opens_the_commented_file(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "settings" / "config.toml"
    ended = cli.run("config", "edit", "--config", str(target), VISUAL="", EDITOR="cat")
    assert ended.code == 0
    assert "max_in_flight" in ended.out
    assert target.stat().st_mode & 0o777 == 0o600
    assert cli.run("config", "edit", "--config", str(target), VISUAL="", EDITOR="").code == 2


def test_the_simulator_says_that_nothing_is_spent_and_serves(cli: Cli, tmp_path: Path) -> None:
    process = cli.start("simulate", "--latency", "0.1", "--balance", "0", "--state-dir", str(tmp_path / "state"))
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "nothing is spent" in line
    url = next(word for word in line.split() if word.startswith("http"))
    with urllib.request.urlopen(f"{url}/_sim/stats", timeout=10) as answer:
        assert json.load(answer)["charges"] == 0
    submitted = cli.run("submit", "a fox", "--gateway", url, "--wait")
    assert submitted.code == 5
    process.send_signal(signal.SIGTERM)
    assert end_of(process).code == 0


def test_a_taken_port_is_wrong_usage(cli: Cli) -> None:
    process = cli.start("simulate")
    assert process.stdout is not None
    port = process.stdout.readline().split("127.0.0.1:")[1].split()[0]
    ended = cli.run("simulate", "--port", port)
    assert ended.code == 2
    assert port in ended.err


def test_the_demo_needs_no_key_and_keeps_its_own_folder(cli: Cli) -> None:
    ended = cli.run(
        "--demo", "submit", "a fox", "--json", without=("PIXAZO_API_KEY",), KREA_TUI_GATEWAY="https://x.test"
    )
    assert ended.code == 0, ended.err
    assert ended.objects[0]["gateway"] == "demo"
    assert (cli.data_dir / "demo" / "history.db").is_file()
    assert not (cli.data_dir / "history.db").exists()
    assert cli.run("--demo", "--gateway", "http://127.0.0.1:1", "submit", "a fox").code == 2
