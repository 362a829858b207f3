from pathlib import Path

import pytest

import krea_tui.styles
from krea_tui.styles import stylesheet_path
from tests.packaging.building import ROOT, build, copy_project, found_stylesheet, install

OURS = '[build-system]\nrequires = []\n\n[project]\nname = "krea-tui"\nversion = "1"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


def test_a_plain_checkout_has_its_own() -> None:
    assert stylesheet_path() == ROOT / "styles.tcss"
    assert stylesheet_path().is_file()


def test_a_wheel_brings_its_copy(project: Path, tmp_path: Path) -> None:
    site = install(build(project, "wheel", tmp_path / "dist"), tmp_path / "site")
    assert found_stylesheet(site) == site / "krea_tui" / "styles.tcss"
    assert found_stylesheet(site).read_bytes() == (ROOT / "styles.tcss").read_bytes()


def test_an_editable_install_follows_the_checkout_and_not_a_stale_copy(project: Path, tmp_path: Path) -> None:
    site = install(build(project, "editable", tmp_path / "dist"), tmp_path / "site")
    (project / "krea_tui" / "styles.tcss").write_text("/* stale, in the package */")
    (site / "krea_tui").mkdir(exist_ok=True)
    (site / "krea_tui" / "styles.tcss").write_text("/* stale, where it was installed */")
    (project / "styles.tcss").write_text("/* edited since */")
    assert found_stylesheet(site) == project / "styles.tcss"


@pytest.mark.parametrize(
    ("pyproject", "ours"),
    [
        (OURS, True),
        (OURS.replace("krea-tui", "another-app"), False),
        (OURS.replace("[project]", "[tool.other]"), False),
        ('[project]\nversion = "1"\n\n[tool.other]\nname = "krea-tui"\n', False),
        ("\x00\x01", False),
        (None, False),
    ],
)
def test_only_this_projects_own_folder_counts_as_its_checkout(
    pyproject: str | None, ours: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "krea_tui"
    package.mkdir()
    (tmp_path / "styles.tcss").write_text("/* above */")
    (package / "styles.tcss").write_text("/* inside */")
    if pyproject is not None:
        (tmp_path / "pyproject.toml").write_text(pyproject)
    monkeypatch.setattr(krea_tui.styles, "__file__", str(package / "styles.py"))
    assert stylesheet_path() == (tmp_path if ours else package) / "styles.tcss"


def test_a_checkout_without_a_stylesheet_falls_back_to_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(OURS)
    monkeypatch.setattr(krea_tui.styles, "__file__", str(tmp_path / "krea_tui" / "styles.py"))
    assert stylesheet_path() == tmp_path / "krea_tui" / "styles.tcss"
