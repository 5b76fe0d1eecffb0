"""What a scorer says of one completion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pytest_llmeval.errors import Unjudged
from pytest_llmeval.records.call import Completion


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
        params: Arguments of the scorer, for example ``{"text": "refund"}`` for ``contains``.
        judge: The model that judged, or failed to; of a jury all of them. Empty for a metric.
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
            names = [row.name for row in fields(Score)]
            return all(getattr(self, name) == getattr(other, name) for name in names)
        return NotImplemented if other is None or isinstance(other, str) else float(self) == other

    def __hash__(self) -> int:
        return hash(self.value)


def finite(score: Score) -> Score:
    """The score; unscored, with the reason, if its value is infinite or not a number."""
    if score.value is None or math.isfinite(score.value):
        return score
    return replace(
        score,
        value=None,
        error=score.error or f"the scorer gave {score.value}, not a finite number",
    )


def plain_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a scorer as built-in types, which JSON can hold; of any other object its type."""
    return {str(name): _plain(value) for name, value in params.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return plain_params(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return f"<{type(value).__qualname__}>"
