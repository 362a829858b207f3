"""A bare screen with the job keys over a real session: what is marked is said by the test."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual import events
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.widgets import Input

from krea_tui.domain.job import Job
from krea_tui.domain.request import GenerationRequest
from krea_tui.studio import Plan
from krea_tui.ui.job_actions import JOB_BINDINGS, JobActions
from krea_tui.ui.key_times import KeyTimes
from krea_tui.ui.messages import KeyWanted
from krea_tui.ui.screens.dialog import READ_S
from krea_tui.ui.session import Session
from tests.support.key_search import look_at
from tests.support.waiting import wait_until_async
from tests.ui.app_support import BETWEEN_KEYS_S


class Desk(Vertical, can_focus=True):
    BINDINGS = JOB_BINDINGS


class ActingScreen(JobActions):
    """Whatever the test marks is marked; the cursor is where the test puts it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.cursor = ""
        self.marks: frozenset[str] = frozenset()
        self.accepted: list[Job] = []
        self.edited: list[GenerationRequest] = []

    def compose(self) -> ComposeResult:
        yield Desk()

    @property
    def job(self) -> Job | None:
        return self.session.book.get(self.cursor)

    def marked_ids(self) -> frozenset[str]:
        return self.marks

    def marks_are_done(self) -> None:
        self.marks = frozenset()

    def edit_as_new(self, request: GenerationRequest) -> None:
        self.edited.append(request)

    def show_accepted(self, jobs: Sequence[Job]) -> None:
        self.accepted.extend(jobs)


class ActingApp(App[str]):
    """Runs the engine of one plan behind the screen."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.session = Session(plan)
        self.key_times = KeyTimes()
        self.bench = ActingScreen(self.session)
        self.keys_wanted = 0

    async def on_event(self, event: events.Event) -> None:
        if not event.is_forwarded:
            self.key_times.hear(event)
        await super().on_event(event)

    async def on_mount(self) -> None:
        self.run_worker(self.session.run(lambda: None), exit_on_error=True)
        await self.push_screen(self.bench)

    def on_key_wanted(self, event: KeyWanted) -> None:
        self.keys_wanted += 1


@dataclass
class Acting:
    """The screen, and the keys under the fingers."""

    app: ActingApp
    pilot: Pilot[str]

    @property
    def bench(self) -> ActingScreen:
        return self.app.bench

    @property
    def session(self) -> Session:
        return self.app.session

    @property
    def jobs(self) -> list[Job]:
        """What the book holds, oldest first."""
        return sorted(self.session.book, key=lambda job: job.seq)

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        shown = "\n".join(strip.text for strip in strips)
        look_at("a screen of the app", shown)
        return shown

    @property
    def notices(self) -> list[str]:
        return [notice.message for notice in self.app._notifications]

    def job(self, job: Job | str) -> Job:
        found = self.session.book.get(job if isinstance(job, str) else job.id)
        assert found is not None
        return found

    def mark(self, *jobs: Job | str) -> None:
        self.bench.marks = frozenset(job if isinstance(job, str) else job.id for job in jobs)

    async def press(self, *keys: str) -> None:
        for key in keys:
            if key == "y":
                await self._after(READ_S)
            await self.pilot.press(key)
            await self.pilot.pause()
            await self._after(BETWEEN_KEYS_S)
            await self.pilot.pause()

    async def enter(self, words: str) -> None:
        """Fill the field of a window, as slowly as a hand does."""
        self.app.screen.query_one(Input).value = words
        await self._after(READ_S)
        await self.press("enter")

    async def until(self, condition: Callable[[], object], what: str, within_s: float = 15.0) -> None:
        try:
            await wait_until_async(condition, within_s, what)
        except TimeoutError as error:
            error.add_note(f"{self.text}\n{self.notices}")
            raise
        await self.pilot.pause()

    async def says(self, words: str) -> None:
        await self.until(lambda: any(words in notice for notice in self.notices), f"a notice with {words!r}")

    async def asks(self, words: str) -> None:
        """Wait for a window that has these words, however its lines are broken."""
        await self.until(lambda: self.app.screen is not self.bench and words in self.words, f"a window with {words!r}")

    @property
    def words(self) -> str:
        """What the screen says, without frames and line ends."""
        return " ".join("".join(" " if mark in "│╭╮╰╯─" else mark for mark in self.text).split())

    async def _after(self, seconds: float) -> None:
        since = time.monotonic()
        await wait_until_async(lambda: time.monotonic() - since > seconds, 5, "the next key")


@asynccontextmanager
async def acting(plan: Plan) -> AsyncIterator[Acting]:
    """The screen over the engine of this plan, once that is ready."""
    app = ActingApp(plan)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        found = Acting(app, pilot)
        await asyncio.wait_for(app.session.engine(), 15)
        await pilot.pause()
        app.bench.query_one(Desk).focus()
        try:
            yield found
        finally:
            await app.session.stop()
