"""What was being written survives the end of the app, whatever ended it."""

from krea_tui.domain.request import AspectRatio
from krea_tui.storage.store import JobStore
from tests.ui.app_support import plan_for, studio


async def test_an_unsent_prompt_is_there_again_the_next_day() -> None:
    plan = plan_for()
    async with studio(plan) as app:
        await app.write("a heron over [red]reeds[/]\nin the rain")
        await app.press("ctrl+q")
        await app.until(lambda: not app.app.is_running, "the end of the app")

    async with studio(plan) as app:
        await app.until(lambda: app.prompt.text, "the kept draft")
        assert app.prompt.text == "a heron over [red]reeds[/]\nin the rain"
        assert app.form.draft.aspect_ratio is AspectRatio.SQUARE


async def test_a_prompt_is_kept_while_it_is_written() -> None:
    plan = plan_for()
    async with studio(plan) as app:
        await app.write("a heron over reeds")

        def is_kept() -> bool:
            store = JobStore(plan.locations.database)
            try:
                return "a heron over reeds" in (store.get_meta("draft") or "")
            finally:
                store.close()

        await app.until(is_kept, "the draft on disk, before anything was sent")


async def test_a_kept_draft_does_not_replace_what_is_being_typed() -> None:
    plan = plan_for()
    async with studio(plan) as app:
        await app.write("the older one")
        await app.workbench.keep_draft()
    async with studio(plan, is_ready=False) as app:
        await app.write("the newer one")
        await app.ready()
        assert app.prompt.text == "the newer one"


async def test_a_damaged_draft_is_no_obstacle() -> None:
    plan = plan_for()
    async with studio(plan) as app:
        await app.app.session.keep("draft", '{"prompt": 5, "styles": "no list", "seed"')
    async with studio(plan) as app:
        assert app.prompt.text == ""
