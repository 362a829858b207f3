"""What must hold of every request at the moment at which it reaches the gateway, and of every step of the history.

Faults are written down, not raised: the engine would take an exception of its gateway for the gateway's.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from krea_tui.domain.job import AT_GATEWAY, SENDABLE, Charge, HoldReason, Job, JobStatus, PictureState
from krea_tui.domain.money import Ledger
from krea_tui.domain.pacing import DOUBTS_UNTIL_STOP, FORBIDDEN_UNTIL_STOP
from krea_tui.engine.heirs import RESUMABLE
from krea_tui.engine.policy import Policy
from krea_tui.storage.store import JobStore
from tests.support.one_thread import LoneProcess
from tests.support.scripted_gateway import DOUBTFUL, GatewayBooks, Post
from tests.support.virtual_clock import VirtualClock

COUNTED = {Charge.SPENT: "spent", Charge.RESERVED: "reserved", Charge.AT_RISK: "at_risk"}
ENDS = frozenset({JobStatus.FAILED, JobStatus.ERROR, JobStatus.CANCELLED})
# For so long a word of the person may be on its way from one process to the other.
GRACE_S = 25.0
CHARGED_WORDS = frozenset({JobStatus.HELD, JobStatus.CANCELLED, JobStatus.REJECTED})
STANDING = frozenset({Post.NO_KEY, Post.WRONG_ADDRESS, Post.NO_MODEL})


def day_start(now: float) -> float:
    """Midnight in UTC, the time zone of the tests."""
    return now - now % 86_400.0


def ledger_of(jobs: Mapping[str, Job], since: float) -> Ledger:
    """The ledger, counted by hand."""
    sums = dict.fromkeys(COUNTED.values(), 0)
    for job in jobs.values():
        if job.attempted_at is not None and job.attempted_at >= since and job.charge in COUNTED:
            sums[COUNTED[job.charge]] += job.price_microusd
    held = [job.price_microusd for job in jobs.values() if job.status is JobStatus.HELD]
    return Ledger(sums["spent"], sums["reserved"], sums["at_risk"], sum(held), len(held))


def _without_marks(job: Job) -> Job:
    """The job without what is set beside its life cycle."""
    return replace(job, revision=0, deleted_at=None, starred=False, priority=0, accepted_by="", recheck_at=None)


@dataclass
class Judge:
    """Knows the history, the person's orders and the gateway's books."""

    history: JobStore
    books: GatewayBooks
    clock: VirtualClock
    policy: Policy
    faults: list[str] = field(default_factory=list)
    rows: dict[str, Job] = field(default_factory=dict)
    words: int = 0
    word_at: float = float("-inf")
    paused_at: float | None = None
    is_wall_true: bool = True
    approved_at: dict[str, float] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    held_back: set[str] = field(default_factory=set)
    adopted: set[str] = field(default_factory=set)
    lost_once: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)
    needs_word: dict[str, HoldReason] = field(default_factory=dict)
    posting: "set[Sight]" = field(default_factory=set)
    attempts: set[str] = field(default_factory=set)

    def expect(self, holds: object, words: str) -> None:
        if not holds:
            self.faults.append(f"{self.clock.monotonic():.2f}: {words}")

    # --- the person's orders

    def approve(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            self.approved_at[job_id] = self.clock.monotonic()
            self.needs_word.pop(job_id, None)
            self.held_back.discard(job_id)

    def hear_word(self, reasons: frozenset[HoldReason] = RESUMABLE) -> None:
        self.words += 1
        self.word_at = self.clock.monotonic()
        self.needs_word = {job_id: why for job_id, why in self.needs_word.items() if why not in reasons}

    def sleep_through(self, seconds: float) -> None:
        """While the machine sleeps no word is on its way to anybody."""
        self.word_at += seconds
        if self.paused_at is not None:
            self.paused_at += seconds

    # --- the history

    def look(self) -> None:
        """Read the whole history and compare it with what it was."""
        rows = {job.id: job for job in self.history.changes_since(0)}
        self.expect(self.rows.keys() <= rows.keys(), "a job vanished from the history")
        for job_id, job in rows.items():
            before = self.rows.get(job_id)
            if before is not None and before != job:
                self._compare(before, job)
            self._note(job)
        request_ids = [job.request_id for job in rows.values() if job.request_id is not None]
        self.expect(len(request_ids) == len(set(request_ids)), "two jobs own one request id")
        self.rows = rows
        self._look_for_charges(set(request_ids))
        since = day_start(self.clock.now())
        counted = ledger_of(rows, since)
        self.expect(self.history.ledger(since, self.policy.profile) == counted, "the ledger is not the jobs' sum")
        # A day that is entered twice has no sum that could be kept.
        cap = self.policy.daily_cap_microusd if self.is_wall_true else None
        # What a person finds out to have been charged after all is no reason not to say so.
        found = sum(job.price_microusd for job in rows.values() if job.id in self.adopted and job.charge in COUNTED)
        self.expect(cap is None or counted.committed_microusd - found <= cap, "more than the cap is committed")

    def _note(self, job: Job) -> None:
        if job.status is JobStatus.UNCONFIRMED:
            self.doubted.add(job.id)
        if job.status is JobStatus.NOT_FOUND:
            self.lost_once.add(job.id)
        is_held = job.status is JobStatus.HELD and job.hold_reason is not None and job.hold_reason not in SENDABLE
        if is_held and self.clock.monotonic() - self.word_at > GRACE_S:
            assert job.hold_reason is not None
            self.needs_word[job.id] = job.hold_reason

    def _compare(self, before: Job, now: Job) -> None:
        moved = f"{now.id} went from {before.status.value} to {now.status.value}"
        self.expect(now.revision > before.revision, f"{now.id} changed without a new revision")
        if before.status in ENDS or (before.status is JobStatus.REJECTED and before.settled_at is None):
            self.expect(_without_marks(now) == _without_marks(before), f"an end moved: {moved}")
        if before.status is JobStatus.COMPLETED and before.pictures:
            self.expect(now.status is JobStatus.COMPLETED, f"completed was taken back: {moved}")
        if before.status in {JobStatus.UNCONFIRMED, JobStatus.COMPLETED, JobStatus.NOT_FOUND, *AT_GATEWAY}:
            self.expect(now.status not in {JobStatus.HELD, JobStatus.SENDING, JobStatus.CANCELLED}, moved)
        if before.status is JobStatus.UNCONFIRMED and now.request_id is not None:
            self.expect(now.id in self.adopted, f"{moved} without a person")
        if before.request_id is not None and before.adopted_at is None:
            self.expect(now.request_id == before.request_id, f"{now.id} lost its request id")
        for index, picture in enumerate(before.pictures):
            if picture.state is PictureState.SAVED:
                kept = now.pictures[index]
                self.expect((kept.state, kept.path) == (picture.state, picture.path), f"{now.id} lost a picture")

    def _look_for_charges(self, request_ids: set[str]) -> None:
        for charge in self.books.charges:
            job = self.rows[charge.job_id]
            is_known = charge.request_id in request_ids or job.status not in CHARGED_WORDS
            # An ANSWER of another id leaves the job unconfirmed; a person may have decided on it since.
            is_known = is_known or job.settled_at is not None
            self.expect(is_known, f"{job.id} was charged as {charge.request_id} and is {job.status.value}")

    # --- the gateway

    def sending(self, process: LoneProcess, seed: object) -> Job:
        """The one job that is on its way right now."""
        rows = [job for job in self.history.open_jobs() if job.status is JobStatus.SENDING]
        self.expect(len(rows) == 1, f"{len(rows)} jobs are SENDING at a POST")
        # What a living process lets go is for the one that leads, also in the moment before this one takes it over.
        mine = [job for job in rows if process.processes.died_at(job.accepted_by) is None]
        self.expect(mine, "a POST for a job that this process did not take")
        job = mine[0] if mine else rows[0]
        self.expect(job.request.seed == seed, "a POST of another request than was written down")
        return job

    def judge_post(self, sight: "Sight", job: Job) -> None:
        process = sight.process
        self.expect(process.election.is_held, "a POST of a process that does not lead")
        self.expect(not process.task.done(), "a POST of an engine that has ended")
        self.expect(not {other for other in self.posting if not other.process.life.is_dead}, "two POSTs at once")
        self._judge_attempt(job)
        self.expect(job.id not in self.withdrawn, f"{job.id} was withdrawn and is sent")
        self.expect(job.id not in self.held_back, f"{job.id} was kept back and is sent")
        self.expect(job.id not in self.doubted, f"{job.id} was unconfirmed and is sent")
        self.expect(job.deleted_at is None, f"{job.id} was deleted and is sent")
        why = self.needs_word.get(job.id)
        self.expect(why is None, f"{job.id} was held ({why}) and is sent without a word")
        now = self.clock.monotonic()
        self.expect(self.paused_at is None or now - self.paused_at < GRACE_S, "a POST while the person pauses")
        flying = [job for job in self.history.open_jobs() if job.status in {JobStatus.SENDING, *AT_GATEWAY}]
        flying = [job for job in flying if job.id not in self.adopted | self.lost_once and job.deleted_at is None]
        self.expect(len(flying) <= self.policy.max_in_flight, f"{len(flying)} jobs are at the gateway")

    def _judge_attempt(self, job: Job) -> None:
        attempt = job.attempt_id or ""
        self.expect(attempt and attempt not in self.attempts, f"{job.id} is sent without an attempt of its own")
        self.attempts.add(attempt)
        row = self.history._connection.execute(
            "SELECT job_id, outcome FROM attempts WHERE attempt_id = ?", (attempt,)
        ).fetchone()
        self.expect(row is not None and tuple(row) == (job.id, None), f"the attempt of {job.id} is not written down")
        paid = [charge.request_id for charge in self.books.charges if charge.job_id == job.id]
        self.expect(not paid, f"{job.id} was accepted as {paid} and is sent again")


class Sight:
    """Watches the requests of one process for as long as it leads."""

    def __init__(self, judge: Judge, process: LoneProcess) -> None:
        self.process = process
        self._judge = judge
        self._clock = judge.clock
        self._limits: list[tuple[float, float, float]] = []
        self._doubts = self._forbidden = 0
        self._stood_at_word: int | None = None
        self._key_refused_at_word: int | None = None
        self._key_refused_at = 0.0
        self._broke_at: float | None = None

    async def step(self) -> None:
        self.process.life.step()
        await asyncio.sleep(0)
        self.process.life.check()

    def on_post(self, body: Mapping[str, object]) -> str:
        self.process.life.check()
        judge = self._judge
        job = judge.sending(self.process, body["seed"])
        judge.judge_post(self, job)
        judge.expect(self._stood_at_word != judge.words, "a POST though the lane stands until a person speaks")
        is_refused = self._is_key_refused() and (job.attempted_at or 0.0) > self._key_refused_at
        judge.expect(not is_refused, "a POST though the key was refused")
        if self._broke_at is not None and judge.word_at < self._broke_at - GRACE_S:
            # One that was never seen before is the person's newest order.
            approved_at = judge.approved_at.get(job.id, float("-inf" if job.id in judge.rows else "inf"))
            judge.expect(approved_at >= self._broke_at - GRACE_S, f"{job.id} is sent though the wallet is empty")
        for limited_at, began_at, until in self._limits:
            is_within = began_at < self._clock.monotonic() < until and (job.attempted_at or 0.0) > limited_at
            judge.expect(not is_within, "a POST before Retry-After")
        judge.posting.add(self)
        return job.id

    def on_post_ended(self, post: Post) -> None:
        judge = self._judge
        judge.posting.discard(self)
        if self._clock.monotonic() - judge.word_at < GRACE_S:
            # The lane may hear that word later than this answer.
            self._doubts = self._forbidden = 0
            return
        if post in DOUBTFUL or post is Post.ID_OF_ANOTHER:
            self._doubts += 1
        if post is Post.FORBIDDEN:
            self._forbidden += 1
        if post in {Post.ACCEPTED, Post.ACCEPTED_UNKNOWN_WORD}:
            self._doubts = self._forbidden = 0
        if post in {Post.ACCEPTED, Post.ACCEPTED_UNKNOWN_WORD, Post.ID_OF_ANOTHER}:
            # A gateway that accepts has found money, whatever it calls the job.
            self._broke_at = None
        if post is Post.NO_MONEY:
            self._broke_at = self._clock.monotonic()
        is_full = self._doubts >= DOUBTS_UNTIL_STOP or self._forbidden >= FORBIDDEN_UNTIL_STOP
        if post in STANDING or (is_full and self._stood_at_word != judge.words):
            self._stood_at_word = judge.words
            self._doubts = self._forbidden = 0
        if post is Post.NO_KEY:
            self.on_check_refused_key()

    def on_check(self, request_id: str) -> None:
        self.process.life.check()
        judge = self._judge
        owner = [job for job in judge.history.open_jobs() if job.request_id == request_id]
        judge.expect(owner, f"a check of {request_id}, which no open job owns")
        judge.expect(self.process.election.is_held, "a check of a process that does not lead")
        is_refused = self._is_key_refused() and self._clock.now() > self._key_refused_at
        judge.expect(not is_refused, "a check though the key was refused")
        now = self._clock.monotonic()
        judge.expect(not any(began < now < until for _, began, until in self._limits), "a check before Retry-After")

    def on_check_refused_key(self) -> None:
        if self._clock.monotonic() - self._judge.word_at >= GRACE_S:
            self._key_refused_at_word = self._judge.words
            self._key_refused_at = self._clock.now()

    def _is_key_refused(self) -> bool:
        return self._key_refused_at_word == self._judge.words

    def on_limited(self, wait_s: float | None) -> None:
        if wait_s is not None:
            now = self._clock.monotonic()
            self._limits.append((self._clock.now(), now, now + wait_s))
