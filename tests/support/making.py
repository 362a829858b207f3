"""Jobs and requests for tests."""

from krea_tui.domain.answers import StatusAnswer, SubmitAnswer
from krea_tui.domain.events import Accepted, Claimed, StatusRead
from krea_tui.domain.job import Job, new_id
from krea_tui.domain.request import GenerationRequest

AT = 1_800_000_000.0
MEDIA_URL = "https://media.example.org/v1/output.png"


def make_request(prompt: str = "a lighthouse in heavy fog", seed: int = 7) -> GenerationRequest:
    return GenerationRequest(prompt=prompt, seed=seed)


def make_job(**fields: object) -> Job:
    values: dict[str, object] = {
        "id": new_id(),
        "request": make_request(),
        "price_microusd": 60_000,
        "created_at": AT,
        "profile": "bench",
        "accepted_by": "1-aaaa",
    }
    return Job(**(values | fields))  # type: ignore[arg-type]


def claimed(at: float = AT, attempt_id: str = "attempt-1") -> Claimed:
    return Claimed(at, attempt_id, "print")


def accepted(request_id: str = "request-1", at: float = AT + 1) -> Accepted:
    return Accepted(at, SubmitAnswer(request_id))


def answered(status: str, at: float = AT + 10, **fields: object) -> StatusRead:
    return StatusRead(at, StatusAnswer(status, **fields))  # type: ignore[arg-type]


def completed(at: float = AT + 20, urls: tuple[str, ...] = (MEDIA_URL,)) -> StatusRead:
    return answered("COMPLETED", at, media_urls=urls)
