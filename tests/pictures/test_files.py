import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from krea_tui.domain.errors import DownloadError, StoreError
from krea_tui.pictures import disk
from krea_tui.pictures.errors import DiskFull, DiskTrouble, FolderNotWritable, disk_trouble
from krea_tui.pictures.files import PictureFiles
from krea_tui.pictures.part import PartFile
from krea_tui.pictures.png_text import read_parameters
from tests.pictures.making import NOV_22, URL, a_job, encoded, left_in, save


@pytest.fixture
def store(tmp_path: Path) -> PictureFiles:
    return PictureFiles(tmp_path / "pictures")


def test_a_picture_is_saved_whole_with_its_parameters(store: PictureFiles) -> None:
    data = encoded()
    saved = save(store, a_job(), data)
    assert saved.path == "2026-11/2026-11-22_k3f9t2m7qa_paper-boats-in-a-storm.png"
    assert saved.sha256 == hashlib.sha256(data).hexdigest()
    assert (saved.width, saved.height, saved.format) == (12, 8, "png")
    on_disk = store.absolute(saved.path).read_bytes()
    assert saved.size_bytes == len(on_disk) > len(data)
    assert left_in(store) == [saved.path, f"{saved.path}.json"]
    inside = read_parameters(on_disk)
    assert inside.line is not None
    assert inside.line.startswith("paper boats in a storm\nSeed: 777, Size: 12x8, ")
    sidecar = json.loads((store.root / f"{saved.path}.json").read_bytes())
    assert sidecar["request"] == a_job().request.body()
    assert sidecar["url"] == URL
    assert sidecar["file"]["sha256"] == hashlib.sha256(on_disk).hexdigest()
    assert sidecar["job"]["completed_at"] == "2026-11-22T14:00:00.000000+00:00"
    assert inside.record == {key: sidecar[key] for key in ("version", "request", "job", "picture")}
    assert "signature" not in on_disk.decode("latin-1")
    assert "f1f2f3f4f5f6" not in json.dumps(sidecar)


def test_everything_is_private(store: PictureFiles) -> None:
    before = os.umask(0)
    try:
        part = store.begin(a_job(), 0)
        part.write(encoded())
        modes = {stat.S_IMODE(part.path.stat().st_mode)}
        store.finish(part, a_job(), 0, NOV_22)
    finally:
        os.umask(before)
    paths = list(store.root.rglob("*"))
    modes |= {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in [store.root, *paths] if path.is_dir()} == {0o700}


@pytest.mark.parametrize(("kind", "extension"), [("JPEG", "jpg"), ("WEBP", "webp"), ("GIF", "gif")])
def test_other_formats_stay_as_they_came_with_parameters_beside_them(
    store: PictureFiles, kind: str, extension: str
) -> None:
    data = encoded(kind)
    saved = save(store, a_job(), data)
    assert saved.path.endswith(f".{extension}")
    assert store.absolute(saved.path).read_bytes() == data
    assert saved.size_bytes == len(data)
    assert (store.root / f"{saved.path}.json").is_file()


def test_several_pictures_of_a_job_have_numbers(store: PictureFiles) -> None:
    job = a_job(pictures=3)
    paths = [
        save(store, job, encoded(colour=colour), index).path for index, colour in enumerate(("red", "lime", "blue"))
    ]
    assert [path.partition("storm")[2] for path in paths] == [".png", "-2.png", "-3.png"]
    assert [found and found.path for found in (store.find_saved(job, index) for index in range(4))] == [*paths, None]


@pytest.mark.parametrize(
    "prompt",
    ["../../etc/passwd", "/", "..", "\x00\n", "CON", "a" * 5_000, "紙の船", "-rf .", "x\u202egnp.exe"],
)
def test_no_prompt_leads_out_of_the_folder(store: PictureFiles, prompt: str) -> None:
    saved = save(store, a_job(prompt if prompt.strip() else f"x{prompt}"), encoded())
    found = store.absolute(saved.path)
    assert found.resolve().parent == (store.root / "2026-11").resolve()
    assert found.name.isascii()
    assert len(found.name) < 80
    assert (
        json.loads((store.root / f"{saved.path}.json").read_bytes())["request"]["prompt"]
        == a_job(prompt).request.prompt
    )


@pytest.mark.parametrize(
    "path", ["../x.png", "/etc/passwd", "2026-11/../../x.png", "2026-11/x.png", "", "2026-11/2026-11-22_a.png\n"]
)
def test_only_our_own_paths_are_followed(store: PictureFiles, path: str) -> None:
    for use in (store.absolute, store.remove, store.restore):
        with pytest.raises(StoreError, match="not the path of a picture"):
            use(path)


def test_a_job_id_that_is_not_ours_is_refused(store: PictureFiles) -> None:
    with pytest.raises(StoreError, match="not a job id"):
        store.begin(a_job(job_id="../../x"), 0)


def test_what_is_no_picture_is_refused_and_its_part_removed(store: PictureFiles) -> None:
    for data in (b"", b"<html>busy</html>", encoded()[:-20]):
        with pytest.raises(DownloadError):
            save(store, a_job(), data)
    assert left_in(store) == []


def test_a_part_is_limited(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "x.part", limit_bytes=10)
    part.write(b"0123456789")
    with pytest.raises(DownloadError, match="larger than 10 bytes") as caught:
        part.write(b"x")
    assert caught.value.permanent
    assert part.received.size_bytes == 10
    part.discard()
    part.discard()
    assert not part.path.exists()


