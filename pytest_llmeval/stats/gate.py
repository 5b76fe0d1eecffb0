"""The regression gate, which turns the scores of two runs over the same cases into a verdict.

It answers three questions about the mean difference d̄, at a one-sided level of 95%:

1. Is the candidate worse? (The upper bound U of the difference is below 0.)
2. Is it worse by an amount that matters? (d̄ is at or below minus the margin. The default margin is
   2 points of 100.)
3. If it is not shown to be worse, is a drop as large as the margin ruled out? (The lower bound L is
   above minus the margin.)

Worse by the margin is REGRESSED. Worse by less is WARN. Not worse, with a drop ruled out, is OK.
The rest is INCONCLUSIVE, because a run that is too small or too noisy to show a drop may have one.

Cases without a score in the candidate may be those that broke. So the third answer is given twice,
for the scores that there are and with the worst score for the missing ones, and OK needs both.

The test of the first question depends on the scores:

- the exact McNemar test with Tango's bounds, for pass/fail scores of independent cases;
- Student's t with a standard error for clusters, for the rest. If fewer than 30 clusters changed,
  or more than half of them did not, a permutation of signs, which assumes no distribution, has to
  agree;
- Student's t for a random part of the cases, whose change the baseline's scores of all cases
  correct (`stats.control_variates`).

Every bound but Tango's allows for changes that no case has shown (`stats.unseen`). So a run of 20
cases that all stayed as they were is not called OK, be they at the floor of the scale or not. A few
cases that became slightly worse are not called REGRESSED where a rare gain would make up for them.
No minimum number of cases is needed.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pytest_llmeval.records.comparison import GateResult
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.verdicts import Verdict
from pytest_llmeval.stats.comparability import not_compared
from pytest_llmeval.stats.control_variates import corrected_change
from pytest_llmeval.stats.intervals import proportion_interval
from pytest_llmeval.stats.multiple_tests import holm
from pytest_llmeval.stats.paired import (
    ROUNDING,
    Change,
    PairedScores,
    paired_change,
    rules_out,
    t_bounds,
    t_p,
)
from pytest_llmeval.stats.paired_proportions import mcnemar_p, tango_bounds
from pytest_llmeval.stats.power import Detection, cases_needed, detectable_drop
from pytest_llmeval.stats.reasons import reason
from pytest_llmeval.stats.sign_flip import DRAWS, sign_flip
from pytest_llmeval.stats.stream import evidence_of_drop

_FEW_CLUSTERS = 30
"""Clusters, counted as if of equal size, below which a permutation has to agree."""

_MANY_TIES = 0.5
"""Share of unchanged clusters above which it has to: few clusters make the spread."""


_Key = TypeVar("_Key", bound=Hashable)
"""The name of a metric, or any other key of its scores."""


@dataclass(frozen=True)
class GateRules:
    """The parameters of a gate.

    Attributes:
        margin: Smallest drop that matters, from 0 to 1; 0.02 is 2 points of 100.
        alpha: One-sided probability of a false alarm.
        draws: Number of random permutations.
        seed: Seed of the permutations.
    """

    margin: float = 0.02
    alpha: float = 0.05
    draws: int = DRAWS
    seed: int = 0


USUAL = GateRules()


def gate(scores: PairedScores, rules: GateRules = USUAL, *, identical: bool = False) -> GateResult:
    """Judge one metric.

    Args:
        scores: The paired scores. Without any, the result is ERROR.
        rules: Margin, level, permutations.
        identical: Whether every answer equals the baseline's, which makes the result OK.
    """
    return gate_metrics({"": scores}, rules, identical=identical)[""]


def gate_metrics(
    scores: Mapping[_Key, PairedScores],
    rules: GateRules | Mapping[_Key, GateRules] = USUAL,
    *,
    identical: bool | Collection[_Key] = False,
) -> dict[_Key, GateResult]:
    """Judge several metrics of one run together.

    "Worse" is decided by Holm's adjusted p-values, so that ten metrics do not raise ten times the
    false alarms. OK needs no adjustment: a run is OK only if every metric is (an intersection-union
    test: Berger, Technometrics 24, 1982).

    Args:
        scores: Paired scores by metric.
        rules: The same rules for all metrics, or rules by metric.
        identical: Whether every answer equals the baseline's, or the metrics for which that is
            true.
    """
    rules_of = dict.fromkeys(scores, rules) if isinstance(rules, GateRules) else rules
    if isinstance(identical, bool):
        identical_names = set(scores) if identical else set()
    else:
        identical_names = set(identical)
    measured = {name: measure(paired, rules_of[name]) for name, paired in scores.items()}
    tested = {name: facts.p for name, (facts, _) in measured.items() if facts.p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    results = {}
    for name, (facts, change) in measured.items():
        if change is None:
            results[name] = facts
            continue
        facts = replace(
            facts,
            adjusted_p=adjusted.get(name, facts.p),
            metrics=max(1, len(tested)),
            is_identical=name in identical_names,
            e_value=evidence_of_drop(scores[name]),
        )
        facts = _with_worst(facts, scores[name], rules_of[name])
        results[name] = _judged(_with_power(facts, change))
    return results


def measure(scores: PairedScores, rules: GateRules) -> tuple[GateResult, Change | None]:
    """Measure everything but the verdict, the power and the e-value.

    Returns:
        The facts and the change; without any case an ERROR, and no change.
    """
    if not scores.before:
        return not_compared("nothing to compare: no case has a score in both runs"), None
    change = paired_change(scores)
    corrected = corrected_change(scores, change)
    if corrected is not None:
        change = corrected.change
    facts = GateResult(
        "INCONCLUSIVE",
        "",
        change=change.mean,
        error=change.error,
        n=change.n,
        clusters=change.clusters,
        changed=change.changed,
        before=_mean(scores.before),
        after=_mean(scores.after),
        margin=rules.margin,
        alpha=rules.alpha,
        narrowed=corrected.narrowed if corrected is not None else None,
    )
    if change.error is None:
        return facts, change
    lower, upper = _bounds(scores, change, rules.alpha)
    facts = replace(facts, lower=lower, upper=upper)
    if _is_table(scores, change):
        return _agreeing(_by_mcnemar(facts, scores)), change
    facts = replace(facts, p=t_p(change, rules.alpha), test="t")
    if change.effective >= _FEW_CLUSTERS and change.ties <= _MANY_TIES:
        return facts, change
    flipped = sign_flip(change.sums, rules.draws, rules.seed)
    if facts.p is not None and flipped.p < facts.p:
        return facts, change
    facts = replace(facts, p=flipped.p, seed=flipped.seed, test="permutation")
    return _agreeing(facts), change


def _agreeing(facts: GateResult) -> GateResult:
    """Widen the interval to 0 where the test that decides shows no change for the worse."""
    if facts.p is None or facts.upper is None or facts.p < facts.alpha:
        return facts
    return replace(facts, upper=max(facts.upper, 0.0))


def _with_worst(facts: GateResult, scores: PairedScores, rules: GateRules) -> GateResult:
    """Add the change in which every missing score is the worst."""
    if not scores.missing:
        return facts
    worst = scores.with_worst()
    change = paired_change(worst)
    # With a missing case there are two clusters, so there are bounds.
    lower, _ = _bounds(worst, change, rules.alpha)
    return replace(facts, missing=len(scores.missing), worst=change.mean, worst_lower=lower)


def _with_power(facts: GateResult, change: Change) -> GateResult:
    """Add what such a run detects; the verdict does not depend on it."""
    detection = Detection(
        facts.margin,
        facts.alpha,
        facts.metrics,
        is_table=facts.test == "mcnemar",
        is_sparse=change.ties > _MANY_TIES,
    )
    return replace(
        facts,
        detectable=detectable_drop(change, detection),
        cases_needed=cases_needed(change, detection),
    )


def _is_table(scores: PairedScores, change: Change) -> bool:
    values = {*scores.before, *scores.after}
    if change.is_corrected:
        return False
    return scores.is_pass_fail and change.clusters == change.n and values <= {0, 1}


def _bounds(scores: PairedScores, change: Change, alpha: float) -> tuple[float, float]:
    """Return the one-sided bounds: of a table Tango's, of other scores those of the t test."""
    lower, upper = t_bounds(change, alpha)
    if not _is_table(scores, change):
        return lower, upper
    tango_lower, tango_upper = tango_bounds(*_flips(scores), change.n, alpha)
    # Tango's bound of a run without a change rules out 2% with 133 cases, which is too few.
    return min(lower, tango_lower), tango_upper


