"""Whatever text comes, from a history, an argument, a file or a gateway: a terminal gets text, and JSON stays JSON."""

import json
import os
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from krea_tui.cli import main
from krea_tui.cli.lines import job_line, table_line
from krea_tui.cli.output import tell, tell_object, tell_result
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import GenerationRequest, Style, StyleReference
from krea_tui.simulator import Behaviour, Fault, Target
from krea_tui.storage.store import JobStore
from tests.cli.running import Cli, OpenGateway

CONTROLS = "\x1b[31mred\x1b[2J\x1b]0;title\x07\x1b]52;c;aGk=\x1b\\ \x9b2J\x9d0;t\x9c \x00\x08\x7f\r\v\f\x85"
HIDDEN = "\u202egnp.exe\u202c \u2066a\u2069 \u200b\u2060\ufeff \u00ad \U000e0041 \u2028\u2029 \u3164 \ud7ff\U0010eeee"
FLOOD = "z" + "\u0335\u0322\u0488" * 2_000
WIDE = "👨\u200d👩\u200d👧\u200d👦" * 30 + "狐" * 80 + "\ufdfd"
MARKUP = "[red]x[/sad] [@click=app.quit]press[/] [link=https://evil.example]here"
NASTY = {"controls": CONTROLS, "hidden": HIDDEN, "flood": FLOOD, "wide": WIDE, "markup": MARKUP}
ALLOWED_FORMATS = "\u200c\u200d"
NOW = 1_790_000_000.0


def marks_of(text: str) -> int:
    """The longest run of marks that would stand on one character."""
    longest = run = 0
    for character in text:
        is_mark = unicodedata.category(character)[0] == "M" or character in ALLOWED_FORMATS
        run = run + 1 if is_mark else 0
        longest = max(longest, run)
    return longest


def assert_fit_for_a_terminal(shown: bytes | str) -> None:
    text = shown.decode() if isinstance(shown, bytes) else shown
    odd = {
        f"U+{ord(c):04X}"
        for c in text
        if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and c not in f"\n{ALLOWED_FORMATS}"
    }
    assert odd == set()
    assert marks_of(text) <= 5


def a_job(job_id: str, text: str, **changes: object) -> Job:
    """A job that carries a text in every place that takes one."""
    url = f"https://media.example/{text}"
    values: dict[str, object] = {
        "id": job_id,
        "request": GenerationRequest(text if text.strip() else "x", 7),
        "price_microusd": 60_000,
        "created_at": NOW,
        "profile": text,
        "status": JobStatus.FAILED,
        "error": text,
        "request_id": f"{job_id}{text}",
        "model_id": text,
        "gateway_created_at": text,
        "pictures": (Picture(url, PictureState.LOST, error=text), Picture(url)),
        **changes,
    }
    return Job(**values)  # type: ignore[arg-type]


def stock(data_dir: Path, *jobs: Job) -> None:
    data_dir.mkdir(mode=0o700, exist_ok=True)
    store = JobStore(data_dir / "history.db")
    store.insert(jobs)
    store.close()


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., tuple[int, bytes, bytes]]:
    """The real command line, in this process; what it wrote comes as bytes."""
    monkeypatch.setenv("KREA_TUI_DATA_DIR", str(tmp_path / "data"))

    def call(*words: str) -> tuple[int, bytes, bytes]:
        code = main(list(words))
        written = capfdbinary.readouterr()
        return code, written.out, written.err

    return call


Run = Callable[..., tuple[int, bytes, bytes]]


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_a_history_of_hostile_words_is_listed_and_shown_as_text(run: Run, tmp_path: Path, text: str) -> None:
    stock(tmp_path / "data", a_job("aaaa111111", text), a_job("bbbb222222", f"a\tb\r\n{text}\nc"))
    for command in (["jobs"], ["show", "a"], ["show", "b"], ["jobs", "media"], ["resolve"], ["spend"]):
        code, out, err = run(*command)
        assert code in {0, 1}, err
        assert_fit_for_a_terminal(out)
        assert_fit_for_a_terminal(err)
    _, out, _ = run("jobs")
    assert len(out.splitlines()) == 2, "one line a job"


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_json_comes_back_as_it_went_in(run: Run, tmp_path: Path, text: str) -> None:
    stock(tmp_path / "data", a_job("aaaa111111", text))
    for command in (["jobs", "--json"], ["show", "a", "--json"]):
        _, out, _ = run(*command)
        assert all(0x20 <= byte < 0x7F for byte in out.removesuffix(b"\n"))
        job = json.loads(out)
        assert job["prompt"] == job["error"] == job["model_id"] == job["gateway"] == text
        assert job["images"][0]["error"] == text
        assert job["images"][1]["url"] == f"https://media.example/{text}"


