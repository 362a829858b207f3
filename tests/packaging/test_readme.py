import re

import pytest

from tests.packaging.building import ROOT

COMMANDS = {
    "demo": "python3 -m venv .venv && .venv/bin/python -m pip install -q . && .venv/bin/krea-tui --demo",
    "test": "python3 -m venv .venv && .venv/bin/python -m pip install -q -e '.[test]' && .venv/bin/python -m pytest -q",
}


def readme_command(readme: str, name: str) -> str:
    """Return the fenced block that follows the comment `<!-- ci: name -->`, as the checks run it."""
    block = re.search(rf"<!-- ci: {name} -->\n+```sh\n(.*?)```", readme, re.DOTALL)
    return block.group(1).strip() if block else ""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_newcomer_copies_one_line(name: str) -> None:
    assert readme_command((ROOT / "README.md").read_text(encoding="utf-8"), name) == COMMANDS[name]


def test_no_command_uses_a_bare_pip() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^(?:\$ )?(?:sudo )?pip3? install", readme) == []


def test_every_promise_names_tests_that_are_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    promises = readme.partition("## What happens when …")[2].partition("\n## ")[0].split("\n\n**")[1:]
    assert len(promises) > 10
    known = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"(?m)^ *(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"))
    }
    for promise in promises:
        named = re.findall(r"`(test_\w+)`", promise)
        assert named, promise
        assert set(named) <= known, set(named) - known
