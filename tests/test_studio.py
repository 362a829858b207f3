"""The composition: settings, key, history, pictures, gateway and engine of one process."""

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from krea_tui.config.key import ApiKey, KeySource
from krea_tui.config.locations import find_locations
from krea_tui.config.settings import GatewaySettings, MoneySettings, Settings
from krea_tui.domain.errors import StoreError
from krea_tui.domain.job import HoldReason, PictureState
from krea_tui.domain.request import GenerationRequest
from krea_tui.engine.book import JobBook
from krea_tui.simulator import Simulator, SimulatorServer
from krea_tui.studio import Plan, Studio, open_studio
from tests.support.bench import TinyGallery
from tests.support.keys import KEY, OTHER_KEY
from tests.support.waiting import wait_until_async

REQUEST = GenerationRequest("a lighthouse in heavy fog", 3)


def plan(folder: Path, url: str = "http://127.0.0.1:9", *, key: str = KEY, **changes: object) -> Plan:
    environ = {"HOME": str(folder), "PIXAZO_API_KEY": key} if key else {"HOME": str(folder)}
    settings = Settings()._replace(gateway=GatewaySettings(url=url, requests_per_s=50.0, burst=50))
    return Plan(settings, find_locations(environ, folder / "data"), environ)._replace(**changes)  # type: ignore[arg-type]


async def started(studio: Studio) -> "asyncio.Task[None]":
    task = asyncio.create_task(studio.engine.run())
    await asyncio.wait_for(studio.engine.is_ready.wait(), 15)
    return task


async def ended(studio: Studio, task: "asyncio.Task[None]") -> None:
    await studio.engine.stop()
    await task
    await studio.aclose()


async def test_a_studio_makes_a_picture_and_keeps_everything_private(tmp_path: Path) -> None:
    simulator = Simulator(keys=[KEY])
    with SimulatorServer(simulator) as url:
        studio = await open_studio(plan(tmp_path, url))
        task = await started(studio)
        [job] = await studio.engine.submit([REQUEST])
        await wait_until_async(lambda: (found := studio.engine.book.get(job.id)) and found.is_done, 20)
        done = studio.engine.book.get(job.id)
        assert done is not None
        path = studio.picture_path(done)
        assert path is not None
        assert done.pictures[0].state is PictureState.SAVED
        assert path.read_bytes().startswith(b"\x89PNG")
        await ended(studio, task)
    entries = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in entries} == {0o600, 0o700}
    assert not any(KEY.encode() in entry.read_bytes() for entry in entries if entry.is_file())


async def test_a_key_given_later_is_kept_and_used_here_and_by_the_process_that_leads(tmp_path: Path) -> None:
    simulator = Simulator(keys=[OTHER_KEY])
    simulator._gallery = TinyGallery()  # type: ignore[assignment]
    with SimulatorServer(simulator) as url:
        leader = await open_studio(plan(tmp_path, url, key=""))
        follower = await open_studio(plan(tmp_path, url, key=""))
        assert leader.key_source is KeySource.NONE
        tasks = [await started(leader), await started(follower)]
        [job] = await leader.engine.submit([REQUEST])
        await wait_until_async(
            lambda: (held := leader.engine.book.get(job.id)) and held.hold_reason is HoldReason.KEY, 10
        )
        await follower.use_key(ApiKey(OTHER_KEY))
        await wait_until_async(lambda: simulator.stats.charges == 1, 10)
        assert leader.engine.policy.key == OTHER_KEY
        assert stat.S_IMODE(follower.plan.locations.key_file.stat().st_mode) == 0o600
        for studio, task in ((follower, tasks[1]), (leader, tasks[0])):
            await ended(studio, task)


async def test_the_given_book_is_the_one_that_is_filled(tmp_path: Path) -> None:
    book = JobBook()
    studio = await open_studio(plan(tmp_path), book)
    assert studio.engine.book is book
    await studio.aclose()


async def test_fingerprints_are_salted_for_each_history_and_stay_the_same_in_it(tmp_path: Path) -> None:
    prints = []
    for folder in ("one", "one", "two"):
        (tmp_path / folder).mkdir(exist_ok=True)
        studio = await open_studio(plan(tmp_path / folder))
        prints.append(studio.engine.policy.key_fingerprint)
        await studio.aclose()
    assert prints[0] == prints[1] != prints[2]
    assert KEY not in "".join(prints)


async def test_settings_reach_the_engine(tmp_path: Path) -> None:
    wanted = plan(tmp_path, is_command=True)
    settings = wanted.settings._replace(money=MoneySettings(daily_cap_microusd=5_000_000))
    studio = await open_studio(wanted._replace(settings=settings))
    policy = studio.engine.policy
    assert (policy.requests_per_s, policy.burst, policy.max_in_flight) == (50.0, 50, 16)
    assert (policy.daily_cap_microusd, policy.adopts_orphans) == (5_000_000, False)
    assert policy.profile == "http://127.0.0.1:9"
    await studio.aclose()


async def test_a_demo_needs_no_key_and_takes_its_gateway_from_what_starts_it(tmp_path: Path) -> None:
    simulator = Simulator()
    simulator._gallery = TinyGallery()  # type: ignore[assignment]
    with SimulatorServer(simulator) as url:
        environ = {"HOME": str(tmp_path), "PIXAZO_API_KEY": KEY}
        locations = find_locations(environ, tmp_path / "demo", demo=True)
        studio = await open_studio(Plan(Settings(), locations, environ, start_gateway=lambda: url))
        assert studio.engine.policy.profile == "demo"
        assert studio.engine.policy.key != KEY
        task = await started(studio)
        [job] = await studio.engine.submit([REQUEST])
        await wait_until_async(lambda: (found := studio.engine.book.get(job.id)) and found.is_done, 20)
        await ended(studio, task)


async def test_a_data_folder_that_cannot_be_used_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StoreError):
        await open_studio(plan(tmp_path))


async def test_a_history_of_a_newer_version_closes_what_was_opened(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    with sqlite3.connect(tmp_path / "data" / "history.db") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        await open_studio(plan(tmp_path))
