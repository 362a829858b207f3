"""The search for API keys after every run is itself tried: a small suite that leaks one fails, wherever it leaks to."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT
from tests.support import key_search
from tests.support.key_search import KEY_FOUND, Finding, look_at_request, needles, search_file
from tests.support.keys import HEAD, KEY, TAIL

# Marks of the small suite's own: what it leaves behind lies in this run's folder, which is searched too.
INNER_CONFTEST = """
from tests.support import key_search
key_search.MARKS = ("InnerHead0123", "InnerTail4567")
pytest_plugins = ["tests.support.key_search"]
"""
TITLE = "an API key is where it must not be"
INNER_KEY = "InnerHead0123-x-InnerTail4567"
# One test for each way out, and what names it.
LEAKS = f"""
import base64, http.client, logging, os, socket, subprocess, sys
import pytest
from krea_tui.simulator import SimulatorServer
from tests.support.raw_server import answer, raw_server

KEY = "{INNER_KEY}"

def run(*words, **changes):
    subprocess.run([sys.executable, "-c", "pass", *words], env={{**os.environ, **changes}}, check=True)

def test_file(tmp_path):
    (tmp_path / "history.db-wal").write_bytes(bytes(70) + KEY.encode())

def test_part(tmp_path):
    (tmp_path / "app.log").write_text("the key InnerHead0123...")

def test_base64(tmp_path):
    (tmp_path / "draft.json").write_bytes(base64.b64encode(b"ab" + KEY.encode()))

def test_name(tmp_path):
    (tmp_path / f"{{KEY}}.png").touch()

def test_print():
    print(KEY)

def test_log():
    logging.getLogger("any").warning("sent with %s", KEY)

@pytest.mark.xfail(strict=True)
def test_traceback():
    raise ValueError(f"refused: {{KEY}}")

def test_argument():
    run(f"--key={{KEY}}")

def test_unknown_key():
    run(PIXAZO_API_KEY="a-key-of-its-own")

def test_other_host():
    with raw_server(answer("200 OK")) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(f"GET /a.png HTTP/1.1\\r\\nOcp-Apim-Subscription-Key: {{KEY}}\\r\\n\\r\\n".encode())
            assert client.recv(100)

def test_picture():
    with SimulatorServer() as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("GET", f"/media/v1/x/y.png?key={{KEY}}")
        assert connection.getresponse().status == 404
"""
NAMED = {
    r"base/test_file0/history\.db-wal: at byte 70 \(as it is\)",
    r"base/test_part0/app\.log: at byte 8 \(as it is\)",
    r"base/test_base640/draft\.json: at byte \d+ \(base64\)",
    r"the name of a file: at byte \d+",
    r"Captured stdout call of test_inner\.py::test_print: at byte 0",
    r"Captured log call of test_inner\.py::test_log: at byte \d+",
    r"the report of test_inner\.py::test_traceback: at byte \d+",
    r"the arguments of a child: at byte 6",
    r"PIXAZO_API_KEY of a child is no key of tests/support/keys\.py",
    r"a request to http://127\.0\.0\.1:\d+ \(GET /a\.png HTTP/1\.1\): at byte \d+",
    r"a request to a server \(GET /media/v1/x/y\.png\): at byte \d+",
}
A_FILE = f"""
def test_file(tmp_path):
    (tmp_path / "history.db-wal").write_text("{INNER_KEY}")

def test_print():
    print("{INNER_KEY}")

def test_argument():
    import subprocess, sys
    subprocess.run([sys.executable, "-c", "pass", "{INNER_KEY}"], check=True)
"""
NO_LEAK = f"""
import http.client, os, subprocess, sys
from krea_tui.config.key import ApiKey, save_key
from krea_tui.simulator import SimulatorServer
def test_it(tmp_path):
    save_key(tmp_path / "config" / "api-key", ApiKey("{INNER_KEY}"))
    subprocess.run([sys.executable, "-c", "pass"], env={{**os.environ, "PIXAZO_API_KEY": "{INNER_KEY}"}}, check=True)
    with SimulatorServer() as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("GET", "/v2/requests/status/x", headers={{"Ocp-Apim-Subscription-Key": "{INNER_KEY}"}})
        assert connection.getresponse().status == 404
