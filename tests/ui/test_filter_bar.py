"""The filter line as a person meets it: typing, completing, leaving, coming back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.widgets import OptionList

from krea_tui.domain.completion import Known
from krea_tui.ui.text_only import TextOnlyApp
from krea_tui.ui.themes import THEMES
from krea_tui.ui.widgets.completion_list import CompletionList
from krea_tui.ui.widgets.filter_bar import FilterBar
from krea_tui.ui.widgets.filter_count import SEARCHING_AFTER_S
from krea_tui.ui.widgets.filter_history import FilterHistory
from krea_tui.ui.widgets.filter_input import MOST_CHARACTERS, FilterInput
from tests.support.waiting import wait_until_async

NOW = 1_795_356_200.0
ROWS = [f"row {number} of the jobs" for number in range(60)]
KEYS = {" ": "space", ":": "colon", "-": "minus", ">": "greater_than_sign", '"': "quotation_mark", ",": "comma"}


class FilterApp(TextOnlyApp):
    """A pane as the workbench has it: the closed bar over rows."""

    CSS = "OptionList, OptionList:focus { border: none; padding: 0; height: 1fr; }"

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__()
        self.bar = FilterBar(now=lambda: NOW, id="filter")
        self.bar.plain = plain
        self.bar.known = Known(tags=("fog", "night"))
        self.changes: list[str] = []
        self.leaves = 0

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.bar
            yield OptionList(*ROWS)

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.query_one(OptionList).focus()

    @on(FilterBar.Changed)
    def _changed(self, event: FilterBar.Changed) -> None:
        self.changes.append(event.text)

    @on(FilterBar.Left)
    def _left(self) -> None:
        self.leaves += 1
        self.query_one(OptionList).focus()


class Hands:
    def __init__(self, app: FilterApp, pilot: Pilot[str]) -> None:
        self.app = app
        self.bar = app.bar
        self.pilot = pilot

    async def type(self, text: str) -> None:
        await self.pilot.press(*(KEYS.get(character, character) for character in text))
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def offers(self) -> list[str]:
        return [offer.label for offer in self.app.query_one(CompletionList).offers]

    @property
    def style_of_words(self) -> str:
        [span] = self.app.query_one(CompletionList).render().spans
        return str(span.style)

    @property
    def is_in_rows(self) -> bool:
        return isinstance(self.app.focused, OptionList)


@asynccontextmanager
async def opened(size: tuple[int, int] = (80, 24), *, plain: bool = False) -> AsyncIterator[Hands]:
    app = FilterApp(plain=plain)
    async with app.run_test(size=size) as pilot:
        hands = Hands(app, pilot)
        app.bar.open()
        await pilot.pause()
        yield hands


async def test_it_is_closed_until_it_is_opened_and_then_takes_one_line() -> None:
    app = FilterApp()
    async with app.run_test(size=(80, 24)) as pilot:
        hands = Hands(app, pilot)
        await pilot.pause()
        assert hands.lines[0].strip() == ROWS[0]
        app.bar.open()
        await pilot.pause()
        assert hands.lines[0].startswith("/ words, or Tab for keys")
        assert hands.lines[1].strip().startswith(ROWS[0])
        assert app.focused is app.query_one(FilterInput)
        assert app.query_one(FilterInput).cursor_blink is False


async def test_every_keystroke_is_told() -> None:
    async with opened() as hands:
        await hands.type("fog")
        assert hands.app.changes == ["f", "fo", "fog"]
        await hands.press("backspace")
        assert hands.app.changes[-1] == "fo"


async def test_completions_lie_over_the_rows_and_move_none() -> None:
    async with opened() as hands:
        await hands.type("is:")
        assert hands.offers[:2] == ["starred", "active"]
        assert "starred" in hands.lines[1]
        assert "Tab" in hands.lines[1]
        assert hands.lines[9].strip().startswith(ROWS[8])
        await hands.type("st")
        assert hands.offers == ["starred"]
        assert hands.lines[2].strip().startswith(ROWS[1])


@pytest.mark.parametrize("key", ["tab", "right"])
async def test_the_first_completion_is_taken_by_tab_and_by_right(key: str) -> None:
    async with opened() as hands:
        await hands.type("-st")
        await hands.press(key)
        assert hands.bar.text == "-status:"
        await hands.type("fa")
        await hands.press(key)
        assert hands.bar.text == "-status:failed "
        assert hands.app.changes[-1] == "-status:failed "
        assert hands.offers == []


async def test_arrows_choose_and_enter_takes_the_chosen_one() -> None:
    async with opened() as hands:
        await hands.type("is:")
        await hands.press("down", "down", "up", "down", "enter")
        assert hands.bar.text == "is:active "
        assert hands.app.leaves == 0


async def test_a_long_list_scrolls_to_what_is_chosen() -> None:
    async with opened() as hands:
        await hands.type("status:")
        assert "cancelled" not in hands.text
        await hands.press(*["down"] * 20)
        assert "cancelled" in hands.text
        assert "not sent, free" not in hands.text
        await hands.press("tab")
        assert hands.bar.text == "status:cancelled "


async def test_tab_lists_the_keys_where_a_term_may_begin() -> None:
    async with opened() as hands:
        await hands.press("tab")
        assert "status:" in hands.offers
        assert "creativity:" in hands.text
        await hands.press("tab")
        assert hands.bar.text == "status:"


async def test_a_click_takes_a_completion_and_the_line_keeps_the_focus() -> None:
    async with opened() as hands:
        await hands.type("is:")
        await hands.pilot.click(offset=(8, 2))
        await hands.pilot.pause()
        assert hands.bar.text == "is:active "
        await hands.type("fog")
        assert hands.bar.text == "is:active fog"


async def test_the_wheel_shows_more_of_the_list() -> None:
    async with opened() as hands:
        await hands.type("status:")
        completion_list = hands.app.query_one(CompletionList)
        for _ in range(5):
            completion_list.post_message(
                events.MouseScrollDown(completion_list, 2, 2, 0, 1, 0, shift=False, meta=False, ctrl=False)
            )
            await hands.pilot.pause()
        assert "cancelled" in hands.text


async def test_enter_goes_to_the_rows_closes_the_line_and_keeps_the_filter() -> None:
    async with opened() as hands:
        await hands.type("fog status:failed")
        hands.bar.tell(312, 100_000)
        await hands.press("enter")
        assert hands.is_in_rows
        assert not hands.bar.is_open
        assert hands.bar.text == hands.app.changes[-1] == "fog status:failed"
        assert hands.bar.text_for_border().plain == "filter fog status:failed · 312 of 100,000 · Esc clears"
        assert hands.bar.text_for_border(45).plain == "filter fog sta… · 312 of 100,000 · Esc clears"
        assert hands.bar.text_for_border(45).cell_length == 45
        assert hands.lines[0].strip() == ROWS[0]
        hands.bar.clear()
        await hands.pilot.pause()
        assert hands.app.changes[-1] == hands.bar.text_for_border().plain == ""


async def test_down_goes_to_the_rows_and_leaves_the_line_open() -> None:
    async with opened() as hands:
        await hands.type("lighthouse")
        await hands.press("down")
        assert hands.is_in_rows
        assert hands.bar.is_open
        assert hands.bar.text == "lighthouse"


async def test_tab_behind_a_plain_word_goes_to_the_rows() -> None:
    async with opened() as hands:
        await hands.type("lighthouse")
        await hands.press("tab")
        assert hands.is_in_rows


async def test_escape_closes_the_list_then_clears_then_leaves() -> None:
    async with opened() as hands:
        await hands.type("fog is:")
        await hands.press("escape")
        assert hands.offers == []
        assert hands.bar.text == "fog is:"
        await hands.press("escape")
        assert hands.bar.text == hands.app.changes[-1] == ""
        await hands.press("escape")
        assert hands.app.leaves == 1
        assert hands.is_in_rows
        assert not hands.bar.is_open


async def test_the_cross_clears_and_leaves_by_mouse() -> None:
    async with opened() as hands:
        await hands.type("fog")
        await hands.pilot.click("#filter-close")
        await hands.pilot.pause()
        assert hands.app.changes[-1] == ""
        assert not hands.bar.is_open
        assert hands.is_in_rows


async def test_an_empty_line_closes_when_the_focus_goes_elsewhere() -> None:
    async with opened() as hands:
        hands.app.query_one(OptionList).focus()
        await hands.pilot.pause()
        assert not hands.bar.is_open


async def test_ctrl_u_erases() -> None:
    async with opened() as hands:
        await hands.type("fog is:")
        await hands.press("ctrl+u")
        assert hands.bar.text == hands.app.changes[-1] == ""
        assert hands.offers == []


async def test_earlier_filters_come_back_with_the_arrows() -> None:
    async with opened() as hands:
        for text in ("first", "second"):
            await hands.type(text)
            await hands.press("enter")
            hands.bar.open()
            await hands.press("ctrl+u")
        await hands.type("half")
        await hands.press("up")
        assert hands.bar.text == hands.app.changes[-1] == "second"
        await hands.press("up", "up")
        assert hands.bar.text == "first"
        await hands.press("down")
        assert hands.bar.text == "second"
        await hands.press("down")
        assert hands.bar.text == "half"
        await hands.press("down")
        assert hands.is_in_rows


async def test_what_is_put_there_opens_no_list() -> None:
    async with opened() as hands:
        hands.bar.text = "status:fa"
        await hands.pilot.pause()
        assert hands.app.changes == ["status:fa"]
        assert hands.offers == []
        await hands.type("i")
        assert hands.offers == ["failed"]


async def test_moving_away_from_the_term_closes_the_list() -> None:
    async with opened() as hands:
        await hands.type("is:")
        await hands.press("left")
        assert hands.offers == []


async def test_what_may_be_finished_yet_is_explained_and_what_is_wrong_is_marked() -> None:
    async with opened() as hands:
        await hands.type("seed:")
        assert "seed: a whole number" in hands.lines[1]
        field = hands.app.query_one(FilterInput)
        wrong = field.get_component_rich_style("filter-input--wrong", partial=True)
        assert not any(span.style == wrong for span in field._value.spans)
        await hands.type("x")
        assert hands.style_of_words == "$text-muted"
        await hands.type(" ")
        assert "seed: a whole number" in hands.lines[1]
        assert hands.style_of_words == "$text-error"
        assert [(span.start, span.end) for span in field._value.spans if span.style == wrong] == [(0, 6)]
        await hands.press("enter")
        assert "1 left out" in hands.bar.text_for_border().plain


async def test_the_number_of_matches_stands_at_the_right_end() -> None:
    async with opened() as hands:
        hands.bar.tell(None, 100_000)
        await hands.pilot.pause()
        assert "100,000 jobs" in hands.lines[0]
        await hands.type("lighthouse")
        hands.bar.tell(0, 100_000)
        await hands.pilot.pause()
        assert hands.lines[0].rstrip().endswith("0 of 100,000 ✕")


async def test_a_quick_search_changes_no_word_and_a_slow_one_says_so() -> None:
    async with opened() as hands:
        await hands.type("lighthouse")
        hands.bar.tell(3, 100_000)
        hands.bar.tell(None, 100_000, is_searching=True)
        await hands.pilot.pause()
        assert "3 of 100,000" in hands.lines[0]
        assert 0 < SEARCHING_AFTER_S < 1

        def is_said_though_told_again() -> bool:
            hands.bar.tell(None, 100_000, is_searching=True)
            return "searching ..." in hands.lines[0]

        await wait_until_async(is_said_though_told_again, 5, "the word about the search")
        hands.bar.tell(7, 100_000)
        await hands.pilot.pause()
        assert "7 of 100,000" in hands.lines[0]


async def test_trouble_of_the_search_is_said() -> None:
    async with opened() as hands:
        await hands.type("fog ")
        hands.bar.tell(None, 10, trouble="the history cannot be read")
        await hands.pilot.pause()
        assert "the history cannot be read" in hands.lines[0]


async def test_a_paste_is_one_line_of_text() -> None:
    async with opened() as hands:
        hands.app.post_message(events.Paste("two\r\nlines [red]of\x1b[31m \u202e text[/sad]"))
        await hands.pilot.pause()
        assert hands.bar.text == "two lines [red]of [31m text[/sad]"
        assert "[red]of" in hands.lines[0]
        await hands.press("ctrl+u")
        hands.app.post_message(events.Paste("many words " * 200))
        await hands.pilot.pause()
        assert 0 < len(hands.bar.text) <= MOST_CHARACTERS


async def test_hostile_tags_are_text() -> None:
    async with opened() as hands:
        hands.bar.known = Known(tags=("[red]x[/sad]",))
        await hands.type("tag:")
        assert "[red]x[/sad]" in hands.lines[1]


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])
async def test_it_fits_every_width(size: tuple[int, int]) -> None:
    async with opened(size) as hands:
        await hands.type("creativity:high status:")
        hands.bar.tell(1_234, 100_000)
        await hands.pilot.pause()
        assert "1,234 of 100,000" in hands.lines[0]
        assert all(len(line) == size[0] for line in hands.lines)
        assert any("held" in line for line in hands.lines[1:])
        assert hands.app.query_one(CompletionList).region.right <= size[0]


async def test_plain_mode_is_ascii() -> None:
    async with opened(plain=True) as hands:
        await hands.type("status:")
        hands.bar.tell(12, 100)
        await hands.pilot.pause()
        assert all(line[:-2].isascii() for line in hands.lines)
        await hands.press("escape", "enter")
        assert hands.bar.text_for_border().plain.isascii()


async def test_enter_with_a_list_nobody_has_used_goes_to_the_rows() -> None:
    async with opened() as hands:
        await hands.type("status:fa")
        assert hands.offers == ["failed"]
        await hands.press("enter")
        assert hands.bar.text == "status:fa"
        assert hands.is_in_rows
        assert "left out" not in hands.bar.text_for_border().plain


async def test_a_filter_and_a_history_of_an_earlier_time_can_be_put_there_while_it_is_closed() -> None:
    app = FilterApp()
    app.bar.history = FilterHistory(["mist", "fog", "rain", " ", "mist"])
    async with app.run_test(size=(80, 24)) as pilot:
        hands = Hands(app, pilot)
        hands.bar.text = "fog"
        await pilot.pause()
        assert hands.bar.text_for_border().plain == "filter fog · Esc clears"
        assert hands.app.changes == ["fog"]
        hands.bar.open()
        await hands.press("up")
        assert hands.bar.text == "mist"
        await hands.press("up", "up", "up")
        assert hands.bar.text == "fog"
        assert hands.bar.history.texts == ("fog", "rain", "mist")


async def test_no_letter_lays_the_screen_out_anew() -> None:
    async with opened() as hands:
        # What completes nothing: a list that opens under the line takes its place, and may.
        await hands.type("qz")
        layouts: list[object] = []
        hands.app.screen.screen_layout_refresh_signal.subscribe(hands.app.query_one(OptionList), layouts.append)
        await hands.type("xqzx qzx")
        await hands.press("backspace", "left", "home", "end")
        assert layouts == []
        assert hands.bar.text == "qzxqzx qz"
