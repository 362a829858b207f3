"""While nothing is sent, neither row nor preview promise that a held job's turn comes."""

from krea_tui.domain.job import HoldReason, JobStatus
from krea_tui.engine.health import Pause, PauseReason
from tests.ui.app_support import a_job, plan_for, remember, studio


async def test_a_pause_is_said_of_every_job_that_waits_and_taken_back_when_it_ends() -> None:
    plan = plan_for()
    [job] = remember(plan.locations, [a_job("held000001", JobStatus.HELD, hold_reason=HoldReason.READY)])
    async with studio(plan, is_still=True) as app:
        await app.select(job)
        await app.until(lambda: "when its turn comes" in app.text, "a turn that comes")
        health = app.app.session.book.health
        health.stand(Pause(PauseReason.DOUBT, "three in a row: nobody knows what became of them"))
        app.app.session.book.touch()
        await app.until(lambda: "Sending stands still" in app.text, "words about the pause")
        assert any("held" in line and "stands" in line for line in app.lines)
        health.lift_pause()
        app.app.session.book.touch()
        await app.until(lambda: "when its turn comes" in app.text, "a turn that comes again")
        assert any("held" in line and "waiting" in line for line in app.lines)
