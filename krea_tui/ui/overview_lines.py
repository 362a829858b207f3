"""What the overview says: lines made of the book, its health and what is known of the whole."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from textual.content import Content

from krea_tui.domain.eta import about_words
from krea_tui.domain.job import HoldReason, Job, JobStatus
from krea_tui.domain.pricing import format_usd
from krea_tui.domain.text import clean_line
from krea_tui.domain.throughput import sparkline
from krea_tui.engine.book import JobBook
from krea_tui.engine.health import GatewayHealth, Gauges
from krea_tui.ui.whole import BatchOutlook, Whole
from krea_tui.ui.widgets.job_looks import short_duration
from krea_tui.ui.widgets.pulse import progress_bar
from krea_tui.ui.widgets.sheet import Line, Link
from krea_tui.ui.widgets.status_counts import EVERY_STATUS, counts_of

_LABEL_CELLS: Final = 13
_GAP: Final = "   "
_HOUR_CELLS: Final = 60
_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3_600.0
_BAR_CELLS: Final = 16
_MOST_BATCHES: Final = 8
_MOST_WORDS: Final = 300
_HELD_WORDS: Final[Mapping[HoldReason, str]] = {
    HoldReason.READY: "waiting for their turn",
    HoldReason.RETRY: "to be tried again",
    HoldReason.MONEY: "after 402: the wallet is empty",
    HoldReason.CAP: "over the daily cap",
    HoldReason.KEY: "after 401: the key was refused",
    HoldReason.PAUSED: "paused",
    HoldReason.LEFT_OVER: "left over from earlier sessions",
}


class Facts(NamedTuple):
    """What the overview is about. `counts` are those of the whole history, `width` the cells of a line."""

    book: JobBook
    whole: Whole
    counts: Mapping[JobStatus, int]
    profile: str
    gateway: str
    is_demo: bool
    has_webhook: bool
    plain: bool
    width: int


def overview_lines(facts: Facts, now: float) -> Iterator[Line]:
    """Everything, from top to bottom; `now` in epoch seconds."""
    yield from _statuses(facts)
    yield Line()
    yield from _throughput(facts, now)
    yield Line()
    yield from _batches(facts, now)
    yield from _held(facts, now)
    yield Line()
    yield from _gateway(facts, now)


def _statuses(facts: Facts) -> Iterator[Line]:
    total = sum(facts.counts.values())
    yield _fact("jobs", Content.styled(f"{total:,} in the history", "bold"))
    shown, links = Content(""), list[Link]()
    for count in counts_of(facts.counts, EVERY_STATUS):
        piece = count.content(plain=facts.plain, has_word=True)
        start = shown.cell_length + len(_GAP) if shown else _LABEL_CELLS
        if start + piece.cell_length > facts.width and shown:
            yield Line(shown, tuple(links))
            shown, links, start = Content(""), [], _LABEL_CELLS
        shown = Content.assemble(shown or " " * _LABEL_CELLS, _GAP if links else "", piece)
        links.append(Link(start, start + piece.cell_length, count.group.query))
    if shown:
        yield Line(shown, tuple(links))


def _throughput(facts: Facts, now: float) -> Iterator[Line]:
    rate = facts.whole.rate(now, 5 * _MINUTE_S) or "none"
    hour = facts.whole.cells(now, _HOUR_CELLS, _MINUTE_S)
    yield _fact("ended", Content.assemble((f"{rate} lately", "bold"), (f"{_GAP}{sum(hour):,} in the last hour", "")))
    cells = hour[-max(1, min(_HOUR_CELLS, facts.width - _LABEL_CELLS)) :]
    line = sparkline(cells, plain=facts.plain)
    yield Line(Content.assemble(" " * _LABEL_CELLS, (line, "$text-primary")))
    ago, until = f"{len(cells)} min ago", "now"
    gap = " " * max(1, len(cells) - len(ago) - len(until))
    yield Line(Content.styled(f"{' ' * _LABEL_CELLS}{ago}{gap}{until}", "$text-muted"))


def _batches(facts: Facts, now: float) -> Iterator[Line]:
    outlooks = facts.whole.batches(now)
    if not outlooks:
        return
    for number, outlook in enumerate(outlooks[:_MOST_BATCHES]):
        yield _batch(facts, outlook, "batches" if number == 0 else "")
    if (more := len(outlooks) - _MOST_BATCHES) > 0:
        yield _fact("", Content.styled(f"and {more} more", "$text-muted"))
    yield Line()


def _batch(facts: Facts, outlook: BatchOutlook, label: str) -> Line:
    progress = outlook.progress
    bar = progress_bar(progress.ended, progress.total, _BAR_CELLS, plain=facts.plain)
    counted = f"{progress.ended:,} of {progress.total:,}"
    failed = f", {progress.failed:,} failed" if progress.failed else ""
    words = f", {outlook.words}" if outlook.words else ""
    said = Content.assemble(bar, f" {counted}", (failed, "$text-error"), words)
    made = datetime.fromtimestamp(progress.created_at).astimezone()
    title = Content.styled(f"{_GAP}{made:%H:%M} {clean_line(progress.prompt, 200)}", "$text-muted")
    line = _fact(label, Content.assemble(said, title))
    return Line(line.content, (Link(_LABEL_CELLS, facts.width, f"batch:{progress.batch_id}"),))


def _held(facts: Facts, now: float) -> Iterator[Line]:
    by_reason: dict[HoldReason, list[Job]] = defaultdict(list)
    for job in facts.book.held():
        if job.profile == facts.profile:
            by_reason[job.hold_reason or HoldReason.READY].append(job)
    pause = facts.book.health.pause
    if pause is not None:
        yield from _told(facts, "sending", f"nothing is sent: {pause.words}. {pause.advice}", "$text-warning")
    if not by_reason:
        yield _fact("held", Content.styled("nothing waits", "$text-muted"))
    label = "held"
    for reason in HoldReason:
        if jobs := by_reason.get(reason):
            total = "" if facts.is_demo else f"{format_usd(sum(job.price_microusd for job in jobs)):>9}"
            words = f"{len(jobs):>6,}{total}{_GAP}{_HELD_WORDS[reason]}"
            left_s = facts.whole.queue_s(now) if reason is HoldReason.READY else None
            about = "" if left_s is None else f", {about_words(left_s)}"
            yield _fact(label, Content.assemble(words, (about, "$text-muted")))
            label = ""


def _gateway(facts: Facts, now: float) -> Iterator[Line]:
    health = facts.book.health
    gauges = health.gauges(now)
    is_well = health.pause is None and health.breaker_until is None
    light = ("+" if is_well else "!") if facts.plain else "●"
    role = "another window sends; its numbers are some seconds old" if health.is_follower else ""
    head = Content.assemble(
        (light, "$text-success" if is_well else "$text-error"),
        f" {facts.gateway}",
        (f"{_GAP}{role}" if role else "", "$text-muted"),
    )
    yield _fact("gateway", head)
    yield _fact("requests", Content(_requests(gauges)))
    limited = f"{gauges.rate_limits_last_hour:,} in the last hour"
    if gauges.rate_limited_at is not None and gauges.rate_limits_last_hour:
        limited += f", the last one {_ago(gauges.rate_limited_at, now)}"
    if health.rate_limited_until is not None and health.rate_limited_until > now:
        limited += f"; waiting {short_duration(health.rate_limited_until - now, ' ')}"
    yield _fact("429", Content.styled(limited, "$text-warning" if gauges.rate_limits_last_hour else ""))
    yield from _breaker(facts, now)
    yield _fact("checks", Content(_checks(health, gauges, now)))
    yield from _callbacks(facts)


def _requests(gauges: Gauges) -> str:
    words = f"{gauges.requests_last_minute:,} in the last minute"
    if not gauges.rate_per_s:
        return words
    words += f", {gauges.rate_per_s * _MINUTE_S:,.0f} allowed"
    if gauges.rate_per_s < gauges.configured_rate_per_s * 0.999:
        words += f" (slowed down from {gauges.configured_rate_per_s * _MINUTE_S:,.0f})"
    return words


def _breaker(facts: Facts, now: float) -> Iterator[Line]:
    health = facts.book.health
    if health.breaker_until is None:
        yield _fact("breaker", Content("closed: checks go through"))
        return
    left_s = health.breaker_until - now
    next_try = f"next try in {math.ceil(left_s)} s" if left_s > 0 else "trying now"
    yield from _told(facts, "breaker", f"open, {next_try}: {health.breaker_words}", "$text-error")


def _checks(health: GatewayHealth, gauges: Gauges, now: float) -> str:
    parts: list[str] = []
    if health.next_check_at is not None and not health.is_follower and health.breaker_until is None:
        left_s = health.next_check_at - now
        parts.append(f"next one in {math.ceil(left_s)} s" if left_s > 0 else "next one now")
    if gauges.last_answer_at is not None:
        parts.append(f"last answer {_ago(gauges.last_answer_at, now)}")
    return ", ".join(parts) or "nothing to check"


def _callbacks(facts: Facts) -> Iterator[Line]:
    health = facts.book.health
    if health.callbacks_trouble:
        yield from _told(facts, "callbacks", health.callbacks_trouble, "$text-warning")
    elif health.callbacks_at is not None:
        yield from _told(facts, "callbacks", f"received at {health.callbacks_at}", "")
    elif not facts.has_webhook:
        yield _fact("callbacks", Content.styled("off: jobs are checked in their turn", "$text-muted"))
    else:
        words = "received by the window that sends" if health.is_follower else "not received yet"
        yield _fact("callbacks", Content(words))


def _ago(at: float, now: float) -> str:
    seconds = now - at
    if seconds < 1:
        return "just now"
    if seconds < 2 * _MINUTE_S:
        return f"{seconds:.0f} s ago"
    return f"{seconds / _MINUTE_S:.0f} min ago" if seconds < 2 * _HOUR_S else f"{seconds / _HOUR_S:,.0f} h ago"


def _fact(label: str, content: Content) -> Line:
    return Line(Content.assemble((label.ljust(_LABEL_CELLS), "$text-muted"), content))


def _told(facts: Facts, label: str, words: str, style: str) -> Iterator[Line]:
    """Words that are read to their end, in as many lines as they need."""
    content = Content.styled(clean_line(words, _MOST_WORDS), style)
    for number, piece in enumerate(content.wrap(max(20, facts.width - _LABEL_CELLS))):
        yield _fact("" if number else label, piece)
