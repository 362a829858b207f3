import re
import time
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.errors import StoreError
from krea_tui.domain.job import Job, new_id
from krea_tui.domain.request import GenerationRequest
from krea_tui.pictures.names import checked_path, export_name, months_of, picture_path, sidecar_of

NOV_22 = 1_795_356_000.0
PROMPTS = st.text(min_size=1, max_size=300).filter(lambda text: bool(text.strip()))


def a_job(prompt: str = "paper boats in a storm", completed_at: float | None = NOV_22) -> Job:
    request = GenerationRequest(prompt, seed=1)
    return Job("k3f9t2m7qa", request, 60_000, NOV_22 - 86_400, "demo", completed_at=completed_at)


def test_a_name_tells_day_job_and_prompt() -> None:
    assert str(picture_path(a_job(), 0, "png")) == "2026-11/2026-11-22_k3f9t2m7qa_paper-boats-in-a-storm.png"
    assert export_name(a_job(), 1, "jpg") == "2026-11-22_k3f9t2m7qa_paper-boats-in-a-storm-2.jpg"
    assert export_name(a_job(completed_at=None), 0, "png").startswith("2026-11-21_")
    assert export_name(a_job("紙の船"), 0, "png") == "2026-11-22_k3f9t2m7qa.png"
    assert export_name(a_job("紙の船"), 2, "png") == "2026-11-22_k3f9t2m7qa-3.png"


def test_the_day_is_the_local_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XXX-14")
    time.tzset()
    try:
        assert export_name(a_job(), 0, "png").startswith("2026-11-23_")
    finally:
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()


def test_a_job_at_the_end_of_a_month_is_looked_for_in_both() -> None:
    assert months_of(a_job()) == ("2026-11",)
    assert set(months_of(a_job(completed_at=NOV_22 + 8 * 86_400))) == {"2026-11", "2026-12"}


def test_a_picture_that_cannot_be_is_refused() -> None:
    for index in (-1, 10_000):
        with pytest.raises(StoreError):
            picture_path(a_job(), index, "png")


@given(PROMPTS, st.integers(0, 9_999), st.sampled_from(["png", "jpg", "webp", "gif", "avif"]), st.integers(1, 99))
def test_every_name_is_safe_and_taken_back(prompt: str, index: int, extension: str, version: int) -> None:
    path = picture_path(a_job(prompt), index, extension, version=version)
    assert re.fullmatch(r"[0-9-]{7}/[0-9A-Za-z_.-]{1,90}", str(path))
    assert checked_path(str(path)) == path
    assert sidecar_of(path) == PurePosixPath(f"{path}.json")


@given(PROMPTS)
def test_pictures_and_versions_of_a_job_have_names_of_their_own(prompt: str) -> None:
    job = a_job(prompt)
    names = [str(picture_path(job, index, "png", version=version)) for index in range(4) for version in range(1, 4)]
    assert len(set(names)) == len(names)


def test_the_stores_ids_fit_into_names() -> None:
    request = GenerationRequest("x", seed=1)
    assert picture_path(Job(new_id(), request, 60_000, NOV_22, "demo"), 0, "png").suffix == ".png"
