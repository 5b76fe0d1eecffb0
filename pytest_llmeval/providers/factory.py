"""From what the user wrote (``--llm-provider SPEC``) to a Provider."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pytest_llmeval.errors import InputError, SettingError, nearest
from pytest_llmeval.protocols import Provider
from pytest_llmeval.providers.column import ColumnProvider
from pytest_llmeval.providers.keys import AZURE_ENDPOINT, AZURE_KEY, JUDGE_KEY, MODEL_KEY, NO_KEY, OPENAI_KEY
from pytest_llmeval.providers.local import LocalProvider
from pytest_llmeval.providers.local_models import local_file
from pytest_llmeval.providers.openai import Azure, OpenAIProvider, Timeouts, public_url
from pytest_llmeval.providers.python import load_callable

PREFIXES = ("openai", "local", "python", "column")
PLANNED = ("http", "job", "hf", "rag")
ALLOWED = "openai, local:PATH, local:NAME, local:hf:REPO/FILE, python:package.module:name or column:NAME"
AZURE_VERSION = "OPENAI_API_VERSION"


def make_provider(
    spec: str | None,
    *,
    base_url: str | None,
    key: str | None,
    timeouts: Timeouts,
    environ: Mapping[str, str],
    place: str,
    local_url: str | None = None,
) -> Provider:
    """The provider that a specification names. Nothing is sent.

    Args:
        spec: What the user wrote; ``None`` for ``openai``.
        base_url: The endpoint of ``openai``; other providers have none.
        key: The API key, or ``None``.
        timeouts: Limits on one call.
        environ: The environment, for Azure's variables.
        place: ``--llm-provider`` or ``--llm-judge-provider``, for error texts.
        local_url: Base URL of a server that another process has started for a ``local:`` specification.

    Raises:
        InputError: The specification, or what it needs, cannot be used.
    """
    prefix, _, rest = (spec or "openai").partition(":")
    if prefix == "openai" and not rest:
        return _openai(base_url, key, timeouts, environ, place)
    if prefix == "local" and rest:
        return LocalProvider(local_file(rest, place), local_url, place)
    if prefix == "python" and rest:
        return load_callable(rest, place)
    if prefix == "column" and rest:
        return ColumnProvider(rest)
    raise SettingError(place, spec, ALLOWED, _hint(prefix, rest, place))


def _hint(prefix: str, rest: str, place: str) -> str:
    if rest.startswith("//"):
        return f"The URL of an endpoint belongs to {_url_option(place)}."
    if prefix in PLANNED:
        return f"{prefix}: is not available in this version."
    return nearest(prefix, PREFIXES)


def _openai(
    base_url: str | None, key: str | None, timeouts: Timeouts, environ: Mapping[str, str], place: str
) -> OpenAIProvider:
    if base_url:
        return OpenAIProvider(_checked_url(base_url, _url_option(place)), key or NO_KEY, timeouts)
    azure = _azure(environ)
    if not key:
        own = JUDGE_KEY if "judge" in place else MODEL_KEY
        service, usual = (azure.endpoint, AZURE_KEY) if azure else ("api.openai.com", OPENAI_KEY)
        raise InputError(
            f"{place}: found no API key for {service}; allowed: a key in the environment variable {own} or {usual}. "
            f"For an endpoint of your own, which may need none, set {_url_option(place)}."
        )
    return OpenAIProvider(None, key, timeouts, azure)


def _azure(environ: Mapping[str, str]) -> Azure | None:
    endpoint = environ.get(AZURE_ENDPOINT)
    if not endpoint:
        return None
    version = environ.get(AZURE_VERSION)
    if not version:
        allowed = "the version of Azure's API, for example 2024-10-21"
        raise SettingError(AZURE_VERSION, version or "", allowed, f"{AZURE_ENDPOINT} is set, so Azure is asked.")
    return Azure(_checked_url(endpoint, AZURE_ENDPOINT), version)


def _checked_url(url: str, place: str) -> str:
    """The URL, if it is one that calls can go to.

    Raises:
        SettingError: It is not; credentials in it are not shown.
    """
    parts = urlsplit(url.strip())
    shown, allowed = public_url(url.strip()), "one URL such as http://127.0.0.1:8000/v1"
    if parts.scheme not in ("http", "https") or not parts.hostname or any(letter in url.strip() for letter in " ,"):
        raise SettingError(place, shown, allowed)
    if "@" in parts.netloc:
        raise SettingError(place, shown, f"{allowed}, without user and password", f"The key belongs in {MODEL_KEY}.")
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise SettingError(place, shown, allowed, "Leave out /chat/completions.")
    return url.strip()


def _url_option(place: str) -> str:
    return place.replace("provider", "base-url")
