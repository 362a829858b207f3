import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.contract import MAX_LINES, MAX_TEST_LINES
from tests.architecture.imports import ROOT

TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "krea_tui", "tests", "screenshots", "styles.tcss"}
TEXT_SUFFIXES = {"", ".py", ".md", ".toml", ".tcss", ".svg", ".raw", ".txt", ".json", ".sh"}
MACHINE_PATH = re.compile(r"(?<![\w.~}/])/(?:work|root|home|Users|tmp|private)/\w")
# Written in halves, so that this file does not name what it forbids.
REGISTRY = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "extra-" + "index", "--" + "index-url"]))
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME"]) + r")\b")
MAY_SLEEP = {Path("tests/support/waiting.py")}


def files(*suffixes: str) -> Iterator[Path]:
    """Yield the project's own text files, as paths relative to the checkout."""
    tops = [ROOT / name for name in sorted(TOP_LEVEL)] + [ROOT / ".ci", ROOT / ".gitignore"]
    for top in tops:
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts and path.suffix in (suffixes or TEXT_SUFFIXES):
                yield path.relative_to(ROOT)


def lines_matching(pattern: re.Pattern[str], text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if pattern.search(line)]


def sleeps(source: str) -> list[int]:
    """Return the lines that block the thread that runs them."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep":
            found.append(node.lineno)
        if isinstance(node, ast.ImportFrom) and node.module == "time" and any(a.name == "sleep" for a in node.names):
            found.append(node.lineno)
    return found


def test_no_file_is_too_long() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in files(".py")}
    too_long = {
        path: length
        for path, length in lengths.items()
        if length > (MAX_TEST_LINES if path.parts[0] == "tests" else MAX_LINES)
    }
    assert too_long == {}


def test_nothing_sleeps() -> None:
    found = {path: sleeps((ROOT / path).read_text(encoding="utf-8")) for path in files(".py") if path not in MAY_SLEEP}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize("source", ["import time\ntime.sleep(1)", "from time import sleep"])
def test_a_sleep_would_be_seen(source: str) -> None:
    assert sleeps(source) != []


@pytest.mark.parametrize(
    "pattern", [MACHINE_PATH, REGISTRY, UNFINISHED], ids=["machine path", "registry", "unfinished"]
)
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    found = {path: lines_matching(pattern, (ROOT / path).read_text(encoding="utf-8")) for path in files()}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize("folder", ["work", "root", "home", "tmp"])
def test_a_machine_path_would_be_seen(folder: str) -> None:
    assert lines_matching(MACHINE_PATH, f'open("/{folder}/x")') != []
    assert lines_matching(MACHINE_PATH, f"https://host.test/{folder}/x") == []


def test_the_top_level_holds_only_the_project() -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tops = {name.partition("/")[0] for name in listed.split("\0") if name}
    assert {name for name in tops if not name.startswith(".")} - TOP_LEVEL == set()
