"""The app: puts screen, session and signals together, and leaves without losing anything."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.reactive import Reactive
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme

from krea_tui.domain.errors import KreaTuiError
from krea_tui.domain.pricing import format_usd
from krea_tui.styles import stylesheet_path
from krea_tui.ui.announcing import AnnouncingApp
from krea_tui.ui.first_keys import ENGINE_AFTER_S
from krea_tui.ui.hangup import CHECK_EVERY_S, end_now, is_terminal_gone, let_go, on_hangup
from krea_tui.ui.key_times import KeyTimes
from krea_tui.ui.messages import KeyWanted
from krea_tui.ui.screens.workbench import Workbench
from krea_tui.ui.session import Session
from krea_tui.ui.themes import DARK, LIGHT, THEMES
from krea_tui.ui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from krea_tui.config.key import ApiKey
    from krea_tui.config.plan import Plan
    from krea_tui.domain.job import Job
    from krea_tui.terminal import TerminalCapabilities

TRY_DEMO: Final = "demo"
AGAIN_S: Final = 3.0
WAITING_S: Final = 30.0
# A look at everything stops every key for 50 ms, and typing a filter made one every two seconds: seldom ones, and only
# at what came after the app had opened and stood for so long.
COLLECT_AFTER: Final = (1_000, 20, 100)
SETTLED_S: Final = 2.0


def _action_commands() -> type[Provider]:
    from krea_tui.ui.commands import ActionCommands

    return ActionCommands


class StudioApp(AnnouncingApp):
    """The terminal studio. `run()` returns `TRY_DEMO` where the person would rather try the demo.

    `now` is the wall clock of the screen, epoch seconds.
    """

    TITLE = "krea·tui"
    CSS_PATH = stylesheet_path()
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_action_commands}
    ENABLE_COMMAND_PALETTE = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", id="app.quit", tooltip="Quit; jobs at the gateway go on", priority=True),
        Binding("question_mark,f1", "help", "Help", key_display="?", id="app.help", tooltip="All keys"),
        Binding(
            "dollar_sign",
            "spend",
            "Spend",
            show=False,
            key_display="$",
            id="app.spend",
            tooltip="What was spent, and what the caps leave",
        ),
        Binding("K", "key", "Key", show=False, id="app.key", tooltip="Set the API key"),
        Binding("f2", "change_theme", "Themes", show=False, id="app.themes", tooltip="Choose among all themes"),
        Binding("T", "theme", "Light or dark", show=False, id="app.theme", tooltip="Light or dark"),
    ]

    # Set by assignment it would style everything twice before the first frame.
    theme: Reactive[str] = Reactive(DARK.name)

    def __init__(self, plan: Plan, capabilities: TerminalCapabilities, *, now: Callable[[], float] = time.time) -> None:
        # One blinking cell costs a write every half second, for ever.
        super().__init__()
        self.terminal_capabilities = capabilities
        self.session = Session(plan)
        self._now = now
        self.key_times = KeyTimes()
        self._is_leaving = False
        self._is_cut_off = False
        self._interrupted_at = float("-inf")
        wanted = plan.settings.screen.theme or DARK.name
        if wanted != DARK.name and wanted in self.available_themes:
            self.theme = wanted

    # It is asked some thousand times for one frame.
    @cached_property
    def available_themes(self) -> dict[str, Theme]:
        """Ours beside the toolkit's."""
        return {**BUILTIN_THEMES, **{theme.name: theme for theme in THEMES}}

    def get_default_screen(self) -> Screen[None]:
        """The workbench."""
        return Workbench(self.session, now=self._now)

    async def on_event(self, event: events.Event) -> None:
        """Hear every key on its way, whoever it is for."""
        if not event.is_forwarded:
            self.key_times.hear(event)
        await super().on_event(event)

    def on_mount(self) -> None:
        """Paint first; everything else comes behind the first frame."""
        self.call_after_refresh(self._behind_the_first_frame)

    def _behind_the_first_frame(self) -> None:
        # What the imports have made stays: the collector need not look at it again.
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        gc.enable()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Not in the main thread (a test), or not on this system: then the default must do.
            with suppress(RuntimeError, ValueError, NotImplementedError):
                loop.add_signal_handler(number, self.action_quit_now_or_soon)
        if not self.is_headless:

            def hung_up(is_gone: bool) -> None:
                loop.call_soon_threadsafe(self._hung_up, is_gone)

            on_hangup(hung_up)
            self.set_interval(CHECK_EVERY_S, self._check_terminal)
        self._run_engine()

    @work(group="engine", exit_on_error=True)
    async def _run_engine(self) -> None:
        await asyncio.sleep(ENGINE_AFTER_S)
        self.session.say = lambda words: self.notify(words, severity="warning", timeout=WAITING_S, markup=False)
        try:
            await self.session.run(self._opened)
        except KreaTuiError as error:
            if not self._is_leaving:
                self._in_trouble(error)

    def _opened(self) -> None:
        self.set_timer(SETTLED_S, gc.freeze)
        if not self.session.has_key:
            self._ask_for_key(is_first=True)
        if self.session.rescue:
            from krea_tui.ui.screens.rescued import Rescued

            # What was said before would stand over the button.
            self.clear_notifications()
            self.push_screen(Rescued(self.session.rescue))

    def _in_trouble(self, error: KreaTuiError) -> None:
        from krea_tui.ui.screens.dialog import Trouble

        self.push_screen(Trouble("krea·tui cannot go on", str(error), error.advice), lambda _: self.exit(return_code=1))

    def get_key_display(self, binding: Binding) -> str:
        """Keys as the help and the form print them: `^J`."""
        if binding.key_display or not binding.key.startswith("ctrl+"):
            return super().get_key_display(binding)
        from krea_tui.ui.screens.help import key_name

        return key_name(binding.key)

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """All keys."""
        from krea_tui.ui.bindings import all_bindings
        from krea_tui.ui.screens.help import HelpScreen

        self.push_screen(HelpScreen(all_bindings(type(self))))

    def action_spend(self) -> None:
        """What was spent, by day, and what the caps leave."""
        from krea_tui.ui.screens.spend import SpendScreen

        self.push_screen(SpendScreen(self.session, now=self._now))

    @on(StatusBar.MoneyPressed)
    def _money_pressed(self, event: StatusBar.MoneyPressed) -> None:
        event.stop()
        self.action_spend()

    def action_help_quit(self) -> None:
        """Ctrl+C: a second one soon after leaves, as Ctrl+Q does."""
        now = time.monotonic()
        if now - self._interrupted_at < AGAIN_S:
            self.action_quit_now_or_soon()
        else:
            self.notify(
                "Ctrl+C again leaves; so does Ctrl+Q. Jobs at the gateway go on.", markup=False, timeout=AGAIN_S
            )
        self._interrupted_at = now

    def action_theme(self) -> None:
        """Light by day, dark by night."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def action_key(self) -> None:
        """Paste another key."""
        if self.session.plan.is_demo:
            self.notify("The demo needs no key: nothing is spent.", markup=False)
            return
        self._ask_for_key(is_first=not self.session.has_key)

    def _ask_for_key(self, *, is_first: bool) -> None:
        from krea_tui.ui.screens.key import KeyScreen

        key_file = _at_home(self.session.plan.locations.key_file)
        self.push_screen(KeyScreen(is_first=is_first, key_file=key_file), self._key_answered)

    def _key_answered(self, answer: ApiKey | str | None) -> None:
        if answer == TRY_DEMO:
            self.exit(TRY_DEMO)
        elif answer is not None and not isinstance(answer, str):
            self._use_key(answer)
        else:
            self.notify("Without a key nothing can be sent. K asks again.", markup=False)

    @work(group="orders")
    async def _use_key(self, key: ApiKey) -> None:
        try:
            await self.session.use_key(key)
        except KreaTuiError as error:
            self.notify(f"{error} {error.advice}".strip(), severity="error", markup=False)
        else:
            self.notify("The key is kept. It will not be shown again.", markup=False)

    @on(KeyWanted)
    def _key_wanted(self, event: KeyWanted) -> None:
        event.stop()
        self.action_key()

    # --- leaving ---------------------------------------------------------------------------------------------------

    def action_quit_now_or_soon(self) -> None:
        """A signal: leave in order, and at once on the second one."""
        self.run_worker(self.action_quit(), group="quit", exit_on_error=False)

    def _check_terminal(self) -> None:
        # Not everything that takes a terminal away sends a signal.
        if is_terminal_gone():
            let_go()
            self._hung_up(is_gone=True)

    def _hung_up(self, is_gone: bool) -> None:
        if not is_gone:
            self.action_quit_now_or_soon()
        elif not self._is_cut_off:
            self._is_cut_off = True
            self._leave_without_terminal()

    @work(group="leave")
    async def _leave_without_terminal(self) -> None:
        try:
            await self._stop_session()
        finally:
            end_now()

    async def action_quit(self) -> None:
        """Send nothing more, let the request in flight end, commit, and leave; a second time leaves at once."""
        if self._is_leaving and not self.session.is_sending and not self._unwritten_words():
            # It is on its way out: there is nothing to be cut short.
            return
        if self._is_leaving:
            left = "Left while a request was on its way: look for unconfirmed jobs next time."
            self.exit(return_code=130, message="\n".join([left, *self._unwritten_words()]))
            return
        self._is_leaving = True
        if self.session.is_sending:
            waits_for = self._unwritten_words() or ["Waiting for the request on its way."]
            self.notify(" ".join([*waits_for, "Ctrl+Q again leaves at once."]), markup=False, timeout=60)
        self._leave()

    @work(group="leave")
    async def _leave(self) -> None:
        self.exit(message=self._farewell(await self._stop_session()))

    async def _stop_session(self) -> list[Job]:
        for screen in self.screen_stack:
            if isinstance(screen, Workbench):
                await screen.keep_draft()
        try:
            return await self.session.stop()
        except KreaTuiError:
            return []

    def _unwritten_words(self) -> list[str]:
        unwritten = self.session.unwritten
        if unwritten is None:
            return []
        from krea_tui.engine.outcomes import words_of

        return [words_of(unwritten)]

    def _farewell(self, left: list[Job]) -> str | None:
        going_on = [job for job in self.session.book if job.is_running]
        words = self._unwritten_words()
        if going_on:
            noun = "job goes" if len(going_on) == 1 else "jobs go"
            if self.session.plan.is_demo:
                words.append(f"{len(going_on)} {noun} on when the demo is started again; nothing was spent.")
            else:
                total = format_usd(sum(job.price_microusd for job in going_on))
                words.append(
                    f"{len(going_on)} paid {noun} on at the gateway ({total}). Start krea-tui, or `krea-tui watch`."
                )
        if left:
            noun = "job was" if len(left) == 1 else "jobs were"
            words.append(f"{len(left)} {noun} not sent and cost nothing; press l next time to let them go.")
        return "\n".join(words) or None


def _at_home(path: Path) -> str:
    """A path as the person would type it."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)
