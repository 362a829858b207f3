"""The window for tags: what it shows of many jobs, what is typed and marked in it, and what becomes of it."""

from collections.abc import Iterator

import pytest
from textual.widgets import Input, OptionList

from krea_tui.config.plan import Plan
from krea_tui.domain.job import Job
from krea_tui.simulator import Simulator, SimulatorServer
from krea_tui.ui.screens.tags import TagsScreen
from tests.ui.acting_support import Acting, acting
from tests.ui.app_support import Gateway, a_job, a_request, plan_for, remember, stored


@pytest.fixture
def plan() -> Iterator[Plan]:
    simulator = Simulator()
    with SimulatorServer(simulator) as url:
        yield plan_for(Gateway(simulator, url).url)


def tagged(plan: Plan, *tags: tuple[str, ...]) -> list[Job]:
    jobs = [
        a_job(f"tagged00{n:02}", request=a_request(seed=n), tags=has, profile=plan.settings.gateway.url)
        for n, has in enumerate(tags)
    ]
    return remember(plan.locations, jobs)


def tags_in(plan: Plan) -> list[tuple[str, ...]]:
    return [job.tags for job in sorted(stored(plan.locations), key=lambda job: job.seq)]


async def opened(app: Acting, *jobs: Job) -> TagsScreen:
    app.mark(*jobs)
    await app.press("t")
    await app.until(lambda: isinstance(app.app.screen, TagsScreen), "the window")
    assert isinstance(app.app.screen, TagsScreen)
    return app.app.screen


def lines(window: TagsScreen) -> list[str]:
    rows = window.query_one(OptionList)
    return [" ".join(str(rows.get_option_at_index(n).prompt).split()) for n in range(rows.option_count)]


async def type_in(app: Acting, words: str) -> None:
    app.app.screen.query_one(Input).value = words
    await app.pilot.pause()


async def test_what_all_have_and_what_some_have(plan: Plan) -> None:
    jobs = tagged(plan, ("sea", "night"), ("sea",), ("sea", "fog"), ("kept",))
    async with acting(plan) as app:
        window = await opened(app, *jobs[:3])
        assert "Tags of 3 jobs" in app.words
        assert lines(window) == ["✓ sea all", "~ fog 1 of 3", "~ night 1 of 3", "kept none"]
        await app.press("escape")
        assert app.app.screen is app.bench
    assert tags_in(plan) == [("sea", "night"), ("sea",), ("sea", "fog"), ("kept",)]


async def test_given_taken_and_left_in_one_act_that_z_takes_back(plan: Plan) -> None:
    before = [("sea", "night"), ("sea",), ("sea", "fog")]
    jobs = tagged(plan, *before)
    async with acting(plan) as app:
        window = await opened(app, *jobs)
        await type_in(app, "Draft, best")
        await app.press("enter")
        await app.press("down", "space")
        assert lines(window)[:2] == ["sea none *", "~ fog 1 of 3"]
        await app.press("down", "space", "down", "enter")
        assert lines(window) == ["sea none *", "✓ fog all *", "✓ night all *", "✓ draft all *", "✓ best all *"]
        await app.press("ctrl+j")
        await app.says("3 jobs tagged; z takes it back.")
        after = tags_in(plan)
        await app.press("z")
        await app.says("Taken back: 3 jobs tagged.")
    assert [set(tags) & {"draft", "best"} for tags in after] == [{"draft", "best"}] * 3
    assert not any("sea" in tags for tags in after)
    assert tags_in(plan) == before


async def test_space_goes_through_what_can_be(plan: Plan) -> None:
    jobs = tagged(plan, ("night",), ())
    async with acting(plan) as app:
        window = await opened(app, *jobs)
        await app.press("down")
        seen = []
        for _ in range(4):
            seen.append(lines(window)[0])
            await app.press("space")
        assert seen == ["~ night 1 of 2", "✓ night all *", "night none *", "~ night 1 of 2"]
        await app.press("escape")
    assert tags_in(plan) == [("night",), ()]


async def test_one_that_is_typed_is_kept_without_a_further_enter(plan: Plan) -> None:
    [job] = tagged(plan, ("sea",))
    async with acting(plan) as app:
        await opened(app, job)
        await type_in(app, "ＷＩＤＥ")
        await app.press("ctrl+j")
        await app.says("1 job tagged")
    assert tags_in(plan) == [("sea", "wide")]


async def test_enter_in_an_empty_field_keeps(plan: Plan) -> None:
    [job] = tagged(plan, ())
    async with acting(plan) as app:
        await opened(app, job)
        await type_in(app, "sea")
        await app.press("enter", "enter")
        await app.says("1 job tagged")
    assert tags_in(plan) == [("sea",)]


@pytest.mark.parametrize("word", ["a:b", 'say"so', "x" * 41])
async def test_what_is_no_tag_is_refused_in_words(plan: Plan, word: str) -> None:
    [job] = tagged(plan, ())
    async with acting(plan) as app:
        await opened(app, job)
        await type_in(app, word)
        await app.press("ctrl+j")
        await app.asks("is no tag")
        assert isinstance(app.app.screen, TagsScreen)
    assert tags_in(plan) == [()]


async def test_a_hostile_tag_of_the_history_is_only_text(plan: Plan) -> None:
    [job] = tagged(plan, ("[red]sea[/red]", "\u202eturned"))
    async with acting(plan) as app:
        window = await opened(app, job)
        assert lines(window) == ["✓ [red]sea[/red]", "✓ turned"]
        assert "\u202e" not in app.text


async def test_known_tags_complete_the_last_word(plan: Plan) -> None:
    jobs = tagged(plan, ("harbour",), ("night",))
    async with acting(plan) as app:
        await opened(app, jobs[1])
        await app.press("h", "a")
        await app.until(lambda: "harbour" in app.app.screen.query_one(Input).render_line(0).text, "the completion")
        await app.press("right", "enter", "ctrl+j")
        await app.says("1 job tagged")
    assert tags_in(plan) == [("harbour",), ("night", "harbour")]


async def test_one_that_is_full_stays_as_it_is_and_is_said(plan: Plan) -> None:
    full = tuple(f"t{n}" for n in range(20))
    jobs = tagged(plan, full, ())
    async with acting(plan) as app:
        await opened(app, *jobs)
        await type_in(app, "more")
        await app.press("ctrl+j")
        await app.says("1 job would have more than 20 tags, and is as before.")
    assert tags_in(plan) == [full, ("more",)]


async def test_nothing_changed_is_no_act(plan: Plan) -> None:
    [job] = tagged(plan, ("sea",))
    async with acting(plan) as app:
        await opened(app, job)
        await app.press("ctrl+j")
        assert app.app.screen is app.bench
        await app.press("z")
        await app.says("Nothing was deleted, starred, tagged or moved")
