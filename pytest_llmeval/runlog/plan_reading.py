"""The reading of a plan from a run log: the noise of the scores, and what a case costs."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.errors import InputError, nearest
from pytest_llmeval.gating.comparing import usual_metrics
from pytest_llmeval.gating.pairing import Pair, clusters_of, ends, outside_scale, scaled
from pytest_llmeval.gating.scores import CaseScores, RunScores, run_scores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.records.answer_text import answers_of
from pytest_llmeval.records.plan import MetricPlan, NoiseSource, Plan
from pytest_llmeval.records.result import PASS_RATE, CaseResult, Key
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.lookup import shown
from pytest_llmeval.settings.table import OPTIONS
from pytest_llmeval.stats.paired import ROUNDING, PairedScores
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
from pytest_llmeval.stats.reducers import Reducer, parse_reducer
from pytest_llmeval.summary.costs import case_cost

if TYPE_CHECKING:
    from pytest_llmeval.runlog.log import RunLog

_ANSWERING = ("model", "generation", "judge", "metrics")
"""Sections of the settings that change answers or scores."""

_SAME = frozenset(row.name for row in OPTIONS if row.section in _ANSWERING)
_LEAST_SHARE = 0.5
"""Share of the cases that an earlier run has to have."""

_MOST_READ = 5
"""Earlier runs that are read in search of one with these cases."""

_MEAN = "mean"
"""The reducer that more samples make more precise."""


@dataclass
class _Suite:
    """A run in numbers.

    Attributes:
        run: The run.
        scores: Its scores.
        fresh: Cases whose answer was made in this run, and not taken from a store.
        usd: What each fresh case cost; ``None`` if a price is unknown.
    """

    run: Run
    scores: RunScores
    fresh: set[Key]
    usd: list[float | None]

    @property
    def usd_per_case(self) -> float | None:
        """Mean US dollars of a case; ``None`` if unknown."""
        known = [usd for usd in self.usd if usd is not None]
        if not known or len(known) < len(self.usd):
            return None
        return math.fsum(known) / len(known)

    def reducer(self, metric: str) -> Reducer | None:
        """Return the reducer that made the values of a metric of several samples.

        It is that of the settings if it gives these values. A marker may have set another one, and
        the pass of a case is a threshold on its reduced scores.

        Returns:
            ``None`` if it is unknown.
        """
        reducer = _reducer_of(self.run.settings)
        if reducer is None or reducer.is_vote:
            return None
        higher = self.scores.scales[metric].higher_is_better
        for case in self.scores.cases.values():
            made = case.by_metric.get(metric)
            if made is None or made.reduced is None:
                continue
            if len(made.values) < reducer.k:
                return None
            if abs(reducer.reduce(made.values, higher) - made.reduced) > ROUNDING:
                return None
        return reducer


def _reducer_of(settings: Mapping[str, str]) -> Reducer | None:
    """Return the reducer of the settings of a run; ``None`` if they name none that is known."""
    samples = settings.get("samples", "1")
    try:
        return parse_reducer(settings.get("reducer", "mean"), int(samples))
    except (ValueError, InputError):
        return None


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
    fresh: set[Key] = set()
    usd: list[float | None] = []

    def results() -> Iterator[CaseResult]:
        for result in log.results(run.id):
            if result.outcome == "skipped":
                continue
            if any(not answer.cached for answer in answers_of(result, with_draws=True)):
                fresh.add(result.key)
                usd.append(case_cost(result).total)
            yield result

    return _Suite(run, run_scores(shown(run), results(), cluster), fresh, usd)


def _earlier(log: RunLog, suite: _Suite, earlier: Iterable[Run], cluster: str) -> _Suite | None:
    """Return the newest earlier run of the same settings over at least half of the cases.

    Only answers that the suite's run made itself show noise: one that it took from a store may be
    that of the earlier run. Few runs are read, because a run of these settings mostly has these
    cases.
    """
    least = _LEAST_SHARE * len(suite.scores.cases)
    if not suite.fresh or len(suite.fresh) < least:
        return None
    settings = _answering(suite.run)
    alike = (run for run in earlier if run.id != suite.run.id and _answering(run) == settings)
    for run in islice(alike, _MOST_READ):
        before = _read(log, run, cluster)
        shared = [key for key in suite.fresh if _is_same(key, suite, before)]
        if len(shared) >= least:
            return before
    return None


def _answering(run: Run) -> dict[str, str]:
    return {name: value for name, value in run.settings.items() if name in _SAME}


def _is_same(key: Key, suite: _Suite, before: _Suite) -> bool:
    """Return whether a case was answered anew, and asks and accepts what it did before."""
    old = before.scores.cases.get(key)
    if old is None or key not in suite.fresh:
        return False
    content = suite.scores.cases[key].content
    return old.content.may_ask_like(content) and old.content.may_accept_like(content)


def _metrics(suite: _Suite, names: Collection[str]) -> tuple[str, ...]:
    ranged = {name: scale for name, scale in suite.scores.scales.items() if ends(scale)}
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
    known = {
        key: case
        for key, case in suite.scores.cases.items()
        if (values := case.by_metric.get(name)) and values.values
    }
    samples = max((len(case.by_metric[name].values) for case in known.values()), default=1)
    evidence = _evidence(name, known, suite, before)
    noise = noise_of(evidence.scores, evidence.samples, evidence.is_averaged)
    compared = len(evidence.scores.before)
    if noise.change.error is not None and compared < len(known):
        noise = replace(noise, change=scaled_to(noise.change, len(known)))
    if evidence.source == "samples":
        noise = with_samples(noise, samples)
    runs = [shown(suite.run)]
    if evidence.source == "runs" and before is not None:
        runs.append(shown(before.run))
    plan = MetricPlan(
        name,
        evidence.source,
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


class _Evidence(NamedTuple):
    """Two runs without a change.

    Attributes:
        source: Where they are from.
        scores: Their scores.
        samples: Samples of each case.
        is_averaged: Whether more samples average their difference.
    """

    source: NoiseSource
    scores: PairedScores
    samples: int
    is_averaged: bool


def _evidence(
    name: str, known: Mapping[Key, CaseScores], suite: _Suite, before: _Suite | None
) -> _Evidence:
    """Return two runs without a change: two of the log, halves of the samples, or shuffled cases.

    A run of half of the samples has less noise than a whole one where the worst or the best of many
    samples counts and they seldom differ, by a third at most.
    """
    samples = min((len(case.by_metric[name].values) for case in known.values()), default=1)
    scale = ends(suite.scores.scales[name]) or (0.0, 1.0)
    reducer = suite.reducer(name)
    # More samples do not make the share of cases that pass a better mean: they pass by all samples.
    is_averaged = name != PASS_RATE and reducer is not None and reducer.name == _MEAN
    pairs = _pairs(name, known, suite, before)
    if len(pairs) >= max(2, _LEAST_SHARE * len(known)):
        old = [scaled(first.by_metric[name], *scale) for first, _ in pairs]
        new = [scaled(second.by_metric[name], *scale) for _, second in pairs]
        scores = _paired(name, suite, old, new, [second for _, second in pairs])
        return _Evidence("runs", scores, samples, is_averaged)
    cases = list(known.values())
    if samples > 1 and reducer is not None and reducer.k <= samples // 2:
        values = [case.by_metric[name].values for case in cases]
        higher = suite.scores.scales[name].higher_is_better
        first_half, second_half, half = split_samples(
            values, lambda part: scaled(MetricValues((reducer.reduce(part, higher),)), *scale)
        )
        scores = _paired(name, suite, first_half, second_half, cases)
        return _Evidence("samples", scores, half, is_averaged)
    alone = [scaled(case.by_metric[name], *scale) for case in cases]
    scores = _paired(name, suite, alone, shuffled_cases(alone), cases)
    return _Evidence("run", scores, samples, is_averaged=False)


def _pairs(
    name: str, known: Mapping[Key, CaseScores], suite: _Suite, before: _Suite | None
) -> list[Pair]:
    """Return the cases that an earlier run of the same settings has, too."""
    if before is None or suite.scores.scales[name] != before.scores.scales.get(name):
        return []
    return [
        (before.scores.cases[key], case)
        for key, case in known.items()
        if _is_same(key, suite, before) and _are_alike(name, before.scores.cases[key], case)
    ]


def _paired(
    name: str,
    suite: _Suite,
    first: Sequence[float],
    second: Sequence[float],
    cases: Iterable[CaseScores],
) -> PairedScores:
    """Return the scores of two runs, which must be on the scale of the metric."""
    low, high = ends(suite.scores.scales[name]) or (0.0, 1.0)
    why = outside_scale(name, (*first, *second), low, high)
    if why:
        raise InputError(f"{shown(suite.run)}: {why}; allowed: scores on that scale")
    return PairedScores(first, second, clusters_of([case.cluster for case in cases]))


def _are_alike(name: str, old: CaseScores, new: CaseScores) -> bool:
    values = old.by_metric.get(name)
    return bool(values and values.values) and new.by_metric[name].may_be_like(old.by_metric[name])


def _priced(plan: MetricPlan, usd: float | None) -> MetricPlan:
    if usd is None:
        return plan
    by_cases = None if plan.cases_needed is None else usd * plan.cases_needed
    by_samples = None
    if plan.samples_needed is not None:
        by_samples = usd * plan.cases * plan.samples_needed / plan.samples
    return replace(plan, usd=usd * plan.cases, usd_cases=by_cases, usd_samples=by_samples)
