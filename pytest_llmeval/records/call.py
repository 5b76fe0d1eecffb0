"""A request to a provider, and its completion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmeval.records.case import Case, Message


@dataclass(frozen=True)
class Parameters:
    """Sampling parameters of one call; ``None`` and empty mean: not sent, the endpoint decides.

    Names and meanings are those of the OpenAI chat completions API; ``extra_body`` is merged into
    the request.
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

    def as_body(self) -> dict[str, Any]:
        """The parameters that are set, as members of a chat completions request body."""
        body = {
            name: value
            for name, value in vars(self).items()
            if value not in (None, ()) and name != "extra_body"
        }
        if self.stop:
            body["stop"] = list(self.stop)
        return {**body, **self.extra_body}


@dataclass(frozen=True)
class Request:
    """What a Provider is asked.

    Attributes:
        messages: The chat to answer.
        model: Model name; empty where the provider is not a model.
        parameters: How to sample.
        sample: Number of the sample of the same case, from 0.
        case: The case, for providers that are a whole application; ``None`` for a bare model.
    """

    messages: tuple[Message, ...]
    model: str = ""
    parameters: Parameters = Parameters()
    sample: int = 0
    case: Case | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens of one call."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Quota:
    """One rate limit as an endpoint tells it: so many a window, so many left, seconds until all are back."""

    limit: float
    remaining: float
    reset_s: float


@dataclass(frozen=True)
class RateLimits:
    """What an endpoint says of its rate limits (headers ``x-ratelimit-*``); ``None`` where it says nothing."""

    requests: Quota | None = None
    tokens: Quota | None = None


@dataclass(frozen=True)
class TokenLogprob:
    """One generated token with its natural log probability, and the likeliest tokens at its place."""

    token: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict)


CALLS = "+"


@dataclass(frozen=True)
class Completion:
    """One answer.

    Attributes:
        text: The answer, after extraction.
        raw_text: The answer as it came, if extraction changed it.
        choices: All answers of the call, the first included, where ``n`` > 1; else empty.
        model: Model that answered, as the endpoint names it.
        endpoint: Who answered: a base URL without credentials, or the provider's name.
        finish_reason: ``stop``, ``length``, …; empty if unknown.
        usage: Tokens, or ``None`` if unknown.
        cost_usd: US dollars, or ``None`` if the price is unknown.
        latency_s: Seconds from sending to the last byte.
        contexts: Passages the answer was made from, where the provider retrieves.
        logprobs: Per token, where asked for.
        cached: Whether the answer came from an earlier run, by a store or a recording, instead of a
            call of this one.
        call: Id of the call that gave it; two cases that one call has answered have the same. Empty
            if none did; behind `CALLS` those that an application has made, joined by the same.
        made_at: When that call was made, ISO 8601 with UTC offset; empty if unknown.
        rate_limits: What the endpoint said of its limits. The engine reads it; it is not kept.
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

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Embedding:
    """A text as a vector.

    Attributes:
        vector: Its coordinates.
        is_whole: Whether all of the text was read; a model reads so many tokens.
        call: The model call that it cost, without the vector's text; ``None`` where none was made.
    """

    vector: tuple[float, ...]
    is_whole: bool = True
    call: Completion | None = None
