"""The form: everything a request is made of, what it will cost, and the one button that spends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static, TextArea

from krea_tui.domain.request import GenerationRequest, StyleReference, hints
from krea_tui.ui.drafts import Draft, Guidance, build, draft_of, problems_of
from krea_tui.ui.first_keys import behind_the_first_keys
from krea_tui.ui.widgets.line_feed import PASTE_GAP_S, KeyJudge
from krea_tui.ui.widgets.prompt_area import PromptArea
from krea_tui.ui.widgets.send_guard import Press, SendGuard
from krea_tui.ui.widgets.wording import say

if TYPE_CHECKING:
    from krea_tui.ui.widgets.compose_fields import ComposeFields
    from krea_tui.ui.widgets.compose_foot import ComposeFoot

# With fewer rows than these the prompt needs every one of them.
_FEW_ROWS: Final = 24
_FORM: Final = Binding.Group("Compose")


class ComposeForm(Widget):
    """Composes generation requests and posts them; it sends nothing itself.

    The first frame holds the prompt and the frame around it; everything below follows right after it,
    in space that is kept for it. `clock` is any monotonic clock, in seconds.
    """

    DEFAULT_CSS = """
    ComposeForm {
        layout: vertical;
        width: 1fr;
        height: 1fr;
        padding: 0 1;
        background: $background;
        border: round $border-blurred;
        border-title-color: $text-muted;
        &:focus-within {
            border: round $border;
            border-title-color: $text-primary;
            border-title-style: bold;
        }
        #compose-body { height: 1fr; margin-bottom: 4; scrollbar-size-vertical: 1; }
        #prompt { height: 1fr; min-height: 4; margin-bottom: 10; }
        &.-short #compose-body { margin-bottom: 3; }
        &.-short #prompt { margin-bottom: 9; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+j,ctrl+enter",
            "submit",
            "Generate",
            id="compose.generate",
            tooltip="Send what the form holds; this spends money",
            group=_FORM,
        ),
        Binding("ctrl+r", "new_seed", "New seed", show=False, id="compose.new_seed", tooltip="Draw a new seed now"),
        Binding(
            "ctrl+l",
            "keep_seed",
            "Keep seed",
            show=False,
            id="compose.keep_seed",
            tooltip="Leave the seed in its field after sending, or no longer",
        ),
        Binding("up", "step_focus(-1)", "Field above", show=False, id="compose.up", tooltip="Go to the field above"),
        Binding("down", "step_focus(1)", "Field below", show=False, id="compose.down", tooltip="Go to the field below"),
        Binding("escape", "leave", "To the jobs", show=False, id="compose.leave", tooltip="Go to the jobs"),
    ]

    class Submitted(Message):
        """The person asks for these pictures; `draft` is what the form held, to be put back if nothing is sent."""

        def __init__(self, form: ComposeForm, requests: tuple[GenerationRequest, ...], draft: Draft) -> None:
            super().__init__()
            self.form = form
            self.requests = requests
            self.draft = draft

        @property
        def control(self) -> ComposeForm:
            """The form, for `@on` with a selector."""
            return self.form

    class Changed(Message):
        """The draft is another one than before."""

        def __init__(self, draft: Draft) -> None:
            super().__init__()
            self.draft = draft

    class Ignored(Message):
        """A Generate was taken for a slip, and nothing was sent."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    class Left(Message):
        """The person wants to leave the form (Escape)."""

    def __init__(
        self,
        draft: Draft | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.border_title = "Compose"
        self._draft = draft or Draft()
        self._guard = SendGuard(clock)
        self._judge = KeyJudge(generate=self.submit, schedule=self._after_the_wait)
        self._fields: ComposeFields | None = None
        self._foot: ComposeFoot | None = None
        self._money_left = ""
        self._shows_problems = False
        self._is_slip_told = False

    # --- what the app calls ----------------------------------------------------------------------------------------

    @property
    def draft(self) -> Draft:
        """What the fields hold at this moment."""
        return self._read() if self.is_mounted else self._draft

    @draft.setter
    def draft(self, draft: Draft) -> None:
        self._shows_problems = False
        self._take(draft)
        self._show_draft()

    def load(self, request: GenerationRequest, *, keep_seed: bool = False) -> None:
        """Put a request into the form, to be edited as a new one; its seed is kept, or drawn anew."""
        self.draft = draft_of(request, keep_seed=keep_seed)

    def focus_prompt(self) -> None:
        """Put the cursor into the prompt."""
        self.query_one(PromptArea).focus()

    def set_money_left(self, text: str) -> None:
        """Show at the right of the price what is left to spend; blank shows nothing."""
        if text == self._money_left:
            return
        self._money_left = text
        if self._foot is not None:
            self._foot.show_money_left(text)

    def remember_sent(self, requests: Iterable[GenerationRequest]) -> None:
        """Warn before any of these is bought once more."""
        self._guard.remember(requests)

    def forget_sent(self, requests: Iterable[GenerationRequest]) -> None:
        """Take back what was submitted and then not sent after all."""
        self._guard.forget(requests)

    def open_editor(self, kind: Guidance) -> None:
        """Open the window that adds an entry to one of the lists."""
        if self._fields is not None:
            self._fields.open_editor(kind)

    def submit(self) -> None:
        """Post `Submitted`, or say at the field what is wrong; a slip is ignored, a repetition asks first."""
        if self._guard.is_slip():
            self._ignore_slip()
            return
        # What was typed a moment ago may still be on its way here as a message.
        self._take(self._read())
        built = build(self._draft)
        if built.problems:
            self._shows_problems = True
            self._show_state()
            self._focus_problem(built.problems[0].field)
            return
        self._is_slip_told = False
        if self._guard.press(built.requests) is Press.SEND:
            self.post_message(self.Submitted(self, built.requests, self._draft))
            if not self._draft.keep_seed:
                self._take(replace(self._draft, seed=""))
        self._show_draft()

    # --- how it is built -------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The prompt, and room for the rest."""
        with VerticalScroll(id="compose-body", can_focus=False):
            yield PromptArea(self._draft.prompt, judge=self._judge, id="prompt")

    def on_mount(self) -> None:
        """Add the rest behind the first frame."""
        self.call_after_refresh(self._mount_rest)

    def on_resize(self, event: events.Resize) -> None:
        """Spare a line where there are few."""
        self.set_class(event.size.height < _FEW_ROWS, "-short")

    @behind_the_first_keys
    async def _mount_rest(self) -> None:
        from krea_tui.ui.widgets.compose_fields import ComposeFields
        from krea_tui.ui.widgets.compose_foot import ComposeFoot

        words = Static(self._prompt_hint(), id="prompt-words", markup=False)
        fields = ComposeFields(self._draft, self._judge)
        foot = ComposeFoot(self._draft, self._money_left)
        with self.app.batch_update():
            await self.query_one("#compose-body").mount(words, fields)
            await self.mount(foot)
            if not foot.is_mounted:
                return
            # What was typed meanwhile is in the prompt, and its message still on its way here.
            self._take(self._read())
            self._fields, self._foot = fields, foot
            self.add_class("-whole")
            self._show_draft()

    def _after_the_wait(self, callback: Callable[[], None]) -> None:
        # Through the app's queue and back: keys that have arrived meanwhile are judged before the callback runs.
        self.set_timer(PASTE_GAP_S, lambda: self.app.call_later(self.call_later, callback))

    # --- what is shown ---------------------------------------------------------------------------------------------

    def _take(self, draft: Draft) -> None:
        if draft == self._draft:
            return
        self._draft = draft
        self._guard.withdraw_question()
        self.post_message(self.Changed(draft))

    def _read(self) -> Draft:
        draft = replace(self._draft, prompt=self.query_one(PromptArea).text)
        return draft if self._fields is None else self._fields.read(draft)

    def _show_draft(self) -> None:
        if not self.is_mounted:
            return
        prompt = self.query_one(PromptArea)
        if prompt.text != self._draft.prompt:
            prompt.text = self._draft.prompt
            prompt.move_cursor(prompt.document.end)
        if self._fields is not None:
            self._fields.show(self._draft)
        self._show_state()

    def _show_state(self) -> None:
        if self._fields is None or self._foot is None:
            return
        problems = problems_of(self._draft) if self._shows_problems else ()
        self._shows_problems = bool(problems)
        wrong = next((problem.message for problem in problems if problem.field == "prompt"), "")
        words = self.query_one("#prompt-words", Static)
        say(words, f"✕ {wrong}" if wrong else self._prompt_hint())
        words.set_class(bool(wrong), "-wrong")
        self._fields.show_problems(problems)
        self._foot.show(self._draft, is_asking=self._guard.is_asking)

    def _prompt_hint(self) -> str:
        found = hints(self._draft.prompt, self._references())
        return found[0].message if found else ""

    def _references(self) -> Iterable[StyleReference]:
        return (StyleReference(entry.value) for entry in self._draft.references)

    def _focus_problem(self, field: str) -> None:
        if field == "prompt" or self._fields is None:
            self.focus_prompt()
        else:
            self._fields.focus_problem(field)

    def _ignore_slip(self) -> None:
        if not self._is_slip_told:
            self._is_slip_told = True
            reason = "Generate was pressed twice at once: the second press was ignored."
            self.notify(reason)
            self.post_message(self.Ignored(reason))

    # --- what the person does --------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Judge the keys that the field with the focus has not kept for itself."""
        if self._judge.key(event.key, event.time):
            event.stop()
            event.prevent_default()

    @on(TextArea.Changed, "#prompt")
    def _prompt_typed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._take(self._read())
        self._show_state()

    def on_compose_fields_edited(self, event: ComposeFields.Edited) -> None:
        """Take over what was changed below the prompt."""
        event.stop()
        self._take(self._read())
        self._show_draft()

    def on_compose_foot_generate_pressed(self, event: ComposeFoot.GeneratePressed) -> None:
        """The button of the foot."""
        event.stop()
        self.submit()

    def action_submit(self) -> None:
        """Generate."""
        self.submit()

    def action_new_seed(self) -> None:
        """Draw a new seed now."""
        if self._fields is not None:
            self._fields.draw_seed()

    def action_keep_seed(self) -> None:
        """Keep the seed, or keep it no longer."""
        if self._fields is not None:
            self._fields.toggle_seed_kept()

    def action_step_focus(self, by: int) -> None:
        """Go to the field above or below, and stay within the form."""
        chain = [widget for widget in self.screen.focus_chain if self in widget.ancestors]
        focused = self.screen.focused
        if focused in chain:
            chain[max(0, min(len(chain) - 1, chain.index(focused) + by))].focus()

    def action_leave(self) -> None:
        """Say that the person wants to leave."""
        self.post_message(self.Left())
