import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.config.catalogue import all_settings
from krea_tui.config.default_text import default_config_text, write_default_config
from krea_tui.config.loading import load_settings
from krea_tui.config.settings import GraphicsMode, Settings, gateway_profile
from krea_tui.config.values import base_url
from krea_tui.domain.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_a_file_everything_is_at_its_default(file: Path) -> None:
    settings = load_settings(file, {})
    assert settings == Settings()
    assert settings.gateway.url == "https://gateway.pixazo.ai"
    assert settings.gateway.max_in_flight == 16
    assert settings.money.ask_above_microusd == 1_000_000
    assert settings.money.daily_cap_microusd is None


def test_a_file_that_was_named_must_be_there(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml: there is no such file"):
        load_settings(file, {}, must_exist=True)


def test_flags_beat_the_environment_and_that_beats_the_file(file: Path) -> None:
    file.write_text('[gateway]\nurl = "https://file.example"\nburst = 7\n[screen]\ngraphics = "sixel"\n')
    from_file = load_settings(file, {})
    assert (from_file.gateway.url, from_file.gateway.burst) == ("https://file.example", 7)
    environ = {"KREA_TUI_GATEWAY": "https://variable.example/", "KREA_TUI_GRAPHICS": "OFF"}
    from_environ = load_settings(file, environ)
    assert from_environ.gateway.url == "https://variable.example"
    assert from_environ.screen.graphics is GraphicsMode.OFF
    from_flags = load_settings(file, environ, {"gateway.url": "http://127.0.0.1:8000", "screen.graphics": None})
    assert from_flags.gateway.url == "http://127.0.0.1:8000"
    assert from_flags.screen.graphics is GraphicsMode.OFF
    assert from_flags.gateway.burst == 7


def test_an_empty_variable_is_unset(file: Path) -> None:
    assert load_settings(file, {"KREA_TUI_GATEWAY": " "}) == Settings()


def test_amounts_are_exact_micro_dollars(file: Path) -> None:
    file.write_text("[money]\ndaily_cap_usd = 0.1\nbatch_cap_usd = 3\nask_above_usd = 19.99\n")
    money = load_settings(file, {}).money
    assert (money.daily_cap_microusd, money.batch_cap_microusd, money.ask_above_microusd) == (
        100_000,
        3_000_000,
        19_990_000,
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[gateway]\nrequest_per_s = 2", "no setting gateway.request_per_s; did you mean gateway.requests_per_s?"),
        ("[gatway]\nurl = 'x'", r"no table \[gatway\]; did you mean gateway?"),
        ("daily_cap_usd = 3", "did you mean money.daily_cap_usd?"),
        ("[gateway]\ndaily_cap_usd = 3", "did you mean money.daily_cap_usd?"),
        ("gateway = 3", r"gateway is a table: write \[gateway\]"),
        ("[gateway]\nburst = 'lots'", "gateway.burst: a whole number from 1 to 100 is expected, not 'lots'"),
        ("[gateway]\nburst = 101", "from 1 to 100 is expected, not 101"),
        ("[gateway]\nburst = true", "not True"),
        ("[gateway]\nburst = 2.0", "not 2.0"),
        ("[gateway]\nrequests_per_s = nan", "a number from 0.05 to 50 is expected, not nan"),
        ("[gateway]\nrequests_per_s = " + "9" * 400, "a number from 0.05 to 50"),
        ("[gateway]\nrequests_per_s = 2026-01-01", "a number from 0.05 to 50"),
        ("[money]\ndaily_cap_usd = -1", "an amount in dollars"),
        ("[money]\ndaily_cap_usd = inf", "an amount in dollars"),
        ("[money]\ndaily_cap_usd = 1e300", "an amount in dollars"),
        ("[money]\ndaily_cap_usd = 0.0000001", "at most six decimals"),
        ("[money]\ndaily_cap_usd = false", "an amount in dollars"),
        ("[screen]\ngraphics = 'kity'", "one of auto, kitty, .* not 'kity'; did you mean kitty?"),
        ("[screen]\ngraphics = 3", "one of auto"),
        ("[screen]\nplain = 1", "true or false is expected, not 1"),
        ("[screen]\ntheme = 'a b'", "a name of letters"),
        ("[gateway]\nstatus_path = '/v2/status'", r"has \{request_id\} in it once"),
        ("[gateway]\nsubmit_path = '/a/../b'", "without empty ones"),
        ("[gateway]\nsubmit_path = '/a?b'", "a path of plain segments"),
        ("[gateway", "not valid TOML: Expected"),
        ("a = " + "[" * 100_000, "not valid TOML"),
    ],
    ids=str.split("""key table above wrong_table not_a_table word range bool float nan huge date negative
        infinite exponent decimals false_amount choice choice_type number_switch theme mark dots query toml deep"""),
)
def test_a_broken_file_is_told_by_file_key_and_what_is_expected(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load_settings(file, {})
    assert str(caught.value).startswith(f"{file}: ")
    assert len(str(caught.value)) < 400 + len(str(file))


def test_a_file_of_other_bytes_is_refused(file: Path) -> None:
    file.write_bytes(b"[gateway]\n\xff")
    with pytest.raises(ConfigError, match="not UTF-8 text, at byte 10"):
        load_settings(file, {})
    file.write_bytes(b"#" * 1_048_577)
    with pytest.raises(ConfigError, match="too long"):
        load_settings(file, {})
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigError, match="not a file"):
        load_settings(file, {})