TEXTS = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from(sorted(set(CONTROLS + HIDDEN + FLOOD + WIDE + "\ud800\udfff\n\t"))),
    ),
    max_size=60,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS)
def test_whatever_is_told_a_terminal_gets_text(capsys: pytest.CaptureFixture[str], text: str) -> None:
    tell_result(text)
    tell(text)
    tell_object({"text": text, text: [text]})
    written = capsys.readouterr()
    lines = written.out.splitlines()
    assert json.loads(lines[-1]) == {"text": text, text: [text]}
    assert_fit_for_a_terminal(written.out)
    assert_fit_for_a_terminal(written.err)
    assert len(written.err.splitlines()) <= 1


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS.filter(lambda text: text.isprintable() or not any("\ud800" <= c <= "\udfff" for c in text)))
def test_every_line_of_a_job_is_text(capsys: pytest.CaptureFixture[str], text: str) -> None:
    for job in (
        a_job("aaaa111111", text),
        a_job("aaaa111111", text, status=JobStatus.QUEUED, gateway_status=text),
        a_job("aaaa111111", text, status=JobStatus.HELD, hold_reason=HoldReason.MONEY),
    ):
        tell_result(job_line(job, Path(f"/{text}".replace("\0", ""))))
        tell_result(table_line(job, 80))
    shown = capsys.readouterr().out
    assert_fit_for_a_terminal(shown)
    assert len(shown.splitlines()) == shown.count("\n")


@pytest.mark.parametrize(
    "text", [WIDE, "狐" * 200, FLOOD, "plain words " * 30], ids=["family", "wide", "flood", "ascii"]
)
@pytest.mark.parametrize("width", [40, 80, 81, 200])
def test_a_line_of_the_table_fits_its_terminal(text: str, width: int) -> None:
    line = table_line(a_job("aaaa111111", text), width)
    cells = sum(
        0 if unicodedata.category(c)[0] == "M" or c in ALLOWED_FORMATS
        else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1
        for c in line
    )  # fmt: skip
    assert cells <= width


# --- words of the person, of files and of names ---------------------------------------------------------------------

MISTAKES: Sequence[Sequence[str]] = [
    ["{}"],
    ["--{}"],
    ["submit", "a fox", "--aspect-ratio", "{}"],
    ["submit", "a fox", "--creativity={}"],
    ["submit", "a fox", "--seed", "{}"],
    ["submit", "a fox", "--reference", "{}"],
    ["submit", "a fox", "--reference", "https://{}"],
    ["submit", "a fox", "--style", "{}"],
    ["submit", "a fox", "--moodboard", "{}"],
    ["submit", "a fox", "{}"],
    ["submit", "{}"],
    ["jobs", "{}:x"],
    ["jobs", "status:{}"],
    ["jobs", "since:{}"],
    ["jobs", "is:{}"],
    ["jobs", "id:{}"],
    ["jobs", "--limit", "{}"],
    ["show", "{}"],
    ["show", "{}", "--json"],
    ["cancel", "{}"],
    ["retry", "{}"],
    ["resolve", "{}", "--adopt", "{}"],
    ["config", "{}"],
    ["config", "check", "--config", "{}"],
    ["config", "path", "--config", "/{}"],
    ["locations", "--data-dir", "/{}"],
    ["locations", "--json", "--data-dir", "/{}"],
    ["jobs", "--gateway", "{}"],
    ["--graphics", "{}"],
]


