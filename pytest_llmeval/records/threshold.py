"""A bound on one Score of one case."""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, SupportsFloat

from pytest_llmeval.errors import SettingError
from pytest_llmeval.records.scorer import ScorerKey

COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}

End = Literal["low", "high"]
"""An end of a scale."""

_ENDS: Mapping[str, frozenset[End]] = {
    ">=": frozenset({"low"}),
    ">": frozenset({"low"}),
    "<=": frozenset({"high"}),
    "<": frozenset({"high"}),
    "==": frozenset({"low", "high"}),
}


_LEAST_PERCENT = 2
"""Least bound that may be a percentage: nobody who writes 1 or 1.5 thinks of percent."""


def ends_of(comparison: str) -> frozenset[End]:
    """Return the ends of the scale from which a comparison bounds a value; ``==`` from both."""
    return _ENDS[comparison]


def can_miss(comparison: str, bound: float, low: float | None, high: float | None) -> bool:
    """Return whether a value between two ends can miss a bound; without an end it can."""
    holds = COMPARISONS[comparison]
    misses_low = "low" in _ENDS[comparison] and (low is None or not holds(low, bound))
    misses_high = "high" in _ENDS[comparison] and (high is None or not holds(high, bound))
    return misses_low or misses_high


def can_meet(comparison: str, bound: float, low: float | None, high: float | None) -> bool:
    """Return whether a value between two ends can meet a bound; without an end it can."""
    if comparison == "==":
        return (low is None or low <= bound) and (high is None or bound <= high)
    best = high if "low" in _ENDS[comparison] else low
    return best is None or bool(COMPARISONS[comparison](best, bound))


def as_share(
    name: str, comparison: str, bound: float, low: float | None, high: float | None
) -> str:
    """Return a question whether a percentage was meant as a share; empty if it was not."""
    if (low, high) != (0, 1) or not _LEAST_PERCENT <= bound <= 100:
        return ""
    share = f"{bound / 100:.10g}"
    return f"Did you mean '{name}{comparison}{share.removeprefix('0')}'?"


@dataclass(frozen=True)
class Threshold:
    """What one Score of one case must reach: the score of ``metric`` compared with ``bound``.

    Attributes:
        metric: Name of the metric or judge, for example ``rubric`` or ``toxicity.insult``.
        comparison: One of ``>= <= > < ==``.
        params: Arguments of the metric, for example ``{"text": "refund"}`` for ``contains``.
        origin: Setting that holds it: ``row``, ``marker``, ``keyword`` (of `evaluate`), a flag such
            as ``--min-score``, a variable, or an ini key.
    """

    metric: str
    comparison: str
    bound: float
    params: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.metric} {self.comparison} {self.bound:.10g}"

    @property
    def is_shared(self) -> bool:
        """Whether its setting holds for all cases, and not for a row or test."""
        return self.origin not in ("row", "marker")

    @property
    def scorer(self) -> ScorerKey:
        """The key of the scorer whose scores it applies to."""
        return ScorerKey.of(self.metric, self.params)

    def is_met_by(self, value: SupportsFloat) -> bool:
        """Return whether a score meets the bound.

        Args:
            value: A Score or its number.

        Raises:
            Unjudged: The score is unscored.
        """
        return bool(COMPARISONS[self.comparison](float(value), self.bound))

    @property
    def ends(self) -> frozenset[End]:
        """The ends of the scale that it bounds a score from; ``==`` bounds it from both."""
        return _ENDS[self.comparison]

    def only(self, ends: frozenset[End]) -> Threshold | None:
        """Return the part of it that bounds a score from these ends; ``None`` without one."""
        rest = self.ends & ends
        if rest == self.ends:
            return self
        if not rest:
            return None
        return replace(self, comparison=">=" if "low" in rest else "<=")

    def can_be_missed(self, low: float | None, high: float | None) -> bool:
        """Return whether a score can miss it; ``>= LOW`` counts, as `requires_nothing` says.

        Args:
            low: The low end of the scale; ``None`` without one.
            high: The high end.
        """
        return can_miss(self.comparison, self.bound, low, high) or self.requires_nothing(low)

    def can_be_met(self, low: float | None, high: float | None) -> bool:
        """Return whether a score can meet it.

        Args:
            low: The low end of the scale; ``None`` without one.
            high: The high end.
        """
        return can_meet(self.comparison, self.bound, low, high)

    def as_share(self, low: float | None, high: float | None) -> str:
        """Return a question whether its percentage was meant as a share; empty if it was not."""
        return as_share(self.metric, self.comparison, self.bound, low, high)

    def requires_nothing(self, low: float | None) -> bool:
        """Return whether it is ``>= LOW``, which takes a score and requires nothing of it."""
        return self.comparison == ">=" and self.bound == low

    @classmethod
    def parse(cls, text: str, origin: str) -> Threshold:
        """Read ``toxicity<=0.2``.

        Raises:
            SettingError: The text is not ``NAME COMPARISON NUMBER``.
        """
        for sign in COMPARISONS:  # the two-character signs stand first
            if sign not in text:
                continue
            name, bound = (part.strip() for part in text.split(sign, 1))
            if name and not set(name) & set("<>=!"):
                with contextlib.suppress(ValueError):
                    if math.isfinite(number := float(bound)):
                        return cls(name, sign, number, origin=origin)
                break
        allowed = "NAME, one of >= <= > < ==, and a number, for example 'toxicity<=0.2'"
        raise SettingError(f"threshold ({origin})", text, allowed)
