"""Finds the app's stylesheet: the checkout's while developing, else the copy inside the installed package."""

from pathlib import Path

STYLESHEET_NAME = "styles.tcss"
PROJECT_LINE = 'name = "krea-tui"'


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
        text = pyproject.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    # Parsing the file would need tomllib, 20 ms of the time to the first frame.
    project_table = f"\n{text}".partition("\n[project]\n")[2].partition("\n[")[0]
    return PROJECT_LINE in project_table.splitlines()
