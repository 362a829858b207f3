"""The prompt: typing, pasting, undoing, leaving."""

from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from krea_tui.ui.widgets.prompt_area import PLACEHOLDER, PROMPT_HARD_LIMIT, PromptArea


class PromptApp(App[None]):
    def compose(self) -> ComposeResult:
        yield PromptArea(id="prompt")
        yield Input(id="after")


def prompt(pilot: Pilot[None]) -> PromptArea:
    return pilot.app.query_one(PromptArea)


async def paste(pilot: Pilot[None], text: str) -> None:
    prompt(pilot).focus()
    await pilot.pause()
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()


async def test_an_empty_prompt_teaches() -> None:
    async with PromptApp().run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        lines = [strip.text for strip in pilot.app.screen._compositor.render_strips()]
        assert lines[0].strip().startswith("Describe the picture")
        assert PLACEHOLDER.splitlines()[-1].startswith("“a lighthouse")


async def test_enter_is_a_line_break_and_tab_leaves() -> None:
    async with PromptApp().run_test() as pilot:
        prompt(pilot).focus()
        await pilot.press("a", "enter", "b", "tab")
        assert prompt(pilot).text == "a\nb"
        assert pilot.app.focused is pilot.app.query_one("#after")
        await pilot.press("shift+tab")
        assert pilot.app.focused is prompt(pilot)


async def test_a_paste_is_text_and_loses_what_could_deceive() -> None:
    async with PromptApp().run_test() as pilot:
        await paste(pilot, "one [red]two[/sad]\r\nthree\x1b[31m\u202e four")
        assert prompt(pilot).text == "one [red]two[/sad]\nthree[31m four"


async def test_a_paste_replaces_what_is_selected_and_can_be_undone() -> None:
    async with PromptApp().run_test() as pilot:
        await paste(pilot, "old")
        prompt(pilot).select_all()
        await paste(pilot, "new")
        assert prompt(pilot).text == "new"
        await pilot.press("ctrl+z")
        assert prompt(pilot).text == "old"
        await pilot.press("ctrl+y")
        assert prompt(pilot).text == "new"


async def test_a_huge_paste_is_cut_and_said_so() -> None:
    async with PromptApp().run_test() as pilot:
        await paste(pilot, "word " * 1_000_000)
        assert len(prompt(pilot).text) == PROMPT_HARD_LIMIT
        await paste(pilot, "more")
        assert len(prompt(pilot).text) == PROMPT_HARD_LIMIT
        assert any("cut" in notice.message for notice in pilot.app._notifications)


async def test_the_cursor_does_not_blink() -> None:
    async with PromptApp().run_test() as pilot:
        prompt(pilot).focus()
        await pilot.pause()
        assert prompt(pilot).cursor_blink is False
