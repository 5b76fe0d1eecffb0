"""Comparisons whose verdict may be read after every case, in the order in which cases are run.

A result counts only when all results before it in the random order have come. Which answers come
first would else depend on how long they take, and a quick answer is often a failed one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_llmeval.gating.comparing import Task, compare_runs
from pytest_llmeval.gating.content import UNKNOWN, Content
from pytest_llmeval.gating.pairing import common_ends, is_tried, is_unscored, join, pair, scaled
from pytest_llmeval.gating.resampling import as_in_run, made_like
from pytest_llmeval.gating.scores import CaseScores, RunScores, Selection, is_below
from pytest_llmeval.records.comparison import Comparison, Coverage, MetricComparison
from pytest_llmeval.records.result import Key
from pytest_llmeval.records.score import Scale
from pytest_llmeval.stats.anytime import AnytimeGate
from pytest_llmeval.stats.comparability import (
    lacks_pairs,
    needs_new_baseline,
    not_compared,
    obstacle,
    with_coverage,
)
from pytest_llmeval.stats.gate import GateRules

Gated = Callable[[Mapping[str, Scale]], Mapping[str, GateRules]]
"""Returns the rules of the gated metrics, for the scales of all scores that have come."""

Matching = Mapping[Key, CaseScores]
"""The cases of the baseline by the keys of the run's cases that ask the same."""


@dataclass(frozen=True)
class RunningOrder:
    """The random order of a run's cases; the cases of a cluster follow each other.

    Attributes:
        cases: Keys of the cases.
        clusters: The cluster of each case, or else a text that names no other.
        contents: What each case asks and accepts; nothing where it is unknown.
    """

    cases: tuple[Key, ...] = ()
    clusters: tuple[str, ...] = ()
    contents: Mapping[Key, Content] = field(default_factory=dict)

    @property
    def largest(self) -> int:
        """Number of cases of the largest cluster."""
        return max(Counter(self.clusters).values(), default=1)

    def units(self) -> list[list[Key]]:
        """Return the cases of each cluster, in the order of the clusters."""
        units: dict[str, list[Key]] = {}
        for key, cluster in zip(self.cases, self.clusters, strict=True):
            units.setdefault(cluster, []).append(key)
        return list(units.values())


@dataclass
class _Metric:
    """A metric of a comparison: its bets, and what stands in the way of a verdict."""

    gate: AnytimeGate
    expected: int = 0
    unscored: int = 0
    is_same_judge: bool = True
    is_scaled: bool = True

    @property
    def is_open(self) -> bool:
        """Whether its verdict would be an error now."""
        paired = self.gate.n
        counts = Coverage(paired, paired, self.expected, self.unscored, self.is_same_judge)
        return bool(obstacle(counts)) or not self.is_scaled


