"""A long run in bad weather: real HTTP, real files and history, one request in ten meets a fault of some kind.

`--soak-jobs 2000` makes it as long as the promise is; the usual run is short. Time is virtual: waiting costs nothing.
"""

import asyncio
import hashlib
import io
import json
import random
import resource
import sqlite3
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from krea_tui.domain.job import Charge, Job, JobStatus, PictureState
from krea_tui.gateway.client import GatewayAddress, HttpGateway
from krea_tui.simulator import Target
from krea_tui.simulator.jobs import Job as SimulatedJob
from tests.support.bench import STATUS_PATH, SUBMIT_PATH, Bench, Process, WatchedGateway, requests
from tests.support.storm import storm
from tests.support.waiting import wait_until_async

SEED = 20_261
BATCHES = 4
READ_TIMEOUT_S = 0.5
PICTURE_BYTES = 48_000
MOST_GROWTH_BYTES = 64 * 1024 * 1024
STEP = 20
SHARE = 0.1
# Enough for most kinds of faults to come.
SHARE_OF_A_SHORT_RUN = 0.3
LONG = 1_000
ENDED = frozenset({JobStatus.UNCONFIRMED, JobStatus.REJECTED, JobStatus.FAILED, JobStatus.ERROR, JobStatus.NOT_FOUND})
# Answers that tell for sure that nothing was taken; what they answered may be sent again.
PROOFS = frozenset({301, 307, 401, 402, 404, 405, 429})

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]


