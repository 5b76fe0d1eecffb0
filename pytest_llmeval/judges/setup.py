"""What a judge is made from: the model, its provider, and the settings of its calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.judges.prompting import CONTROL_TOKENS, prompt_file
from pytest_llmeval.judges.rubrics import ONLY, Rubric, default_rubric
from pytest_llmeval.protocols import BaseScorer, Provider, adopt_provider
from pytest_llmeval.records.call import Completion, Parameters, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale

_TOP_LOGPROBS = 10  # room for the six digits and their spellings with a space
_FORMATS = ("json_schema", "json_object", "text", "rating")
_RATING = "rating"
_REASONING_TOKENS = 4000
"""Room for a model that turns out to reason before it replies: most need a tenth of it."""


class Opponent(Protocol):
    """A source of answers to compare with."""

    @property
    def name(self) -> str:
        """Identity for the fingerprint: ``column:reference``, ``model:gpt-4o``, ``run:…``."""
        ...

    def answer(self, case: Case) -> Awaitable[Completion]:
        """Return the opponent's answer to a case.

        Raises:
            LLMEvalError: There is none. The message says why.
        """
        ...


@dataclass(frozen=True)
class JudgeSetup:
    """What a judge of any kind is made from.

    Attributes:
        provider: The provider of the judge model.
        model: Name of the judge model.
        response_format: ``json_schema``, ``json_object``, ``text`` for an endpoint that supports
            neither, or ``rating`` for a model that writes no JSON. A ``rating`` ends with a mark
            such as ``[[4]]``, if the kind can read that.
        logprobs: Weigh whole scores by their probability, if the kind has such scores (see
            `expected_value`).
        max_tokens: Maximum length of a reply, in tokens.
        temperature: Sampling temperature.
        extra_body: Further members of the request body.
        samples: Replies to average, if the kind takes samples.
        rubrics: Rubrics by name, for kinds with a rubric that get no criterion.
        opponent: Source of the answers that ``pairwise`` compares with; ``None`` without one.
        jury: The setup of each juror; empty without a jury.
        jury_reducer: ``mean`` or ``median``.

    Raises:
        SettingError: ``response_format`` is none of these.
    """

    provider: Provider
    model: str
    response_format: str = "json_schema"
    logprobs: bool = False
    max_tokens: int = 200
    samples: int = 5
    temperature: float = 0.0
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    rubrics: Mapping[str, Rubric] = field(default_factory=lambda: {ONLY: default_rubric()})
    opponent: Opponent | None = None
    jury: tuple[JudgeSetup, ...] = ()
    jury_reducer: str = "mean"

    def __post_init__(self) -> None:
        if self.response_format not in _FORMATS:
            remedy = nearest(self.response_format, _FORMATS)
            raise SettingError(
                "the judge's response format", self.response_format, " or ".join(_FORMATS), remedy
            )

    @property
    def identity(self) -> dict[str, object]:
        """What belongs to the fingerprint of every kind.

        If the provider has no fingerprint, it covers only what is sent. It leaves out the address
        of an endpoint, as a recording does: the judge is the model, wherever it is called.
        """
        provider = adopt_provider(self.provider)
        name, request = provider.recorded(Request((), self.model))
        return {
            "model": request.model,
            "provider": provider.fingerprint and name,
            "control_tokens": prompt_file(CONTROL_TOKENS),
        }

    def parameters(
        self, schema: Any, logprobs: bool = False, temperature: float | None = None
    ) -> Parameters:
        """Make the sampling parameters of a call.

        Args:
            schema: JSON Schema of the reply, for endpoints that take one.
            logprobs: Whether log probabilities are asked for.
            temperature: Sampling temperature, where the kind's method prescribes one.
        """
        return Parameters(
            temperature=self.temperature if temperature is None else temperature,
            max_tokens=self.max_tokens,
            logprobs=True if logprobs else None,
            top_logprobs=_TOP_LOGPROBS if logprobs else None,
            response_format=self._format(schema),
            extra_body=self.extra_body,
            reasoning_room=_REASONING_TOKENS,
        )

    @property
    def rates(self) -> bool:
        """Whether replies are text with a mark, in kinds that can read them."""
        return self.response_format == _RATING

    def _format(self, schema: Any) -> dict[str, Any] | None:
        if self.response_format != "json_schema":
            return {"type": "json_object"} if self.response_format == "json_object" else None
        return {
            "type": "json_schema",
            "json_schema": {"name": "judgement", "strict": True, "schema": schema},
        }


@dataclass(frozen=True)
class Kind:
    """One kind of judge.

    Attributes:
        name: Name in thresholds, markers and reports.
        make: Makes a judge from `JudgeSetup` and the kind's parameters, which are annotated
            keywords.
        scale: Range and direction of its scores.
        about: Meaning of the number, in a line.
        source: Publication of the protocol.
        only: Remedy if a call uses parts or parameters that only a metric of the same name has.
    """

    name: str
    make: Callable[..., BaseScorer]
    scale: Scale
    about: str
    source: str
    only: str = ""
