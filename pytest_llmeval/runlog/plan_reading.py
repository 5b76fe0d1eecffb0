"""The reading of a plan from a run log: the noise of the scores, and what a case costs."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, nearest
from pytest_llmeval.gating.comparing import usual_metrics
from pytest_llmeval.gating.pairing import ends, scaled
from pytest_llmeval.gating.scores import CaseScores, case_scores
from pytest_llmeval.records.plan import MetricPlan, NoiseSource, Plan
from pytest_llmeval.records.result import PASS_RATE, Key
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import UNIT_SCALE, Scale
from pytest_llmeval.runlog.lookup import shown
from pytest_llmeval.settings.table import OPTIONS
from pytest_llmeval.stats.paired import PairedScores
from pytest_llmeval.stats.planning import (
    Goal,
    holdable_margin,
    noise_of,
    planned_cases,
    planned_samples,
    shuffled_cases,
    split_samples,
    visible_drop,
    with_samples,
)
from pytest_llmeval.stats.power import scaled_to
from pytest_llmeval.summary.costs import answers, case_cost

if TYPE_CHECKING:
    from pytest_llmeval.runlog.log import RunLog

_ANSWERING = ("model", "generation", "judge", "metrics")
"""Sections of the settings that change answers or scores."""

_SAME = frozenset(row.name for row in OPTIONS if row.section in _ANSWERING)
_LEAST_SHARE = 0.5
"""Share of the cases that an earlier run has to have."""


@dataclass
class _Suite:
    """A run in numbers.

    Attributes:
        run: The run.
        cases: Scores by case.
        fresh: Cases whose answer was made in this run, and not taken from a store.
        scales: Scales by metric.
        usd: What each fresh case cost.
        unpriced: Whether the price of one is unknown.
    """

    run: Run
    cases: dict[Key, CaseScores] = field(default_factory=dict)
    fresh: set[Key] = field(default_factory=set)
    scales: dict[str, Scale] = field(default_factory=dict)
    usd: list[float] = field(default_factory=list)
    unpriced: bool = False

    @property
    def usd_per_case(self) -> float | None:
        """Mean US dollars of a case; ``None`` if unknown."""
        if self.unpriced or not self.usd:
            return None
        return math.fsum(self.usd) / len(self.usd)


def read_plan(
    log: RunLog, run: Run, earlier: Iterable[Run], goal: Goal, names: Collection[str], cluster: str
) -> Plan:
    """Make a plan for a run's suite.

    Args:
        log: The log that holds the runs.
        run: The run whose suite is planned.
        earlier: Whole runs before it, the newest first.
        goal: What the suite shall show; the number of metrics is counted here.
        names: Metrics to plan; empty for those that the gate would compare.
        cluster: Metadata field that groups dependent cases; empty for none.

    Raises:
        InputError: A metric is unknown, or no case has a score that can be compared.
        RunLogError: The log cannot be read.
    """
    suite = _read(log, run, cluster)
    before = _earlier(log, suite, earlier, cluster)
    metrics = _metrics(suite, names)
    goal = replace(goal, metrics=len(metrics))
    plans = tuple(_planned(name, suite, before, goal) for name in metrics)
    return Plan(goal.drop, goal.power, goal.margin, goal.alpha, plans)


def _read(log: RunLog, run: Run, cluster: str) -> _Suite:
    suite = _Suite(run)
    for result in log.results(run.id):
        if result.outcome == "skipped":
            continue
        case = case_scores(result, cluster)
        suite.cases[case.key] = case
        for score in result.scores:
            suite.scales.setdefault(score.name, score.scale)
        if any(not answer.cached for answer in answers(result)):
            suite.fresh.add(case.key)
            cost = case_cost(result).total
            suite.unpriced = suite.unpriced or cost is None
            suite.usd += [] if cost is None else [cost]
    if any(PASS_RATE in case.by_metric for case in suite.cases.values()):
        suite.scales[PASS_RATE] = UNIT_SCALE
    return suite


def _earlier(log: RunLog, suite: _Suite, earlier: Iterable[Run], cluster: str) -> _Suite | None:
    """Return the newest earlier run of the same settings over at least half of the cases.

    Both runs must have made their answers themselves: an answer of a store has no noise.
    """
    settings = _answering(suite.run)
    if not suite.fresh:
        return None
    for run in earlier:
        if run.id == suite.run.id or _answering(run) != settings:
            continue
        before = _read(log, run, cluster)
        shared = [key for key in suite.fresh if _is_same(key, suite, before)]
        if len(shared) >= _LEAST_SHARE * len(suite.cases):
            return before
    return None


def _answering(run: Run) -> dict[str, str]:
    return {name: value for name, value in run.settings.items() if name in _SAME}


def _is_same(key: Key, suite: _Suite, before: _Suite) -> bool:
    """Return whether a case was answered anew, and asks and accepts what it did before."""
    old = before.cases.get(key)
    if old is None or key not in suite.fresh:
        return False
    content = suite.cases[key].content
    return old.content.may_ask_like(content) and old.content.may_accept_like(content)


def _metrics(suite: _Suite, names: Collection[str]) -> tuple[str, ...]:
    ranged = {name: scale for name, scale in suite.scales.items() if ends(scale)}
    for name in names:
        if name not in ranged:
            allowed = ", ".join(ranged) or "none"
            hint = nearest(name, ranged)
            raise InputError(f"--metric: found {name!r}; allowed: {allowed}. {hint}".rstrip())
    if names:
        return tuple(dict.fromkeys(names))
    usual = tuple(name for name in usual_metrics(ranged) if name in ranged)
    if not usual:
        raise InputError(
            f"{shown(suite.run)}: no case has a score with a range; allowed: a run with scores "
            "from a worst to a best value, or with cases that can fail"
        )
    return usual


def _planned(name: str, suite: _Suite, before: _Suite | None, goal: Goal) -> MetricPlan:
    low, high = ends(suite.scales[name]) or (0.0, 1.0)
    known = {
        key: case
        for key, case in suite.cases.items()
        if (values := case.by_metric.get(name)) and values.values
    }
    samples = max((len(case.by_metric[name].values) for case in known.values()), default=1)
    source, scores, counted = _pairs(name, known, suite, before, (low, high))
    noise = noise_of(scores, counted, source != "run")
    compared = len(scores.before)
    if noise.change.error is not None and compared < len(known):
        noise = replace(noise, change=scaled_to(noise.change, len(known)))
    if source == "samples":
        noise = with_samples(noise, samples)
    runs = [shown(suite.run)]
    if source == "runs" and before is not None:
        runs.append(shown(before.run))
    plan = MetricPlan(
        name,
        source,
        tuple(runs),
        len(known),
        samples,
        noise.change.clusters,
        compared,
        noise.change.error,
        visible_drop(noise, goal),
        holdable_margin(noise, goal),
        planned_cases(noise, goal),
        planned_samples(noise, goal),
    )
    usd = suite.usd_per_case
    if usd is None and before is not None:
        usd = before.usd_per_case
    return _priced(plan, usd)


def _pairs(
    name: str,
    known: dict[Key, CaseScores],
    suite: _Suite,
    before: _Suite | None,
    scale: tuple[float, float],
) -> tuple[NoiseSource, PairedScores, int]:
    """Return two runs without a change, where they are from, and the samples of each case."""
    samples = min((len(case.by_metric[name].values) for case in known.values()), default=1)
    if before is not None and suite.scales[name] == before.scales.get(name):
        pairs = [
            (before.cases[key], case)
            for key, case in known.items()
            if _is_same(key, suite, before) and _are_alike(name, before.cases[key], case)
        ]
        if len(pairs) >= max(2, _LEAST_SHARE * len(known)):
            old = [scaled(first.by_metric[name], *scale) for first, _ in pairs]
            new = [scaled(second.by_metric[name], *scale) for _, second in pairs]
            clusters = _clusters([second for _, second in pairs])
            return "runs", PairedScores(_clipped(old), _clipped(new), clusters), samples
    clusters = _clusters(list(known.values()))
    if samples > 1:
        low, high = scale
        values = [
            [(value - low) / (high - low) for value in case.by_metric[name].values]
            for case in known.values()
        ]
        first_half, second_half, half = split_samples(values)
        scores = PairedScores(_clipped(first_half), _clipped(second_half), clusters)
        return "samples", scores, half
    alone = _clipped([scaled(case.by_metric[name], *scale) for case in known.values()])
    return "run", PairedScores(alone, shuffled_cases(alone), clusters), samples


def _are_alike(name: str, old: CaseScores, new: CaseScores) -> bool:
    values = old.by_metric.get(name)
    return bool(values and values.values) and new.by_metric[name].may_be_like(old.by_metric[name])


def _clusters(cases: Sequence[CaseScores]) -> list[str | int] | None:
    clusters = [case.cluster for case in cases]
    if all(cluster is None for cluster in clusters):
        return None
    return [row if cluster is None else cluster for row, cluster in enumerate(clusters)]


def _clipped(values: Iterable[float]) -> list[float]:
    return [min(1.0, max(0.0, value)) for value in values]


def _priced(plan: MetricPlan, usd: float | None) -> MetricPlan:
    if usd is None:
        return plan
    by_cases = None if plan.cases_needed is None else usd * plan.cases_needed
    by_samples = None
    if plan.samples_needed is not None:
        by_samples = usd * plan.cases * plan.samples_needed / plan.samples
    return replace(plan, usd=usd * plan.cases, usd_cases=by_cases, usd_samples=by_samples)
