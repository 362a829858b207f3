"""The top line: what is going on, what it costs, and when the next check is due."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from krea_tui.ui.widgets.key_hint import key_hint


class Situation(NamedTuple):
    """What the status line tells; amounts are text, `waits_until` is epoch seconds.

    `alarm` stands for something that needs the person, and `alarm_key` is the key among its words; `waiting_for` is
    said before the countdown.
    """

    gateway: str = "starting"
    is_well: bool = True
    running: int = 0
    held: int = 0
    spent: str = ""
    alarm: str = ""
    alarm_key: str = ""
    waiting_for: str = ""
    waits_until: float | None = None
    is_demo: bool = False
    follows: bool = False


# How long "now" stays true after a time has come.
_NOW_S: Final = 3


class StatusBar(Widget):
    """One line over the panes. It repaints when its words change, once a second only while it counts down.

    `now` is the wall clock, epoch seconds.
    """

    DEFAULT_CSS = """
    StatusBar { height: 1; padding: 0 1; color: $text-muted; background: $background; }
    """

    class MoneyPressed(Message):
        """The person clicked on what was spent."""

    def __init__(self, *, now: Callable[[], float] = time.time, id: str | None = None) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._now = now
        self._situation = Situation()
        self._shown: Content | None = None
        self._source: Callable[[], Situation] | None = None

    def on_mount(self) -> None:
        """One clock for the countdown; keys are named as they are to be pressed from wherever the focus is."""
        self.set_interval(1.0, self._tick)
        self.watch(self.screen, "focused", self._look, init=False)

    def watch_situation(self, source: Callable[[], Situation]) -> None:
        """Ask for the situation once a second: some of what is waited for changes by the clock alone."""
        self._source = source
        self._tick()

    def tell(self, situation: Situation) -> None:
        """Show another situation."""
        if situation != self._situation:
            self._situation = situation
            self._look()

    def render(self) -> Content:
        """Name at the left, the situation at the right; what matters least goes first where there is no room."""
        self._shown = self._line(self.size.width)
        return self._shown

    def on_click(self, event: events.Click) -> None:
        """A click on the money tells more of it."""
        offset = event.get_content_offset(self)
        before, money, _ = (self._shown or Content("")).plain.partition(self._situation.spent)
        if offset is not None and money and cell_len(before) <= offset.x < cell_len(before + money):
            self.post_message(self.MoneyPressed())

    def _tick(self) -> None:
        if self._source is not None:
            self._situation = self._source()
        self._look()

    def _look(self) -> None:
        if self._line(self.size.width) != self._shown:
            self.refresh()

    def _line(self, width: int) -> Content:
        left = Content.assemble(("krea·tui", "bold $text-primary"))
        if self._situation.is_demo:
            left = Content.assemble(left, ("  demo: nothing is spent", "$text-success"))
        parts = self._parts()
        right = Content("   ").join(part for _, part in parts)
        while len(parts) > 1 and left.cell_length + right.cell_length + 3 > width:
            parts.remove(min(parts, key=lambda part: part[0]))
            right = Content("   ").join(part for _, part in parts)
        if left.cell_length + right.cell_length + 3 > width:
            left = Content.assemble(("krea·tui", "bold $text-primary"))
        gap = width - left.cell_length - right.cell_length
        if gap < 1:
            return right.truncate(width, ellipsis=True, pad=True)
        return Content.assemble(left, " " * gap, right)

    def _parts(self) -> list[tuple[int, Content]]:
        """The parts from left to right, each with its weight: the lightest is left out first."""
        now_told = self._situation
        parts: list[tuple[int, Content]] = []
        if now_told.alarm:
            hint = key_hint(self, now_told.alarm_key)
            words = " ".join(hint if word == now_told.alarm_key else word for word in now_told.alarm.split(" "))
            parts.append((9, Content.styled(words, "bold $text-warning")))
        light = "$text-success" if now_told.is_well else "$text-error"
        name = f" {now_told.gateway}{' (another window sends)' if now_told.follows else ''}"
        parts.append((2, Content.assemble(("●", light), name)))
        counts = [f"{now_told.running} running"] if now_told.running else ["idle"]
        if now_told.held:
            counts.append(f"{now_told.held} held")
        parts.append((7, Content("  ".join(counts))))
        if now_told.spent:
            parts.append((4, Content(now_told.spent)))
        if countdown := self._countdown():
            parts.append((6, Content(countdown)))
        return parts

    def _countdown(self) -> str:
        until = self._situation.waits_until
        if not self._situation.waiting_for:
            return ""
        if until is None:
            return self._situation.waiting_for
        seconds = round(until - self._now())
        if seconds > 0:
            return f"{self._situation.waiting_for} {seconds} s"
        # What was waited for has begun, or nobody will try by itself: either way it is told by what comes next.
        return f"{self._situation.waiting_for} now" if seconds > -_NOW_S else ""
