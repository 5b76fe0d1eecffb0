"""Any OpenAI-compatible endpoint, and Azure OpenAI, through the ``openai`` SDK."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pytest_llmeval.errors import CallError, CallRefused
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.providers.finish import is_answer
from pytest_llmeval.providers.openai.body import keep_encoded
from pytest_llmeval.providers.openai.connection import MOST_REDIRECTS, check_proxies
from pytest_llmeval.providers.openai.exchange import CHAT, Api, Exchange
from pytest_llmeval.providers.openai.keys import NO_KEY
from pytest_llmeval.providers.openai.memory import Memory, ModelMemory
from pytest_llmeval.providers.openai.size import limited
from pytest_llmeval.providers.reading import ENDPOINT
from pytest_llmeval.providers.spec import Timeouts
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.redaction import Secrets

if TYPE_CHECKING:
    from openai import AsyncOpenAI


_RECORDED = "openai"
_DEFAULT_URL = "https://api.openai.com/v1"

_LARGE_PROMPT = 50_000
"""Characters from which sending can stall, because a request may exceed a socket's buffers."""


@dataclass(frozen=True)
class Azure:
    """An Azure OpenAI resource. The model of a request is the name of its deployment.

    Attributes:
        endpoint: For example ``https://NAME.openai.azure.com``.
        api_version: For example ``2024-10-21``.
    """

    endpoint: str
    api_version: str


