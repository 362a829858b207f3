"""A small app around the widgets that show the whole, and a busy hour to show in them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from textual.app import App, ComposeResult

from krea_tui.config.plan import Plan
from krea_tui.domain.durations import DurationEstimate
from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.styles import stylesheet_path
from krea_tui.ui.screens.overview import Order, OverviewScreen
from krea_tui.ui.session import Session
from krea_tui.ui.themes import THEMES
from krea_tui.ui.whole import Whole
from krea_tui.ui.widgets.pulse import Pulse
from tests.ui.app_support import NOW, a_job, a_request

SAVED = (Picture("https://media.example/1", PictureState.SAVED),)


def numbered(number: int, status: JobStatus = JobStatus.HELD, **changes: object) -> Job:
    fields: dict[str, object] = {"seq": number, "revision": number, "created_at": NOW - 1_200}
    if status is JobStatus.HELD:
        fields["hold_reason"] = HoldReason.READY
    if status is JobStatus.COMPLETED:
        fields["pictures"] = SAVED
    if status in {JobStatus.COMPLETED, JobStatus.FAILED}:
        fields |= {"submitted_at": NOW - 900, "completed_at": NOW - 1}
    return a_job(f"j{number:09d}", status, **(fields | changes))


def busy_hour(profile: str) -> list[Job]:
    """A batch of 500 of which 312 have ended, one at a quarter of its way, and what else a day brings."""
    lamp = a_request("a lighthouse keeper's desk, low sun through salt-stained glass, gouache")
    boats = a_request("雨の夜の路地、ネオンの反射、傘を差した人")
    jobs = [
        numbered(number + 1, JobStatus.COMPLETED, completed_at=NOW - 3_500 + number * 11, request=lamp, batch_id="one")
        for number in range(300)
    ]
    jobs += [
        numbered(301 + n, JobStatus.FAILED, completed_at=NOW - 90, request=lamp, batch_id="one") for n in range(12)
    ]
    jobs += [
        numbered(320 + n, JobStatus.PROCESSING, submitted_at=NOW - n, request=lamp, batch_id="one") for n in range(8)
    ]
    jobs += [numbered(330 + n, request=lamp, batch_id="one") for n in range(180)]
    jobs += [numbered(600 + n, JobStatus.QUEUED, submitted_at=NOW, request=boats, batch_id="two") for n in range(2)]
    jobs += [numbered(610 + n, request=boats, batch_id="two") for n in range(18)]
    jobs += [numbered(630 + n, request=boats, batch_id="two", hold_reason=HoldReason.MONEY) for n in range(3)]
    jobs += [numbered(700, JobStatus.UNCONFIRMED), numbered(701, hold_reason=HoldReason.LEFT_OVER)]
    return [Job(**{name: getattr(job, name) for name in Job.__slots__} | {"profile": profile}) for job in jobs]


@dataclass
class Counted:
    """The counts that a listing of the whole history would tell."""

    jobs: list[Job] = field(default_factory=list)
    more: Mapping[JobStatus, int] = field(default_factory=dict)

    def __call__(self) -> Mapping[JobStatus, int]:
        return Counter(job.status for job in self.jobs) + Counter(self.more)


class WholeApp(App[None]):
    """The line at the foot, and the overview over it."""

    CSS_PATH = stylesheet_path()
    CSS = "Screen { layers: default; } Pulse { dock: bottom; }"

    def __init__(self, plan: Plan, jobs: list[Job], now: Callable[[], float]) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.session = Session(plan)
        self.now = now
        self.counts = Counted(jobs, {JobStatus.COMPLETED: 101_000, JobStatus.CANCELLED: 12})
        settings = plan.settings.gateway
        self.whole = Whole(
            self.session.book,
            plan.profile,
            places=settings.max_in_flight,
            requests_per_s=1.0,
            since=0.0,
        )
        self.durations = DurationEstimate((15.0, 18.0, 22.0))
        self.orders: list[Order] = []
        self.chosen: list[str | None] = []
        self.put(*jobs)

    def put(self, *jobs: Job) -> None:
        """Jobs change."""
        self.session.book.put(jobs)
        self.whole.take_in(jobs, self.durations, self.now())

    def compose(self) -> ComposeResult:
        yield Pulse(plain=self.session.plan.settings.screen.plain)

    def on_mount(self) -> None:
        self.query_one(Pulse).watch_state(lambda: self.whole.pulse(self.counts(), self.now()))

    def on_pulse_status_chosen(self, event: Pulse.StatusChosen) -> None:
        self.chosen.append(event.query)

    def open_overview(self) -> None:
        """What the key `w` does."""
        screen = OverviewScreen(self.session, self.whole, self.counts, self.orders.append, now=self.now)
        self.push_screen(screen, self.chosen.append)
