"""Finds the app's stylesheet: the checkout's while developing, else the copy inside the installed package."""

import tomllib
from pathlib import Path

PROJECT_NAME = "krea-tui"
STYLESHEET_NAME = "styles.tcss"


def stylesheet_path() -> Path:
    """Return the path of ``styles.tcss``.

    The folder above the package is taken for a checkout only if its ``pyproject.toml`` is this project's own; then
    its stylesheet wins over any copy inside the package, which an editable install may have left there long ago.
    """
    package_dir = Path(__file__).resolve().parent
    checkout_copy = package_dir.parent / STYLESHEET_NAME
    if checkout_copy.is_file() and _is_this_project(package_dir.parent / "pyproject.toml"):
        return checkout_copy
    return package_dir / STYLESHEET_NAME


def _is_this_project(pyproject: Path) -> bool:
    """Say whether a file is this project's ``pyproject.toml``; an unreadable or foreign one is not."""
    try:
        table = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    project = table.get("project")
    return isinstance(project, dict) and project.get("name") == PROJECT_NAME
