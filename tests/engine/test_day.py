"""The day of the ledger and the cap begins at the person's own midnight, also where the clocks change."""

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from krea_tui.domain.job import HoldReason
from krea_tui.domain.money import Ledger
from krea_tui.domain.spending import day_end
from krea_tui.engine.book import JobBook
from krea_tui.engine.health import PauseReason
from krea_tui.engine.ledger_keeper import LedgerKeeper
from krea_tui.storage.threaded import ThreadedStore
from tests.support.bench import Bench, requests
from tests.support.virtual_clock import VirtualClock


async def test_the_ledger_and_the_cap_begin_anew_at_midnight(bench: Bench) -> None:
    await bench.clock.advance(day_end(bench.clock.now()) - bench.clock.now() - 300)
    midnight = day_end(bench.clock.now())
    async with bench.process(replace(bench.policy, daily_cap_microusd=130_000)) as process:
        jobs = await process.engine.submit(requests(4))
        await process.done(jobs[:2])
        health = process.engine.book.health
        await process.until(lambda: health.pause is not None and health.pause.reason is PauseReason.CAP)
        assert health.pause is not None
        assert "$0.12 of $0.13" in health.pause.words
        await process.until(lambda: process.engine.book.ledger.spent_microusd == 120_000)

        await process.engine.resume()
        await process.until(lambda: health.pause is not None and process.job(jobs[2]).hold_reason is HoldReason.CAP)
        assert bench.stats["posts"] == 2

        await bench.clock.advance(midnight - 1 - bench.clock.now())
        assert process.engine.book.ledger.spent_microusd == 120_000
        await bench.clock.advance(2)
        assert process.engine.book.ledger == Ledger(held_microusd=120_000, held_count=2)
        # The day turns by itself; what the cap holds goes on when the person says so.
        await bench.clock.advance(120)
        assert bench.stats["posts"] == 2

        await process.engine.resume()
        await process.done(jobs)
        assert bench.stats["charged_microusd"] == 240_000


@pytest.mark.parametrize("day", [(2026, 3, 29), (2026, 10, 25), (2026, 7, 1)])
def test_a_day_begins_at_the_local_midnight(day: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    zone = ZoneInfo("Europe/Berlin")
    evening = datetime(*day, 22, 30, tzinfo=zone).timestamp()
    keeper = LedgerKeeper(ThreadedStore(Path("unused")), JobBook(), VirtualClock(evening), "bench")
    assert keeper.day_start() == datetime(*day, tzinfo=zone).timestamp()
    monkeypatch.undo()
    time.tzset()
