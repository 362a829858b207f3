"""`jobs` and `show`: they only read, and make no history where there is none."""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from krea_tui.cli.exit_codes import ExitCode
from krea_tui.cli.lines import status_words, table_line
from krea_tui.cli.output import shows_to_person, tell, tell_object, tell_result
from krea_tui.cli.planning import locations_of, settings_of
from krea_tui.cli.reminders import Reminders
from krea_tui.config.locations import Locations
from krea_tui.config.settings import gateway_profile
from krea_tui.domain.errors import ConfigError, UnknownJob
from krea_tui.domain.job import Job
from krea_tui.domain.job_json import iso_time, job_json
from krea_tui.domain.ordering import NEWEST_FIRST, Ordering, View
from krea_tui.domain.pricing import Price, format_price
from krea_tui.domain.query import parse_query
from krea_tui.domain.text import clean_line, clean_text

if TYPE_CHECKING:
    from krea_tui.storage.store import JobStore

_SHOWN_ON_TERMINAL: Final = 50
_LABEL_WIDTH: Final = 16


def list_jobs(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the jobs of a query, newest first where no other order is asked for."""
    terms = parse_query(" ".join(arguments.query), time.time())
    locations = locations_of(arguments, environ)
    store = _open(locations.database)
    if store is None:
        tell("There are no jobs yet.")
        return ExitCode.DONE
    from krea_tui.storage.query import select_of

    ordering: Ordering = arguments.sort.reversed() if arguments.reverse else arguments.sort
    limit = arguments.limit
    if limit is None and shows_to_person() and not arguments.json:
        limit = _SHOWN_ON_TERMINAL
    try:
        # One more than is shown tells whether there are more.
        jobs = store.page(select_of(View(terms, ordering)), None if limit is None else limit + 1)
        open_jobs = store.open_jobs()
    finally:
        store.close()
    width = shutil.get_terminal_size().columns if shows_to_person() else None
    for job in jobs[:limit]:
        if arguments.json:
            tell_object(job_json(job, lambda path: str(locations.pictures_dir / path)))
        else:
            tell_result(table_line(job, width))
    if not jobs:
        tell("No job matches." if terms else "There are no jobs yet.")
    elif limit is not None and len(jobs) > limit and arguments.limit is None:
        tell(f"The {'newest' if ordering == NEWEST_FIRST else 'first'} {limit}; --limit N shows more.")
    _remind(arguments, environ, locations, open_jobs)
    return ExitCode.DONE


def show_job(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print everything that is known of one job."""
    locations = locations_of(arguments, environ)
    store = _open(locations.database)
    if store is None:
        raise UnknownJob(f"no job has the id {arguments.id}: there are no jobs yet")
    try:
        job = store.get(arguments.id)
    finally:
        store.close()
    if arguments.json:
        tell_object(job_json(job, lambda path: str(locations.pictures_dir / path)))
    else:
        for label, value in _facts(job, locations.pictures_dir):
            tell_result(f"{label:{_LABEL_WIDTH}}{value}")
    if job.needs_decision:
        tell(f"Perhaps charged: `krea-tui resolve {job.id}` says what can be done.")
    return ExitCode.DONE


def _remind(
    arguments: argparse.Namespace, environ: Mapping[str, str], locations: Locations, open_jobs: Sequence[Job]
) -> None:
    """Say what waits for the person's word at this gateway; a list needs no settings, so broken ones are no matter."""
    with suppress(ConfigError):
        profile = gateway_profile(settings_of(arguments, environ, locations), demo=locations.is_demo)
        Reminders(locations, profile).tell(open_jobs)


def _open(database: Path) -> JobStore | None:
    from krea_tui.storage.store import open_read_only

    return open_read_only(database)


def _facts(job: Job, pictures_dir: Path) -> list[tuple[str, str]]:
    request = job.request
    facts = [
        ("id", job.id),
        ("status", status_words(job)),
        ("error", clean_line(job.error or "")),
        # A prompt of several lines keeps its column.
        ("prompt", clean_text(request.prompt).replace("\n", "\n" + " " * _LABEL_WIDTH)),
        ("aspect ratio", request.aspect_ratio.value),
        ("creativity", request.creativity.value),
        ("seed", str(request.seed)),
        *(("reference", f"{clean_line(r.image_url)} @{r.strength:g}") for r in request.image_style_references),
        *(("style", f"{clean_line(style.id)} @{style.strength:g}") for style in request.styles),
        *(("moodboard", f"{board.id} @{board.strength:g}") for board in request.moodboards),
        ("price", f"{format_price(Price(job.price_microusd, job.price_is_estimate))}, {_CHARGE[job.charge.value]}"),
        ("request id", clean_line(job.request_id or "")),
        ("gateway", clean_line(job.profile)),
        ("retry of", job.retry_of or ""),
        ("batch", job.batch_id or ""),
        ("tags", ", ".join(job.tags)),
        ("created", iso_time(job.created_at) or ""),
        ("sent", iso_time(job.submitted_at) or ""),
        ("ended", iso_time(job.completed_at) or ""),
    ]
    for picture in job.pictures:
        size = f", {picture.width}x{picture.height}" if picture.width and picture.height else ""
        where = str(pictures_dir / picture.path) if picture.path else clean_line(picture.url)
        facts.append(("picture", f"{where} ({picture.state.value.lower()}{size})"))
        if picture.error:
            facts.append(("", clean_line(picture.error)))
    return [(label, value) for label, value in facts if value]


_CHARGE: Final = {
    "none": "not charged",
    "held": "not sent",
    "reserved": "on its way",
    "spent": "spent",
    "at_risk": "perhaps charged",
}
