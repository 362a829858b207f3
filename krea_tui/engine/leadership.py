"""Who sends and polls: one process leads, elected by an OS lock; the others follow what it commits."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass

from krea_tui.domain.errors import HistoryDamaged, StoreError
from krea_tui.domain.job import Job
from krea_tui.domain.pacing import TokenBucket
from krea_tui.engine.book import JobBook
from krea_tui.engine.budget import Budget
from krea_tui.engine.callbacks import Callbacks
from krea_tui.engine.clock import wait_for
from krea_tui.engine.context import LaneContext
from krea_tui.engine.download import DownloadLane
from krea_tui.engine.faults import LOG, keep_going
from krea_tui.engine.health import Pause, PauseReason
from krea_tui.engine.heirs import RESUMABLE, WAITING_FOR_A_KEY, Heirs
from krea_tui.engine.ledger_keeper import LedgerKeeper
from krea_tui.engine.outcomes import Unwritten, take_in
from krea_tui.engine.policy import Policy
from krea_tui.engine.ports import Gateway
from krea_tui.engine.signals import Heard, Signals, Standing
from krea_tui.engine.status import StatusLane
from krea_tui.engine.submission import SubmissionLane
from krea_tui.engine.timekeeper import Timekeeper
from krea_tui.engine.world import World

FOLLOW_INTERVAL_S = 0.4
SIGN_OF_LIFE_S = 5.0
HAND_OVER_S = 3.0
DISK_RETRY_S = 5.0
HISTORY_PAGE = 200


@dataclass(slots=True)
class Lanes:
    """The three lanes of a leading process, what they share, and what hastens them."""

    context: LaneContext
    submission: SubmissionLane
    status: StatusLane
    download: DownloadLane
    callbacks: Callbacks


class Leadership:
    """Leads or follows until stopped; keeps the book in step with the history either way."""

    def __init__(self, world: World, policy: Policy, book: JobBook) -> None:
        self.book = book
        self.policy = policy
        self.lanes: Lanes | None = None
        self.is_ready = asyncio.Event()
        self.heirs = Heirs(world, book)
        self.signals = Signals(world.store)
        self._world = world
        self._store = world.store
        self._clock = world.clock
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()
        self._is_running = False
        self._left: list[Job] = []
        self._unwritten: Unwritten | None = None
        self._followed = 0
        # Changes whose jobs are not adopted yet: a tired disk must not make us forget them.
        self._has_news = False
        self._data_version = -1
        self._heard = Heard()
        self._last_touch = float("-inf")
        self._timekeeper = Timekeeper(world.clock)
        self._shown_wall_s = 0.0
        self._ledger = LedgerKeeper(world.store, book, world.clock, policy.profile)
        book.health.has_key = bool(policy.key)

    async def run(self) -> None:
        """Lead or follow until `stop()`; raises `StoreError` where the history cannot be used."""
        processes = self._world.processes
        await asyncio.to_thread(processes.start)
        self._is_running = True
        unsubscribe = self.book.subscribe(self._ledger.on_change)
        try:
            await self._load()
            while not self._stop.is_set():
                try:
                    await self._lead_or_follow()
                except HistoryDamaged:
                    raise
                except StoreError as error:
                    await self._wait_for_disk(error)
        finally:
            await asyncio.to_thread(self._world.election.release)
            with suppress(StoreError):
                self._left = await self._leave()
            unsubscribe()
            self._ledger.close()
            await asyncio.to_thread(processes.stop)
            self._is_running = False
            self._ended.set()

    async def stop(self) -> list[Job]:
        """Send nothing more, let the request in flight end, and leave; returns the jobs that became left-overs."""
        if self.lanes is not None:
            await self.lanes.submission.finish()
        self._stop.set()
        if self._is_running:
            await self._ended.wait()
        return self._left

    @property
    def unwritten(self) -> Unwritten | None:
        """The outcome of an attempt that the history has refused until now."""
        return self._unwritten if self.lanes is None else self.lanes.submission.unwritten

    async def refresh_ledger(self) -> None:
        """Read today's ledger again."""
        await self._ledger.refresh()

    def day_start(self) -> float:
        """The local midnight before now, epoch seconds."""
        return self._ledger.day_start()

    def unpause(self) -> None:
        """Let every lane go again."""
        self.book.health.lift_pause()
        if self.lanes is not None:
            self.lanes.submission.resume()
            self.lanes.status.resume()
            self.lanes.download.resume()
        self.book.touch()

    async def resume(self) -> list[Job]:
        """The person's word, here and in the process that leads; returns the jobs that go on."""
        word = await self.signals.resume()
        self._heard = Heard(resumed=word, key=self._heard.key)
        self.book.health.is_paused_by_person = False
        # Released first: the lane goes on with the oldest.
        released = await self.heirs.release(RESUMABLE, self.policy.profile)
        self.unpause()
        return released

    async def use_key(self, key: str, fingerprint: str) -> None:
        """Send with another key from now on; what waited for one goes on."""
        self.policy = self.policy.with_key(key, fingerprint)
        self.book.health.has_key = bool(key)
        if self.lanes is not None:
            self.lanes.context.policy = self.policy
            self.lanes.context.gateway.use_key(key)
        if self.book.health.stands_for({PauseReason.KEY, PauseReason.FORBIDDEN}):
            self.unpause()
        await self.heirs.release(WAITING_FOR_A_KEY, self.policy.profile)
        self.book.touch()

    async def _load(self) -> None:
        self._followed = await self._store.revision()
        self.book.put(await self._store.open_jobs())
        page = await self._store.latest(HISTORY_PAGE)
        self.book.put(page)
        self._heard = await self.signals.hear()
        await self._obey(self._heard)
        await self.refresh_ledger()

    async def _lead_or_follow(self) -> None:
        if await asyncio.to_thread(self._world.election.try_acquire):
            await self._lead()
            return
        self.book.health.is_follower = True
        self.is_ready.set()
        await self.heirs.meet()
        await self._follow_changes()
        await wait_for(self._stop, self._clock, FOLLOW_INTERVAL_S)

    async def _lead(self) -> None:
        health = self.book.health
        health.is_engine, health.is_follower = True, False
        health.lift_pause()
        try:
            await self._follow_changes()
            if self._world.outbox is not None:
                await take_in(self._world.outbox, self._store, self.book)
            await self.heirs.doubt_interrupted()
            before = (await self.signals.hear()).standing.pause
            adopted = await self.heirs.adopt(self.policy.profile, takes_orphans=self.policy.adopts_orphans)
            if adopted and before is not None and before.reason is PauseReason.DOUBT:
                # Only the person lets these jobs go on, whoever is to send them.
                health.stand(before)
            await self.signals.begin_standing(Standing.of(health))
            gateway = await self._world.open_gateway(self.policy.key)
            try:
                await self._run_lanes(gateway)
            finally:
                await gateway.aclose()
        finally:
            health.is_engine = False

    async def _run_lanes(self, gateway: Gateway) -> None:
        # The key may have changed while the gateway was opened.
        gateway.use_key(self.policy.key)
        lanes = self._make_lanes(gateway)
        try:
            await asyncio.to_thread(self._world.files.sweep)
        except StoreError as error:
            self.book.health.download_pause = Pause(PauseReason.DISK, str(error), error.advice)
        if self._stop.is_set():
            return
        self.lanes = lanes
        # Before the first submission, which is to name the address of its callback.
        await lanes.callbacks.open()
        tasks = [
            asyncio.create_task(lanes.submission.run(), name="submission-lane"),
            asyncio.create_task(lanes.status.run(), name="status-lane"),
            asyncio.create_task(lanes.download.run(), name="download-lane"),
            asyncio.create_task(lanes.callbacks.run(), name="callbacks"),
            asyncio.create_task(keep_going(self._watch, lambda: False, self._clock), name="engine-watch"),
        ]
        stop = asyncio.create_task(self._stop.wait(), name="engine-stop")
        self.is_ready.set()
        self.book.touch()
        try:
            ended, _ = await asyncio.wait({*tasks, stop}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended - {stop}:
                task.result()
        finally:
            await lanes.submission.finish()
            for task in (*tasks, stop):
                task.cancel()
            await asyncio.gather(*tasks, stop, return_exceptions=True)
            await lanes.callbacks.aclose()
            await lanes.context.budget.aclose()
            self._unwritten = lanes.submission.unwritten
            self.lanes = None

    def _make_lanes(self, gateway: Gateway) -> Lanes:
        policy = self.policy
        bucket = TokenBucket(policy.requests_per_s, policy.burst, self._clock.monotonic())
        health = self.book.health
        health.rate_per_s = health.configured_rate_per_s = policy.requests_per_s
        context = LaneContext(
            book=self.book,
            store=self._store,
            gateway=gateway,
            files=self._world.files,
            budget=Budget(bucket, self._clock),
            clock=self._clock,
            timekeeper=self._timekeeper,
            policy=policy,
            process_id=self._world.processes.process_id,
            day_start=self.day_start,
            outbox=self._world.outbox,
            chance=random.Random(),  # noqa: S311 -- jitter, not a secret
        )
        status = StatusLane(context)
        callbacks = Callbacks(context, status, self._world.make_receiver)
        return Lanes(context, SubmissionLane(context), status, DownloadLane(context), callbacks)

    async def _watch(self) -> None:
        await self._clock.sleep(FOLLOW_INTERVAL_S)
        await self.signals.tell_standing(Standing.of(self.book.health))
        self._has_news = await self._follow_changes() or self._has_news
        if self._has_news:
            adopted = await self.heirs.adopt(self.policy.profile, takes_orphans=self.policy.adopts_orphans)
            self._has_news = False
            if adopted and self.lanes is not None:
                self.lanes.submission.probe_with(adopted[0])

    async def _follow_changes(self) -> bool:
        """Take in what other processes committed; true if there was anything."""
        if self._store.damage is not None:
            raise self._store.damage
        await self._keep_time()
        await self._sign_of_life()
        await self._ledger.keep_day()
        version = await self._store.data_version()
        if version == self._data_version:
            return False
        changes = await self._store.changes_since(self._followed)
        heard = await self.signals.hear()
        self._followed = max((job.revision for job in changes), default=self._followed)
        self._data_version = version
        self.book.put(changes)
        await self._obey(heard)
        return True

    async def _obey(self, heard: Heard) -> None:
        before, self._heard = self._heard, heard
        health = self.book.health
        was_paused, health.is_paused_by_person = health.is_paused_by_person, heard.is_paused
        if heard.key is not None and heard.key not in {before.key, self.policy.key_fingerprint}:
            found = await asyncio.to_thread(self._world.read_key)
            if found is not None and found[1] == heard.key:
                await self.use_key(*found)
        if not health.is_engine:
            health.lift_pause()
            heard.standing.show_in(health)
            health.told = heard.gauges
        elif heard.resumed != before.resumed or (was_paused and not heard.is_paused):
            # The process that was told may not have seen yet what was held here.
            await self.heirs.release(RESUMABLE, self.policy.profile)
            self.unpause()
        elif health.pause is None:
            health.lift_pause()
        self.book.touch()

    async def _keep_time(self) -> None:
        """After the clock was set or the machine slept: say at once that we live, and show the waits as they are."""
        if self._timekeeper.look():
            LOG.warning("the clock was set, or the machine slept: %+.0f s", self._timekeeper.missed_s)
            self._last_touch = float("-inf")
        if moved_s := self._timekeeper.wall_moved_s - self._shown_wall_s:
            self._shown_wall_s += moved_s
            self.book.health.wall_was_set(moved_s)
            self.book.touch()
        if self.lanes is not None:
            await self.lanes.status.patience.excuse_missed_time()

    async def _sign_of_life(self) -> None:
        now = self._clock.monotonic()
        if now - self._last_touch >= SIGN_OF_LIFE_S:
            self._last_touch = now
            with suppress(OSError):
                await asyncio.to_thread(self._world.processes.touch)
            if self.lanes is not None and await asyncio.to_thread(self._world.processes.others_alive):
                await self.signals.tell_gauges(self.book.health.gauges(self._clock.now()))

    async def _leave(self) -> list[Job]:
        """Wait a little for a living process to take over what this one had accepted; the rest is left over."""
        until = self._clock.monotonic() + HAND_OVER_S
        while self.heirs.mine() and self._clock.monotonic() < until:
            if not await asyncio.to_thread(self._world.processes.others_alive):
                break
            await self._clock.sleep(FOLLOW_INTERVAL_S)
            await self._follow_changes()
        return await self.heirs.leave_over()

    async def _wait_for_disk(self, error: StoreError) -> None:
        LOG.warning("the history does not answer: %s", error)
        health = self.book.health
        health.pause = Pause(PauseReason.DISK, str(error), error.advice)
        self.book.touch()
        await wait_for(self._stop, self._clock, DISK_RETRY_S)
        health.lift_pause()
