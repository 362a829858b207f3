"""The form as the person sees it: what it shows, what it says, what it posts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events, on
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from krea_tui.domain.request import AspectRatio, Creativity, GenerationRequest, StyleReference
from krea_tui.ui.drafts import Draft, EntryDraft, Guidance
from krea_tui.ui.themes import THEMES
from krea_tui.ui.widgets.compose_fields import ComposeFields
from krea_tui.ui.widgets.compose_form import ComposeForm
from tests.support.waiting import wait_until_async

UUID = "0b8e5a52-9d0a-4a55-a7a6-06b0ac2f6d1c"
PROMPT = "a quiet harbour at four in the morning"
REFERENCE = EntryDraft("https://images.example.org/scans/salt-print.jpg", "0.60")


class FormApp(App[None]):
    CSS = "#queue { height: 1; }"

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.now = 100.0
        self.sent: list[tuple[GenerationRequest, ...]] = []
        self.drafts: list[Draft] = []
        self.ignored: list[str] = []
        self.left = 0
        self.form = ComposeForm(draft, clock=lambda: self.now)

    def compose(self) -> ComposeResult:
        yield self.form
        yield Input(id="queue")

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "krea-dark"
        self.form.focus_prompt()

    @on(ComposeForm.Submitted)
    def _sent(self, event: ComposeForm.Submitted) -> None:
        self.sent.append(event.requests)
        self.drafts.append(event.draft)

    @on(ComposeForm.Ignored)
    def _ignored(self, event: ComposeForm.Ignored) -> None:
        self.ignored.append(event.reason)

    @on(ComposeForm.Left)
    def _left(self) -> None:
        self.left += 1

    def shown(self) -> str:
        return "\n".join(strip.text.rstrip() for strip in self.screen._compositor.render_strips())

    def line_with(self, words: str) -> str:
        return next((line for line in self.shown().splitlines() if words in line), "")

    @property
    def focus_id(self) -> str | None:
        return self.focused.id if self.focused else None


@asynccontextmanager
async def form_app(
    prompt: str = PROMPT, size: tuple[int, int] = (40, 38), **draft: object
) -> AsyncIterator[tuple[FormApp, Pilot[None]]]:
    app = FormApp(Draft(prompt=prompt, **draft))  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await wait_until_async(lambda: app.query(ComposeFields) and app.line_with("Aspect ratio"))
        yield app, pilot


async def focus(pilot: Pilot[None], selector: str) -> None:
    pilot.app.screen.query_one(selector, Widget).focus()
    await pilot.pause()


async def generate(app: FormApp, pilot: Pilot[None], after: float = 10.0) -> None:
    app.now += after
    await pilot.press("ctrl+enter")
    await pilot.pause()


# --- generating -----------------------------------------------------------------------------------------------------


async def test_generate_posts_one_request_with_a_drawn_seed() -> None:
    async with form_app() as (app, pilot):
        await generate(app, pilot)
        ((request,),) = app.sent
        assert request.prompt == PROMPT
        assert (request.aspect_ratio, request.creativity) == (AspectRatio.SQUARE, Creativity.MEDIUM)


async def test_the_button_generates_by_mouse_and_by_enter() -> None:
    async with form_app() as (app, pilot):
        app.now += 10
        await pilot.click("#generate")
        await focus(pilot, "#generate")
        app.now += 10
        await pilot.press("enter")
        await pilot.pause()
        assert len(app.sent) == 2
        assert app.sent[0] != app.sent[1]


@pytest.mark.parametrize("field", ["#prompt", "#seed", "#count", "#aspect-ratio", "#references", "#generate"])
async def test_a_lone_ctrl_j_generates_from_every_field(field: str) -> None:
    async with form_app() as (app, pilot):
        await focus(pilot, field)
        await pilot.press("ctrl+j")
        await wait_until_async(lambda: app.sent)
        assert len(app.sent) == 1


@pytest.mark.parametrize("pasted", ["1\n2", "1\n\n2\n", "\n\n1"])
@pytest.mark.parametrize("field", ["#prompt", "#seed", "#count", "#references"])
async def test_an_unbracketed_paste_spends_nothing(field: str, pasted: str) -> None:
    async with form_app() as (app, pilot):
        await focus(pilot, field)
        at = 1_000.0
        for character in pasted:
            key = events.Key("ctrl+j", "\n") if character == "\n" else events.Key(character, character)
            key.time = at = at + 0.03
            app.post_message(key)
        # One key long after: whatever was held back is settled when it comes.
        key = events.Key("f12", None)
        key.time = at + 10
        app.post_message(key)
        await pilot.pause()
        await pilot.pause()
        assert app.sent == []
        if field == "#prompt":
            assert pasted in app.form.draft.prompt


async def test_a_second_generate_at_once_is_ignored_with_a_notice() -> None:
    async with form_app() as (app, pilot):
        await generate(app, pilot)
        await generate(app, pilot, after=0.69)
        await generate(app, pilot, after=0.69)
        assert len(app.sent) == 1
        assert len(app.ignored) == 1
        assert any("ignored" in notice.message for notice in app._notifications)
        await generate(app, pilot, after=0.71)
        assert len(app.sent) == 2


async def test_the_same_picture_is_bought_again_only_on_purpose() -> None:
    async with form_app(seed="77", keep_seed=True) as (app, pilot):
        await generate(app, pilot)
        await generate(app, pilot)
        assert len(app.sent) == 1
        assert "same picture again" in app.shown()
        assert "Buy it again" in app.shown()
        await generate(app, pilot, after=0.3)
        assert len(app.sent) == 1, "a double press is no second thought"
        await generate(app, pilot)
        assert len(app.sent) == 2
        assert app.sent[0] == app.sent[1]


async def test_the_warning_goes_when_the_request_becomes_another() -> None:
    async with form_app(seed="77", keep_seed=True) as (app, pilot):
        await generate(app, pilot)
        await generate(app, pilot)
        await pilot.press("x")
        await pilot.pause()
        assert "same picture" not in app.shown()
        await generate(app, pilot)
        assert len(app.sent) == 2


async def test_what_was_not_sent_after_all_may_be_sent_without_a_warning() -> None:
    async with form_app(seed="77", keep_seed=True) as (app, pilot):
        await generate(app, pilot)
        app.form.forget_sent(app.sent[0])
        await generate(app, pilot)
        assert len(app.sent) == 2


async def test_what_the_form_held_can_be_put_back() -> None:
    async with form_app(seed="77", count="3") as (app, pilot):
        await generate(app, pilot)
        app.form.forget_sent(app.sent[0])
        app.form.draft = app.drafts[0]
        await pilot.pause()
        assert "77" in app.line_with("Seed")
        assert "Generate 3" in app.shown()


async def test_a_seed_goes_after_sending_and_a_kept_one_stays() -> None:
    async with form_app(seed="77") as (app, pilot):
        await generate(app, pilot)
        assert app.sent[0][0].seed == 77
        assert "77" not in app.line_with("Seed")
        assert "drawn" in app.line_with("Seed")
    async with form_app(seed="77", keep_seed=True, count="3") as (app, pilot):
        await generate(app, pilot)
        assert [request.seed for request in app.sent[0]] == [77, 78, 79]
        assert "77" in app.line_with("Seed")
        assert "● kept" in app.line_with("Seed")


async def test_what_was_typed_in_the_last_moment_is_sent() -> None:
    async with form_app(seed="12") as (app, pilot):
        app.query_one("#seed", Input).value = "123"
        app.query_one("#count", Input).value = "2"
        app.form.submit()
        await pilot.pause()
        assert [request.seed for request in app.sent[0]] == [123, 124]
        assert "drawn" in app.line_with("Seed")


# --- what is wrong --------------------------------------------------------------------------------------------------


async def test_an_empty_prompt_is_said_at_the_prompt_and_mended_while_typing() -> None:
    async with form_app(prompt="") as (app, pilot):
        await focus(pilot, "#count")
        await generate(app, pilot)
        assert app.sent == []
        assert "✕ write a prompt first" in app.shown()
        assert app.focus_id == "prompt"
        await pilot.press("a")
        await pilot.pause()
        assert "write a prompt first" not in app.shown()


async def test_a_wrong_seed_is_said_at_the_seed_and_mended_while_typing() -> None:
    async with form_app(seed="12x", size=(60, 38)) as (app, pilot):
        await generate(app, pilot)
        assert app.sent == []
        assert "✕ seed: a whole number from 0 to 2147483647, or blank" in app.shown()
        assert app.focus_id == "seed"
        await pilot.press("5")
        await pilot.pause()
        assert "✕" not in app.shown()
        await generate(app, pilot)
        assert app.sent[0][0].seed == 5


async def test_a_wrong_entry_is_said_under_it_and_has_the_focus() -> None:
    entries = (REFERENCE, EntryDraft("http://x.org/a.png", "0.6"))
    async with form_app(references=entries) as (app, pilot):
        lines = app.shown().splitlines()
        under = next(index for index, line in enumerate(lines) if "http://x.org/a.png" in line) + 1
        assert "✕ must start with https://" in lines[under]
        await generate(app, pilot)
        assert app.sent == []
        assert app.focus_id == "references"
        await pilot.press("delete")
        await pilot.pause()
        assert "must start with" not in app.shown()
        await generate(app, pilot)
        assert app.sent[0][0].image_style_references == (StyleReference(REFERENCE.value, 0.6),)


async def test_a_bare_prompt_gets_a_quiet_hint_and_is_sent_all_the_same() -> None:
    async with form_app(prompt="a cat") as (app, pilot):
        assert "a descriptive, detailed prompt" in app.shown()
        await generate(app, pilot)
        assert len(app.sent) == 1


# --- the fields -----------------------------------------------------------------------------------------------------


async def test_arrows_and_letters_choose() -> None:
    async with form_app() as (app, pilot):
        await focus(pilot, "#aspect-ratio")
        await pilot.press("right", "right")
        assert "3:2" in app.line_with("Aspect ratio")
        await pilot.press("2", "full_stop")
        await pilot.pause()
        assert "2.35:1  cinema" in app.line_with("Aspect ratio")
        await focus(pilot, "#creativity")
        await pilot.press("r")
        await pilot.pause()
        assert "raw" in app.line_with("Creativity")
        assert app.form.draft.aspect_ratio is AspectRatio.CINEMA
        assert app.form.draft.creativity is Creativity.RAW


async def test_the_list_of_choices_opens_by_key_and_by_mouse_and_explains() -> None:
    async with form_app() as (app, pilot):
        await focus(pilot, "#creativity")
        await pilot.press("enter")
        await pilot.pause()
        assert "minimal interpretation" in app.shown()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.form.draft.creativity is Creativity.HIGH
        await pilot.click("#aspect-ratio")
        await pilot.pause()
        assert "35 mm photo" in app.shown()
        await pilot.press("escape")
        await pilot.pause()
        assert app.form.draft.aspect_ratio is AspectRatio.SQUARE
        await pilot.click("#aspect-ratio")
        await pilot.pause()
        await pilot.click(offset=(1, 1))
        await pilot.pause()
        assert "Compose" in app.shown(), "a click beside the list closes it"


async def test_a_seed_can_be_drawn_and_kept_by_key_and_mouse() -> None:
    async with form_app() as (app, pilot):
        await pilot.press("ctrl+r")
        await pilot.pause()
        first = app.form.draft.seed
        assert first.isdecimal()
        assert first in app.line_with("Seed")
        await pilot.click("#new-seed")
        await pilot.pause()
        assert app.form.draft.seed != first
        await pilot.click("#keep-seed")
        await pilot.pause()
        assert app.form.draft.keep_seed
        assert "● kept" in app.line_with("Seed")
        await pilot.press("ctrl+l")
        await pilot.pause()
        assert not app.form.draft.keep_seed


async def test_the_longest_seed_is_seen_whole() -> None:
    async with form_app(seed="2147483647") as (app, pilot):
        await focus(pilot, "#seed")
        await pilot.press("end")
        await pilot.pause()
        assert "2147483647" in app.line_with("Seed")


async def test_the_price_follows_count_and_lists() -> None:
    async with form_app() as (app, pilot):
        app.form.set_money_left("$18.08 left today")
        await pilot.pause()
        price = app.line_with("left today")
        assert price.strip("│ ").startswith("$0.06 ")
        app.form.draft = Draft(prompt=PROMPT, count="2", references=(REFERENCE,))
        await pilot.pause()
        assert "2 × $0.065 = $0.13" in app.line_with("left today")
        app.form.draft = Draft(prompt=PROMPT, count="2", moodboards=(EntryDraft(UUID),))
        await pilot.pause()
        line = app.line_with("left today")
        assert "$0.14 estimate" in line
        assert "$18.08 left today" in line
        assert "Generate 2" in app.shown()


async def test_the_count_steps_by_mouse_within_its_range() -> None:
    async with form_app() as (app, pilot):
        await pilot.click("#fewer")
        await pilot.click("#more")
        await pilot.click("#more")
        await pilot.pause()
        assert app.form.draft.count == "3"
        assert "N to N+2" in app.line_with("Count")


async def test_arrows_move_between_the_fields_and_stay_in_the_form() -> None:
    async with form_app() as (app, pilot):
        await focus(pilot, "#aspect-ratio")
        await pilot.press("down", "down")
        assert app.focus_id == "seed"
        await focus(pilot, "#generate")
        await pilot.press("down")
        assert app.focus_id == "generate"
        await pilot.press("up")
        assert app.focus_id == "moodboards"


async def test_escape_says_that_the_person_leaves() -> None:
    async with form_app() as (app, pilot):
        await pilot.press("escape")
        await pilot.pause()
        assert app.left == 1


# --- the lists ------------------------------------------------------------------------------------------------------


async def type_entry(pilot: Pilot[None], value: str, strength: str = "") -> None:
    pilot.app.screen.query_one("#value", Input).value = value
    pilot.app.screen.query_one("#strength", Input).value = strength
    await focus(pilot, "#value")
    await pilot.press("enter")
    await pilot.pause()


async def test_a_reference_is_added_edited_and_removed_by_key() -> None:
    async with form_app() as (app, pilot):
        await focus(pilot, "#references")
        await pilot.press("enter")
        await pilot.pause()
        assert "Add reference" in app.shown()
        assert "start near 0.6" in app.shown()
        await type_entry(pilot, "https://x.org/deep/path/salt-print.jpg@0.6")
        assert "1 of 10" in app.line_with("References")
        row = app.line_with("salt-print.jpg")
        assert row.rstrip("│ ").endswith("0.60  ✕")
        await pilot.press("down", "right", "enter")
        await pilot.pause()
        assert pilot.app.screen.query_one("#strength", Input).value == "0.65"
        await type_entry(pilot, "https://x.org/other.png", "-0.5")
        assert app.form.draft.references == (EntryDraft("https://x.org/other.png", "-0.50"),)
        await pilot.press("delete")
        await pilot.pause()
        assert "none" in app.line_with("References")


async def test_an_entry_is_edited_and_removed_by_mouse() -> None:
    async with form_app(styles=(EntryDraft("inkwash", "0.80"),)) as (app, pilot):
        await pilot.click("#styles", offset=(4, 1))
        await pilot.pause()
        assert "Edit style" in app.shown()
        await pilot.click("#cancel")
        await pilot.pause()
        width = app.query_one("#styles").size.width
        await pilot.click("#styles", offset=(width - 1, 1))
        await pilot.pause()
        assert app.form.draft.styles == ()


async def test_a_wrong_entry_stays_in_its_window_with_words_until_it_is_mended() -> None:
    async with form_app(size=(80, 30)) as (app, pilot):
        app.form.open_editor(Guidance.REFERENCES)
        await pilot.pause()
        await type_entry(pilot, "ftp://x.org/a", "7")
        assert "✕ must start with https://" in app.shown()
        assert "✕ a number from -2 to 2" in app.shown()
        assert app.focus_id == "value"
        app.screen.query_one("#strength", Input).value = "1"
        await pilot.pause()
        assert "a number from" not in app.shown()
        assert "must start with" in app.shown()
        await pilot.press("escape")
        await pilot.pause()
        assert app.form.draft.references == ()


async def test_pasted_lines_become_several_entries() -> None:
    async with form_app() as (app, pilot):
        await focus(pilot, "#references")
        await pilot.press("enter")
        await pilot.pause()
        app.post_message(events.Paste("https://x.org/a.png@0.6\nhttps://x.org/b.png\n"))
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert [entry.strength for entry in app.form.draft.references] == ["0.60", "1.00"]
        app.post_message(events.Paste("https://x.org/c.png\nhttps://x.org/d.png@-1"))
        await pilot.pause()
        await pilot.pause()
        assert "4 of 10" in app.line_with("References")


async def test_no_more_entries_than_the_api_takes() -> None:
    async with form_app(styles=tuple(EntryDraft(f"s{n}") for n in range(9))) as (app, pilot):
        await focus(pilot, "#styles")
        app.post_message(events.Paste("a b"))
        await pilot.pause()
        assert len(app.form.draft.styles) == 9
        await pilot.press("a")
        await pilot.pause()
        await type_entry(pilot, "x y")
        assert "2 given, room for 1" in app.shown()
        await type_entry(pilot, "x")
        assert "10 of 10" in app.line_with("Styles")
        assert "+ add" not in app.line_with("Styles")


async def test_a_share_link_becomes_the_moodboards_uuid() -> None:
    async with form_app() as (app, pilot):
        app.form.open_editor(Guidance.MOODBOARDS)
        await pilot.pause()
        await type_entry(pilot, f"https://www.krea.ai/moodboards/x?share={UUID}")
        assert app.form.draft.moodboards == (EntryDraft(UUID, "0.23"),)
        assert "+ add" not in app.line_with("Moodboard")


async def test_words_of_others_are_never_markup() -> None:
    entries = (EntryDraft("https://x.org/[/sad].png", "[red]"),)
    async with form_app(prompt="a [/sad] cat", references=entries, seed="[b]") as (app, pilot):
        await generate(app, pilot)
        assert "[/sad]" in app.line_with("[/sad].png")


# --- the whole ------------------------------------------------------------------------------------------------------


async def test_a_request_is_loaded_with_or_without_its_seed() -> None:
    request = GenerationRequest("a loaded prompt", 4711, aspect_ratio=AspectRatio.TALL)
    async with form_app() as (app, pilot):
        app.form.load(request, keep_seed=True)
        await pilot.pause()
        assert "a loaded prompt" in app.shown()
        assert "9:16" in app.line_with("Aspect ratio")
        assert "4711" in app.line_with("Seed")
        app.form.load(request)
        await pilot.pause()
        assert "drawn" in app.line_with("Seed")


async def test_a_draft_set_before_the_form_is_mounted_is_shown() -> None:
    async with form_app(count="3", styles=(EntryDraft("inkwash", "0.8"),)) as (app, _pilot):
        assert "inkwash" in app.shown()
        assert PROMPT[:20] in app.shown()


@pytest.mark.parametrize("size", [(80, 20), (40, 38), (56, 58), (38, 16)])
async def test_prompt_and_generate_are_there_at_every_size_and_every_field_can_be_reached(
    size: tuple[int, int],
) -> None:
    many = tuple(EntryDraft(f"style-{n}") for n in range(10))
    async with form_app(size=size, styles=many) as (app, pilot):
        assert PROMPT[:20] in app.shown()
        assert "Generate" in app.shown()
        await focus(pilot, "#moodboards")
        await wait_until_async(lambda: app.line_with("Moodboard"))
        assert "Generate" in app.shown()
        await focus(pilot, "#prompt")
        await wait_until_async(lambda: app.line_with(PROMPT[:20]))


@pytest.mark.parametrize("size", [(40, 38), (40, 20)])
async def test_the_rest_comes_behind_the_first_frame_without_moving_anything(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    mount_rest = ComposeForm._mount_rest

    async def later(_form: ComposeForm) -> None:
        return

    monkeypatch.setattr(ComposeForm, "_mount_rest", later)
    app = FormApp(Draft(prompt=PROMPT))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        names = ("#prompt", "#compose-body")
        before = {name: app.query_one(name).region for name in names}
        await mount_rest(app.form)
        await pilot.pause()
        assert app.line_with("Aspect ratio")
        assert {name: app.query_one(name).region for name in names} == before
        assert app.query_one("#generate").region.bottom == app.form.content_region.bottom
