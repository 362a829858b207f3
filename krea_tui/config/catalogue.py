"""What is known of every setting beside its value: its name in the file, its meaning, its range, its other ways in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from krea_tui.config import values
from krea_tui.config.settings import VARIABLES, GraphicsMode, Settings


class SettingInfo(NamedTuple):
    """`key` is the setting's name in the file, `flag` and `variable` are its other ways in.

    `example` stands in the file's text where the default is "unset". The demo leaves a setting with `real_only` at
    its default.
    """

    key: str
    help: str
    read: values.Reader
    flag: str = ""
    example: str = ""
    real_only: bool = False
    variable: str = ""


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


def _read_graphics(value: object) -> GraphicsMode:
    return GraphicsMode(str(values.choice(GraphicsMode)(value)))


_GATEWAY: Final[Mapping[str, SettingInfo]] = {
    "url": SettingInfo(
        "url",
        "The gateway's address: https, or http on this machine.",
        values.base_url,
        flag="--gateway",
        real_only=True,
    ),
    "submit_path": SettingInfo(
        "submit_path", "Where requests are sent, below the address.", values.submit_path, real_only=True
    ),
    "status_path": SettingInfo("status_path", "Where a job's status is asked for.", values.status_path, real_only=True),
    "requests_per_s": SettingInfo(
        "requests_per_s", "Requests to the gateway per second, 0.05 to 50.", values.number(0.05, 50)
    ),
    "burst": SettingInfo("burst", "Requests that may go at once after a pause, 1 to 100.", values.integer(1, 100)),
    "max_in_flight": SettingInfo(
        "max_in_flight",
        "Jobs at the gateway at once, 1 to 1000; the rest wait here and can be cancelled for nothing.",
        values.integer(1, 1_000),
    ),
    "read_timeout_s": SettingInfo(
        "read_timeout_s", "Seconds to wait for a submission's answer, 5 to 600.", values.number(5, 600)
    ),
}
_MONEY: Final[Mapping[str, SettingInfo]] = {
    "daily_cap_microusd": SettingInfo(
        "daily_cap_usd",
        "Dollars a day; further jobs are held. Unset: no limit.",
        values.dollars(),
        example="20.00",
        real_only=True,
    ),
    "batch_cap_microusd": SettingInfo(
        "batch_cap_usd", "Dollars for one batch. Unset: no limit.", values.dollars(), example="5.00", real_only=True
    ),
    "ask_above_microusd": SettingInfo(
        "ask_above_usd", "A batch that costs more dollars than this asks first.", values.dollars()
    ),
}
_WEBHOOK: Final[Mapping[str, SettingInfo]] = {
    "public_url": SettingInfo(
        "public_url",
        "The address at which the gateway can reach this machine. Unset: no receiver.",
        values.base_url,
        example='"https://studio.example.org/krea"',
        real_only=True,
    ),
    "port": SettingInfo("port", "The port of this machine that the address above leads to.", values.integer(1, 65_535)),
}
_SCREEN: Final[Mapping[str, SettingInfo]] = {
    "graphics": SettingInfo(
        "graphics",
        "How pictures are drawn: auto, kitty, sixel, halfblock or off.",
        _read_graphics,
        flag="--graphics",
    ),
    "theme": SettingInfo("theme", "The name of a theme. Unset: krea-tui's own.", values.word, example='"nord"'),
    "plain": SettingInfo("plain", "Plain ASCII marks in place of glyphs.", values.switch),
    "low_bandwidth": SettingInfo("low_bandwidth", "Fewer colours and repaints, for a slow line.", values.switch),
}
_NOTICES: Final[Mapping[str, SettingInfo]] = {
    "bell": SettingInfo("bell", "Ring the terminal's bell.", values.switch),
    "osc9": SettingInfo("osc9", "Ask the terminal for a desktop notice (OSC 9).", values.switch),
}
_SECTIONS: Final[Mapping[str, Mapping[str, SettingInfo]]] = {
    "gateway": _GATEWAY,
    "money": _MONEY,
    "webhook": _WEBHOOK,
    "screen": _SCREEN,
    "notices": _NOTICES,
}


def all_settings() -> tuple[SettingPlace, ...]:
    """Every setting, in the order of the file."""
    return tuple(
        _place(section, attribute, info) for section in _SECTIONS for attribute, info in _SECTIONS[section].items()
    )


def _place(section: str, attribute: str, info: SettingInfo) -> SettingPlace:
    default = getattr(getattr(Settings(), section), attribute)
    variable = VARIABLES.get(f"{section}.{info.key}", "")
    return SettingPlace(section, attribute, default, info._replace(variable=variable))
