"""What a person sees of unconfirmed requests, and how each is resolved, alone and together."""

from collections.abc import Iterator

import pytest
from textual.widgets import Input, SelectionList

from krea_tui.domain.job import Charge, Job, JobStatus
from krea_tui.simulator import Close, Fault, Simulator, SimulatorServer, Target
from krea_tui.ui.screens.decisions import AsksCount, AsksRequestId
from krea_tui.ui.screens.dialog import READ_S, Confirm
from krea_tui.ui.screens.resolve import Resolve
from krea_tui.ui.widgets.attention import Attention
from tests.support.bench import TinyGallery
from tests.ui.app_support import Gateway, Running, a_job, a_request, plan_for, remember, stored, studio
from tests.ui.test_app_astray import paste

HOSTILE = "[red]a kite[/red] \x1b[31m\u202eover dunes"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    simulator = Simulator()
    simulator._gallery = TinyGallery()  # type: ignore[assignment]
    with SimulatorServer(simulator) as url:
        yield Gateway(simulator, url)


def doubted(gateway: Gateway, count: int) -> list[Job]:
    return [
        a_job(
            f"dbt000000{n}",
            JobStatus.UNCONFIRMED,
            request=a_request(HOSTILE, seed=n),
            attempted_at=1_795_356_000.0 + n,
            attempt_id=f"attempt-{n}",
            profile=gateway.url,
            error="the request was sent, but no answer came",
        )
        for n in range(count)
    ]


def accepted_id(gateway: Gateway) -> str:
    """A request id as the vendor's console shows it: what the gateway took and nobody here knows of."""
    simulator = gateway.simulator
    return simulator._jobs.accept(a_request().body(), 60_000, simulator.behaviour, None).request_id


async def entered(app: Running, word: str) -> None:
    """Type a word, as slowly as a hand does."""
    app.screen.query_one(Input).value = word
    await app._after(READ_S)
    await app.press("enter")


async def opened(app: Running) -> Resolve:
    await app.press("escape", "u")
    await app.until(lambda: isinstance(app.screen, Resolve), "the window")
    assert isinstance(app.screen, Resolve)
    return app.screen


