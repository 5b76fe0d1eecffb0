"""The regression gate of one metric, whose verdict may be read after every case.

The t test and McNemar's are for a number of cases that was fixed before. Whoever looks after every
case and stops when they say "worse" finds a drop in most runs without one. This gate bets on the
differences one by one (`stats.betting`), so it may be read at any time:

- worse: a bet that the mean difference is below 0 has won ``metrics / alpha``. With several metrics
  and baselines each needs as many times more (Bonferroni's correction for e-values);
- no worse: a bet that it is above minus the margin has won ``1 / alpha``. With several metrics all
  have to, so this needs no correction. Cases without a score have lost everything in that bet.

A bet that was once won stays won (Ville's inequality is about all times together). A cluster is one
bet, which is smaller where the cluster is: its sum is divided by the size of the largest one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from pytest_llmeval.records.comparison import GateResult
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.verdicts import Verdict
from pytest_llmeval.stats.betting import Wager, anytime_bounds
from pytest_llmeval.stats.comparability import not_compared
from pytest_llmeval.stats.gate import GateRules
from pytest_llmeval.stats.paired import ROUNDING, PairedScores, paired_change
from pytest_llmeval.stats.reasons import reason


class _Bet(NamedTuple):
    """The sum of the differences of a cluster and its number of cases, by those of the largest."""

    total: float
    weight: float


class AnytimeGate:
    """The gate of one metric.

    Args:
        rules: Margin and level.
        largest: Number of cases of the largest cluster.
    """

    def __init__(self, rules: GateRules, largest: int = 1) -> None:
        self._rules = rules
        self._largest = largest
        self._before: list[float] = []
        self._after: list[float] = []
        self._clusters: list[int] = []
        self._missing: list[float] = []
        self._bets: list[_Bet] = []
        self._worst_bets: list[_Bet] = []
        self._worse = Wager(0.0, is_below=True)
        self._safe = Wager(-rules.margin, is_below=False)
        self._worst_safe = Wager(-rules.margin, is_below=False)

    @property
    def n(self) -> int:
        """Number of cases with a score in both runs."""
        return len(self._before)

    def add(self, pairs: Sequence[tuple[float, float]], missing: Sequence[float] = ()) -> None:
        """Take the next case, or all cases of the next cluster.

        Args:
            pairs: Scores before and after, from 0 to 1, higher is better.
            missing: Scores before of cases that should have one after, and do not.
        """
        differences = [_rounded(after - before) for before, after in pairs]
        if pairs:
            bet = self._bet(differences)
            self._bets.append(bet)
            self._worse.add(*bet)
            self._safe.add(*bet)
        if pairs or missing:
            bet = self._bet([*differences, *(-before for before in missing)])
            self._worst_bets.append(bet)
            self._worst_safe.add(*bet)
        for before, after in pairs:
            self._before.append(before)
            self._after.append(after)
            self._clusters.append(len(self._bets))
        self._missing += missing

    def _bet(self, differences: Sequence[float]) -> _Bet:
        return _Bet(math.fsum(differences) / self._largest, len(differences) / self._largest)

    @property
    def is_safe(self) -> bool:
        """Whether a drop of the margin is ruled out, with missing scores and without them."""
        required = 1 / self._rules.alpha
        return min(self._safe.best, self._worst_safe.best) >= required

    def is_worse(self, metrics: int = 1) -> bool:
        """Return whether a drop is shown, as one of so many metrics."""
        return self._worse.best >= metrics / self._rules.alpha

    def is_regressed(self, metrics: int = 1) -> bool:
        """Return whether a drop is shown, and the measured one is at least the margin."""
        return self.is_worse(metrics) and self._mean <= -self._rules.margin + ROUNDING

    @property
    def _mean(self) -> float:
        return (math.fsum(self._after) - math.fsum(self._before)) / self.n

    def result(self, metrics: int = 1) -> GateResult:
        """Return the verdict now, with its numbers.

        Args:
            metrics: Number of metrics and baselines that are judged together.
        """
        if not self._before:
            return not_compared("nothing to compare: no case has a score in both runs")
        rules = self._rules
        change = paired_change(PairedScores(self._before, self._after, self._clusters))
        lower, upper = _bounds(self._bets, rules.alpha)
        p = min(1.0, 1 / self._worse.best)
        result = GateResult(
            self._verdict(metrics),
            "",
            change=change.mean,
            error=change.error,
            lower=lower,
            upper=upper,
            p=p,
            adjusted_p=min(1.0, metrics * p),
            n=change.n,
            clusters=change.clusters,
            changed=change.changed,
            test="betting",
            metrics=metrics,
            before=_mean(self._before),
            after=_mean(self._after),
            margin=rules.margin,
            alpha=rules.alpha,
            is_shown=self.is_safe,
            e_value=self._worse.value,
        )
        result = self._with_worst(result)
        return replace(result, reason=reason(result))

    def _verdict(self, metrics: int) -> Verdict:
        if self.is_worse(metrics):
            return "REGRESSED" if self.is_regressed(metrics) else "WARN"
        return "OK" if self.is_safe else "INCONCLUSIVE"

    def _with_worst(self, result: GateResult) -> GateResult:
        """Add the change in which every missing score is the worst."""
        if not self._missing:
            return result
        lower, _ = _bounds(self._worst_bets, self._rules.alpha)
        total = math.fsum(self._after) - math.fsum(self._before) - math.fsum(self._missing)
        missing = len(self._missing)
        return replace(result, missing=missing, worst=total / (self.n + missing), worst_lower=lower)


def _bounds(bets: Sequence[_Bet], alpha: float) -> tuple[float, float]:
    return anytime_bounds([bet.total for bet in bets], [bet.weight for bet in bets], alpha)


def _rounded(difference: float) -> float:
    return 0.0 if abs(difference) < ROUNDING else difference


def _mean(values: Sequence[float]) -> Interval:
    return Interval(math.fsum(values) / len(values), None, None, len(values))
