"""From arguments and environment to a plan: which gateway, which folders, which key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from krea_tui.config.loading import load_settings
from krea_tui.config.locations import Locations, find_locations
from krea_tui.config.plan import Plan
from krea_tui.config.settings import Settings
from krea_tui.domain.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from krea_tui.cli.options import AppOptions

    Options = argparse.Namespace | AppOptions


def locations_of(arguments: Options, environ: Mapping[str, str]) -> Locations:
    """Where everything lives for this command line; raises `ConfigError`."""
    return find_locations(environ, arguments.data_dir, arguments.config, demo=arguments.demo)


def settings_of(arguments: Options, environ: Mapping[str, str], locations: Locations) -> Settings:
    """The settings in force; raises `ConfigError` or `UsageError`."""
    if arguments.demo and arguments.gateway is not None:
        raise UsageError(
            "--demo brings its own gateway: --gateway cannot be given too",
            advice="Leave one of them out. `krea-tui simulate` serves a simulated gateway for --gateway.",
        )
    overrides = {"gateway.url": arguments.gateway, "screen.graphics": arguments.graphics}
    return load_settings(
        locations.config_file, environ, overrides, demo=arguments.demo, must_exist=locations.config_is_named
    )


def plan_of(arguments: Options, environ: Mapping[str, str], *, is_command: bool = True) -> Plan:
    """What this process wants of its studio; raises `ConfigError` or `UsageError`."""
    locations = locations_of(arguments, environ)
    settings = settings_of(arguments, environ, locations)
    start_gateway = None
    if arguments.demo:
        from krea_tui.demo import DemoGateway

        start_gateway = DemoGateway(locations.simulator_dir).start
    return Plan(settings, locations, environ, start_gateway, is_command)


def require_key(plan: Plan) -> None:
    """Raise `NoKey` or `KeyProblem` where nothing could be sent; the demo needs none."""
    from krea_tui.cli.exit_codes import NoKey
    from krea_tui.config.key import KEY_VARIABLE, load_key

    if not plan.is_demo and load_key(plan.locations.key_file, plan.environ) is None:
        raise NoKey(
            "there is no API key, so nothing was stored or sent",
            advice=f"Set {KEY_VARIABLE}, or open krea-tui and paste the key there. --demo needs none.",
        )