def test_a_part_that_was_altered_on_disk_is_not_saved(store: PictureFiles) -> None:
    part = store.begin(a_job(), 0)
    part.write(encoded())
    part.path.write_bytes(encoded(colour="red"))
    with pytest.raises(DownloadError, match="altered") as caught:
        store.finish(part, a_job(), 0, NOV_22)
    assert not caught.value.permanent
    assert left_in(store) == []


def test_a_part_never_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "x.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DiskTrouble):
        PartFile(tmp_path / "x.part")
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_in_place_of_a_folder_is_refused(store: PictureFiles, tmp_path: Path) -> None:
    store.root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (store.root / ".incoming").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DiskTrouble):
        store.begin(a_job(), 0)


class Killed(BaseException):
    """The process ends here."""


def finish_in_so_many_steps(part: PartFile, store: PictureFiles, steps: int) -> bool:
    """Whether saving got to its end before the process died at step `steps`."""
    taken = 0

    def stops(real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **named: object) -> object:
            nonlocal taken
            if taken == steps:
                raise Killed
            taken += 1
            return real(*arguments, **named)

        return step

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((os, "open"), (os, "fsync"), (disk, "write_all"), (Path, "rename"), (Path, "replace")):
            patch.setattr(owner, name, stops(getattr(owner, name)))
        try:
            store.finish(part, a_job(), 0, NOV_22)
        except Killed:
            return False
    return True


def test_a_crash_between_any_two_steps_leaves_no_picture_without_parameters(tmp_path: Path) -> None:
    job, data = a_job(), encoded()
    for steps in range(40):
        store = PictureFiles(tmp_path / f"{steps}")
        part = store.begin(job, 0)
        part.write(data)
        finished = finish_in_so_many_steps(part, store, steps)
        pictures = [name for name in left_in(store) if name.endswith(".png")]
        assert all(f"{name}.json" in left_in(store) for name in pictures)
        assert pictures or not finished

        after = PictureFiles(store.root)
        after.sweep()
        found = after.find_saved(job, 0)
        assert (found is not None) == bool(pictures)
        saved = save(after, job, data)
        assert found is None or saved == found
        assert left_in(after) == [saved.path, f"{saved.path}.json"]
        if finished:
            break
    else:
        pytest.fail("saving never came to its end")
    assert steps >= 12


def test_the_same_bytes_again_are_the_same_picture(store: PictureFiles) -> None:
    first = save(store, a_job(), encoded())
    again = save(store, a_job(), encoded(), at=NOV_22 + 90_000)
    assert again == first
    assert len(left_in(store)) == 2


def test_a_picture_is_found_again_in_another_time_zone(store: PictureFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    first = save(store, a_job(), encoded())
    monkeypatch.setenv("TZ", "XXX-14")
    time.tzset()
    try:
        assert store.find_saved(a_job(), 0) == first
        assert save(store, a_job(), encoded()) == first
    finally:
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()


def test_other_bytes_never_replace_a_picture(store: PictureFiles) -> None:
    first = save(store, a_job(), encoded(colour="red"))
    second = save(store, a_job(), encoded(colour="blue"))
    assert second.path == first.path.replace(".png", ".v2.png")
    assert save(store, a_job(), encoded(colour="blue")) == second
    assert store.find_saved(a_job(), 0) in {first, second}
    assert len(left_in(store)) == 4


def test_a_damaged_picture_is_not_taken_for_saved(store: PictureFiles) -> None:
    first = save(store, a_job(), encoded())
    store.absolute(first.path).write_bytes(b"cut")
    assert store.find_saved(a_job(), 0) is None
    second = save(store, a_job(), encoded())
    assert second.path != first.path
    assert store.find_saved(a_job(), 0) == second


@pytest.mark.parametrize("sidecar", [b"", b"[]", b"{}", b'{"version": 1, "job": 3}', b"[" * 100_000, b"\xff"])
def test_a_broken_sidecar_does_no_harm(store: PictureFiles, sidecar: bytes) -> None:
    first = save(store, a_job(), encoded())
    (store.root / f"{first.path}.json").write_bytes(sidecar)
    assert store.find_saved(a_job(), 0) is None


def test_a_full_disk_keeps_the_download_for_another_try(store: PictureFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    part = store.begin(a_job(), 0)
    part.write(encoded())

    def full(_handle: int, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(disk, "write_all", full)
        with pytest.raises(DiskFull, match="the disk is full: cannot save a picture"):
            store.finish(part, a_job(), 0, NOV_22)
    assert left_in(store) == [f".incoming/{part.path.name}"]
    saved = store.finish(part, a_job(), 0, NOV_22)
    assert left_in(store) == [saved.path, f"{saved.path}.json"]


def test_a_real_full_device_is_told(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "x.part")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, part._handle)
    os.close(full)
    with pytest.raises(DiskFull):
        part.write(b"x")
    assert part.received.size_bytes == 0
    part.discard()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, FolderNotWritable),
        (errno.EACCES, FolderNotWritable),
        (errno.EIO, DiskTrouble),
    ],
)
def test_troubles_are_told_apart(number: int, expected: type[DiskTrouble]) -> None:
    trouble = disk_trouble(OSError(number, os.strerror(number)), "save a picture")
    assert type(trouble) is expected
    assert os.strerror(number) in str(trouble)
    assert trouble.advice


def test_stale_parts_are_swept_and_pictures_are_not(store: PictureFiles) -> None:
    store.sweep()
    saved = save(store, a_job(), encoded())
    store.begin(a_job(), 0).write(b"half of it")
    store.sweep()
    assert left_in(store) == [saved.path, f"{saved.path}.json"]
