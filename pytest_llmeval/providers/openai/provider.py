"""Any OpenAI-compatible endpoint, and Azure OpenAI, through the ``openai`` SDK."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pytest_llmeval.errors import BadReply, CallError, CallRefused
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.providers.openai.errors import call_error
from pytest_llmeval.providers.openai.keys import NO_KEY
from pytest_llmeval.providers.openai.rate_limits import read_rate_limits
from pytest_llmeval.providers.openai.reply import read_completion
from pytest_llmeval.providers.openai.size import limited
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


@dataclass(frozen=True)
class Api:
    """One kind of call of an endpoint.

    Attributes:
        gives: Name of the result, for error texts.
        path: Path after the base URL.
        body: Makes the body of a request, without the model.
        read: Reads the completion from the body of a reply, or raises `BadReply`.
        mark: Part of the provider's fingerprint that separates it from a chat provider.
    """

    gives: str
    path: str
    body: Callable[[Request], Mapping[str, Any]]
    read: Callable[..., Completion]
    mark: str = ""


def _chat_body(request: Request) -> dict[str, Any]:
    return {
        "messages": [dict(message) for message in request.messages],
        **request.parameters.as_body(),
    }


CHAT = Api("chat completion", "/chat/completions", _chat_body, read_completion)
"""``POST /chat/completions``."""


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
        secrets: Secrets | None = None,
        url_origin: str = "",
    ) -> None:
        self._api = api
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
        self.fingerprint: str | None = f"openai:{self._target}{api.mark}{version}"

    def __repr__(self) -> str:
        return f"OpenAIProvider({self._target!r})"

    async def complete(self, request: Request) -> Completion:
        """Answer one request with one call, without retries.

        Raises:
            CallTimeout: No answer within the time limits.
            RateLimited: HTTP 429.
            EndpointDown: No connection, 5xx, 409 or 425.
            CallRefused: Any other 4xx, or a request that cannot be sent.
            BadReply: The answer is not of the requested kind.
        """
        outcome = await self._outcome(request)
        if isinstance(outcome, CallError):
            # Raised here, outside the except blocks: an SDK exception in the context holds the key.
            raise outcome
        return outcome

    def recorded(self, request: Request) -> tuple[str, Request]:
        """Return the kind of call, and the request with the model that is called."""
        model = self.models[0] or request.model
        return f"{_RECORDED}{self._api.mark}", replace(request, model=model)

    async def close(self) -> None:
        """Close the connections."""
        while self._clients:
            await self._clients.popitem()[1].close()

    async def _outcome(self, request: Request) -> Completion | CallError:
        name = self.models[0] or request.model
        model = {"model": name} if name else {}
        body = {**model, **self._api.body(request)}
        large = (
            sum(len(str(message.get("content"))) for message in request.messages) >= _LARGE_PROMPT
        )
        target = f"{self.endpoint}, model {name!r}" if model else self.endpoint
        # Made before the clock starts: the first client imports the SDK.
        client = self._client(large)
        try:
            started = time.perf_counter()
            reply = await client.post(self._path, body=body, cast_to=_response_class())
            latency_s = time.perf_counter() - started
            completion = self._api.read(
                reply.text, model=name, endpoint=self.endpoint, latency_s=latency_s
            )
            limits = read_rate_limits(reply.headers)
            return replace(completion, rate_limits=limits) if limits else completion
        except BadReply as error:
            bad = BadReply(
                f"{target}: found no {self._api.gives}: {self._hide(str(error))}. "
                "Check the base URL."
            )
            bad.is_transient = error.is_transient
            return bad
        except Exception as error:  # the SDK also passes on errors of aiohttp and ValueErrors
            return call_error(error, target, self._hide, self._address)

    def _client(self, large: bool) -> AsyncOpenAI:
        """Return the client for small or large requests, made in the running event loop."""
        if large not in self._clients:
            problem = ""
            try:
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
        options: dict[str, Any] = {
            "api_key": self._key,
            "max_retries": 0,  # retries live in the engine
            "timeout": Timeout(
                None, connect=limits.connect_s, read=limits.read_s, write=limits.write_s
            ),
            "http_client": limited(DefaultAsyncHttpxClient if large else DefaultAioHttpClient)(),
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
    """Remove credentials, query and fragment from a URL."""
    parts = urlsplit(url)
    return urlunsplit(
        (parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", "")
    )
