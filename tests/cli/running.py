"""Runs the real command in processes of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from krea_tui.simulator import Behaviour, Simulator
from tests.support.key_search import look_at
from tests.support.keys import KEY

__all__ = ["KEY"]

LIMIT_S = 60.0

OpenGateway = Callable[[Behaviour], Simulator]


@dataclass
class Ended:
    """One command that has ended."""

    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        look_at("the output of a command", self.out or "")
        look_at("the words of a command", self.err or "")

    @property
    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Cli:
    """Runs `krea-tui` with a data folder and a gateway of the test's own."""

    data_dir: Path
    environ: dict[str, str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "krea_tui", *arguments],
            env={**os.environ, **self.environ, **changes},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def run(self, *arguments: str, stdin: bytes = b"", without: tuple[str, ...] = (), **changes: str) -> Ended:
        environ = {**os.environ, **self.environ, **changes}
        for name in without:
            del environ[name]
        command = [sys.executable, "-m", "krea_tui", *arguments]
        ended = subprocess.run(command, env=environ, input=stdin, capture_output=True, timeout=LIMIT_S, check=False)
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def jobs(self, *query: str) -> list[dict[str, object]]:
        ended = self.run("jobs", *query, "--json")
        assert ended.code == 0, ended.err
        return ended.objects

    def configure(self, text: str) -> None:
        path = self.data_dir.parent / "config.toml"
        path.write_text(text)
        self.environ["KREA_TUI_CONFIG"] = str(path)


def end_of(process: subprocess.Popen[str], within_s: float = LIMIT_S) -> Ended:
    out, err = process.communicate(timeout=within_s)
    return Ended(process.returncode, out, err)


def closed_port_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def field_of(jobs: list[dict[str, object]], name: str) -> list[object]:
    return [job[name] for job in jobs]
