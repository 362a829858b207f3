"""The whole app against the simulated gateway on loopback, and jobs of every kind to show in it."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from krea_tui.config.locations import Locations, ensure_private_dir, find_locations
from krea_tui.config.settings import Settings
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.request import GenerationRequest
from krea_tui.simulator import Behaviour, Simulator
from krea_tui.storage.store import JobStore
from krea_tui.studio import Plan, open_studio
from krea_tui.terminal import TerminalCapabilities
from krea_tui.ui.app import StudioApp
from krea_tui.ui.screens.dialog import READ_S
from krea_tui.ui.screens.workbench import Workbench
from krea_tui.ui.session import Session
from krea_tui.ui.widgets.compose_form import ComposeForm
from krea_tui.ui.widgets.job_table import JobTable
from krea_tui.ui.widgets.preview_pane import PreviewPane
from krea_tui.ui.widgets.prompt_area import PromptArea
from krea_tui.ui.widgets.pulse import Pulse
from krea_tui.ui.widgets.status_bar import StatusBar
from tests.support.key_search import look_at
from tests.support.keys import KEY
from tests.support.waiting import wait_until_async

GATEWAY = "https://gateway.example"
# 22 November 2026, 14:03:20 UTC.
NOW = 1_795_356_200.0
QUICK = 10.0
BETWEEN_KEYS_S = 0.12


class QuickClock:
    """A clock on which everything takes a tenth of its time; the engine's rules stay as they are."""

    def __init__(self) -> None:
        self._started_at = time.monotonic()
        self._epoch = time.time()

    def now(self) -> float:
        return self._epoch + self.monotonic()

    def monotonic(self) -> float:
        return (time.monotonic() - self._started_at) * QUICK

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / QUICK)


class StillSession(Session):
    """Opens the real history and the real pictures, and runs no engine: what a screenshot shows stays as it is."""

    async def run(self, on_open: Callable[[], None]) -> None:
        studio = self._opened = await open_studio(self.plan, self.book)
        self._settled.set()
        on_open()
        try:
            await asyncio.Event().wait()
        finally:
            await studio.aclose()

    async def stop(self) -> list[Job]:
        return []


@dataclass
class Gateway:
    """The simulated gateway of one test."""

    simulator: Simulator
    url: str = ""

    @property
    def posts(self) -> int:
        return self.simulator.stats.posts

    def behave(self, **behaviour: object) -> None:
        self.simulator.set_behaviour(replace(Behaviour(), **behaviour))  # type: ignore[arg-type]


def plan_for(url: str = GATEWAY, *, key: str = KEY, settings: Settings | None = None, is_demo: bool = False) -> Plan:
    settings = settings or Settings()
    settings = settings._replace(gateway=settings.gateway._replace(url=url, requests_per_s=20.0, burst=40))
    return Plan(
        settings=settings,
        locations=find_locations(os.environ, demo=is_demo),
        environ={"PIXAZO_API_KEY": key} if key else {},
        start_gateway=(lambda: url) if is_demo else None,
    )


