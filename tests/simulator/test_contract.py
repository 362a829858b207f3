"""The simulated gateway answers as the vendor's page says and refuses what the page forbids."""

import re
import uuid

import httpx
import pytest

from tests.simulator.conftest import BODY, HEADERS, SUBMIT, Gateway

REFERENCE = {"image_url": "https://example.com/a.png", "strength": 0.6}
STYLE = {"id": "film-noir", "strength": 1.0}
MOODBOARD = {"id": str(uuid.UUID(int=7)), "strength": 0.23}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_acceptance_has_the_three_fields_of_the_page(gateway: Gateway) -> None:
    answer = gateway.post()
    body = answer.json()
    assert answer.status_code == 202
    assert set(body) == {"request_id", "status", "polling_url"}
    assert body["status"] == "QUEUED"
    assert re.fullmatch(
        r"krea-2-large-text-to-image_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}", body["request_id"]
    )
    assert body["polling_url"] == f"{gateway.url}/v2/requests/status/{body['request_id']}"


def test_a_completed_answer_has_the_shape_of_the_page(gateway: Gateway) -> None:
    request_id = gateway.submit()
    body = gateway.status(request_id).json()
    assert list(body) == [
        "request_id",
        "status",
        "model_id",
        "error",
        "output",
        "created_at",
        "updated_at",
        "completed_at",
    ]
    assert body["status"] == "COMPLETED"
    assert body["model_id"] == "krea-2-large-text-to-image"
    assert body["error"] is None
    assert body["output"] == {
        "media_url": [f"{gateway.url}/media/v1/{request_id}/output.png"],
        "media_type": "image/png",
    }
    assert all(MOMENT.fullmatch(body[name]) for name in ("created_at", "updated_at", "completed_at"))


@pytest.mark.parametrize(("rate", "status"), [("error_rate", "ERROR"), ("fail_rate", "FAILED")])
def test_a_failed_answer_has_the_five_fields_of_the_page(gateway: Gateway, rate: str, status: str) -> None:
    gateway.tell(**{rate: 1.0})
    body = gateway.status(gateway.submit()).json()
    assert set(body) == {"request_id", "status", "model_id", "error", "output"}
    assert body["status"] == status
    assert body["error"]
    assert body["output"] is None


def test_error_is_not_charged_and_failed_is(gateway: Gateway) -> None:
    gateway.tell(error_rate=1.0)
    failed_by_system = gateway.submit()
    gateway.status(failed_by_system)
    gateway.status(failed_by_system)
    assert gateway.stats()["net_microusd"] == 0
    gateway.tell(error_rate=0.0, fail_rate=1.0)
    gateway.status(gateway.submit())
    assert gateway.stats()["net_microusd"] == 60_000


def test_a_job_goes_from_queued_over_processing_to_completed(gateway: Gateway) -> None:
    gateway.tell(latency_s=600.0, latency_spread=0.0, queued_share=1.0)
    assert gateway.status(gateway.submit()).json()["status"] == "QUEUED"
    gateway.tell(queued_share=0.0)
    running = gateway.status(gateway.submit()).json()
    assert running["status"] == "PROCESSING"
    assert running["output"] is None
    assert running["completed_at"] is None


