"""What a person keeps back in the app is nobody else's to send: no command lets it go by the way."""

from collections.abc import Sequence

from krea_tui.domain.events import HeldBack, Released
from krea_tui.domain.job import HoldReason
from krea_tui.simulator import Behaviour
from krea_tui.storage.store import JobStore
from tests.cli.running import Cli, OpenGateway, field_of


def kept_back(cli: Cli, count: int = 2) -> Sequence[str]:
    """Jobs that were submitted while sending was paused, the first of them kept back since."""
    assert cli.run("pause").code == 0
    for number in range(count):
        assert cli.run("submit", f"a kite {number}").code == 0
    # As the app does it: only what goes out by itself can be kept back.
    ids = [str(name) for name in field_of(cli.jobs(), "id")][::-1]
    store = JobStore(cli.data_dir / "history.db")
    store.apply(ids[0], Released("somebody"))
    assert store.apply(ids[0], HeldBack(1.0)).hold_reason is HoldReason.PAUSED
    store.close()
    return ids


def test_resume_sends_what_the_pause_held_and_no_more(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour(latency_s=600.0))
    kept, paused = kept_back(cli)
    resumed = cli.run("resume")
    assert resumed.code == 0, resumed.err
    assert simulator.stats.posts == 1
    by_id = {job["id"]: job for job in cli.jobs()}
    assert (by_id[kept]["status"], by_id[kept]["hold_reason"]) == ("HELD", "paused")
    assert by_id[paused]["request_id"]
    again = cli.run("resume")
    assert "nothing was held for you to release" in again.err
    assert simulator.stats.posts == 1


def test_it_is_named_and_can_be_cancelled(cli: Cli, open_gateway: OpenGateway) -> None:
    simulator = open_gateway(Behaviour())
    [kept] = kept_back(cli, 1)
    assert "HELD (kept back)" in cli.run("jobs").out
    assert "kept back, by your own word" in cli.run("show", kept).out
    assert cli.run("cancel", kept).code == 0
    assert simulator.stats.posts == 0
