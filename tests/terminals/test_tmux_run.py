"""A whole run as a person does it, recorded by tmux: write, generate, see it, quit, find it again."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from tests.terminals.history import jobs_of
from tests.terminals.tmux import Tmux

PROMPT = "a lighthouse at dusk"
OTHER_PROMPT = "red dunes"
PYTHON = sys.executable
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")

pytestmark = pytest.mark.terminal("tmux")


@pytest.fixture
def tmux(tmp_path: Path, environ: dict[str, str]) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path / "tmux", environ)
    yield tmux
    tmux.close()


def half_blocks(screen: str) -> int:
    return screen.count("▀") + screen.count("▄")


def wait_for_picture(tmux: Tmux) -> None:
    """Half-blocks in many colours: a picture, not a pattern."""
    wait_until(lambda: half_blocks(tmux.screen()) > 400, 40, "a picture")
    assert len(set(_COLOUR.findall(tmux.screen("-e")))) > 50


def generate(tmux: Tmux, prompt: str) -> None:
    tmux.type(prompt)
    tmux.wait_for(prompt)
    # A line feed right behind a key is a line break of a paste.
    tmux.wait_for_rest()
    tmux.press("C-j")


def quit_app(tmux: Tmux) -> None:
    tmux.press("C-q")
    tmux.wait_for("left with 0")


def test_the_demo_from_the_first_prompt_to_the_next_day(tmux: Tmux, environ: dict[str, str]) -> None:
    app = f"{PYTHON} -m krea_tui --demo"
    tmux.run(app)
    tmux.wait_for("nothing is spent", "No jobs yet", "idle")
    generate(tmux, PROMPT)
    tmux.wait_for("queued", "all 1")
    tmux.wait_for("completed")
    wait_for_picture(tmux)
    quit_app(tmux)
    assert half_blocks(tmux.screen()) == 0

    tmux.run(app)
    tmux.wait_for("all 1", "completed", PROMPT)
    wait_for_picture(tmux)
    quit_app(tmux)
    (job,) = jobs_of(environ, "--demo")
    assert (job["prompt"], job["status"]) == (PROMPT, "COMPLETED")


@pytest.fixture
def gateway_url() -> Iterator[str]:
    """Serve `krea-tui simulate` in a process of its own."""
    command = [PYTHON, "-u", "-m", "krea_tui", "simulate", "--latency", "4"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if process.stdout is None:
        raise AssertionError("there is a pipe")
    found = re.search(r"http://\S+", process.stdout.readline())
    if found is None:
        raise AssertionError("it says where it is")
    yield found[0]
    process.terminate()
    process.wait(20)
    process.stdout.close()


def stats_of(gateway_url: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{gateway_url}/_sim/stats", timeout=10) as answer:
        stats = json.load(answer)
    assert isinstance(stats, dict)
    return stats


def test_a_gateway_in_another_process_and_a_job_of_the_command_line(
    tmux: Tmux, gateway_url: str, environ: dict[str, str]
) -> None:
    app = f"{PYTHON} -m krea_tui --gateway {gateway_url}"
    tmux.run(app)
    tmux.wait_for("No jobs yet", "idle")
    generate(tmux, PROMPT)
    tmux.wait_for("queued", "all 1")
    tmux.wait_for("completed")
    wait_for_picture(tmux)

    command = [PYTHON, "-m", "krea_tui", "--gateway", gateway_url]
    submit = subprocess.Popen(
        [*command, "submit", OTHER_PROMPT, "--wait", "--json"],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    tmux.wait_for("all 2", OTHER_PROMPT, "queued")
    out, err = submit.communicate(timeout=60)
    assert submit.returncode == 0, err
    sent = json.loads(out)
    assert (sent["prompt"], sent["status"]) == (OTHER_PROMPT, "COMPLETED")
    assert Path(sent["images"][0]["path"]).is_file()
    wait_until(lambda: tmux.screen().count("completed") >= 2, 20, "both jobs completed")
    quit_app(tmux)
    assert stats_of(gateway_url)["posts"] == 2

    tmux.run(app)
    tmux.wait_for("all 2", PROMPT, OTHER_PROMPT)
    wait_for_picture(tmux)
    quit_app(tmux)
    assert {job["prompt"] for job in jobs_of(environ)} == {PROMPT, OTHER_PROMPT}
    assert stats_of(gateway_url)["posts"] == 2
