"""How many jobs stand where: a glyph (or its plain twin), a number, a word, and the search that finds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from textual.content import Content

from krea_tui.domain.job import JobStatus
from krea_tui.ui.widgets.job_looks import Tone, look_of_status

TONE_STYLES: Final[Mapping[Tone, str]] = {
    Tone.TEXT: "$foreground",
    Tone.MUTED: "$text-muted",
    Tone.HELD: "$text-warning",
    Tone.QUEUED: "$foreground",
    Tone.RUNNING: "$text-primary",
    Tone.COMPLETED: "$text-success",
    Tone.UNCONFIRMED: "bold $text-warning",
    Tone.FAILED: "$text-error",
}


class Group(NamedTuple):
    """Statuses that are counted together, drawn as the first of them."""

    word: str
    statuses: tuple[JobStatus, ...]

    @property
    def query(self) -> str:
        """The search that finds them."""
        return f"status:{','.join(status.value.lower() for status in self.statuses)}"


_FAILED: Final = (JobStatus.FAILED, JobStatus.ERROR, JobStatus.REJECTED, JobStatus.NOT_FOUND)
# The quick look: what is sent is as good as queued, and what failed has failed.
GROUPS: Final = (
    Group("held", (JobStatus.HELD,)),
    Group("queued", (JobStatus.QUEUED, JobStatus.SENDING)),
    Group("processing", (JobStatus.PROCESSING,)),
    Group("unconfirmed", (JobStatus.UNCONFIRMED,)),
    Group("failed", _FAILED),
    Group("completed", (JobStatus.COMPLETED,)),
)
EVERY_STATUS: Final = tuple(Group(look_of_status(status).word, (status,)) for status in JobStatus)


class Count(NamedTuple):
    """One number on the screen."""

    group: Group
    number: int

    def content(self, *, plain: bool, has_word: bool) -> Content:
        """The glyph in its colour, the number, and the word where there is room for it."""
        look = look_of_status(self.group.statuses[0])
        glyph = (look.twin if plain else look.glyph, TONE_STYLES[look.tone])
        word = f" {self.group.word}" if has_word else ""
        return Content.assemble(glyph, f" {self.number:,}{word}")


def counts_of(counts: Mapping[JobStatus, int], groups: tuple[Group, ...]) -> Iterator[Count]:
    """The groups that anything stands in."""
    for group in groups:
        if number := sum(counts.get(status, 0) for status in group.statuses):
            yield Count(group, number)
