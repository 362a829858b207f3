"""Every setting's place and default. What is known of each beside its value stands in the catalogue.

They are tuples: a frozen dataclass takes over half a millisecond to be made, and every first frame waits for these.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

DEFAULT_GATEWAY_URL: Final = "https://gateway.pixazo.ai"
DEMO_PROFILE: Final = "demo"

# The environment's names of settings, by their full names.
VARIABLES: Final[Mapping[str, str]] = {"gateway.url": "KREA_TUI_GATEWAY", "screen.graphics": "KREA_TUI_GRAPHICS"}


class GraphicsMode(StrEnum):
    """How pictures are drawn in the terminal."""

    AUTO = "auto"
    KITTY = "kitty"
    SIXEL = "sixel"
    HALFBLOCK = "halfblock"
    OFF = "off"


class GatewaySettings(NamedTuple):
    """Where requests go, and how fast. `requests_per_s` counts every request to the gateway, polls included."""

    url: str = DEFAULT_GATEWAY_URL
    submit_path: str = "/krea-2-large-text-to-image/v1/krea-2-large-text-to-image-request"
    status_path: str = "/v2/requests/status/{request_id}"
    requests_per_s: float = 1.0
    burst: int = 5
    max_in_flight: int = 16
    read_timeout_s: float = 60.0


class MoneySettings(NamedTuple):
    """Limits of spending, in micro-dollars; None is no limit."""

    daily_cap_microusd: int | None = None
    batch_cap_microusd: int | None = None
    ask_above_microusd: int = 1_000_000


class WebhookSettings(NamedTuple):
    """The optional receiver of the gateway's callbacks; it listens on loopback behind the person's tunnel or proxy."""

    public_url: str | None = None
    port: int = 8765


class ScreenSettings(NamedTuple):
    """How the app looks. `theme` is a name that only the app can check; None is its own."""

    graphics: GraphicsMode = GraphicsMode.AUTO
    theme: str | None = None
    plain: bool = False
    low_bandwidth: bool = False


class NoticeSettings(NamedTuple):
    """How the terminal tells that a job is done or failed."""

    bell: bool = False
    osc9: bool = True


class Settings(NamedTuple):
    """All settings; the fields are the tables of the file."""

    gateway: GatewaySettings = GatewaySettings()
    money: MoneySettings = MoneySettings()
    webhook: WebhookSettings = WebhookSettings()
    screen: ScreenSettings = ScreenSettings()
    notices: NoticeSettings = NoticeSettings()


def gateway_profile(settings: Settings, *, demo: bool = False) -> str:
    """The identity of the gateway that jobs belong to: its address without the trailing slash, or `demo`."""
    return DEMO_PROFILE if demo else settings.gateway.url
