"""From the form's requests to accepted jobs: what is refused, what is asked, and what becomes of the draft."""

from __future__ import annotations

from textual import on

from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.pricing import format_usd, price_of
from krea_tui.domain.request import GenerationRequest
from krea_tui.ui.job_actions import JobActions
from krea_tui.ui.messages import KeyWanted
from krea_tui.ui.widgets.compose_form import ComposeForm


class Buying(JobActions):
    """A screen with a form; every request passes here before any money can be spent."""

    _form: ComposeForm

    @on(ComposeForm.Submitted)
    def _submitted(self, event: ComposeForm.Submitted) -> None:
        event.stop()
        if not self.session.has_key:
            self._put_back(event)
            self.post_message(KeyWanted())
            return
        total = sum(price_of(request).microusd for request in event.requests)
        money = self.session.plan.settings.money
        if money.batch_cap_microusd is not None and total > money.batch_cap_microusd:
            self._put_back(event)
            cap = format_usd(money.batch_cap_microusd)
            self._say(f"{format_usd(total)} is over your cap of {cap} for a batch: nothing was sent.", "error")
            return
        if len(event.requests) > 1 and total > money.ask_above_microusd:
            from krea_tui.ui.screens.dialog import Confirm

            question = f"Generate {len(event.requests)} pictures for {format_usd(total)}?"
            detail = "Those not sent yet can be cancelled for nothing (x)."
            if self.session.plan.is_demo:
                detail = "This is the demo: nothing is spent."

            def answered(answer: bool | None) -> None:
                if answer:
                    self.submit_requests(event.requests)
                else:
                    self._put_back(event)

            self.app.push_screen(Confirm("A batch", question, detail, yes="Generate"), answered)
            return
        self.submit_requests(event.requests)

    def _put_back(self, event: ComposeForm.Submitted) -> None:
        """Nothing was sent: the form holds what it held."""
        self._form.forget_sent(event.requests)
        self._form.draft = event.draft

    def submit_requests(self, requests: tuple[GenerationRequest, ...]) -> None:
        """Accept requests; the first of their jobs is selected as soon as it is on disk, before anything is sent."""

        async def submit() -> None:
            try:
                jobs = await self.session.submit(requests)
            except KreaTuiError:
                self._form.forget_sent(requests)
                raise
            # Written first, shown next: what is on the screen is on the disk.
            self.show_accepted(jobs)
            if self.has_class("-narrow") and self.has_class("-show-compose"):
                self._say(f"{len(jobs)} jobs accepted; 2 shows them." if len(jobs) > 1 else "Accepted; 2 shows it.")

        self._order(submit)
