"""The real command: what it writes, what it says, how it ends."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import GenerationRequest
from krea_tui.storage.store import JobStore
from tests.cli.running import Cli

NOW = 1_790_000_000.0


def a_job(cli: Cli, number: int, **changes: object) -> Job:
    name = f"2026-09/2026-09-21_k3f9t2m7q{number}_fox.png"
    place = cli.data_dir / "pictures" / name
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.write_bytes(b"picture %d" % number)
    saved = Picture("https://example.org/a.png", PictureState.SAVED, name, "00", 9, 20, 30)
    job = Job(
        f"k3f9t2m7q{number}",
        GenerationRequest(f"=cmd fox {number}", number),
        60_000,
        NOW,
        "https://gateway.example",
        status=JobStatus.COMPLETED,
        hold_reason=None,
        pictures=(saved,),
    )
    return replace(job, **changes)  # type: ignore[arg-type]


@pytest.fixture
def stocked(cli: Cli) -> Cli:
    jobs = [a_job(cli, number) for number in range(4)]
    store = JobStore(cli.data_dir / "history.db")
    store.insert([*jobs, a_job(cli, 5, status=JobStatus.FAILED, pictures=(), starred=True)])
    store.close()
    return cli


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_gets_pictures_and_tables(stocked: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = stocked.run("export", "--to", str(out))
    assert ended.code == 0, ended.err
    assert ended.out.splitlines() == [str(out / "jobs.csv"), str(out / "jobs.jsonl")]
    assert f"5 jobs, 4 pictures in {out}" in ended.err
    pictures = [f"2026-09-21_k3f9t2m7q{number}_fox.png" for number in range(4)]
    assert files(out) == [*pictures, "jobs.csv", "jobs.jsonl"]
    assert (out / pictures[2]).read_bytes() == b"picture 2"
    with (out / "jobs.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["seed"] for row in rows] == ["5", "3", "2", "1", "0"]
    assert [row["prompt"] for row in rows] == [f"'=cmd fox {n}" for n in (5, 3, 2, 1, 0)]
    again = stocked.run("export", "--to", str(out))
    assert "(0.0 MB copied)" in again.err
    assert files(out) == [*pictures, "jobs.csv", "jobs.jsonl"]


def test_a_query_and_a_table(stocked: Cli, tmp_path: Path) -> None:
    place = tmp_path / "starred.jsonl"
    ended = stocked.run("export", "is:starred", "--to", str(place))
    assert (ended.code, ended.out) == (0, f"{place}\n"), ended.err
    [job] = [json.loads(line) for line in place.read_text().splitlines()]
    assert (job["id"], job["prompt"]) == ("k3f9t2m7q5", "=cmd fox 5")
    assert files(tmp_path) == ["data", "starred.jsonl"]


def test_what_is_there_is_replaced_only_where_that_is_said(stocked: Cli, tmp_path: Path) -> None:
    place = tmp_path / "jobs.json"
    place.write_text("mine")
    refused = stocked.run("export", "--to", str(place))
    assert refused.code == 2
    assert "is there already" in refused.err
    assert place.read_text() == "mine"
    assert stocked.run("export", "--to", str(place), "--replace").code == 0
    assert len(json.loads(place.read_text())) == 5


def test_a_missing_picture_is_named_and_ends_in_1(stocked: Cli, tmp_path: Path) -> None:
    next((stocked.data_dir / "pictures").rglob("*q1_fox.png")).unlink()
    ended = stocked.run("export", "--to", str(tmp_path / "out"))
    assert ended.code == 1
    assert "k3f9t2m7q1" in ended.err
    assert len(files(tmp_path / "out")) == 5


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--to", "out.xlsx"), ".csv"),
        (("colour:red", "--to", "out"), "colour:"),
        ((), "--to"),
        (("--to", ""), "where to?"),
    ],
)
def test_wrong_usage_writes_nothing(stocked: Cli, words: tuple[str, ...], named: str) -> None:
    ended = stocked.run("export", *words)
    assert ended.code == 2
    assert named in ended.err.splitlines()[0]


def test_a_folder_that_cannot_be_written_is_named(stocked: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = stocked.run("export", "--to", str(tmp_path / "file" / "deep"))
    assert ended.code == 1
    assert str(tmp_path / "file" / "deep") in ended.err


def test_no_history_makes_none_and_no_jobs_make_an_empty_table(cli: Cli, tmp_path: Path) -> None:
    assert cli.run("export", "--to", str(tmp_path / "out")).code == 0
    assert files(tmp_path) == []
    assert cli.run("export", "--to", str(tmp_path / "a.json")).code == 0
    assert (tmp_path / "a.json").read_text() == "[]\n"
    assert files(tmp_path) == ["a.json"]


def test_the_history_is_only_read(stocked: Cli, tmp_path: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in all_files(stocked.data_dir)}
    stocked.run("export", "--to", str(tmp_path / "out"))
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in all_files(stocked.data_dir)}
    assert after == before


def all_files(folder: Path) -> list[Path]:
    names = [Path(where, name) for where, _, found in os.walk(folder) for name in found]
    return [path for path in names if not path.name.endswith(("-wal", "-shm"))]
