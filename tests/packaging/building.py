"""Builds the project from a copy of it, without a network, and asks an installed copy about itself."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT_ENTRIES = ("pyproject.toml", "README.md", "LICENSE", ".gitignore", "styles.tcss", "krea_tui", "tests")
CACHES = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", "__snapshots__")


def copy_project(destination: Path) -> Path:
    """Copy what a clone would hold, then leave about what a working folder gathers."""
    destination.mkdir(parents=True)
    for name in PROJECT_ENTRIES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, destination / name, ignore=CACHES)
        elif source.exists():
            shutil.copy2(source, destination / name)
    for litter in (
        "notes.txt",
        ".venv/lib/leftover.py",
        "dist/old.whl",
        ".mypy_cache/x.json",
        ".pytest_cache/README.md",
        "krea_tui/__pycache__/styles.cpython-311.pyc",
        "tests/__pycache__/conftest.cpython-311.pyc",
        "snapshot_report.html",
    ):
        path = destination / litter
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("litter")
    return destination


def build(project: Path, kind: str, destination: Path) -> Path:
    """Build `kind` (wheel, editable or sdist) by the build backend's own hook; return the archive."""
    program = f"from hatchling.build import build_{kind} as build; print(build({str(destination)!r}))"
    destination.mkdir(parents=True, exist_ok=True)
    output = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=True)
    return destination / output.stdout.split()[-1]


def install(wheel: Path, site: Path) -> Path:
    """Install a wheel alone into a folder of its own."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-deps",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return site


def found_stylesheet(site: Path) -> Path:
    """Return what `stylesheet_path()` says in an interpreter that has `site` and the standard library, nothing else."""
    program = (
        f"import site; site.addsitedir({str(site)!r});"
        "from krea_tui.styles import stylesheet_path; print(stylesheet_path())"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
