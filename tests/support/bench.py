"""Real engines over a real history, real pictures and the simulated gateway on loopback, in virtual time."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from krea_tui.domain.answers import StatusAnswer, SubmitAnswer
from krea_tui.domain.job import Job, JobStatus
from krea_tui.domain.request import GenerationRequest
from krea_tui.engine.engine import Engine
from krea_tui.engine.policy import Policy
from krea_tui.engine.world import World
from krea_tui.gateway.client import GatewayAddress, HttpGateway
from krea_tui.pictures.files import PictureFiles
from krea_tui.simulator import Behaviour, Fault, Simulator, SimulatorServer
from krea_tui.simulator.jobs import Job as SimulatedJob
from krea_tui.storage.processes import EngineLock, SignOfLife
from krea_tui.storage.threaded import ThreadedStore
from tests.support.keys import KEY
from tests.support.virtual_clock import VirtualClock

SUBMIT_PATH = "/krea-2-large-text-to-image/v1/krea-2-large-text-to-image-request"
STATUS_PATH = "/v2/requests/status/{request_id}"
PROFILE = "bench"


def requests(count: int, prompt: str = "a lighthouse in heavy fog") -> list[GenerationRequest]:
    return [GenerationRequest(prompt=prompt, seed=seed) for seed in range(count)]


class TinyGallery:
    """Draws at once; a real picture of few pixels, another one for every job."""

    async def file_of(self, job: SimulatedJob) -> bytes:
        seed = job.body["seed"]
        shade = seed % 256 if isinstance(seed, int) else 0
        file = io.BytesIO()
        Image.new("RGB", (16, 12), (shade, 90, 40)).save(file, "PNG")
        return file.getvalue()

    def close(self) -> None:
        return None


class WatchedGateway:
    """The real client; the clock stands still while a request is on the wire."""

    def __init__(self, client: HttpGateway, clock: VirtualClock, log: list[tuple[float, str]]) -> None:
        self._client = client
        self._clock = clock
        self._log = log

    async def submit(self, body: Mapping[str, object], *, callback_url: str | None = None) -> SubmitAnswer:
        self._log.append((self._clock.now(), "POST"))
        with self._clock.busy():
            return await self._client.submit(body, callback_url=callback_url)

    async def status(self, request_id: str) -> StatusAnswer:
        self._log.append((self._clock.now(), request_id))
        with self._clock.busy():
            return await self._client.status(request_id)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        with self._clock.busy():
            async with self._client.download(url) as chunks:
                yield chunks

    def use_key(self, key: str) -> None:
        self._client.use_key(key)

    async def aclose(self) -> None:
        with self._clock.busy():
            await self._client.aclose()


@dataclass
class Process:
    """One engine with connections and locks of its own, as another process would have them."""

    engine: Engine
    store: ThreadedStore
    files: PictureFiles
    clock: VirtualClock
    log: list[tuple[float, str]]
    task: asyncio.Task[None]
    life: SignOfLife
    lock: EngineLock

    def job(self, job: Job | str) -> Job:
        found = self.engine.book.get(job if isinstance(job, str) else job.id)
        assert found is not None
        return found

    def statuses(self, jobs: Iterable[Job]) -> list[JobStatus]:
        return [self.job(job).status for job in jobs]

    def are_done(self, jobs: Iterable[Job]) -> bool:
        found = [self.engine.book.get(job.id) for job in jobs]
        return all(job is not None and job.is_done for job in found)

    async def until(self, condition: Callable[[], object], within_s: float = 3_600.0, what: str = "it") -> None:
        def checked() -> object:
            assert not self.task.done() or self.task.exception() is None, self.task.exception()
            return condition()

        await self.clock.run_until(checked, within_s, what)

    async def done(self, jobs: Iterable[Job], within_s: float = 3_600.0) -> None:
        jobs = list(jobs)
        await self.until(lambda: self.are_done(jobs), within_s, "every job is done")

    async def finish(self) -> list[Job]:
        """Stop as a program that ends well does."""
        stop = asyncio.ensure_future(self.engine.stop())
        await self.clock.run_until(stop.done, 60, "the engine stops")
        await asyncio.wait({self.task})
        return stop.result()


class Bench:
    """A data directory and a gateway; engines are opened on them one after the other or side by side."""

    def __init__(self, folder: Path, behaviour: Behaviour | None = None) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.simulator = Simulator(behaviour or Behaviour())
        self.simulator._jobs._clock = self.clock.now
        self.simulator._gallery = TinyGallery()  # type: ignore[assignment]
        self.server = SimulatorServer(self.simulator)
        self.log: list[tuple[float, str]] = []
        self.policy = Policy(PROFILE, KEY, "print", requests_per_s=10.0, burst=20)

    @contextmanager
    def serving(self) -> Iterator["Bench"]:
        with self.server:
            yield self

    @property
    def stats(self) -> dict[str, object]:
        return self.simulator.stats.as_json()

    @property
    def post_times(self) -> list[float]:
        return [at for at, what in self.log if what == "POST"]

    def polls_of(self, job: Job) -> list[float]:
        return [at for at, what in self.log if what == job.request_id]

    def tell(self, *faults: Fault, **changes: object) -> None:
        """Behave so from now on; virtual time stays."""
        behaviour = replace(self.simulator.behaviour, faults=faults, **changes)  # type: ignore[arg-type]
        self.simulator.set_behaviour(behaviour)

    def world(self, store: ThreadedStore, *, base_url: str | None = None) -> World:
        async def open_gateway(key: str) -> WatchedGateway:
            address = GatewayAddress(base_url or self.server.base_url, SUBMIT_PATH, STATUS_PATH)
            return WatchedGateway(HttpGateway(address, key, read_timeout_s=5.0), self.clock, self.log)

        return World(
            store=store,
            files=PictureFiles(self.folder / "pictures"),
            election=EngineLock(self.folder / "engine.lock"),
            processes=SignOfLife(self.folder / "instances"),
            clock=self.clock,
            open_gateway=open_gateway,
            read_key=lambda: None,
        )

    @asynccontextmanager
    async def process(
        self, policy: Policy | None = None, *, base_url: str | None = None, ready: bool = True, **changes: object
    ) -> AsyncIterator[Process]:
        """An engine that runs; at the end it is stopped, if it was not before."""
        store = ThreadedStore(self.folder / "history.db")
        with self.clock.busy():
            await store.open()
        world = replace(self.world(store, base_url=base_url), **changes)  # type: ignore[arg-type]
        engine = Engine(world, policy or self.policy)
        task = asyncio.create_task(engine.run(), name="engine")
        assert isinstance(world.files, PictureFiles)
        assert isinstance(world.processes, SignOfLife)
        assert isinstance(world.election, EngineLock)
        process = Process(engine, store, world.files, self.clock, self.log, task, world.processes, world.election)
        try:
            if ready:
                await process.until(engine.is_ready.is_set, 60, "the engine is ready")
            yield process
        finally:
            if not task.done():
                await process.finish()
            await store.aclose()
