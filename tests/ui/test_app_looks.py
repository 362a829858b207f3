"""What the screens look like, at three sizes, by night and by day."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from krea_tui.config.locations import Locations
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture
from krea_tui.domain.money import Ledger
from krea_tui.domain.request import AspectRatio, Creativity, StyleReference
from krea_tui.terminal import TerminalCapabilities
from krea_tui.ui.app import StudioApp
from krea_tui.ui.themes import DARK, LIGHT
from tests.support.keys import KEY
from tests.ui.app_support import (
    NOW,
    Running,
    StillSession,
    a_job,
    a_request,
    plan_for,
    settings_with,
    with_picture,
)

Compare = Callable[..., bool]
Act = Callable[[Running], Awaitable[None]]

# Where the snapshot plugin collects its report; read before a test's own environment hides it.
REPORT_DIR = os.environ.get("TEXTUAL_SNAPSHOT_TEMPDIR", "")
SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
THEMES = {"dark": DARK.name, "light": LIGHT.name}

every_size = pytest.mark.parametrize("size", list(SIZES))
every_theme = pytest.mark.parametrize("theme", list(THEMES))

PROMPTS = (
    "a lighthouse keeper's desk, low sun through salt-stained glass, gouache",
    "paper boats in a storm drain",
    "the orchard at 4 am, fog",
    "a red kite over dunes, telephoto, dusk",
    "portrait of a beekeeper, veil up, laughing, 85 mm",
    "an isometric cutaway of a tiny bakery before dawn",
    "linocut of a heron in the reeds",
    "the last tram, rain, reflections, 1970s colour film",
    "macro of frost on a copper pipe",
    "a paper theatre of the sea, layered, backlit",
    "grandmother's kitchen, everything slightly too large",
)


def every_status(locations: Locations) -> list[Job]:
    """One job of every status, the finished one first; and some that say more."""
    told: list[tuple[JobStatus, dict[str, object]]] = [
        (JobStatus.PROCESSING, {"submitted_at": NOW - 12, "request_id": "9b1c-1"}),
        (JobStatus.QUEUED, {"submitted_at": NOW - 3, "request_id": "9b1c-2"}),
        (JobStatus.SENDING, {"attempted_at": NOW - 1}),
        (JobStatus.HELD, {"hold_reason": HoldReason.MONEY}),
        (JobStatus.UNCONFIRMED, {"attempted_at": NOW - 300, "error": "the gateway answered 502"}),
        (JobStatus.FAILED, {"submitted_at": NOW - 400, "completed_at": NOW - 369, "error": "NSFW content detected"}),
        (JobStatus.ERROR, {"submitted_at": NOW - 400, "completed_at": NOW - 369, "error": "internal error"}),
        (JobStatus.NOT_FOUND, {"submitted_at": NOW - 4_000, "request_id": "9b1c-3"}),
        (JobStatus.REJECTED, {"completed_at": NOW - 500, "error": "400: seed must be an integer"}),
        (JobStatus.CANCELLED, {"completed_at": NOW - 600}),
    ]
    jobs = [
        a_job(f"job{number:07d}", status, request=a_request(prompt, 41_827_733 + number), **changes)
        for number, (prompt, (status, changes)) in enumerate(zip(PROMPTS[1:], told, strict=True))
    ]
    first = a_job(
        "finished01",
        request=a_request(
            PROMPTS[0],
            777,
            aspect_ratio=AspectRatio("3:2"),
            creativity=Creativity("high"),
            image_style_references=(StyleReference("https://images.example/salt-print.jpg", 0.6),),
        ),
        submitted_at=NOW - 60,
        request_id="9b1c5a44-6f0e-4f5c-9a35-0c6cbb1d7a55",
        model_id="krea-2-large",
        price_microusd=65_000,
    )
    saving = a_job(
        "saving0001",
        JobStatus.COMPLETED,
        request=a_request("two swans, one of them paper", 90_210),
        submitted_at=NOW - 16,
        completed_at=NOW - 1,
        pictures=(Picture(url="https://media.example/two.png"),),
    )
    jobs = [with_picture(locations, first), saving, *jobs]
    return [replace(job, seq=100 - place) for place, job in enumerate(jobs)]


class Looks:
    """An app that stands still, and the comparison of what it shows with what was approved."""

    def __init__(self, compare: Compare) -> None:
        self._compare = compare

    def match(
        self,
        size: str,
        theme: str,
        *acts: Act,
        is_demo: bool = False,
        key: str = KEY,
        jobs: Callable[[Locations], list[Job]] | None = None,
    ) -> bool:
        settings = settings_with(screen={"theme": THEMES[theme]}, money={"daily_cap_microusd": 20_000_000})
        plan = plan_for(settings=settings, key=key, is_demo=is_demo)
        app = StudioApp(plan, TerminalCapabilities(), now=lambda: NOW)
        app.session = StillSession(plan)

        async def run_before(pilot: Pilot[str]) -> None:
            running = Running(app, pilot)
            await running.furnished()
            await running.until(lambda: app.session._opened is not None, "the history")
            book = app.session.book
            book.health.is_engine = True
            if jobs is not None:
                assert app.session._opened is not None
                known = sorted(jobs(plan.locations), key=lambda job: job.seq)
                book.put(await app.session._opened.store.insert(known))
                await running.counted(len(known))
                book.ledger = Ledger(1_920_000, 120_000, 60_000, 60_000)
                book.health.next_check_at = NOW + 4
            book.touch()
            await pilot.pause()
            running.workbench._retitle()
            for act in acts:
                await act(running)
            await pilot.pause()

        return self._compare(app, terminal_size=SIZES[size], run_before=run_before)


@pytest.fixture
def looks(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> Looks:
    monkeypatch.setenv("TEXTUAL_SNAPSHOT_TEMPDIR", REPORT_DIR)
    return Looks(snap_compare)


async def show_picture(running: Running) -> None:
    await running.until(lambda: running.preview.job is not None, "a job under the cursor")
    if running.preview.region:
        await running.until(running.half_blocks, "the picture")


def pressing(*keys: str) -> Act:
    async def press(running: Running) -> None:
        await running.press(*keys)

    return press


async def to_jobs(running: Running) -> None:
    await running.press("escape")


def selecting(job_id: str) -> Act:
    async def select(running: Running) -> None:
        await running.press("escape")
        await running.until(lambda: running.table.move_to(job_id), "the row")
        await running.until(lambda: running.preview.job and running.preview.job.id == job_id, "its preview")

    return select


@every_theme
@every_size
def test_an_empty_start(looks: Looks, size: str, theme: str) -> None:
    assert looks.match(size, theme)


@every_theme
@every_size
def test_a_job_of_every_status_and_a_picture(looks: Looks, size: str, theme: str) -> None:
    assert looks.match(size, theme, to_jobs, show_picture, jobs=every_status)


a_few = pytest.mark.parametrize(
    ("size", "theme"), [("80x24", "dark"), ("120x40", "dark"), ("120x40", "light"), ("200x60", "dark")]
)


@a_few
def test_a_failed_job_with_the_words_of_the_gateway(looks: Looks, size: str, theme: str) -> None:
    acts: list[Act] = [selecting("job0000005")]
    if size == "80x24":
        acts.append(pressing("3"))
    assert looks.match(size, theme, *acts, jobs=every_status)


@a_few
def test_the_key_screen_of_a_first_start(looks: Looks, size: str, theme: str) -> None:
    async def focused(running: Running) -> None:
        await running.until(lambda: running.app.focused and running.app.focused.id == "key-input", "the field")

    assert looks.match(size, theme, focused, key="")


@a_few
def test_the_help(looks: Looks, size: str, theme: str) -> None:
    assert looks.match(size, theme, pressing("f1"))


@a_few
def test_a_question_before_a_batch(looks: Looks, size: str, theme: str) -> None:
    async def ask(running: Running) -> None:
        running.form.draft = replace(running.form.draft, prompt="paper boats in a storm drain", seed="100", count="40")
        await running.press("ctrl+j")
        await running.until(lambda: len(running.app.screen_stack) > 1, "the question")

    assert looks.match(size, theme, ask)


def test_the_preview_tab_of_a_narrow_terminal(looks: Looks) -> None:
    assert looks.match("80x24", "dark", to_jobs, pressing("3"), show_picture, jobs=every_status)


def test_the_details_of_a_job_in_a_narrow_terminal(looks: Looks) -> None:
    assert looks.match("80x24", "dark", to_jobs, pressing("i"), jobs=every_status)


def test_the_full_screen_of_a_picture(looks: Looks) -> None:
    assert looks.match("120x40", "dark", to_jobs, pressing("enter"), show_picture, jobs=every_status)


def test_a_job_on_its_way(looks: Looks) -> None:
    assert looks.match("120x40", "dark", selecting("job0000000"), jobs=every_status)


def test_an_unconfirmed_job_in_the_demo(looks: Looks) -> None:
    assert looks.match("120x40", "dark", selecting("job0000004"), jobs=every_status, is_demo=True)


def many_unconfirmed(locations: Locations) -> list[Job]:
    """Every status, two more requests of which nobody knows, and two jobs of an earlier session."""
    doubtful = [
        a_job(
            f"dbt000000{number}",
            JobStatus.UNCONFIRMED,
            request=a_request(PROMPTS[0], number),
            seq=200 + number,
            attempted_at=NOW - 400 - 60 * number,
            error="the request was sent, but the connection was closed before an answer came",
        )
        for number in range(2)
    ]
    left = [a_job(f"left00000{n}", JobStatus.HELD, seq=300 + n, request=a_request(PROMPTS[6], n)) for n in range(2)]
    return [*every_status(locations), *doubtful, *left]


@a_few
def test_what_is_unconfirmed(looks: Looks, size: str, theme: str) -> None:
    assert looks.match(size, theme, to_jobs, pressing("u"), jobs=many_unconfirmed)


def test_many_are_sent_again_by_their_count(looks: Looks) -> None:
    assert looks.match("80x24", "light", to_jobs, pressing("u", "m", "s"), jobs=many_unconfirmed)


def test_what_is_left_over(looks: Looks) -> None:
    assert looks.match("120x40", "dark", to_jobs, pressing("l"), jobs=many_unconfirmed)
