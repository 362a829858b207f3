"""What the environment says of the way out, proxy and certificates: judged before anything is sent."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.request import getproxies

import httpx

from krea_tui.domain.errors import ConfigError

_CERTIFICATE_VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_PROXY_SCHEMES: Final = frozenset({"http", "https"})
_MAX_PORT: Final = 65_535


def tls_context(*, local: bool) -> ssl.SSLContext:
    """The certificates that are trusted: beside a local gateway those that come with us, else the environment's.

    Raises `ConfigError` that names SSL_CERT_FILE or SSL_CERT_DIR where it leads nowhere.
    """
    if local:
        return httpx.create_ssl_context(trust_env=False)
    name = next((name for name in _CERTIFICATE_VARIABLES if os.environ.get(name)), None)
    try:
        if name == "SSL_CERT_DIR" and not Path(os.environ[name]).is_dir():
            raise NotADirectoryError(os.environ[name])
        return httpx.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        if name is None:
            raise ConfigError("the certificates of this Python cannot be read", advice="Reinstall certifi.") from error
        what = "folder" if name == "SSL_CERT_DIR" else "file"
        raise ConfigError(
            f"{name} names no {what} of certificates that can be read",
            advice=f"Point {name} to a {what} with certificates (PEM), or unset it. Nothing was sent.",
        ) from error


def https_proxy() -> httpx.Proxy | None:
    """The proxy that https requests go through, None without one.

    HTTP_PROXY is not asked: nothing leaves this machine without TLS. Raises `ConfigError` that names the variable
    whose proxy cannot be used; its value is not shown, since it may hold a password.
    """
    proxies = getproxies()
    scheme = "https" if proxies.get("https") else "all"
    value = proxies.get(scheme)
    if not value or proxies.get("no", "").strip() == "*":
        return None
    name = _variable(f"{scheme}_proxy", os.environ)
    try:
        proxy = httpx.Proxy(value if "://" in value else f"http://{value}")
        port = proxy.url.port
    except (ValueError, httpx.InvalidURL) as error:
        if value.lower().startswith("socks"):
            raise _unusable(name, "names a SOCKS proxy, which cannot be used here") from error
        raise _unusable(name, "is no address of a proxy") from error
    if proxy.url.scheme.startswith("socks"):
        raise _unusable(name, "names a SOCKS proxy, which cannot be used here")
    if proxy.url.scheme not in _PROXY_SCHEMES or not proxy.url.host or not 0 < (port or 1) <= _MAX_PORT:
        raise _unusable(name, "is no address of a proxy")
    return proxy


def _variable(name: str, environ: Iterable[str]) -> str:
    found = [known for known in environ if known.lower() == name]
    # The lower case one wins where both are set.
    return name if name in found else found[0] if found else "the system's proxy setting"


def _unusable(name: str, why: str) -> ConfigError:
    return ConfigError(
        f"{name} {why}",
        advice=f"Set {name} to the http:// address of a proxy, unset it, or set NO_PROXY=*. Nothing was sent.",
    )