class OpenAIProvider(BaseProvider):
    """Answers through one call of an endpoint, usually ``POST /chat/completions``.

    The raw ``post`` of the SDK takes half the CPU time of ``chat.completions.create``, and its
    aiohttp client is the fastest. That client has no time-out for sending, so the few large
    requests go through the SDK's default client.

    Args:
        base_url: Base URL, or ``None`` for OpenAI itself. Every request includes its query.
        api_key: The key. No message, repr or record contains it.
        timeouts: Time limits on one call.
        azure: The Azure resource, instead of a base URL.
        model: Overrides the model of every request, unless empty.
        api: The kind of call.
        memory: What is known of the models of this process's endpoints.
        secrets: The secrets of the process, which learn the key and the query of the URL.
        url_origin: The setting that holds the base URL, for error texts; empty for OpenAI itself.
    """

    sees_case = False

    def __init__(
        self,
        base_url: str | None,
        api_key: str,
        timeouts: Timeouts,
        azure: Azure | None = None,
        model: str = "",
        api: Api = CHAT,
        memory: Memory | None = None,
        secrets: Secrets | None = None,
        url_origin: str = "",
    ) -> None:
        self._api = api
        self._memory = memory or Memory()
        self._url = base_url or _DEFAULT_URL
        self._key = api_key
        self._timeouts = timeouts
        self._azure = azure
        self.models = (model,)
        self._secrets = secrets or Secrets()
        if api_key != NO_KEY:
            self._secrets.learn_key(api_key)
        self._secrets.learn_addresses(self._url)
        self._address = f"the base URL ({url_origin})" if url_origin else "the base URL"
        # As it was written: the SDK would lose empty and repeated parameters.
        query = "" if azure else urlsplit(self._url).query
        self._path = f"{api.path}?{query}" if query else api.path
        self._clients: dict[bool, AsyncOpenAI] = {}
        self.endpoint = public_url(azure.endpoint if azure else self._url)
        self._target = f"{model}@{self.endpoint}" if model else self.endpoint
        version = f"?api-version={azure.api_version}" if azure else ""
        self.fingerprint: str | None = f"{ENDPOINT}{self._target}{api.mark}{version}"

    def __repr__(self) -> str:
        return f"OpenAIProvider({self._target!r})"

    async def complete(self, request: Request) -> Completion:
        """Answer one request with one call, without retries.

        Raises:
            RequestAdapted: The endpoint refused a part of the request, and the next one differs.
            CallTimeout: No answer within the time limits.
            RateLimited: HTTP 429.
            EndpointDown: No connection, 5xx, 409 or 425, or a reply that broke off.
            CallRefused: Any other 4xx, or a request that cannot be sent.
            NoAnswer: The model ended without an answer.
            BadReply: The answer is not of the requested kind.
        """
        outcome = await self._outcome(request)
        if isinstance(outcome, CallError):
            # Raised here, outside the except blocks: an SDK exception in the context holds the key.
            raise outcome
        return outcome

    def added_tokens(self, request: Request) -> int:
        """Return the room that a request gets because its model was seen to reason first."""
        adaptation = self._memory_of(request).adaptation
        return (request.parameters.reasoning_room or 0) if adaptation.reasons else 0

    def is_answer(self, completion: Completion) -> bool:
        """Return whether a stored completion is an answer: it says something, and is whole."""
        return is_answer(completion)

    def recorded(self, request: Request) -> tuple[str, Request]:
        """Return the kind of call, and the request with the model that is called."""
        model = self.models[0] or request.model
        return f"{_RECORDED}{self._api.mark}", replace(request, model=model)

    async def close(self) -> None:
        """Close the connections."""
        while self._clients:
            await self._clients.popitem()[1].close()

    async def _outcome(self, request: Request) -> Completion | CallError:
        model = self.models[0] or request.model
        memory = self._memory_of(request)
        large = (
            sum(len(str(message.get("content"))) for message in request.messages) >= _LARGE_PROMPT
        )
        # Made before the clock starts: the first client imports the SDK.
        client = self._client(large)
        async with memory.sending() as adaptation:
            exchange = Exchange(
                self._api,
                request,
                model,
                self.endpoint,
                memory,
                adaptation,
                self._hide,
                self._address,
            )
            try:
                started = time.perf_counter()
                reply = await client.post(self._path, body=exchange.body, cast_to=_response_class())
                return exchange.read(reply, time.perf_counter() - started)
            except Exception as error:  # the SDK also passes on errors of aiohttp and ValueErrors
                return exchange.failed(error)

    def _memory_of(self, request: Request) -> ModelMemory:
        model = self.models[0] or request.model
        return self._memory.of(self.endpoint + self._api.mark, model)

    def _client(self, large: bool) -> AsyncOpenAI:
        """Return the client for small or large requests, made in the running event loop."""
        if large not in self._clients:
            problem = ""
            try:
                check_proxies()
                self._clients[large] = self._new_client(large)
            except (OSError, ValueError) as error:  # a file of certificates, or a proxy
                problem = self._hide(f"{type(error).__name__}: {error}")
            if problem:
                raise CallRefused(
                    f"{self.endpoint}: no client can be made ({problem}). Check the environment "
                    "variables SSL_CERT_FILE, SSL_CERT_DIR, HTTP_PROXY, HTTPS_PROXY and ALL_PROXY."
                )
        return self._clients[large]

    def _new_client(self, large: bool) -> AsyncOpenAI:
        from openai import (
            AsyncAzureOpenAI,
            AsyncOpenAI,
            DefaultAioHttpClient,
            DefaultAsyncHttpxClient,
            Timeout,
        )

        limits = self._timeouts
        client_class = limited(DefaultAsyncHttpxClient if large else DefaultAioHttpClient)
        options: dict[str, Any] = {
            "api_key": self._key,
            "max_retries": 0,  # retries live in the engine
            "timeout": Timeout(
                None, connect=limits.connect_s, read=limits.read_s, write=limits.write_s
            ),
            "http_client": client_class(
                event_hooks={"response": [keep_encoded]}, max_redirects=MOST_REDIRECTS
            ),
        }
        if self._azure:
            endpoint, version = self._azure.endpoint, self._azure.api_version
            return AsyncAzureOpenAI(azure_endpoint=endpoint, api_version=version, **options)
        url = urlunsplit(urlsplit(self._url)._replace(query="", fragment=""))
        return AsyncOpenAI(base_url=url, **options)

    def _hide(self, text: str) -> str:
        return self._secrets.hide_reply(text)


def _response_class() -> Any:
    """Return the SDK's response class: of httpx2, or of httpx before openai 3."""
    from openai import DefaultAioHttpClient

    library = next(
        base.__module__ for base in DefaultAioHttpClient.__mro__ if base.__name__ == "AsyncClient"
    )
    return sys.modules[library.partition(".")[0]].Response


def public_url(url: str) -> str:
    """Remove credentials, parameters, query and fragment from a URL."""
    parts = urlsplit(url)
    path = parts.path.partition(";")[0].rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))
