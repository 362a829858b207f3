"""Where everything lives on disk; the only module that calls appdirs."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import appdirs

from krea_tui.domain.errors import ConfigError, StoreError

APP_NAME: Final = "krea-tui"
DEMO_APP_NAME: Final = "krea-tui-demo"
DATA_DIR_VARIABLE: Final = "KREA_TUI_DATA_DIR"
CONFIG_VARIABLE: Final = "KREA_TUI_CONFIG"

_PRIVATE_DIR: Final = 0o700
_OPEN_TO_OTHERS: Final = 0o077


class Locations(NamedTuple):
    """Every path the program uses; none of them need exist yet.

    `config_is_named` is true where a flag or a variable names the config file, so that a missing one is a mistake.
    """

    config_file: Path
    config_is_named: bool
    key_file: Path
    data_dir: Path
    database: Path
    pictures_dir: Path
    engine_lock: Path
    opening_lock: Path
    outbox: Path
    instances_dir: Path
    simulator_dir: Path
    cache_dir: Path
    log_file: Path
    is_demo: bool


def find_locations(
    environ: Mapping[str, str],
    data_dir_override: Path | None = None,
    config_override: Path | None = None,
    *,
    demo: bool = False,
) -> Locations:
    """Work out every path; touches no disk.

    Flags beat `KREA_TUI_DATA_DIR` and `KREA_TUI_CONFIG`, which beat the XDG variables, which beat the system's
    habit. The demo never shares a data folder by itself: its own beside ours, or `demo` inside the one that the
    environment names; a folder given by flag is taken as it is. Raises `ConfigError` where there is no home folder.
    """
    config_dir = _base(environ, "XDG_CONFIG_HOME", appdirs.user_config_dir, ".config") / APP_NAME
    app_name = DEMO_APP_NAME if demo else APP_NAME
    named_config = config_override or _named(environ, CONFIG_VARIABLE)
    if data_dir_override is not None:
        data_dir = _absolute(data_dir_override)
    elif named_data := _named(environ, DATA_DIR_VARIABLE):
        data_dir = _absolute(named_data) / "demo" if demo else _absolute(named_data)
    else:
        data_dir = _base(environ, "XDG_DATA_HOME", appdirs.user_data_dir, ".local/share") / app_name
    state_dir = _base(environ, "XDG_STATE_HOME", appdirs.user_state_dir, ".local/state") / app_name
    return Locations(
        config_file=_absolute(named_config) if named_config else config_dir / "config.toml",
        config_is_named=named_config is not None,
        key_file=config_dir / "api-key",
        data_dir=data_dir,
        database=data_dir / "history.db",
        pictures_dir=data_dir / "pictures",
        engine_lock=data_dir / "engine.lock",
        opening_lock=data_dir / "opening.lock",
        outbox=data_dir / "outbox.json",
        instances_dir=data_dir / "instances",
        simulator_dir=data_dir / "simulator",
        cache_dir=_base(environ, "XDG_CACHE_HOME", appdirs.user_cache_dir, ".cache") / app_name,
        log_file=state_dir / "krea-tui.log",
        is_demo=demo,
    )


def _named(environ: Mapping[str, str], variable: str) -> Path | None:
    text = environ.get(variable, "").strip()
    return Path(text) if text else None


def _absolute(path: Path) -> Path:
    try:
        # A "~" that the shell did not expand (KEY=~/x inside quotes, a config manager) means the home folder too.
        return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow the person's links
    except RuntimeError as error:
        raise _no_home() from error


def _base(environ: Mapping[str, str], variable: str, system: Callable[[], str], habit: str) -> Path:
    """The folder that holds the applications' folders: the XDG variable on every system, else what appdirs says.

    The XDG specification: a relative path in a variable is invalid and must be ignored.
    """
    named = Path(environ.get(variable, ""))
    if named.is_absolute():
        return named
    found = Path(system())
    if found.is_absolute():
        return found
    # appdirs takes a relative or empty variable at its word.
    try:
        return Path.home() / habit
    except RuntimeError as error:
        raise _no_home() from error


def _no_home() -> ConfigError:
    return ConfigError(
        "there is no home folder to keep anything in",
        advice=f"Set HOME, or the XDG variables, or {DATA_DIR_VARIABLE} and {CONFIG_VARIABLE}.",
    )


def ensure_private_dir(path: Path) -> Path:
    """Make a folder that only its owner can enter (0700), with its parents; an open one of ours is narrowed.

    Raises `StoreError` where a file is in the way, the folder is another user's, shared or read-only.
    """
    try:
        for missing in reversed([path, *path.parents]):
            if not missing.exists():
                missing.mkdir(mode=_PRIVATE_DIR, exist_ok=True)
        found = path.stat()
    except FileExistsError as error:
        raise _in_the_way(path) from error
    except NotADirectoryError as error:
        raise _in_the_way(path) from error
    except OSError as error:
        raise StoreError(f"cannot make the folder {path}: {error.strerror or error}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise _in_the_way(path)
    if found.st_uid != os.geteuid():
        raise StoreError(f"the folder {path} belongs to another user", advice="Name another one with --data-dir.")
    if not os.access(path, os.W_OK | os.X_OK):
        raise StoreError(f"the folder {path} is read-only", advice="Make it writable, or name another one.")
    if found.st_mode & _OPEN_TO_OTHERS:
        _narrow(path, found.st_mode)
    return path


def _narrow(path: Path, mode: int) -> None:
    # Narrowing a shared or the home folder would break what others keep there.
    if mode & stat.S_ISVTX or path.parent == path or path.resolve() == Path(os.path.expanduser("~")).resolve():  # noqa: PTH111 - must not raise without a home
        raise StoreError(f"the folder {path} is shared with others", advice="Name a folder of its own inside it.")
    try:
        path.chmod(_PRIVATE_DIR)
    except OSError as error:
        raise StoreError(f"others can look into {path}, and it cannot be closed: {error.strerror or error}") from error


def _in_the_way(path: Path) -> StoreError:
    blocker = next((p for p in [path, *path.parents] if os.path.lexists(p) and not p.is_dir()), path)
    return StoreError(f"a folder is needed at {path}, but {blocker} is in the way", advice="Move that file away.")
