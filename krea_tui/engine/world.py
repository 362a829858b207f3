"""What the composition hands in, and the one way to move a stored job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from krea_tui.domain.errors import ImpossibleTransition
from krea_tui.domain.events import Event
from krea_tui.domain.job import Job
from krea_tui.engine.book import JobBook
from krea_tui.engine.ports import Clock, Election, Files, Gateway, MakeReceiver, Outbox, Processes, Store

OpenGateway = Callable[[str], Awaitable[Gateway]]
# The key that is kept beside the history, and its fingerprint; None where there is none. Blocking.
ReadKey = Callable[[], tuple[str, str] | None]


def _no_key() -> None:
    return None


@dataclass(frozen=True, slots=True)
class World:
    """What the composition hands in. `open_gateway` gets the key and may take its time (TLS, a simulator's start).

    `read_key` is asked when another process was given a new key. `make_receiver` is there where callbacks are wanted.
    `outbox` takes the outcome that the history refuses.
    """

    store: Store
    files: Files
    election: Election
    processes: Processes
    clock: Clock
    open_gateway: OpenGateway
    read_key: ReadKey = _no_key
    make_receiver: MakeReceiver | None = None
    outbox: Outbox | None = None


async def try_apply(store: Store, book: JobBook, job_id: str, event: Event) -> Job | None:
    """Advance a job where its state allows it, else take in what it is by now; None then."""
    try:
        job = await store.apply(job_id, event)
    except ImpossibleTransition:
        book.put([await store.get(job_id)])
        return None
    book.put([job])
    return job