def _by_mcnemar(facts: GateResult, scores: PairedScores) -> GateResult:
    lost, gained = _flips(scores)
    return replace(
        facts,
        p=mcnemar_p(lost, gained),
        test="mcnemar",
        lost=lost,
        gained=gained,
        before=proportion_interval(round(sum(scores.before)), facts.n),
        after=proportion_interval(round(sum(scores.after)), facts.n),
    )


def _flips(scores: PairedScores) -> tuple[int, int]:
    """Return how many cases of a table were lost and gained."""
    pairs = list(zip(scores.before, scores.after, strict=True))
    return pairs.count((1, 0)), pairs.count((0, 1))


def _judged(facts: GateResult) -> GateResult:
    is_shown = facts.is_identical or rules_out(facts.lower, facts.margin)
    if facts.missing:
        is_shown = is_shown and rules_out(facts.worst_lower, facts.margin)
    facts = replace(facts, is_shown=is_shown)
    judged = replace(facts, verdict=verdict_of(facts))
    return replace(judged, reason=reason(judged))


def verdict_of(facts: GateResult) -> Verdict:
    """Return the verdict on a metric or a slice whose figures are known."""
    if facts.is_identical:
        return "OK" if facts.is_shown else "INCONCLUSIVE"
    if facts.change is None or facts.adjusted_p is None:
        return "INCONCLUSIVE"
    if facts.adjusted_p < facts.alpha:
        return "REGRESSED" if facts.change <= -facts.margin + ROUNDING else "WARN"
    return "OK" if facts.is_shown else "INCONCLUSIVE"


def _mean(values: Sequence[float]) -> Interval:
    return Interval(math.fsum(values) / len(values), None, None, len(values))
