"""The life of accepted jobs: everything is fixed at acceptance, and the status is read off the clock."""

import hashlib
import heapq
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from krea_tui.simulator.behaviour import Behaviour
from krea_tui.simulator.contract import MODEL_ID, STATUS_PATH, JsonObject

_FAILED_TEXTS = (
    "The request was flagged by the content safety filter.",
    "Could not fetch a reference image: the host answered 403.",
    "The model could not produce an image for this prompt.",
)
_ERROR_TEXTS = (
    "Worker lost connection to the inference backend.",
    "GPU out of memory while decoding latents.",
    "Upstream provider timed out after 120 seconds.",
)


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted request. Times are seconds since the epoch."""

    request_id: str
    body: JsonObject
    price_microusd: int
    created_at: float
    started_at: float
    ended_at: float
    outcome: str
    """COMPLETED, FAILED or ERROR: what it ends as."""
    error: str | None
    media_type: str
    webhook_url: str | None = None

    def status_at(self, now: float) -> str:
        """The page's status word at a time."""
        if now >= self.ended_at:
            return self.outcome
        return "PROCESSING" if now >= self.started_at else "QUEUED"

    @property
    def file_name(self) -> str:
        """The last part of the media URL."""
        return "output." + {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}[self.media_type]


class JobBook:
    """All jobs by request id, kept in a JSON-lines file where one is given."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._slot_ends: list[float] = []
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._load(path)

    def __len__(self) -> int:
        return len(self._jobs)

    def get(self, request_id: str) -> Job | None:
        """The job of a request id."""
        return self._jobs.get(request_id)

    def now(self) -> float:
        """The book's time, seconds since the epoch."""
        return self._clock()

    def accept(self, body: JsonObject, price_microusd: int, behaviour: Behaviour, webhook_url: str | None) -> Job:
        """Takes a valid request as a new job and writes it down."""
        now = self._clock()
        draw = _Draw(body)
        total_s = behaviour.latency_s * (1 + behaviour.latency_spread * (2 * draw.share("latency") - 1))
        if behaviour.first_latency_s is not None and not self._jobs:
            total_s = behaviour.first_latency_s
        queued_s = total_s * min(1.0, behaviour.queued_share)
        outcome, error = _outcome(draw, behaviour)
        started_at = self._free_slot_at(now + queued_s, behaviour.concurrency)
        ended_at = started_at + total_s - queued_s
        if behaviour.concurrency is not None:
            heapq.heappush(self._slot_ends, ended_at)
        job = Job(
            request_id=_new_request_id(now),
            body=body,
            price_microusd=price_microusd,
            created_at=now,
            started_at=started_at,
            ended_at=ended_at,
            outcome=outcome,
            error=error,
            media_type=behaviour.media_type,
            webhook_url=webhook_url,
        )
        self._jobs[job.request_id] = job
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(job)) + "\n")
        return job

    def clear(self) -> None:
        """Forgets every job, on disk too."""
        self._jobs.clear()
        self._slot_ends.clear()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _free_slot_at(self, ready_at: float, concurrency: int | None) -> float:
        if concurrency is None:
            return ready_at
        while self._slot_ends and self._slot_ends[0] <= ready_at:
            heapq.heappop(self._slot_ends)
        while len(self._slot_ends) >= max(1, concurrency):
            ready_at = max(ready_at, heapq.heappop(self._slot_ends))
        return ready_at

    def _load(self, path: Path) -> None:
        if not path.exists():
            return
        text = path.read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            try:
                job = Job(**json.loads(line))
            except (ValueError, TypeError):
                # A line cut off by a kill belongs to an answer nobody received.
                continue
            self._jobs[job.request_id] = job
        if text and not text.endswith("\n"):
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")


def accepted_answer(job: Job, base_url: str) -> dict[str, object]:
    """The answer to an accepted request in the page's shape."""
    polling_url = f"{base_url.rstrip('/')}{STATUS_PATH}/{job.request_id}"
    return {"request_id": job.request_id, "status": "QUEUED", "polling_url": polling_url}


def status_answer(job: Job, now: float, media_url: str) -> dict[str, object]:
    """The status answer in the page's shape, which the webhook callback has as well."""
    status = job.status_at(now)
    answer: dict[str, object] = {
        "request_id": job.request_id,
        "status": status,
        "model_id": MODEL_ID,
        "error": None,
        "output": None,
    }
    if status in ("FAILED", "ERROR"):
        return answer | {"error": job.error}
    changed_at = {"QUEUED": job.created_at, "PROCESSING": job.started_at}.get(status, job.ended_at)
    is_done = status == "COMPLETED"
    if is_done:
        answer["output"] = {"media_url": [media_url], "media_type": job.media_type}
    return answer | {
        "created_at": timestamp(job.created_at),
        "updated_at": timestamp(changed_at),
        "completed_at": timestamp(job.ended_at) if is_done else None,
    }


def timestamp(seconds: float) -> str:
    """A time as the page writes it: UTC, milliseconds, Z."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class _Draw:
    """Shares between 0 and 1 that depend on a request alone."""

    def __init__(self, body: JsonObject) -> None:
        self._canonical = json.dumps(body, sort_keys=True).encode()

    def share(self, purpose: str) -> float:
        digest = hashlib.blake2b(self._canonical, digest_size=8, person=purpose.encode()).digest()
        return int.from_bytes(digest, "big") / 2**64


def _outcome(draw: _Draw, behaviour: Behaviour) -> tuple[str, str | None]:
    share = draw.share("outcome")
    words = draw.share("words")
    if share < behaviour.fail_rate:
        return "FAILED", _FAILED_TEXTS[int(words * len(_FAILED_TEXTS))]
    if share < behaviour.fail_rate + behaviour.error_rate:
        return "ERROR", _ERROR_TEXTS[int(words * len(_ERROR_TEXTS))]
    return "COMPLETED", None


def _new_request_id(now: float) -> str:
    """The page's ids look like the model's name and a time-ordered UUID (version 7)."""
    value = (int(now * 1000) & (2**48 - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{MODEL_ID}_{uuid.UUID(int=value)}"
