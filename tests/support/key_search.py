"""A pytest plugin: after the run the API keys of the tests are searched for wherever they must not be.

Searched are: every file below the run's temporary folder (histories with their WAL, pictures, sidecars, drafts, logs,
caches, screenshots), what this run wrote into the checkout, the reports of the tests with all that was captured, the
arguments of every child, what children and screens showed (`look_at`), and every request that a fake host received
(`look_at_request`). A key may stand in its own file, in the environment of a child, and in one header of a request to
the gateway. Anything else fails the run, with file and offset and without the key.
"""

import base64
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.support.keys import HEAD, TAIL

MARKS: tuple[str, ...] = (HEAD, TAIL)
# `krea_tui.config.locations` names it so; nothing else may be called that.
KEY_FILE: Final = "api-key"
KEY_VARIABLE: Final = "PIXAZO_API_KEY"
IN_CHECKOUT: Final = (".pytest_cache", ".hypothesis", "snapshot_report.html", "tests/ui/__snapshots__", "screenshots")
# No exit code of pytest's own: a test that is run again may pass, a key that was left stays left.
KEY_FOUND: Final = 7
_CHUNK_BYTES: Final = 8 * 1024 * 1024
_SHORTEST_KEY: Final = 8
_KEY_HEADER: Final = re.compile(rb"(?im)^ocp-apim-subscription-key: ?[!-~]+\r?$")
# A submission or a status request; anything else is a picture, a callback or a host that is not the gateway.
_GATEWAYS_OWN: Final = re.compile(rb"POST |GET [^ ]*/requests/status/")
_CHILDREN: Final = frozenset({"subprocess.Popen", "os.posix_spawn", "os.system", "os.spawn"})


@dataclass(frozen=True, order=True)
class Finding:
    """A key where it must not be."""

    where: str
    offset: int
    form: str

    def __str__(self) -> str:
        # What a test or a file is called may have the key in it.
        where = self.where
        for mark in MARKS:
            where = where.replace(mark, "(a key)")
        return f"{where}: at byte {self.offset:,} ({self.form})"


_found: set[Finding] = set()


@cache
def needles(marks: tuple[str, ...]) -> tuple[tuple[str, bytes], ...]:
    """Every form in which a mark is looked for, by name."""
    return tuple((name, form) for mark in marks for name, form in _forms(mark.encode()))


