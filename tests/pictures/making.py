"""Jobs and pictures to save."""

import io

from PIL import Image

from krea_tui.domain.job import Job, JobStatus, Picture
from krea_tui.domain.request import GenerationRequest
from krea_tui.pictures.files import PictureFiles
from krea_tui.pictures.record import SavedPicture

NOV_22 = 1_795_356_000.0
URL = "https://media.example/one.png?signature=abc"


def a_job(prompt: str = "paper boats in a storm", job_id: str = "k3f9t2m7qa", pictures: int = 1) -> Job:
    return Job(
        id=job_id,
        request=GenerationRequest(prompt, seed=777),
        price_microusd=60_000,
        created_at=NOV_22 - 30,
        completed_at=NOV_22,
        profile="https://gateway.example",
        status=JobStatus.COMPLETED,
        request_id="krea-2_019d",
        key_fingerprint="f1f2f3f4f5f6",
        pictures=(Picture(URL),) * pictures,
    )


def encoded(kind: str = "PNG", colour: str = "teal", size: tuple[int, int] = (12, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def save(store: PictureFiles, job: Job, data: bytes, index: int = 0, at: float = NOV_22 + 5) -> SavedPicture:
    part = store.begin(job, index)
    for start in range(0, len(data), 50):
        part.write(data[start : start + 50])
    return part.finish(at)


def left_in(store: PictureFiles) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())
