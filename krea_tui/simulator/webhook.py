"""Callbacks to an X-Webhook-URL, to loopback only."""

import asyncio
import ipaddress
import json
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

_TIMEOUT_S = 10.0


def is_loopback_url(url: str) -> bool:
    """Whether a URL is plain http to this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and is_loopback_host(parts.hostname or "") and (parts.port or 80) > 0
    except ValueError:
        return False


def is_loopback_host(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def call_back(url: str, body: Mapping[str, object]) -> bool:
    """POSTs a status body to a loopback URL; whether a 2xx came back within ten seconds."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await _post(urlsplit(url), json.dumps(body).encode())
    except (OSError, TimeoutError, ValueError, IndexError):
        return False


async def _post(parts: SplitResult, body: bytes) -> bool:
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        return (await reader.readline()).split()[1].startswith(b"2")
    finally:
        writer.close()