def _forms(mark: bytes) -> Iterator[tuple[str, bytes]]:
    yield "as it is", mark
    yield "UTF-16", mark.decode().encode("utf-16-le")
    yield "hex", mark.hex().encode()
    yield "percent-encoded", b"".join(b"%%%02X" % byte for byte in mark)
    for shift in range(3):
        # The characters of base64 that no neighbour has a part in.
        whole = base64.b64encode(bytes(shift) + mark)
        yield "base64", whole[-(-shift * 8 // 6) : (shift + len(mark)) * 8 // 6]


def look_at(where: str, data: bytes | str) -> None:
    """Remember where a key is in this; cheap."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    for form, needle in needles(MARKS):
        at = data.find(needle)
        if at >= 0:
            _found.add(Finding(where, at, form))


def look_at_request(host: str, request: bytes, *, is_gateway: bool = True) -> None:
    """A request as a fake host received it: only a gateway's submission or status request may have the key's header."""
    head, blank, body = request.partition(b"\r\n\r\n")
    if is_gateway and _GATEWAYS_OWN.match(head):
        head = _KEY_HEADER.sub(b"", head, count=1)
    line = head.split(b"\r\n", 1)[0].split(b"?", 1)[0].decode("utf-8", "replace")
    look_at(f"a request to {host} ({line[:80]})", head + blank + body)


def search_file(path: Path, shown: str) -> Iterator[Finding]:
    """What is in one file, read piece by piece; a file that is gone or cannot be read has nothing."""
    overlap = max(len(needle) for _, needle in needles(MARKS)) - 1
    with suppress(OSError), path.open("rb") as file:
        tail, start = b"", 0
        while piece := file.read(_CHUNK_BYTES):
            window = tail + piece
            for form, needle in needles(MARKS):
                at = window.find(needle)
                if at >= 0:
                    yield Finding(shown, start - len(tail) + at, form)
            start += len(piece)
            tail = window[-overlap:]


def search_folder(folder: Path, since: float = 0.0) -> Iterator[Finding]:
    """What is in the files below a folder that were changed since then; links are not followed."""
    for path in [folder] if folder.is_file() else folder.rglob("*"):
        shown = str(path.relative_to(folder.parent))
        look_at("the name of a file", shown)
        with suppress(OSError):
            is_plain = path.is_file() and not path.is_symlink()
            if is_plain and path.name != KEY_FILE and path.stat().st_mtime >= since:
                yield from search_file(path, shown)


# --- children -------------------------------------------------------------------------------------------------------


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _CHILDREN:
        return
    # All three: executable or path, arguments, and further on the environment.
    words = [word for entry in arguments[:2] for word in ([entry] if isinstance(entry, str | bytes) else _texts(entry))]
    for word in words:
        look_at("the arguments of a child", word)
    for environ in arguments[2:]:
        if isinstance(environ, Mapping):
            _check_is_known(environ.get(KEY_VARIABLE, ""))


def _texts(entry: object) -> list[str | bytes]:
    if not isinstance(entry, Iterable):
        return []
    return [word if isinstance(word, str | bytes) else str(word) for word in entry]


def _check_is_known(key: object) -> None:
    could_be_one = isinstance(key, str) and len(key) >= _SHORTEST_KEY and not set(key) & set(" \n\t")
    if could_be_one and not any(mark in str(key) for mark in MARKS):
        _found.add(Finding(f"{KEY_VARIABLE} of a child is no key of tests/support/keys.py", 0, "unknown"))


# --- fake hosts on uvicorn ------------------------------------------------------------------------------------------


def _watch_uvicorn() -> None:
    """Look at every request that a server of this process gets: the simulator, and the receiver of callbacks."""
    uvicorn = sys.modules.get("uvicorn")
    if uvicorn is None or hasattr(uvicorn.Config, "is_watched"):
        return
    load: Callable[[object], None] = uvicorn.Config.load

    def watched_load(config: object) -> None:
        load(config)
        app = config.loaded_app  # type: ignore[attr-defined]

        async def watched(scope: dict[str, object], receive: object, send: object) -> None:
            if scope["type"] == "http":
                look_at_request("a server", _head_of(scope))
            await app(scope, receive, send)

        config.loaded_app = watched  # type: ignore[attr-defined]

    uvicorn.Config.load = watched_load
    uvicorn.Config.is_watched = True


def _head_of(scope: Mapping[str, object]) -> bytes:
    path, query, headers = scope["raw_path"], scope["query_string"], scope["headers"]
    assert isinstance(path, bytes)
    assert isinstance(query, bytes)
    assert isinstance(headers, Iterable)
    lines = [f"{scope['method']} ".encode() + path + (b"?" + query if query else b"") + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


# --- the run --------------------------------------------------------------------------------------------------------


class KeySearch:
    """The search of one run; under xdist the workers hand over what they know, and the controller searches."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._folders: set[str] = set()
        self._started_at = time.time()
        self._is_worker = hasattr(config, "workerinput")

    @pytest.fixture(scope="session", autouse=True)
    def _folder_to_search(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        self._folders.add(str(tmp_path_factory.getbasetemp()))

    def pytest_collection_finish(self) -> None:
        _watch_uvicorn()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self._is_worker:
            look_at(f"the report of {report.nodeid}", report.longreprtext)
            for title, text in report.sections:
                look_at(f"{title} of {report.nodeid}", text)

    def pytest_warning_recorded(self, warning_message: object, nodeid: str) -> None:
        look_at(f"a warning of {nodeid}", str(warning_message))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        told = getattr(node, "workeroutput", {})
        self._folders.update(told.get("key_search_folders", ()))
        _found.update(Finding(*entry) for entry in told.get("key_search_found", ()))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._is_worker:
            found = [(finding.where, finding.offset, finding.form) for finding in _found]
            output = self._config.workeroutput  # type: ignore[attr-defined]
            output.update(key_search_folders=sorted(self._folders), key_search_found=found)
            return
        for folder in self._folders:
            _found.update(search_folder(Path(folder)))
        for name in IN_CHECKOUT:
            _found.update(search_folder(self._config.rootpath / name, since=self._started_at))
        if _found:
            session.exitstatus = KEY_FOUND

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if _found:
            terminalreporter.section("an API key is where it must not be", red=True)
            for finding in sorted(_found):
                terminalreporter.write_line(str(finding))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(KeySearch(config), "key-search")
    sys.addaudithook(_audit)
