"""Which addresses a picture may come from."""

import pytest

from krea_tui.domain.errors import DownloadError
from krea_tui.gateway.addresses import check_media_url, check_peer, is_loopback_host, is_public_address
from krea_tui.gateway.client import GatewayAddress

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "no address",
    "",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str) -> None:
    assert not is_public_address(address)
    with pytest.raises(DownloadError) as caught:
        check_peer(address, "media.example.org")
    assert caught.value.permanent


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_public_addresses_are(address: str) -> None:
    assert is_public_address(address)
    check_peer(address, "media.example.org")


REFUSED = [
    "http://media.example.org/a.png",
    "ftp://media.example.org/a.png",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "https:///a.png",
    "https://user@media.example.org/a.png",
    "https://user:pw@media.example.org/a.png",
    "https://localhost/a.png",
    "https://LOCALHOST./a.png",
    "https://127.0.0.1/a.png",
    "https://[::1]/a.png",
    "https://169.254.169.254/latest/meta-data",
    "https://media.example.org:99999/a.png",
    "//media.example.org/a.png",
    "media.example.org/a.png",
    "",
]


@pytest.mark.parametrize("url", REFUSED)
def test_beside_a_remote_gateway_only_public_https_is_fetched(url: str) -> None:
    with pytest.raises(DownloadError) as caught:
        check_media_url(url, local_gateway=False)
    assert caught.value.permanent


def test_public_https_is_fetched() -> None:
    check_media_url("https://pub-1.r2.dev/v1/output.png?sig=1", local_gateway=False)


def test_beside_a_local_gateway_plain_http_on_this_machine_is_fetched_and_nothing_odd() -> None:
    check_media_url("http://127.0.0.1:8080/a.png", local_gateway=True)
    for url in ("file:///etc/passwd", "http://user:pw@127.0.0.1/a", "http://[::1"):
        with pytest.raises(DownloadError):
            check_media_url(url, local_gateway=True)


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("localhost", True),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("10.0.0.1", False),
        (None, False),
        ("", False),
    ],
)
def test_what_means_this_machine(host: str | None, is_local: bool) -> None:
    assert is_loopback_host(host) is is_local


def test_urls_are_built_from_configuration_and_a_checked_id() -> None:
    address = GatewayAddress("https://gateway.pixazo.ai/", "/a/submit", "/v2/requests/status/{request_id}")
    assert address.submit_url == "https://gateway.pixazo.ai/a/submit"
    assert address.status_url("m_01-x.y") == "https://gateway.pixazo.ai/v2/requests/status/m_01-x.y"
    assert not address.is_local
