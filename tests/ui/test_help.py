"""The key sheet and the palette name every binding there is, and what the palette offers works."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.command import DiscoveryHit
from textual.widgets import OptionList

import krea_tui.ui
from krea_tui.domain.job import JobStatus
from krea_tui.ui.app import StudioApp
from krea_tui.ui.bindings import all_bindings
from krea_tui.ui.commands import ActionCommands
from krea_tui.ui.screens.dialog import Confirm
from krea_tui.ui.screens.help import HelpScreen, key_name
from tests.ui.app_support import Running, a_job, plan_for, remember, studio

# Small windows say their keys on themselves; a word is pressed like a button.
OF_WINDOWS = {"asks", "choices", "confirm", "demo", "editor", "help", "key", "left_over", "resolve", "spend"}
OF_WINDOWS |= {"export", "overview", "rescued", "spend", "tags", "trouble", "views", "columns", "sort", "word"}
MOVES = ("up", "down", "page_up", "page_down", "first", "last")
# These act on the field that has the focus, which the palette takes away.
OF_FIELDS = {"prompt", "choice", "filter", "guidance", "preview"}


def ids_in_the_source() -> Iterator[str]:
    """The id of every `Binding(...)` of the package, whatever class it stands in."""
    for file in Path(krea_tui.ui.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Binding":
                named = [keyword.value for keyword in node.keywords if keyword.arg == "id"]
                yield from (str(value.value) for value in named if isinstance(value, ast.Constant))


def bound() -> list[Binding]:
    return [binding for section in all_bindings(StudioApp) for binding in section.bindings]


def test_every_binding_has_an_id_of_its_own() -> None:
    counts = Counter(ids_in_the_source())
    assert counts
    assert [name for name, count in counts.items() if count > 1] == []


def test_the_sheet_knows_every_binding() -> None:
    of_panes = {name for name in ids_in_the_source() if name.partition(".")[0] not in OF_WINDOWS}
    assert {binding.id for binding in bound() if binding.id} == of_panes


def test_every_binding_says_what_it_does() -> None:
    assert [binding.key for binding in bound() if not binding.tooltip] == []


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ctrl+j", "^J"),
        ("ctrl+enter", "^Enter"),
        ("question_mark", "?"),
        ("f1", "F1"),
        ("shift+tab", "Shift+Tab"),
        ("K", "K"),
        ("escape", "Esc"),
        ("delete", "Del"),
        ("plus", "+"),
        ("g", "g"),
    ],
)
def test_keys_are_named_as_on_a_keyboard(key: str, name: str) -> None:
    assert key_name(key) == name


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_sheet_shows_each_binding_in_one_line(size: tuple[int, int]) -> None:
    async with studio(plan_for(), size, is_still=True) as app:
        await app.press("f1")
        assert isinstance(app.screen, HelpScreen)
        sheet = app.screen.query_one("VerticalScroll")
        assert sheet.virtual_size.height == len(str(app.screen.query_one("Static").render()).splitlines())
        seen: set[str] = set()
        while True:
            seen.update(app.lines)
            if sheet.scroll_offset.y >= sheet.max_scroll_y:
                break
            sheet.scroll_relative(y=5, animate=False)
            await app.pilot.pause()
        for binding in bound():
            key = key_name(binding.key.split(",")[0])
            assert any(key in line and binding.tooltip in line for line in seen), binding


@pytest.mark.parametrize("key", ["escape", "q", "question_mark", "f1"])
async def test_the_sheet_closes(key: str) -> None:
    async with studio(plan_for(), is_still=True) as app:
        await app.press("escape", "question_mark")
        await app.until(lambda: isinstance(app.screen, HelpScreen), "the help")
        await app.press(key)
        assert app.screen is app.workbench


async def test_the_palette_offers_every_action() -> None:
    async with studio(plan_for(), is_still=True) as app:
        provider = ActionCommands(app.screen, match_style=None)
        offered = {hit.text async for hit in provider.discover() if isinstance(hit, DiscoveryHit)}
    for binding in bound():
        group, _, name = (binding.id or "").partition(".")
        if binding.id and group not in OF_FIELDS and name not in MOVES:
            assert binding.tooltip in offered


async def choose(app: Running, words: str) -> None:
    """Pick an action in the palette by its words."""
    await app.press("ctrl+p")
    await app.until(lambda: app.app.screen_stack[-1] is not app.workbench, "the palette")
    await app.pilot.pause()
    await app.type(words.lower())
    await app.until(lambda: any(words in line for line in app.lines[4:]), f"{words!r} in the palette")
    await app.until(lambda: app.screen.query_one(OptionList).highlighted is not None, "a choice")
    await app.press("enter")


async def test_the_palette_acts_on_the_app() -> None:
    async with studio(plan_for(), is_still=True) as app:
        await choose(app, "All keys")
        await app.until(lambda: isinstance(app.screen, HelpScreen), "the help")


async def test_the_palette_acts_on_the_form() -> None:
    async with studio(plan_for(), is_still=True) as app:
        await choose(app, "Draw a new seed now")
        await app.until(lambda: app.form.draft.seed, "a drawn seed")


async def test_the_palette_acts_on_the_job_under_the_cursor() -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [a_job("first00001", JobStatus.FAILED)])
    async with studio(plan) as app:
        await app.select(job)
        await choose(app, "Copy the prompt")
        await app.until(lambda: app.app.clipboard == job.request.prompt, "the prompt on the clipboard")
        await choose(app, "Open the job under the cursor")
        await app.until(lambda: app.workbench.has_class("-solo"), "the full screen")


async def test_the_palette_leaves_a_window_alone() -> None:
    """Over a question there is no job to act on."""
    async with studio(plan_for(), is_still=True) as app:
        app.app.push_screen(Confirm("Title", "Question?"))
        await app.pilot.pause()
        await choose(app, "Edit as a new job")
        await app.until(lambda: isinstance(app.screen, Confirm), "the question")
