"""Several reasons to stand still hold side by side: one that is mended uncovers the others."""

from collections.abc import Mapping

import pytest

from krea_tui.domain.answers import StatusAnswer, SubmitAnswer
from krea_tui.domain.errors import GatewayError, InsufficientBalance, KeyRefused, ModelUnavailable, StoreError
from krea_tui.domain.events import Event
from krea_tui.domain.job import Job, JobStatus
from krea_tui.engine.health import PERSON_PAUSE, GatewayHealth, Pause, PauseReason
from krea_tui.engine.policy import Policy
from tests.support.lone_lanes import PROCESS, LoggingGateway, LoneLanes
from tests.support.making import AT, make_job
from tests.support.memory_store import MemoryStore
from tests.support.one_thread import LoneClock

POLICY = Policy("bench", "key", "print", requests_per_s=10.0, burst=5)


class TiredStore(MemoryStore):
    """A disk that fails when the outcome of an attempt is to be written down."""

    faults = 1

    async def apply(self, job_id: str, event: Event) -> Job:
        if self.faults and (await self.get(job_id)).status is JobStatus.SENDING:
            self.faults -= 1
            raise StoreError("the disk is full")
        return await super().apply(job_id, event)


class RefusingGateway(LoggingGateway):
    """Refuses every submission."""

    error: GatewayError

    async def submit(self, body: Mapping[str, object], *, callback_url: str | None = None) -> SubmitAnswer:
        await super().submit(body, callback_url=callback_url)
        raise self.error


class SameIdGateway(LoggingGateway):
    """Answers every submission as it answered the first."""

    async def submit(self, body: Mapping[str, object], *, callback_url: str | None = None) -> SubmitAnswer:
        await super().submit(body, callback_url=callback_url)
        return SubmitAnswer("request-of-the-first")


def held(count: int) -> list[Job]:
    return [make_job(id=f"h{number:09d}", accepted_by=PROCESS) for number in range(count)]


def still_queued(request_id: str) -> StatusAnswer:
    return StatusAnswer("QUEUED", request_id)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyRefused("401"), PauseReason.KEY),
        (InsufficientBalance("402"), PauseReason.MONEY),
        (ModelUnavailable("400"), PauseReason.MODEL),
    ],
)
async def test_a_fault_of_the_disk_does_not_lift_what_the_gateway_said(
    error: GatewayError, reason: PauseReason
) -> None:
    clock = LoneClock(AT)
    gateway = RefusingGateway(clock, still_queued)
    gateway.error = error
    lanes = LoneLanes(clock, gateway, POLICY, TiredStore())
    await lanes.put(held(3))
    async with lanes.running():
        await clock.advance(120.0)
    assert len(gateway.log) == 1
    assert lanes.book.health.pause is not None
    assert lanes.book.health.pause.reason is reason


async def test_three_answers_with_another_job_s_request_id_are_three_doubts() -> None:
    clock = LoneClock(AT)
    gateway = SameIdGateway(clock, still_queued)
    lanes = LoneLanes(clock, gateway, POLICY)
    await lanes.put(held(8))
    async with lanes.running():
        await clock.advance(300.0)
    assert lanes.book.count(JobStatus.UNCONFIRMED) == 3
    assert lanes.book.count(JobStatus.HELD) == 4
    assert lanes.book.health.stands_for({PauseReason.DOUBT})


def test_the_gravest_reason_is_shown_and_the_person_s_pause_outlives_all() -> None:
    health = GatewayHealth()
    health.stand(Pause(PauseReason.MONEY, "402"))
    health.stand(Pause(PauseReason.KEY, "401"))
    health.stand(Pause(PauseReason.DISK, "full"))
    shown = []
    for reason in (PauseReason.DISK, PauseReason.KEY, PauseReason.MONEY):
        shown.append(health.pause.reason if health.pause else None)
        assert health.mend(reason)
        assert not health.mend(reason)
    assert shown == [PauseReason.DISK, PauseReason.KEY, PauseReason.MONEY]
    assert not health.pause
    health.is_paused_by_person = True
    health.stand(Pause(PauseReason.MONEY, "402"))
    health.lift_pause()
    assert health.pause == PERSON_PAUSE
