"""What the preview says about a job: a caption line, how it stands, and everything that is known of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from textual.content import Content

from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import HoldReason, Job, JobStatus, PictureState
from krea_tui.domain.pricing import format_usd
from krea_tui.domain.text import clean_line, clean_text
from krea_tui.ui.widgets.job_looks import Tone, look_of, short_duration

# Four times what the API is said to take.
DETAILS_PROMPT_LIMIT: Final = 20_000
_BAR_CELLS: Final = 24
_LABEL_CELLS: Final = 12
_MINUTE: Final = 60
_SEPARATOR: Final = " · "
# Only measures: nothing is ever printed on it.
_CONSOLE: Final = Console(file=io.StringIO())

_TONE_STYLES: Final = {
    Tone.HELD: "$text-warning",
    Tone.RUNNING: "$text-primary",
    Tone.COMPLETED: "$text-success",
    Tone.UNCONFIRMED: "$text-warning",
    Tone.FAILED: "$text-error",
}

_HELD_WORDS: Final = {
    HoldReason.READY: "It goes out when its turn comes.\nPress x to cancel it for nothing.",
    HoldReason.RETRY: "Nothing was sent: the gateway could not be reached.\nIt will be tried again.",
    HoldReason.MONEY: "The gateway said 402: the wallet is empty.\nTop up, then press p to go on.",
    HoldReason.CAP: "It would have gone over the day's cap ($ shows it).\n"
    "Press p tomorrow, or raise the cap in the settings and start again.",
    HoldReason.KEY: "The gateway does not accept the key.\nMend it with K, and the job goes on by itself.",
    HoldReason.PAUSED: "Sending is paused.\nPress p to go on.",
    HoldReason.LEFT_OVER: "Left over from an earlier session.\nPress l to let it go, x to cancel it for nothing.",
}
_STANDING_WORDS: Final = (
    "Sending stands still: the first line says why.\nPress p to go on, x to cancel this one for nothing."
)
_KEPT_BACK_WORDS: Final = "It waits for you alone.\nPress H to let it go, x to cancel it for nothing."
_ENDED_WORDS: Final = {
    JobStatus.UNCONFIRMED: "It may have been accepted and paid, so it is not sent again by itself.\n"
    "Look at the vendor's console, then press u to say what became of it.",
    JobStatus.REJECTED: "Nothing was charged.\nPress e to edit it as a new job.",
    JobStatus.FAILED: "It may have been charged: the gateway promises nothing for FAILED.\nPress r to try again.",
    JobStatus.ERROR: "An error of the gateway: not charged.\nPress r to try again.",
    JobStatus.NOT_FOUND: "The gateway denies this request id.\nIt is asked again every hour for a day.",
    JobStatus.CANCELLED: "It was never sent, and cost nothing.\nPress e to edit it as a new job.",
}


def title_of(job: Job) -> str:
    """The start of the prompt, in one line."""
    return clean_line(job.request.prompt, 200)


def caption_of(job: Job, width: int | None = None) -> str:
    """One quiet line under the picture; where `width` cells do not hold it, what matters least is left out."""
    parts = list(_caption_parts(job))
    while width and len(parts) > 1 and cell_len(_SEPARATOR.join(text for _, text in parts)) > width:
        parts.remove(min(parts, key=itemgetter(0)))
    return _SEPARATOR.join(text for _, text in parts)


def _caption_parts(job: Job) -> Iterator[tuple[int, str]]:
    """Each part with its weight: the lightest goes first."""
    request = job.request
    yield 8, request.aspect_ratio.value
    yield 3, request.creativity.value
    yield 9, f"seed {request.seed}"
    if request.image_style_references:
        yield 2, _counted(len(request.image_style_references), "reference")
    if request.styles:
        yield 1, _counted(len(request.styles), "style")
    if request.moodboards:
        yield 0, "moodboard"
    yield 6, format_usd(job.price_microusd)
    if (took_s := took(job)) is not None:
        yield 4, f"{int(took_s)} s"
    yield 5, local_time(job.created_at)
    if job.is_done:
        lost = any(picture.state is PictureState.LOST for picture in job.pictures)
        yield 10, "picture lost" if lost else "saved"


def took(job: Job) -> float | None:
    """Seconds from acceptance to the end, or None."""
    if job.submitted_at is None or job.completed_at is None:
        return None
    return max(0.0, job.completed_at - job.submitted_at)


def local_time(at: float) -> str:
    """`22 Nov 14:03`, in the person's time zone."""
    when = datetime.fromtimestamp(at).astimezone()
    return f"{when.day} {when:%b %H:%M}"


def standing_of(
    job: Job, now: float, estimate: DurationEstimate, *, plain: bool = False, is_standing: bool = False
) -> Content:
    """How a job without a picture stands: a status, what it means, and what can be done; always three paragraphs.

    `is_standing` says that nothing is sent now.
    """
    look = look_of(job)
    glyph = look.twin if plain else look.glyph
    word = look.word if job.status_word == job.status.value else clean_line(job.status_word, 40).lower()
    head = Content.styled(f"{glyph} {word}", f"bold {_TONE_STYLES.get(look.tone, '$foreground')}")
    if job.is_running:
        return Content("\n\n").join([head, *_progress(job, now, estimate, plain=plain)])
    lines = [head]
    if job.error:
        lines.append(Content(clean_text(job.error, 600)))
    lines.append(Content.styled(_what_next(job, is_standing=is_standing), "$text-muted"))
    return Content("\n\n").join(lines)


