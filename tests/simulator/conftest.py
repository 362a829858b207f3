"""A gateway on loopback for each module, forgotten before each test."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import httpx
import pytest

from krea_tui.simulator import Behaviour, Simulator, SimulatorServer

SUBMIT = "/krea-2-large-text-to-image/v1/krea-2-large-text-to-image-request"
HEADERS = {"Ocp-Apim-Subscription-Key": "a-key", "Cache-Control": "no-cache"}
PROMPT = "A Van Gogh-tinged Provencal farmhouse under starry nights"
BODY: dict[str, object] = {
    "prompt": PROMPT,
    "aspect_ratio": "1:1",
    "creativity": "medium",
    "seed": 7,
    "image_style_references": [],
    "styles": [],
    "moodboards": [],
}


@dataclass(frozen=True)
class Gateway:
    """Raw requests to a running simulator."""

    url: str
    client: httpx.Client
    simulator: Simulator

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 0

    def tell(self, **behaviour: object) -> None:
        answer = self.client.post("/_sim/behaviour", json=behaviour)
        assert answer.status_code == 200, answer.text

    def post(self, body: object = BODY, **headers: str) -> httpx.Response:
        return self.client.post(SUBMIT, json=body, headers=HEADERS | headers)

    def submit(self, body: object = BODY) -> str:
        answer = self.post(body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["request_id"])

    def status(self, request_id: str) -> httpx.Response:
        return self.client.get(f"/v2/requests/status/{request_id}", headers=HEADERS)

    def media_url(self, request_id: str) -> str:
        return str(self.status(request_id).json()["output"]["media_url"][0])

    def stats(self) -> dict[str, object]:
        return cast("dict[str, object]", self.client.get("/_sim/stats").json())


@pytest.fixture(scope="module")
def running() -> Iterator[Gateway]:
    simulator = Simulator(Behaviour())
    with SimulatorServer(simulator) as url, httpx.Client(base_url=url, timeout=10, trust_env=False) as client:
        yield Gateway(url, client, simulator)


@pytest.fixture
def gateway(running: Gateway) -> Gateway:
    running.client.post("/_sim/reset")
    return running
