"""Why there was no reply: the certificate, the name of the host, the port, time.

The SDK reports all of these as a time-out or a connection error; the causes of its exception say
more.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from pytest_llmeval.errors import CallError, CallRefused, CallTimeout, EndpointDown
from pytest_llmeval.redaction import public_address

_E = TypeVar("_E", bound=BaseException)

MOST_REDIRECTS = 5
"""Redirects that are followed. A loop has no end, and each of its requests sends the prompt."""

_LONGEST_REASON = 300
_PROXIED = ("http", "https", "all")
_NO_TARGET = ("UnsupportedProtocol", "InvalidURL")
"""Names of the errors of httpx for a redirect to what is no address of the web."""

_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
"""OpenSSL's reasons where the other end does not encrypt."""

_EXPIRED, _TOO_EARLY, _WRONG_HOST = (10,), (9,), (62, 64)
"""OpenSSL's codes of certificates that no list of authorities can mend (X509_V_ERR_…)."""

_AUTHORITY = (
    "Name a file with the certificate of its authority in the environment variable SSL_CERT_FILE "
    "(REQUESTS_CA_BUNDLE is not read)."
)
_CONNECT_ERRORS = ("ConnectError", "ConnectTimeout")
"""Names of the errors of httpx where no connection was made."""


def connection_error(
    error: BaseException, target: str, hide: Callable[[str], str], address: str
) -> CallError:
    """Translate an exception of the SDK that is no reply.

    Args:
        error: The exception, with its causes.
        target: Endpoint and model, for the message.
        hide: Removes secrets from a text.
        address: The base URL in words, with the setting that holds it.
    """
    reason = hide(_reason(error))
    if certificate := _cause(error, ssl.SSLCertVerificationError):
        what = certificate.verify_message or reason
        return _refused(
            f"{target}: the certificate of the endpoint cannot be verified ({hide(what)}). "
            f"{_certificate_remedy(certificate.verify_code, address)}"
        )
    if (encryption := _cause(error, ssl.SSLError)) and encryption.reason in _NO_TLS:
        return _refused(
            f"{target}: the endpoint does not speak TLS ({reason}). "
            f"Write http:// instead of https:// in {address}."
        )
    if lookup := _cause(error, socket.gaierror):
        why = hide(lookup.strerror or reason)
        return _refused(
            f"{target}: the name of the host cannot be resolved ({why}). "
            f"Check {address}, and the network."
        )
    if redirect := _redirect_problem(error):
        return _refused(f"{target}: {hide(redirect)}. Write the address behind it in {address}.")
    if proxy := _proxy_problem(error):
        return _unreachable(
            EndpointDown(
                f"{target}: no connection through the proxy ({hide(proxy)}). "
                "Check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, "
                "or name the host of the endpoint in NO_PROXY."
            )
        )
    return _transient(error, target, reason, address)


def _transient(error: BaseException, target: str, reason: str, address: str) -> CallError:
    """Make the error of a failure that may pass."""
    is_unconnected = _is_unconnected(error)
    if _is_timeout(error):
        options = "--llm-read-timeout, --llm-connect-timeout"
        if is_unconnected:
            options = "--llm-connect-timeout"
        timeout = CallTimeout(
            f"{target}: no answer in time ({reason}). "
            f"Raise {options}, lower --llm-concurrency, or check {address}."
        )
        return _unreachable(timeout) if is_unconnected else timeout
    if _cause(error, ConnectionRefusedError):
        return _unreachable(
            EndpointDown(
                f"{target}: no connection: nothing listens there (connection refused). "
                f"Start the endpoint, or check {address}."
            )
        )
    down = EndpointDown(
        f"{target}: no connection ({reason}). Check {address}, and that the endpoint is running."
    )
    return _unreachable(down) if is_unconnected else down


def _refused(message: str) -> CallRefused:
    error = CallRefused(message)
    error.is_about_endpoint = True
    error.is_unreachable = True
    return error


def _unreachable(error: CallError) -> CallError:
    error.is_unreachable = True
    return error


def _certificate_remedy(code: int, address: str) -> str:
    if code in _EXPIRED:
        return "It has expired: renew it on the endpoint."
    if code in _TOO_EARLY:
        return "It is not valid yet: check the clocks of both machines."
    if code in _WRONG_HOST:
        return f"It was made for another host: check {address}."
    return _AUTHORITY


def _redirect_problem(error: BaseException) -> str:
    """Return where redirects of the endpoint end; empty if the failure is not one of redirects."""
    cause: Any
    for cause in _causes(error):
        name = type(cause).__name__
        if name == "TooManyRedirects":
            return (
                f"the endpoint redirects in a loop: {MOST_REDIRECTS} redirects were followed, "
                f"and the next one leads to {public_address(str(cause.request.url))}"
            )
        if name in _NO_TARGET:
            return f"the endpoint redirects to what is no address of the web ({_one_line(cause)})"
    return ""


def check_proxies() -> None:
    """Check the addresses of the proxies in the environment, which a client reads much later.

    Raises:
        ValueError: One has no port, or no host, that can be read. The message has no part of it.
    """
    for scheme, address in getproxies_environment().items():
        if scheme not in _PROXIED:
            continue
        try:
            parts = urlsplit(address if "://" in address else f"http://{address}")
            is_address = parts.port != 0 and bool(parts.hostname)
        except ValueError:
            is_address = False
        if not is_address:
            raise ValueError(f"{scheme.upper()}_PROXY is no address with a port from 1 to 65535")


def _proxy_problem(error: BaseException) -> str:
    """Return what a proxy refused; empty if the failure is not one of a proxy."""
    import aiohttp

    kinds = (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)
    for cause in _causes(error):
        if isinstance(cause, kinds) or type(cause).__name__ == "ProxyError":
            return _one_line(cause)
    return ""


def _is_unconnected(error: BaseException) -> bool:
    """Return whether no connection was made, so that other calls will get none either."""
    import aiohttp

    causes = list(_causes(error))
    if any(isinstance(cause, aiohttp.ClientError) for cause in causes):
        kinds = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
        return any(isinstance(cause, kinds) for cause in causes)
    unreachable = (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH)
    return any(
        type(cause).__name__ in _CONNECT_ERRORS
        or (isinstance(cause, OSError) and cause.errno in unreachable)
        for cause in causes
    )


def _is_timeout(error: BaseException) -> bool:
    """Find a time-out among the causes: the SDK reports even a refused connection as one."""
    return any(isinstance(cause, (TimeoutError, asyncio.TimeoutError)) for cause in _causes(error))


def _cause(error: BaseException, kind: type[_E]) -> _E | None:
    """Return the innermost cause of a kind: errors of aiohttp are of these kinds, without facts."""
    matching = [cause for cause in _causes(error) if isinstance(cause, kind)]
    return matching[-1] if matching else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _reason(error: BaseException) -> str:
    """Return the text of the cause, since the SDK's own says only "Connection error"."""
    return _one_line(error.__cause__ or error)


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_REASON]
