"""How the simulated gateway behaves, and which faults it was told to show. All of it can be given as JSON."""

import enum
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import cast


class Target(enum.Enum):
    """Which requests a fault waits for. CONNECTION is any new connection, before a byte of it is read."""

    CONNECTION = "connection"
    POST = "post"
    STATUS = "status"
    MEDIA = "media"


class Close(enum.Enum):
    """When the connection is closed without an answer.

    BEFORE_READING belongs to Target.CONNECTION; AFTER_ACCEPT takes a POST (and charges it) and says nothing.
    """

    BEFORE_READING = "before_reading"
    AFTER_HEADERS = "after_headers"
    AFTER_BODY = "after_body"
    AFTER_ACCEPT = "after_accept"


class MediaUrlForm(enum.Enum):
    """Shapes of `output.media_url` in a completed answer that are not the page's list of one."""

    STRING = "string"
    MISSING = "missing"
    NULL = "null"
    EMPTY = "empty"
    SEVERAL = "several"
    NO_OUTPUT = "no_output"


class MediaForm(enum.Enum):
    """Wrong answers of the media route."""

    TRUNCATED = "truncated"
    """The declared length, half of the bytes, then the connection closes."""
    SHORT_LENGTH = "short_length"
    """A Content-Length smaller than the picture, the rest follows and the connection closes."""
    HALF_FILE = "half_file"
    """A well-formed answer whose picture stops in the middle."""
    CORRUPT = "corrupt"
    """A well-formed answer with bytes of the picture overwritten."""
    EMPTY = "empty"
    HTML = "html"
    """200 with a page in place of a picture, called image/png."""
    NOT_FOUND = "not_found"
    REDIRECT = "redirect"
    """302 to the same picture, once."""
    REDIRECT_LOOP = "redirect_loop"
    HUGE = "huge"
    """`huge_bytes` of zeros with their length declared."""
    HUGE_CHUNKED = "huge_chunked"
    """`huge_bytes` of zeros without a declared length."""
    BOMB = "bomb"
    """A small PNG that declares 60,000 x 60,000 pixels."""


