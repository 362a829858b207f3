import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT

# Reserved for documentation (RFC 5737): no host answers there.
NOWHERE = "192.0.2.1"

SETTINGS = """
[pytest]
asyncio_mode = auto
addopts = --import-mode=importlib
markers =
    terminal: needs tools
"""
STAND_IN = f"""
import os, socket
import pytest

@pytest.mark.terminal("no-such-terminal")
def test_keys_in_a_terminal(): pass

def test_swallows_a_refusal():
    try:
        socket.create_connection(("{NOWHERE}", 80))
    except Exception:
        pass

def test_sees_nobodys_settings():
    names = ("PIXAZO_API_KEY", "KREA_TUI_GATEWAY", "https_proxy", "HTTPS_PROXY")
    assert [name for name in names if name in os.environ] == []
"""
INHERITED = {"PIXAZO_API_KEY": "k", "KREA_TUI_GATEWAY": "x", "https_proxy": "x", "HTTPS_PROXY": "x"}


def run_stand_in(folder: Path, *options: str) -> list[str]:
    """Run a small suite under this project's conftest; return the lines it printed."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "conftest.py")
    (folder / "pytest.ini").write_text(SETTINGS)
    (folder / "test_stand_in.py").write_text(STAND_IN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    # Options for the outer run are not for this one.
    environment = {**os.environ, **INHERITED, "PYTEST_ADDOPTS": "", "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return result.stdout.splitlines()


def test_a_test_without_its_tool_is_skipped_by_name(tmp_path: Path) -> None:
    lines = run_stand_in(tmp_path)
    assert "test_stand_in.py::test_keys_in_a_terminal: needs no-such-terminal" in lines
    assert lines[-1].startswith("2 passed, 1 skipped, 1 error")


def test_where_tools_are_required_their_lack_is_a_failure(tmp_path: Path) -> None:
    lines = run_stand_in(tmp_path, "--require-tools")
    assert any("no-such-terminal must be here and is not" in line for line in lines)
    assert "skipped" not in lines[-1]


def test_a_swallowed_refusal_fails_the_test_that_caused_it(tmp_path: Path) -> None:
    lines = run_stand_in(tmp_path)
    assert any(line.startswith("ERROR test_stand_in.py::test_swallows_a_refusal") for line in lines)


@pytest.mark.parametrize("host", [NOWHERE, "krea.test"])
def test_another_machine_is_refused(host: str, refused_connections: list[str]) -> None:
    with pytest.raises(OSError, match=host):
        socket.create_connection((host, 80), timeout=1)
    assert len(refused_connections) == 1
    refused_connections.clear()


def test_a_name_that_cannot_exist_is_unknown_without_asking() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("gateway.invalid", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_answers(host: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection((host, server.getsockname()[1]), timeout=5) as client,
    ):
        assert client.getpeername()[1] == server.getsockname()[1]


def test_home_is_empty_and_its_own(home: Path) -> None:
    assert Path.home() == home
    assert list(home.iterdir()) == []
    assert Path(os.environ["XDG_DATA_HOME"]).is_relative_to(home)
