"""The garbage collector under the app: it must not stop the keys."""

import gc

from tests.ui.app_support import plan_for, studio


async def test_what_stands_once_the_app_has_opened_is_not_looked_at_again() -> None:
    async with studio(plan_for()) as app:
        await app.ready()
        frozen = gc.get_freeze_count()
        await app.until(lambda: gc.get_freeze_count() > frozen, "what was made since the first frame set aside")
        assert gc.isenabled()
        assert gc.get_threshold()[2] > 10
