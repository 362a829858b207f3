"""What is said about a job: caption, standing, details; whatever the prompt and the gateway hold."""

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import Style, StyleReference
from krea_tui.ui.job_text import caption_of, details_of, standing_of, title_of, took
from tests.ui.app_support import NOW, a_job, a_request

ESTIMATE = DurationEstimate()
HOSTILE = "a [red]cat[/sad] [link=x]\x1b[31;1m\x1b]0;t\x07\u202eevil\u2066\r\nnext\u2028line \ue000\x9b2J"
SAVED = Picture(url="https://media.example/x", state=PictureState.SAVED, path="2026-11/2026-11-22_one.png")


def standing(job: Job, *, plain: bool = False) -> str:
    return standing_of(job, NOW, ESTIMATE, plain=plain).plain


def is_safe(text: str) -> bool:
    return all(
        character == "\n" or unicodedata.category(character) not in {"Cc", "Cs", "Co", "Zl", "Zp"} for character in text
    ) and not re.search("[\u202a-\u202e\u2066-\u2069]", text)


def test_a_caption_is_one_line_of_what_made_the_picture() -> None:
    request = a_request(
        image_style_references=(StyleReference("https://x.example/1", 0.5), StyleReference("https://x.example/2", 0.5)),
        styles=(Style("3f2a0e6c-8d7a-4a63-9d5b-0d2f3d7a1c11", 0.3),),
    )
    job = a_job(
        "a", JobStatus.COMPLETED, request=request, price_microusd=65_000, submitted_at=NOW - 60,
        completed_at=NOW - 45, pictures=(SAVED,),
    )  # fmt: skip
    assert caption_of(job) == (
        "1:1 · medium · seed 777 · 2 references · 1 style · $0.065 · 15 s · 22 Nov 14:02 · saved"
    )
    lost = replace(SAVED, state=PictureState.LOST)
    assert caption_of(replace(job, pictures=(lost,))).endswith("picture lost")
    short = caption_of(job, 40)
    assert len(short) <= 40
    assert short.endswith("saved")
    assert f"seed {job.request.seed}" in short


def test_a_duration_needs_both_ends() -> None:
    job = a_job("a", submitted_at=NOW, completed_at=NOW - 5)
    assert took(job) == 0.0
    assert took(replace(job, completed_at=None)) is None
    assert took(replace(job, submitted_at=None)) is None


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (HoldReason.READY, "Sending stands still"),
        (HoldReason.RETRY, "Sending stands still"),
        (HoldReason.MONEY, "the wallet is empty"),
        (HoldReason.LEFT_OVER, "Left over from an earlier session"),
    ],
)
def test_no_turn_is_promised_while_nothing_is_sent(reason: HoldReason, words: str) -> None:
    job = a_job("a", JobStatus.HELD, hold_reason=reason)
    said = standing_of(job, NOW, ESTIMATE, is_standing=True).plain
    assert words in said
    assert "when its turn comes" not in said
    assert ("when its turn comes" in standing(job)) is (reason is HoldReason.READY)


@pytest.mark.parametrize("status", list(JobStatus))
@pytest.mark.parametrize("plain", [False, True])
def test_every_status_says_how_it_stands_and_what_can_be_done(status: JobStatus, plain: bool) -> None:
    words = standing(a_job("a", status, error="the gateway's own words"), plain=plain)
    assert len(words.split("\n\n")) == 3
    assert not plain or words.isascii()


@pytest.mark.parametrize("reason", list(HoldReason))
def test_every_held_job_says_what_lets_it_go(reason: HoldReason) -> None:
    words = standing(a_job("a", JobStatus.HELD, hold_reason=reason))
    assert len(words.splitlines()[-1]) > 10
    assert max(len(line) for line in words.splitlines()) <= 74


@pytest.mark.parametrize("status", list(JobStatus))
def test_no_standing_wraps_in_the_preview_of_an_ordinary_terminal(status: JobStatus) -> None:
    assert max(len(line) for line in standing(a_job("a", status)).splitlines()) <= 74


