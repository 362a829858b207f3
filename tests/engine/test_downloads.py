"""Pictures: tried again, given up only for good reasons, and never stopped by money, a key or a 429."""

from dataclasses import replace

import pytest

from krea_tui.domain.errors import DownloadError
from krea_tui.domain.job import JobStatus, PictureState
from krea_tui.domain.pacing import DEAD_LINK_TRIES
from krea_tui.pictures.errors import DiskFull
from krea_tui.pictures.files import PictureFiles
from krea_tui.simulator import Fault, MediaForm, MediaUrlForm, Target
from tests.support.bench import Bench, requests


async def test_a_dead_link_is_lost_after_its_tries_and_fetched_when_wanted_again(bench: Bench) -> None:
    bench.tell(standing=(Fault(on=Target.MEDIA, status=404),))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        [picture] = process.job(job).pictures
        assert (picture.state, picture.attempts) == (PictureState.LOST, DEAD_LINK_TRIES)
        assert "lost" in (process.job(job).error or "")
        bench.tell(standing=())
        await process.engine.recheck([job.id])
        await process.until(lambda: process.job(job).pictures[0].state is PictureState.SAVED, within_s=10)
        assert process.job(job).error is None


@pytest.mark.parametrize("form", [MediaForm.TRUNCATED, MediaForm.CORRUPT, MediaForm.EMPTY, MediaForm.HTML])
async def test_a_broken_picture_is_never_kept_and_fetched_again(bench: Bench, form: MediaForm) -> None:
    bench.tell(Fault(on=Target.MEDIA, media=form, times=2))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        assert process.job(job).pictures[0].state is PictureState.SAVED
        assert len(list((bench.folder / "pictures").rglob("*.png"))) == 1
        assert not list((bench.folder / "pictures").rglob("*.part"))


async def test_several_pictures_of_one_job_are_all_saved(bench: Bench) -> None:
    bench.tell(standing=(Fault(on=Target.STATUS, media_url=MediaUrlForm.SEVERAL),))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        assert [picture.state for picture in process.job(job).pictures] == [PictureState.SAVED] * 3
        assert len({picture.path for picture in process.job(job).pictures}) == 3


class FailingDisk(PictureFiles):
    """A folder on a disk that is full."""

    is_full = True

    def begin(self, job: object, index: int) -> object:  # type: ignore[override]
        if self.is_full:
            raise DiskFull("the disk is full")
        return super().begin(job, index)  # type: ignore[arg-type]


async def test_a_full_disk_pauses_downloads_and_loses_nothing(bench: Bench) -> None:
    disk = FailingDisk(bench.folder / "pictures")
    async with bench.process(files=disk) as process:
        jobs = await process.engine.submit(requests(3))
        health = process.engine.book.health
        await process.until(lambda: health.download_pause is not None)
        await process.until(lambda: process.statuses(jobs) == [JobStatus.COMPLETED] * 3)
        await bench.clock.advance(120)
        assert health.pause is None
        assert [p.state for job in jobs for p in process.job(job).pictures] == [PictureState.PENDING] * 3
        assert bench.stats["downloads"] == 0
        disk.is_full = False
        await process.done(jobs, within_s=60)
        assert health.download_pause is None


async def test_downloads_go_on_while_the_wallet_is_empty_and_the_gateway_refuses(bench: Bench) -> None:
    bench.tell(Fault(on=Target.MEDIA, status=503, times=3), balance_microusd=60_000)
    async with bench.process() as process:
        [first, second] = await process.engine.submit(requests(2))
        await process.until(lambda: process.job(first).status is JobStatus.COMPLETED)
        bench.tell(*bench.simulator.behaviour.faults, standing=(Fault(on=Target.STATUS, retry_after_s=3_600.0),))
        await process.done([first], within_s=120)
        assert process.job(second).status is JobStatus.HELD


async def test_a_fault_that_nobody_foresaw_is_tried_again_and_does_not_spin(bench: Bench) -> None:
    class Odd(PictureFiles):
        faults = 3

        def begin(self, job: object, index: int) -> object:  # type: ignore[override]
            if self.faults:
                self.faults -= 1
                raise RuntimeError("nobody foresaw this")
            return super().begin(job, index)  # type: ignore[arg-type]

    async with bench.process(files=Odd(bench.folder / "pictures")) as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        assert process.job(job).pictures[0].attempts == 3


async def test_a_machine_that_slept_for_days_does_not_lose_what_it_has_hardly_tried(bench: Bench) -> None:
    bench.tell(Fault(on=Target.MEDIA, status=503, times=2))
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.until(lambda: process.job(job).pictures and process.job(job).pictures[0].attempts == 1)
        bench.clock.suspend(3 * 86_400)
        await process.done([job])
        assert process.job(job).pictures[0].state is PictureState.SAVED


async def test_a_link_that_fails_for_a_day_is_given_up(bench: Bench) -> None:
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        lanes = process.engine._leadership.lanes
        assert lanes is not None
        old = process.job(job)
        tried = replace(old.pictures[0], state=PictureState.PENDING, attempts=120)
        tired = replace(old, answered_at=bench.clock.now() - 90_000, pictures=(tried,))
        event = lanes.download._judge(tired, 0, DownloadError("no answer"))
        assert type(event).__name__ == "PictureLost"
        fresh = replace(tired, pictures=(replace(tried, attempts=3),))
        assert type(lanes.download._judge(fresh, 0, DownloadError("no answer"))).__name__ == "PictureDelayed"


async def test_what_a_crash_left_in_its_place_is_not_fetched_again(bench: Bench) -> None:
    bench.tell(latency_s=1.0)
    async with bench.process() as process:
        [job] = await process.engine.submit(requests(1))
        await process.done([job])
        wanted = replace(
            process.job(job), pictures=(replace(process.job(job).pictures[0], state=PictureState.PENDING),)
        )
        found = process.files.find_saved(wanted, 0)
        assert found is not None
        assert found.path == process.job(job).pictures[0].path