def test_a_broken_variable_or_flag_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^KREA_TUI_GRAPHICS: one of auto"):
        load_settings(None, {"KREA_TUI_GRAPHICS": "ascii"})
    with pytest.raises(ConfigError, match=r"^--gateway: an https:// URL"):
        load_settings(None, {}, {"gateway.url": "http://example.com"})
    with pytest.raises(ConfigError, match=r"no setting gateway\.ulr; did you mean gateway\.url"):
        load_settings(None, {}, {"gateway.ulr": "x"})


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://gateway.pixazo.ai", "https://gateway.pixazo.ai"),
        (" https://Gateway.Pixazo.AI:443/ ", "https://gateway.pixazo.ai"),
        ("https://example.org/a/b///", None),
        ("https://example.org/a/b/", "https://example.org/a/b"),
        ("http://localhost:80", "http://localhost"),
        ("http://127.1.2.3:9/x", "http://127.1.2.3:9/x"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://192.168.0.1", None),
        ("http://localhost.example.org", None),
        ("http://127.0.0.1.example.org", None),
        ("http://0.0.0.0:1", None),
        ("https://me:secret@example.org", None),
        ("https://example.org\\@127.0.0.1", None),
        ("https://example.org/?", None),
        ("https://example.org/?a=secret", None),
        ("https://example.org/#", None),
        ("https://example.org/../x", None),
        ("https://example.org:99999", None),
        ("https://[::1%25eth0]", None),
        ("https://[secret", None),
        ("https://ex\nample.org", None),
        ("https://еxample.org", None),
        ("https://-", None),
        ("https://", None),
        ("ftp://example.org", None),
        ("example.org", None),
        ("", None),
    ],
)
def test_a_gateway_address_is_normalised_or_refused_without_showing_it(given: str, normal: str | None) -> None:
    if normal is not None:
        assert base_url(given) == normal
        return
    with pytest.raises(ValueError, match="is expected") as caught:
        base_url(given)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9.:@\[\]-]{0,20}[/a-z?#.%]{0,10}", fullmatch=True))
def test_a_normal_address_is_stable(text: str) -> None:
    try:
        normal = base_url(text)
    except ValueError:
        return
    assert base_url(normal) == normal
    assert not normal.endswith("/")


def test_the_profile_is_the_address_or_demo() -> None:
    settings = load_settings(None, {"KREA_TUI_GATEWAY": "https://Example.org:443/base/"})
    assert gateway_profile(settings) == "https://example.org/base"
    assert gateway_profile(settings, demo=True) == "demo"


def test_the_demo_takes_its_gateway_from_flags_alone(file: Path) -> None:
    file.write_text(
        '[gateway]\nurl = "https://file.example"\nsubmit_path = "/x"\nburst = 9\n'
        '[webhook]\npublic_url = "https://me.example"\n'
    )
    environ = {"KREA_TUI_GATEWAY": "not a url at all"}
    settings = load_settings(file, environ, {"gateway.url": "http://127.0.0.1:4"}, demo=True)
    assert settings.gateway.url == "http://127.0.0.1:4"
    assert settings.gateway.submit_path == Settings().gateway.submit_path
    assert settings.webhook.public_url is None
    assert settings.gateway.burst == 9


def test_no_cap_binds_where_nothing_is_spent(file: Path) -> None:
    file.write_text("[money]\ndaily_cap_usd = 0.05\nbatch_cap_usd = 0.05\nask_above_usd = 3\n")
    money = load_settings(file, {}, demo=True).money
    assert (money.daily_cap_microusd, money.batch_cap_microusd, money.ask_above_microusd) == (None, None, 3_000_000)


def test_the_default_text_holds_every_setting_at_its_default(file: Path) -> None:
    assert write_default_config(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_settings(file, {}, must_exist=True) == Settings()
    in_force = re.sub(r"^# (\w+ = )", r"\1", default_config_text(), flags=re.MULTILINE)
    assert in_force.count(" = ") == len(all_settings())
    file.write_text(in_force)
    settings = load_settings(file, {})
    for place in all_settings():
        value = getattr(getattr(settings, place.section), place.attribute)
        assert value is not None
        if place.default is not None:
            assert value == place.default, place.name


def test_the_default_text_never_replaces_a_file(file: Path) -> None:
    file.write_text("[gateway]\nburst = 3\n")
    assert not write_default_config(file)
    assert load_settings(file, {}).gateway.burst == 3
