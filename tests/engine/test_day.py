"""The day of the ledger and the cap begins at the person's own midnight, also where the clocks change."""

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from krea_tui.engine.book import JobBook
from krea_tui.engine.ledger_keeper import LedgerKeeper
from krea_tui.storage.threaded import ThreadedStore
from tests.support.virtual_clock import VirtualClock


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
