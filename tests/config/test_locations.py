import os
import stat
from pathlib import Path

import appdirs
import pytest

from krea_tui.config.locations import ensure_private_dir, find_locations
from krea_tui.domain.errors import ConfigError, StoreError


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_xdg_variables_come_first(tmp_path: Path) -> None:
    environ = {
        "XDG_CONFIG_HOME": str(tmp_path / "c"),
        "XDG_DATA_HOME": str(tmp_path / "d"),
        "XDG_CACHE_HOME": str(tmp_path / "k"),
        "XDG_STATE_HOME": str(tmp_path / "s"),
    }
    found = find_locations(environ)
    assert found.config_file == tmp_path / "c/krea-tui/config.toml"
    assert found.key_file == tmp_path / "c/krea-tui/api-key"
    assert found.database == tmp_path / "d/krea-tui/history.db"
    assert found.pictures_dir == tmp_path / "d/krea-tui/pictures"
    assert found.cache_dir == tmp_path / "k/krea-tui"
    assert found.log_file == tmp_path / "s/krea-tui/krea-tui.log"
    assert not found.config_is_named
    assert list(tmp_path.iterdir()) == []


def test_they_come_first_where_the_system_has_other_habits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appdirs, "system", "darwin")
    found = find_locations({"XDG_DATA_HOME": str(tmp_path)})
    assert found.data_dir == tmp_path / "krea-tui"
    assert found.cache_dir == Path.home() / "Library/Caches/krea-tui"
    assert found.config_file == Path.home() / "Library/Application Support/krea-tui/config.toml"


@pytest.mark.parametrize("value", ["", "relative/path", "~/x"])
def test_a_variable_that_is_no_absolute_path_is_ignored(
    value: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", value)
    assert find_locations(os.environ).data_dir == home / ".local/share/krea-tui"


def test_flags_beat_variables(tmp_path: Path) -> None:
    environ = {"KREA_TUI_DATA_DIR": str(tmp_path / "v"), "KREA_TUI_CONFIG": str(tmp_path / "v.toml")}
    found = find_locations(environ)
    assert (found.data_dir, found.config_file) == (tmp_path / "v", tmp_path / "v.toml")
    assert found.config_is_named
    found = find_locations(environ, tmp_path / "f", tmp_path / "f.toml")
    assert (found.data_dir, found.config_file) == (tmp_path / "f", tmp_path / "f.toml")


def test_a_relative_flag_is_taken_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = find_locations({}, Path("x/../y"), Path("~/z.toml"))
    assert found.data_dir == tmp_path / "y"
    assert found.config_file == Path.home() / "z.toml"


def test_the_demo_keeps_its_own_folders(tmp_path: Path) -> None:
    real, demo = find_locations({}), find_locations({}, demo=True)
    assert demo.is_demo
    assert demo.data_dir == real.data_dir.with_name("krea-tui-demo")
    assert demo.config_file == real.config_file
    for ours, theirs in (
        (real.database, demo.database),
        (real.engine_lock, demo.engine_lock),
        (real.cache_dir, demo.cache_dir),
        (real.log_file, demo.log_file),
    ):
        assert ours != theirs
    assert find_locations({"KREA_TUI_DATA_DIR": str(tmp_path)}, demo=True).data_dir == tmp_path / "demo"
    assert find_locations({"KREA_TUI_DATA_DIR": "/other"}, tmp_path, demo=True).data_dir == tmp_path


def test_without_any_home_the_person_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(path: str) -> str:
        return path

    monkeypatch.setattr(os.path, "expanduser", no_home)
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigError, match="no home folder") as caught:
        find_locations({})
    assert "KREA_TUI_DATA_DIR" in caught.value.advice


def test_a_folder_is_made_with_its_parents_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ensure_private_dir(tmp_path / "a/b/c")
    finally:
        os.umask(before)
    assert [mode_of(tmp_path / part) for part in ("a", "a/b", "a/b/c")] == [0o700] * 3
    assert ensure_private_dir(tmp_path / "a/b/c") == tmp_path / "a/b/c"


def test_an_open_folder_of_ours_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    ensure_private_dir(folder)
    assert mode_of(folder) == 0o700


def test_a_shared_folder_is_left_alone(tmp_path: Path, home: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    home.chmod(0o755)
    for folder in (shared, home):
        with pytest.raises(StoreError, match="shared with others"):
            ensure_private_dir(folder)
    assert mode_of(shared) == 0o1777
    assert mode_of(home) == 0o755


@pytest.mark.parametrize("wanted", ["file", "file/below", "file/far/below"])
def test_a_file_in_the_way_is_named(tmp_path: Path, wanted: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=rf"{tmp_path}/file is in the way"):
        ensure_private_dir(tmp_path / wanted)


def test_a_dangling_link_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="link is in the way"):
        ensure_private_dir(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(StoreError, match="belongs to another user"):
        ensure_private_dir(folder)


def test_a_read_only_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _mode: int) -> bool:
        return False

    monkeypatch.setattr(os, "access", refuse)
    with pytest.raises(StoreError, match="is read-only"):
        ensure_private_dir(tmp_path)
