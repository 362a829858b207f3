"""What the gateway's public page fixes: paths, headers, allowed values, prices, and what a request may not contain.

Everything here is taken from that page alone. Nothing is shared with the client, or a wrong constant would agree
with itself.
"""

import json
import math
import uuid
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

MODEL_ID = "krea-2-large-text-to-image"
SUBMIT_PATH = "/krea-2-large-text-to-image/v1/krea-2-large-text-to-image-request"
STATUS_PATH = "/v2/requests/status"
KEY_HEADER = "Ocp-Apim-Subscription-Key"
WEBHOOK_HEADER = "X-Webhook-URL"

ASPECT_RATIOS = ("1:1", "4:3", "3:2", "16:9", "2.35:1", "4:5", "2:3", "9:16")
CREATIVITIES = ("raw", "low", "medium", "high")
DEFAULT_ASPECT_RATIO = "1:1"
DEFAULT_CREATIVITY = "medium"

MAX_REFERENCES = 10
MAX_STYLES = 10
MAX_MOODBOARDS = 1
MAX_BODY_BYTES = 1_048_576
"""Not on the page; generous for ten references with long URLs."""

PRICE_MICROUSD = 60_000
PRICE_WITH_REFERENCES_MICROUSD = 65_000
PRICE_WITH_MOODBOARD_MICROUSD = 70_000
"""Not on the page: what the model's maker charges elsewhere, in place of the price with references."""

_KNOWN_FIELDS = frozenset(
    {"prompt", "aspect_ratio", "creativity", "seed", "image_style_references", "styles", "moodboards"}
)

JsonObject = dict[str, object]


class RefusedError(Exception):
    """A request the gateway does not take; carries the HTTP status and the two words of the page's error body."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(f"{status} {error}: {message}")
        self.status = status
        self.error = error
        self.message = message

    @property
    def body(self) -> dict[str, str]:
        """The error body in the page's shape."""
        return {"error": self.error, "message": self.message}


def bad_request(message: str) -> RefusedError:
    """A 400 in the page's shape."""
    return RefusedError(400, "Bad Request", message)


def model_not_found() -> RefusedError:
    """The page's 400 for a model that is unknown or disabled."""
    return RefusedError(400, "Model not found", f"Model '{MODEL_ID}' not found or is disabled")


def insufficient_balance() -> RefusedError:
    """The page's 402."""
    return RefusedError(402, "Insufficient Balance", "Your wallet does not have enough balance.")


def parse_body(raw: bytes) -> JsonObject:
    """Reads a request body strictly. Raises RefusedError (400) for whatever the page forbids."""
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise bad_request("The request body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise bad_request("The request body must be a JSON object.")
    _check(body)
    return body


def price_microusd(body: Mapping[str, object]) -> int:
    """The price of one accepted request in millionths of a US dollar."""
    if body.get("moodboards"):
        return PRICE_WITH_MOODBOARD_MICROUSD
    if body.get("image_style_references"):
        return PRICE_WITH_REFERENCES_MICROUSD
    return PRICE_MICROUSD


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _check(body: JsonObject) -> None:
    unknown = sorted(set(body) - _KNOWN_FIELDS)
    if unknown:
        raise bad_request(f"Unknown field: {', '.join(unknown)}")
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise bad_request("'prompt' is required and must be a non-empty string.")
    _check_enum(body, "aspect_ratio", ASPECT_RATIOS)
    _check_enum(body, "creativity", CREATIVITIES)
    if "seed" in body and (isinstance(body["seed"], bool) or not isinstance(body["seed"], int)):
        raise bad_request("'seed' must be an integer.")
    _check_list(body, "image_style_references", MAX_REFERENCES, "image_url", _is_https_url)
    _check_list(body, "styles", MAX_STYLES, "id", _is_text)
    _check_list(body, "moodboards", MAX_MOODBOARDS, "id", _is_uuid)


def _check_enum(body: JsonObject, name: str, allowed: tuple[str, ...]) -> None:
    if name in body and body[name] not in allowed:
        raise bad_request(f"'{name}' must be one of: {', '.join(allowed)}")


def _check_list(body: JsonObject, name: str, most: int, key: str, is_right: Callable[[object], bool]) -> None:
    if name not in body:
        return
    entries = body[name]
    if not isinstance(entries, list):
        raise bad_request(f"'{name}' must be an array.")
    if len(entries) > most:
        raise bad_request(f"'{name}' takes at most {most} entries.")
    for index, entry in enumerate(entries):
        where = f"'{name}[{index}]'"
        if not isinstance(entry, dict) or set(entry) != {key, "strength"}:
            raise bad_request(f"{where} must be an object with exactly '{key}' and 'strength'.")
        if not is_right(entry[key]):
            raise bad_request(f"{where} has an invalid '{key}'.")
        if not _is_finite_number(entry["strength"]):
            raise bad_request(f"{where} has a 'strength' that is not a number.")


def _is_finite_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_https_url(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _is_uuid(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False
