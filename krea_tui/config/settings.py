"""Every setting there is, once: its name, its meaning, its range and its default."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from krea_tui.config import values

DEFAULT_GATEWAY_URL: Final = "https://gateway.pixazo.ai"
DEMO_PROFILE: Final = "demo"
_METADATA_KEY: Final = "setting"
_Value = TypeVar("_Value")


class GraphicsMode(StrEnum):
    """How pictures are drawn in the terminal."""

    AUTO = "auto"
    KITTY = "kitty"
    SIXEL = "sixel"
    HALFBLOCK = "halfblock"
    OFF = "off"


class SettingInfo(NamedTuple):
    """What is known of one setting beside its value.

    `key` is its name in the file, `variable` and `flag` its other ways in, `example` stands in the file's text where
    the default is "unset". The demo leaves a setting with `real_only` at its default.
    """

    key: str
    help: str
    read: values.Reader
    variable: str = ""
    flag: str = ""
    example: str = ""
    real_only: bool = False


def _setting(default: _Value, info: SettingInfo) -> _Value:
    made: _Value = field(default=default, metadata={_METADATA_KEY: info})
    return made


def info_of(setting: Field[object]) -> SettingInfo:
    """What is known of a field of a section."""
    info = setting.metadata[_METADATA_KEY]
    if not isinstance(info, SettingInfo):
        raise TypeError(f"{setting.name} is not a setting")
    return info


def _read_graphics(value: object) -> GraphicsMode:
    return GraphicsMode(str(values.choice(GraphicsMode)(value)))


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where requests go, and how fast. `requests_per_s` counts every request to the gateway, polls included."""

    url: str = _setting(
        DEFAULT_GATEWAY_URL,
        SettingInfo(
            "url",
            "The gateway's address: https, or http on this machine.",
            values.base_url,
            variable="KREA_TUI_GATEWAY",
            flag="--gateway",
            real_only=True,
        ),
    )
    submit_path: str = _setting(
        "/krea-2-large-text-to-image/v1/krea-2-large-text-to-image-request",
        SettingInfo("submit_path", "Where requests are sent, below the address.", values.submit_path, real_only=True),
    )
    status_path: str = _setting(
        "/v2/requests/status/{request_id}",
        SettingInfo("status_path", "Where a job's status is asked for.", values.status_path, real_only=True),
    )
    requests_per_s: float = _setting(
        1.0,
        SettingInfo("requests_per_s", "Requests to the gateway per second, 0.05 to 50.", values.number(0.05, 50)),
    )
    burst: int = _setting(
        5, SettingInfo("burst", "Requests that may go at once after a pause, 1 to 100.", values.integer(1, 100))
    )
    max_in_flight: int = _setting(
        16,
        SettingInfo(
            "max_in_flight",
            "Jobs at the gateway at once, 1 to 1000; the rest wait here and can be cancelled for nothing.",
            values.integer(1, 1_000),
        ),
    )
    read_timeout_s: float = _setting(
        60.0,
        SettingInfo("read_timeout_s", "Seconds to wait for a submission's answer, 5 to 600.", values.number(5, 600)),
    )


@dataclass(frozen=True, slots=True)
class MoneySettings:
    """Limits of spending, in micro-dollars; None is no limit."""

    daily_cap_microusd: int | None = _setting(
        None,
        SettingInfo(
            "daily_cap_usd",
            "Dollars a day; further jobs are held. Unset: no limit.",
            values.dollars(),
            example="20.00",
        ),
    )
    batch_cap_microusd: int | None = _setting(
        None,
        SettingInfo("batch_cap_usd", "Dollars for one batch. Unset: no limit.", values.dollars(), example="5.00"),
    )
    ask_above_microusd: int = _setting(
        1_000_000,
        SettingInfo("ask_above_usd", "A batch that costs more dollars than this asks first.", values.dollars()),
    )


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """The optional receiver of the gateway's callbacks; it listens on loopback behind the person's tunnel or proxy."""

    public_url: str | None = _setting(
        None,
        SettingInfo(
            "public_url",
            "The address at which the gateway can reach this machine. Unset: no receiver.",
            values.base_url,
            example='"https://studio.example.org/krea"',
            real_only=True,
        ),
    )
    port: int = _setting(
        8765,
        SettingInfo("port", "The port of this machine that the address above leads to.", values.integer(1, 65_535)),
    )


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """How the app looks. `theme` is a name that only the app can check; None is its own."""

    graphics: GraphicsMode = _setting(  # noqa: RUF009 - it makes a field
        GraphicsMode.AUTO,
        SettingInfo(
            "graphics",
            "How pictures are drawn: auto, kitty, sixel, halfblock or off.",
            _read_graphics,
            variable="KREA_TUI_GRAPHICS",
            flag="--graphics",
        ),
    )
    theme: str | None = _setting(
        None, SettingInfo("theme", "The name of a theme. Unset: krea-tui's own.", values.word, example='"nord"')
    )
    plain: bool = _setting(False, SettingInfo("plain", "Plain ASCII marks in place of glyphs.", values.switch))
    low_bandwidth: bool = _setting(
        False, SettingInfo("low_bandwidth", "Fewer colours and repaints, for a slow line.", values.switch)
    )


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """How the terminal tells that a job is done or failed."""

    bell: bool = _setting(False, SettingInfo("bell", "Ring the terminal's bell.", values.switch))
    osc9: bool = _setting(True, SettingInfo("osc9", "Ask the terminal for a desktop notice (OSC 9).", values.switch))


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; the fields are the tables of the file."""

    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    money: MoneySettings = field(default_factory=MoneySettings)
    webhook: WebhookSettings = field(default_factory=WebhookSettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    notices: NoticeSettings = field(default_factory=NoticeSettings)


class SettingPlace(NamedTuple):
    """One setting in its table: `gateway.url` is field `url` of section `gateway`."""

    section: str
    attribute: str
    default: object
    info: SettingInfo

    @property
    def name(self) -> str:
        """Its full name, as in `money.daily_cap_usd`."""
        return f"{self.section}.{self.info.key}"


def all_settings() -> tuple[SettingPlace, ...]:
    """Every setting, in the order of the file."""
    defaults = Settings()
    return tuple(
        SettingPlace(section.name, setting.name, setting.default, info_of(setting))
        for section in fields(defaults)
        for setting in fields(getattr(defaults, section.name))
    )


def gateway_profile(settings: Settings, *, demo: bool = False) -> str:
    """The identity of the gateway that jobs belong to: its address without the trailing slash, or `demo`."""
    return DEMO_PROFILE if demo else settings.gateway.url
