"""Processes of one history inside one thread and one loop: nothing runs but what a test lets run, and each of them can
die at any step, as kill -9 would have it: nothing of it goes on, its locks are free, what it committed stands.
"""

import asyncio
import contextvars
import hashlib
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from krea_tui.domain.errors import DownloadError, StoreError
from krea_tui.domain.events import Claimed, Event
from krea_tui.domain.job import Job, Marks
from krea_tui.domain.money import DailyCap, Ledger
from krea_tui.engine.engine import Engine
from krea_tui.engine.policy import Policy
from krea_tui.engine.ports import Gateway
from krea_tui.engine.world import World
from krea_tui.storage.processes import EngineLock
from krea_tui.storage.store import JobStore
from tests.support.scripted_gateway import NO_PICTURE
from tests.support.virtual_clock import VirtualClock

R = TypeVar("R")
_ROUNDS_TO_END = 20
_ROUNDS_TO_REST = 100_000
_OWNER: contextvars.ContextVar["Life | None"] = contextvars.ContextVar("owner", default=None)


class Killed(BaseException):
    """The process is dead; no handler of it may see more than this."""


class Life:
    """Whether one process still lives, and after how many steps it dies. Every port asks here first."""

    def __init__(self) -> None:
        self.is_dead = False
        self.steps_left: int | None = None
        self.disk_holds = 0
        self.disk_faults = 0
        self.on_death: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    def own(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def check(self) -> None:
        if self.is_dead:
            raise Killed

    def step(self) -> None:
        """A point at which the process may die."""
        self.check()
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                self.die()
                raise Killed

    def use_disk(self) -> None:
        """The disk may hold for a while before it fails for a while."""
        if self.disk_holds:
            self.disk_holds -= 1
        elif self.disk_faults:
            self.disk_faults -= 1
            raise StoreError("the disk fails")

    def die(self) -> None:
        self.is_dead = True
        for end in self.on_death:
            end()
        for task in tuple(self._tasks):
            task.cancel()


class LoneLoop:
    """An event loop whose executor is itself, and which knows to which process a task belongs."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.faults: list[object] = []
        self.loop.set_task_factory(self._task)  # type: ignore[arg-type]  # the stubs know no keywords
        self.loop.set_exception_handler(self._fault)
        self.loop.run_in_executor = self._inline  # type: ignore[method-assign, assignment]

    def start(self, life: Life, work: Coroutine[Any, Any, R]) -> "asyncio.Task[R]":
        """A task of this process; all that it starts is of that process too."""
        context = contextvars.copy_context()
        context.run(_OWNER.set, life)
        return self.loop.create_task(work, context=context)

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        for _ in range(_ROUNDS_TO_END):
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def _task(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, R],
        *,
        context: contextvars.Context | None = None,
        name: str | None = None,
    ) -> "asyncio.Task[R]":
        owner = _OWNER.get() if context is None else context.run(_OWNER.get)
        task = asyncio.Task(work, loop=loop, context=context, name=name)
        if owner is not None:
            owner.own(task)
        return task

    def _inline(self, executor: object, call: Callable[..., object], *args: object) -> "asyncio.Future[object]":
        del executor
        done = self.loop.create_future()
        try:
            done.set_result(call(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    def _fault(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, object]) -> None:
        del loop
        if not isinstance(context.get("exception"), Killed):
            self.faults.append(context)


class LoneClock(VirtualClock):
    """Nothing happens in other threads: where no callback is ready, everything is at rest."""

    async def _settle(self, wall_limit: float) -> None:
        del wall_limit
        loop = asyncio.get_running_loop()
        for _ in range(_ROUNDS_TO_REST):
            await asyncio.sleep(0)
            if not loop._ready:  # type: ignore[attr-defined]
                return
        raise AssertionError("the tasks never come to rest")


class LoneStore:
    """The real history without threads; around every call the process may die, and its disk may fail before one."""

    def __init__(self, path: Path, life: Life) -> None:
        self._history = JobStore(path)
        # Nobody draws the plug here, and a machine of many steps has no time for the disk.
        self._history._connection.execute("PRAGMA synchronous=OFF")
        self._life = life
        life.on_death.append(self._history.close)

    @property
    def damage(self) -> None:
        return None

    async def _call(self, call: Callable[[], R]) -> R:
        self._life.step()
        await asyncio.sleep(0)
        self._life.check()
        self._life.use_disk()
        result = call()
        self._life.step()
        await asyncio.sleep(0)
        self._life.check()
        return result

    async def insert(self, jobs: Sequence[Job]) -> list[Job]:
        return await self._call(lambda: self._history.insert(jobs))

    async def claim(self, job_id: str, event: Claimed, cap: DailyCap | None = None) -> Job:
        return await self._call(lambda: self._history.claim(job_id, event, cap))

    async def apply(self, job_id: str, event: Event) -> Job:
        return await self._call(lambda: self._history.apply(job_id, event))

    async def apply_all(self, job_ids: Iterable[str], event: Event) -> list[Job]:
        ids = tuple(job_ids)
        return await self._call(lambda: self._history.apply_all(ids, event))

    async def send_again(self, job_id: str, at: float, successor: Job) -> tuple[Job, Job]:
        return await self._call(lambda: self._history.send_again(job_id, at, successor))

    async def mark(self, job_ids: Iterable[str], marks: Marks) -> list[Job]:
        return await self._call(lambda: self._history.mark(job_ids, marks))

    async def get_meta(self, name: str) -> str | None:
        return await self._call(lambda: self._history.get_meta(name))

    async def set_meta(self, name: str, value: str | None) -> None:
        await self._call(lambda: self._history.set_meta(name, value))

    async def data_version(self) -> int:
        return await self._call(self._history.data_version)

    async def changes_since(self, revision: int) -> list[Job]:
        return await self._call(lambda: self._history.changes_since(revision))

    async def revision(self) -> int:
        return await self._call(self._history.revision)

    async def open_jobs(self) -> list[Job]:
        return await self._call(self._history.open_jobs)

    async def get(self, job_id: str) -> Job:
        return await self._call(lambda: self._history.get(job_id))

    async def latest(self, limit: int, *, before_seq: int | None = None) -> list[Job]:
        return await self._call(lambda: self._history.latest(limit, before_seq=before_seq))

    async def ledger(self, since: float, profile: str) -> Ledger:
        return await self._call(lambda: self._history.ledger(since, profile))


@dataclass(frozen=True)
class KeptPicture:
    """A picture of few bytes."""

    path: str
    sha256: str
    size_bytes: int
    width: int = 4
    height: int = 3


class Shelf:
    """The pictures' folder that all processes share: what is on it outlives them."""

    def __init__(self) -> None:
        self.pictures: dict[tuple[str, int], KeptPicture] = {}


class _Part:
    def __init__(self, shelf: Shelf, life: Life, key: tuple[str, int]) -> None:
        self._shelf, self._life, self._key = shelf, life, key
        self._data = b""

    def write(self, chunk: bytes) -> None:
        self._life.check()
        self._data += chunk

    def finish(self, finished_at: float) -> KeptPicture:
        del finished_at
        self._life.step()
        if self._data.startswith(NO_PICTURE):
            raise DownloadError("this is no picture")
        kept = KeptPicture(
            f"{self._key[0]}-{self._key[1]}.png", hashlib.sha256(self._data).hexdigest(), len(self._data)
        )
        self._shelf.pictures[self._key] = kept
        self._life.step()
        return kept

    def discard(self) -> None:
        return None


class LoneFiles:
    """One process's way to the shelf."""

    def __init__(self, shelf: Shelf, life: Life) -> None:
        self._shelf, self._life = shelf, life

    def begin(self, job: Job, index: int) -> _Part:
        self._life.check()
        return _Part(self._shelf, self._life, (job.id, index))

    def find_saved(self, job: Job, index: int) -> KeptPicture | None:
        self._life.check()
        return self._shelf.pictures.get((job.id, index))

    def sweep(self) -> None:
        self._life.check()


@dataclass
class Register:
    """Which processes live, and when the dead ones were last well."""

    clock: VirtualClock
    lives: dict[str, Life] = field(default_factory=dict)
    last_well_at: dict[str, float] = field(default_factory=dict)


class LoneProcesses:
    """One process's entry in the register."""

    def __init__(self, register: Register, life: Life) -> None:
        self.process_id = f"process-{len(register.lives)}"
        self._register, self._life = register, life
        register.lives[self.process_id] = life

    def start(self) -> None:
        self.touch()

    def touch(self) -> None:
        self._life.check()
        self._register.last_well_at[self.process_id] = self._register.clock.now()

    def stop(self) -> None:
        if not self._life.is_dead:
            self._register.last_well_at.pop(self.process_id, None)

    def died_at(self, process_id: str) -> float | None:
        if process_id == self.process_id:
            return None
        last_well_at = self._register.last_well_at.get(process_id)
        if last_well_at is None:
            return 0.0
        return last_well_at if self._register.lives[process_id].is_dead else None

    def living_others(self) -> frozenset[str]:
        others = (other for other in self._register.last_well_at if other != self.process_id)
        return frozenset(other for other in others if self.died_at(other) is None)

    def others_alive(self) -> bool:
        return bool(self.living_others())


class LoneElection:
    """The real lock; a dead process neither takes nor frees it."""

    def __init__(self, path: Path, life: Life) -> None:
        self._lock = EngineLock(path)
        self._life = life
        life.on_death.append(self._lock.release)

    def try_acquire(self) -> bool:
        self._life.check()
        return self._lock.try_acquire()

    @property
    def is_held(self) -> bool:
        return self._lock.is_held

    def release(self) -> None:
        if not self._life.is_dead:
            self._lock.release()


class LoneProcess:
    """An engine with a history connection, a lock and a life of its own."""

    def __init__(self, place: "Place", policy: Policy) -> None:
        self.life = Life()
        self.store = LoneStore(place.folder / "history.db", self.life)
        self.election = LoneElection(place.folder / "engine.lock", self.life)
        self.processes = LoneProcesses(place.register, self.life)

        async def open_gateway(key: str) -> Gateway:
            del key
            self.life.step()
            return place.open_gateway(self)

        world = World(
            store=self.store,
            files=LoneFiles(place.shelf, self.life),
            election=self.election,
            processes=self.processes,
            clock=place.clock,
            open_gateway=open_gateway,
        )
        self.engine = Engine(world, policy)
        self.task = place.lone.start(self.life, self.engine.run())

    @property
    def is_alive(self) -> bool:
        return not self.life.is_dead and not self.task.done()


class Place:
    """A data directory, a clock and a loop; `open_gateway` gives a process its way to the gateway."""

    def __init__(self, folder: Path, clock: VirtualClock, open_gateway: Callable[[LoneProcess], Gateway]) -> None:
        self.folder = folder
        self.clock = clock
        self.open_gateway = open_gateway
        self.lone = LoneLoop()
        self.shelf = Shelf()
        self.register = Register(clock)
