"""Whether a case that must pass is broken or only flickers: a sequential probability ratio test.

Source: Wald, "Sequential Tests of Statistical Hypotheses", Annals of Mathematical Statistics 16
(1945). After each draw the log-likelihood ratio of "broken" (it passes with p1) against "fine" (it
passes with p0) is compared with two bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

MustPassResult = Literal["fine", "broken", "inconclusive"]

FINE, BROKEN = 0.95, 0.70
"""How often a case passes that is fine, and one that is broken."""

FALSE_ALARM, MISS = 0.01, 0.10
"""How often a fine case is taken for broken, and a broken one for fine, at most and nearly."""

MOST_DRAWS = 30
"""Draws after which the test is given up: it costs no more than that."""

PASS_STEP, FAILURE_STEP = math.log(BROKEN / FINE), math.log((1 - BROKEN) / (1 - FINE))
"""What a draw adds to the log-likelihood ratio: -0.305 where it passes, +1.792 where it fails."""

FINE_BOUND, BROKEN_BOUND = math.log(MISS / (1 - FALSE_ALARM)), math.log((1 - MISS) / FALSE_ALARM)
"""At or below -2.29 the case is fine, at or above 4.50 it is broken."""


@dataclass(frozen=True)
class SequentialTest:
    """The draws so far. The failure that raised the question is none of them: it would decide by itself.

    Attributes:
        passes: Draws that passed.
        failures: Draws that failed.
    """

    passes: int = 0
    failures: int = 0

    @property
    def draws(self) -> int:
        """Draws in all."""
        return self.passes + self.failures

    @property
    def ratio(self) -> float:
        """The log-likelihood ratio of broken against fine."""
        return self.passes * PASS_STEP + self.failures * FAILURE_STEP

    @property
    def verdict(self) -> MustPassResult | None:
        """What the draws say; ``None``: draw again."""
        if self.ratio <= FINE_BOUND:
            return "fine"
        if self.ratio >= BROKEN_BOUND:
            return "broken"
        return "inconclusive" if self.draws >= MOST_DRAWS else None

    def after(self, passed: bool) -> SequentialTest:
        """The test after one more draw."""
        if passed:
            return replace(self, passes=self.passes + 1)
        return replace(self, failures=self.failures + 1)
