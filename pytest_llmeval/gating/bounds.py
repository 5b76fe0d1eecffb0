"""Bounds on figures of a run, such as pass rate, mean, percentile, worst tag, cost and latency."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pytest_llmeval.gating.aggregates import aggregate_of
from pytest_llmeval.gating.rules import COST, LATENCY, LOW, NO_CASE, UNSCORED, WORST_TAG, BoundRule
from pytest_llmeval.gating.scores import CaseScores, RunScores, no_such_score
from pytest_llmeval.records.comparison import GateOutcome
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.run import Traffic
from pytest_llmeval.records.verdicts import GateState
from pytest_llmeval.stats.comparability import UNSCORED_PERCENT
from pytest_llmeval.stats.intervals import proportion_bounds
from pytest_llmeval.text import count, percent

_BOUND_ALPHA = 0.05


class _Figure(NamedTuple):
    """A number of a run.

    Attributes:
        value: The number; ``None`` if it cannot be computed.
        n: Number of cases behind it.
        text: The number in words, or the reason why there is none.
    """

    value: float | None
    n: int
    text: str


def check_bound(rule: BoundRule, scores: RunScores, traffic: Traffic) -> GateOutcome:
    """Check a bound; a run without cases, or with too many unscored cases, is an error.

    Args:
        rule: The bound.
        scores: The run without the cases in quarantine.
        traffic: Calls and cost of the run.
    """
    figure = _figure(rule, scores, traffic)
    if figure.value is None:
        return GateOutcome(rule.text, "error", figure.text, None, figure.n)
    fault = _faulty_bound(rule, figure.value, scores)
    if fault:
        return GateOutcome(rule.text, "error", fault, figure.value, figure.n)
    state: GateState = "met" if rule.is_met_by(figure.value) else "missed"
    return GateOutcome(rule.text, state, figure.text, figure.value, figure.n)


def _figure(rule: BoundRule, scores: RunScores, traffic: Traffic) -> _Figure:
    cases = scores.cases.values()
    if not scores.lost and all(case.outcome == "skipped" for case in cases):
        return _Figure(None, 0, NO_CASE)
    tried = [case for case in cases if case.outcome != "skipped" or case.is_unconfigured]
    n = len(tried) + scores.lost
    if rule.metric == COST:
        return _cost(traffic, n)
    if rule.metric == LATENCY:
        return _latency(rule.aggregate, tried)
    if rule.metric == UNSCORED:
        missing = scores.lost + sum(map(_unjudged_samples, tried))
        share, of_all = _share(missing, tried, scores.lost)
        return _Figure(share, n, f"{of_all} could not be judged ({percent(share)})")
    return _of_metric(rule, scores, tried)


def _faulty_bound(rule: BoundRule, value: float, scores: RunScores) -> str:
    """Return why no run could miss, or meet, a bound on a metric; empty if one could."""
    scale = scores.scales.get(rule.metric)
    if scale is None or rule.fixed_scale is not None or not scale.has(value):
        return ""  # outside its scale is a metric of the user's that declares none
    fault = rule.idleness(scale) or rule.impossibility(scale)
    if not fault:
        return ""
    return f"{fault}. {rule.as_share(scale)}".rstrip(". ")


def _share(missing: int, cases: Sequence[CaseScores], lost: int) -> tuple[float, str]:
    """Return the share of the samples that are missing, as a number and in words."""
    samples = sum(case.samples for case in cases) + lost
    unit = "sample" if samples > len(cases) + lost else "case"
    return missing / samples, f"{missing} of {count(samples, unit)}"


def _unjudged_samples(case: CaseScores) -> int:
    if case.is_unjudged:
        return case.samples
    if case.lost:
        return case.lost
    return 0 if all(values.values for values in case.by_metric.values()) else case.samples


def _unscored_samples(case: CaseScores, metric: str) -> int:
    values = case.by_metric.get(metric)
    if case.is_unjudged or values is None:
        return case.samples
    if values.lost:
        return values.lost
    return 0 if values.values else case.samples


def _cost(traffic: Traffic, n: int) -> _Figure:
    if traffic.unpriced:
        calls = count(traffic.unpriced, "call")
        text = f"the price of {calls} is unknown; set it with the ini key llm_prices"
        return _Figure(None, n, text)
    return _Figure(traffic.usd, n, f"the run cost {traffic.usd:.4f} US dollars")


def _latency(aggregate: str, tried: Sequence[CaseScores]) -> _Figure:
    values = [seconds for case in tried for seconds in case.latencies]
    if not values:
        text = "no live answers: all came from the cache, a recording or a column"
        return _Figure(None, 0, text)
    value = _aggregate(aggregate, values)
    text = f"{aggregate} of the latency is {value:.3f} s over {count(len(values), 'answer')}"
    return _Figure(value, len(values), text)


def _of_metric(rule: BoundRule, scores: RunScores, tried: Sequence[CaseScores]) -> _Figure:
    metric = rule.metric
    if not any(metric in case.by_metric for case in tried):
        return _Figure(None, 0, no_such_score(metric, scores.scales))
    affected = [case for case in tried if metric in case.by_metric or case.is_unjudged]
    scored = {case.key: value for case in affected if (value := case.value_of(metric)) is not None}
    missing = len(affected) - len(scored) + scores.lost
    n = len(affected) + scores.lost
    without = f"{missing} of {count(n, 'case')} without {metric}"
    if rule.aggregate == UNSCORED:
        lost = scores.lost + sum(_unscored_samples(case, metric) for case in affected)
        share, of_all = _share(lost, affected, scores.lost)
        return _Figure(share, n, f"{of_all} without {metric} ({percent(share)})")
    if not scored or 100 * missing > UNSCORED_PERCENT * n:
        text = f"{without}; at most {UNSCORED_PERCENT}% are allowed"
        return _Figure(None, len(scored), text)
    if rule.aggregate == WORST_TAG:
        return _worst_tag(metric, scores, [case for case in tried if case.key in scored])
    if metric == PASS_RATE:
        idle = sum(case.outcome == "passed" and metric not in case.by_metric for case in tried)
        return _pass_rate(rule.aggregate, list(scored.values()), has_idle=idle > 0)
    value = _aggregate(rule.aggregate, list(scored.values()))
    text = f"{rule.aggregate} of {metric} is {value:.4g} over {count(len(scored), 'case')}"
    return _Figure(value, len(scored), text)


def _pass_rate(aggregate: str, values: Sequence[float], has_idle: bool) -> _Figure:
    """Return the pass rate, or its lower bound one-sided at 95%.

    Args:
        aggregate: Which of them.
        values: 1 or 0 for each case that could fail.
        has_idle: Whether other cases could not, which the pass rate of the summary counts as well.
    """
    n = len(values)
    passed = math.fsum(values)
    low, high = proportion_bounds(round(passed), n, _BOUND_ALPHA)
    interval = f"one-sided 95% bounds: {percent(low)}, {percent(high)}"
    cases = f"{count(n, 'case')} that could fail" if has_idle else count(n, "case")
    text = f"pass rate {percent(passed / n)} of {cases} ({interval})"
    return _Figure(low if aggregate == LOW else passed / n, n, text)


def _worst_tag(metric: str, scores: RunScores, scored: Sequence[CaseScores]) -> _Figure:
    by_tag: dict[str, list[float]] = {}
    for case in scored:
        for tag in dict.fromkeys(case.tags):
            by_tag.setdefault(tag, []).append(case.value_of(metric) or 0.0)
    if not by_tag:
        return _Figure(None, 0, "no case has a tag")
    averages: Mapping[str, float] = {
        tag: math.fsum(values) / len(values) for tag, values in by_tag.items()
    }
    sign = 1 if scores.scales[metric].higher_is_better else -1
    worst = min(averages, key=lambda tag: (sign * averages[tag], tag))
    cases = count(len(by_tag[worst]), "case")
    text = f"{metric} is worst for the tag {worst!r}: mean {averages[worst]:.4g} over {cases}"
    return _Figure(averages[worst], len(by_tag[worst]), text)


def _aggregate(name: str, values: Sequence[float]) -> float:
    aggregate = aggregate_of(name)
    if aggregate is None:
        raise ValueError(f"aggregate: found {name!r}; allowed: those of gating/aggregates.py")
    return aggregate(values)
