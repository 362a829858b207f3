"""Whatever text comes, by history, paste, gateway or file: what is painted and told is text, in every window."""

import base64
import io
import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.widgets import Input, TextArea

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import GenerationRequest, StyleReference
from krea_tui.domain.request import Style as KreaStyle
from krea_tui.terminal import TerminalCapabilities
from krea_tui.ui.desktop import desktop_notice
from krea_tui.ui.job_text import DETAILS_PROMPT_LIMIT, details_of
from krea_tui.ui.live_table.painter import Look
from krea_tui.ui.screens.dialog import Confirm, Trouble
from krea_tui.ui.text_only import TEXT_ONLY
from krea_tui.ui.widgets.job_looks import Circumstances
from tests.support.job_lines import job_painter
from tests.ui.app_support import NOW, Running, a_job, a_request, plan_for, remember, studio

CONTROLS = "\x1b[31mred\x1b[2J\x1b]0;title\x07\x1b]52;c;aGk=\x1b\\ \x9b2J\x9d0;t\x9c \x00\x08\x7f\r\v\f\x85"
HIDDEN = "\u202egnp.exe\u202c \u2066a\u2069 \u200b\u2060\ufeff \u00ad \U000e0041 \u2028\u2029 \u3164"
FLOOD = "z" + "\u0335\u0322\u0488" * 500 + "\u200d" * 500
MARKUP = "[red]x[/sad] [@click=app.quit]press[/] [link=https://evil.example]here"
NASTY = f"{MARKUP}\t{CONTROLS} {HIDDEN} {FLOOD}"
JOINERS = "\u200c\u200d"


def odd_in(text: str) -> set[str]:
    """What must not reach a terminal, by its code."""
    return {
        f"U+{ord(c):04X}"
        for c in text
        if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in f"\n{JOINERS}"
    }


def assert_text_only(app: Running) -> None:
    width, _ = app.app.size
    for line in app.lines:
        assert odd_in(line) == set()
        assert not re.search(r"[\u0300-\u036f\u0488\u200d]{6}", line), "a flood of marks"
        assert cell_len(line) == width, line
    for notice in app.app._notifications:
        assert odd_in(notice.message + notice.title) == set()
        assert not notice.markup
        assert len(notice.message) <= 1_000


def hostile_job(job_id: str, text: str = NASTY, status: JobStatus = JobStatus.FAILED, **changes: object) -> Job:
    request = GenerationRequest(
        text,
        7,
        image_style_references=(StyleReference("https://e.test/\u202e\u200b\x9b/a.png"),),
        styles=(KreaStyle("\u202e\u2066\u200b\x9d"),),
    )
    pictures = (Picture(f"https://media.example/{text}", PictureState.LOST, error=text),)
    named = {"request": request, "error": text, "model_id": text, "request_id": f"{job_id}{text}"[:400]}
    return a_job(job_id, status, **(named | {"pictures": pictures} | changes))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_every_window_paints_text_alone(size: tuple[int, int]) -> None:
    plan = plan_for()
    jobs = remember(
        plan.locations,
        [hostile_job("hostile0001"), hostile_job("hostile0002", status=JobStatus.UNCONFIRMED, pictures=())],
    )
    async with studio(plan, size) as app:
        for job in jobs:
            await app.select(job)
            assert_text_only(app)
            for keys in (("i",), ("i",), ("3",), ("i",), ("escape",), ("enter",), ("escape",), ("2",)):
                await app.press(*keys)
                assert_text_only(app)
        await app.press("y")
        assert_text_only(app)
        await app.press("e")
        await app.until(lambda: "[red]x[/sad]" in app.prompt.text, "the prompt in the form")
        assert_text_only(app)
        await app.press("ctrl+p")
        await app.type("quit")
        app.screen.query_one(Input).value = NASTY
        await app.pilot.pause()
        assert_text_only(app)
        await app.press("escape", "escape")
        for screen in (Confirm(NASTY, NASTY, NASTY, yes=NASTY, no=NASTY), Trouble(NASTY, NASTY, NASTY)):
            app.app.push_screen(screen)
            await app.pilot.pause()
            assert_text_only(app)
            app.app.pop_screen()
        app.app.notify(NASTY * 20, title=NASTY)
        app.workbench.notify(NASTY)
        await app.pilot.pause()
        assert_text_only(app)
        assert "[red]x[/sad]" in app.text


async def test_what_is_unconfirmed_is_listed_as_text() -> None:
    plan = plan_for()
    remember(plan.locations, [hostile_job("hostile0002", status=JobStatus.UNCONFIRMED, pictures=())])
    async with studio(plan) as app:
        await app.to_jobs()
        await app.press("u")
        await app.pilot.pause()
        assert_text_only(app)
        assert "[red]x[/sad]" in app.text


