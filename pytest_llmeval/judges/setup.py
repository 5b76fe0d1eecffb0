"""What a judge is made with: who answers for it, and how it is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.judges.prompting import CONTROL_TOKENS, prompt_file
from pytest_llmeval.judges.rubrics import ONLY, Rubric, default_rubric
from pytest_llmeval.protocols import BaseScorer, Provider
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale

_TOP_LOGPROBS = 10  # room for the six digits and their spellings with a space
_FORMATS = ("json_schema", "json_object", "text", "rating")
_RATING = "rating"


class Opponent(Protocol):
    """Whose answers an answer is compared with."""

    @property
    def name(self) -> str:
        """What identifies it, for the fingerprint: ``column:reference``, ``model:gpt-4o``, ``run:…``."""
        ...

    def answer(self, case: Case) -> Awaitable[Completion]:
        """Its answer to a case.

        Raises:
            LLMEvalError: It has none; the message says why.
        """
        ...


@dataclass(frozen=True)
class JudgeSetup:
    """What a judge of any kind is made with.

    Attributes:
        provider: What answers for the judge.
        model: Name of the judge model.
        response_format: ``json_schema``, ``json_object``, ``text`` for an endpoint that has
            neither, or ``rating`` for a model that writes no JSON: it ends its words with
            ``[[4]]``, where a kind can read that.
        logprobs: Weigh whole scores by their probability, where a kind has such scores (see
            `expected_value`).
        max_tokens: Longest reply, in tokens.
        temperature: Sampling temperature.
        samples: Replies that are averaged where a kind asks several times.
        rubrics: What is judged by, by name, where a kind has a rubric and is given nothing of its
            own.
        opponent: Whose answers ``pairwise`` compares with; ``None`` if nobody's.
        jury: The means of each juror; empty without a jury.
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
        """What of it belongs into the fingerprint of every kind.

        Where the provider has no fingerprint, only what is sent to it is covered.
        """
        return {
            "model": self.model,
            "provider": self.provider.fingerprint,
            "control_tokens": prompt_file(CONTROL_TOKENS),
        }

    def parameters(
        self, schema: Any, logprobs: bool = False, temperature: float | None = None
    ) -> Parameters:
        """How the judge is sampled.

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
        )

    @property
    def rates(self) -> bool:
        """Whether replies are words that end with a mark, in kinds that can read them."""
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
        name: What thresholds, markers and reports call it.
        make: Makes a judge from `JudgeSetup` and the kind's parameters, which are annotated keywords.
        scale: Range and direction of its scores.
        about: What the number says, in a line.
        source: Who published the protocol.
        only: What to do where parts or parameters are asked for that a metric of the same name has,
            and the kind not.
    """

    name: str
    make: Callable[..., BaseScorer]
    scale: Scale
    about: str
    source: str
    only: str = ""
