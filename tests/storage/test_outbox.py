"""The one outcome that the history refuses: kept whole on a full disk, and believed only as we wrote it."""

import json
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from krea_tui.domain.answers import SubmitAnswer
from krea_tui.domain.errors import StoreError
from krea_tui.domain.events import Accepted, Doubted, NotAccepted, Refused
from krea_tui.domain.job import HoldReason
from krea_tui.domain.outcome import Outcome, OutcomeEvent
from krea_tui.storage.outbox import OutcomeFile


@pytest.fixture
def outbox(tmp_path: Path) -> OutcomeFile:
    return OutcomeFile(tmp_path / "outbox.json")


@pytest.mark.parametrize(
    "event",
    [
        Accepted(1.5, SubmitAnswer("krea-2_019d", "PROCESSING", "https://gateway.example/x")),
        Accepted(2.0, SubmitAnswer("krea-2_019d")),
        NotAccepted(HoldReason.MONEY, "wallet empty", 7.0),
        Refused(3.0, 'no "such" model\nat all'),
        Doubted(4.0, "the gateway hung 日本"),
    ],
)
def test_every_outcome_comes_back_as_it_was(outbox: OutcomeFile, event: OutcomeEvent) -> None:
    assert outbox.load() is None
    outcome = Outcome("k3f9t2m7qa", "attempt-1", event)
    outbox.keep(outcome)
    assert OutcomeFile(outbox.path).load() == outcome
    assert stat.S_IMODE(outbox.path.stat().st_mode) == 0o600
    size = outbox.path.stat().st_size
    outbox.clear()
    assert outbox.load() is None
    assert outbox.path.stat().st_size == size, "the room for the next one stays"


def test_words_and_addresses_of_any_length_leave_the_request_id_whole(outbox: OutcomeFile) -> None:
    outbox.keep(Outcome("a", "b", Accepted(1.0, SubmitAnswer("r" * 200, "QUEUED", "https://" + "日" * 9_000))))
    kept = outbox.load()
    assert kept is not None
    assert kept.request_id == "r" * 200
    size = outbox.path.stat().st_size
    outbox.keep(Outcome("a", "b", Doubted(1.0, "日" * 100_000)))
    assert outbox.load() is not None
    assert outbox.path.stat().st_size == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"job_id": "a", "attempt_id": "b", "event": "Claimed", "at": 1}',
        '{"job_id": "a", "attempt_id": "b", "event": "Accepted", "at": 1, "answer": {"request_id": "../x"}}',
        '{"job_id": "a", "attempt_id": "b", "event": "Accepted", "at": "1", "answer": {"request_id": "x"}}',
        '{"job_id": "a", "attempt_id": "b", "event": "NotAccepted", "reason": "why", "error": "", "not_before": 0}',
        "[" * 100_000,
    ],
    ids=["empty", "cut", "list", "null", "no outcome", "false id", "false time", "false reason", "nested"],
)
def test_what_we_did_not_write_so_is_no_outcome(outbox: OutcomeFile, text: str) -> None:
    outbox.path.write_text(text)
    assert outbox.load() is None
    outbox.clear()
    assert not outbox.path.read_text().strip()


def test_a_link_is_never_written_through(outbox: OutcomeFile, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    outbox.path.symlink_to(tmp_path / "other")
    with pytest.raises(StoreError, match=r"outbox\.json cannot be written"):
        outbox.keep(Outcome("a", "b", Refused(1.0, "no")))
    assert (tmp_path / "other").read_text() == "mine"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk of its own can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_disk_that_is_full_by_now_the_prepared_room_is_enough(small_disk: Path) -> None:
    outbox, unprepared = OutcomeFile(small_disk / "outbox.json"), OutcomeFile(small_disk / "other.json")
    outbox.clear()
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(b"x" * 1_000):
            pass
    outcome = Outcome("k3f9t2m7qa", "attempt-1", Accepted(1.5, SubmitAnswer("krea-2_019d")))
    with pytest.raises(StoreError, match="No space left"):
        unprepared.keep(outcome)
    outbox.keep(outcome)
    assert outbox.load() == outcome
    assert json.loads(outbox.path.read_bytes())["answer"]["request_id"] == "krea-2_019d"
