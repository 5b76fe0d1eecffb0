"""A request to a provider, and its completion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmeval.records.case import Case, Message

_NOT_SENT = ("extra_body", "reasoning_room")
_NEW_LIMIT = "max_completion_tokens"


@dataclass(frozen=True)
class Parameters:
    """Sampling parameters of one call. ``None`` and empty values are not sent.

    Names and meanings are those of the OpenAI chat completions API. ``extra_body`` is merged into
    the request. ``reasoning_room`` is not sent: it is added to ``max_tokens`` for a model that
    turns out to reason before it answers.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    response_format: Mapping[str, Any] | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    reasoning_room: int | None = None

    def as_body(self) -> dict[str, Any]:
        """Return the parameters that are set, as members of a chat completions request body."""
        body: dict[str, Any] = {}
        for name, value in vars(self).items():
            if value not in (None, ()) and name not in _NOT_SENT:
                body[name] = value
        if self.stop:
            body["stop"] = list(self.stop)
        if _NEW_LIMIT in self.extra_body:
            body.pop("max_tokens", None)  # endpoints refuse both together
        return {**body, **self.extra_body}


@dataclass(frozen=True)
class Request:
    """A request to a Provider.

    Attributes:
        messages: The chat to answer.
        model: Model name; empty where the provider is not a model.
        parameters: Sampling parameters.
        sample: Number of the sample of its case, from 0.
        case: The case, for providers that are a whole application; ``None`` for a model.
    """

    messages: tuple[Message, ...]
    model: str = ""
    parameters: Parameters = Parameters()
    sample: int = 0
    case: Case | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens of one call.

    Attributes:
        prompt_tokens: All tokens of the prompt, with those that came from the endpoint's cache.
        completion_tokens: All tokens that the model wrote, with its reasoning.
        cached_tokens: Those of the prompt that the endpoint read from its cache.
        cache_write_tokens: Those of the prompt that the endpoint wrote into its cache.
        reasoning_tokens: Those of the completion that the model wrote before its answer.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True)
class Quota:
    """One rate limit of an endpoint.

    Attributes:
        limit: The limit.
        remaining: What is left of it.
        reset_s: Seconds until it is whole again.
        is_window: Whether all of it comes back at once then, and not little by little.
    """

    limit: float
    remaining: float
    reset_s: float
    is_window: bool = False


@dataclass(frozen=True)
class RateLimits:
    """The rate limits of an endpoint (headers ``x-ratelimit-*``); ``None`` where it sends none."""

    requests: Quota | None = None
    tokens: Quota | None = None


@dataclass(frozen=True)
class TokenLogprob:
    """One token with its natural log probability, and the likeliest tokens at its position."""

    token: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict)


LENGTH = "length"
"""Finish reason of a reply that the token limit cut."""

REFUSAL = "refusal"
"""Finish reason of a reply in which the model itself refuses."""

CALLS = "+"
"""Separator, and beginning, of the ids of calls that an application has made."""


@dataclass(frozen=True)
class Completion:
    """One answer.

    Attributes:
        text: The answer, after extraction.
        raw_text: The original answer, if extraction changed it, or reasoning was taken off it.
        choices: All answers of the call, including the first, where ``n`` > 1; else empty.
        model: Model that answered, as the endpoint names it.
        endpoint: A base URL without credentials, or the name of the provider.
        finish_reason: ``stop``, ``length``, ``refusal`` (the model itself refused), …; empty if
            unknown.
        usage: Tokens, or ``None`` if unknown.
        cost_usd: US dollars, or ``None`` if the price is unknown.
        latency_s: Seconds from sending to the last byte.
        contexts: Passages the answer was made from, where the provider retrieves.
        logprobs: Log probabilities of the tokens; empty if not requested.
        cached: Whether the answer comes from an earlier run, through the store or a recording.
        call: Id of the call. Cases that one call has answered share it. Empty without a call. For
            an application, the ids of its calls, each with `CALLS` before it.
        made_at: Time of the call, ISO 8601 with UTC offset; empty if unknown.
        rate_limits: Rate limits of the endpoint, for the engine alone: they are not stored.
        adapted: What the endpoint refused, and so was sent differently, in words.
        system_fingerprint: The configuration behind the model, as the endpoint names it; empty if
            it names none.
    """

    text: str
    raw_text: str = ""
    choices: tuple[str, ...] = ()
    model: str = ""
    endpoint: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    cost_usd: float | None = None
    latency_s: float = 0.0
    contexts: tuple[str, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    cached: bool = False
    call: str = ""
    made_at: str = ""
    rate_limits: RateLimits | None = None
    adapted: tuple[str, ...] = ()
    system_fingerprint: str = ""

    def __str__(self) -> str:
        return self.text

    @property
    def resolved_model(self) -> str:
        """The model and the configuration that answered, as the endpoint names them."""
        return resolved_model(self.model, self.system_fingerprint)


def resolved_model(model: str, system_fingerprint: str) -> str:
    """Write who answered: ``gpt-4o-2024-08-06 (fp_44709d6fcb)``."""
    return f"{model} ({system_fingerprint})" if system_fingerprint else model


@dataclass(frozen=True)
class Embedding:
    """A text as a vector.

    Attributes:
        vector: Its coordinates.
        limit: How much of a longer text was read, such as ``256 tokens``; empty for all of it.
        problem: Why the vector says nothing about the text; empty if it does.
        call: The model call that it cost; ``None`` without a call.
    """

    vector: tuple[float, ...]
    limit: str = ""
    call: Completion | None = None
    problem: str = ""
