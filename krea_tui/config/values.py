"""Readers of single settings: a value of the file, the environment or a flag in, a checked value out.

Every reader raises `ValueError` with words that say what is expected; text of a variable or a flag is read as the
file's value would be.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

from krea_tui.domain.pricing import MICRO

Reader = Callable[[object], object]

_SHOWN_LENGTH: Final = 40
# Kept as text: compiled at the first use, which a start without settings never comes to.
_HOST_NAME: Final = r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?"
_PATH: Final = r"/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*"
_REQUEST_ID_MARK: Final = "{request_id}"
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_TRUE_WORDS: Final = frozenset({"1", "true", "yes", "on"})
_FALSE_WORDS: Final = frozenset({"0", "false", "no", "off"})


def _expected(what: str, value: object) -> ValueError:
    shown = repr(value)
    return ValueError(
        f"{what} is expected, not {shown if len(shown) <= _SHOWN_LENGTH else shown[:_SHOWN_LENGTH] + '…'}"
    )


def number(lowest: float, highest: float) -> Reader:
    """A number within a range."""
    what = f"a number from {lowest:g} to {highest:g}"

    def read(value: object) -> float:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise _expected(what, value) from None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _expected(what, value)
        # A whole number of TOML may be too large for a float: it is compared before it is converted.
        if (isinstance(value, float) and not math.isfinite(value)) or not lowest <= value <= highest:
            raise _expected(what, value)
        return float(value)

    return read


def integer(lowest: int, highest: int) -> Reader:
    """A whole number within a range."""
    what = f"a whole number from {lowest} to {highest}"

    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,12}", value.strip()):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise _expected(what, value)
        return value

    return read


def dollars(highest: int = 1_000_000) -> Reader:
    """An amount in US dollars, from nothing to `highest`; read into micro-dollars, exactly."""
    what = f"an amount in dollars from 0 to {highest:,}, with at most six decimals,"

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise _expected(what, value)
        try:
            # str() of a float is the shortest text that means it: what the person wrote.
            microusd = Decimal(str(value).strip()) * MICRO
        except (InvalidOperation, ValueError):
            raise _expected(what, value) from None
        if not microusd.is_finite() or not 0 <= microusd <= highest * MICRO or microusd != int(microusd):
            raise _expected(what, value)
        return int(microusd)

    return read


def switch(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUE_WORDS:
        return True
    if isinstance(value, str) and value.strip().lower() in _FALSE_WORDS:
        return False
    raise _expected("true or false", value)


def choice(words: Iterable[str]) -> Reader:
    """One of a few words."""
    known = tuple(words)
    what = "one of " + ", ".join(known)

    def read(value: object) -> str:
        if isinstance(value, str) and value.strip().lower() in known:
            return value.strip().lower()
        problem = _expected(what, value)
        raise ValueError(f"{problem}{meant(value, known)}") if isinstance(value, str) else problem

    return read


def word(value: object) -> str:
    """A short name without white space."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_.:-]{1,100}", value):
        raise _expected("a name of letters, digits and dashes", value)
    return value


def meant(text: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where one of the known words is close, else nothing."""
    close = get_close_matches(text.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine, without asking a resolver."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_url(value: object) -> str:
    """An address to build on: https (http on loopback), no trailing slash; its text never appears in the error.

    User names, queries and fragments are refused: the first is a secret in the wrong place, the others would be
    lost or sent along with every path.
    """
    if not isinstance(value, str):
        raise ValueError("a URL is expected")
    text = value.strip()
    if not text.isascii() or not text.isprintable() or any(c in text for c in ' \\<>"`{}|^'):
        raise ValueError("a URL of plain ASCII characters is expected")
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValueError("a URL is expected; this one cannot be read") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise ValueError("a URL that starts with https:// is expected")
    if "@" in parts.netloc:
        raise ValueError("a URL without user name and password is expected")
    if "?" in text or "#" in text:
        raise ValueError("a URL without ? and # is expected")
    if not _is_host(host):
        raise ValueError("a URL with a host name or an IP address is expected")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("an https:// URL is expected; http:// is for this machine alone")
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{shown_host}{shown_port}{_checked_path(parts.path).rstrip('/')}"


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return re.fullmatch(_HOST_NAME, host) is not None
    # An IPv6 zone would make one address of many texts.
    return "%" not in host


def _checked_path(path: str) -> str:
    if path and (not re.fullmatch(_PATH, path) or "//" in path or {".", ".."} & set(path.split("/"))):
        raise ValueError("a path of plain segments is expected, without empty ones, . and ..")
    return path


def submit_path(value: object) -> str:
    """The path of the submission address, after the base URL."""
    if not isinstance(value, str) or not value.startswith("/"):
        raise _expected("a path that starts with /", value)
    return _checked_path(value)


def status_path(value: object) -> str:
    """The path of the status address, with `{request_id}` in it once."""
    if not isinstance(value, str) or not value.startswith("/") or value.count(_REQUEST_ID_MARK) != 1:
        raise _expected("a path that starts with / and has {request_id} in it once", value)
    _checked_path(value.replace(_REQUEST_ID_MARK, "x"))
    return value
