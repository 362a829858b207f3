"""What the status line says of the engine: a projection of the job book."""

from __future__ import annotations

from typing import Final

from krea_tui.config.settings import DEMO_PROFILE
from krea_tui.domain.job import SENDABLE, HoldReason, Job, JobStatus
from krea_tui.domain.pricing import format_usd
from krea_tui.engine.book import JobBook
from krea_tui.engine.health import Pause, PauseReason
from krea_tui.engine.heirs import RESUMABLE
from krea_tui.ui.widgets.attention import Matter
from krea_tui.ui.widgets.status_bar import Situation

_ALARMS: Final = {
    PauseReason.PERSON: "paused · p resumes",
    PauseReason.MONEY: "402 wallet empty · top up, then p",
    PauseReason.KEY: "key refused · K mends",
    PauseReason.CAP: "daily cap reached · p resumes tomorrow",
    PauseReason.FORBIDDEN: "403 forbidden · p resumes",
    PauseReason.MODEL: "model is off · p resumes",
    PauseReason.ADDRESS: "wrong gateway address",
    PauseReason.DOUBT: "3 unconfirmed in a row · p resumes",
}
# The key in those words; p where there is none here.
_KEYS: Final = {PauseReason.KEY: "K", PauseReason.ADDRESS: "", PauseReason.DISK: ""}


def situation_of(book: JobBook, *, now: float, gateway: str, cap_microusd: int | None, is_demo: bool) -> Situation:
    """The status line for this moment (`now` in epoch seconds)."""
    health = book.health
    waiting_for, until = _wait(book, now)
    alarm, alarm_key = _alarm(book, cap_microusd)
    return Situation(
        gateway=gateway,
        is_well=health.pause is None and health.breaker_until is None,
        running=book.running_count,
        held=book.count(JobStatus.HELD),
        spent=_spent(book, cap_microusd),
        alarm=alarm,
        alarm_key=alarm_key,
        waiting_for=waiting_for,
        waits_until=until,
        is_demo=is_demo,
        follows=health.is_follower,
    )


def _alarm(book: JobBook, cap_microusd: int | None) -> tuple[str, str]:
    """What needs the person, and the key among these words."""
    health = book.health
    if health.pause is not None:
        reason = health.pause.reason
        if reason is PauseReason.CAP and cap_microusd is not None and not is_capped(book, cap_microusd):
            return "the daily cap has room · p resumes", "p"
        # A disk has many ways to fail; the words begin with the short one.
        words = _short(health.pause) if reason is PauseReason.DISK else _ALARMS[reason]
        return words, _KEYS.get(reason, "p")
    if health.download_pause is not None:
        return f"pictures wait: {_short(health.download_pause)}", ""
    return "no callbacks · check webhook.port" if health.callbacks_trouble else "", ""


def is_capped(book: JobBook, cap_microusd: int | None) -> bool:
    """Whether the next of the jobs that the day's cap holds would still go over it.

    False on a new day, after a cap was raised, where less is at risk, and where no cap is known here.
    """
    first = min(book.held(HoldReason.CAP), key=lambda job: job.turn, default=None)
    next_microusd = first.price_microusd if first else 0
    return cap_microusd is not None and book.ledger.committed_microusd + next_microusd > cap_microusd


def stays_capped(book: JobBook, cap_microusd: int | None, profile: str) -> bool:
    """Whether the first job that would go, if the person let everything go now, is over the day's cap."""
    going = (job for job in book.held() if job.profile == profile and (job.is_sendable or _goes_on(job)))
    first = min(going, key=lambda job: job.turn, default=None)
    if first is None or cap_microusd is None:
        return False
    return book.ledger.committed_microusd + first.price_microusd > cap_microusd


def held_back(book: JobBook, profile: str) -> list[Job]:
    """Jobs of this gateway that a cap, an empty wallet, the key or a pause once held, and that nothing holds now.

    They go when the person says so; none while the lane stands, or has others to send.
    """
    if book.health.pause is not None:
        return []
    if any(job.profile == profile for job in book.held(*SENDABLE)):
        return []
    return [job for job in book.held(*RESUMABLE) if job.profile == profile and _goes_on(job)]


def _goes_on(job: Job) -> bool:
    """Whether a held job goes on when the person lets everything go; what is kept back alone does not."""
    return job.hold_reason in RESUMABLE and not job.is_held_back


def _short(pause: Pause) -> str:
    return pause.words.partition(":")[0]


def matters_of(book: JobBook, profile: str) -> tuple[Matter, ...]:
    """What waits for the person's decision, with count and sum; where nothing is spent, no sum is named."""
    matters = []
    is_demo = profile == DEMO_PROFILE
    if doubtful := book.undecided(profile):
        noun = "request" if len(doubtful) == 1 else "requests"
        words = f"? {len(doubtful)} {noun} "
        words += "unconfirmed" if is_demo else f"may have been paid for: {_total(doubtful)} at risk"
        matters.append(Matter(words, "u", "resolves", "resolve"))
    if left := book.left_over(profile):
        noun = "job" if len(left) == 1 else "jobs"
        words = f"‖ {len(left)} {noun} left over{'' if is_demo else f', {_total(left)}'}"
        matters.append(Matter(words, "l", "sends or cancels", "release"))
    if held := held_back(book, profile):
        noun = "job" if len(held) == 1 else "jobs"
        words = f"‖ {len(held)} {noun} held{'' if is_demo else f', {_total(held)}'}"
        matters.append(Matter(words, "p", "sends", "pause"))
    return tuple(matters)


def _total(jobs: list[Job]) -> str:
    return format_usd(sum(job.price_microusd for job in jobs))


def _spent(book: JobBook, cap_microusd: int | None) -> str:
    spent = f"today {format_usd(book.ledger.committed_microusd)}"
    return f"{spent} / {format_usd(cap_microusd)}" if cap_microusd is not None else spent


def _wait(book: JobBook, now: float) -> tuple[str, float | None]:
    """What is waited for, and until when; no time where nobody can tell one."""
    health = book.health
    if health.breaker_until is not None:
        if health.breaker_until > now:
            return "gateway in trouble, next try", health.breaker_until
        # The one probe is under way and may take its time; or there is nothing left to try with.
        return "gateway in trouble, trying" if book.running_count else "gateway in trouble", None
    if health.rate_limited_until is not None and health.rate_limited_until > now:
        return "429, waiting", health.rate_limited_until
    will_send = book.count(JobStatus.HELD) > 0 and health.pause is None
    if will_send and health.send_backoff_until is not None and health.send_backoff_until > now:
        return "next try", health.send_backoff_until
    if health.next_check_at is not None:
        return "next check", health.next_check_at
    return "", None


def money_left(book: JobBook, cap_microusd: int | None, *, is_demo: bool) -> str:
    """What may still be spent today, for the form; blank without a cap."""
    if is_demo:
        return "nothing is spent"
    if cap_microusd is None:
        return ""
    left = max(0, cap_microusd - book.ledger.committed_microusd - book.ledger.held_microusd)
    return f"{format_usd(left)} left today"
