"""The endpoints in the text of a base URL: ``[MODEL@]URL``, several separated by white space."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit

from pytest_llmeval.errors import SettingError
from pytest_llmeval.providers.openai.keys import (
    AZURE_KEY,
    MODEL_KEY,
    OPENAI_KEY,
    first_key,
    own_keys,
)
from pytest_llmeval.providers.openai.provider import Azure, public_url

AZURE_VERSION = "OPENAI_API_VERSION"
_AZURE_PREFIX = "azure:"
OPENAI_HOST = "api.openai.com"

_ALLOWED = (
    "one URL such as http://127.0.0.1:8000/v1, or several separated by spaces, each as [MODEL@]URL"
)
_ALLOWED_AZURE = "azure:https://NAME.openai.azure.com?api-version=2024-10-21"
ALLOWED_VERSION = "the version of Azure's API, for example 2024-10-21"

_MODEL_BEFORE = re.compile(r"(?P<model>[^@]*)@(?P<url>(?:https?|azure):.*)")
"""An address follows the ``@``: with ``https://user:password@host`` none does."""


@dataclass(frozen=True)
class _Endpoint:
    """One entry of the list.

    Attributes:
        url: Base URL of an OpenAI-compatible endpoint; for Azure, the resource's.
        model: Model that it is asked for; empty for the one of the request.
        azure: The resource, if it is one.
    """

    url: str
    model: str = ""
    azure: Azure | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port: who gets the key."""
        parts = urlsplit(self.url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return f"{parts.scheme}://{parts.hostname}:{port}"

    @property
    def usual_key(self) -> str | None:
        """The variable where the key of such a service stands by custom; ``None`` for a server of one's own."""
        if self.azure:
            return AZURE_KEY
        return OPENAI_KEY if urlsplit(self.url).hostname == OPENAI_HOST else None


def read_endpoints(text: str, environ: Mapping[str, str], place: str) -> list[_Endpoint]:
    """The endpoints that a base URL names, in order; at least one.

    Args:
        text: What the user wrote.
        environ: The environment, for the version of Azure's API.
        place: Where it was written, for error texts.

    Raises:
        SettingError: An entry cannot be used; passwords in it are not shown.
    """
    entries = [_endpoint(entry, environ, place) for entry in text.split()]
    if not entries:
        raise SettingError(place, text, _ALLOWED)
    return entries


def _endpoint(entry: str, environ: Mapping[str, str], place: str) -> _Endpoint:
    match = _MODEL_BEFORE.fullmatch(entry)
    model, url = (match["model"], match["url"]) if match else ("", entry)
    if match and (not model or "://" in model):
        raise SettingError(
            place,
            public_url(url),
            _ALLOWED,
            "A model's name stands before the @, and nothing else.",
        )
    if not url.startswith(_AZURE_PREFIX):
        return _Endpoint(checked_url(url, place), model)
    azure = _azure(url.removeprefix(_AZURE_PREFIX), environ, place)
    return _Endpoint(azure.endpoint, model, azure)


def _azure(url: str, environ: Mapping[str, str], place: str) -> Azure:
    parts = urlsplit(checked_url(url, place, _ALLOWED_AZURE))
    query = parse_qs(parts.query)
    version = query.pop("api-version", [environ.get(AZURE_VERSION, "")])[-1]
    if query or parts.fragment:
        raise SettingError(
            place,
            public_url(url),
            _ALLOWED_AZURE,
            "Only api-version may stand behind the question mark.",
        )
    if not version:
        remedy = f"Write ?api-version=VERSION behind {public_url(url)} in {place}, or set {AZURE_VERSION}."
        raise SettingError(AZURE_VERSION, "", ALLOWED_VERSION, remedy)
    return Azure(urlunsplit(parts._replace(query="")), version)


def endpoint_keys(
    environ: Mapping[str, str],
    endpoints: Sequence[_Endpoint],
    is_judge: bool,
    shares_list: bool = False,
) -> list[str | None]:
    """The key of each endpoint of a list; ``None`` where the environment has none for it.

    The first has ``LLMEVAL_API_KEY``, the second ``LLMEVAL_API_KEY_2`` and so on (the judge's:
    ``LLMEVAL_JUDGE_API_KEY``, ``LLMEVAL_JUDGE_API_KEY_2``, …, else the model's); else the key of an
    earlier entry with the same scheme, host and port; else the usual one of its service. The first
    takes ``OPENAI_API_KEY`` as well, as the SDK does. A key that is made for one place goes to no
    other host.

    Args:
        environ: The environment.
        endpoints: The list.
        is_judge: Whether it is the judge's.
        shares_list: Whether the judge's list is also the model's, so that the model's numbered keys
            fit.

    Raises:
        InputError: A variable holds what cannot be a key. The message names the variable, not the
            value.
    """
    by_origin: dict[str, str] = {}
    keys = []
    for number, endpoint in enumerate(endpoints, start=1):
        names = own_keys(number, is_judge, shares_list or number == 1)
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


def checked_url(url: str, place: str, allowed: str = _ALLOWED) -> str:
    """The URL, if it is one that calls can go to.

    Args:
        url: What the user wrote.
        place: Where, for the error text.
        allowed: What may stand there, for the error text.

    Raises:
        SettingError: It is not; credentials in it are not shown.
    """
    url = url.strip()
    parts, shown = urlsplit(url), public_url(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or any(letter in url for letter in " ,")
    ):
        raise SettingError(place, shown, allowed)
    if "@" in parts.netloc:
        raise SettingError(
            place,
            shown,
            f"{allowed}, without user and password",
            f"The key belongs in {MODEL_KEY}.",
        )
    if not _has_port(url):
        raise SettingError(place, shown, allowed, "The port is no number from 1 to 65535.")
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise SettingError(place, shown, allowed, "Leave out /chat/completions.")
    return url


def _has_port(url: str) -> bool:
    """Whether the port, if there is one, can be one."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False
