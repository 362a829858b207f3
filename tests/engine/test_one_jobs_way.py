"""From the form to the picture on disk."""

import hashlib

from PIL import Image

from krea_tui.domain.job import JobStatus, PictureState
from tests.support.bench import Bench, TinyGallery, requests


async def test_a_job_goes_from_held_to_a_picture_on_disk(bench: Bench) -> None:
    bench.tell(latency_s=12.0, latency_spread=0.0)
    seen: list[JobStatus] = []
    async with bench.process() as process:
        book = process.engine.book
        book.subscribe(lambda ids: seen.extend(process.job(job_id).status for job_id in ids))
        [job] = await process.engine.submit(requests(1))
        assert job.status is JobStatus.HELD
        await process.done([job], within_s=60)
        done = process.job(job)
        assert list(dict.fromkeys(seen)) == [
            JobStatus.HELD,
            JobStatus.SENDING,
            JobStatus.QUEUED,
            JobStatus.PROCESSING,
            JobStatus.COMPLETED,
        ]
        [picture] = done.pictures
        assert picture.state is PictureState.SAVED
        assert picture.path is not None
        path = process.files.absolute(picture.path)
        simulated = bench.simulator._jobs.get(done.request_id or "")
        assert simulated is not None
        assert picture.sha256 == hashlib.sha256(await TinyGallery().file_of(simulated)).hexdigest()
        with Image.open(path) as image:
            assert image.size == (16, 12)
            assert "a lighthouse in heavy fog" in image.info["parameters"]
            assert "Seed: 0" in image.info["parameters"]
        assert (bench.stats["posts"], bench.stats["media_key_leaks"], bench.stats["cookies_seen"]) == (1, 0, 0)
