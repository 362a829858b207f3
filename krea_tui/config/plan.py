"""What one process wants: settings, places, and where its gateway comes from. Light: the app paints with it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from krea_tui.config.locations import Locations
from krea_tui.config.settings import Settings, gateway_profile

# Blocking: called in a thread when this process becomes the engine; returns the gateway's base URL.
StartGateway = Callable[[], str]


class Plan(NamedTuple):
    """What a process wants of its studio.

    `start_gateway` brings up the gateway itself (the demo's simulator); None takes the settings' URL.
    `is_command` is true for everything but the app: a command never sends another command's left-overs.
    """

    settings: Settings
    locations: Locations
    environ: Mapping[str, str]
    start_gateway: StartGateway | None = None
    is_command: bool = False

    def __repr__(self) -> str:
        # The environment may hold the key, and a repr ends in tracebacks.
        return f"Plan({self.gateway_name}, {self.locations.data_dir})"

    @property
    def is_demo(self) -> bool:
        """Whether nothing is spent."""
        return self.locations.is_demo

    @property
    def profile(self) -> str:
        """The identity of the gateway that jobs belong to."""
        return gateway_profile(self.settings, demo=self.is_demo)

    @property
    def gateway_name(self) -> str:
        """The gateway as the screen calls it: its host and port, or the simulator."""
        return "simulator" if self.is_demo else self.settings.gateway.url.partition("://")[2].partition("/")[0]
