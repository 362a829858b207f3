"""`locations` and `config`: where everything is, and the settings file."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
from collections.abc import Mapping

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.output import tell, tell_object, tell_result
from krea_tui.cli.planning import locations_of, settings_of
from krea_tui.config.default_text import write_default_config
from krea_tui.config.key import key_source
from krea_tui.config.locations import Locations
from krea_tui.domain.errors import ConfigError

_LABEL_WIDTH = 12


def show_locations(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print every place the program uses, and where the key would come from; makes none of them."""
    locations = locations_of(arguments, environ)
    places = {
        "config": locations.config_file,
        "key": locations.key_file,
        "data": locations.data_dir,
        "history": locations.database,
        "pictures": locations.pictures_dir,
        "cache": locations.cache_dir,
        "log": locations.log_file,
    }
    source = "demo" if locations.is_demo else key_source(locations.key_file, environ).value
    if arguments.json:
        tell_object({name: str(path) for name, path in places.items()} | {"key_source": source})
        return ExitCode.DONE
    for name, path in places.items():
        tell_result(f"{name:{_LABEL_WIDTH}}{path}")
    tell_result(f"{'key source':{_LABEL_WIDTH}}{source}")
    return ExitCode.DONE


def run_config(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """`config path`, `config check` or `config edit`."""
    locations = locations_of(arguments, environ)
    match arguments.action:
        case "path":
            tell_result(str(locations.config_file))
            return ExitCode.DONE
        case "check":
            settings_of(arguments, environ, locations)
            there = locations.config_file.exists()
            tell_result(f"{locations.config_file}: {'right' if there else 'not there; the defaults are in force'}")
            return ExitCode.DONE
        case _:
            return _edit(arguments, environ, locations)


def _edit(arguments: argparse.Namespace, environ: Mapping[str, str], locations: Locations) -> int:
    if write_default_config(locations.config_file):
        tell(f"Wrote {locations.config_file} with every setting, all at their defaults.")
    editor = environ.get("VISUAL", "").strip() or environ.get("EDITOR", "").strip()
    advice = f"Set $VISUAL or $EDITOR, or open {locations.config_file} yourself."
    if not editor:
        raise ConfigError("no editor is named", advice=advice)
    try:
        # The person's own words for their editor may carry options: `code --wait`.
        command = [*shlex.split(editor), os.fspath(locations.config_file)]
        ended = subprocess.run(command, check=False)  # noqa: S603 -- the person's own editor
    except (OSError, ValueError) as error:
        raise ConfigError(f"the editor {editor} cannot be started: {error}", advice=advice) from error
    if ended.returncode:
        raise ConfigError(f"the editor ended with {ended.returncode}", advice=advice)
    settings_of(arguments, environ, locations)
    return ExitCode.DONE
