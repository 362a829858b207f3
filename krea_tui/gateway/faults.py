"""A fault of the network in words that say what is wrong and what to do; they hold no URL, no header and no key."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from krea_tui.gateway.transport import Trace

_EXPIRED: Final = 10
_NOT_YET_VALID: Final = 9
_WRONG_HOST: Final = 62
_UNREACHABLE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"})
_DEEPEST: Final = 12

_CERTIFICATES: Final = {
    _EXPIRED: "its certificate has expired; look at this machine's date, then wait for the owner to renew it",
    _NOT_YET_VALID: "its certificate is not valid yet; look at this machine's date",
    _WRONG_HOST: "its certificate belongs to another host; look at the address, and whether this network wants a login",
}
_UNTRUSTED: Final = (
    "its certificate is signed by nobody this machine trusts; somebody may be listening in."
    " Behind a company's proxy, point SSL_CERT_FILE to its certificate"
)
_CUT_OFF: Final = "was cut off; look at the network and at any firewall"
_KINDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (httpx.ConnectTimeout, "no connection within the time limit; look at the network"),
    (httpx.ReadTimeout, "no answer within the time limit"),
    (httpx.WriteTimeout, "the request could not be written within the time limit"),
    (TimeoutError, "no answer within the time limit"),
    (httpx.RemoteProtocolError, "the connection was closed in the middle of the answer"),
    (httpx.NetworkError, "the connection broke"),
)


def fault_words(error: BaseException, trace: Trace | None = None) -> str:
    """What happened, and on the way to whom: the host itself or the proxy before it."""
    if isinstance(error, httpx.ProxyError):
        return "the proxy refuses the connection; look at HTTPS_PROXY and ALL_PROXY, or name the host in NO_PROXY"
    if trace is not None and trace.is_at_proxy and not trace.is_sent:
        return f"no way through the proxy of HTTPS_PROXY or ALL_PROXY: {_words(error, trace)}"
    return _words(error, trace)


def _words(error: BaseException, trace: Trace | None) -> str:
    if isinstance(error, httpx.ConnectError):
        return f"cannot connect: {_connect_words(error, trace)}"
    return next((words for kind, words in _KINDS if isinstance(error, kind)), type(error).__name__)


def _connect_words(error: BaseException, trace: Trace | None) -> str:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return f"the TLS handshake {_handshake_words(cause)}"
        if isinstance(cause, socket.gaierror):
            return "the name does not resolve; look at the address and the network"
        if isinstance(cause, ConnectionRefusedError):
            return "nobody answers at its address; look at the address and the network"
        if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
            return "there is no way to the network; look at the connection"
    if trace is not None and trace.is_in_handshake:
        return f"the TLS handshake {_CUT_OFF}"
    return "the connection broke before it stood"


def _handshake_words(error: ssl.SSLError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"failed, {_CERTIFICATES.get(error.verify_code, _UNTRUSTED)}"
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | ssl.SSLSyscallError():
            return _CUT_OFF
        case _ if error.reason in _NO_TLS:
            return "failed, the answer is no TLS; look at the address and port, and whether this network wants a login"
        case _:
            return "failed; look at the network and at any firewall"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            return
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            yield from cause.exceptions
        cause = cause.__cause__ or cause.__context__
