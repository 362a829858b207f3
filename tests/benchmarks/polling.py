"""`python -m tests.benchmarks.polling [--rate R] [--at-gateway N]`: what it costs to learn that a job has ended.

The same jobs of the simulator, which take 5 to 60 seconds each, are watched by the real lanes and by a plain poller
that asks for every job every 5 seconds, once within the same budget and once without any. All of it is virtual time.
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from krea_tui.domain.answers import StatusAnswer, SubmitAnswer
from krea_tui.domain.job import JobStatus
from krea_tui.domain.pacing import TokenBucket
from krea_tui.engine.budget import Budget, Priority
from krea_tui.engine.policy import Policy
from krea_tui.simulator import Behaviour
from krea_tui.simulator.jobs import JobBook as SimulatedJobs
from krea_tui.simulator.stats import Stats
from tests.support.lone_lanes import PROCESS, LoggingGateway, LoneLanes
from tests.support.making import make_job, make_request
from tests.support.one_thread import LoneClock

COUNTS: Final = (1, 16, 100, 1_000)
# From 5 to 60 seconds, evenly.
BEHAVIOUR: Final = Behaviour(latency_s=32.5, latency_spread=27.5 / 32.5)
ROUND_TRIP_S: Final = 0.2
PLAIN_INTERVAL_S: Final = 5.0
START: Final = 1_800_000_000.0
PRICE_MICROUSD: Final = 60_000
STEP_S: Final = 10.0
LONGEST_S: Final = 200_000.0


class WatchedSimulator(LoggingGateway):
    """The simulator's jobs and statistics without its HTTP, and when each end was first told."""

    def __init__(self, clock: LoneClock) -> None:
        super().__init__(clock, self._read, ROUND_TRIP_S)
        self._jobs = SimulatedJobs(clock=clock.now)
        self.stats = Stats()
        self.delays_s: dict[str, float] = {}

    async def submit(self, body: Mapping[str, object], *, callback_url: str | None = None) -> SubmitAnswer:
        await super().submit(body, callback_url=callback_url)
        self.stats.saw_accepted(repr(body).encode(), PRICE_MICROUSD)
        return SubmitAnswer(self._jobs.accept(dict(body), PRICE_MICROUSD, BEHAVIOUR, None).request_id)

    def _read(self, request_id: str) -> StatusAnswer:
        job = self._jobs.get(request_id)
        assert job is not None
        now = self._jobs.now()
        self.stats.saw_poll(request_id, now)
        status = job.status_at(now)
        if status == "COMPLETED":
            self.delays_s.setdefault(request_id, now - job.ended_at)
        return StatusAnswer(status, request_id, media_urls=("https://media.example.org/1",) * (status == "COMPLETED"))


@dataclass(frozen=True, slots=True)
class Result:
    """What one poller needed for so many jobs. `busiest` is the most requests within one second."""

    polls_per_job: float
    median_s: float
    p95_s: float
    all_told_s: float
    busiest: int


Watch = Callable[[LoneClock, WatchedSimulator, Policy, int], Awaitable[None]]


async def watch_by_lanes(clock: LoneClock, simulator: WatchedSimulator, policy: Policy, count: int) -> None:
    """The lanes as they are."""
    lanes = LoneLanes(clock, simulator, policy)
    jobs = [make_job(id=f"{n:010d}", request=make_request(seed=n), accepted_by=PROCESS) for n in range(count)]
    await lanes.put(jobs)
    async with lanes.running():
        await _until_told(clock, simulator, count)
        assert lanes.book.count(JobStatus.COMPLETED) == count


def watch_plainly(*, has_budget: bool) -> Watch:
    """A loop for each job: submit, then ask every 5 seconds; within a budget in the order of asking, or without one."""

    async def watch(clock: LoneClock, simulator: WatchedSimulator, policy: Policy, count: int) -> None:
        budget = Budget(TokenBucket(policy.requests_per_s, policy.burst, clock.monotonic()), clock)
        places = asyncio.Semaphore(policy.max_in_flight)

        async def turn() -> None:
            if has_budget:
                await budget.acquire(Priority.POLL)

        async def follow(seed: int) -> None:
            async with places:
                await turn()
                answer = await simulator.submit(make_request(seed=seed).body())
                status = ""
                while status != "COMPLETED":
                    await clock.sleep(PLAIN_INTERVAL_S)
                    await turn()
                    status = (await simulator.status(answer.request_id)).status

        loops = [asyncio.create_task(follow(seed)) for seed in range(count)]
        await _until_told(clock, simulator, count)
        await asyncio.gather(*loops)
        await budget.aclose()

    return watch


async def _until_told(clock: LoneClock, simulator: WatchedSimulator, count: int) -> None:
    while len(simulator.delays_s) < count:
        assert clock.monotonic() < LONGEST_S, f"{len(simulator.delays_s)} of {count} jobs were told"
        await clock.advance(STEP_S)


def measure(watch: Watch, policy: Policy, count: int) -> Result:
    """Let one poller follow the jobs to their ends."""
    clock = LoneClock(START)
    simulator = WatchedSimulator(clock)
    asyncio.run(_run(watch(clock, simulator, policy, count)))
    delays_s = sorted(simulator.delays_s.values())
    times = [at for at, _ in simulator.log]
    return Result(
        polls_per_job=simulator.stats.polls_of.total() / count,
        median_s=statistics.median(delays_s),
        p95_s=delays_s[min(count - 1, int(0.95 * count))],
        all_told_s=times[-1],
        busiest=_most_within_a_second(times),
    )


async def _run(watching: Awaitable[None]) -> None:
    await watching


def _most_within_a_second(times: Sequence[float]) -> int:
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


WATCHES: Final[tuple[tuple[str, Watch], ...]] = (
    ("krea-tui", watch_by_lanes),
    ("plain 5 s, same budget", watch_plainly(has_budget=True)),
    ("plain 5 s, no budget", watch_plainly(has_budget=False)),
)


def table(policy: Policy, counts: Sequence[int] = COUNTS) -> list[str]:
    """Rows of Markdown."""
    lines = [
        "| jobs | poller | status requests a job | delay, median | delay, 95 % | all told after | most in one second |",
        "|---|---|---|---|---|---|---|",
    ]
    for count in counts:
        for name, watch in WATCHES:
            result = measure(watch, policy, count)
            lines.append(
                f"| {count} | {name} | {result.polls_per_job:.1f} | {result.median_s:.1f} s | {result.p95_s:.1f} s"
                f" | {result.all_told_s:,.0f} s | {result.busiest} |"
            )
    return lines


def main() -> None:
    """Print the table for the settings as shipped, or others."""
    shipped = Policy("bench", "key", "print")
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.polling", description="Polling, beside a plain one"
    )
    parser.add_argument("--rate", type=float, default=shipped.requests_per_s, help="requests a second")
    parser.add_argument("--at-gateway", type=int, default=shipped.max_in_flight, help="jobs at the gateway at once")
    options = parser.parse_args()
    policy = replace(shipped, requests_per_s=options.rate, max_in_flight=options.at_gateway)
    head = f"{policy.requests_per_s:g} requests a second, {policy.max_in_flight} jobs at the gateway at once"
    for line in (head, "", *table(policy)):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
