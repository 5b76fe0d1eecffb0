"""Bounds on the figures of a run: pass rate, mean, percentile, worst tag, cost, latency, share of unscored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pytest_llmeval.errors import nearest
from pytest_llmeval.gating.rules import COST, LATENCY, UNSCORED, BoundRule
from pytest_llmeval.gating.scores import CaseScores, RunScores
from pytest_llmeval.records.comparison import GateOutcome
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.run import Traffic
from pytest_llmeval.stats.comparability import UNSCORED_PERCENT
from pytest_llmeval.stats.intervals import percentile, wilson_bounds
from pytest_llmeval.text import count, percent

_WILSON_ALPHA = 0.05
NO_CASE = "no case was tried: there is nothing to gate"


class _Figure(NamedTuple):
    """A number of a run.

    Attributes:
        value: The number; ``None`` where there is none.
        n: Cases that it rests on.
        text: The number in words, or why there is none.
    """

    value: float | None
    n: int
    text: str


def check_bound(rule: BoundRule, scores: RunScores, traffic: Traffic) -> GateOutcome:
    """Whether a run keeps a bound. Without any case, or with too many that have no score, that is an error.

    Args:
        rule: The bound.
        scores: The run, without the cases in quarantine.
        traffic: What the run has sent.
    """
    found = _figure(rule, scores, traffic)
    if found.value is None:
        return GateOutcome(rule.text, "error", found.text, None, found.n)
    is_met = rule.is_met_by(found.value)
    return GateOutcome(rule.text, "met" if is_met else "missed", found.text, found.value, found.n)


def _figure(rule: BoundRule, scores: RunScores, traffic: Traffic) -> _Figure:
    tried = [entry for entry in scores.entries.values() if entry.outcome != "skipped"]
    n = len(tried) + scores.lost
    if not n:
        return _Figure(None, 0, NO_CASE)
    if rule.metric == COST:
        return _cost(traffic, n)
    if rule.metric == LATENCY:
        return _latency(rule.aggregate, tried)
    if rule.metric == UNSCORED:
        missing = scores.lost + sum(_is_unjudged(entry) for entry in tried)
        return _Figure(
            missing / n,
            n,
            f"{missing} of {count(n, 'case')} could not be judged ({percent(missing / n)})",
        )
    return _of_metric(rule, scores, tried)


def _is_unjudged(entry: CaseScores) -> bool:
    return entry.outcome == "error" or any(not mark.values for mark in entry.marks.values())


def _cost(traffic: Traffic, n: int) -> _Figure:
    if traffic.unpriced:
        text = (
            f"the price of {traffic.unpriced} calls is unknown; give it with the ini key llm_prices"
        )
        return _Figure(None, n, text)
    return _Figure(traffic.usd, n, f"the run cost {traffic.usd:.4f} US dollars")


def _latency(aggregate: str, tried: Sequence[CaseScores]) -> _Figure:
    values = [seconds for entry in tried for seconds in entry.latencies]
    if not values:
        return _Figure(
            None, 0, "no answer was waited for: all came from the cache, a recording or a column"
        )
    value = _aggregate(aggregate, values)
    return _Figure(
        value,
        len(values),
        f"{aggregate} of the latency is {value:.3f} s over {len(values)} answers",
    )


def _of_metric(rule: BoundRule, scores: RunScores, tried: Sequence[CaseScores]) -> _Figure:
    metric = rule.metric
    asked = [entry for entry in tried if metric in entry.marks or entry.outcome == "error"]
    scored = {entry.key: mean for entry in asked if (mean := _mean(entry, metric)) is not None}
    if not any(metric in entry.marks for entry in tried):
        hint = nearest(metric, scores.scales)
        return _Figure(
            None,
            0,
            f"no case has a score {metric!r}; there are {', '.join(scores.scales) or 'none'}. {hint}".strip(),
        )
    missing, n = len(asked) - len(scored) + scores.lost, len(asked) + scores.lost
    if rule.aggregate == UNSCORED:
        return _Figure(
            missing / n,
            n,
            f"{missing} of {count(n, 'case')} without {metric} ({percent(missing / n)})",
        )
    if not scored or 100 * missing > UNSCORED_PERCENT * n:
        text = f"{missing} of {count(n, 'case')} without {metric}; at most {UNSCORED_PERCENT}% may lack it"
        return _Figure(None, len(scored), text)
    if rule.aggregate == "worst_tag":
        return _worst_tag(metric, scores, [entry for entry in tried if entry.key in scored])
    if metric == PASS_RATE:
        return _pass_rate(rule.aggregate, list(scored.values()))
    value = _aggregate(rule.aggregate, list(scored.values()))
    return _Figure(
        value,
        len(scored),
        f"{rule.aggregate} of {metric} is {value:.4g} over {count(len(scored), 'case')}",
    )


def _pass_rate(aggregate: str, values: Sequence[float]) -> _Figure:
    """The pass rate, with Wilson's one-sided bounds at 95%."""
    n, passed = len(values), math.fsum(values)
    low, high = wilson_bounds(round(passed), n, _WILSON_ALPHA)
    sure = f"at least {percent(low)}, at most {percent(high)}, each 95% sure"
    text = f"{percent(passed / n)} of {count(n, 'case')} passed ({sure})"
    return _Figure(low if aggregate == "low" else passed / n, n, text)


def _worst_tag(metric: str, scores: RunScores, scored: Sequence[CaseScores]) -> _Figure:
    by_tag: dict[str, list[float]] = {}
    for entry in scored:
        for tag in dict.fromkeys(entry.tags):
            by_tag.setdefault(tag, []).append(_mean(entry, metric) or 0.0)
    if not by_tag:
        return _Figure(None, 0, "no case has a tag")
    means: Mapping[str, float] = {
        tag: math.fsum(values) / len(values) for tag, values in by_tag.items()
    }
    is_rising = scores.scales[metric].higher_is_better
    worst = min(means, key=lambda tag: (means[tag] if is_rising else -means[tag], tag))
    n = len(by_tag[worst])
    return _Figure(
        means[worst],
        n,
        f"{metric} is worst for the tag {worst!r}: mean {means[worst]:.4g} over {count(n, 'case')}",
    )


def _mean(entry: CaseScores, metric: str) -> float | None:
    return entry.marks[metric].mean if metric in entry.marks else None


def _aggregate(name: str, values: Sequence[float]) -> float:
    if name == "mean":
        return math.fsum(values) / len(values)
    if name in ("min", "max"):
        return min(values) if name == "min" else max(values)
    found = percentile(values, int(name.removeprefix("p")))
    return 0.0 if found is None else found  # there is at least one value