def _what_next(job: Job, *, is_standing: bool) -> str:
    if job.status is JobStatus.HELD:
        if is_standing and job.is_sendable:
            return _STANDING_WORDS
        if job.is_held_back:
            return _KEPT_BACK_WORDS
        return _HELD_WORDS[job.hold_reason or HoldReason.READY]
    if job.picture_path is not None:
        return "Opening the picture …"
    if job.status is JobStatus.COMPLETED:
        return "The picture could not be had.\nPress c to ask once more."
    if job.status is JobStatus.UNCONFIRMED and not job.needs_decision:
        return "You had it sent again as a new job."
    return _ENDED_WORDS.get(job.status, "")


def _progress(job: Job, now: float, estimate: DurationEstimate, *, plain: bool) -> Iterator[Content]:
    elapsed_s = max(0.0, now - (job.submitted_at or job.attempted_at or job.created_at))
    fraction = 1.0 if job.is_saving else estimate.fraction(elapsed_s) if job.status is JobStatus.PROCESSING else 0.0
    filled = round(fraction * _BAR_CELLS)
    full, rest = ("#", ".") if plain else ("━", "─")
    yield Content.assemble((full * filled, "$primary"), (rest * (_BAR_CELLS - filled), "$border-blurred"))
    dot = " - " if plain else " · "
    yield Content.styled(f"{_clock(elapsed_s)}{dot}{_outlook(job, elapsed_s, estimate)}", "$text-muted")


def _outlook(job: Job, elapsed_s: float, estimate: DurationEstimate) -> str:
    if job.is_saving:
        errors = [picture.error for picture in job.pictures if picture.error]
        return f"{clean_line(errors[0], 200)}, trying again" if errors else "fetching the picture"
    if job.no_picture_since is not None:
        return "completed, but without a picture yet: asking again"
    remaining_s = estimate.remaining_s(elapsed_s)
    if remaining_s is None:
        return "longer than usual"
    return f"about {short_duration(remaining_s, ' ')} to go"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), _MINUTE)
    return f"{minutes}:{rest:02d}"


def details_of(job: Job, width: int) -> Content:
    """Every parameter, the times, the price, the request id and the gateway's words, in lines of `width` cells."""
    prompt = job.request.prompt
    lines = [Content(clean_text(prompt, DETAILS_PROMPT_LIMIT)), Content("")]
    if len(prompt) > DETAILS_PROMPT_LIMIT:
        words = f"(the start of {len(prompt):,} characters; y copies all of them)"
        lines.insert(1, Content.styled(words, "$text-muted"))
    for label, value in _facts(job):
        if value:
            lines += _labelled(label, value, max(8, width - _LABEL_CELLS - 1))
    return Content("\n").join(lines)


def _labelled(label: str, value: str, room: int) -> Iterator[Content]:
    # Ids, paths and URLs have no blanks to break at, so they are cut where the room ends.
    for part in Text(clean_text(value, 2_000)).wrap(_CONSOLE, room, overflow="fold"):
        yield Content.assemble((label.ljust(_LABEL_CELLS), "$text-muted"), " ", part.plain.rstrip())
        label = ""


def _facts(job: Job) -> Iterator[tuple[str, str]]:
    request = job.request
    yield "status", look_of(job).word if job.status_word == job.status.value else job.status_word.lower()
    if job.hold_reason:
        yield "held", job.hold_reason.value.replace("_", " ")
    yield "error", job.error or ""
    yield "aspect ratio", request.aspect_ratio.value
    yield "creativity", request.creativity.value
    yield "seed", str(request.seed)
    for reference in request.image_style_references:
        yield "reference", f"{reference.strength:g}  {reference.image_url}"
    for style in request.styles:
        yield "style", f"{style.strength:g}  {style.id}"
    for board in request.moodboards:
        yield "moodboard", f"{board.strength:g}  {board.id}"
    yield "price", format_usd(job.price_microusd) + (" (estimate)" if job.price_is_estimate else "")
    yield "", " "
    yield from _times(job)
    yield "", " "
    yield from _identity(job)


def _times(job: Job) -> Iterator[tuple[str, str]]:
    for label, at in (("created", job.created_at), ("accepted", job.submitted_at), ("ended", job.completed_at)):
        if at is not None:
            yield label, datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if (took_s := took(job)) is not None:
        yield "took", f"{took_s:.1f} s"


def _identity(job: Job) -> Iterator[tuple[str, str]]:
    yield "id", job.id
    yield "request id", job.request_id or ""
    yield "model", job.model_id or ""
    yield "gateway", job.profile
    yield "retry of", job.retry_of or ""
    for picture in job.pictures:
        size = f"{picture.width}×{picture.height}  " if picture.width else ""
        state = "" if picture.state is PictureState.SAVED else f"{picture.state.value.lower()}  "
        yield "picture", f"{size}{state}{picture.path or picture.url}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count > 1 else ''}"
