"""No repr, traceback or log shows the key, whatever goes wrong while it is in somebody's hands."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.traceback import Traceback

from krea_tui.config.key import ApiKey, load_key, parse_key
from krea_tui.config.locations import find_locations
from krea_tui.config.settings import GatewaySettings, Settings
from krea_tui.domain.errors import GatewayError
from krea_tui.engine.policy import Policy
from krea_tui.studio import Plan, open_studio
from tests.gateway.test_submit import BODY, client
from tests.support.keys import KEY, key_named
from tests.support.raw_server import answer, raw_server

# Plain texts, as an environment or a file gives them: only our own types may hide them.
PLAIN = "".join(KEY)
LONG = "".join(key_named("x" * 200))


def a_plan(folder: Path, key: str = PLAIN) -> Plan:
    environ = {"PIXAZO_API_KEY": key, "HOME": str(folder)}
    return Plan(
        Settings(gateway=GatewaySettings(url="http://127.0.0.1:9")), find_locations(environ, folder / "data"), environ
    )


def told_with_locals(error: BaseException) -> str:
    """What Textual prints when an app dies: a traceback with the locals of every frame but the test's own."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    assert frames is not None
    console = Console(file=io.StringIO(), width=200, color_system=None)
    trace = Traceback.from_exception(type(error), error, frames, show_locals=True, locals_max_string=400)
    console.print(trace)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def assert_hidden(shown: str, key: str = PLAIN) -> None:
    assert key not in shown
    assert key[:12] not in shown
    assert key[-12:] not in shown


def test_no_value_that_holds_the_key_shows_it(tmp_path: Path) -> None:
    loaded = load_key(tmp_path / "none", {"PIXAZO_API_KEY": PLAIN})
    assert loaded is not None
    revealed = loaded.key.reveal()
    policy = Policy("p", revealed, "print")
    values = (
        loaded,
        loaded.key,
        revealed,
        revealed[:12],
        revealed[3:],
        policy,
        policy.with_key(PLAIN, "x"),
        a_plan(tmp_path),
    )
    for value in (*values, list(values), {"key": revealed}):
        assert_hidden(repr(value))
    assert str(revealed) == PLAIN
    assert revealed == PLAIN


def test_a_key_that_is_refused_is_not_told() -> None:
    for text in (f"{PLAIN} {PLAIN}", f"{PLAIN}\x00", PLAIN * 30, f"{PLAIN}ü"):
        with pytest.raises(Exception, match="key") as caught:
            parse_key(text)
        assert_hidden(f"{caught.value!r} {caught.value}")


def _fails(*_: object, **__: object) -> None:
    raise RuntimeError("a fault that nobody foresaw")


@pytest.mark.parametrize("key", [PLAIN, LONG], ids=["usual", "long"])
@pytest.mark.parametrize(
    "place",
    [
        "krea_tui.studio.Engine",
        "krea_tui.studio.fingerprint",
        "krea_tui.studio.World",
        "krea_tui.gateway.client.is_loopback_host",
        "krea_tui.gateway.client.new_client",
        "krea_tui.gateway.client.tls_context",
    ],
)
async def test_an_app_that_dies_on_its_way_up_tells_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, key: str
) -> None:
    monkeypatch.setattr(place, _fails, raising=False)
    plan = a_plan(tmp_path, key)

    async def start() -> None:
        studio = await open_studio(plan)
        try:
            gateway = await studio.engine._leadership._world.open_gateway(studio.engine.policy.key)
            await gateway.aclose()
        finally:
            await studio.aclose()

    with pytest.raises(RuntimeError) as caught:
        await start()
    assert_hidden(told_with_locals(caught.value), key)


async def test_a_request_that_fails_tells_no_key_in_our_own_frames() -> None:
    revealed = ApiKey(PLAIN).reveal()
    with raw_server(answer("500 Oops", b"{}"), b"nonsense") as server:
        async with client(server.url) as gateway:
            gateway.use_key(revealed)
            for ask in (gateway.submit(BODY), gateway.submit(BODY), gateway.status("abc")):
                with pytest.raises(GatewayError) as caught:
                    await ask
                error = caught.value
                error.__cause__ = error.__context__ = None
                assert_hidden(told_with_locals(error))


def test_the_command_line_takes_no_key() -> None:
    """An argument is seen by everybody on the machine."""
    ended = subprocess.run(
        [sys.executable, "-m", "krea_tui", "submit", "a fox", "--key", "x"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "unrecognized arguments: --key x" in ended.stderr
    shown = subprocess.run(
        [sys.executable, "-m", "krea_tui", "submit", "--help"], capture_output=True, text=True, check=True
    )
    assert "--key" not in shown.stdout


@pytest.mark.parametrize("words", [("submit", "a fox"), ("watch",), ("doctor",), ("locations",), ("config", "check")])
def test_python_in_its_development_mode_tells_no_key(tmp_path: Path, words: tuple[str, ...]) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "history.db").write_bytes(b"no database at all" * 100)
    environ = {
        "PIXAZO_API_KEY": PLAIN,
        "HOME": str(tmp_path),
        "KREA_TUI_DATA_DIR": str(folder),
        "KREA_TUI_GATEWAY": "http://127.0.0.1:9",
        "PYTHONASYNCIODEBUG": "1",
        "PATH": "/usr/bin:/bin",
    }
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "krea_tui", *words],
        env=environ, capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert ended.stdout or ended.stderr
    assert_hidden(ended.stdout + ended.stderr)
