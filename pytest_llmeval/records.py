"""The records on their way from a golden file to a score. All are frozen.

Their fields hold only built-in types and records, so `pytest_llmeval.wire` can turn each into JSON and back.
"""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmeval.errors import SettingError, Unjudged

Message = Mapping[str, Any]
"""One chat message in the shape of the OpenAI API: ``{"role": "user", "content": "…"}``."""

COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq}


@dataclass(frozen=True)
class Source:
    """Where a case stands.

    Attributes:
        file: Golden file, relative to the root directory, with forward slashes.
        line: Line where the row starts, from 1 (in Parquet: the row number).
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Threshold:
    """A bound on one Score of one case: the score of ``metric`` compared with ``bound``.

    Attributes:
        metric: Name of the metric or judge, for example ``rubric`` or ``toxicity.insult``.
        comparison: One of ``>= <= > < ==``.
        params: Arguments of the metric, for example ``{"text": "refund"}`` for ``contains``.
        origin: Who asked for it: ``row``, ``marker``, ``command line``, ``environment`` or ``ini``.
    """

    metric: str
    comparison: str
    bound: float
    params: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.metric} {self.comparison} {self.bound:.10g}"

    def is_met_by(self, score: Score) -> bool:
        """Whether a score keeps the bound.

        Raises:
            Unjudged: The score is unscored.
        """
        return bool(COMPARISONS[self.comparison](score, self.bound))

    @classmethod
    def parse(cls, text: str, origin: str) -> Threshold:
        """Read ``toxicity<=0.2``.

        Raises:
            SettingError: The text is not ``NAME COMPARISON NUMBER``.
        """
        for sign in COMPARISONS:  # the two-character signs stand first
            name, found, bound = (part.strip() for part in text.partition(sign))
            if found and name and not set(name) & set("<>=!"):
                with contextlib.suppress(ValueError):
                    if math.isfinite(number := float(bound)):
                        return cls(name, sign, number, origin=origin)
                break
        allowed = "NAME, one of >= <= > < ==, and a number, for example 'toxicity<=0.2'"
        raise SettingError(f"threshold ({origin})", text, allowed)


@dataclass(frozen=True)
class Case:
    """One row of a golden file.

    Attributes:
        id: Unique within its file; part of the test's node id.
        prompt: What is asked; for a chat, the text of the last user message.
        messages: The whole chat, where the golden file has one; else empty.
        expected: The accepted answer, or ``None``.
        contexts: Passages the answer may rest on.
        tags: Classification of the case.
        metadata: Every other column, by its name in the file; absent cells are left out.
        thresholds: Bounds given in the row itself.
        source: Where the row stands.
        must_pass: Whether further samples settle a missed bound; ``None`` if the row does not say. In a result: what
            row, marker and settings come to.
    """

    id: str
    prompt: str
    source: Source
    messages: tuple[Message, ...] = ()
    expected: str | None = None
    contexts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    must_pass: bool | None = None


@dataclass(frozen=True)
class Parameters:
    """Sampling parameters of one call; ``None`` and empty mean: not sent, the endpoint decides.

    Names and meanings are those of the OpenAI chat completions API; ``extra_body`` is merged into the request.
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
        body = {name: value for name, value in vars(self).items() if value not in (None, ()) and name != "extra_body"}
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
        cached: Whether the answer came from an earlier run, by a store or a recording, instead of a call of this one.
        call: Id of the call that gave it; two cases that one call has answered have the same. Empty if none did;
            behind `CALLS` those that an application has made, joined by the same.
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


@dataclass(frozen=True)
class Scale:
    """The range of a score, ``None`` where unbounded; which end is good; its unit, empty for a plain number."""

    low: float | None = None
    high: float | None = None
    higher_is_better: bool = True
    unit: str = ""


UNIT_SCALE = Scale(0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Score:
    """The result of one Scorer on one completion. Compares with numbers like its value.

    Attributes:
        name: Name of the metric or judge.
        value: The number, or ``None``: unscored. Aggregates skip it and count it.
        scale: Range and direction.
        reason: Why, in a few words.
        version: Version of the scorer and of what it rests on; for a judge, its fingerprint.
        error: Why there is no value, where there is none.
        raw: What the scorer saw, for example the judge's last reply.
        parts: Further numbers behind the value, for example every label of a classifier.
        calls: The model calls that the score cost; empty for a metric.
    """

    name: str
    value: float | None
    scale: Scale = UNIT_SCALE
    reason: str = ""
    version: str = ""
    error: str | None = None
    raw: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    calls: tuple[Completion, ...] = ()

    def __bool__(self) -> bool:
        raise TypeError(f"{self.name}: a score is no yes or no; compare it with a number")

    def __float__(self) -> float:
        if self.value is None:
            raise Unjudged(self.name, self.error)
        return self.value

    def __lt__(self, other: float) -> bool:
        return float(self) < float(other)

    def __le__(self, other: float) -> bool:
        return float(self) <= float(other)

    def __gt__(self, other: float) -> bool:
        return float(self) > float(other)

    def __ge__(self, other: float) -> bool:
        return float(self) >= float(other)

    def __eq__(self, other: object) -> bool:
        """Equal to a number, also to ``pytest.approx``: by value. Equal to a Score: in every field."""
        if isinstance(other, Score):
            return vars(self) == vars(other)
        return NotImplemented if other is None or isinstance(other, str) else float(self) == other

    def __hash__(self) -> int:
        return hash(self.value)
