"""Rounds of kill -9: a studio dies at a step or at a byte, another one goes on, and the books are compared."""

import asyncio
import hashlib
import json
import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from itertools import pairwise
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from urllib.parse import urlsplit

from krea_tui.domain.job import HoldReason, Job, JobStatus, PictureState
from krea_tui.pictures.files import PictureFiles
from krea_tui.simulator import Behaviour, Simulator, SimulatorServer
from krea_tui.simulator.jobs import Job as SimulatedJob
from krea_tui.storage.store import JobStore
from tests.support import killed_studio
from tests.support.bench import TinyGallery
from tests.support.cutting_proxy import Cut, CuttingProxy
from tests.support.keys import key_named
from tests.support.killed_studio import LEADING, SETTLED, Order
from tests.support.steps import steps_in

LIMIT_S = 30.0
LATENCY_S = 0.12
KILLED = -signal.SIGKILL

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([killed_studio.__name__])
# Starting and reaping touch one register of children: one thread at a time.
_REGISTER = threading.Lock()


class Life:
    """One process, from its start to its end."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._killed_at: float | None = None
        self._process: ForkServerProcess = PROCESSES.Process(target=killed_studio.live, args=(order,), daemon=True)
        self._code: int | None = None
        self._gone = threading.Event()
        with _REGISTER:
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid
        threading.Thread(target=self._reap, daemon=True).start()

    @property
    def steps(self) -> list[str]:
        """What it did, in its order."""
        return [words for _, words in steps_in(self.order.trace) if words not in {LEADING, SETTLED}]

    def moment_of(self, words: str) -> float | None:
        """When it said so first (`time.monotonic()`)."""
        return next((moment for moment, said in steps_in(self.order.trace) if said == words), None)

    def go(self) -> None:
        """Let one that waits for this word submit its jobs."""
        self.order.word.touch()

    def kill(self) -> None:
        """kill -9; it is gone when this returns."""
        # No later than its death, so that nothing another process does after it can seem to come before.
        self._killed_at = time.monotonic()
        os.kill(self.pid, signal.SIGKILL)
        assert self._gone.wait(LIMIT_S)

    @property
    def died_at(self) -> float:
        """When it was killed, or died at a step of its own (`time.monotonic()`)."""
        return self._killed_at or steps_in(self.order.trace)[-1][0]

    def end(self) -> bool:
        """Wait until it has ended; whether it was killed. AssertionError where it ended in any third way."""
        if not self._gone.wait(LIMIT_S):
            self.kill()
            raise AssertionError(f"it did not end by itself; its last steps: {self.steps[-8:]}")
        errors = self.order.trace.with_suffix(".stderr").read_text("utf-8", "replace")
        assert self._code in {0, KILLED}, f"it ended with {self._code}: {errors}"
        return self._code == KILLED

    def _reap(self) -> None:
        # Who waits for a process reads the pipe that tells its end: one reader, or they take it from each other.
        wait([self._process.sentinel])
        with _REGISTER:
            self._process.join()
            self._code = self._process.exitcode
            self._process.close()
        self._gone.set()


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of a round's jobs, or of many rounds'."""

    rounds: int = 0
    kills: int = 0
    jobs: int = 0
    posts: int = 0
    charges: int = 0
    completed: int = 0
    unconfirmed: int = 0
    unconfirmed_charged: int = 0
    held: int = 0
    left_over: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Figures)))

    def __str__(self) -> str:
        return ", ".join(f"{one.name} {getattr(self, one.name)}" for one in fields(Figures))


