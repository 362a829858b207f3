"""The columns of the job table: which are shown at which width, what they say, and that they stay aligned."""

import itertools
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import AspectRatio, GenerationRequest
from krea_tui.ui.live_table.cells import fit, steady
from krea_tui.ui.live_table.columns import place
from krea_tui.ui.live_table.painter import CACHED_ROWS, Look, changed_span
from krea_tui.ui.widgets.job_columns import COLUMNS
from krea_tui.ui.widgets.job_looks import Circumstances, status_cell, time_cell
from tests.support.job_lines import job_painter

# 22 November 2026, noon UTC: no zone has another day.
NOW = 1_795_348_800.0
CREATED = f"{datetime.fromtimestamp(NOW - 20).astimezone():%d %b %H:%M}"
CIRCUMSTANCES = Circumstances(NOW, DurationEstimate())
PLAIN = Circumstances(NOW, DurationEstimate(), plain=True)


def a_job(prompt: str = "paper boats in a storm drain", /, **changes: object) -> Job:
    request = GenerationRequest(prompt, 41827733, AspectRatio.CINEMA)
    fields: dict[str, object] = {"price_microusd": 65_000, "created_at": NOW - 20, "profile": "p", "revision": 1}
    return Job("job", request, **(fields | changes))  # type: ignore[arg-type]


def line_of(job: Job, width: int, circumstances: Circumstances = CIRCUMSTANCES) -> str:
    return job_painter(width).row(job, circumstances, Look()).text


def keys_at(width: int) -> list[str]:
    return [spot.column.key for spot in place(COLUMNS, width)]


def test_a_narrow_pane_shows_status_time_and_prompt() -> None:
    assert keys_at(59) == keys_at(40) == ["status", "time", "prompt"]


def test_a_wide_pane_shows_everything() -> None:
    assert keys_at(112) == ["status", "time", "prompt", "aspect_ratio", "creativity", "seed", "price"]
    everything = [column.key for column in COLUMNS if not column.on_wish]
    assert keys_at(138) == keys_at(300) == everything


def test_the_pane_of_an_ordinary_terminal_has_the_sketched_columns() -> None:
    assert keys_at(75) == ["status", "time", "prompt", "aspect_ratio", "seed"]


def test_the_prompt_does_not_grow_without_end() -> None:
    prompts = [next(spot for spot in place(COLUMNS, width) if spot.column.key == "prompt") for width in (240, 400)]
    assert [spot.width for spot in prompts] == [88, 88]


@pytest.mark.parametrize("width", range(1, 300))
def test_columns_never_overlap_and_wide_enough_panes_hold_them(width: int) -> None:
    placed = place(COLUMNS, width)
    for left, right in itertools.pairwise(placed):
        assert left.x + left.width < right.x
    if width >= 26:
        assert placed[-1].x + placed[-1].width <= width


@pytest.mark.parametrize(
    ("changes", "status", "time"),
    [
        ({"hold_reason": HoldReason.MONEY}, "‖ held", "after 402"),
        ({"hold_reason": HoldReason.PAUSED}, "‖ held", "paused"),
        ({"hold_reason": HoldReason.CAP}, "‖ held", "daily cap"),
        ({"hold_reason": HoldReason.LEFT_OVER}, "‖ held", "left over"),
        ({"hold_reason": HoldReason.RETRY, "not_before": NOW + 3.2}, "‖ held", "retry 4 s"),
        ({"status": JobStatus.SENDING, "attempted_at": NOW - 3}, "↑ sending", " 0:03"),
        ({"status": JobStatus.UNCONFIRMED}, "? unconfirmed", "may be paid"),
        ({"status": JobStatus.REJECTED}, "✕ rejected", "not charged"),
        ({"status": JobStatus.QUEUED, "submitted_at": NOW - 3}, "○ queued", " 0:03 ────"),
        ({"status": JobStatus.PROCESSING, "submitted_at": NOW - 9}, "◐ processing", " 0:09 ━━── 6s"),
        ({"status": JobStatus.PROCESSING, "submitted_at": NOW - 900}, "◐ processing", "15:00 ━━━─"),
        ({"status": JobStatus.FAILED, "submitted_at": NOW - 31, "completed_at": NOW}, "✕ failed", " 0:31"),
        ({"status": JobStatus.ERROR, "submitted_at": NOW - 31, "completed_at": NOW}, "✕ error", " 0:31"),
        ({"status": JobStatus.NOT_FOUND, "submitted_at": NOW - 31}, "✕ not found", "may be paid"),
        ({"status": JobStatus.CANCELLED, "completed_at": NOW}, "· cancelled", ""),
    ],
)
def test_every_state_has_its_words(changes: dict[str, object], status: str, time: str) -> None:
    job = a_job(**{"hold_reason": None, **changes})
    assert "".join(piece.text for piece in status_cell(job, CIRCUMSTANCES)) == status
    assert "".join(piece.text for piece in time_cell(job, CIRCUMSTANCES, 14)) == time


