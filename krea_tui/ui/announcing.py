"""What the app says of jobs that end while the person looks elsewhere: in a notice, by bell, to the desktop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from krea_tui.ui.messages import BatchEnded, JobEnded
from krea_tui.ui.text_only import TextOnlyApp

if TYPE_CHECKING:
    from krea_tui.terminal import TerminalCapabilities
    from krea_tui.ui.session import Session


class AnnouncingApp(TextOnlyApp):
    """An app of one session; bell and desktop are the settings' choice."""

    session: Session
    terminal_capabilities: TerminalCapabilities

    @on(JobEnded)
    def _job_ended(self, event: JobEnded) -> None:
        """A quiet notice for the person who looks elsewhere; bell and desktop where the settings say so."""
        event.stop()
        job = event.job
        from krea_tui.ui.job_text import title_of

        title = title_of(job)[:50]
        word = job.status_word.lower()
        if job.is_done and not job.error:
            self.notify(f"● {word}  {title}", timeout=3, markup=False)
        else:
            self.notify(f"✕ {word}  {title}\n{job.error or ''}", severity="error", markup=False)
        self._call(f"{word}: {title}")

    @on(BatchEnded)
    def _batch_ended(self, event: BatchEnded) -> None:
        """One notice for all jobs of a batch."""
        event.stop()
        from krea_tui.ui.job_text import title_of

        title = title_of(event.job)[:50]
        words = [f"{event.done:,} completed"] * bool(event.done) + [f"{event.failed:,} failed"] * bool(event.failed)
        told = f"batch over: {', '.join(words)}"
        if event.failed:
            self.notify(f"✕ {told}\n{title}", severity="warning", markup=False)
        else:
            self.notify(f"● {told}\n{title}", timeout=5, markup=False)
        self._call(f"{told}: {title}")

    def _call(self, words: str) -> None:
        """Ring, and tell the desktop, where the settings say so."""
        notices = self.session.plan.settings.notices
        if notices.bell:
            self.bell()
        if notices.osc9 and not self.app_focus and not self.is_headless:
            from krea_tui.ui.desktop import desktop_notice

            desktop_notice(words, self.terminal_capabilities)