"""


def run(folder: Path, source: str, *options: str) -> tuple[int, str]:
    """The exit code of a run of one small test, and all that it printed."""
    (folder / "conftest.py").write_text(INNER_CONFTEST)
    (folder / "test_inner.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    base = f"--basetemp={folder / 'base'}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", base, *options, str(folder)]
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_every_leak_fails_the_run_and_is_named_without_the_key(tmp_path: Path) -> None:
    code, words = run(tmp_path, LEAKS)
    assert code == KEY_FOUND, words
    assert "10 passed, 1 xfailed" in words
    named = words.partition(TITLE)[2]
    assert {pattern for pattern in NAMED if not re.search(pattern, named)} == set(), words
    assert INNER_KEY not in named


def test_where_a_key_belongs_it_may_be(tmp_path: Path) -> None:
    code, words = run(tmp_path, NO_LEAK)
    assert code == 0, words


def test_workers_hand_over_what_they_know(tmp_path: Path) -> None:
    code, words = run(tmp_path, A_FILE, "-n", "1")
    assert code == KEY_FOUND, words
    named = words.partition(TITLE)[2]
    assert "history.db-wal: at byte 0" in named
    assert "Captured stdout call of test_inner.py::test_print" in named
    assert "the arguments of a child" in named


@pytest.mark.parametrize("shift", range(3))
def test_every_alignment_of_base64_is_known(shift: int) -> None:
    hidden = base64.b64encode(b"x" * shift + KEY.encode() + b"yz")
    assert any(needle in hidden for form, needle in needles((HEAD,)) if form == "base64")
    assert any(needle in hidden for form, needle in needles((TAIL,)) if form == "base64")
    assert base64.b64encode(HEAD.encode()) == base64.urlsafe_b64encode(HEAD.encode())


def test_a_mark_across_two_pieces_of_a_large_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_search, "MARKS", ("a-mark-of-this-test",))
    monkeypatch.setattr(key_search, "_CHUNK_BYTES", 64)
    path = tmp_path / "large"
    for before in range(40, 140, 7):
        path.write_bytes(bytes(before) + b"a-mark-of-this-test" + bytes(100))
        assert Finding("large", before, "as it is") in set(search_file(path, "large"))


@pytest.mark.parametrize(
    ("request_line", "is_gateway", "is_found"),
    [
        (b"POST /v1/submit", True, False),
        (b"GET /v2/requests/status/abc", True, False),
        (b"POST /v1/submit", False, True),
        (b"GET /a.png", True, True),
        (b"GET /v2/requests/status/abc?key=a-mark-of-this-test", True, True),
    ],
)
def test_the_header_may_go_to_the_gateway_alone(
    monkeypatch: pytest.MonkeyPatch, request_line: bytes, is_gateway: bool, is_found: bool
) -> None:
    monkeypatch.setattr(key_search, "MARKS", ("a-mark-of-this-test",))
    found: set[Finding] = set()
    monkeypatch.setattr(key_search, "_found", found)
    head = request_line + b" HTTP/1.1\r\nHost: x\r\nOcp-Apim-Subscription-Key: a-mark-of-this-test\r\n\r\n"
    look_at_request("x", head, is_gateway=is_gateway)
    assert bool(found) is is_found


def test_the_keys_of_the_tests_are_all_of_the_registry() -> None:
    """A key written out in a test would not be searched for."""
    written_out = re.compile(
        r"""PIXAZO_API_KEY["']?\s*[:=]\s*f?["'][^"'\s{]{8,}["']|^(?:KEY|SECRET)\b[^=\n]*=\s*["']""", re.MULTILINE
    )
    found = {
        path.relative_to(ROOT): written_out.findall(path.read_text())
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path != Path(__file__)
    }
    assert {path: hits for path, hits in found.items() if hits} == {}
