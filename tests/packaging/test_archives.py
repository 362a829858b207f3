import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.packaging.building import ROOT, build, copy_project

with (ROOT / "pyproject.toml").open("rb") as opened:
    VERSION = tomllib.load(opened)["project"]["version"]
DIST_INFO = f"krea_tui-{VERSION}.dist-info"
IN_SDIST = {"krea_tui", "tests", "screenshots", "styles.tcss", "README.md", "LICENSE", "pyproject.toml"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("archives") / "project")
    (folder / "krea_tui" / "styles.tcss").write_text("/* stale */")
    return folder


@pytest.fixture(scope="module")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(project, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(project, "sdist", tmp_path_factory.mktemp("sdist"))


def names_in_wheel(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def names_in_sdist(path: Path) -> set[str]:
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_a_wheel_puts_nothing_beside_the_package(wheel: Path) -> None:
    assert {name.partition("/")[0] for name in names_in_wheel(wheel)} == {"krea_tui", DIST_INFO}


def test_a_wheel_holds_every_module_the_types_and_the_stylesheet_and_no_more(project: Path, wheel: Path) -> None:
    sources = {path.relative_to(project).as_posix() for path in (project / "krea_tui").rglob("*.py")}
    held = {name for name in names_in_wheel(wheel) if name.startswith("krea_tui/")}
    assert held == sources | {"krea_tui/py.typed", "krea_tui/styles.tcss"}


def test_the_wheels_stylesheet_is_the_top_levels(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("krea_tui/styles.tcss") == (ROOT / "styles.tcss").read_bytes()


def test_a_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = Parser().parsestr(archive.read(f"{DIST_INFO}/METADATA").decode())
        scripts = archive.read(f"{DIST_INFO}/entry_points.txt").decode()
        assert f"{DIST_INFO}/licenses/LICENSE" in archive.namelist()
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert "krea-tui = krea_tui.__main__:main" in scripts


def test_a_source_archive_holds_only_the_project(sdist: Path) -> None:
    names = names_in_sdist(sdist)
    assert {name.partition("/")[0] for name in names} - IN_SDIST == {".gitignore", "PKG-INFO"}
    assert {"krea_tui/styles.py", "tests/conftest.py", "styles.tcss", "LICENSE"} <= names
    assert [name for name in names if "cache" in name or name in {"krea_tui/styles.tcss", "notes.txt"}] == []


def test_the_wheel_built_from_the_source_archive_is_the_same(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        # Python 3.11.2, Debian's, has no filters yet; 3.12 warns where none is chosen.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path)
    again = build(tmp_path / f"krea_tui-{VERSION}", "wheel", tmp_path / "dist")
    assert names_in_wheel(again) == names_in_wheel(wheel)
