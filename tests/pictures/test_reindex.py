"""Jobs come back from the records of their pictures, also from those inside, and nothing false is believed."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from krea_tui.domain.job import Charge, Job, JobStatus, PictureState
from krea_tui.domain.request import Moodboard, Style, StyleReference
from krea_tui.pictures.files import PictureFiles
from krea_tui.pictures.reindex import has_records, reindex
from tests.pictures.making import NOV_22, URL, a_job, encoded, save


@pytest.fixture
def store(tmp_path: Path) -> PictureFiles:
    return PictureFiles(tmp_path / "pictures")


def sidecar_at(store: PictureFiles, path: str) -> Path:
    return store.root / f"{path}.json"


def change(file: Path, part: str, **fields: object) -> None:
    record = json.loads(file.read_bytes())
    (record[part] if part else record).update(fields)
    file.write_text(json.dumps(record))


def a_rich_job() -> Job:
    job = a_job(prompt="paper boats [red]\nin a storm, 日本")
    request = replace(
        job.request,
        styles=(Style("watercolour", 0.5),),
        moodboards=(Moodboard("019d0000-0000-7000-8000-000000000000", 0.4),),
        image_style_references=(StyleReference("https://example.org/a.png", -1.0),),
    )
    return replace(
        job,
        request=request,
        price_microusd=65_000,
        batch_id="batch00001",
        retry_of="k3f9t2m7qb",
        attempted_at=NOV_22 - 28,
        submitted_at=NOV_22 - 27,
        gateway_created_at="2026-11-22T13:59:33Z",
        gateway_completed_at="2026-11-22T13:59:59Z",
        model_id="krea-2-large",
    )


def test_a_job_comes_back_with_all_that_is_needed_to_make_it_again(store: PictureFiles) -> None:
    job = a_rich_job()
    saved = save(store, job, encoded())
    [found] = reindex(store.root).jobs.values()
    assert found.request == job.request
    assert found == replace(
        job,
        hold_reason=None,
        key_fingerprint=None,
        answered_at=NOV_22 + 5,
        pictures=found.pictures,
    )
    assert (found.status, found.is_done, found.charge) == (JobStatus.COMPLETED, True, Charge.SPENT)
    [picture] = found.pictures
    assert (picture.state, picture.path, picture.url) == (PictureState.SAVED, saved.path, URL)
    assert (picture.sha256, picture.size_bytes) == (saved.sha256, saved.size_bytes)
    assert (picture.width, picture.height) == (12, 8)


@pytest.mark.parametrize("spoil", ["gone", "cut", "words"])
def test_without_a_sidecar_the_picture_itself_tells(store: PictureFiles, spoil: str) -> None:
    job = a_rich_job()
    saved = save(store, job, encoded())
    sidecar = sidecar_at(store, saved.path)
    if spoil == "gone":
        sidecar.unlink()
    else:
        sidecar.write_text(sidecar.read_text()[:200] if spoil == "cut" else "no JSON")
    [found] = reindex(store.root).jobs.values()
    assert (found.request, found.request_id, found.price_microusd) == (job.request, job.request_id, 65_000)
    assert (found.attempted_at, found.pictures[0].state) == (NOV_22 - 28, PictureState.SAVED)


def test_an_older_record_counts_its_money_on_the_day_it_was_accepted(store: PictureFiles) -> None:
    job = replace(a_job(), submitted_at=NOV_22 - 20)
    saved = save(store, job, encoded())
    sidecar = sidecar_at(store, saved.path)
    record = json.loads(sidecar.read_bytes())
    del record["job"]["attempted_at"]
    del record["picture"]["count"]
    sidecar.write_text(json.dumps(record))
    [found] = reindex(store.root).jobs.values()
    assert (found.attempted_at, len(found.pictures)) == (NOV_22 - 20, 1)
    record["job"]["submitted_at"] = None
    sidecar.write_text(json.dumps(record))
    [found] = reindex(store.root).jobs.values()
    assert found.attempted_at == job.created_at


def test_every_picture_of_a_job_has_its_place_and_one_that_is_missing_is_lost(store: PictureFiles) -> None:
    job = replace(a_job(pictures=4), request_id="four")
    for index in (0, 2):
        save(store, job, encoded(colour=("teal", "red", "blue")[index]), index)
    [found] = reindex(store.root).jobs.values()
    states = [picture.state for picture in found.pictures]
    assert states == [PictureState.SAVED, PictureState.LOST, PictureState.SAVED, PictureState.LOST]
    assert found.error == "2 of 4 pictures lost"
    assert found.is_done


def test_a_picture_that_was_altered_or_is_gone_is_lost_and_a_job_without_any_does_not_come_back(
    store: PictureFiles,
) -> None:
    one, two = replace(a_job(pictures=2), request_id="one"), a_job(job_id="m7qak3f9t2")
    kept, cut, gone = (
        save(store, one, encoded()),
        save(store, one, encoded(colour="red"), 1),
        save(store, two, encoded("JPEG")),
    )
    os.truncate(store.root / cut.path, 20)
    (store.root / gone.path).unlink()
    result = reindex(store.root)
    assert set(result.jobs) == {one.id}
    assert [picture.path for picture in result.jobs[one.id].pictures] == [kept.path, None]
    assert result.pictures == 1


def test_removed_pictures_and_what_is_not_ours_stay_where_they_are(store: PictureFiles) -> None:
    assert not has_records(store.root)
    removed = save(store, a_job(), encoded())
    assert has_records(store.root)
    store.remove(removed.path)
    month = store.root / "2026-11"
    (month / "holiday.png").write_bytes(encoded())
    (month / "holiday.png.json").write_text("{}")
    (month / "2026-11-22_k3f9t2m7qc_a-dog.png").write_bytes(encoded())
    (store.root / "2026-12").symlink_to(store.root / ".trash" / "2026-11")
    result = reindex(store.root)
    assert not result.jobs
    assert result.unreadable == 1


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("", {"version": 2}),
        ("", {"request": {"prompt": "", "seed": 1}}),
        ("", {"request": {"prompt": "x", "seed": -1}}),
        ("", {"request": "words"}),
        ("", {"job": []}),
        ("job", {"id": "../../etc"}),
        ("job", {"id": "m7qak3f9t2"}),
        ("job", {"price_microusd": -60_000}),
        ("job", {"price_microusd": 10**30}),
        ("job", {"price_microusd": True}),
        ("job", {"created_at": None}),
        ("job", {"created_at": "99999-01-01T00:00:00+00:00"}),
        ("picture", {"index": -1}),
        ("picture", {"index": 10**12}),
        ("picture", {"sha256": "0" * 63}),
        ("picture", {"width": "wide"}),
    ],
)
def test_a_record_that_we_did_not_write_so_is_not_believed(
    store: PictureFiles, part: str, fields: dict[str, object]
) -> None:
    # A JPEG has no second record inside.
    saved = save(store, a_job(), encoded("JPEG"))
    assert reindex(store.root).jobs
    change(sidecar_at(store, saved.path), part, **fields)
    result = reindex(store.root)
    assert not result.jobs
    assert result.unreadable == 1


def test_hostile_text_is_cleaned_and_a_false_request_id_is_none(store: PictureFiles) -> None:
    saved = save(store, a_job(), encoded("JPEG"))
    file = sidecar_at(store, saved.path)
    change(file, "job", request_id="../x?y", model_id="\x1b]0;owned\x07" + "m" * 9_000, profile="\u202eevil")
    [found] = reindex(store.root).jobs.values()
    assert found.request_id is None
    assert found.model_id is not None
    assert "\x1b" not in found.model_id
    assert len(found.model_id) <= 4_096
    assert found.profile == "evil"


def test_a_record_nested_beyond_reason_is_left_out(store: PictureFiles) -> None:
    saved = save(store, a_job(), encoded("JPEG"))
    sidecar_at(store, saved.path).write_text('{"version": 1, "job": ' + "[" * 100_000)
    assert reindex(store.root).unreadable == 1


def test_of_two_files_for_one_picture_the_whole_one_counts(store: PictureFiles) -> None:
    job = a_job()
    first = save(store, job, encoded("JPEG"))
    second = save(store, job, encoded("JPEG", "red"))
    assert second.path != first.path
    (store.root / first.path).unlink()
    [found] = reindex(store.root).jobs.values()
    assert found.picture_path == second.path
