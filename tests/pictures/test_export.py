"""What an export makes: copies under readable names, tables that are exact, nothing of the person's overwritten."""

import csv
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krea_tui.domain.errors import StoreError, UsageError
from krea_tui.domain.job import Job, JobStatus, PictureState
from krea_tui.domain.job_json import job_json
from krea_tui.domain.request import GenerationRequest, Style, StyleReference
from krea_tui.pictures import disk
from krea_tui.pictures.export import Export, Exported, Progress, Target, copy_to, size_of, target_of
from krea_tui.pictures.files import PictureFiles
from krea_tui.pictures.tables import cell_of
from tests.pictures.making import a_job, encoded, save

COLOURS = ("teal", "coral", "khaki", "navy", "plum", "olive")


@pytest.fixture
def store(tmp_path: Path) -> PictureFiles:
    return PictureFiles(tmp_path / "pictures")


def saved_job(store: PictureFiles, number: int = 0, prompt: str = "paper boats in a storm") -> Job:
    job = a_job(prompt, f"k3f9t2m7q{'abcdefgh'[number]}")
    saved = save(store, job, encoded(colour=COLOURS[number % len(COLOURS)]))
    [picture] = job.pictures
    picture = replace(picture, state=PictureState.SAVED, path=saved.path, size_bytes=saved.size_bytes)
    return replace(job, pictures=(picture,))


def export(store: PictureFiles, jobs: Sequence[Job], to: Path | str, **changes: object) -> Exported:
    return Export(store, target_of(str(to)), **changes).run(jobs)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_folder_gets_pictures_and_both_tables(store: PictureFiles, tmp_path: Path) -> None:
    jobs = [saved_job(store, n) for n in range(3)]
    failed = replace(a_job("a kite", "k3f9t2m7qz"), status=JobStatus.FAILED, pictures=(), error="no wind")
    out = tmp_path / "out" / "deep"
    told: list[Progress] = []

    def heed(progress: Progress) -> bool:
        told.append(progress)
        return True

    done = export(store, [*jobs, failed], out, heed=heed)
    assert done == Exported(told[-1], (), (out / "jobs.csv", out / "jobs.jsonl"), is_whole=True)
    assert [progress.jobs for progress in told] == [1, 2, 3, 4]
    assert (told[-1].pictures, told[-1].copied_bytes) == (3, size_of(jobs).copied_bytes)
    pictures = [Path(str(job.picture_path)).name for job in jobs]
    assert names(out) == sorted([*pictures, "jobs.csv", "jobs.jsonl"])
    for job, name in zip(jobs, pictures, strict=True):
        assert (out / name).read_bytes() == store.absolute(str(job.picture_path)).read_bytes()
    table = rows(out / "jobs.csv")
    assert [row["images"] for row in table] == [*pictures, ""]
    assert [row["error"] for row in table] == ["", "", "", "no wind"]
    exact = [json.loads(line) for line in (out / "jobs.jsonl").read_text().splitlines()]
    assert exact == [job_json(job, lambda path: Path(path).name) for job in [*jobs, failed]]


def test_a_second_export_copies_nothing_twice_and_overwrites_nothing(store: PictureFiles, tmp_path: Path) -> None:
    first, second = saved_job(store, 0), saved_job(store, 1)
    out = tmp_path / "out"
    export(store, [first], out)
    mine = out / Path(str(second.picture_path)).name
    mine.write_text("the person's own")
    before = {name: (out / name).stat().st_ino for name in names(out)}
    assert export(store, [first], out).progress.copied_bytes == 0
    assert {name: (out / name).stat().st_ino for name in names(out)} == before
    done = export(store, [first, second], out)
    assert mine.read_text() == "the person's own"
    assert done.tables == (out / "jobs (2).csv", out / "jobs (2).jsonl")
    copy = out / f"{mine.stem} (2){mine.suffix}"
    assert copy.read_bytes() == store.absolute(str(second.picture_path)).read_bytes()
    assert rows(out / "jobs (2).csv")[1]["images"] == copy.name
    assert len(rows(out / "jobs.csv")) == 1


@pytest.mark.parametrize("name", ["jobs.csv", "jobs.jsonl", "jobs.json", "JOBS.CSV"])
def test_a_table_alone_says_where_the_pictures_lie(store: PictureFiles, tmp_path: Path, name: str) -> None:
    job = saved_job(store)
    place = tmp_path / "new" / name
    assert export(store, [job, job], place).tables == (place,)
    assert names(place.parent) == [name]
    lies = str(store.absolute(str(job.picture_path)))
    text = place.read_text()
    if name.lower().endswith("csv"):
        assert [row["images"] for row in rows(place)] == [lies] * 2
    else:
        whole = json.loads(text) if name == "jobs.json" else [json.loads(line) for line in text.splitlines()]
        assert whole == [job_json(job, lambda _path: lies)] * 2


@pytest.mark.parametrize(("name", "text"), [("a.json", "[]\n"), ("a.jsonl", "")])
def test_no_jobs_are_an_empty_table(store: PictureFiles, tmp_path: Path, name: str, text: str) -> None:
    export(store, [], tmp_path / name)
    assert (tmp_path / name).read_text() == text


