"""kill -9 between any two steps: nothing paid is lost, nothing is sent twice. Real processes, the real clock."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from krea_tui.domain.job import Charge, Job, JobStatus
from krea_tui.simulator import Behaviour, Close, Fault, Simulator, SimulatorServer, Target
from krea_tui.storage.store import JobStore
from tests.support.bench import TinyGallery
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def simulator() -> Simulator:
    simulator = Simulator()
    simulator._gallery = TinyGallery()  # type: ignore[assignment]
    return simulator


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    with SimulatorServer(simulator) as url:
        yield url


@contextmanager
def engine(folder: Path, url: str, count: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.support.engine_process", str(folder), url, str(count)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], word: str) -> list[str]:
    """The fields of the first line that says so. The test's own time limit bounds it."""
    assert process.stdout is not None
    for line in process.stdout:
        if word in line.split():
            return line.split()
    raise AssertionError(f"the process ended without saying {word}")


def jobs_in(folder: Path) -> list[Job]:
    store = JobStore(folder / "history.db")
    try:
        return store.latest(100)
    finally:
        store.close()


# Where the request is when the process is killed, and whether the gateway has charged it.
MOMENTS = {
    "after the headers": (Fault(on=Target.POST, hang_s=30.0, close=Close.AFTER_BODY), 0),
    "after acceptance, before the answer": (Fault(on=Target.POST, drip_s=0.5), 1),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_the_request_is_on_its_way_it_is_unconfirmed_and_never_sent_again(
    tmp_path: Path, simulator: Simulator, url: str, moment: str
) -> None:
    fault, charges = MOMENTS[moment]
    simulator.set_behaviour(Behaviour(faults=(fault,)))
    with engine(tmp_path, url, 1) as process:
        job_id, *_ = read_until(process, "SENDING")
        wait_until(lambda: simulator.stats.posts == 1 and simulator.stats.charges == charges)
        process.kill()
    simulator.set_behaviour(Behaviour())
    with engine(tmp_path, url, 0) as process:
        read_until(process, "ready")
    [job] = jobs_in(tmp_path)
    assert (job.id, job.status, job.charge) == (job_id, JobStatus.UNCONFIRMED, Charge.AT_RISK)
    assert (simulator.stats.posts, simulator.stats.charges) == (1, charges)


def test_killed_before_anything_was_sent_it_is_sent_once_by_the_next(
    tmp_path: Path, simulator: Simulator, url: str
) -> None:
    with engine(tmp_path, "http://127.0.0.1:9", 1) as process:
        read_until(process, "SENDING")
        read_until(process, "HELD")
        process.kill()
    [job] = jobs_in(tmp_path)
    assert job.status is JobStatus.HELD
    assert simulator.stats.posts == 0
    # Another gateway's jobs stay where they are: nobody pays there for what was meant for here.
    with engine(tmp_path, url, 0) as process:
        read_until(process, "ready")
    assert [job.status for job in jobs_in(tmp_path)] == [JobStatus.HELD]
    assert simulator.stats.posts == 0


def test_killed_after_the_answer_the_next_one_fetches_and_posts_nothing(
    tmp_path: Path, simulator: Simulator, url: str
) -> None:
    simulator.set_behaviour(Behaviour(latency_s=1.0))
    with engine(tmp_path, url, 2) as process:
        read_until(process, "QUEUED")
        wait_until(lambda: {job.status for job in jobs_in(tmp_path)} == {JobStatus.QUEUED})
        process.kill()
    with engine(tmp_path, url, 0) as process:
        wait_until(lambda: all(job.is_done for job in jobs_in(tmp_path)), within_s=20)
        process.kill()
    jobs = jobs_in(tmp_path)
    assert len({job.request_id for job in jobs}) == 2
    assert len(list((tmp_path / "pictures").rglob("*.png"))) == 2
    assert (simulator.stats.posts, simulator.stats.charges) == (2, 2)


def test_killed_in_the_middle_of_a_download_the_next_one_finishes_it(
    tmp_path: Path, simulator: Simulator, url: str
) -> None:
    simulator.set_behaviour(Behaviour(faults=(Fault(on=Target.MEDIA, hang_s=30.0),)))
    with engine(tmp_path, url, 1) as process:
        read_until(process, "COMPLETED")
        process.kill()
    simulator.set_behaviour(Behaviour())
    with engine(tmp_path, url, 0) as process:
        read_until(process, "ready")
        wait_until(lambda: all(job.is_done for job in jobs_in(tmp_path)), within_s=20)
        process.kill()
    assert not list((tmp_path / "pictures").rglob("*.part"))
    assert simulator.stats.posts == 1


def test_the_other_engine_takes_over_within_seconds_of_a_kill(tmp_path: Path, simulator: Simulator, url: str) -> None:
    simulator.set_behaviour(Behaviour(latency_s=600.0, faults=(Fault(on=Target.POST, hang_s=60.0, skip=1),)))
    with engine(tmp_path, url, 4) as first:
        read_until(first, "QUEUED")
        wait_until(lambda: simulator.stats.posts == 2, what="the second request is on its way")
        with engine(tmp_path, url, 0) as second:
            read_until(second, "ready")
            first.kill()
            takes_over(tmp_path, simulator)


def takes_over(folder: Path, simulator: Simulator) -> None:
    wait_until(lambda: simulator.stats.posts == 4, within_s=15, what="the other engine sends the rest")
    wait_until(lambda: sum(job.status is JobStatus.QUEUED for job in jobs_in(folder)) == 3, within_s=10)
    statuses = [job.status for job in reversed(jobs_in(folder))]
    assert statuses == [JobStatus.QUEUED, JobStatus.UNCONFIRMED, JobStatus.QUEUED, JobStatus.QUEUED]
    assert (simulator.stats.posts, simulator.stats.charges) == (4, 3)
