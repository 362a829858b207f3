"""The columns of the job table: which are shown at which width, what they say, and that they stay aligned."""

import itertools
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len, set_cell_size
from rich.style import Style

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import AspectRatio, GenerationRequest, Moodboard, StyleReference
from krea_tui.domain.request import Style as KreaStyle
from krea_tui.domain.text import clean_line
from krea_tui.ui.live_table.cells import fit, steady
from krea_tui.ui.live_table.columns import Column, place
from krea_tui.ui.live_table.layout import AUTOMATIC, ColumnLayout, Showing
from krea_tui.ui.live_table.painter import CACHED_ROWS, Look, RowPainter, changed_span
from krea_tui.ui.live_table.pieces import Piece
from krea_tui.ui.widgets.job_columns import COLUMNS, is_same_job
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


def test_in_an_ordinary_terminal_the_seed_tells_the_jobs_of_a_batch_apart_and_the_prompt_can_be_read() -> None:
    assert keys_at(75) == ["status", "time", "prompt", "seed"]


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


# --- references, tags, star, time of creation -----------------------------------------------------------------------

REFERENCE = StyleReference("https://a.example/1.png")
MOODBOARD = Moodboard("12345678-1234-1234-1234-123456789abc")


def cell_of(key: str, job: Job, circumstances: Circumstances = CIRCUMSTANCES) -> str:
    column = next(column for column in COLUMNS if column.key == key)
    return "".join(piece.text for piece in column.cell(job, circumstances, column.width))


def whole_of(key: str, job: Job) -> str:
    column = next(column for column in COLUMNS if column.key == key)
    assert column.whole is not None
    return column.whole(job, CIRCUMSTANCES)


@pytest.mark.parametrize(
    ("references", "styles", "moodboards", "short", "words"),
    [
        (0, 0, 0, "", ""),
        (2, 1, 1, "2r 1s m", "2 references, 1 style, moodboard"),
        (1, 0, 0, "1r", "1 reference"),
        (0, 2, 0, "2s", "2 styles"),
        (0, 0, 1, "m", "moodboard"),
        (10, 10, 1, "10r 10s m", "10 references, 10 styles, moodboard"),
    ],
)
def test_what_guides_a_job_is_counted_and_told(
    references: int, styles: int, moodboards: int, short: str, words: str
) -> None:
    styled = tuple(KreaStyle(f"style{number}") for number in range(styles))
    request = GenerationRequest(
        "boats",
        1,
        image_style_references=(REFERENCE,) * references,
        styles=styled,
        moodboards=(MOODBOARD,) * moodboards,
    )
    job = replace(a_job(), request=request)
    assert cell_of("refs", job) == short
    assert whole_of("refs", job) == words


def test_a_star_stands_before_the_prompt() -> None:
    starred = a_job(starred=True)
    assert "  ★ paper boats" in line_of(starred, 80)
    assert "  * paper boats" in line_of(starred, 80, PLAIN)
    assert "★" not in line_of(a_job(), 80)


def test_a_star_that_is_given_is_drawn_though_the_prompt_stays() -> None:
    painter = job_painter(80)
    job = a_job()
    painter.row(job, CIRCUMSTANCES, Look())
    assert "★ paper" in painter.row(replace(job, starred=True, revision=2), CIRCUMSTANCES, Look()).text


def test_the_year_is_said_only_of_another_one() -> None:
    assert cell_of("created", a_job()) == CREATED
    assert cell_of("created", a_job(created_at=NOW - 400 * 86_400)).endswith(" 2025")
    assert whole_of("created", a_job()).startswith("2026-11-22 ")


def test_tags_are_shown_on_wish() -> None:
    layout = AUTOMATIC.with_showing("tags", Showing.ALWAYS)
    painter = job_painter(120, layout=layout)
    assert "fog 雨" in painter.row(a_job(tags=("fog", "雨")), CIRCUMSTANCES, Look()).text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (HoldReason.READY, "stands"),
        (HoldReason.RETRY, "stands"),
        (HoldReason.MONEY, "after 402"),
        (HoldReason.PAUSED, "paused"),
        (HoldReason.LEFT_OVER, "left over"),
    ],
)
def test_while_nothing_is_sent_no_job_claims_to_wait_for_its_turn(reason: HoldReason, words: str) -> None:
    standing = CIRCUMSTANCES._replace(is_standing=True)
    assert cell_of("time", a_job(hold_reason=reason, not_before=NOW + 9), standing) == words


# --- wide characters in every column --------------------------------------------------------------------------------

WORDS = st.text(
    st.one_of(
        st.sampled_from("紙の船雨ネオン한글ไทยनमस्ते👩🚀👍❤🇩🇪1⃣é"),
        st.sampled_from("\u200d\u200c\ufe0f\u0301\u0308\U0001f3fd\u20e3\u1161ab  "),
        st.characters(exclude_categories=["Cs"]),
    ),
    min_size=1,
    max_size=50,
)


def columns_with(words: str) -> tuple[Column[Job, Circumstances], ...]:
    """Every column saying the same words."""
    return tuple(
        replace(column, cell=lambda _job, _at, _width: (Piece(clean_line(words), "text"),)) for column in COLUMNS
    )


@settings(max_examples=300, deadline=None)
@given(
    WORDS,
    st.integers(1, 160),
    st.booleans(),
    st.dictionaries(st.sampled_from([c.key for c in COLUMNS]), st.integers(3, 30)),
)
def test_whatever_a_cell_says_every_column_starts_where_it_should(
    words: str, width: int, plain: bool, widths: dict[str, int]
) -> None:
    columns = columns_with(words)
    painter = RowPainter(columns, key_of=attrgetter("id"), is_same=is_same_job, style_of=lambda _tone, _lit: Style())
    painter.arrange(width, ColumnLayout(widths=widths))
    line = painter.row(a_job(), PLAIN if plain else CIRCUMSTANCES, Look(has_cursor=True, is_marked=True)).text
    # Summed one by one, as terminals without any notion of joined characters do.
    assert sum(map(cell_len, line)) == cell_len(line) == width
    starts = list(itertools.accumulate(map(cell_len, line), initial=0))
    for spot in painter.placed:
        if spot.end < width:
            assert spot.end in starts, "a wide character stands across the edge of its column"
            assert line[starts.index(spot.end)] in " \u0301", "a cell runs into the gap behind it"
        if 0 < spot.x < width:
            assert spot.x in starts


@pytest.mark.parametrize("text", ["紙の船と雨の夜", "👩‍🚀👍🏽❤️ astronaut", "e\u0301\u0308" * 9])
def test_a_cell_cut_within_a_character_ends_before_it(text: str) -> None:
    painter = job_painter(60, layout=AUTOMATIC.with_width("prompt", 8))
    for width in range(3, 12):
        painter.arrange(60, AUTOMATIC.with_width("prompt", width))
        line = painter.row(a_job(text), CIRCUMSTANCES, Look()).text
        spot = next(spot for spot in painter.placed if spot.column.key == "prompt")
        assert cell_len(line) == 60
        cell = set_cell_size(line, spot.end)[len(set_cell_size(line, spot.x)) :].rstrip()
        assert cell_len(cell) <= width
        if cell_len(steady(text)) > width:
            assert cell.endswith("…")
            assert steady(text).startswith(cell[:-1])
