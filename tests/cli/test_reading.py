import os
import subprocess
import sys
from pathlib import Path

import pytest

from krea_tui.domain.job import Job, Picture, PictureState
from krea_tui.domain.request import AspectRatio, Creativity, GenerationRequest
from krea_tui.storage.store import JobStore
from tests.cli.running import Cli, field_of

NOW = 1_790_000_000.0


def _stock(cli: Cli, *jobs: Job) -> None:
    cli.data_dir.mkdir(mode=0o700)
    store = JobStore(cli.data_dir / "history.db")
    store.insert(jobs)
    store.close()


def _job(job_id: str, prompt: str = "a fox", **changes: object) -> Job:
    values: dict[str, object] = {
        "id": job_id,
        "request": GenerationRequest(prompt, 7),
        "price_microusd": 60_000,
        "created_at": NOW,
        "profile": "https://gateway.example",
        **changes,
    }
    return Job(**values)  # type: ignore[arg-type]


@pytest.fixture
def stocked(cli: Cli) -> Cli:
    saved = Picture("https://example.org/a.png", PictureState.SAVED, "2026-11/a.png", "00", 10, 20, 30)
    _stock(
        cli,
        _job("aaaa111111", "an old fox"),
        _job("aaaa222222", "a red hare", starred=True, pictures=(saved,)),
        _job("bbbb333333", "100% hare_fox", request=GenerationRequest(
            "100% hare_fox", 42, AspectRatio.WIDE, Creativity.RAW
        )),
    )  # fmt: skip
    return cli


def test_no_history_is_an_empty_list_and_none_is_made(cli: Cli) -> None:
    for command in (["jobs"], ["jobs", "--json"], ["locations"]):
        ended = cli.run(*command)
        assert ended.code == 0
        assert "history" in ended.out or ended.out == ""
    assert not cli.data_dir.exists()


def test_jobs_come_newest_first_and_no_more_than_the_limit(stocked: Cli) -> None:
    assert field_of(stocked.jobs(), "id") == ["bbbb333333", "aaaa222222", "aaaa111111"]
    limited = stocked.run("jobs", "--limit", "2")
    assert [line.split()[0] for line in limited.out.splitlines()] == ["bbbb333333", "aaaa222222"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fox", ["bbbb333333", "aaaa111111"]),
        ("fox old", ["aaaa111111"]),
        ('"a red"', ["aaaa222222"]),
        ("100%", ["bbbb333333"]),
        ("hare_f", ["bbbb333333"]),
        ("aspect:16:9", ["bbbb333333"]),
        ("seed:42 creativity:raw", ["bbbb333333"]),
        ("id:AAAA", ["aaaa222222", "aaaa111111"]),
        ("is:starred has:image", ["aaaa222222"]),
        ("status:held,queued since:2026-01-01", ["bbbb333333", "aaaa222222", "aaaa111111"]),
        ("status:failed", []),
    ],
)
def test_a_query_finds(stocked: Cli, query: str, found: list[str]) -> None:
    assert field_of(stocked.jobs(*query.split()), "id") == found


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("colour:red", "colour:"),
        ("status:done", "done"),
        ("aspect:1:2", "aspect"),
        ("since:soon", "since"),
        ("seed:x", "seed"),
    ],
)
def test_a_wrong_query_names_what_is_wrong(cli: Cli, query: str, named: str) -> None:
    ended = cli.run("jobs", query)
    assert ended.code == 2
    assert named in ended.err.splitlines()[0]


def test_show_takes_the_unique_start_of_an_id(stocked: Cli) -> None:
    shown = stocked.run("show", "bb")
    assert shown.code == 0
    assert "100% hare_fox" in shown.out
    [job] = stocked.run("show", "aaaa2", "--json").objects
    assert job["images"][0]["path"] == str(stocked.data_dir / "pictures/2026-11/a.png")  # type: ignore[index]
    ambiguous = stocked.run("show", "aaaa")
    assert (ambiguous.code, ambiguous.out) == (2, "")
    assert "more than one" in ambiguous.err
    assert stocked.run("show", "zz").code == 2
    assert stocked.run("show", "*").code == 2


def test_a_hostile_prompt_cannot_reach_the_terminal(cli: Cli) -> None:
    _stock(cli, _job("aaaa111111", "red \x1b[31m \x9b31m \u202e end"))
    for command in (["jobs"], ["show", "a"], ["jobs", "--json"]):
        out = cli.run(*command).out
        assert not any(mark in out for mark in ("\x1b", "\x9b", "\u202e"))


def test_a_reader_that_leaves_early_ends_the_list_in_peace(stocked: Cli) -> None:
    reader = subprocess.Popen(["/bin/sh", "-c", "exec <&-"], stdin=subprocess.PIPE)
    assert reader.stdin is not None
    reader.wait(timeout=10)
    ended = subprocess.run(
        [sys.executable, "-m", "krea_tui", "jobs", "--json"],
        env={**os.environ, **stocked.environ},
        stdout=reader.stdin,
        stderr=subprocess.PIPE,
        timeout=30,
        check=False,
    )
    reader.stdin.close()
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_reading_changes_nothing_on_disk(stocked: Cli) -> None:
    database = stocked.data_dir / "history.db"
    before = database.read_bytes()
    stocked.run("jobs")
    stocked.run("show", "bb")
    assert database.read_bytes() == before
    assert {path.name for path in stocked.data_dir.iterdir()} <= {"history.db", "history.db-wal", "history.db-shm"}


def test_locations_are_whole_paths(cli: Cli) -> None:
    [places] = cli.run("locations", "--json").objects
    assert places["history"] == str(cli.data_dir / "history.db")
    assert places["key_source"] == "environment"
    assert all(Path(str(path)).is_absolute() for name, path in places.items() if name != "key_source")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--sort", "created"], "bbbb333333 aaaa222222 aaaa111111"),
        (["--reverse"], "aaaa111111 aaaa222222 bbbb333333"),
        (["--sort=-created"], "aaaa111111 aaaa222222 bbbb333333"),
        (["--sort=-created", "--reverse"], "bbbb333333 aaaa222222 aaaa111111"),
        (["--sort", "prompt"], "bbbb333333 aaaa222222 aaaa111111"),
        (["--sort=-prompt", "fox"], "aaaa111111 bbbb333333"),
        (["--sort", "SEED", "--reverse"], "bbbb333333 aaaa222222 aaaa111111"),
        (["--sort", "price", "--", "-is:starred"], "bbbb333333 aaaa111111"),
    ],
)
def test_jobs_are_sorted_as_asked_for(stocked: Cli, options: list[str], found: str) -> None:
    assert field_of(stocked.run("jobs", "--json", *options).objects, "id") == found.split()


def test_a_key_that_nothing_can_be_sorted_by_is_refused_with_those_that_are(cli: Cli) -> None:
    ended = cli.run("jobs", "--sort", "colour")
    assert ended.code == 2
    assert "aspect_ratio" in ended.err
