"""The history as the command line tells it, from a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping


def jobs_of(environ: Mapping[str, str], *options: str) -> list[dict[str, object]]:
    """Return every job of the history that the environment names, newest first."""
    command = [sys.executable, "-m", "krea_tui", *options, "jobs", "--json"]
    ended = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise AssertionError(ended.stderr)
    return [json.loads(line) for line in ended.stdout.splitlines()]


def prompts_of(environ: Mapping[str, str], *options: str) -> list[object]:
    return [job["prompt"] for job in jobs_of(environ, *options)]
