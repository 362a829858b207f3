"""What the pictures of the README show: a morning's work, made by the real engine on the simulated gateway."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from krea_tui.config.loading import load_settings
from krea_tui.config.locations import find_locations
from krea_tui.config.plan import Plan
from krea_tui.domain.request import AspectRatio, Creativity, GenerationRequest, StyleReference
from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from tests.support.waiting import wait_until_async

if TYPE_CHECKING:
    from textual.pilot import Pilot

_Result = TypeVar("_Result")
AT_ONCE = 3
SOON = Behaviour(latency_s=5.5, latency_spread=0.5, queued_share=0.2)
LONG = {"latency_s": 90.0, "latency_spread": 0.1, "queued_share": 0.0}

HERO = GenerationRequest(
    prompt="a lighthouse on a basalt coast, last light of a long dusk, small sails far out, calm water",
    seed=96,
    aspect_ratio=AspectRatio.THREE_TWO,
    creativity=Creativity.MEDIUM,
    image_style_references=(StyleReference("https://images.example.org/salt-print.jpg", 0.6),),
)
FINISHED = (
    GenerationRequest("bauhaus still life, three vases, cut paper", 90210, AspectRatio.FOUR_FIVE, Creativity.HIGH),
    GenerationRequest("birch trunks in thin fog, before the snow", 1204, AspectRatio.TWO_THREE, Creativity.LOW),
    GenerationRequest("northern lights over a frozen fjord", 777, AspectRatio.WIDE, Creativity.HIGH),
    GenerationRequest("blue ridges at dawn, mist in the valleys", 90210, AspectRatio.CINEMA),
    GenerationRequest("neon skyline after rain, long reflections", 41827733, AspectRatio.TALL),
)
FAILING = GenerationRequest("a clock tower made of falling water", 5150)
RUNNING = tuple(
    GenerationRequest("the orchard at 4 am, fog between the trees", seed, AspectRatio.WIDE)
    for seed in range(90210, 90210 + AT_ONCE)
)
HELD = (replace(RUNNING[-1], seed=RUNNING[-1].seed + 1),)


class Stage:
    """A demo with a gateway that can be told what to do next; everything lies in one folder."""

    def __init__(self, folder: Path) -> None:
        environ = {name: str(folder / name) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
        locations = find_locations({**os.environ, **environ}, folder / "data", demo=True)
        settings = load_settings(None, {}, demo=True)
        settings = settings._replace(gateway=settings.gateway._replace(max_in_flight=AT_ONCE))
        self._simulator = Simulator(SOON, state_dir=locations.simulator_dir)
        self._server = SimulatorServer(self._simulator)
        self.plan = Plan(settings, locations, environ, self._server.start)

    def close(self) -> None:
        self._server.stop()

    async def set_up(self, pilot: Pilot[_Result]) -> None:
        """Generate everything, fill the form, and put the cursor on the finished picture that is worth a look."""
        from krea_tui.domain.job import JobStatus
        from krea_tui.ui.app import StudioApp
        from krea_tui.ui.screens.workbench import Workbench
        from krea_tui.ui.widgets.job_table import JobTable

        app = pilot.app
        if not isinstance(app, StudioApp) or not isinstance(app.screen, Workbench):
            raise TypeError("the pilot flies another app")
        workbench, book = app.screen, app.session.book

        async def generate(requests: tuple[GenerationRequest, ...], is_there: Callable[[], bool]) -> None:
            workbench.submit_requests(requests)
            await wait_until_async(is_there, 60, f"{requests[0].prompt} to get where it should")

        def done() -> int:
            return sum(job.is_done for job in book)

        await generate(FINISHED, lambda: done() == len(FINISHED))
        self._simulator.tell({"fail_rate": 1.0})
        await generate((FAILING,), lambda: book.count(JobStatus.FAILED) == 1)
        # Ended by the first check.
        self._simulator.tell({"fail_rate": 0.0, "latency_s": 2.5})
        before = done()
        await generate((HERO,), lambda: done() > before)
        self._simulator.tell(LONG)
        await generate(RUNNING, lambda: book.count(JobStatus.PROCESSING) == AT_ONCE)
        await generate(HELD, lambda: book.count(JobStatus.HELD) == 1)
        workbench.edit_as_new(HERO)
        hero = next(job for job in book if job.request == HERO)
        workbench.query_one(JobTable).move_to(hero.id)
        app.clear_notifications()
        await pilot.pause()
