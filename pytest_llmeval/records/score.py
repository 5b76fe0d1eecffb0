"""The score of one completion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pytest_llmeval.errors import Unjudged
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.scorer import ScorerKey

LARGEST_NUMBER = 1e100
"""Size of numbers whose squares and products are finite."""


@dataclass(frozen=True)
class Scale:
    """The range of a score (``None`` if unbounded), its good end, and its unit if it has one."""

    low: float | None = None
    high: float | None = None
    higher_is_better: bool = True
    unit: str = ""

    def has(self, value: float) -> bool:
        """Return whether a value is on the scale."""
        is_above_low = self.low is None or value >= self.low
        return is_above_low and (self.high is None or value <= self.high)

    @property
    def range(self) -> str:
        """The range in words: ``from 0 to 5``, ``at least 0``."""
        if self.low is None:
            return "any number" if self.high is None else f"at most {self.high:g}"
        if self.high is None:
            return f"at least {self.low:g}"
        return f"from {self.low:g} to {self.high:g}"


UNIT_SCALE = Scale(0.0, 1.0)

UNDECLARED_REMEDY = (
    "A metric with other values declares its scale: scale = Scale(low, high), with None for an end "
    "that it has not."
)

POSITION_BIAS = "position_bias"
"""Part of a score from both orders of two texts: what the first text gets above its half."""

_FAILED_JUDGE = -1.0


def is_failed_judge(score: float | None, lowest: float) -> bool:
    """Return whether a score is the -1 below its scale that some tools write for a failed judge."""
    return score == _FAILED_JUDGE < lowest


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


@dataclass(frozen=True, eq=False)
class Score:
    """The result of one Scorer on one completion. Compares with numbers like its value.

    Attributes:
        name: Name of the metric or judge.
        value: The number; ``None`` if unscored, which an infinite number and NaN become. Aggregates
            skip and count unscored values.
        scale: Range and direction.
        reason: Reason of the scorer, in a few words.
        version: Version of the scorer and its model; for a judge, its fingerprint.
        error: Why there is no value; ``None`` if there is one.
        raw: Input of the scorer, for example the last reply of the judge.
        parts: Further numbers behind the value, for example every label of a classifier.
        calls: The model calls of the score; empty for a metric.
        params: Arguments of the scorer, for example ``{"text": "refund"}`` for ``contains``.
        judge: The model that judged or failed to judge; all models of a jury. Empty for a metric.
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
    params: Mapping[str, Any] = field(default_factory=dict)
    judge: str = ""

    def __post_init__(self) -> None:
        # NaN would miss every threshold, and infinity meet half of them, without a judgement.
        if self.value is None or _is_finite(self.value):
            return
        shown = self.value if isinstance(self.value, float) else "a number beyond 1e308"
        error = self.error or f"the scorer gave {shown}, not a finite number"
        object.__setattr__(self, "value", None)
        object.__setattr__(self, "error", error)

    @property
    def scorer(self) -> ScorerKey:
        """The key of its scorer, by the recorded arguments."""
        return ScorerKey.of(self.name, self.params)

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self.name}: a Score has no truth value; compare it with a number, e.g. score >= 4"
        )

    def __float__(self) -> float:
        if self.value is None:
            raise Unjudged(self.name, self.error)
        return self.value

    def __lt__(self, number: float, /) -> bool:
        return float(self) < float(number)

    def __le__(self, number: float, /) -> bool:
        return float(self) <= float(number)

    def __gt__(self, number: float, /) -> bool:
        return float(self) > float(number)

    def __ge__(self, number: float, /) -> bool:
        return float(self) >= float(number)

    def __eq__(self, value: object, /) -> bool:
        """Compare with a number or ``pytest.approx`` by value, with a Score in every field."""
        if isinstance(value, Score):
            names = [row.name for row in fields(Score)]
            return all(getattr(self, name) == getattr(value, name) for name in names)
        if value is None or isinstance(value, str):
            return NotImplemented
        return float(self) == value

    def __hash__(self) -> int:
        return hash(self.value)


def plain_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as types that JSON can hold; any other object becomes its type's name."""
    return {str(name): _plain(value) for name, value in params.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return plain_params(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return f"<{type(value).__qualname__}>"
