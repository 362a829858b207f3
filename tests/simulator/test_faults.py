"""Every fault the simulated gateway can be told, seen from outside; connection faults by raw sockets."""

import json
import socket
from email.utils import parsedate_to_datetime

import httpx
import pytest

from krea_tui.simulator import Fault, Target
from tests.simulator.conftest import BODY, HEADERS, SUBMIT, Gateway


def raw_post(gateway: Gateway, *, parts: int = 2) -> bytes:
    """Sends a POST over a socket of its own and reads until the other side closes. Raises ConnectionError on RST."""
    body = json.dumps(BODY).encode()
    lines = [f"POST {SUBMIT} HTTP/1.1", "Host: sim", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()] + ["Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        for part in ("\r\n".join(lines).encode(), body)[:parts]:
            connection.sendall(part)
        answer = b""
        while more := connection.recv(65_536):
            answer += more
        return answer


def test_closing_before_reading(gateway: Gateway) -> None:
    gateway.tell(faults=[{"on": "connection"}])
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        assert connection.recv(1) == b""
    assert gateway.stats()["posts"] == 0


def test_closing_after_the_headers(gateway: Gateway) -> None:
    gateway.tell(faults=[{"on": "post", "close": "after_headers"}])
    assert raw_post(gateway, parts=1) == b""
    assert (gateway.stats()["posts"], gateway.stats()["charges"]) == (1, 0)


@pytest.mark.parametrize(("when", "charges"), [("after_body", 0), ("after_accept", 1)])
def test_closing_without_an_answer(gateway: Gateway, when: str, charges: int) -> None:
    gateway.tell(faults=[{"on": "post", "close": when}])
    assert raw_post(gateway) == b""
    assert gateway.stats()["charges"] == charges


def test_closing_with_a_reset(gateway: Gateway) -> None:
    gateway.tell(faults=[{"on": "post", "close": "after_body", "reset": True}])
    with pytest.raises(ConnectionResetError):
        raw_post(gateway)


@pytest.mark.parametrize("count", [0, 1, 12, 40, 150])
def test_an_answer_cut_at_a_byte(gateway: Gateway, count: int) -> None:
    gateway.tell(faults=[{"on": "post", "cut_at": count}])
    answer = raw_post(gateway)
    assert len(answer) == count
    assert b"HTTP/1.1 202 Accepted".startswith(answer[:21])
    assert gateway.stats()["charges"] == 1


def test_an_answer_byte_by_byte_is_whole(gateway: Gateway) -> None:
    gateway.tell(faults=[{"on": "post", "drip_s": 0.0005}])
    head, _, body = raw_post(gateway).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 202")
    assert json.loads(body)["status"] == "QUEUED"


def pieces_of_an_answer(connection: socket.socket) -> int:
    """Asks for a status on a connection that stays open; how many pieces the 404 came in."""
    lines = ["GET /v2/requests/status/any HTTP/1.1", "Host: sim", *(f"{n}: {v}" for n, v in HEADERS.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())
    answer, pieces = b"", 0
    while not answer.endswith(b"}"):
        part = connection.recv(65_536)
        assert part
        answer, pieces = answer + part, pieces + 1
    assert answer.startswith(b"HTTP/1.1 404")
    return pieces


@pytest.mark.parametrize("fault", [{"drip_s": 0.0005}, {"cut_at": 1_000}])
def test_a_fault_of_one_answer_does_not_meet_the_next_on_its_connection(
    gateway: Gateway, fault: dict[str, object]
) -> None:
    gateway.tell(faults=[{"on": "status", **fault}])
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        pieces_of_an_answer(connection)
        # Head and body, however slow the machine is; and more bytes in all than the cut would let through.
        assert max(pieces_of_an_answer(connection) for _ in range(12)) <= 2


def test_hanging_longer_than_the_client_waits(gateway: Gateway) -> None:
    gateway.tell(faults=[{"on": "status", "hang_s": 30.0}])
    with pytest.raises(httpx.ReadTimeout):
        gateway.client.get("/v2/requests/status/any", headers=HEADERS, timeout=0.05)


def test_an_answer_of_ones_own(gateway: Gateway) -> None:
    fault = {"on": "post", "status": 503, "headers": {"X-Word": "busy"}, "body": {"error": "Busy"}}
    gateway.tell(faults=[fault])
    answer = gateway.post()
    assert (answer.status_code, answer.headers["x-word"], answer.json()) == (503, "busy", {"error": "Busy"})
    assert gateway.stats()["charges"] == 0


def test_a_500_for_a_job_that_was_taken(gateway: Gateway) -> None:
    gateway.tell(faults=[{"on": "post", "status": 500, "accept": True}])
    assert gateway.post().status_code == 500
    assert gateway.stats()["charges"] == 1


def test_retry_after_in_its_three_forms(gateway: Gateway) -> None:
    forms = ({"retry_after_s": 7}, {"retry_after_date_s": 60}, {"retry_after_body_s": 9})
    gateway.tell(faults=[{"on": "status"} | form for form in forms])
    seconds, date, body = (gateway.status("any") for _ in forms)
    assert {seconds.status_code, date.status_code, body.status_code} == {429}
    assert seconds.headers["retry-after"] == "7"
    assert parsedate_to_datetime(date.headers["retry-after"]).tzinfo is not None
    assert body.json()["retry_after"] == 9
    assert "retry-after" not in body.headers


def test_html_and_a_missing_request_id(gateway: Gateway) -> None:
    gateway.tell(faults=[{"on": "post", "html": True}, {"on": "post", "omit_request_id": True}])
    page, nameless = gateway.post(), gateway.post()
    assert (page.status_code, page.headers["content-type"]) == (202, "text/html; charset=utf-8")
    assert set(nameless.json()) == {"status", "polling_url"}


def test_strange_status_words(gateway: Gateway) -> None:
    request_id = gateway.submit()
    gateway.tell(faults=[{"on": "status", "status_word": "WARMING_UP"}, {"on": "status", "lowercase": True}])
    words = [gateway.status(request_id).json()["status"] for _ in range(3)]
    assert words == ["WARMING_UP", "completed", "COMPLETED"]


@pytest.mark.parametrize("form", ["string", "missing", "null", "empty", "several", "no_output"])
def test_media_url_in_other_forms(gateway: Gateway, form: str) -> None:
    request_id = gateway.submit()
    url = gateway.media_url(request_id)
    gateway.tell(faults=[{"on": "status", "media_url": form}])
    output = gateway.status(request_id).json()["output"]
    expected = {"string": url, "missing": None, "null": None, "empty": [], "several": [url, url + "?n=2", url + "?n=3"]}
    if form == "no_output":
        assert output is None
        return
    assert output.get("media_url") == expected[form]
    assert ("media_url" in output) == (form != "missing")


def test_media_that_stops_early(gateway: Gateway) -> None:
    url = gateway.media_url(gateway.submit())
    whole = gateway.client.get(url).content
    gateway.tell(faults=[{"on": "media", "media": form} for form in ("truncated", "half_file", "short_length")])
    with pytest.raises(httpx.RemoteProtocolError):
        gateway.client.get(url)
    assert gateway.client.get(url).content == whole[: len(whole) // 2]
    assert len(gateway.client.get(url).content) < len(whole)


def test_media_that_is_no_picture(gateway: Gateway) -> None:
    url = gateway.media_url(gateway.submit())
    gateway.tell(faults=[{"on": "media", "media": form} for form in ("html", "not_found", "empty", "bomb", "corrupt")])
    page, gone, empty, bomb, corrupt = (gateway.client.get(url) for _ in range(5))
    assert (page.status_code, page.headers["content-type"]) == (200, "image/png")
    assert page.text.startswith("<!DOCTYPE html>")
    assert gone.status_code == 404
    assert empty.content == b""
    assert bomb.content.startswith(b"\x89PNG")
    assert int.from_bytes(bomb.content[16:20], "big") == 60_000
    assert corrupt.content != gateway.client.get(url).content


def test_media_redirects(gateway: Gateway) -> None:
    url = gateway.media_url(gateway.submit())
    gateway.tell(standing=[{"on": "media", "media": "redirect"}])
    assert gateway.client.get(url).status_code == 302
    assert gateway.client.get(url, follow_redirects=True).headers["content-type"] == "image/png"
    gateway.tell(standing=[{"on": "media", "media": "redirect_loop"}])
    with pytest.raises(httpx.TooManyRedirects):
        gateway.client.get(url, follow_redirects=True)


@pytest.mark.parametrize(("form", "is_declared"), [("huge", True), ("huge_chunked", False)])
def test_huge_media(gateway: Gateway, form: str, is_declared: bool) -> None:
    url = gateway.media_url(gateway.submit())
    gateway.tell(faults=[{"on": "media", "media": form, "huge_bytes": 300_000}])
    answer = gateway.client.get(url)
    assert len(answer.content) == 300_000
    assert ("content-length" in answer.headers) == is_declared


def test_faults_wait_for_their_turn(gateway: Gateway) -> None:
    gateway.tell(faults=[{"on": "post", "status": 500, "skip": 1, "times": 2}, {"on": "status", "status": 502}])
    assert [gateway.post().status_code for _ in range(4)] == [202, 500, 500, 202]
    assert [gateway.status("any").status_code for _ in range(2)] == [502, 404]
    assert gateway.stats()["faults_waiting"] == 0


def test_standing_faults_stay_and_reset_clears_them(gateway: Gateway) -> None:
    gateway.tell(standing=[{"on": "post", "status": 500}], faults=[{"on": "post", "status": 403}])
    assert [gateway.post().status_code for _ in range(3)] == [403, 500, 500]
    gateway.client.post("/_sim/reset")
    assert gateway.post().status_code == 202


def test_telling_one_thing_leaves_the_others_as_they_are(gateway: Gateway) -> None:
    gateway.tell(balance_microusd=100_000, faults=[{"on": "post", "status": 500}, {"on": "status", "status": 502}])
    assert [gateway.post().status_code for _ in range(2)] == [500, 202]
    gateway.tell(fail_rate=1.0)
    assert gateway.stats()["faults_waiting"] == 1
    assert gateway.post().status_code == 402
    gateway.simulator.add_faults(Fault(on=Target.POST, status=418))
    assert gateway.post().status_code == 418


@pytest.mark.parametrize("says", ["seconds", "date", "body", "none"])
def test_the_rate_limit(gateway: Gateway, says: str) -> None:
    gateway.tell(rate_limit_per_s=0.001, rate_limit_burst=2, rate_limit_says=says)
    answers = [gateway.post() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert ("retry-after" in answers[2].headers) == (says in ("seconds", "date"))
    assert ("retry_after" in answers[2].json()) == (says == "body")
    assert gateway.stats()["rate_limited"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"speed": 1},
        {"latency_s": "slow"},
        {"latency_s": -1},
        {"faults": {}},
        {"faults": [{"status": 500}]},
        {"faults": [{"on": "post", "close": "never"}]},
        {"media_type": "image/gif"},
        {"rate_limit_says": "shout"},
    ],
    ids=str,
)
def test_a_wrong_behaviour_is_refused(gateway: Gateway, wrong: object) -> None:
    answer = gateway.client.post("/_sim/behaviour", json=wrong)
    assert answer.status_code == 400
    assert answer.json()["message"]
