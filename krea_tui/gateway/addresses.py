"""Which addresses may be asked for a picture: https anywhere public, everything else only beside a local gateway."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from krea_tui.domain.errors import DownloadError


def is_loopback_host(host: str | None) -> bool:
    """Whether this host name or address can only mean this machine."""
    if not host:
        return False
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_public_address(address: str) -> bool:
    """Whether an IP address is reachable from the whole internet (no loopback, private, link-local, reserved)."""
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_global


def check_media_url(url: str, *, local_gateway: bool) -> None:
    """Raise `DownloadError` (permanent) for a URL that no picture may come from."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise DownloadError("the picture's URL is no URL", permanent=True) from error
    if not host or parts.scheme not in {"http", "https"}:
        raise DownloadError("the picture's URL is not an https URL", permanent=True)
    if parts.username or parts.password:
        raise DownloadError("the picture's URL carries a user name", permanent=True)
    if local_gateway:
        return
    if parts.scheme != "https":
        raise DownloadError("the picture's URL is plain http; only https is followed", permanent=True)
    if is_loopback_host(host) or (_is_address(host) and not is_public_address(host)):
        raise DownloadError(f"the picture's URL points into a private network ({host})", permanent=True)


def goes_through_proxy(url: str) -> bool:
    """Whether the environment sends this URL through a proxy, which then resolves its name for us."""
    parts = urlsplit(url)
    proxies = getproxies()
    return bool((proxies.get(parts.scheme) or proxies.get("all")) and not proxy_bypass(parts.hostname or ""))


async def check_resolved(url: str) -> None:
    """Raise `DownloadError` where the host's name resolves to an address that is not public."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DownloadError(f"the name {host} cannot be resolved") from error
    for entry in found:
        check_peer(str(entry[4][0]), host)


def check_peer(address: str, host: str) -> None:
    """Raise `DownloadError` (permanent) where a host turns out to live at an address that is not public."""
    if not is_public_address(address):
        raise DownloadError(f"{host} leads into a private network ({address})", permanent=True)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