def test_a_word_of_the_gateway_that_nobody_knows_is_shown_as_it_came() -> None:
    assert "thinking hard" in standing(a_job("a", JobStatus.PROCESSING, gateway_status="THINKING HARD"))


def test_progress_follows_the_learned_duration_and_is_never_over_before_the_answer() -> None:
    job = a_job("a", JobStatus.PROCESSING, submitted_at=NOW - 5)
    soon = standing_of(job, NOW, ESTIMATE)
    late = standing_of(job, NOW + 600, ESTIMATE)
    assert "0:05 · about" in soon.plain
    assert "10:05 · longer than usual" in late.plain


def test_a_finished_job_says_that_its_picture_is_fetched() -> None:
    job = a_job("a", JobStatus.COMPLETED, submitted_at=NOW - 9, pictures=(Picture(url="https://media.example/x"),))
    assert "0:09 · fetching the picture" in standing(job)
    broken = replace(job, pictures=(Picture(url="https://media.example/x", error="[b]reset\nby peer"),))
    assert "[b]reset by peer, trying again" in standing(broken)


@pytest.mark.parametrize("width", [20, 40, 74])
def test_details_stay_in_their_width_and_under_their_label(width: int) -> None:
    job = a_job(
        "a", request=a_request("short"), error="word " * 40, request_id="x" * 100, pictures=(SAVED,), model_id="m" * 60
    )
    lines = details_of(job, width).plain.splitlines()
    assert max(len(line) for line in lines) <= max(width, 21)
    assert "x" * 100 in "".join(line[13:] for line in lines)


def test_a_request_id_stands_in_one_line_beside_the_picture() -> None:
    from krea_tui.ui.widgets.preview_pane import _DETAILS_MARGIN, DETAILS_CELLS

    job = a_job("a", request_id="9b1c5a44-6f0e-4f5c-9a35-0c6cbb1d7a55")
    assert "9b1c5a44-6f0e-4f5c-9a35-0c6cbb1d7a55" in details_of(job, DETAILS_CELLS - _DETAILS_MARGIN).plain


def hostile_job(text: str) -> Job:
    prompt = f"w {text}"
    picture = Picture(url=f"https://media.example/{text}", error=text, state=PictureState.LOST)
    return a_job(
        "a", JobStatus.COMPLETED, request=a_request(prompt), error=text, request_id=text, model_id=text,
        gateway_status=text, profile=text, retry_of=text, pictures=(picture,), completed_at=NOW,
    )  # fmt: skip


def assert_harmless(job: Job) -> None:
    running = replace(job, status=JobStatus.PROCESSING)
    pieces: list[Content] = [details_of(job, 40)]
    pieces += [standing_of(each, NOW, ESTIMATE) for each in (job, running, replace(job, status=JobStatus.FAILED))]
    for piece in pieces:
        assert is_safe(piece.plain)
    for line in (title_of(job), caption_of(job)):
        assert is_safe(line)
        assert "\n" not in line


def test_hostile_text_is_plain_text() -> None:
    job = hostile_job(HOSTILE)
    assert_harmless(job)
    assert "[red]cat[/sad]" in title_of(job)
    assert "[red]cat[/sad]" in details_of(job, 60).plain
    assert "[red]cat[/sad]" in standing(replace(job, status=JobStatus.FAILED))


def test_ten_thousand_characters_are_cut_where_they_are_not_asked_for() -> None:
    job = hostile_job("w" * 10_000)
    assert len(title_of(job)) <= 200
    assert len(standing(replace(job, status=JobStatus.FAILED))) < 1_000
    assert details_of(job, 40).plain.startswith("w " + "w" * 10_000)


@given(st.text(max_size=80))
def test_no_text_does_harm(text: str) -> None:
    assert_harmless(hostile_job(text))