async def test_the_line_over_the_panes_says_count_and_sum_and_a_click_opens_the_window(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    remember(plan.locations, doubted(gateway, 2))
    async with studio(plan) as app:
        await app.until(lambda: "2 requests may have been paid for: $0.12 at risk" in app.text, "the line")
        assert await app.pilot.click(Attention, offset=(5, 0))
        await app.until(lambda: isinstance(app.screen, Resolve), "the window")
        assert "no answer came back" in app.text
        assert "$0.12 at risk" in app.text
        assert "[red]a kite[/red]" in app.text
        assert "\u202e" not in app.text
        await app.press("escape")
        assert app.screen is app.workbench
    assert gateway.posts == 0
    assert all(job.needs_decision for job in stored(plan.locations))


async def test_without_any_there_is_no_line_and_no_window(gateway: Gateway) -> None:
    async with studio(plan_for(gateway.url)) as app:
        assert not app.workbench.query_one(Attention).display
        await app.press("escape", "u")
        await app.says("Nothing is unconfirmed.")
        assert app.screen is app.workbench


async def test_not_charged_asks_and_no_is_the_answer_of_a_hasty_enter(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    remember(plan.locations, doubted(gateway, 1))
    async with studio(plan) as app:
        await opened(app)
        await app.press("c")
        await app.until(lambda: isinstance(app.screen, Confirm), "the question")
        await app.press("enter")
        assert stored(plan.locations)[0].needs_decision
        await app.press("c")
        await app.until(lambda: isinstance(app.screen, Confirm), "the question")
        await app.press("y")
        await app.says("1 request marked as not charged.")
        await app.until(lambda: app.screen is app.workbench, "the window closes with the last of them")
        await app.until(lambda: not app.workbench.query_one(Attention).display, "no line any more")
    [job] = stored(plan.locations)
    assert (job.status, job.charge) == (JobStatus.REJECTED, Charge.NONE)


async def test_many_are_decided_by_their_count_alone(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    remember(plan.locations, doubted(gateway, 3))
    async with studio(plan) as app:
        await opened(app)
        await app.press("m", "c")
        await app.until(lambda: isinstance(app.screen, AsksCount), "the question")
        await entered(app, "2")
        await app.until(lambda: "type 3 to say that you mean all of them" in app.text, "the refusal")
        assert all(job.needs_decision for job in stored(plan.locations))
        await entered(app, "3")
        await app.says("3 requests marked as not charged.")
    assert {job.status for job in stored(plan.locations)} == {JobStatus.REJECTED}


async def test_sending_again_names_the_price_and_makes_one_new_job(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    remember(plan.locations, doubted(gateway, 2))
    async with studio(plan) as app:
        await opened(app)
        await app.press("down", "s")
        await app.until(lambda: "Send this request once more, for $0.06?" in app.text, "the price")
        assert "paid for twice" in app.text
        await app.press("n")
        assert gateway.posts == 0
        await app.press("s", "y")
        await app.says("1 request accepted in its place.")
        await app.until(lambda: sum(job.is_done for job in app.jobs) == 1, "the new picture")
    jobs = stored(plan.locations)
    assert sorted(job.needs_decision for job in jobs) == [False, False, True]
    assert gateway.posts == 1


async def test_many_are_sent_again_by_their_count(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    remember(plan.locations, doubted(gateway, 3))
    async with studio(plan) as app:
        await opened(app)
        await app.press("m", "s")
        await app.until(lambda: "Send these 3 requests once more, for $0.18?" in app.text, "the price")
        await entered(app, "3")
        await app.until(lambda: sum(job.is_done for job in app.jobs) == 3, "the new pictures")
    assert gateway.posts == 3


async def test_those_of_one_batch_are_told_apart_by_second_and_seed(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    remember(plan.locations, doubted(gateway, 2))
    async with studio(plan) as app:
        screen = await opened(app)
        rows = screen.query_one(SelectionList)
        for index, words in enumerate((":01  $0.06  1 ", ":00  $0.06  0 ")):
            assert words in str(rows.get_option_at_index(index).prompt)
        await app.press("c")
        await app.until(lambda: "seed 1, $0.06, sent" in app.text, "which one it is about")


async def test_a_pasted_request_id_is_adopted_and_brings_the_picture(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    remember(plan.locations, doubted(gateway, 1))
    request_id = accepted_id(gateway)
    async with studio(plan) as app:
        await opened(app)
        await app.press("a")
        await app.until(lambda: isinstance(app.screen, AsksRequestId), "the field")
        await entered(app, "no id at all!")
        await app.until(lambda: "a request id has letters" in app.text, "the refusal")
        await entered(app, f" 'https://console.example/requests/{request_id}?tab=1' ")
        await app.says("Adopted.")
        await app.until(lambda: app.jobs[0].is_done, "the picture that was paid for")
    [job] = stored(plan.locations)
    assert (job.request_id, job.charge) == (request_id, Charge.SPENT)
    assert gateway.posts == 0


async def test_an_id_of_another_job_is_refused_in_words(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    owner = a_job("wner000001", JobStatus.COMPLETED, request_id="taken-1", attempted_at=1.0, gave_up_at=2.0)
    remember(plan.locations, [owner, *doubted(gateway, 1)])
    async with studio(plan) as app:
        await opened(app)
        await app.press("a")
        await app.until(lambda: isinstance(app.screen, AsksRequestId), "the field")
        await entered(app, "taken-1")
        await app.says("already owns this request id")
        assert isinstance(app.screen, Resolve)
    assert any(job.needs_decision for job in stored(plan.locations))


async def test_one_that_comes_while_the_window_is_open_joins_the_list(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    remember(plan.locations, doubted(gateway, 1))
    gateway.behave(faults=(Fault(Target.POST, close=Close.AFTER_ACCEPT),))
    async with studio(plan) as app:
        window = await opened(app)
        await app.app.session.submit([a_request("a second one")])
        await app.until(lambda: "2 · $0.12 at risk" in app.text, "both")
        assert "a second one" in app.text
        assert app.screen is window


async def test_a_paste_into_the_window_decides_nothing(gateway: Gateway) -> None:
    plan = plan_for(gateway.url)
    remember(plan.locations, doubted(gateway, 2))
    async with studio(plan) as app:
        await opened(app)
        await paste(app, "mscy")
        assert isinstance(app.screen, Resolve)
    assert all(job.needs_decision for job in stored(plan.locations))
    assert gateway.posts == 0
