"""The tolerant reader: whatever comes, it gives a value or says `Unreadable`."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krea_tui.domain.answers import REQUEST_ID
from krea_tui.gateway.refusals import status_error, submission_error
from krea_tui.gateway.wire import (
    MAX_PICTURES,
    MAX_RETRY_AFTER_S,
    Unreadable,
    read_refusal,
    read_status,
    read_submit,
    retry_after_s,
    write_body,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KNOWN = ["request_id", "status", "polling_url", "error", "message", "output", "model_id", "completed_at", "retry_after"]
ANSWERS = st.dictionaries(
    st.sampled_from(KNOWN),
    JSON | st.fixed_dictionaries({"media_url": JSON | st.lists(st.text()), "media_type": JSON}),
)


def readable(payload: bytes) -> None:
    """Read it every way; only `Unreadable` may come out, and every value must be fit to be shown and stored."""
    try:
        submitted = read_submit(payload)
        assert REQUEST_ID.fullmatch(submitted.request_id)
        repr(submitted).encode()
    except Unreadable:
        pass
    try:
        answer = read_status(payload, "abc")
        assert answer.status == answer.status.upper()
        assert len(answer.media_urls) <= MAX_PICTURES
        for text in (*answer.media_urls, answer.error or "", answer.model_id or "", answer.status):
            text.encode()
            assert text.isprintable()
    except Unreadable:
        pass
    error, message, body = read_refusal(payload)
    f"{error}{message}".encode()
    wait_s = retry_after_s(None, None, body, 0.0)
    assert wait_s is None or 0 <= wait_s <= MAX_RETRY_AFTER_S
    str(submission_error(400, {}, payload, url="u", now=0.0)).encode()
    str(status_error(503, {}, payload, now=0.0)).encode()


@given(st.binary())
def test_any_bytes(payload: bytes) -> None:
    readable(payload)


@given(JSON)
def test_any_json(value: object) -> None:
    readable(json.dumps(value).encode())


@given(ANSWERS)
def test_any_answer_with_known_fields(answer: dict[str, object]) -> None:
    readable(json.dumps(answer).encode())


@pytest.mark.parametrize("depth", [10, 400, 900, 990, 3_000, 100_000])
def test_nesting_without_end(depth: int) -> None:
    readable(b'{"error":' * depth + b'"deep"' + b"}" * depth)
    readable(b"[" * depth)


def test_a_lone_surrogate_in_a_url_is_no_url() -> None:
    answer = read_status(
        b'{"status": "COMPLETED", "output": {"media_url": ["https://e.org/\\ud800", "https://e.org/b"]}}', "a"
    )
    assert answer.media_urls == ("https://e.org/b",)


@given(st.text() | st.none(), st.text() | st.none(), st.floats(0, 4e9))
def test_any_retry_after(header: str | None, date: str | None, now: float) -> None:
    wait_s = retry_after_s(header, date, {}, now)
    assert wait_s is None or 0 <= wait_s <= MAX_RETRY_AFTER_S


@pytest.mark.parametrize(
    ("media_url", "urls"),
    [
        (["https://e.org/a", "https://e.org/b"], ("https://e.org/a", "https://e.org/b")),
        ("https://e.org/a", ("https://e.org/a",)),
        (None, ()),
        ([], ()),
        ([None, 5, "", "  ", {"url": "https://e.org/a"}], ("https://e.org/a",)),
        (["https://e.org/" + "a" * 9_000], ()),
        (["https://e.org/a\u202egnp"], ()),
    ],
)
def test_the_shapes_of_media_url(media_url: object, urls: tuple[str, ...]) -> None:
    payload = json.dumps({"status": "completed", "output": {"media_url": media_url, "media_type": "image/png"}})
    assert read_status(payload.encode(), "abc").media_urls == urls


def test_the_page_s_completed_answer() -> None:
    payload = b"""{"request_id": "abc", "status": "COMPLETED", "model_id": "krea-2-large-text-to-image", "error": null,
      "output": {"media_url": ["https://e.org/v1/output.png"], "media_type": "image/png"},
      "created_at": "2026-03-31T10:00:00.000Z", "updated_at": "2026-03-31T10:00:15.000Z",
      "completed_at": "2026-03-31T10:00:15.000Z"}"""
    answer = read_status(payload, "abc")
    assert (answer.status, answer.media_urls, answer.error) == ("COMPLETED", ("https://e.org/v1/output.png",), None)
    assert (answer.media_type, answer.completed_at) == ("image/png", "2026-03-31T10:00:15.000Z")


def test_the_page_s_error_answer() -> None:
    payload = b'{"request_id": "abc", "status": "ERROR", "model_id": "m", "error": "It broke", "output": null}'
    answer = read_status(payload, "abc")
    assert (answer.status, answer.error, answer.media_urls) == ("ERROR", "It broke", ())


def test_hostile_words_are_made_harmless() -> None:
    payload = json.dumps({"error": "\x1b]0;evil\x07 \u202eabc", "message": "[/bold]\r\n\x00two"}).encode()
    error, message, _ = read_refusal(payload)
    assert error == "]0;evil abc"
    assert message == "[/bold] two"


def test_the_writer_is_strict() -> None:
    assert write_body({"prompt": "füchse", "styles": []}) == '{"prompt":"füchse","styles":[]}'.encode()
    with pytest.raises(ValueError, match="JSON compliant"):
        write_body({"strength": float("nan")})