async def test_what_is_pasted_is_text_in_every_field() -> None:
    async with studio(plan_for(), is_still=True) as app:
        for widget in [*app.workbench.query(TextArea), *app.workbench.query(Input)]:
            widget.focus()
            await app.pilot.pause()
            widget.post_message(events.Paste(NASTY))
            await app.pilot.pause()
            assert_text_only(app)
        app.prompt.load_text(NASTY)
        await app.pilot.pause()
        assert_text_only(app)


async def test_a_megabyte_of_prompt_and_of_error_is_shown_in_part() -> None:
    megabyte = "a wide \x1b[31m prompt \u202e" * 50_000
    plan = plan_for()
    [job] = remember(
        plan.locations, [a_job("hostile0001", JobStatus.FAILED, request=a_request(megabyte), error=megabyte)]
    )
    async with studio(plan) as app:
        await app.select(job)
        for keys in (("i",), ("3",), ("i",), ("escape",), ("2",), ("e",)):
            await app.press(*keys)
            assert_text_only(app)
    words = details_of(job, 60).plain
    assert len(words) < DETAILS_PROMPT_LIMIT + 10_000
    assert f"{len(megabyte):,} characters" in words


TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(sorted(set(NASTY)))), max_size=80)


@settings(max_examples=150)
@given(TEXTS.filter(str.strip), st.sampled_from([40, 80, 120, 200]), st.booleans())
def test_any_text_is_one_row_of_the_table_as_wide_as_the_pane(text: str, width: int, plain: bool) -> None:
    painter = job_painter(width)
    job = hostile_job("hostile0001", text)
    for changed in (job, replace(job, status=JobStatus.QUEUED, gateway_status=text)):
        strip = painter.row(changed, Circumstances(NOW, DurationEstimate(), plain), Look(has_cursor=plain))
        assert strip.cell_length == width
        assert cell_len(strip.text) == width
        assert odd_in(strip.text) == set()
        assert "\n" not in strip.text


@settings(max_examples=150)
@given(TEXTS.filter(str.strip))
def test_any_text_among_the_details_is_text(text: str) -> None:
    assert odd_in(details_of(hostile_job("hostile0001", text), 60).plain) == set()


@settings(max_examples=300)
@given(st.lists(st.text(st.characters(), max_size=20), max_size=4))
def test_the_gate_lets_text_through_and_keeps_every_width(texts: list[str]) -> None:
    segments = [Segment(text, Style(bold=True)) for text in texts]
    painted = TEXT_ONLY.apply(segments, Color(0, 0, 0))
    shown = "".join(segment.text for segment in painted)
    assert odd_in(shown) == set()
    assert "\n" not in shown
    assert cell_len(shown) == cell_len("".join(texts))
    if "".join(texts).isprintable():
        assert painted is segments


def test_the_gate_leaves_the_toolkits_own_sequences_alone() -> None:
    own = Segment("\x1b[3;4H", None, [(1,)])  # type: ignore[list-item]
    assert TEXT_ONLY.apply([own, Segment("\x1b[3;4H")], Color(0, 0, 0)) == [own, Segment("[3;4H")]


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.booleans())
def test_a_notice_of_the_desktop_is_one_sequence(text: str, in_tmux: bool) -> None:
    output = io.StringIO()
    desktop_notice(text, TerminalCapabilities(in_tmux=in_tmux), output)
    written = output.getvalue()
    start, end = ("\x1bPtmux;\x1b\x1b]9;", "\x1b\x1b\\\x1b\\") if in_tmux else ("\x1b]9;", "\x1b\\")
    assert written.startswith(start)
    assert written.endswith(end)
    assert odd_in(written.removeprefix(start).removesuffix(end)) == set()


async def test_the_clipboard_gets_letters_of_base64_alone() -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [hostile_job("hostile0001")])
    async with studio(plan) as app:
        written: list[str] = []
        driver = app.app._driver
        assert driver is not None
        driver.write = written.append  # type: ignore[assignment, method-assign]
        await app.select(job)
        await app.press("y")
        [sequence] = [data for data in written if data.startswith("\x1b]52;")]
        letters = sequence.removeprefix("\x1b]52;c;").removesuffix("\x07")
        assert base64.b64decode(letters, validate=True).decode() == NASTY


async def test_a_screenshot_of_hostile_text_is_still_a_picture() -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [hostile_job("hostile0001", "<script>&\x1b\x00]]>" + NASTY)])
    async with studio(plan) as app:
        await app.select(job)
        svg = app.app.export_screenshot()
        assert odd_in(svg) == set()
        assert "<script>" not in svg


def test_what_the_tests_look_for_would_be_seen() -> None:
    assert len(odd_in(NASTY)) > 20
