"""From what the user wrote (``--llm-provider SPEC``) to a Provider."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_llmeval.errors import InputError, SettingError, nearest
from pytest_llmeval.protocols import Provider
from pytest_llmeval.providers.column import ColumnProvider
from pytest_llmeval.providers.local.models import known_models, local_file, models_folder
from pytest_llmeval.providers.local.provider import LocalProvider
from pytest_llmeval.providers.openai.endpoints import (
    ALLOWED_VERSION,
    AZURE_VERSION,
    OPENAI_HOST,
    checked_url,
    read_endpoints,
)
from pytest_llmeval.providers.openai.failover import FailoverProvider
from pytest_llmeval.providers.openai.keys import (
    AZURE_ENDPOINT,
    AZURE_KEY,
    JURY_KEY,
    NO_KEY,
    OPENAI_KEY,
    default_key,
    endpoint_keys,
    own_keys,
)
from pytest_llmeval.providers.openai.provider import (
    CHAT,
    Api,
    Azure,
    OpenAIProvider,
    Timeouts,
    public_url,
)
from pytest_llmeval.providers.python import load_callable

JURY = "--llm-jury"
JUDGING = ("--llm-judge-provider", JURY)
"""Places of those who judge, and so have the judge's key."""
PREFIXES = ("openai", "local", "python", "column")
PLANNED = ("http", "job", "hf", "rag")
ALLOWED = (
    "openai, local:PATH, local:NAME, local:hf:REPO/FILE, python:package.module:name or column:NAME"
)


def make_provider(
    spec: str | None,
    *,
    base_url: str | None,
    timeouts: Timeouts,
    environ: Mapping[str, str],
    place: str,
    local_url: str | None = None,
    shares_list: bool = False,
    is_asked: bool = True,
    api: Api = CHAT,
) -> Provider:
    """The provider that a specification names. Nothing is sent.

    Args:
        spec: What the user wrote; ``None`` for ``openai``.
        base_url: The endpoint of ``openai``, or several, as `read_endpoints` reads them; other
            providers have none.
        timeouts: Limits on one call.
        environ: The environment, for API keys and Azure's variables.
        place: ``--llm-provider`` or ``--llm-judge-provider``, for error texts.
        local_url: Base URL of a server that another process has started for a ``local:``
            specification.
        shares_list: Whether a judge's ``base_url`` is the one of the model under test, so that its
            keys fit.
        is_asked: Whether it will ever be asked; if not, it needs no key, and a local model with a
            name no file.
        api: Which call of an endpoint answers; any but a chat is for the model of the request
            alone.

    Raises:
        InputError: The specification, or what it needs, cannot be used.
    """
    prefix, _, rest = (spec or "openai").partition(":")
    if prefix == "openai" and not rest:
        return _openai(base_url, timeouts, environ, place, shares_list, is_asked, api)
    if prefix == "local" and rest:
        model = known_models().get(rest)
        if model is not None and not is_asked:
            return LocalProvider(
                models_folder() / model.file, local_url, place, model.sha256, is_asked=False
            )
        return LocalProvider(
            local_file(rest, place), local_url, place, model.sha256 if model else None
        )
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
    base_url: str | None,
    timeouts: Timeouts,
    environ: Mapping[str, str],
    place: str,
    shares_list: bool,
    is_asked: bool,
    api: Api,
) -> Provider:
    is_judge = place in JUDGING
    if not base_url:
        azure, key = _azure(environ), default_key(environ, is_judge)
        if not key and is_asked:
            service, usual = (azure.endpoint, AZURE_KEY) if azure else (OPENAI_HOST, OPENAI_KEY)
            remedy = f"For an endpoint of your own, which may need none, set {_url_option(place)}."
            raise InputError(f"{_no_key(service, usual, 1, place)} {remedy}")
        return OpenAIProvider(None, key or NO_KEY, timeouts, azure, api=api)
    endpoints = read_endpoints(base_url, environ, _url_option(place))
    keys = endpoint_keys(environ, endpoints, is_judge, shares_list)
    providers = []
    for number, (endpoint, key) in enumerate(zip(endpoints, keys, strict=True), start=1):
        if not key and is_asked and endpoint.usual_key and (endpoint.azure or len(endpoints) > 1):
            raise InputError(_no_key(public_url(endpoint.url), endpoint.usual_key, number, place))
        url = None if endpoint.azure else endpoint.url
        model = endpoint.model if api is CHAT else ""  # what the list names is a chat model
        providers.append(OpenAIProvider(url, key or NO_KEY, timeouts, endpoint.azure, model, api))
    return providers[0] if len(providers) == 1 else FailoverProvider(providers)


def _no_key(service: str, usual: str, number: int, place: str) -> str:
    own = JURY_KEY if place == JURY else own_keys(number, place in JUDGING, False)[0]
    return f"{place}: found no API key for {service}; allowed: a key in the environment variable {own} or {usual}."


def _azure(environ: Mapping[str, str]) -> Azure | None:
    endpoint = environ.get(AZURE_ENDPOINT)
    if not endpoint:
        return None
    version = environ.get(AZURE_VERSION)
    if not version:
        raise SettingError(
            AZURE_VERSION, "", ALLOWED_VERSION, f"{AZURE_ENDPOINT} is set, so Azure is asked."
        )
    return Azure(checked_url(endpoint, AZURE_ENDPOINT), version)


def _url_option(place: str) -> str:
    return (
        "--llm-jury MODEL@URL"
        if place == JURY
        else "--llm-judge-base-url"
        if place in JUDGING
        else "--llm-base-url"
    )