@dataclass
class Running:
    """The app as a person sees it, and the keys under the fingers."""

    app: StudioApp
    pilot: Pilot[str]
    told: list[str] = field(default_factory=list)

    @property
    def screen(self) -> Screen[object]:
        return self.app.screen

    @property
    def workbench(self) -> Workbench:
        found = self.app.screen_stack[0]
        assert isinstance(found, Workbench)
        return found

    @property
    def table(self) -> JobTable:
        return self.workbench.query_one(JobTable)

    @property
    def form(self) -> ComposeForm:
        return self.workbench.query_one(ComposeForm)

    @property
    def prompt(self) -> PromptArea:
        return self.workbench.query_one(PromptArea)

    @property
    def preview(self) -> PreviewPane:
        return self.workbench.query_one(PreviewPane)

    @property
    def status(self) -> str:
        return str(self.workbench.query_one(StatusBar).render())

    @property
    def jobs(self) -> list[Job]:
        return list(self.app.session.book)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, line by line."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        shown = [strip.text.ljust(width) for strip in strips][:height]
        look_at("a screen of the app", "\n".join(shown))
        return shown

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def notices(self) -> list[str]:
        return [notice.message for notice in self.app._notifications]

    async def press(self, *keys: str) -> None:
        for key in keys:
            if key == "y":
                await self._after(READ_S)
            # Each key finds the screen as the one before has left it, and stands alone as keys of a hand do.
            await self.pilot.press(key)
            await self.pilot.pause()
            await self._after(BETWEEN_KEYS_S)
            await self.pilot.pause()

    async def _after(self, seconds: float) -> None:
        """A hand takes its time."""
        since = time.monotonic()
        await wait_until_async(lambda: time.monotonic() - since > seconds, 5, "the next key")

    async def type(self, text: str) -> None:
        await self.pilot.press(*("space" if character == " " else character for character in text))
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Put text into the prompt, as a paste does."""
        self.prompt.insert(text)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str, within_s: float = 15.0) -> None:
        try:
            await wait_until_async(condition, within_s, what)
        except TimeoutError as error:
            error.add_note(self.text)
            raise
        await self.pilot.pause()

    async def says(self, words: str) -> None:
        """Wait for a notice that has these words."""
        await self.until(
            lambda: any(words in notice for notice in self.notices), f"a notice with {words!r}: {self.notices}"
        )

    async def furnished(self) -> None:
        """Wait for what comes behind the first frame."""
        await self.until(
            lambda: self.workbench.query("#aspect-ratio") and self.workbench.query("FooterKey"), "fields and footer"
        )

    async def counted(self, count: int) -> None:
        """Wait until the pane shows so many jobs, and bring what it says of them up to date."""
        listing = self.workbench._jobs.listing
        assert listing is not None
        await self.until(lambda: listing.is_complete and sum(listing.counts.values()) == count, "the counts")
        self.workbench._retitle()
        self.workbench.query_one(Pulse).tell(self.workbench._pulse())
        await self.pilot.pause()

    async def ready(self) -> None:
        engine = self.app.session.engine()
        await asyncio.wait_for(engine, 15)

    async def to_jobs(self) -> None:
        """Leave the prompt for the queue."""
        self.workbench.action_pane("jobs")
        await self.pilot.pause()

    async def select(self, job: Job) -> None:
        await self.to_jobs()
        await self.until(lambda: self.table.move_to(job.id), "the job's row")
        await self.until(lambda: self.preview.job is not None and self.preview.job.id == job.id, "the job's preview")

    def half_blocks(self) -> int:
        """How many half-block cells the preview paints."""
        region = self.preview.region
        rows = self.lines[region.y : region.bottom]
        return sum(row[region.x : region.right].count("▀") + row[region.x : region.right].count("▄") for row in rows)


@asynccontextmanager
async def studio(
    plan: Plan,
    size: tuple[int, int] = (120, 40),
    *,
    now: Callable[[], float] = time.time,
    is_ready: bool = True,
    is_still: bool = False,
) -> AsyncIterator[Running]:
    """The app, up and running."""
    app = StudioApp(plan, TerminalCapabilities(), now=now)
    if is_still:
        app.session = StillSession(plan)
    async with app.run_test(size=size, notifications=True) as pilot:
        running = Running(app, pilot)
        if is_ready:
            await running.furnished()
        if is_ready and not is_still:
            await running.ready()
        yield running
        if app.is_running:
            look_at("the last screen of the app", running.text)
        look_at("the notices of the app", "\n".join(running.notices))


def remember(locations: Locations, jobs: Iterable[Job]) -> list[Job]:
    """Put jobs into the history before the app is started."""
    ensure_private_dir(locations.data_dir)
    store = JobStore(locations.database)
    try:
        return store.insert(list(jobs))
    finally:
        store.close()


def stored(locations: Locations) -> list[Job]:
    """What the history holds, newest first."""
    store = JobStore(locations.database)
    try:
        return store.latest(1_000)
    finally:
        store.close()


def a_request(prompt: str = "a lighthouse in heavy fog", seed: int = 777, **changes: object) -> GenerationRequest:
    return replace(GenerationRequest(prompt=prompt, seed=seed), **changes)  # type: ignore[arg-type]


def a_job(job_id: str, status: JobStatus = JobStatus.FAILED, **changes: object) -> Job:
    """A job of the running gateway; held ones are left over, so that nothing happens by itself."""
    request = changes.pop("request", None) or a_request()
    fields: dict[str, object] = {
        "price_microusd": 60_000,
        "created_at": NOW - 60,
        "profile": GATEWAY,
        "status": status,
        "hold_reason": HoldReason.LEFT_OVER if status is JobStatus.HELD else None,
        "revision": 1,
    }
    assert isinstance(request, GenerationRequest)
    return Job(job_id, request, **(fields | changes))  # type: ignore[arg-type]


def with_picture(locations: Locations, job: Job, name: str = "one") -> Job:
    """The same job, completed, with a small picture of flat colours on disk."""
    place = f"2026-11/2026-11-22_{name}.png"
    draw_picture(ensure_private_dir(locations.pictures_dir / "2026-11") / Path(place).name)
    picture = Picture(
        url="https://media.example/one.png", state=PictureState.SAVED, path=place, width=96, height=64, size_bytes=400
    )
    return replace(
        job,
        status=JobStatus.COMPLETED,
        hold_reason=None,
        pictures=(picture,),
        submitted_at=job.created_at,
        completed_at=job.created_at + 15,
    )


def draw_picture(path: Path) -> None:
    """A sun over the sea in six flat colours."""
    image = Image.new("RGB", (96, 64), (38, 60, 92))
    image.paste((224, 152, 96), (0, 20, 96, 40))
    image.paste((244, 220, 150), (40, 12, 60, 34))
    image.paste((20, 38, 60), (0, 40, 96, 64))
    image.paste((96, 92, 88), (16, 26, 22, 48))
    image.paste((12, 20, 30), (8, 48, 34, 64))
    image.save(path)


def details_text(running: Running) -> str:
    return str(running.workbench.query_one("#details-text", Static).content)


def settings_with(**sections: Mapping[str, object]) -> Settings:
    settings = Settings()
    changed = {name: getattr(settings, name)._replace(**values) for name, values in sections.items()}
    return settings._replace(**changed)
