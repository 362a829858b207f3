"""The commented config file that `config edit` opens, made from the settings themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from krea_tui.config.catalogue import SettingPlace, all_settings
from krea_tui.config.private_file import create_private_file
from krea_tui.domain.pricing import MICRO

_HEAD: Final = """\
# krea-tui settings. A line without its leading "# " is in force; the values shown are the defaults or examples.
# Flags beat environment variables, and those beat this file. The API key does not belong here.
"""


def default_config_text() -> str:
    """Every setting with its meaning, commented out."""
    lines = [_HEAD]
    section = ""
    for place in all_settings():
        if place.section != section:
            section = place.section
            lines.append(f"[{section}]")
        also = ", ".join(way for way in (place.info.flag, place.info.variable) if way)
        lines.append(f"## {place.info.help}{f' Also {also}.' if also else ''}")
        lines.append(f"# {place.info.key} = {_toml(place)}\n")
    return "\n".join(lines)


def write_default_config(file: Path) -> bool:
    """Write the commented file (0600) where there is none; false if there is one. Raises `StoreError`."""
    return create_private_file(file, default_config_text().encode())


def _toml(place: SettingPlace) -> str:
    if place.default is None:
        return place.info.example
    if place.info.key.endswith("_usd") and isinstance(place.default, int):
        return f"{place.default / MICRO:.2f}"
    # JSON's strings, numbers and booleans are TOML's too.
    return json.dumps(place.default)