def test_no_jobs_are_a_csv_of_headings(store: PictureFiles, tmp_path: Path) -> None:
    export(store, [], tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().splitlines() == [",".join(job_json(a_job(), str))]


def test_what_is_missing_is_named_and_the_rest_goes_on(store: PictureFiles, tmp_path: Path) -> None:
    gone, there = saved_job(store, 0), saved_job(store, 1)
    store.absolute(str(gone.picture_path)).unlink()
    hostile = replace(there, id="k3f9t2m7qz", pictures=(replace(there.pictures[0], path="../../etc/passwd"),))
    done = export(store, [gone, hostile, there], tmp_path / "out")
    assert (done.missing, done.progress.pictures, done.is_whole) == ((gone.id, hostile.id), 1, True)
    assert [row["id"] for row in rows(tmp_path / "out" / "jobs.csv")] == [gone.id, hostile.id, there.id]


def test_one_that_is_stopped_says_what_it_has_made(store: PictureFiles, tmp_path: Path) -> None:
    jobs = [saved_job(store, n) for n in range(3)]
    done = export(store, jobs, tmp_path / "out", heed=lambda progress: progress.jobs < 2)
    assert (done.progress.jobs, done.is_whole) == (2, False)
    assert len(rows(tmp_path / "out" / "jobs.csv")) == 2
    assert len(names(tmp_path / "out")) == 4


def test_a_full_disk_leaves_no_half_file(store: PictureFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [saved_job(store, n) for n in range(2)]

    def write_all(handle: int, data: bytes) -> None:
        os.write(handle, data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "write_all", write_all)
    with pytest.raises(StoreError, match="No space left") as caught:
        export(store, jobs, tmp_path / "out")
    assert "export again" in caught.value.advice
    assert names(tmp_path / "out") == []


def test_a_file_system_without_links_gets_copies_too(
    store: PictureFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_place: Path, _draft: Path) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    job = saved_job(store)
    export(store, [job], tmp_path / "out")
    assert len(names(tmp_path / "out")) == 3
    assert (tmp_path / "out" / Path(str(job.picture_path)).name).read_bytes() == store.absolute(
        str(job.picture_path)
    ).read_bytes()


def test_a_table_that_is_there_is_replaced_only_where_that_was_said(store: PictureFiles, tmp_path: Path) -> None:
    place = tmp_path / "jobs.csv"
    place.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        target_of(str(place))
    with pytest.raises(StoreError, match="meanwhile"):
        Export(store, Target(place, is_table=True)).run([saved_job(store)])
    assert place.read_text() == "mine"
    assert names(tmp_path) == ["jobs.csv", "pictures"]
    Export(store, target_of(str(place), may_replace=True), may_replace=True).run([saved_job(store)])
    assert len(rows(place)) == 1
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_where_it_goes_is_read_from_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "odd.csv").mkdir()
    (tmp_path / "file").touch()
    assert target_of("a.csv") == Target(tmp_path / "a.csv", is_table=True)
    assert target_of("a.csv").folder == tmp_path
    assert target_of("~/b") == Target(tmp_path / "home" / "b", is_table=False)
    assert target_of("odd.csv") == Target(tmp_path / "odd.csv", is_table=False)
    assert target_of("krea.2026") == Target(tmp_path / "krea.2026", is_table=False)
    assert target_of("a.json/").is_table is False
    for wrong in ("", "  ", "file", "jobs.xlsx", "a.zip"):
        with pytest.raises(UsageError):
            target_of(wrong)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'    =1"),
        ("\r=1", "'\n=1"),
        ("\u200b=1", "'=1"),
        ("\uff1d1", "'\uff1d1"),
        (-1, "-1"),
        (True, "yes"),
        (None, ""),
        ("red \x1b[31m \u202e end", "red [31m  end"),
        ([], ""),
        (["=a", "b"], "'=a; b"),
    ],
)
def test_no_cell_is_a_formula_or_a_control(value: object, cell: str) -> None:
    assert cell_of(value) == cell


def test_guidance_is_told_with_its_strength(store: PictureFiles, tmp_path: Path) -> None:
    request = GenerationRequest(
        'two\nlines, a "quote"; and more',
        7,
        image_style_references=(StyleReference("https://a.example/1.png", 0.4),),
        styles=(Style("ink", 0.8),),
    )
    export(store, [replace(a_job(), request=request)], tmp_path / "a.csv")
    [row] = rows(tmp_path / "a.csv")
    assert row["prompt"] == request.prompt
    assert (row["image_style_references"], row["styles"]) == ("https://a.example/1.png @0.4", "ink @0.8")


contents = st.binary(min_size=1, max_size=3)
known_names = st.sampled_from(["a.png", "a (2).png", "a (3).png", "b.png", "a.b.png"])


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(known_names, contents), st.lists(st.tuples(known_names, contents), max_size=12))
def test_every_copy_is_there_and_nothing_is_overwritten(own: dict[str, bytes], copies: list[tuple[str, bytes]]) -> None:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, data in own.items():
            (folder / name).write_bytes(data)
        for name, data in copies:
            copy, _ = copy_to(folder, name, data)
            assert copy.read_bytes() == data
            assert copy_to(folder, name, data) == (copy, False)
        for name, data in own.items():
            assert (folder / name).read_bytes() == data
        assert not [name for name in names(folder) if name.endswith(".part")]
