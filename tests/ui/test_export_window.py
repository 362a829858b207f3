"""The window for exports: where to, how far, what was made, and how it is left."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from krea_tui.config.plan import Plan
from krea_tui.domain.job import Job
from krea_tui.pictures.export import Export, Exported
from krea_tui.simulator import Simulator, SimulatorServer
from krea_tui.ui.screens.export import ExportScreen, default_place, size_words
from tests.ui.acting_support import Acting, acting
from tests.ui.app_support import Gateway, a_job, a_request, plan_for, remember, with_picture


@pytest.fixture
def plan() -> Iterator[Plan]:
    simulator = Simulator()
    with SimulatorServer(simulator) as url:
        yield plan_for(Gateway(simulator, url).url)


def finished(plan: Plan, count: int = 3) -> list[Job]:
    jobs = [
        with_picture(plan.locations, a_job(f"done00000{n}", request=a_request(seed=n), request_id=f"r{n}"), f"{n}")
        for n in range(count)
    ]
    return remember(plan.locations, jobs)


async def opened(app: Acting, *jobs: Job) -> ExportScreen:
    app.mark(*jobs)
    await app.press("X")
    await app.until(lambda: isinstance(app.app.screen, ExportScreen), "the window")
    assert isinstance(app.app.screen, ExportScreen)
    return app.app.screen


async def type_in(app: Acting, place: Path | str) -> None:
    app.app.screen.query_one(Input).value = str(place)
    await app.press("enter")


async def test_pictures_and_tables_are_where_it_says(plan: Plan, tmp_path: Path) -> None:
    jobs = finished(plan)
    out = tmp_path / "out"
    async with acting(plan) as app:
        await opened(app, *jobs)
        assert "3 jobs, 3 pictures, 1.2 kB. Where to?" in app.words
        await type_in(app, out)
        await app.asks("✓ 3 pictures and jobs.csv and jobs.jsonl in")
        await app.press("escape")
        assert app.app.screen is app.bench
        window = await opened(app, jobs[0])
        assert window.query_one(Input).value == str(out)
    names = sorted(path.name for path in out.iterdir())
    assert names == [*(f"2026-11-22_{n}.png" for n in range(3)), "jobs.csv", "jobs.jsonl"]
    told = [json.loads(line) for line in (out / "jobs.jsonl").read_text().splitlines()]
    assert [job["id"] for job in told] == [job.id for job in jobs]


async def test_a_table_alone(plan: Plan, tmp_path: Path) -> None:
    jobs = finished(plan)
    async with acting(plan) as app:
        await opened(app, *jobs)
        await type_in(app, tmp_path / "a.json")
        await app.asks("✓ 3 jobs in")
    assert len(json.loads((tmp_path / "a.json").read_text())) == 3


async def test_what_is_in_the_way_is_said_and_another_place_can_be_named(plan: Plan, tmp_path: Path) -> None:
    jobs = finished(plan)
    (tmp_path / "a.csv").write_text("mine")
    async with acting(plan) as app:
        await opened(app, *jobs)
        await type_in(app, tmp_path / "a.csv")
        await app.asks("is there already")
        await type_in(app, tmp_path / "b.csv")
        await app.asks("✓ 3 jobs in")
    assert (tmp_path / "a.csv").read_text() == "mine"


async def test_a_missing_picture_is_named(plan: Plan, tmp_path: Path) -> None:
    jobs = finished(plan)
    (plan.locations.pictures_dir / str(jobs[1].picture_path)).unlink()
    async with acting(plan) as app:
        await opened(app, *jobs)
        await type_in(app, tmp_path / "out")
        await app.asks(f"✕ 1 picture not found on disk, of {jobs[1].id}.")
        assert "✓ 2 pictures" in app.words


async def test_a_disk_without_room_gets_nothing(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = finished(plan)
    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage)
    async with acting(plan) as app:
        await opened(app, *jobs)
        await type_in(app, tmp_path / "out")
        await app.asks("Nothing was copied.")
    assert not (tmp_path / "out").exists()


async def test_it_shows_how_far_it_is_and_escape_stops_it(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export waits after its first job until the person has seen that and pressed the key."""
    jobs = finished(plan)
    is_pressed = threading.Event()
    run = Export.run

    def waiting(export: Export, found: list[Job]) -> Exported:
        heed: Callable[[object], bool] = export.heed  # type: ignore[assignment]

        def waits(progress: object) -> bool:
            goes_on = heed(progress)
            assert is_pressed.wait(20)
            return goes_on and heed(progress)

        export.heed = waits
        return run(export, found)

    monkeypatch.setattr(Export, "run", waiting)
    async with acting(plan) as app:
        await opened(app, *jobs)
        await type_in(app, tmp_path / "out")
        try:
            await app.asks("1 of 3")
            assert "Stop (esc)" in app.words
            await app.press("escape")
        finally:
            is_pressed.set()
        await app.asks("Stopped. ✓ 1 picture and jobs.csv")
        await app.press("escape")
        assert app.app.screen is app.bench
    assert len(list((tmp_path / "out").glob("*.png"))) == 1


def test_the_default_is_beside_the_other_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_place() == tmp_path / "krea-tui"
    (tmp_path / "Pictures").mkdir()
    assert default_place() == tmp_path / "Pictures" / "krea-tui"


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_200, "1.2 kB"), (152_000_000, "152 MB"), (2_500_000_000_000, "2,500 GB")],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_words(size) == words
