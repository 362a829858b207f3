"""The real engine over the real history, against a gateway that does anything, with orders and deaths in any order.

`KREA_TUI_MACHINE_EXAMPLES=2000 pytest tests/engine/test_machine.py` searches deeper than a run of the suite does.
"""

import itertools
import os
import random
import tempfile
from collections.abc import Coroutine, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from krea_tui.domain.errors import ImpossibleTransition, RequestIdTaken, StoreError
from krea_tui.domain.job import HoldReason, Job, JobStatus, PictureState
from krea_tui.domain.request import GenerationRequest
from krea_tui.engine import engine as engine_module
from krea_tui.engine import leadership
from krea_tui.engine.heirs import WAITING_FOR_A_KEY
from krea_tui.engine.policy import Policy
from krea_tui.storage import store as store_module
from krea_tui.storage.store import JobStore
from tests.support.judge import Judge, Sight, day_start
from tests.support.one_thread import LoneClock, LoneProcess, Place
from tests.support.scripted_gateway import Check, GatewayBooks, Media, Post, Scene, ScriptedGateway

EXAMPLES = int(os.environ.get("KREA_TUI_MACHINE_EXAMPLES", "60"))
STEPS = int(os.environ.get("KREA_TUI_MACHINE_STEPS", "30"))
NOON = 1_800_014_400.0
FOLLOW_S = 4.0
# A change reaches every process, and the ledger, within this time where no disk fails.
SETTLED_S = 6 * FOLLOW_S
OPEN_END_S = 4_000.0

WAITS = st.sampled_from([None, 1.0, 7.0, 90.0])
TAKES = st.sampled_from([0.0, 0.3, 4.0, 45.0])
USUAL_POSTS = (Post.ACCEPTED, Post.ACCEPTED, Post.ACCEPTED, Post.ANSWER_LOST, Post.LOST_ON_THE_WAY)
USUAL_CHECKS = (Check.TRUE, Check.TRUE, Check.TRUE, Check.QUEUED, Check.DENIED)
POSTS = st.lists(st.builds(Scene, st.sampled_from((*Post, *USUAL_POSTS)), TAKES, WAITS), max_size=4)
CHECKS = st.lists(st.builds(Scene, st.sampled_from((*Check, *USUAL_CHECKS)), TAKES, WAITS), max_size=6)
MEDIA = st.lists(st.builds(Scene, st.sampled_from(Media), TAKES), max_size=3)
THEN = st.sampled_from([0.0, 0.4, 2.0, 10.0, 30.0])
WHO = st.integers(0, 1)
WHICH = st.lists(st.integers(0, 11), min_size=1, max_size=3)


