"""Which addresses may be asked for a picture: https anywhere public, everything else only beside a local gateway."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from krea_tui.domain.errors import DownloadError

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Letters of other scripts, escapes and numbers in other notations mean one host here and another one to a proxy.
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_NUMERIC_END: Final = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?$")


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
    """Whether an IP address is one host's on the whole internet (no loopback, private, link-local, multicast, ...)."""
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = _translated(parsed)
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.is_site_local:
            return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64 of RFC 6052), else the address itself."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


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
    if not _is_address(host) and (not re.fullmatch(_HOST_NAME, host) or re.search(_NUMERIC_END, host)):
        raise DownloadError("the picture's URL names no host", permanent=True)
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
