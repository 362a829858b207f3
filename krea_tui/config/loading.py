"""Reads settings: flags beat the environment, the environment beats the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from krea_tui.config.private_file import open_regular
from krea_tui.config.settings import VARIABLES, Settings
from krea_tui.domain.errors import ConfigError

if TYPE_CHECKING:
    from krea_tui.config.catalogue import SettingPlace

_FILE_LIMIT_BYTES: Final = 1_048_576
_SHOWN_KEY_LENGTH: Final = 60


def load_settings(
    file: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
    *,
    demo: bool = False,
    must_exist: bool = False,
) -> Settings:
    """All settings from the file (if there is one), the environment and the flags given.

    `overrides` maps full names (`gateway.url`) to values; None means "not given". The demo takes nothing about the
    gateway's address or callbacks from file and environment. Raises `ConfigError`, which names file or variable, key
    and what is expected.
    """
    text = _text_of(file, must_exist=must_exist) if file else None
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    named = {variable for variable in VARIABLES.values() if environ.get(variable, "").strip()}
    if not text and not given and not named:
        # Most starts: nothing needs to be checked, and the catalogue need not be known.
        return Settings()
    from krea_tui.config.catalogue import all_settings

    places = {place.name: place for place in all_settings()}
    found: dict[str, object] = {}
    for place, value, origin in _from_file(places, file, text or ""):
        checked = _checked(place, value, origin)
        if not (demo and place.info.real_only):
            found[place.name] = checked
    for place in places.values():
        if place.info.variable in named and not (demo and place.info.real_only):
            found[place.name] = _checked(place, environ[place.info.variable].strip(), place.info.variable)
    for name, value in given.items():
        if name not in places:
            raise ConfigError(f"there is no setting {name}{_meant(name, places)}")
        found[name] = _checked(places[name], value, places[name].info.flag or name)
    return _built({(places[name].section, places[name].attribute): value for name, value in found.items()})


def _checked(place: SettingPlace, value: object, origin: str) -> object:
    try:
        return place.info.read(value)
    except ValueError as problem:
        # The reader's own words; what lies behind them may hold the value.
        raise ConfigError(f"{origin}: {problem}", advice=place.info.help) from None


def _built(found: Mapping[tuple[str, str], object]) -> Settings:
    sections = {}
    for name, section in Settings()._asdict().items():
        sections[name] = section._replace(
            **{attribute: value for (place, attribute), value in found.items() if place == name}
        )
    return Settings(**sections)


def _from_file(
    places: Mapping[str, SettingPlace], file: Path | None, text: str
) -> list[tuple[SettingPlace, object, str]]:
    if not text:
        return []
    # 20 ms of the time to the first frame, for those who have a file.
    import tomllib

    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    sections = {place.section for place in places.values()}
    read = []
    for section, table in tables.items():
        if section not in sections:
            raise ConfigError(f"{file}: there is no table [{_shown(section)}]{_elsewhere(section, places, sections)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{file}: {section} is a table: write [{section}] and its keys below")
        for key, value in table.items():
            name = f"{section}.{key}"
            if name not in places:
                raise ConfigError(f"{file}: there is no setting {_shown(name)}{_better(name, places)}")
            read.append((places[name], value, f"{file}: {name}"))
    return read


def _meant(text: str, known: Iterable[str]) -> str:
    from krea_tui.config.values import meant

    return meant(text, known)


def _better(name: str, places: Mapping[str, SettingPlace]) -> str:
    """The setting that was meant: the same key in another table, else a close name."""
    key = name.rpartition(".")[2]
    elsewhere = [place.name for place in places.values() if place.info.key == key]
    return f"; did you mean {elsewhere[0]}?" if elsewhere else _meant(name, places)


def _elsewhere(section: str, places: Mapping[str, SettingPlace], sections: set[str]) -> str:
    # A key written above all tables looks like a table's name.
    better = _better(section, places)
    return better if better in {f"; did you mean {name}?" for name in places} else _meant(section, sections)


def _shown(name: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in name)
    return printable if len(printable) <= _SHOWN_KEY_LENGTH else f"{printable[:_SHOWN_KEY_LENGTH]}…"


def _text_of(file: Path, *, must_exist: bool) -> str | None:
    try:
        opened = open_regular(file)
        if opened is None:
            raise ConfigError(f"{file}: not a file")
        with opened:
            content = opened.read(_FILE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"{file}: there is no such file", advice="`krea-tui config edit` writes one.") from None
        return None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from error
    if len(content) > _FILE_LIMIT_BYTES:
        raise ConfigError(f"{file}: too long to be a config file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 text, at byte {error.start:,}") from None
