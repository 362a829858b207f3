"""The lines over the panes name keys as they are to be pressed from where the focus is, and move on with the clock."""

from dataclasses import dataclass, field

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Button, Input

from krea_tui.ui.widgets.attention import Attention, Matter
from krea_tui.ui.widgets.status_bar import Situation, StatusBar
from tests.support.waiting import wait_until_async

LEFT = Matter("‖ 2 jobs left over, $0.12", "l", "sends or cancels", "release")
PAUSED = Situation(gateway="g", alarm="paused · p resumes", alarm_key="p")


@dataclass
class Clock:
    now: float = 1_000.0
    situations: list[Situation] = field(default_factory=list)


class Lines(App[None]):
    """Both lines, a text field and something that is none."""

    CSS = "Attention { text-wrap: nowrap; }"

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.actions: list[str] = []

    def compose(self) -> ComposeResult:
        yield StatusBar(now=lambda: self.clock.now)
        yield Attention()
        yield Input()
        yield Button("Other")

    def on_attention_chosen(self, event: Attention.Chosen) -> None:
        self.actions.append(event.action)

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()][:2]


async def test_in_a_text_field_escape_comes_first() -> None:
    app = Lines()
    async with app.run_test(size=(100, 24)) as pilot:
        app.query_one(Attention).tell((LEFT,))
        app.query_one(StatusBar).tell(PAUSED)
        app.query_one(Input).focus()
        await pilot.pause()
        assert "  Esc l sends or cancels" in app.lines[1]
        assert "paused · Esc p resumes" in app.lines[0]
        app.query_one(Button).focus()
        await pilot.pause()
        assert "  l sends or cancels" in app.lines[1]
        assert "paused · p resumes" in app.lines[0]


async def test_a_click_finds_the_matter_where_it_stands_now() -> None:
    app = Lines()
    async with app.run_test(size=(130, 24)) as pilot:
        app.query_one(Attention).tell((LEFT, LEFT._replace(action="resolve")))
        app.query_one(Input).focus()
        await pilot.pause()
        second = app.lines[1].rindex("‖")
        await pilot.click(Attention, offset=(second, 0))
        await pilot.click(Attention, offset=(second - 7, 0))
        assert app.actions == ["resolve", "release"]


@pytest.mark.parametrize("later", [Situation(gateway="g", waiting_for="next check", waits_until=1_009.0)])
async def test_the_clock_alone_brings_what_is_waited_for_next(later: Situation) -> None:
    app = Lines()
    async with app.run_test(size=(100, 24)) as pilot:
        told = Situation(gateway="g", waiting_for="429, waiting", waits_until=1_002.0)
        app.query_one(StatusBar).watch_situation(lambda: told if app.clock.now < 1_002.0 else later)
        await pilot.pause()
        assert "429, waiting 2 s" in app.lines[0]
        app.clock.now = 1_003.0
        await wait_until_async(lambda: "next check 6 s" in app.lines[0], 10, "the next wait")