class RetryAfter(enum.Enum):
    """How a 429 of the rate limit says when to come back."""

    SECONDS = "seconds"
    DATE = "date"
    BODY = "body"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Fault:
    """One deviation from the page. The parts that are set combine; an unset part behaves as usual.

    `status`, `body`, `html` and the retry times replace the answer; with `accept` the POST is still taken and charged.
    """

    on: Target
    times: int = 1
    """How many matching requests it meets; a standing fault ignores it."""
    skip: int = 0
    """How many matching requests pass untouched before it."""
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    html: bool = False
    retry_after_s: float | None = None
    retry_after_date_s: float | None = None
    retry_after_body_s: float | None = None
    accept: bool = False
    hang_s: float = 0.0
    close: Close | None = None
    reset: bool = False
    """Close with RST in place of FIN."""
    cut_at: int | None = None
    """Close after this many bytes of the answer, counted from the first byte of its status line."""
    drip_s: float | None = None
    """Seconds between two bytes of the answer."""
    omit_request_id: bool = False
    status_word: str | None = None
    lowercase: bool = False
    media_url: MediaUrlForm | None = None
    media: MediaForm | None = None
    huge_bytes: int = 268_435_456

    @property
    def replaces_answer(self) -> bool:
        """Whether the answer is the fault's own."""
        retry = (self.retry_after_s, self.retry_after_date_s, self.retry_after_body_s)
        return self.status is not None or self.body is not None or self.html or any(r is not None for r in retry)

    @classmethod
    def from_json(cls, raw: object) -> "Fault":
        """Reads one fault. Raises ValueError with the name of what is wrong."""
        values = _object(raw, "fault", {f.name for f in fields(cls)})
        if "on" not in values:
            raise ValueError("fault: 'on' is required")
        values["on"] = Target(values["on"])
        for name, kind in (("close", Close), ("media_url", MediaUrlForm), ("media", MediaForm)):
            if values.get(name) is not None:
                values[name] = kind(values[name])
        headers = values.get("headers", {})
        if not isinstance(headers, dict):
            raise ValueError("fault: 'headers' must be an object")
        values["headers"] = tuple((str(k), str(v)) for k, v in headers.items())
        if isinstance(values.get("body"), dict | list):
            values["body"] = json.dumps(values["body"])
        _check_numbers(cls, values)
        return cls(**values)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Everything that can be told to the simulated gateway; by default it answers at once and rightly."""

    latency_s: float = 0.0
    """Seconds from acceptance to the end of a job, before the spread."""
    latency_spread: float = 0.5
    """Each job's latency lies within latency_s x (1 - spread .. 1 + spread), drawn from its request."""
    first_latency_s: float | None = None
    """The same for the first job that a simulator without any is given, exactly."""
    queued_share: float = 0.25
    """The part of the latency that a job spends as QUEUED."""
    concurrency: int | None = None
    """How many jobs run at once; the others stay QUEUED."""
    fail_rate: float = 0.0
    """Share of jobs that end FAILED (charged), drawn from the request."""
    error_rate: float = 0.0
    """Share of jobs that end ERROR (not charged), drawn from the request."""
    media_type: str = "image/png"
    """image/png, image/jpeg or image/webp."""
    balance_microusd: int | None = None
    """What is in the wallet; None is endless."""
    rate_limit_per_s: float | None = None
    """POST and status requests a second; 429 beyond it."""
    rate_limit_burst: int = 5
    rate_limit_says: RetryAfter = RetryAfter.SECONDS
    model_enabled: bool = True
    media_origin: str | None = None
    """Scheme and host put into media URLs in place of this server's."""
    webhook_repeat: int = 1
    """How often a callback is sent."""
    standing: tuple[Fault, ...] = ()
    """Faults shown to every request they match."""
    faults: tuple[Fault, ...] = field(default=())
    """One-shot faults, used up in this order."""

    @classmethod
    def from_json(cls, raw: object) -> "Behaviour":
        """Reads a whole behaviour. Raises ValueError with the name of what is wrong."""
        return cls().changed(raw)

    def changed(self, raw: object) -> "Behaviour":
        """This behaviour with the given JSON object's fields replaced. Raises ValueError."""
        values = _object(raw, "behaviour", {f.name for f in fields(self)})
        for name in ("standing", "faults"):
            if name in values:
                entries = values[name]
                if not isinstance(entries, list):
                    raise ValueError(f"behaviour: '{name}' must be an array")
                values[name] = tuple(Fault.from_json(entry) for entry in entries)
        if "rate_limit_says" in values:
            values["rate_limit_says"] = RetryAfter(values["rate_limit_says"])
        if values.get("media_type", "image/png") not in ("image/png", "image/jpeg", "image/webp"):
            raise ValueError("behaviour: 'media_type' must be image/png, image/jpeg or image/webp")
        _check_numbers(type(self), values)
        return replace(self, **values)  # type: ignore[arg-type]


DEMO = Behaviour(latency_s=5.5, latency_spread=0.5, first_latency_s=3.5, queued_share=0.25, concurrency=6)
"""What a newcomer meets: a quick first picture, then some done at the first check and some seen processing."""


def _object(raw: object, what: str, known: set[str]) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise ValueError(f"{what}: must be an object")
    unknown = sorted(set(raw) - known)
    if unknown:
        raise ValueError(f"{what}: unknown field {', '.join(map(str, unknown))}")
    return dict(cast(Mapping[str, object], raw))


def _check_numbers(cls: type[Fault] | type[Behaviour], values: Mapping[str, object]) -> None:
    for spec in fields(cls):
        value = values.get(spec.name, MISSING)
        if value is MISSING or (value is None and "None" in str(spec.type)):
            continue
        kind = str(spec.type)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if ("float" in kind and not number) or ("int" in kind and "tuple" not in kind and not isinstance(value, int)):
            raise ValueError(f"{cls.__name__.lower()}: '{spec.name}' must be a number")
        if number and cast(float, value) < 0:
            raise ValueError(f"{cls.__name__.lower()}: '{spec.name}' must not be negative")
