"""The provider of an endpoint, of Azure, or of a list, from base URL and environment."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_llmeval.errors import MissingKeyError, SettingError
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.providers.openai.embedding import EMBEDDINGS
from pytest_llmeval.providers.openai.endpoints import (
    ALLOWED_VERSION,
    AZURE_VERSION,
    OPENAI_HOST,
    checked_url,
    endpoint_keys,
    read_endpoints,
)
from pytest_llmeval.providers.openai.exchange import CHAT
from pytest_llmeval.providers.openai.failover import FailoverProvider
from pytest_llmeval.providers.openai.keys import (
    AZURE_ENDPOINT,
    AZURE_KEY,
    JUDGE_KEY,
    JURY_KEY,
    MODEL_KEY,
    NO_KEY,
    OPENAI_KEY,
    dedicated_keys,
    default_key,
    juror_environment,
)
from pytest_llmeval.providers.openai.memory import Memory
from pytest_llmeval.providers.openai.provider import Azure, OpenAIProvider, public_url
from pytest_llmeval.providers.spec import ProviderRequest

_APIS = {"chat": CHAT, "embedding": EMBEDDINGS}


def make_openai(request: ProviderRequest) -> BaseProvider:
    """Make the provider of the base URL, or else of Azure or of OpenAI itself.

    Raises:
        InputError: An address cannot be used, or a key is missing.
    """
    environ = _environment(request)
    if not request.base_url:
        return _default(request, environ)
    endpoints = read_endpoints(request.base_url, environ, request.url_origin)
    shares_list = request.base_url == request.model_url
    keys = endpoint_keys(environ, endpoints, request.is_judge, shares_list)
    api = _APIS[request.service]
    memory = _memory(request)
    providers = []
    for number, (endpoint, key) in enumerate(zip(endpoints, keys, strict=True), start=1):
        needs_key = endpoint.usual_key and (endpoint.azure or len(endpoints) > 1)
        if not key and request.is_called and needs_key:
            service = public_url(endpoint.url)
            raise MissingKeyError(_no_key(request, service, endpoint.usual_key or "", number))
        url = None if endpoint.azure else endpoint.url
        # What the list names is a chat model.
        model = endpoint.model if request.service == "chat" else ""
        providers.append(
            OpenAIProvider(
                url,
                key or NO_KEY,
                request.timeouts,
                endpoint.azure,
                model,
                api,
                memory,
                request.secrets,
                request.url_origin,
            )
        )
    return providers[0] if len(providers) == 1 else FailoverProvider(providers)


def _default(request: ProviderRequest, environ: Mapping[str, str]) -> BaseProvider:
    """Make the provider of Azure if the environment names a resource, else of OpenAI."""
    azure = _azure(environ)
    key = default_key(environ, request.is_judge)
    if not key and request.is_called:
        service, usual = (azure.endpoint, AZURE_KEY) if azure else (OPENAI_HOST, OPENAI_KEY)
        option = "--llm-judge-base-url" if request.is_judge else "--llm-base-url"
        remedy = f"For an endpoint without a key, set {option}."
        raise MissingKeyError(f"{_no_key(request, service, usual, 1)} {remedy}")
    api = _APIS[request.service]
    return OpenAIProvider(
        None,
        key or NO_KEY,
        request.timeouts,
        azure,
        api=api,
        memory=_memory(request),
        secrets=request.secrets,
        url_origin=AZURE_ENDPOINT if azure else "",
    )


def _memory(request: ProviderRequest) -> Memory:
    """Return what this process knows of its endpoints, which all roles share."""
    memory: Memory = request.shared.setdefault("openai", Memory())
    return memory


def _environment(request: ProviderRequest) -> Mapping[str, str]:
    """Return the environment for key lookup, since a juror's key goes to no other host."""
    if not request.juror:
        return request.environ
    fitting: tuple[str, ...] = ()
    if request.base_url == request.judge_url:
        fitting += (JUDGE_KEY,)
    if request.base_url == request.model_url:
        fitting += (MODEL_KEY, OPENAI_KEY, AZURE_KEY)
    return juror_environment(request.environ, request.juror, fitting)


def _no_key(request: ProviderRequest, service: str, usual: str, number: int) -> str:
    specific = JURY_KEY if request.juror else dedicated_keys(number, request.is_judge, False)[0]
    return (
        f"{request.origin}: found no API key for {service}; allowed: a key in the environment "
        f"variable {specific} or {usual}."
    )


def _azure(environ: Mapping[str, str]) -> Azure | None:
    endpoint = environ.get(AZURE_ENDPOINT)
    if not endpoint:
        return None
    version = environ.get(AZURE_VERSION)
    if not version:
        remedy = f"{AZURE_ENDPOINT} is set, so calls go to Azure."
        raise SettingError(AZURE_VERSION, "", ALLOWED_VERSION, remedy)
    return Azure(checked_url(endpoint, AZURE_ENDPOINT), version)