@pytest.mark.parametrize(
    "text", [CONTROLS.replace("\0", ""), HIDDEN, "\udcff\udc80"], ids=["controls", "hidden", "bytes"]
)
@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_a_mistake_is_quoted_as_text(run: Run, tmp_path: Path, words: Sequence[str], text: str) -> None:
    stock(tmp_path / "data", a_job("aaaa111111", "a fox"))
    _, out, err = run(*(word.replace("{}", text) for word in words))
    assert out or err
    assert_fit_for_a_terminal(out)
    assert_fit_for_a_terminal(err)
    assert len(err.splitlines()) <= 3


CONFIGS = {
    "a table": '["{}"]\n',
    "a key": '[gateway]\n"{}" = 1\n',
    "a value": '[gateway]\nurl = "{}"\n',
    "a choice": '[screen]\ngraphics = "{}"\n',
    "a number": '[money]\ndaily_cap_usd = "{}"\n',
    "no TOML": "{} = {}\n",
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_a_hostile_config_file_is_told_as_text(run: Run, tmp_path: Path, config: str) -> None:
    escapes = "".join(f"\\u{ord(c):04X}" for c in CONTROLS if c.isascii())
    raw = "\u202e\u2066\u200b\x9b"
    for text in (escapes, raw):
        path = tmp_path / "config.toml"
        path.write_text(config.replace("{}", text))
        code, out, err = run("config", "check", "--config", str(path))
        assert code == 2
        assert_fit_for_a_terminal(out)
        assert_fit_for_a_terminal(err)


def test_a_megabyte_of_words_is_cut(run: Run, tmp_path: Path) -> None:
    megabyte = "a wide \x1b[31m prompt \u202e" * 50_000
    stock(tmp_path / "data", a_job("aaaa111111", megabyte))
    _, out, _ = run("jobs")
    assert len(out) < 10_000
    _, out, _ = run("show", "a")
    assert_fit_for_a_terminal(out)
    _, out, _ = run("show", "a", "--json")
    assert json.loads(out)["prompt"] == megabyte
    _, _, err = run("jobs", f"is:{megabyte}")
    assert len(err) < 25_000
    _, _, err = run("show", megabyte)
    assert len(err) < 25_000


def test_the_words_of_a_gateway_are_text_on_the_way_and_in_the_end(cli: Cli, open_gateway: OpenGateway) -> None:
    body = json.dumps({"error": CONTROLS + MARKUP, "message": HIDDEN + FLOOD + "x" * 1_000_000})
    open_gateway(Behaviour(faults=(Fault(Target.POST, status=400, body=body),)))
    ended = cli.run("submit", f"a fox {CONTROLS}".replace("\0", ""), "--wait")
    assert ended.code == 1
    assert_fit_for_a_terminal(ended.out)
    assert_fit_for_a_terminal(ended.err)
    assert "[31mred" in ended.out
    [job] = cli.jobs()
    assert len(str(job["error"])) < 10_000


def test_a_folder_with_a_hostile_name_is_printed_as_text(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "da\x1b]0;title\x07\nta\u202e!"
    monkeypatch.setenv("KREA_TUI_DATA_DIR", str(folder))
    picture = Picture("https://e.test/a.png", PictureState.SAVED, "2026-11/2026-11-22_aaaa111111.png", "00", 10, 20, 30)
    stock(folder, a_job("aaaa111111", "a fox", status=JobStatus.COMPLETED, pictures=(picture,), error=None))
    for command in (["locations"], ["show", "a"], ["jobs"]):
        _, out, err = run(*command)
        assert_fit_for_a_terminal(out + err)
    _, out, _ = run("show", "a", "--json")
    assert json.loads(out)["images"][0]["path"].startswith(os.fspath(folder))
    _, out, _ = run("locations", "--json")
    assert json.loads(out)["data"] == os.fspath(folder)


def test_styles_and_references_are_shown_as_text(run: Run, tmp_path: Path) -> None:
    request = GenerationRequest(
        "a fox",
        7,
        image_style_references=(StyleReference("https://e.test/\u202e\u200b\x9b"),),
        styles=(Style("\u202e\u2066\u200b\x9d"),),
    )
    stock(tmp_path / "data", a_job("aaaa111111", "x", request=request))
    _, out, _ = run("show", "a")
    assert_fit_for_a_terminal(out)