def test_concurrency_keeps_the_others_queued(gateway: Gateway) -> None:
    gateway.tell(latency_s=600.0, latency_spread=0.0, queued_share=0.0, concurrency=2)
    jobs = [gateway.submit(BODY | {"seed": seed}) for seed in range(4)]
    words = [gateway.status(job).json()["status"] for job in jobs]
    assert words == ["PROCESSING", "PROCESSING", "QUEUED", "QUEUED"]


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": None},
        {"prompt": ""},
        {"prompt": "   "},
        {"prompt": 7},
        {"aspect_ratio": "5:4"},
        {"aspect_ratio": None},
        {"creativity": "wild"},
        {"seed": 1.5},
        {"seed": "7"},
        {"seed": True},
        {"seed": None},
        {"negative_prompt": "rain"},
        {"image_style_references": {}},
        {"styles": "film-noir"},
        {"moodboards": None},
        {"image_style_references": [REFERENCE] * 11},
        {"styles": [STYLE] * 11},
        {"moodboards": [MOODBOARD] * 2},
        {"image_style_references": ["https://example.com/a.png"]},
        {"image_style_references": [{"image_url": "https://example.com/a.png"}]},
        {"image_style_references": [{"strength": 1.0}]},
        {"image_style_references": [REFERENCE | {"image_url": "http://example.com/a.png"}]},
        {"image_style_references": [REFERENCE | {"image_url": "https://"}]},
        {"image_style_references": [REFERENCE | {"weight": 1}]},
        {"image_style_references": [REFERENCE | {"strength": "1.0"}]},
        {"image_style_references": [REFERENCE | {"strength": True}]},
        {"styles": [{"id": "film-noir"}]},
        {"styles": [STYLE | {"id": ""}]},
        {"styles": [STYLE | {"strength": None}]},
        {"moodboards": [MOODBOARD | {"id": "sunny"}]},
        {"moodboards": [{"id": MOODBOARD["id"]}]},
    ],
    ids=str,
)
def test_what_the_page_forbids_is_refused_and_costs_nothing(gateway: Gateway, change: dict[str, object]) -> None:
    answer = gateway.post(BODY | change)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "message"}
    assert gateway.stats()["charges"] == 0


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'"prompt"', b"\xff\xfe", b'{"prompt": "x", "seed": NaN}', b"[" * 9999]
)
def test_a_body_that_is_not_a_json_object_is_refused(gateway: Gateway, raw: bytes) -> None:
    answer = gateway.client.post(SUBMIT, content=raw, headers=HEADERS | {"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "message"}


def test_another_content_type_is_refused(gateway: Gateway) -> None:
    answer = gateway.client.post(SUBMIT, content=b"{}", headers=HEADERS | {"Content-Type": "text/plain"})
    assert answer.status_code == 415


def test_a_body_that_is_too_large_is_refused(gateway: Gateway) -> None:
    assert gateway.post(BODY | {"prompt": "x" * 1_100_000}).status_code == 413


def test_odd_but_valid_values_are_taken_and_drawn(gateway: Gateway) -> None:
    raw = b'{"prompt": "\\ud800 a cat [/sad]", "seed": -9007199254740993, "styles": [{"id": "x", "strength": %s}]}' % (
        b"9" * 400
    )
    answer = gateway.client.post(SUBMIT, content=raw, headers=HEADERS | {"Content-Type": "application/json"})
    assert answer.status_code == 202
    assert gateway.client.get(gateway.media_url(answer.json()["request_id"])).status_code == 200


def test_optional_fields_may_be_left_out(gateway: Gateway) -> None:
    assert gateway.post({"prompt": "a quiet harbour"}).status_code == 202


def test_a_key_is_required_on_post_and_status(gateway: Gateway) -> None:
    request_id = gateway.submit()
    for answer in (
        httpx.post(gateway.url + SUBMIT, json=BODY, trust_env=False),
        httpx.get(f"{gateway.url}/v2/requests/status/{request_id}", trust_env=False),
        gateway.post(**{"Ocp-Apim-Subscription-Key": ""}),
    ):
        assert answer.status_code == 401
        assert answer.json()["error"] == "Unauthorized"


def test_an_unknown_request_is_not_found(gateway: Gateway) -> None:
    answer = gateway.status("krea-2-large-text-to-image_nothing")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "message"}


@pytest.mark.parametrize(
    ("change", "price"),
    [
        ({}, 60_000),
        ({"styles": [STYLE]}, 60_000),
        ({"image_style_references": [REFERENCE]}, 65_000),
        ({"moodboards": [MOODBOARD]}, 70_000),
        ({"moodboards": [MOODBOARD], "image_style_references": [REFERENCE] * 10}, 70_000),
    ],
    ids=str,
)
def test_prices(gateway: Gateway, change: dict[str, object], price: int) -> None:
    gateway.submit(BODY | change)
    assert gateway.stats()["charged_microusd"] == price


def test_a_wallet_that_is_short_gives_the_402_of_the_page(gateway: Gateway) -> None:
    gateway.tell(balance_microusd=125_000)
    assert [gateway.post().status_code for _ in range(3)] == [202, 202, 402]
    assert gateway.post().json() == {
        "error": "Insufficient Balance",
        "message": "Your wallet does not have enough balance.",
    }
    assert gateway.stats()["balance_microusd"] == 5_000


def test_a_disabled_model_gives_the_400_of_the_page(gateway: Gateway) -> None:
    gateway.tell(model_enabled=False)
    answer = gateway.post()
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "Model not found",
        "message": "Model 'krea-2-large-text-to-image' not found or is disabled",
    }


def test_what_happened_is_counted(gateway: Gateway) -> None:
    first, second = gateway.submit(), gateway.submit()
    gateway.submit(BODY | {"seed": 8})
    gateway.post(**{"Cache-Control": "max-age=0"})
    gateway.status(first)
    url = gateway.media_url(second)
    gateway.client.get(url)
    gateway.client.get(url, headers=HEADERS)
    stats = gateway.stats()
    assert (stats["posts"], stats["accepted"], stats["duplicates"]) == (4, 4, 2)
    assert (stats["missing_no_cache"], stats["media_key_leaks"], stats["downloads"]) == (1, 1, 2)
    assert stats["polls_by_request"] == {first: 1, second: 1}
