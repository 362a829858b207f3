"""What can be done with the job under the cursor. Orders go to the engine; nothing here speaks HTTP or SQL."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.binding import Binding, BindingType

from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.pricing import format_usd
from krea_tui.domain.request import draw_seed
from krea_tui.ui.key_times import SLIP_S, ActsAlone, when_alone

if TYPE_CHECKING:
    from krea_tui.domain.job import Job
    from krea_tui.domain.request import GenerationRequest
    from krea_tui.ui.session import Session

# What knows jobs is imported where an order needs it: the first frame comes without.

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
    Binding("c", "screen.recheck", "Check now", show=False, id="job.recheck", tooltip="Ask the gateway now"),
    Binding(
        "x", "screen.withdraw", "Cancel held", show=False, id="job.cancel", tooltip="Cancel a held job, for nothing"
    ),
    Binding("d,delete", "screen.delete", "Delete", show=False, id="job.delete", tooltip="Delete the job from the list"),
    Binding("z", "screen.undelete", "Undo delete", show=False, id="job.undelete", tooltip="Bring the deleted job back"),
    Binding("p", "screen.pause", "Pause", id="queue.pause", tooltip="Pause sending, or go on"),
    Binding("l", "screen.release", "Left over", show=False, id="queue.release", tooltip="Send or cancel left-overs"),
    Binding("u", "screen.resolve", "Unconfirmed", show=False, id="queue.resolve", tooltip="Resolve unconfirmed jobs"),
]


class JobActions(ActsAlone[None]):
    """A screen that knows which job is meant."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._deleted: list[str] = []
        self._spent_at = float("-inf")

    @property
    def job(self) -> Job | None:
        """The job under the cursor."""
        raise NotImplementedError

    def edit_as_new(self, request: GenerationRequest) -> None:
        """Put a request into the form."""
        raise NotImplementedError

    def submit_requests(self, requests: tuple[GenerationRequest, ...], *, retry_of: str | None = None) -> None:
        """Accept requests and show the first of their jobs."""
        raise NotImplementedError

    @when_alone
    def action_retry(self) -> None:
        """A new job with the same seed; buying a finished picture again asks first."""
        from krea_tui.domain.job import JobStatus

        if (job := self._job()) is None:
            return
        if job.status is JobStatus.UNCONFIRMED:
            self.action_resolve()
        elif job.is_active:
            self._say("It is still on its way: there is nothing to retry yet.")
        elif job.is_done:
            price = format_usd(job.price_microusd)
            self._ask(
                "Buy the same picture again?",
                f"This picture is finished. The same seed gives the same picture, for another {price}.",
                "Press n instead for a new seed.",
                lambda: self._spend(job.request, job),
            )
        else:
            self._spend(job.request, job)

    @when_alone
    def action_vary(self) -> None:
        """The same request with a new seed."""
        if (job := self._job()) is not None:
            self._spend(replace(job.request, seed=draw_seed()), job)

    @when_alone
    def action_edit(self) -> None:
        """Edit as a new job."""
        if (job := self._job()) is not None:
            self.edit_as_new(job.request)

    def action_copy_prompt(self) -> None:
        """Copy the prompt to the clipboard (OSC 52, so over SSH too)."""
        if (job := self._job()) is not None:
            self.app.copy_to_clipboard(job.request.prompt)
            self._say("The prompt is copied.")

    def action_copy_path(self) -> None:
        """Copy where the picture lies."""
        if (path := self._path()) is not None:
            self.app.copy_to_clipboard(str(path))
            self._say(f"Copied: {path}")

    def action_copy_url(self) -> None:
        """Copy the picture's URL, which may have died by now."""
        job = self._job()
        url = next((picture.url for picture in job.pictures), None) if job else None
        if job is not None and url is None:
            self._say("This job has no picture URL yet.")
        elif url is not None:
            self.app.copy_to_clipboard(url)
            self._say("The picture's URL is copied. Links of the gateway die; the file stays.")

    def action_open_picture(self) -> None:
        """Open the picture in the desktop's viewer."""
        if (path := self._path()) is not None:
            self._open(path)

    def action_reveal(self) -> None:
        """Open the folder that holds the picture."""
        if (path := self._path()) is not None:
            self._open(path.parent)

    def action_recheck(self) -> None:
        """Ask the gateway about this job now."""
        if (job := self._job()) is None:
            return
        if not job.is_polled and not any(picture.state.value == "LOST" for picture in job.pictures):
            self._say("The gateway has nothing more to say about this job.")
            return

        async def recheck() -> None:
            await (await self.session.engine()).recheck([job.id])

        self._order(recheck)

    @when_alone
    def action_withdraw(self) -> None:
        """Cancel a job that was not sent yet."""
        from krea_tui.domain.job import JobStatus

        if (job := self._job()) is None:
            return
        if job.status is not JobStatus.HELD:
            self._say("Only a held job can be cancelled: the gateway cannot take back what was sent.")
            return

        async def withdraw() -> None:
            done = await (await self.session.engine()).withdraw([job.id])
            self._say("Cancelled, and nothing was spent." if done else "Too late: it was just sent.")

        self._order(withdraw)

    @when_alone
    def action_delete(self) -> None:
        """Take the job out of the list; the picture stays on disk, and z brings the job back."""
        from krea_tui.ui.job_text import title_of

        if (job := self._job()) is None:
            return
        if job.is_active:
            self._say("It is still on its way. Cancel it while it is held (x), or wait for its end.")
            return

        async def delete() -> None:
            await (await self.session.engine()).set_deleted([job.id], is_deleted=True)
            self._deleted.append(job.id)
            self._say(f"Deleted: {title_of(job)[:40]}. z brings it back.")

        self._order(delete)

    @when_alone
    def action_undelete(self) -> None:
        """Bring the job deleted last back."""
        if not self._deleted:
            self._say("Nothing was deleted in this session.")
            return

        async def undelete() -> None:
            await (await self.session.engine()).set_deleted([self._deleted.pop()], is_deleted=False)

        self._order(undelete)

    @when_alone
    def action_pause(self) -> None:
        """Pause sending, or go on with all that was held for a mended cause."""
        from krea_tui.engine.health import PauseReason
        from krea_tui.ui.situation import held_back, is_capped

        async def resume() -> None:
            await (await self.session.engine()).resume()
            self._say("Sending goes on.")

        async def pause() -> None:
            await (await self.session.engine()).pause()
            self._say("Sending is paused. What is at the gateway goes on; p resumes.")

        book, plan = self.session.book, self.session.plan
        pause_now, held = book.health.pause, held_back(book, plan.profile)
        if pause_now is not None:
            stands = pause_now.reason is PauseReason.CAP and is_capped(book, plan.settings.money.daily_cap_microusd)
            if stands:
                self._say(f"Nothing is sent: {pause_now.words}. {pause_now.advice}")
            else:
                self._order(resume)
        elif held:
            # Nothing stands and nothing is to be sent: what p can do here is to let these go.
            noun = "job" if len(held) == 1 else "jobs"
            total = format_usd(sum(job.price_microusd for job in held))
            question = f"Send {len(held)} held {noun} now, for {total}?"
            detail = "A cap, an empty wallet, the key or a pause held them; x on a job cancels it for nothing."
            self._ask("Held", question, detail, lambda: self._order(resume))
        else:
            self._order(pause)

    @when_alone
    def action_release(self) -> None:
        """Send or cancel what earlier sessions left, after saying how many and for how much."""
        from krea_tui.ui.screens.decisions import LeftOver, LeftOverAnswer

        left = self.session.book.left_over(self.session.plan.profile)
        if not left:
            self._say("Nothing is left over from earlier sessions.")
            return
        ids = [job.id for job in left]
        total = format_usd(sum(job.price_microusd for job in left))

        async def send() -> None:
            sent = await (await self.session.engine()).release(ids)
            self._say(f"{len(sent)} of {len(ids)} go out when their turn comes.")

        async def cancel() -> None:
            cancelled = await (await self.session.engine()).withdraw(ids)
            self._say(f"{len(cancelled)} of {len(ids)} cancelled; nothing was spent.")

        def answered(answer: LeftOverAnswer | None) -> None:
            if answer is LeftOverAnswer.SEND:
                self._order(send)
            elif answer is LeftOverAnswer.CANCEL:
                self._order(cancel)

        noun = "job" if len(left) == 1 else "jobs"
        question = f"Send {len(left)} {noun} of an earlier session now, for {total}?"
        detail = "They were never sent and cost nothing so far."
        self.app.push_screen(LeftOver("Left over", question, detail), answered)

    @when_alone
    def action_resolve(self) -> None:
        """Say what became of requests that nobody has answered for."""
        from krea_tui.ui.screens.resolve import Resolve

        if self.session.book.undecided(self.session.plan.profile):
            self.app.push_screen(Resolve(self.session, self.job.id if self.job else None))
        else:
            self._say("Nothing is unconfirmed.")

    def _spend(self, request: GenerationRequest, job: Job) -> None:
        """Buy one picture; a second press so soon is a slip."""
        now = time.monotonic()
        if now - self._spent_at < SLIP_S:
            self._say("Pressed twice at once: the second press was ignored.")
        else:
            self.submit_requests((request,), retry_of=job.id)
        self._spent_at = now

    def _job(self) -> Job | None:
        if self.job is None:
            self._say("There is no job here yet.")
        return self.job

    def _path(self) -> Path | None:
        job = self._job()
        if job is None:
            return None
        path = self.session.picture_path(job)
        if path is None:
            self._say("This job has no picture on disk.")
        return path

    def _open(self, path: Path) -> None:
        import shutil

        opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
        if opener is None:
            self.app.copy_to_clipboard(str(path))
            self._say(f"There is no desktop here; the path is copied: {path}")
            return
        self.run_worker(lambda: _launch(opener, path), thread=True, group="open", exit_on_error=False)

    def _order(self, order: Callable[[], Awaitable[None]]) -> None:
        """Carry out an order in a worker; what goes wrong is said."""

        async def carry_out() -> None:
            try:
                await order()
            except KreaTuiError as error:
                self._say(f"{error} {error.advice}".strip(), severity="error")

        self.run_worker(carry_out(), group="orders", exit_on_error=True)

    def _ask(self, title: str, question: str, detail: str, then: Callable[[], None]) -> None:
        from krea_tui.ui.screens.dialog import Confirm

        self.app.push_screen(Confirm(title, question, detail), lambda answer: then() if answer else None)

    def _say(self, words: str, severity: str = "information") -> None:
        self.notify(words, severity="error" if severity == "error" else "information", markup=False, timeout=4)


def _launch(opener: str, path: Path) -> None:
    import subprocess

    # The viewer outlives the app, and must not write over the screen.
    subprocess.Popen(  # noqa: S603 -- our own file, by the desktop's opener
        [opener, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