class EngineMachine(RuleBasedStateMachine):
    """Two processes at most live at a time; every request number is another job."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="krea-tui-machine-")
        self.clock = LoneClock(NOON)
        self.place = Place(Path(self.folder.name), self.clock, self.open_gateway)
        self.history = JobStore(self.place.folder / "history.db")
        self.history._connection.execute("PRAGMA synchronous=OFF")
        self.books = GatewayBooks(self.clock)
        self.seeds = itertools.count()
        self.processes: list[LoneProcess] = []
        self.orders: list[Any] = []
        self.judge = Judge(self.history, self.books, self.clock, Policy("bench"))

    @initialize(
        cap=st.sampled_from([None, None, None, 200_000]),
        in_flight=st.sampled_from([1, 3, 16]),
        rate=st.sampled_from([1, 10]),
        count=st.integers(1, 4),
        posts=POSTS,
        checks=CHECKS,
    )
    def settle_in(
        self, *, cap: int | None, in_flight: int, rate: int, count: int, posts: list[Scene], checks: list[Scene]
    ) -> None:
        # The search leaves rules out at random: whatever it leaves out, there are jobs.
        self.judge.policy = Policy(
            "bench", "key", "print", in_flight, requests_per_s=float(rate), burst=5, daily_cap_microusd=cap
        )
        self.start()
        self.gateway_will(posts, checks, [])
        self.submit(0, count, 0.0)

    # --- the machinery

    def open_gateway(self, process: LoneProcess) -> ScriptedGateway:
        return ScriptedGateway(self.books, Sight(self.judge, process))

    def living(self) -> list[LoneProcess]:
        return [process for process in self.processes if process.is_alive]

    def process(self, who: int) -> LoneProcess:
        if not self.living():
            self.start()
        living = self.living()
        return living[who % len(living)]

    def pick(self, which: Iterable[int], *statuses: JobStatus) -> list[str]:
        """Jobs by number, newest first; of these states, if there are any."""
        jobs = [job for job in self.judge.rows.values() if not statuses or job.status in statuses]
        jobs.sort(key=lambda job: -job.seq)
        return [jobs[index % len(jobs)].id for index in dict.fromkeys(which)] if jobs else []

    def order(self, process: LoneProcess, order: "Coroutine[Any, Any, object]") -> object:
        """Give an order and let everything happen that needs no time; None where it is not carried out yet."""
        task = self.place.lone.start(process.life, order)
        self.orders.append((process, task))
        self.settle()
        is_done = task.done() and not task.cancelled() and task.exception() is None
        return task.result() if is_done else None

    def settle(self) -> None:
        self.place.lone.run(self.clock.advance(0.0))

    def wait(self, seconds: float) -> None:
        self.place.lone.run(self.clock.advance(seconds))

    # --- the person

    def start(self) -> None:
        self.processes.append(LoneProcess(self.place, self.judge.policy))
        self.settle()

    @rule(who=WHO, count=st.integers(1, 4), then=THEN)
    def submit(self, who: int, count: int, then: float) -> None:
        process = self.process(who)
        known = set(self.judge.rows)
        requests = [GenerationRequest("a lighthouse in heavy fog", next(self.seeds)) for _ in range(count)]
        self.order(process, process.engine.submit(requests))
        self.approve_new(known)
        self.wait(then)

    def approve_new(self, known: set[str]) -> None:
        self.judge.approve([job.id for job in self.history.changes_since(0) if job.id not in known])

    @precondition(lambda self: self.judge.rows)
    @rule(
        who=WHO,
        which=WHICH,
        what=st.sampled_from(["withdraw", "release", "hold back", "first", "last", "recheck", "delete", "bring back"]),
        then=THEN,
    )
    def order_jobs(self, who: int, which: list[int], what: str, then: float) -> None:
        process = self.process(who)
        engine = process.engine
        held = self.pick(which, JobStatus.HELD)
        if what == "withdraw":
            withdrawn = self.order(process, engine.withdraw(held))
            if isinstance(withdrawn, list):
                self.judge.withdrawn.update(job.id for job in withdrawn)
        elif what == "release":
            self.judge.approve(held)
            self.order(process, engine.release(held))
        elif what == "hold back":
            kept = self.order(process, engine.hold_back(held))
            if isinstance(kept, list):
                self.judge.held_back.update(job.id for job in kept)
        elif what in {"first", "last"}:
            self.order(process, engine.reprioritise(held, is_first=what == "first"))
        elif what == "recheck":
            self.order(process, engine.recheck(self.pick(which)))
        else:
            ended = self.pick(which, JobStatus.CANCELLED, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.REJECTED)
            self.order(process, engine.set_deleted(ended, is_deleted=what == "delete"))
        self.wait(then)

    @rule(who=WHO, what=st.sampled_from(["pause", "resume", "resume", "key"]), then=THEN)
    def speak(self, who: int, what: str, then: float) -> None:
        process = self.process(who)
        if what == "pause":
            self.order(process, process.engine.pause())
            if self.history.get_meta("paused") is not None and self.judge.paused_at is None:
                self.judge.paused_at = self.clock.monotonic()
        elif what == "resume":
            self.judge.hear_word()
            self.judge.paused_at = None
            self.order(process, process.engine.resume())
        else:
            self.judge.hear_word(WAITING_FOR_A_KEY)
            self.order(process, process.engine.use_key("another key", "another print"))
        self.wait(then)

    @precondition(lambda self: self.pick([0], JobStatus.UNCONFIRMED))
    @rule(who=WHO, which=WHICH, what=st.sampled_from(["not charged", "send again"]), then=THEN)
    def decide(self, who: int, which: list[int], what: str, then: float) -> None:
        process = self.process(who)
        doubted = self.pick(which, JobStatus.UNCONFIRMED)
        known = set(self.judge.rows)
        if what == "send again":
            self.order(process, process.engine.send_again(doubted))
            self.approve_new(known)
        else:
            self.order(process, process.engine.declare_not_charged(doubted))
        self.wait(then)

    @precondition(lambda self: self.pick([0], JobStatus.UNCONFIRMED, JobStatus.REJECTED))
    @rule(who=WHO, which=st.integers(0, 11), truth=st.sampled_from(["own", "own", "another's", "invented"]), then=THEN)
    def adopt(self, who: int, which: int, truth: str, then: float) -> None:
        process = self.process(who)
        [job_id] = self.pick([which], JobStatus.UNCONFIRMED, JobStatus.REJECTED)
        own = [charge.request_id for charge in self.books.charges if charge.job_id == job_id]
        others = [charge.request_id for charge in self.books.charges if charge.job_id != job_id]
        request_id = {"own": own, "another's": others}.get(truth, []) or [f"invented-{which}"]
        self.judge.adopted.add(job_id)
        self.order(process, process.engine.adopt(job_id, request_id[0]))
        self.wait(then)

    # --- the world

    @rule(posts=POSTS, checks=CHECKS, media=MEDIA)
    def gateway_will(self, posts: list[Scene], checks: list[Scene], media: list[Scene]) -> None:
        self.books.posts.extend(posts)
        self.books.checks.extend(checks)
        self.books.media.extend(media)

    @rule(who=WHO, faults=st.integers(1, 3), after=st.integers(0, 5), then=THEN)
    def disk_fails(self, who: int, faults: int, after: int, then: float) -> None:
        life = self.process(who).life
        life.disk_faults, life.disk_holds = faults, after
        self.wait(then)

    @rule(seconds=st.sampled_from([0.2, 1.0, 3.0, 6.0, 15.0, 60.0, 400.0, 4_000.0]), who=WHO, count=st.integers(0, 2))
    def time_passes(self, seconds: float, who: int, count: int) -> None:
        if count:
            self.submit(who, count, 0.0)
        self.wait(seconds)
        if seconds > SETTLED_S:
            self.compare_books()

    @rule(by_s=st.sampled_from([-90_000.0, -3_600.0, -30.0, 45.0, 3_600.0, 90_000.0]), then=THEN)
    def the_wall_clock_is_set(self, by_s: float, then: float) -> None:
        self.clock.jump_wall(by_s)
        self.judge.is_wall_true = False
        self.wait(then)

    @rule(seconds=st.sampled_from([20.0, 200.0, 1_000.0, 30_000.0]), then=THEN)
    def the_machine_sleeps(self, seconds: float, then: float) -> None:
        self.clock.suspend(seconds)
        self.judge.sleep_through(seconds)
        self.wait(then)

    @precondition(lambda self: len(self.living()) < 2)
    @rule(then=THEN)
    def one_more_starts(self, then: float) -> None:
        self.start()
        self.wait(then)

    @rule(who=WHO, steps=st.integers(0, 14), restarts=st.booleans(), then=THEN)
    def die(self, who: int, steps: int, restarts: bool, then: float) -> None:
        """Die now, or so many steps later: before or after a commit, before or after the charge."""
        process = self.process(who)
        if steps:
            process.life.steps_left = steps
        else:
            process.life.die()
        self.wait(then)
        if restarts or not self.living():
            self.start()

    @rule(who=WHO)
    def stop(self, who: int) -> None:
        process = self.process(who)
        self.order(process, process.engine.stop())
        self.wait(120.0)
        self.judge.expect(process.task.done(), "the engine does not stop")
        if not self.living():
            self.start()

    def compare_books(self) -> None:
        """Where nothing changed for a while, every book is the history, and every ledger its sum."""
        self.wait(1.0)
        before = {job.id: job for job in self.history.changes_since(0)}
        self.wait(SETTLED_S)
        rows = {job.id: job for job in self.history.changes_since(0)}
        for process in self.living():
            if process.life.disk_faults or not process.engine.is_ready.is_set():
                continue
            book = process.engine.book
            for job_id, job in rows.items():
                known = book.get(job_id)
                # What was deleted and has ended is of no interest to a process that starts later.
                if before.get(job_id) == job and (known is not None or job.deleted_at is None):
                    self.judge.expect(known == job, f"the book says {known}, the history {job}")
            if before == rows:
                ledger = self.history.ledger(day_start(self.clock.now()), "bench")
                self.judge.expect(book.ledger == ledger, f"the book's ledger is {book.ledger}, the history's {ledger}")

    # --- what must hold

    @invariant()
    def nobody_did_wrong(self) -> None:
        self.judge.look()
        for process, task in tuple(self.orders):
            if task.done():
                self.orders.remove((process, task))
                error = None if task.cancelled() else task.exception()
                is_expected = error is None or isinstance(error, StoreError | ImpossibleTransition | RequestIdTaken)
                self.judge.expect(is_expected or process.life.is_dead, f"an order ended with {error!r}")
        for process in self.processes:
            if process.task.done() and not process.life.is_dead:
                self.judge.expect(process.task.exception() is None, f"an engine ended with {process.task.exception()}")
        for job in self.judge.rows.values():
            for index, picture in enumerate(job.pictures):
                is_there = picture.state is not PictureState.SAVED or (job.id, index) in self.place.shelf.pictures
                self.judge.expect(is_there, f"a picture of {job.id} is said to be saved and is not")
        assert not self.judge.faults, self.judge.faults

    def teardown(self) -> None:
        try:
            if self.judge.policy.key and not self.judge.faults:
                self.all_ends_well()
        finally:
            for process in self.living():
                process.life.die()
            self.place.lone.close()
            self.history.close()
            self.folder.cleanup()

    def all_ends_well(self) -> None:
        """With a friendly gateway, and the person's word for all that is held, everything comes to an end."""
        for script in (self.books.posts, self.books.checks, self.books.media):
            script.clear()
        for process in self.living():
            process.life.disk_faults = 0
            process.life.steps_left = None
        if not self.living():
            self.start()
        self.wait(200.0)
        self.speak(0, "key", 0.0)
        self.speak(0, "resume", 0.0)
        self.release_all()
        self.wait(OPEN_END_S)
        self.nobody_did_wrong()
        self.judge.look()
        stuck = [job for job in self.judge.rows.values() if job.is_active and not self.may_stay(job)]
        assert not stuck, f"these wait for ever: {stuck}"

    def release_all(self) -> None:
        process = self.process(0)
        ids = [job.id for job in self.judge.rows.values() if job.status is JobStatus.HELD]
        self.judge.approve(ids)
        self.order(process, process.engine.release(ids))

    def may_stay(self, job: Job) -> bool:
        if job.deleted_at is not None or job.status is JobStatus.UNCONFIRMED:
            return True
        has_cap = self.judge.policy.daily_cap_microusd is not None
        return job.status is JobStatus.HELD and has_cap and job.hold_reason in {HoldReason.CAP, HoldReason.READY}


@pytest.mark.timeout(3_600)
@pytest.mark.slow
def test_no_order_no_fault_and_no_death_costs_money_or_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()

    def next_id() -> str:
        return f"{next(numbers):010d}"

    # The same example must take the same course whenever it is tried again.
    monkeypatch.setattr(leadership, "random", SimpleNamespace(Random=lambda: random.Random(7)))
    monkeypatch.setattr(leadership, "FOLLOW_INTERVAL_S", FOLLOW_S)
    monkeypatch.setattr(engine_module, "new_id", next_id)
    monkeypatch.setattr(store_module, "new_id", next_id)
    run_state_machine_as_test(
        EngineMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