class RunningComparison:
    """A comparison with one baseline, case by case.

    Args:
        before: The baseline.
        gated: The rules of the gated metrics.
        largest: Number of cases of the largest cluster.
        matching: The cases of the baseline by the keys of the run's; those in quarantine are not
            among them.
        is_running: Whether the run goes on, so that the baseline was not yet scored again where
            references were edited.
        is_covered: Whether the run was given enough of the baseline's cases for a verdict.
    """

    def __init__(
        self,
        before: RunScores,
        gated: Gated,
        largest: int,
        matching: Matching,
        is_running: bool = True,
        is_covered: bool = True,
    ) -> None:
        self._before = before
        self._largest = largest
        self._matching = matching
        self._is_running = is_running
        self._is_covered = is_covered
        self._gated = gated
        self._metrics: dict[str, _Metric] = {}
        self._scales: dict[str, Scale] = {}

    @property
    def gated(self) -> Mapping[str, GateRules]:
        """The rules of the gated metrics, as far as they are known."""
        return self._gated(self._scales)

    def add(self, unit: Sequence[CaseScores], scales: Mapping[str, Scale]) -> None:
        """Take the next case, or all cases of the next cluster."""
        for name, scale in scales.items():
            self._scales.setdefault(name, scale)
        matched = [(self._matching[new.key], new) for new in unit if new.key in self._matching]
        pairs = [(made_like(old, new, self._before.scales), new) for old, new in matched]
        for name, rules in self.gated.items():
            if any(name in case.by_metric for couple in pairs for case in couple):
                metric = self._metrics.get(name)
                if metric is None:
                    metric = _Metric(AnytimeGate(rules, self._largest))
                    self._metrics[name] = metric
                self._add(name, metric, pairs)

    def _add(
        self, name: str, metric: _Metric, pairs: Sequence[tuple[CaseScores, CaseScores]]
    ) -> None:
        ends = common_ends(self._before.scales.get(name), self._scales.get(name))
        metric.is_scaled = metric.is_scaled and ends is not None
        scored: list[tuple[float, float]] = []
        missing: list[float] = []
        for old, new in pairs:
            if not old.is_comparable(new, name):
                # Its reference was edited, so the baseline is scored again at the end of the run.
                metric.is_same_judge = metric.is_same_judge and not self._is_running
                continue
            metric.expected += is_tried(name, old, new)
            metric.unscored += is_unscored(name, old, new)
            before, after = old.by_metric.get(name), new.by_metric.get(name)
            if ends is None or before is None or not before.values:
                continue
            if after is not None and after.values:
                metric.is_same_judge = metric.is_same_judge and old.is_of_judge(new, name)
                scored.append((scaled(before, *ends), scaled(after, *ends)))
            elif is_unscored(name, old, new):
                missing.append(scaled(before, *ends))
        inside = all(0 <= value <= 1 for couple in scored for value in couple)
        metric.is_scaled = metric.is_scaled and inside
        if metric.is_scaled:
            metric.gate.add(scored, missing)

    def gate_of(self, name: str) -> AnytimeGate | None:
        """Return the gate of a metric; ``None`` without a case that has it."""
        metric = self._metrics.get(name)
        return None if metric is None else metric.gate

    def is_regressed(self, metrics: int) -> bool:
        """Return whether a metric is REGRESSED, as one of so many."""
        if not self._is_covered:
            return False
        known = (self._metrics[name] for name in self.gated if name in self._metrics)
        return any(not metric.is_open and metric.gate.is_regressed(metrics) for metric in known)

    @property
    def is_safe(self) -> bool:
        """Whether every gated metric is shown to be no worse."""
        gated = self.gated
        if not self._is_covered or not gated or any(name not in self._metrics for name in gated):
            return False
        known = (self._metrics[name] for name in gated)
        return all(not metric.is_open and metric.gate.is_safe for metric in known)


@dataclass
class Progress:
    """The comparisons of a run with all its baselines, as results come in any order.

    Attributes:
        order: The order of the cases.
        comparisons: A comparison per rule and baseline.
        counted: Cases that the verdict rests on.
        is_certain: Whether nothing that may still come changes the verdict.
    """

    order: RunningOrder
    comparisons: Sequence[RunningComparison]
    counted: set[Key] = field(default_factory=set)
    is_certain: bool = False

    def __post_init__(self) -> None:
        self._units = self.order.units()
        self._next = 0
        self._waiting: dict[Key, tuple[CaseScores, Mapping[str, Scale]]] = {}

    @property
    def metrics(self) -> int:
        """Number of gated metrics of all comparisons, which share the level."""
        return max(1, sum(len(comparison.gated) for comparison in self.comparisons))

    def take(self, case: CaseScores, scales: Mapping[str, Scale]) -> bool:
        """Take the result of a case, and return whether the verdict is certain."""
        self._waiting[case.key] = case, scales
        while not self.is_certain and self._next < len(self._units):
            unit = self._units[self._next]
            if any(key not in self._waiting for key in unit):
                break
            self._next += 1
            self._count(unit)
        return self.is_certain

    def _count(self, unit: Sequence[Key]) -> None:
        self.counted.update(unit)
        results = [self._waiting[key] for key in unit]
        scales = {name: scale for _, named in results for name, scale in named.items()}
        for comparison in self.comparisons:
            comparison.add([case for case, _ in results], scales)
        metrics = self.metrics
        is_regressed = any(one.is_regressed(metrics) for one in self.comparisons)
        is_safe = bool(self.comparisons) and all(one.is_safe for one in self.comparisons)
        self.is_certain = is_regressed or is_safe


def matching_cases(
    before: RunScores, order: RunningOrder, scope: str = "", left_out: Collection[Key] = ()
) -> Matching:
    """Join the cases of the run with a baseline before any of them has a result.

    Args:
        before: The baseline.
        order: The order of the run's cases, with what they ask.
        scope: The test, class, module or folder whose cases are compared; empty for all.
        left_out: Cases in quarantine.

    Raises:
        InputError: Cases cannot be joined.
    """
    joined = join(before, _unanswered(order, scope), left_out)
    return {new.key: old for old, new in joined.pairs}


def is_covered(
    before: RunScores,
    order: RunningOrder,
    selection: Selection,
    scope: str = "",
    left_out: Collection[Key] = (),
) -> bool:
    """Return whether a run has enough of the baseline's cases, before any of them has a result.

    Without them, the verdict is an error whatever the cases show, and the run goes on to its end.

    Raises:
        InputError: Cases cannot be joined.
    """
    joined = join(before, _unanswered(order, scope), left_out)
    missing = [case for case in joined.removed if selection.includes(case.key[0])]
    known = len(joined.pairs)
    selected = known + len(joined.edited) + len(missing)
    return not lacks_pairs(Coverage(selected, known, known))