class Round:
    """A data directory, a gateway that counts charges, and a proxy between; studios live and die on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.simulator = Simulator(Behaviour(latency_s=LATENCY_S, latency_spread=0.0))
        self.gallery = TinyGallery()
        self.simulator._gallery = self.gallery  # type: ignore[assignment]
        self.kills = 0
        self.approved = 0
        self._lives = 0
        self._deaths: dict[str, float] = {}
        self._victim: Life | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def serving(self) -> Iterator["Round"]:
        with SimulatorServer(self.simulator) as url:
            self.proxy = CuttingProxy(urlsplit(url).port or 0)
            with self.proxy.serving():
                yield self

    def start(
        self,
        count: int = 0,
        *,
        die_at: str | None = None,
        cut: Cut | None = None,
        is_command: bool = False,
        waits: bool = False,
        releases: bool = False,
        refused: str | None = None,
    ) -> Life:
        """Start a studio with so many new jobs; it dies at the step, or when the wire has come to the cut.

        With `waits` it submits its jobs only when told to (`Life.go`), with `releases` the person lets left-overs go;
        its commits of the `refused` label fail.
        """
        self._lives += 1
        begun = threading.Event()
        if cut is not None:

            def strike() -> None:
                begun.wait(LIMIT_S)
                life.kill()

            self.proxy.cut(cut, strike)
        life = Life(
            Order(
                folder=self.data,
                trace=self.folder / f"{self._lives}.trace",
                url=self.proxy.url,
                key=key_named(f"process-{self._lives}"),
                count=count,
                seed=self.approved,
                die_at=die_at,
                is_command=is_command,
                waits=waits,
                releases=releases,
                refused=refused,
            )
        )
        if cut is not None:
            self._victim = life
        begun.set()
        self.approved += count
        return life

    def live(
        self,
        count: int = 0,
        *,
        die_at: str | None = None,
        cut: Cut | None = None,
        is_command: bool = False,
        releases: bool = False,
        refused: str | None = None,
    ) -> Life:
        """The same, until it has ended."""
        return self.end(
            self.start(count, die_at=die_at, cut=cut, is_command=is_command, releases=releases, refused=refused)
        )

    def end(self, life: Life) -> Life:
        """Wait for its end, whichever that is."""
        was_killed = life.end()
        if life is self._victim:
            # A cut that never came is not for the next one.
            self.proxy.cut(None)
        if was_killed:
            self.kills += 1
            self._deaths[life.order.key] = life.died_at
        return life

    def grow_old(self, seconds: float) -> None:
        """Let what has died have died so much longer ago."""
        for path in (self.data / "instances").glob("*.alive"):
            moment = path.stat().st_mtime - seconds
            os.utime(path, (moment, moment))

    def jobs(self) -> list[Job]:
        """The history, oldest first. Only while no process lives."""
        with closing(JobStore(self.data / "history.db")) as store:
            return store.latest(1_000)[::-1]

    def check(self) -> Figures:
        """Compare the history, the disk, the wire and the gateway's books; AssertionError names what is wrong."""
        jobs = {job.request.seed: job for job in self.jobs()}
        charged = _by_seed(self.simulator)
        self._check_history()
        self._check_charges(jobs, charged)
        self._check_wire(jobs)
        self._check_pictures(jobs, charged)
        unconfirmed = [seed for seed, job in jobs.items() if job.status is JobStatus.UNCONFIRMED]
        assert len(unconfirmed) <= self.kills, "one request at a time is in doubt when a process dies"
        statuses = Counter(job.status for job in jobs.values())
        return Figures(
            rounds=1,
            kills=self.kills,
            jobs=len(jobs),
            posts=len(self.proxy.posts),
            charges=self.simulator.stats.charges,
            completed=statuses[JobStatus.COMPLETED],
            unconfirmed=len(unconfirmed),
            unconfirmed_charged=sum(seed in charged for seed in unconfirmed),
            held=statuses[JobStatus.HELD],
            left_over=sum(job.hold_reason is HoldReason.LEFT_OVER for job in jobs.values()),
        )

    def _check_history(self) -> None:
        with closing(sqlite3.connect(self.data / "history.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []

    def _check_charges(self, jobs: dict[int, Job], charged: dict[int, list[SimulatedJob]]) -> None:
        stats = self.simulator.stats
        assert stats.charges == sum(map(len, charged.values())) <= len(jobs) <= self.approved
        assert stats.media_key_leaks == 0
        for seed, accepted in charged.items():
            assert len(accepted) == 1, f"seed {seed} was paid {len(accepted)} times"
            job = jobs[seed]
            is_known = job.request_id == accepted[0].request_id or job.status is JobStatus.UNCONFIRMED
            assert is_known, f"a paid job is {job.status} and nobody knows its request id"
        for job in jobs.values():
            assert job.request_id is None or job.request.seed in charged
            assert job.status in {JobStatus.HELD, JobStatus.UNCONFIRMED, JobStatus.COMPLETED}

    def _check_wire(self, jobs: dict[int, Job]) -> None:
        with closing(sqlite3.connect(self.data / "history.db")) as connection:
            bodies = [json.loads(row[0]) for row in connection.execute("SELECT body FROM attempts ORDER BY started_at")]
        assert len(bodies) == len({body["seed"] for body in bodies}), "a job was attempted twice"
        posts = self.proxy.posts
        whole = [json.loads(post.request.body) for post in posts if post.request.is_whole]
        assert len(whole) == len({body["seed"] for body in whole}), "a body was posted twice"
        assert all(body in bodies for body in whole), "what may have been sent is written down before"
        assert len(posts) <= len(bodies), "a POST that no attempt tells of"
        for earlier, later in pairwise(posts):
            # The request of a dead process ends with it, whatever the proxy still makes of it.
            ended_at = min(earlier.ended_at, self._deaths.get(earlier.key, float("inf")))
            assert ended_at <= later.began_at, "two requests at a time"
        senders = [post.key for post in posts if post.key]
        turns = [key for key, before in zip(senders, [None, *senders], strict=False) if key != before]
        assert len(turns) == len(set(turns)), "who once handed over never sends again"
        held = {seed for seed, job in jobs.items() if job.status is JobStatus.HELD}
        assert not held & {body["seed"] for body in bodies}, "a held job was attempted"

    def _check_pictures(self, jobs: dict[int, Job], charged: dict[int, list[SimulatedJob]]) -> None:
        files = PictureFiles(self.data / "pictures")
        for seed, job in jobs.items():
            if job.status is not JobStatus.COMPLETED:
                assert not job.pictures
                continue
            [picture] = job.pictures
            assert picture.state is PictureState.SAVED
            sent = asyncio.run(self.gallery.file_of(charged[seed][0]))
            assert picture.sha256 == hashlib.sha256(sent).hexdigest()
            found = files.find_saved(job, 0)
            assert found is not None, f"the picture of seed {seed} is not whole on the disk"
            assert (found.path, found.sha256) == (picture.path, picture.sha256)
        done = sum(job.status is JobStatus.COMPLETED for job in jobs.values())
        names = [path for path in files.root.rglob("*") if path.is_file()]
        suffixes = Counter(path.suffix for path in names)
        assert suffixes == Counter({".png": done, ".json": done}), names
        assert not list(self.data.rglob("*.part"))


def _by_seed(simulator: Simulator) -> dict[int, list[SimulatedJob]]:
    """What the gateway has accepted and charged."""
    charged: dict[int, list[SimulatedJob]] = {}
    for job in simulator._jobs._jobs.values():
        seed = job.body["seed"]
        assert isinstance(seed, int)
        charged.setdefault(seed, []).append(job)
    return charged