def test_completed_is_saving_until_the_picture_is_here_and_may_end_without_one() -> None:
    def words(**changes: object) -> str:
        job = a_job(status=JobStatus.COMPLETED, hold_reason=None, submitted_at=NOW - 15, **changes)
        return line_of(job, 40)

    pending, saved = Picture("u"), Picture("u", PictureState.SAVED)
    assert words(pictures=(pending,)).split()[:2] == ["↓", "saving"]
    assert words(pictures=(saved,), completed_at=NOW).split()[:3] == ["●", "completed", "0:15"]
    assert "no picture" in words(gave_up_at=NOW)


def test_a_word_of_the_gateway_that_nobody_knows_is_shown_as_it_came() -> None:
    job = a_job(status=JobStatus.PROCESSING, hold_reason=None, submitted_at=NOW, gateway_status="WARMING_UP\x1b[2J")
    assert "◐ warming_up" in line_of(job, 60)
    assert "\x1b" not in line_of(job, 60)


def test_plain_mode_is_ascii() -> None:
    pictures = (Picture("u"),)
    for status in JobStatus:
        job = a_job("x" * 200, status=status, submitted_at=NOW - 9, attempted_at=NOW - 9, pictures=pictures)
        assert line_of(job, 120, PLAIN).isascii(), status
    assert "60%" not in line_of(a_job(status=JobStatus.QUEUED, submitted_at=NOW - 9), 120, PLAIN)
    assert "48%" in line_of(a_job(status=JobStatus.PROCESSING, submitted_at=NOW - 9), 120, PLAIN)


HOSTILE = "[bold]a cat [/sad]\x1b[31m red\r\n\tnew\u202eline [link=file:///etc]x"


def test_a_hostile_prompt_is_shown_as_plain_text_on_one_line() -> None:
    line = line_of(a_job(HOSTILE), 160)
    assert "[bold]a cat [/sad] [31m red new line [link=file:///etc]x" in line
    assert not any(character in line for character in "\x1b\r\n\t\u202e")


@pytest.mark.parametrize(
    "prompt",
    [
        "雨の夜の路地、ネオンの反射、傘を差した人、" * 9,
        "👩‍🚀👍🏽❤️🇩🇪 emoji " * 20,
        "e\u0301a\u0308o\u0302 combining " * 20,
        "plain " * 40,
        HOSTILE * 5,
    ],
)
@pytest.mark.parametrize("width", [38, 59, 60, 75, 76, 112, 113, 200])
def test_wide_characters_leave_the_other_columns_where_they_are(prompt: str, width: int) -> None:
    line = line_of(a_job(prompt), width)
    assert cell_len(line) == width
    # Summed one by one, as terminals without any notion of joined characters do.
    assert sum(cell_len(character) for character in line) == width
    if width >= 112:
        assert line.rstrip().endswith("$0.065" if width < 138 else CREATED)
        assert cell_len(line[: line.index("41827733")]) == line_of(a_job("x" * 300), width).index("41827733")


@given(st.text(max_size=80), st.integers(1, 60))
def test_fitted_text_is_never_too_wide(text: str, width: int) -> None:
    assert cell_len(fit(steady(text), width)) <= width


def test_what_was_cut_is_marked() -> None:
    assert fit("paper boats", 8) == "paper b…"
    assert fit("paper boats", 11) == "paper boats"
    assert fit("紙の船", 4) == "紙…"
    assert fit("paper boats", 8, "...") == "paper..."


def test_a_job_that_did_not_change_is_the_same_strip_and_a_later_second_changes_little() -> None:
    painter = job_painter(80, lambda tone, _has_cursor: Style(color=f"color({sum(map(ord, tone)) % 256})"))
    job = a_job(status=JobStatus.PROCESSING, submitted_at=NOW - 3)
    strip = painter.row(job, CIRCUMSTANCES, Look())
    assert painter.row(job, Circumstances(NOW + 0.4, DurationEstimate()), Look()) is strip
    later = painter.row(job, Circumstances(NOW + 1, DurationEstimate()), Look())
    assert later is not strip
    start, end = changed_span(strip, later)
    assert later.text[start:end].split()[0] == "0:04"
    assert "paper" not in later.text[start:end]
    assert changed_span(strip, strip) == (0, 0)
    assert painter.row(job, Circumstances(NOW + 1.2, DurationEstimate()), Look()) is later
    finished = replace(job, status=JobStatus.FAILED, revision=2)
    assert "failed" in painter.row(finished, CIRCUMSTANCES, Look()).text


def test_a_painter_remembers_only_so_many_rows() -> None:
    drawn: list[str] = []

    def style_of(tone: str, _has_cursor: bool) -> Style:
        drawn.append(tone)
        return Style()

    painter = job_painter(80, style_of)
    jobs = [replace(a_job(), id=f"job{number}") for number in range(CACHED_ROWS + 1)]
    for job in jobs:
        painter.row(job, CIRCUMSTANCES, Look())
    drawn.clear()
    painter.row(jobs[-1], CIRCUMSTANCES, Look())
    assert drawn == []
    painter.row(jobs[0], CIRCUMSTANCES, Look())
    assert drawn != []