class HeavyGallery:
    """A picture of few pixels and many bytes for every job: one that stays in memory would be seen."""

    async def file_of(self, job: SimulatedJob) -> bytes:
        seed = job.body["seed"]
        assert isinstance(seed, int)
        words = PngImagePlugin.PngInfo()
        words.add_text("noise", random.Random(seed).randbytes(PICTURE_BYTES // 2).hex())
        file = io.BytesIO()
        Image.new("RGB", (16, 12), (seed % 256, seed // 256 % 256, 40)).save(file, "PNG", pnginfo=words)
        return file.getvalue()

    def close(self) -> None:
        return None


class PostedBodies:
    """Keeps of every POST whose body came whole how it was answered; 0 where it was not."""

    def __init__(self, app: Starlette) -> None:
        self.answers: defaultdict[int, list[int]] = defaultdict(list)
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, answers = bytearray(), [0]

        async def read() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                body.extend(message.get("body", b""))
                if not message.get("more_body") and scope["method"] == "POST":
                    self.answers[json.loads(body)["seed"]] += answers
            return message

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and body:
                self.answers[json.loads(body)["seed"]][-1] = message["status"]
            await send(message)

        await self._app(scope, read, answer)


class Person:
    """Lets the lanes go again whenever they stand still, and does nothing else."""

    def __init__(self, process: Process) -> None:
        self.pauses: Counter[str] = Counter()
        self._process = process
        self._resuming: asyncio.Task[list[Job]] | None = None

    def look(self) -> None:
        pause = self._process.engine.book.health.pause
        if pause is not None and (self._resuming is None or self._resuming.done()):
            self.pauses[pause.reason] += 1
            self._resuming = asyncio.create_task(self._process.engine.resume())


def has_ended(job: Job) -> bool:
    return job.is_done or job.status in ENDED


async def let_all_end(process: Process, jobs: list[Job], person: Person) -> None:
    def ended() -> int:
        person.look()
        return sum(has_ended(process.job(job)) for job in jobs)

    # Step by step: each has a time limit of its own.
    for goal in (*range(STEP, len(jobs), STEP), len(jobs)):
        await process.until(partial(lambda least: ended() >= least, goal), 90_000, f"{goal} jobs have ended")


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1_024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def seed_of(job: SimulatedJob) -> int:
    seed = job.body["seed"]
    assert isinstance(seed, int)
    return seed


async def test_a_long_run_in_bad_weather_loses_nothing_and_pays_nothing_twice(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    count = int(request.config.getoption("--soak-jobs"))
    began_at, files_before = time.monotonic(), open_files()
    bench = Bench(tmp_path)
    bench.simulator._gallery = HeavyGallery()  # type: ignore[assignment]
    bodies = PostedBodies(bench.simulator.app)
    bench.simulator.app = bodies  # type: ignore[assignment]
    bench.policy = replace(bench.policy, max_in_flight=64, requests_per_s=50.0, burst=50)
    many = {Target.POST: count * 3, Target.STATUS: count * 12, Target.MEDIA: count * 4, Target.CONNECTION: count * 5}
    share = SHARE if count >= LONG else SHARE_OF_A_SHORT_RUN
    bench.tell(*storm(SEED, many, share), latency_s=25.0, fail_rate=0.02, error_rate=0.02)

    async def open_gateway(key: str) -> WatchedGateway:
        address = GatewayAddress(bench.server.base_url, SUBMIT_PATH, STATUS_PATH)
        return WatchedGateway(HttpGateway(address, key, read_timeout_s=READ_TIMEOUT_S), bench.clock, bench.log)

    peaks: list[int] = []
    asked = requests(count)
    with bench.serving():
        async with bench.process(open_gateway=open_gateway) as process:
            person = Person(process)
            jobs: list[Job] = []
            for start in range(0, count, -(-count // BATCHES)):
                batch = await process.engine.submit(asked[start : start + -(-count // BATCHES)])
                await let_all_end(process, batch, person)
                jobs += batch
                peaks.append(peak_bytes())
            jobs = [process.job(job) for job in jobs]
            # A submission that hung may be taken after its client has gone.
            await wait_until_async(lambda: sum(post_answers(bench).values()) == bench.stats["posts"])
    print(f"\n{report(jobs, bench, person, time.monotonic() - began_at)}")  # noqa: T201 -- what it is run for
    check_charges(jobs, bench)
    check_posts(tmp_path, jobs, bodies)
    await check_pictures(tmp_path, jobs, bench)
    assert open_files() <= files_before + 2
    assert peaks[-1] - peaks[0] < MOST_GROWTH_BYTES, peaks
    assert {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}} == set()


def post_answers(bench: Bench) -> dict[str, int]:
    answers = bench.stats["post_answers"]
    assert isinstance(answers, dict)
    return answers


def accepted_by_seed(bench: Bench) -> dict[int, SimulatedJob]:
    books = bench.simulator._jobs._jobs.values()
    by_seed = {seed_of(job): job for job in books}
    assert len(by_seed) == len(books) == bench.stats["charges"] == bench.stats["accepted"]
    assert bench.stats["duplicates"] == 0
    return by_seed


def check_charges(jobs: Iterable[Job], bench: Bench) -> None:
    taken = accepted_by_seed(bench)
    counted = 0
    for job in jobs:
        theirs = taken.get(job.request.seed)
        if theirs is None:
            assert job.request_id is None
            assert job.charge in {Charge.NONE, Charge.AT_RISK}
        else:
            assert job.request_id == theirs.request_id or job.status is JobStatus.UNCONFIRMED, "a paid job is lost"
        if job.request_id is not None:
            assert theirs is not None
            assert job.status.value == theirs.outcome
        counted += job.price_microusd * (job.charge in {Charge.SPENT, Charge.AT_RISK})
    net_microusd = bench.stats["net_microusd"]
    assert isinstance(net_microusd, int)
    assert net_microusd <= counted, "what was paid is in the ledger, as spent or at risk"


def check_posts(folder: Path, jobs: Iterable[Job], bodies: PostedBodies) -> None:
    with closing(sqlite3.connect(folder / "history.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT job_id, outcome FROM attempts ORDER BY started_at").fetchall()
    outcomes: dict[str, list[str]] = {}
    for job_id, outcome in rows:
        outcomes.setdefault(job_id, []).append(outcome)
    for job in jobs:
        of_job = outcomes[job.id]
        answers = bodies.answers[job.request.seed]
        assert set(answers[:-1]) <= PROOFS, "sent again without proof that it was not taken"
        assert set(of_job[:-1]) <= {"NotAccepted"}
        assert len(answers) <= len(of_job), "what may have been sent is written down before"


async def check_pictures(folder: Path, jobs: Iterable[Job], bench: Bench) -> None:
    taken = accepted_by_seed(bench)
    expected: set[str] = set()
    for job in jobs:
        sent = hashlib.sha256(await HeavyGallery().file_of(taken[job.request.seed])).hexdigest() if job.is_done else ""
        for picture in job.pictures:
            assert picture.state is PictureState.SAVED
            assert picture.path is not None
            assert picture.sha256 == sent
            expected |= {picture.path, f"{picture.path}.json"}
    found = {str(path.relative_to(folder / "pictures")) for path in (folder / "pictures").rglob("*") if path.is_file()}
    assert found == expected


def report(jobs: list[Job], bench: Bench, person: Person, seconds: float) -> str:
    statuses = Counter(job.status.value for job in jobs)
    pictures = Counter(picture.state.value for job in jobs for picture in job.pictures)
    stats = bench.stats
    polls, downloads = stats["polls"], stats["downloads"]
    return (
        f"{len(jobs)} jobs in {seconds:.0f} s, {bench.clock.monotonic() / 3600:.1f} h of virtual time\n"
        f"posts {stats['posts']} {post_answers(bench)}, polls {polls}, downloads {downloads},"
        f" connections {stats['connections']}, faults {stats['faults_shown']}\n"
        f"charges {stats['charges']}, refunds {stats['refunds']}, statuses {dict(statuses)},"
        f" pictures {dict(pictures)}, pauses {dict(person.pauses)}"
    )
