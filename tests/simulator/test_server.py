"""The server around the gateway: starting, stopping, loopback only, restarts, callbacks."""

import http.server
import json
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from krea_tui.simulator import Behaviour, Simulator, SimulatorServer, serve
from tests.simulator.conftest import BODY, HEADERS, SUBMIT, Gateway


@pytest.fixture
def callbacks() -> Iterator[tuple[str, "queue.Queue[dict[str, object]]"]]:
    heard: queue.Queue[dict[str, object]] = queue.Queue()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))) | {"path": self.path})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "::", ""])
def test_it_binds_to_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        SimulatorServer(host=host).start()
    with pytest.raises(ValueError, match="loopback"):
        serve(Simulator(), host=host)


def test_stopping_frees_the_port_and_ends_a_hanging_request() -> None:
    server = SimulatorServer(Simulator(Behaviour.from_json({"standing": [{"on": "status", "hang_s": 600}]})))
    url = server.start()
    outcome: queue.Queue[Exception] = queue.Queue()

    def wait_for_an_answer() -> None:
        try:
            httpx.get(f"{url}/v2/requests/status/any", headers=HEADERS, timeout=30, trust_env=False)
        except httpx.HTTPError as error:
            outcome.put(error)

    waiting = threading.Thread(target=wait_for_an_answer)
    waiting.start()
    with httpx.Client(base_url=url, trust_env=False) as client:
        for _ in range(500):
            if client.get("/_sim/stats").json()["polls"]:
                break
    server.stop()
    waiting.join(10)
    assert isinstance(outcome.get(timeout=1), httpx.TransportError)
    again = SimulatorServer(port=httpx.URL(url).port or 0)
    assert again.start() == url
    again.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "krea-simulator"]


def test_in_the_foreground_it_says_where_and_ends_on_interrupt() -> None:
    code = "from krea_tui.simulator import Simulator, serve; serve(Simulator())"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        assert "nothing is spent" in line
        url = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert url is not None
        assert httpx.get(url[0] + "/_sim/stats", trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, b"")


def test_a_taken_port_is_an_os_error(gateway: Gateway) -> None:
    with pytest.raises(OSError, match="in use"):
        SimulatorServer(port=gateway.port).start()


def test_only_the_given_keys_are_taken() -> None:
    with SimulatorServer(Simulator(keys=["right"])) as url, httpx.Client(base_url=url, trust_env=False) as client:
        header = "Ocp-Apim-Subscription-Key"
        assert client.post(SUBMIT, json=BODY, headers={header: "wrong"}).status_code == 401
        assert client.post(SUBMIT, json=BODY, headers={header: "right"}).status_code == 202


def test_jobs_and_pictures_outlive_the_process(tmp_path: Path) -> None:
    with SimulatorServer(Simulator(state_dir=tmp_path)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        request_id = client.post(SUBMIT, json=BODY, headers=HEADERS).json()["request_id"]
        before = client.get(f"/v2/requests/status/{request_id}", headers=HEADERS).json()
        picture = client.get(before["output"]["media_url"][0]).content
    with (tmp_path / "simulator-jobs.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"request_id": "cut off by a k')
    with SimulatorServer(Simulator(state_dir=tmp_path)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        after = client.get(f"/v2/requests/status/{request_id}", headers=HEADERS).json()
        assert after["output"]["media_url"][0].startswith(url)
        assert client.get(after["output"]["media_url"][0]).content == picture
        assert after["completed_at"] == before["completed_at"]
        # A line that was cut off must not swallow the job written after it.
        later = client.post(SUBMIT, json=BODY, headers=HEADERS).json()["request_id"]
    with SimulatorServer(Simulator(state_dir=tmp_path)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get(f"/v2/requests/status/{later}", headers=HEADERS).status_code == 200


def test_a_callback_has_the_body_of_the_status(
    gateway: Gateway, callbacks: tuple[str, "queue.Queue[dict[str, object]]"]
) -> None:
    url, heard = callbacks
    gateway.tell(webhook_repeat=2)
    answer = gateway.post(**{"X-Webhook-URL": f"{url}/hook/7?attempt=1"})
    first, second = heard.get(timeout=5), heard.get(timeout=5)
    assert first == second
    assert first.pop("path") == "/hook/7?attempt=1"
    assert first == gateway.status(answer.json()["request_id"]).json()


def test_a_callback_comes_though_the_answer_was_lost(
    gateway: Gateway, callbacks: tuple[str, "queue.Queue[dict[str, object]]"]
) -> None:
    url, heard = callbacks
    gateway.tell(faults=[{"on": "post", "close": "after_accept"}], error_rate=1.0)
    with pytest.raises(httpx.RemoteProtocolError):
        gateway.post(**{"X-Webhook-URL": url})
    assert heard.get(timeout=5)["status"] == "ERROR"


@pytest.mark.parametrize("url", ["https://example.com/hook", "http://192.0.2.1/", "ftp://localhost/", "nonsense"])
def test_callbacks_go_to_loopback_only(gateway: Gateway, url: str) -> None:
    assert gateway.post(**{"X-Webhook-URL": url}).status_code == 202
    assert gateway.stats()["webhooks_skipped"] == 1
