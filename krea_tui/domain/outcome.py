"""What became of one attempt to send a job: all that is known of money that may be spent by now."""

from __future__ import annotations

from dataclasses import dataclass

from krea_tui.domain.events import Accepted, Doubted, NotAccepted, Refused

OutcomeEvent = Accepted | NotAccepted | Refused | Doubted


@dataclass(frozen=True, slots=True)
class Outcome:
    """The event that ends an attempt, until it stands in the history."""

    job_id: str
    attempt_id: str
    event: OutcomeEvent

    @property
    def request_id(self) -> str | None:
        """What the gateway calls the job, where it has accepted it."""
        return self.event.answer.request_id if isinstance(self.event, Accepted) else None
