"""A sequential probability ratio test that separates a broken must-pass case from a flaky one.

After each draw it compares the log-likelihood ratio of "broken" (the case passes with probability
p1) against "fine" (it passes with p0) with two bounds. Source: Wald, "Sequential Tests of
Statistical Hypotheses", Annals of Mathematical Statistics 16 (1945).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

MustPassResult = Literal["fine", "broken", "inconclusive"]

FINE = 0.95
"""Pass rate of a fine case."""

BROKEN = 0.70
"""Pass rate of a broken case."""

FALSE_ALARM = 0.01
"""Approximate upper bound of the probability that a fine case is called broken."""

MISS = 0.10
"""Approximate upper bound of the probability that a broken case is called fine."""

_MAX_DRAWS = 30
"""Draws after which the test is inconclusive, which limits its cost."""

PASS_STEP = math.log(BROKEN / FINE)
"""Change of the log-likelihood ratio by a draw that passes: -0.305."""

FAILURE_STEP = math.log((1 - BROKEN) / (1 - FINE))
"""Change of the log-likelihood ratio by a draw that fails: +1.792."""

FINE_BOUND = math.log(MISS / (1 - FALSE_ALARM))
"""Log-likelihood ratio at or below which the case is fine: -2.29."""

BROKEN_BOUND = math.log((1 - MISS) / FALSE_ALARM)
"""Log-likelihood ratio at or above which the case is broken: 4.50."""


@dataclass(frozen=True)
class SequentialTest:
    """The draws so far, without the failure that started the test, which would bias it.

    Attributes:
        passes: Draws that passed.
        failures: Draws that failed.
    """

    passes: int = 0
    failures: int = 0

    @property
    def draws(self) -> int:
        """Number of all draws."""
        return self.passes + self.failures

    @property
    def ratio(self) -> float:
        """The log-likelihood ratio of broken against fine."""
        return self.passes * PASS_STEP + self.failures * FAILURE_STEP

    @property
    def verdict(self) -> MustPassResult | None:
        """The result of the draws so far; ``None`` if another draw is needed."""
        if self.ratio <= FINE_BOUND:
            return "fine"
        if self.ratio >= BROKEN_BOUND:
            return "broken"
        return "inconclusive" if self.draws >= _MAX_DRAWS else None

    def after(self, passed: bool) -> SequentialTest:
        """Return the test with one more draw."""
        if passed:
            return replace(self, passes=self.passes + 1)
        return replace(self, failures=self.failures + 1)
