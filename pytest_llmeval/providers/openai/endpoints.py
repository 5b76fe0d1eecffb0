"""The endpoints of a base URL: ``[MODEL@]URL``, several separated by white space."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit, urlunsplit

from pytest_llmeval.errors import SettingError
from pytest_llmeval.providers.openai.addresses import AZURE_PREFIX, split_model
from pytest_llmeval.providers.openai.keys import (
    AZURE_KEY,
    MODEL_KEY,
    OPENAI_KEY,
    dedicated_keys,
    first_key,
)
from pytest_llmeval.providers.openai.provider import Azure, public_url
from pytest_llmeval.redaction import has_login, public_urls

AZURE_VERSION = "OPENAI_API_VERSION"
OPENAI_HOST = "api.openai.com"
_LIST = re.compile(r"\s|,$|,https?:|,azure:", re.IGNORECASE)
"""Shows that a URL is several, which are separated by spaces; a comma alone may be part of one."""

_ALLOWED = (
    "one URL such as http://127.0.0.1:8000/v1, or several separated by spaces, each as [MODEL@]URL"
)
_ALLOWED_AZURE = "azure:https://NAME.openai.azure.com?api-version=2024-10-21"
ALLOWED_VERSION = "the version of Azure's API, for example 2024-10-21"


@dataclass(frozen=True)
class _Endpoint:
    """One entry of the list.

    Attributes:
        url: Base URL of an OpenAI-compatible endpoint or an Azure resource.
        model: Name of the model; empty for the model of the request.
        azure: The Azure resource, if it is one.
    """

    url: str
    model: str = ""
    azure: Azure | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port, which receive the key."""
        parts = urlsplit(self.url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return f"{parts.scheme}://{parts.hostname}:{port}"

    @property
    def usual_key(self) -> str | None:
        """The customary variable of such a service's key; ``None`` for a user's server."""
        if self.azure:
            return AZURE_KEY
        return OPENAI_KEY if urlsplit(self.url).hostname == OPENAI_HOST else None


def read_endpoints(text: str, environ: Mapping[str, str], origin: str) -> list[_Endpoint]:
    """Read the endpoints of a base URL, at least one, in order.

    Args:
        text: The base URL as written.
        environ: The environment, for the version of Azure's API.
        origin: The setting that holds it, for error texts.

    Raises:
        SettingError: An entry cannot be used. The message hides its password.
    """
    entries = [_endpoint(entry, environ, origin) for entry in text.split()]
    if not entries:
        raise SettingError(origin, public_urls(text), _ALLOWED)
    return entries


def _endpoint(entry: str, environ: Mapping[str, str], origin: str) -> _Endpoint:
    model, url = split_model(entry)
    if not url:
        raise SettingError(origin, public_urls(entry), _ALLOWED)
    if "://" in model or entry.startswith("@http"):
        remedy = "Only the name of a model may precede the @."
        raise SettingError(origin, public_urls(url), _ALLOWED, remedy)
    if not url.lower().startswith(AZURE_PREFIX):
        return _Endpoint(checked_url(url, origin), model)
    azure = _azure(url[len(AZURE_PREFIX) :], environ, origin)
    return _Endpoint(azure.endpoint, model, azure)


def _azure(url: str, environ: Mapping[str, str], origin: str) -> Azure:
    parts = urlsplit(checked_url(url, origin, _ALLOWED_AZURE))
    query = parse_qs(parts.query)
    version = query.pop("api-version", [environ.get(AZURE_VERSION, "")])[-1]
    if query or parts.fragment:
        raise SettingError(
            origin,
            public_urls(url),
            _ALLOWED_AZURE,
            "Only api-version may follow the question mark.",
        )
    if not version:
        remedy = f"Append ?api-version=VERSION to {public_url(url)} in {origin}, "
        remedy += f"or set {AZURE_VERSION}."
        raise SettingError(AZURE_VERSION, "", ALLOWED_VERSION, remedy)
    return Azure(urlunsplit(parts._replace(query="")), version)


def endpoint_keys(
    environ: Mapping[str, str],
    endpoints: Sequence[_Endpoint],
    is_judge: bool,
    shares_list: bool = False,
) -> list[str | None]:
    """Find the key of each endpoint of a list; ``None`` without one.

    The first endpoint uses ``LLMEVAL_API_KEY``, the second one ``LLMEVAL_API_KEY_2`` and so on. For
    a judge, ``LLMEVAL_JUDGE_API_KEY`` and ``LLMEVAL_JUDGE_API_KEY_2`` precede these. Next comes the
    key of an earlier entry with the same scheme, host and port, and last the usual key of the
    service. The first endpoint also uses ``OPENAI_API_KEY``, as the SDK does. A key for one entry
    never goes to a different host.

    Args:
        environ: The environment.
        endpoints: The list.
        is_judge: Whether the list is the judge's.
        shares_list: Whether the judge and the model have the same list, so that the model's
            numbered keys fit.

    Raises:
        InputError: A variable cannot be a key. The message has its name, not its value.
    """
    by_origin: dict[str, str] = {}
    keys = []
    for number, endpoint in enumerate(endpoints, start=1):
        names = dedicated_keys(number, is_judge, shares_list or number == 1)
        usual = endpoint.usual_key or (OPENAI_KEY if number == 1 else None)
        key = (
            first_key(environ, names)
            or by_origin.get(endpoint.origin)
            or first_key(environ, (usual,) if usual else ())
        )
        if key:
            by_origin.setdefault(endpoint.origin, key)
        keys.append(key)
    return keys


def checked_url(url: str, origin: str, allowed: str = _ALLOWED) -> str:
    """Return a URL that calls can go to.

    Args:
        url: The URL as written.
        origin: The setting that holds it, for the error text.
        allowed: The allowed forms, for the error text.

    Raises:
        SettingError: The URL cannot be used. The message hides credentials.
    """
    url = url.strip()
    if has_login(url) or _is_encoded(url):
        raise SettingError(
            origin,
            public_urls(url),
            f"{allowed}, without user and password",
            f"The key belongs in {MODEL_KEY}.",
        )
    try:
        parts = urlsplit(url)
    except ValueError:  # its text may quote the password
        remedy = "An IPv6 address stands in brackets: http://[::1]:8000/v1."
        raise SettingError(origin, public_urls(url), allowed, remedy) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or _LIST.search(url):
        raise SettingError(origin, public_urls(url), allowed)
    if not _has_port(parts):
        remedy = "The port must be between 1 and 65535."
        raise SettingError(origin, public_urls(url), allowed, remedy)
    if parts.path.rstrip("/").endswith("/chat/completions"):
        remedy = "Leave out /chat/completions."
        raise SettingError(origin, public_urls(url), allowed, remedy)
    return url


def _is_encoded(url: str) -> bool:
    """Return whether a sign of the host is encoded, as the ``@`` after a password may be."""
    host = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    return "%" in host.partition("[")[0]


def _has_port(parts: SplitResult) -> bool:
    """Return whether the port, if any, is valid."""
    try:
        return parts.port != 0
    except ValueError:
        return False