def _unanswered(order: RunningOrder, scope: str) -> RunScores:
    cases = {
        key: CaseScores(key, content=order.contents.get(key, UNKNOWN))
        for key in order.cases
        if not scope or is_below(key[0], scope)
    }
    return RunScores("the run", cases)


class _EndedComparison:
    """A comparison after the run, with the cases of the baseline that the run matched them with."""

    def __init__(self, task: Task, order: RunningOrder) -> None:
        self.task = task
        self.joined = as_in_run(join(task.before, task.after, task.left_out))
        self._matching = matching_cases(task.before, order, task.scope, task.left_out)
        self._is_covered = is_covered(
            task.before, order, task.after.selection, task.scope, task.left_out
        )

    def running(self, largest: int) -> RunningComparison:
        """Return the comparison that finds the moment at which the run could stop."""
        task = self.task
        return RunningComparison(
            task.before,
            lambda _: task.gated,
            largest,
            self._matching,
            is_running=False,
            is_covered=self._is_covered,
        )

    def counted(self, counted: Collection[Key]) -> Task:
        """Return the part of the task that its verdict rests on."""
        task = self.task
        after = {key: case for key, case in task.after.cases.items() if key in counted}
        matched = {self._matching[key].key for key in counted if key in self._matching}
        before = {key: case for key, case in task.before.cases.items() if key in matched}
        part = Selection(is_whole=False)
        return replace(
            task,
            before=replace(task.before, cases=before),
            after=replace(task.after, cases=after, selection=part),
        )

    def comparison(
        self, part: Comparison, running: RunningComparison, progress: Progress
    ) -> Comparison:
        """Put the verdicts of bets in place of those of a fixed number of cases.

        All else is said of the whole run: what was deleted or edited, or got worse in quarantine.
        """
        whole = compare_runs([replace(self.task, gated={}, shown=())])[0]
        metrics = tuple(self._metric(metric, running, progress) for metric in part.metrics)
        return replace(whole, metrics=metrics)

    def _metric(
        self, metric: MetricComparison, running: RunningComparison, progress: Progress
    ) -> MetricComparison:
        whole = pair(self.joined, metric.name).coverage
        gate = running.gate_of(metric.name)
        coverage = replace(
            metric.coverage,
            selected=whole.selected,
            paired=metric.coverage.paired if gate is None else gate.n,
            before=whole.before,
            edited=whole.edited,
            settings=whole.settings,
            not_run=self._not_run(metric.name, progress),
        )
        metric = replace(metric, coverage=coverage)
        if not metric.is_gated or metric.result.verdict == "NO BASELINE":
            return metric
        why = obstacle(coverage)
        if why:
            remedy = f"; {self.task.remedy}" if needs_new_baseline(coverage) else ""
            return replace(metric, result=not_compared(why + remedy))
        is_identical = metric.result.is_identical and not coverage.not_run
        if metric.result.change is None or is_identical or gate is None:
            return metric
        result = gate.result(progress.metrics)
        reason = with_coverage(result.reason, coverage)
        return replace(metric, result=replace(result, reason=reason))

    def _not_run(self, name: str, progress: Progress) -> int:
        """Count the cases of the baseline that the verdict did not need."""
        rest = [key for key in progress.order.cases if key not in progress.counted]
        matched = [self._matching[key] for key in rest if key in self._matching]
        return sum(name in old.by_metric for old in matched)


def compare_in_order(order: RunningOrder, tasks: Sequence[Task]) -> tuple[Comparison, ...]:
    """Compare a run with its baselines, as far as the verdict needs, in the order of its cases.

    Args:
        order: The order in which the cases were run.
        tasks: A task per baseline, of the same run.

    Raises:
        InputError: Cases cannot be joined.
    """
    ended = [_EndedComparison(task, order) for task in tasks]
    running = [comparison.running(order.largest) for comparison in ended]
    progress = Progress(order, running)
    for key in order.cases:
        known = (task.after for task in tasks if key in task.after.cases)
        after = next(known, None)
        if after is None:
            # It died with its worker.
            progress.take(CaseScores(key, "error"), {})
        else:
            progress.take(after.cases[key], after.scales)
    parts = compare_runs([comparison.counted(progress.counted) for comparison in ended])
    return tuple(
        comparison.comparison(part, bets, progress)
        for comparison, part, bets in zip(ended, parts, running, strict=True)
    )
