"""The regression gate, which turns the scores of two runs over the same cases into a verdict.

It answers three questions about the mean difference d̄, at a one-sided level of 95%:

1. Is the candidate worse? (The upper bound U of the difference is below 0.)
2. Is it worse by an amount that matters? (d̄ is at or below minus the margin. The default margin is
   2 points of 100.)
3. If it is not shown to be worse, is a drop as large as the margin ruled out? (The lower bound L is
   above minus the margin.)

Worse by the margin is REGRESSED. Worse by less is WARN. Not worse, with a drop ruled out, is OK.
The rest is INCONCLUSIVE, because a run that is too small or too noisy to show a drop may have one.

The test of the first question depends on the scores:

- the exact McNemar test with Tango's bounds, for pass/fail scores of independent cases;
- a permutation of signs, which assumes no distribution, for fewer than 30 clusters or if more than
  half of them did not change in sum. Clusters of unequal size count as fewer clusters: if one holds
  a third of the cases, the t test would call the same system worse in 13% of the runs;
- Student's t with a standard error for clusters, for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pytest_llmeval.records.comparison import GateResult
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.verdicts import Verdict
from pytest_llmeval.stats.comparability import (
    MANY_CLUSTERS,
    MIN_CHANGED,
    MIN_CLUSTERS,
    not_compared,
)
from pytest_llmeval.stats.intervals import wilson_interval
from pytest_llmeval.stats.multiple_tests import holm
from pytest_llmeval.stats.paired import ROUNDING, Change, PairedScores, paired_change, t_bounds, t_p
from pytest_llmeval.stats.paired_proportions import mcnemar_p, tango_bounds
from pytest_llmeval.stats.power import FEW_CLUSTERS, cases_needed, detectable_drop
from pytest_llmeval.stats.reasons import reason
from pytest_llmeval.stats.sign_flip import DRAWS, sign_flip

_MANY_TIES = 0.5
"""Share of unchanged clusters above which a permutation decides: few clusters make the spread."""


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
    measured = {name: _measure(paired, rules_of[name]) for name, paired in scores.items()}
    tested = {
        name: facts.p
        for name, facts in measured.items()
        if facts.p is not None and facts.clusters >= MIN_CLUSTERS
    }
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    results = {}
    for name, facts in measured.items():
        if facts.verdict == "ERROR":
            results[name] = facts
            continue
        adjusted_p = adjusted.get(name, facts.p)
        results[name] = _judged(facts, adjusted_p, len(tested), name in identical_names)
    return results


def _measure(scores: PairedScores, rules: GateRules) -> GateResult:
    """Measure everything but the verdict."""
    if not scores.before:
        return not_compared("nothing to compare: no case has a score in both runs")
    change = paired_change(scores)
    is_table = _is_table(scores, change)
    facts = GateResult(
        "INCONCLUSIVE",
        "",
        change=change.mean,
        error=change.error,
        detectable=detectable_drop(change, rules.margin, rules.alpha, is_exact=is_table),
        cases_needed=cases_needed(change, rules.margin, rules.alpha, is_exact=is_table),
        n=change.n,
        clusters=change.clusters,
        changed=change.changed,
        before=_mean(scores.before),
        after=_mean(scores.after),
        margin=rules.margin,
        alpha=rules.alpha,
    )
    if change.error is None:
        return facts
    if is_table:
        return _by_mcnemar(facts, scores, rules)
    lower, upper = t_bounds(change, rules.alpha)
    facts = replace(facts, lower=lower, upper=upper, p=t_p(change), test="t")
    if change.effective >= FEW_CLUSTERS and change.ties <= _MANY_TIES:
        return facts
    flipped = sign_flip(change.sums, rules.draws, rules.seed)
    return replace(facts, p=flipped.p, seed=flipped.seed, test="permutation")


def _is_table(scores: PairedScores, change: Change) -> bool:
    values = {*scores.before, *scores.after}
    return scores.is_pass_fail and change.clusters == change.n and values <= {0, 1}


def _by_mcnemar(facts: GateResult, scores: PairedScores, rules: GateRules) -> GateResult:
    pairs = list(zip(scores.before, scores.after, strict=True))
    lost = pairs.count((1, 0))
    gained = pairs.count((0, 1))
    lower, upper = tango_bounds(lost, gained, facts.n, rules.alpha)
    return replace(
        facts,
        p=mcnemar_p(lost, gained),
        lower=lower,
        upper=upper,
        test="mcnemar",
        lost=lost,
        gained=gained,
        before=wilson_interval(round(sum(scores.before)), facts.n),
        after=wilson_interval(round(sum(scores.after)), facts.n),
    )


def _judged(
    facts: GateResult, adjusted_p: float | None, metrics: int, identical: bool
) -> GateResult:
    shown = identical or (
        _rules_out(facts) and facts.clusters >= MIN_CLUSTERS and not _is_sparse(facts)
    )
    facts = replace(
        facts,
        adjusted_p=adjusted_p,
        metrics=max(1, metrics),
        is_shown=shown,
        is_identical=identical,
    )
    judged = replace(facts, verdict=_verdict(facts))
    return replace(judged, reason=reason(judged))


def _verdict(facts: GateResult) -> Verdict:
    if facts.is_identical:
        return "OK"
    if facts.clusters < MIN_CLUSTERS or facts.change is None or facts.adjusted_p is None:
        return "INCONCLUSIVE"
    if facts.adjusted_p < facts.alpha:
        return "REGRESSED" if facts.change <= -facts.margin + ROUNDING else "WARN"
    return "OK" if facts.is_shown else "INCONCLUSIVE"


def _rules_out(facts: GateResult) -> bool:
    return facts.lower is not None and facts.lower > -facts.margin + ROUNDING


def _is_sparse(facts: GateResult) -> bool:
    """Return whether so few clusters changed that "no drop" could be luck."""
    return facts.changed < MIN_CHANGED and facts.clusters < MANY_CLUSTERS


def _mean(values: Sequence[float]) -> Interval:
    return Interval(math.fsum(values) / len(values), None, None, len(values))
