"""What holds for every test: no network, a home of its own, and no silent skip of what needs a terminal."""

import ipaddress
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Searches for the keys of the tests after every run.
pytest_plugins = ["tests.support.key_search"]

XDG_FOLDERS = {
    "XDG_DATA_HOME": ".local/share",
    "XDG_CONFIG_HOME": ".config",
    "XDG_CACHE_HOME": ".cache",
    "XDG_STATE_HOME": ".local/state",
    "XDG_RUNTIME_DIR": ".run",
}
FOREIGN_NAMES = {"PIXAZO_API_KEY", "NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "TMUX", "STY"}
FOREIGN_PREFIXES = ("KREA_TUI_", "TEXTUAL_", "SSH_")
FOREIGN_SUFFIXES = ("_proxy",)


class NetworkRefusedError(OSError):
    """A test tried to reach something beyond this machine."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-tools", action="store_true", help="fail, not skip, where a test's tool is missing")
    parser.addoption("--kill-rounds", type=int, default=12, help="how many random rounds of kill -9 are played")
    parser.addoption("--kill-seed", type=int, default=1, help="the seed of the first of them")
    parser.addoption("--soak-jobs", type=int, default=150, help="how many jobs are sent in bad weather")


# --- tests that need tmux, Xvfb, a terminal -------------------------------------------------------------------------


def _missing_tools(item: pytest.Item) -> list[str]:
    tools = [str(tool) for mark in item.iter_markers("terminal") for tool in mark.args or ("tmux",)]
    return sorted({tool for tool in tools if shutil.which(tool) is None})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--require-tools"):
        return
    for item in items:
        if missing := _missing_tools(item):
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.config.getoption("--require-tools") and (missing := _missing_tools(item)):
        pytest.fail(f"{', '.join(missing)} must be here and is not", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    needing = [
        f"{report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}"
        for report in terminalreporter.getreports("skipped")
        if "terminal" in report.keywords and isinstance(report.longrepr, tuple)
    ]
    if needing:
        terminalreporter.section("skipped here for want of a tool")
        for line in needing:
            terminalreporter.write_line(line)


# --- no network -----------------------------------------------------------------------------------------------------


def _is_here(host: object) -> bool:
    """Say whether a host is this machine, without asking any resolver."""
    if host in {None, "", "localhost", b"localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse(attempts: list[str], what: str) -> None:
    attempts.append(what)
    raise NetworkRefusedError(what)


@pytest.fixture(scope="session")
def refused_connections() -> Iterator[list[str]]:
    """Refuse every address but this machine's, and every name that would need a resolver; keep what was refused."""
    attempts: list[str] = []
    real_connect, real_connect_ex, real_getaddrinfo = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def check(sock: socket.socket, address: object) -> None:
        if sock.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple) and not _is_here(address[0]):
            _refuse(attempts, f"connect to {address[0]}")

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        check(self, address)
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: tuple[str, int]) -> int:
        check(self, address)
        return real_connect_ex(self, address)

    def getaddrinfo(host: str | None, port: int | str | None, *args: int, **kwargs: int) -> object:
        if not _is_here(host):
            name = str(host)
            if name.endswith(".invalid"):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            if name.replace(".", "").isalnum() and not name.replace(".", "").isdigit() and ":" not in name:
                _refuse(attempts, f"look up {name}")
        return real_getaddrinfo(host, port, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr(socket.socket, "connect_ex", connect_ex)
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield attempts


@pytest.fixture(autouse=True)
def no_network(refused_connections: list[str]) -> Iterator[None]:
    """Fail the test that tried to leave this machine, even where the code under test swallowed the refusal."""
    refused_connections.clear()
    yield
    if refused_connections:
        pytest.fail(f"tests stay on this machine: {'; '.join(refused_connections)}", pytrace=False)


# --- a home of its own ----------------------------------------------------------------------------------------------


def _is_foreign(name: str) -> bool:
    return name in FOREIGN_NAMES or name.startswith(FOREIGN_PREFIXES) or name.lower().endswith(FOREIGN_SUFFIXES)


def _settle_in(patch: pytest.MonkeyPatch, home: Path) -> None:
    for name in filter(_is_foreign, list(os.environ)):
        patch.delenv(name)
    patch.setenv("HOME", str(home))
    patch.setenv("TERM", "xterm-256color")
    patch.setenv("TZ", "UTC")
    time.tzset()
    for name, folder in XDG_FOLDERS.items():
        patch.setenv(name, str(home / folder))


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give fixtures that outlive a test a home of their own too."""
    with pytest.MonkeyPatch.context() as patch:
        _settle_in(patch, tmp_path_factory.mktemp("session-home"))
        yield


@pytest.fixture(autouse=True)
def home(session_home: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return this test's empty home; keys, settings and proxies of the person running it are out of reach."""
    folder = tmp_path_factory.mktemp("home")
    _settle_in(monkeypatch, folder)
    return folder
