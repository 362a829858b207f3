"""What became of requests that nobody has answered for: the person looks at the vendor's console, and says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, SelectionList, Static
from textual.widgets.selection_list import Selection

from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.job import Job
from krea_tui.domain.pricing import format_usd
from krea_tui.domain.text import clean_line
from krea_tui.ui.job_text import local_time, title_of
from krea_tui.ui.key_times import ActsAlone, when_alone
from krea_tui.ui.screens.decisions import AsksCount, AsksRequestId
from krea_tui.ui.screens.dialog import Confirm
from krea_tui.ui.widgets.quiet_button import QuietButton

if TYPE_CHECKING:
    from krea_tui.engine.engine import Engine
    from krea_tui.ui.session import Session

_WHY: Final = (
    "These requests left this machine, and no answer came back that says what became of them. The gateway may have"
    " taken and charged them; it has no list to ask. Look at the vendor's console, then say for each (space marks"
    " several, m all):"
)
_TWICE: Final = "If it was taken after all, it is paid for twice."


class Resolve(ModalScreen[None], ActsAlone[None]):
    """Lists what is unconfirmed. What is marked, else the one under the cursor, is what an answer is about."""

    DEFAULT_CSS = """
    Resolve {
        align: center middle;
        & > Vertical {
            width: 92; max-width: 98%; height: auto; max-height: 96%; padding: 1 1;
            background: $surface; border: round $warning; border-title-color: $text-warning;
        }
        SelectionList {
            height: auto; max-height: 10; margin: 1 0; padding: 0; border: none; background: $surface;
            text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1;
        }
        SelectionList:focus { border: none; }
        Static { padding: 0 1; }
        #what { height: auto; max-height: 4; color: $text-muted; }
        Horizontal { height: auto; margin-top: 1; padding-left: 1; }
        Button { margin-right: 1; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "adopt", "Adopt", id="resolve.adopt", tooltip="Adopt a request id from the vendor's console"),
        Binding("c", "not_charged", "Not charged", id="resolve.not_charged", tooltip="Mark as not charged"),
        Binding("s", "send_again", "Send again", id="resolve.send_again", tooltip="Send again, as a new job"),
        Binding("m", "mark_all", "Mark all", id="resolve.mark_all", tooltip="Mark all, or none"),
        Binding("escape,q", "leave", "Leave", id="resolve.leave", tooltip="Leave them as they are"),
    ]

    def __init__(self, session: Session, job_id: str | None = None) -> None:
        super().__init__()
        self._session = session
        self._wanted = job_id
        self._listed: tuple[str, ...] = ()
        self._unsubscribe: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        """Why they are here, which they are, and what can be said of them."""
        with Vertical() as box:
            box.border_title = "Unconfirmed"
            yield Static(_WHY, markup=False)
            yield SelectionList[str](id="unconfirmed")
            yield Static("", id="what", markup=False)
            with Horizontal():
                yield QuietButton("Adopt (a)", id="adopt", compact=True)
                yield QuietButton("Not charged (c)", id="not_charged", compact=True)
                yield QuietButton("Send again (s)", id="send_again", compact=True)
                yield QuietButton("Leave (esc)", id="leave", variant="primary", compact=True)

    def on_mount(self) -> None:
        """List them, and keep the list true while it is shown."""
        self._unsubscribe = self._session.book.subscribe(self._on_book)
        self._list()
        if self._wanted in self._listed:
            self._rows.highlighted = self._listed.index(self._wanted)
        self._rows.focus()

    def on_unmount(self) -> None:
        """Listen no more."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    @property
    def _rows(self) -> SelectionList[str]:
        return self.query_one("#unconfirmed", SelectionList)

    def _on_book(self, job_ids: frozenset[str]) -> None:
        if job_ids:
            self.call_later(self._list)

    def on_screen_resume(self) -> None:
        """Take in what changed while a question stood over it."""
        self._list()

    def _list(self) -> None:
        if not self.is_current:
            return
        jobs = self._session.book.undecided(self._session.plan.profile)
        listed = tuple(job.id for job in jobs)
        if not jobs:
            self.notify("Nothing is unconfirmed any more.", markup=False)
            self.dismiss(None)
            return
        if listed != self._listed:
            rows = self._rows
            marked, place = set(rows.selected), rows.highlighted
            self._listed = listed
            rows.clear_options()
            rows.add_options(
                [Selection(_line(job, is_marked=job.id in marked), job.id, job.id in marked) for job in jobs]
            )
            rows.highlighted = min(place or 0, len(jobs) - 1)
        total = format_usd(sum(job.price_microusd for job in jobs))
        self.query_one(Vertical).border_subtitle = f"{len(jobs)} · {total} at risk"
        self._explain()

    @on(SelectionList.SelectionHighlighted)
    def _moved(self) -> None:
        self._explain()

    @on(SelectionList.SelectedChanged)
    def _marked(self) -> None:
        marked = set(self._rows.selected)
        for place, job_id in enumerate(self._listed):
            if (job := self._session.book.get(job_id)) is not None:
                # The toolkit's own mark differs by colour alone.
                self._rows.replace_option_prompt_at_index(place, _line(job, is_marked=job_id in marked))
        self._explain()

    def _explain(self) -> None:
        jobs = self._chosen()
        if len(jobs) > 1:
            total = format_usd(sum(job.price_microusd for job in jobs))
            words = f"{len(jobs)} marked, {total} together. An id can be adopted for one at a time."
        else:
            words = "\n".join(f"{job.id}  {clean_line(job.error or 'no answer came back', 160)}" for job in jobs)
        self.query_one("#what", Static).update(words)

    def _chosen(self) -> list[Job]:
        rows = self._rows
        ids = set(rows.selected)
        if not ids and rows.highlighted is not None and rows.highlighted < len(self._listed):
            ids = {self._listed[rows.highlighted]}
        return [job for job in self._session.book.undecided(self._session.plan.profile) if job.id in ids]

    def action_mark_all(self) -> None:
        """Mark all of them, or none."""
        rows = self._rows
        if len(rows.selected) == len(self._listed):
            rows.deselect_all()
        else:
            rows.select_all()

    @when_alone
    def action_adopt(self) -> None:
        """Ask for the request id of one of them."""
        jobs = self._chosen()
        if len(jobs) != 1:
            self.notify("A request id belongs to one job: mark one alone.", markup=False)
            return
        [job] = jobs

        async def adopt(engine: Engine, request_id: str) -> str:
            await engine.adopt(job.id, request_id)
            return "Adopted. The gateway is asked about it now."

        self.app.push_screen(
            AsksRequestId(
                "Adopt a request id",
                f"Which request of the vendor's console is this one?\n{_words(job)}",
                "It is believed once the gateway has answered for it; until then it can be corrected.",
                do="Adopt",
                placeholder="request id",
            ),
            lambda word: self._order(lambda engine: adopt(engine, word)) if word else None,
        )

    @when_alone
    def action_not_charged(self) -> None:
        """Ask whether they were never charged."""
        jobs = self._chosen()

        async def declare(engine: Engine) -> str:
            done = await engine.declare_not_charged([job.id for job in jobs])
            return f"{_counted(len(done))} marked as not charged."

        self._ask(
            jobs,
            "Not charged",
            f"Does the vendor's console show that {_them(jobs)} never taken nor charged?",
            "Then nothing of it counts as spent or at risk any more.",
            do="Not charged",
            then=declare,
        )

    @when_alone
    def action_send_again(self) -> None:
        """Ask whether to pay once more."""
        if not self._session.has_key:
            self.notify("There is no key to send with: K sets one.", severity="warning", markup=False)
            return
        jobs = self._chosen()
        total = format_usd(sum(job.price_microusd for job in jobs))

        async def send(engine: Engine) -> str:
            sent = await engine.send_again([job.id for job in jobs])
            return f"{_counted(len(sent))} accepted in {'its' if len(sent) == 1 else 'their'} place."

        self._ask(
            jobs,
            "Send again",
            f"Send {'this request' if len(jobs) == 1 else f'these {len(jobs)} requests'} once more, for {total}?",
            _TWICE if len(jobs) == 1 else "Those that were taken after all are paid for twice.",
            do="Send again",
            then=send,
        )

    def action_leave(self) -> None:
        """Leave them as they are."""
        self.dismiss(None)

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        await self.run_action(event.button.id or "leave")

    def _ask(
        self,
        jobs: Sequence[Job],
        title: str,
        question: str,
        detail: str,
        *,
        do: str,
        then: Callable[[Engine], Awaitable[str]],
    ) -> None:
        """One is decided by a Yes, many by their count."""
        if len(jobs) == 1:
            confirm = Confirm(title, f"{question}\n{_words(jobs[0])}", detail, yes=do, no="No")
            self.app.push_screen(confirm, lambda answer: self._order(then) if answer else None)
        elif jobs:
            asks = AsksCount(title, question, detail, do=do, count=len(jobs))
            self.app.push_screen(asks, lambda word: self._order(then) if word else None)

    def _order(self, order: Callable[[Engine], Awaitable[str]]) -> None:
        async def carry_out() -> None:
            try:
                words = await order(await self._session.engine())
            except KreaTuiError as error:
                self.notify(f"{error} {error.advice}".strip(), severity="error", markup=False)
            else:
                self.notify(words, markup=False)

        # The app's own worker: the decision is carried out even if this window is closed meanwhile.
        self.app.run_worker(carry_out(), group="orders", exit_on_error=True)


def _line(job: Job, *, is_marked: bool) -> Content:
    # Pictures of one batch differ in nothing but the second and the seed.
    parts: Iterable[str] = (_sent_at(job), format_usd(job.price_microusd), f"{job.request.seed:<10}", title_of(job))
    return Content(f"{'✓' if is_marked else ' '} {'  '.join(parts)}")


def _words(job: Job) -> str:
    seed = f"seed {job.request.seed}"
    return f"{title_of(job)[:60]}\n{seed}, {format_usd(job.price_microusd)}, sent {_sent_at(job)}"


def _sent_at(job: Job) -> str:
    at = job.attempted_at or job.created_at
    return local_time(at) + datetime.fromtimestamp(at).astimezone().strftime(":%S")


def _counted(count: int) -> str:
    return f"{count} {'request' if count == 1 else 'requests'}"


def _them(jobs: Sequence[Job]) -> str:
    return "this request was" if len(jobs) == 1 else f"these {len(jobs)} requests were"
