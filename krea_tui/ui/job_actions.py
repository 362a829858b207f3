"""What can be done with jobs, by its keys: with the marked ones, or with the one under the cursor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from textual.binding import Binding, BindingType

from krea_tui.domain.errors import KreaTuiError
from krea_tui.ui.key_times import ActsAlone, when_alone

if TYPE_CHECKING:
    from krea_tui.domain.job import Job
    from krea_tui.domain.request import GenerationRequest
    from krea_tui.ui.acting.again import SpendGuard
    from krea_tui.ui.acting.hands import Hands
    from krea_tui.ui.acting.undo import UndoStack
    from krea_tui.ui.session import Session

# What knows jobs is imported where an act needs it: the first frame comes without.

JOB_BINDINGS: Final[list[BindingType]] = [
    Binding("r", "screen.retry", "Retry", id="job.retry", tooltip="Retry: a new job with the same seed"),
    Binding("n", "screen.vary", "Vary", id="job.vary", tooltip="Vary: the same request with a new seed"),
    Binding("e", "screen.edit", "Edit", id="job.edit", tooltip="Edit as a new job"),
    Binding("i", "screen.details", "Info", id="job.details", tooltip="Show every parameter, or the picture alone"),
    Binding("o", "screen.open_picture", "Open", show=False, id="job.open", tooltip="Open the picture in its viewer"),
    Binding("O", "screen.reveal", "Reveal", show=False, id="job.reveal", tooltip="Show the picture's folder"),
    Binding("y", "screen.copy_prompt", "Copy prompt", show=False, id="job.copy_prompt", tooltip="Copy the prompt"),
    Binding("Y", "screen.copy_path", "Copy path", show=False, id="job.copy_path", tooltip="Copy the picture's path"),
    Binding("U", "screen.copy_url", "Copy URL", show=False, id="job.copy_url", tooltip="Copy the picture's URL"),
    Binding("s", "screen.star", "Star", show=False, id="job.star", tooltip="Star, or take the star away"),
    Binding("t", "screen.tag", "Tags", show=False, id="job.tag", tooltip="Show and change the tags"),
    Binding("m", "screen.mute", "Mute", show=False, id="job.mute", tooltip="No notice at the end, or one again"),
    Binding("X", "screen.export", "Export", show=False, id="job.export", tooltip="Export pictures and parameters"),
    Binding("c", "screen.recheck", "Check now", show=False, id="job.recheck", tooltip="Ask the gateway now"),
    Binding(
        "x", "screen.withdraw", "Cancel held", show=False, id="job.cancel", tooltip="Cancel a held job, for nothing"
    ),
    Binding("H", "screen.hold", "Hold", show=False, id="job.hold", tooltip="Keep a held job back, or let it go"),
    Binding(
        "right_square_bracket",
        "screen.send_first",
        "Send first",
        show=False,
        id="job.send_first",
        tooltip="Send before all that is held",
    ),
    Binding(
        "left_square_bracket",
        "screen.send_last",
        "Send last",
        show=False,
        id="job.send_last",
        tooltip="Send behind all that is held",
    ),
    Binding(
        "d,delete", "screen.delete", "Delete", show=False, id="job.delete", tooltip="To the trash, or back from there"
    ),
    Binding("z", "screen.undo", "Undo", show=False, id="job.undo", tooltip="Take the last delete, star or tag back"),
    Binding("p", "screen.pause", "Pause", id="queue.pause", tooltip="Pause sending, or go on"),
    Binding("l", "screen.release", "Left over", show=False, id="queue.release", tooltip="Send or cancel left-overs"),
    Binding("u", "screen.resolve", "Unconfirmed", show=False, id="queue.resolve", tooltip="Resolve unconfirmed jobs"),
]


class JobActions(ActsAlone[None]):
    """A screen that knows which jobs are meant. Orders go to the engine; nothing here speaks HTTP or SQL."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        # Where the last export went.
        self.export_place = ""

    @property
    def job(self) -> Job | None:
        """The job under the cursor."""
        raise NotImplementedError

    def marked_ids(self) -> frozenset[str]:
        """The marked jobs; where there are none, the one under the cursor is meant."""
        return frozenset()

    async def jobs_of(self, ids: frozenset[str]) -> list[Job]:
        """The jobs with these ids, in any order; those that are gone are left out."""
        found = (self.session.book.get(job_id) for job_id in ids)
        return [job for job in found if job is not None]

    def marks_are_done(self) -> None:
        """The marked jobs have been dealt with; nothing more is to be done with them by a slip."""

    async def known_tags(self) -> Sequence[str]:
        """Every tag that is in use, for completion."""
        return sorted({tag for job in self.session.book for tag in job.tags})

    def edit_as_new(self, request: GenerationRequest) -> None:
        """Put a request into the form."""
        raise NotImplementedError

    def show_accepted(self, jobs: Sequence[Job]) -> None:
        """Show the first of these jobs, which are on disk by now."""
        raise NotImplementedError

    @cached_property
    def undo(self) -> UndoStack:
        """The acts that can be taken back."""
        from krea_tui.ui.acting.undo import UndoStack

        return UndoStack()

    @cached_property
    def spend_guard(self) -> SpendGuard:
        """Lets nobody buy twice by a slip."""
        from krea_tui.ui.acting.again import SpendGuard

        return SpendGuard()

    @when_alone
    def action_retry(self) -> None:
        """New jobs with the same seeds."""
        from krea_tui.ui.acting.again import retry

        self._act(retry)

    @when_alone
    def action_vary(self) -> None:
        """The same requests with new seeds."""
        from krea_tui.ui.acting.again import vary

        self._act(vary)

    @when_alone
    def action_edit(self) -> None:
        """Edit the job under the cursor as a new one."""
        if self.job is None:
            self._say("There is no job here yet.")
        else:
            self.edit_as_new(self.job.request)

    def action_copy_prompt(self) -> None:
        """Copy prompts."""
        from krea_tui.ui.acting.files import copy_prompts

        self._act(copy_prompts)

    def action_copy_path(self) -> None:
        """Copy where the pictures lie."""
        from krea_tui.ui.acting.files import copy_paths

        self._act(copy_paths)

    def action_copy_url(self) -> None:
        """Copy the pictures' URLs."""
        from krea_tui.ui.acting.files import copy_urls

        self._act(copy_urls)

    def action_open_picture(self) -> None:
        """Open the picture in the desktop's viewer."""
        from krea_tui.ui.acting.files import open_picture

        self._act(open_picture)

    def action_reveal(self) -> None:
        """Open the folder that holds the picture."""
        from krea_tui.ui.acting.files import reveal

        self._act(reveal)

    @when_alone
    def action_star(self) -> None:
        """Star, or take the stars away."""
        from krea_tui.ui.acting.marking import star

        self._act(star)

    @when_alone
    def action_tag(self) -> None:
        """Change the tags."""
        from krea_tui.ui.acting.marking import tag

        self._act(tag)

    @when_alone
    def action_mute(self) -> None:
        """Say nothing at the end, or say it again."""
        from krea_tui.ui.acting.marking import mute

        self._act(mute)

    @when_alone
    def action_export(self) -> None:
        """Copy pictures and parameters to a folder."""
        from krea_tui.ui.acting.exporting import export

        self._act(export)

    def action_recheck(self) -> None:
        """Ask the gateway now."""
        from krea_tui.ui.acting.queue import recheck

        self._act(recheck)

    @when_alone
    def action_withdraw(self) -> None:
        """Cancel what was not sent yet."""
        from krea_tui.ui.acting.queue import withdraw

        self._act(withdraw)

    @when_alone
    def action_hold(self) -> None:
        """Keep back, or let go."""
        from krea_tui.ui.acting.queue import hold_or_release

        self._act(hold_or_release)

    @when_alone
    def action_send_first(self) -> None:
        """Send before all others that are held."""
        from krea_tui.ui.acting.queue import send_first

        self._act(send_first)

    @when_alone
    def action_send_last(self) -> None:
        """Send behind all others that are held."""
        from krea_tui.ui.acting.queue import send_last

        self._act(send_last)

    @when_alone
    def action_delete(self) -> None:
        """Put into the trash, or bring back from there."""
        from krea_tui.ui.acting.trash import delete_or_restore

        self._act(delete_or_restore)

    @when_alone
    def action_undo(self) -> None:
        """Take the last act back."""
        from krea_tui.ui.acting.undo import undo

        self._act(undo)

    @when_alone
    def action_pause(self) -> None:
        """Pause sending, or go on with all that was held for a mended cause."""
        from krea_tui.ui.acting.queue import pause

        self._act(pause)

    @when_alone
    def action_release(self) -> None:
        """Send or cancel what earlier sessions left."""
        from krea_tui.ui.acting.queue import release_left_overs

        self._act(release_left_overs)

    @when_alone
    def action_resolve(self) -> None:
        """Say what became of requests that nobody has answered for."""
        from krea_tui.ui.screens.resolve import Resolve

        if self.session.book.undecided(self.session.plan.profile):
            self.app.push_screen(Resolve(self.session, self.job.id if self.job else None))
        else:
            self._say("Nothing is unconfirmed.")

    def _act(self, act: Callable[[Hands], Awaitable[None]]) -> None:
        """Carry out an act about what is meant at this moment."""
        from krea_tui.ui.acting.hands import Hands

        hands = Hands(self, self.session, self.marked_ids(), self.job, self._say)
        self._order(lambda: act(hands))

    def _order(self, order: Callable[[], Awaitable[None]]) -> None:
        """Carry out an order in a worker; what goes wrong is said."""

        async def carry_out() -> None:
            try:
                await order()
            except KreaTuiError as error:
                self._say(f"{error} {error.advice}".strip(), severity="error")

        self.run_worker(carry_out(), group="orders", exit_on_error=True)

    def _say(self, words: str, severity: str = "information") -> None:
        self.notify(words, severity="error" if severity == "error" else "information", markup=False, timeout=4)
