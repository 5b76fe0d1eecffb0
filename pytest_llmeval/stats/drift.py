"""The test whether a judge gives the same texts other scores than before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_llmeval.stats.paired import ROUNDING
from pytest_llmeval.stats.sign_flip import sign_flip

_LEVEL = 0.1
"""Level of the test. After a false alarm the baseline is judged again, by the same judge; a judge
that moved, and was not seen to, makes a wrong verdict.
"""

FEWEST = 5
"""Number of scores below which no shift can be shown."""


@dataclass(frozen=True)
class Shift:
    """The change of a judge's scores of the same texts.

    Attributes:
        mean: Mean of now minus then.
        changed: Number of texts whose score changed.
        p: Two-sided p-value of "the judge is as before".
    """

    mean: float
    changed: int
    p: float

    @property
    def is_drift(self) -> bool:
        """Whether the judge has changed."""
        return self.p < _LEVEL


def judge_shift(then: Sequence[float], now: Sequence[float]) -> Shift:
    """Test a judge's scores of the same texts for a shift, by flipping the signs of the changes.

    A judge that only varies from call to call moves a score up as often as down. The two-sided
    p-value is twice the smaller one-sided one. Five scores that all moved the same way are a shift.

    Args:
        then: At least one score, from 0 to 1.
        now: The scores of the same texts now.
    """
    changes = [new - old for old, new in zip(then, now, strict=True)]
    changes = [0.0 if abs(change) < ROUNDING else change for change in changes]
    lower = sign_flip(changes).p
    higher = sign_flip([-change for change in changes]).p
    return Shift(
        math.fsum(changes) / len(changes),
        sum(change != 0.0 for change in changes),
        min(1.0, 2 * min(lower, higher)),
    )
