"""The last acts, each of which can be taken back as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from krea_tui.domain.job import Job, Marks

if TYPE_CHECKING:
    from krea_tui.ui.acting.hands import Hands

_MOST_LEVELS: Final = 100


@dataclass(frozen=True, slots=True)
class Undone:
    """How things were before an act: which jobs had which fields. `words` say what the act did."""

    words: str
    before: tuple[tuple[tuple[str, ...], Marks], ...]


class UndoStack:
    """The acts of this session, the last one on top."""

    def __init__(self) -> None:
        self._acts: list[Undone] = []

    def push(self, done: Undone) -> None:
        """Remember an act; the oldest one is forgotten where they are too many."""
        self._acts.append(done)
        del self._acts[:-_MOST_LEVELS]

    def pop(self) -> Undone | None:
        """The last act, which is not remembered any more; None where there is none."""
        return self._acts.pop() if self._acts else None


def as_before(words: str, jobs: Iterable[Job], marks_of: Callable[[Job], Marks]) -> Undone:
    """What brings these jobs back to where they are now; those that are alike stand together."""
    ids: dict[tuple[tuple[str, object], ...], list[str]] = {}
    marks: dict[tuple[tuple[str, object], ...], Marks] = {}
    for job in jobs:
        found = marks_of(job)
        key = tuple(found.items())
        ids.setdefault(key, []).append(job.id)
        marks[key] = found
    return Undone(words, tuple((tuple(ids[key]), marks[key]) for key in ids))


async def undo(hands: Hands) -> None:
    """Take the last act back as a whole: from the trash, stars, tags, the order of the queue.

    Nothing that sends or cancels is among them: H and r are the ways back there, and they say what they cost.
    """
    stack = hands.screen.undo
    act = stack.pop()
    if act is None:
        hands.say("Nothing was deleted, starred, tagged or moved in this session.")
        return
    engine = await hands.engine()
    try:
        for ids, marks in act.before:
            await engine.mark(ids, marks)
    except BaseException:
        stack.push(act)
        raise
    hands.say(f"Taken back: {act.words}.")
