"""Comparisons whose verdict may be read after every case, in the order in which cases are run.

A result counts only when all results before it in the random order have come. Which answers come
first would else depend on how long they take, and a quick answer is often a failed one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_llmeval.gating.comparing import Task, compare_runs
from pytest_llmeval.gating.pairing import common_ends, is_tried, join, pair, scaled
from pytest_llmeval.gating.scores import CaseScores, RunScores, Selection
from pytest_llmeval.records.comparison import Comparison, Coverage, MetricComparison
from pytest_llmeval.records.result import Key
from pytest_llmeval.records.score import Scale
from pytest_llmeval.stats.anytime import AnytimeGate
from pytest_llmeval.stats.comparability import not_compared, obstacle, with_coverage
from pytest_llmeval.stats.gate import GateRules

Gated = Callable[[Mapping[str, Scale]], Mapping[str, GateRules]]
"""Returns the rules of the gated metrics, for the scales of all scores that have come."""

Partner = Callable[[CaseScores], "CaseScores | None"]
"""Returns the case of the baseline that asks the same; ``None`` if there is none."""


@dataclass(frozen=True)
class RunningOrder:
    """The random order of a run's cases; the cases of a cluster follow each other.

    Attributes:
        cases: Keys of the cases.
        clusters: The cluster of each case, or else a text that names no other.
    """

    cases: tuple[Key, ...] = ()
    clusters: tuple[str, ...] = ()

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
    """A metric of a walk: its bets, and what stands in the way of a verdict."""

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


class Walk:
    """A comparison with one baseline, case by case.

    Args:
        before: The baseline.
        gated: The rules of the gated metrics.
        largest: Number of cases of the largest cluster.
        partner: Finds a case of the run in the baseline.
        left_out: Cases in quarantine.
        is_running: Whether the run goes on, so that the baseline was not yet scored again where
            references were edited.
    """

    def __init__(
        self,
        before: RunScores,
        gated: Gated,
        largest: int,
        partner: Partner,
        left_out: Collection[Key] = (),
        is_running: bool = True,
    ) -> None:
        self._before = before
        self._largest = largest
        self._partner = partner
        self._left_out = left_out
        self._is_running = is_running
        self._of = gated
        self._metrics: dict[str, _Metric] = {}
        self._scales: dict[str, Scale] = {}

    @property
    def gated(self) -> Mapping[str, GateRules]:
        """The rules of the gated metrics, as far as they are known."""
        return self._of(self._scales)

    def add(self, unit: Sequence[CaseScores], scales: Mapping[str, Scale]) -> None:
        """Take the next case, or all cases of the next cluster."""
        for name, scale in scales.items():
            self._scales.setdefault(name, scale)
        pairs = []
        for new in unit:
            old = None if new.key in self._left_out else self._partner(new)
            if old is not None and old.key not in self._left_out:
                pairs.append((old, new))
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
            before, after = old.by_metric.get(name), new.by_metric.get(name)
            if after is None or not after.values:
                metric.unscored += is_tried(name, old, new)
            if ends is None or before is None or not before.values:
                continue
            if after is not None and after.values:
                metric.is_same_judge = metric.is_same_judge and old.is_of_judge(new, name)
                scored.append((scaled(before, *ends), scaled(after, *ends)))
            elif is_tried(name, old, new):
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
        known = (self._metrics[name] for name in self.gated if name in self._metrics)
        return any(not metric.is_open and metric.gate.is_regressed(metrics) for metric in known)

    @property
    def is_safe(self) -> bool:
        """Whether every gated metric is shown to be no worse."""
        gated = self.gated
        if not gated or any(name not in self._metrics for name in gated):
            return False
        known = (self._metrics[name] for name in gated)
        return all(not metric.is_open and metric.gate.is_safe for metric in known)


@dataclass
class Progress:
    """The walks of a run with all its baselines, as results come in any order.

    Attributes:
        order: The order of the cases.
        walks: A walk per rule and baseline.
        counted: Cases that the verdict rests on.
        is_certain: Whether nothing that may still come changes the verdict.
    """

    order: RunningOrder
    walks: Sequence[Walk]
    counted: set[Key] = field(default_factory=set)
    is_certain: bool = False

    def __post_init__(self) -> None:
        self._units = self.order.units()
        self._next = 0
        self._waiting: dict[Key, tuple[CaseScores, Mapping[str, Scale]]] = {}

    @property
    def metrics(self) -> int:
        """Number of gated metrics of all walks, which share the level."""
        return max(1, sum(len(walk.gated) for walk in self.walks))

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
        for walk in self.walks:
            walk.add([case for case, _ in results], scales)
        metrics = self.metrics
        is_regressed = any(walk.is_regressed(metrics) for walk in self.walks)
        is_safe = bool(self.walks) and all(walk.is_safe for walk in self.walks)
        self.is_certain = is_regressed or is_safe


def partner_by_name(before: RunScores, order: RunningOrder) -> Partner:
    """Return the search for a case of the run in the baseline, while the run goes on.

    A case whose name is gone is the one that asks the same under another name.
    """
    by_id = before.is_plain
    known = {_key(key, by_id): case for key, case in before.cases.items()}
    names = set(order.cases)
    gone: dict[bytes, list[CaseScores]] = {}
    for key, case in before.cases.items():
        if key not in names and case.content.question:
            gone.setdefault(case.content.question, []).append(case)

    def partner(new: CaseScores) -> CaseScores | None:
        old = known.get(_key(new.key, by_id))
        if old is not None and old.content.may_ask_like(new.content):
            return old
        renamed = gone.get(new.content.question, [])
        return renamed[0] if len(renamed) == 1 else None

    return partner


class _Ended:
    """A task after the run, with the cases of the baseline by those of the run."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.joined = join(task.before, task.after, task.left_out)
        self._by_id = task.before.is_plain or task.after.is_plain
        self._partners = {new.key: old for old, new in self.joined.pairs}
        self._gone = {_key(old.key, self._by_id): old for old in self.joined.removed}

    def partner(self, new: CaseScores) -> CaseScores | None:
        """Return the case of the baseline; for a case that died with its worker by its name."""
        if new.key in self.task.after.cases:
            return self._partners.get(new.key)
        return self._gone.get(_key(new.key, self._by_id))

    def walk(self, largest: int) -> Walk:
        """Return the walk that finds the moment at which the run could stop."""
        task = self.task
        return Walk(
            task.before,
            lambda _: task.gated,
            largest,
            self.partner,
            task.left_out,
            is_running=False,
        )

    def counted(self, counted: Collection[Key]) -> Task:
        """Return the part of the task that its verdict rests on."""
        task = self.task
        after = {key: case for key, case in task.after.cases.items() if key in counted}
        partners = [self.partner(CaseScores(key)) for key in counted]
        before = {old.key: old for old in partners if old is not None}
        part = Selection(is_whole=False)
        return replace(
            task,
            before=replace(task.before, cases=before),
            after=replace(task.after, cases=after, selection=part),
        )

    def comparison(self, part: Comparison, walk: Walk, progress: Progress) -> Comparison:
        """Put the verdicts of a walk in place of those of a fixed number of cases."""
        whole = compare_runs([replace(self.task, gated={}, shown=())])[0]
        return replace(
            part,
            metrics=tuple(self._metric(metric, walk, progress) for metric in part.metrics),
            removed=whole.removed,
            edited=whole.edited,
            renamed=whole.renamed,
            removed_failures=whole.removed_failures,
        )

    def _metric(self, metric: MetricComparison, walk: Walk, progress: Progress) -> MetricComparison:
        whole = pair(self.joined, metric.name).coverage
        gate = walk.gate_of(metric.name)
        coverage = replace(
            metric.coverage,
            selected=whole.selected,
            paired=metric.coverage.paired if gate is None else gate.n,
            before=whole.before,
            edited=whole.edited,
            not_run=self._not_run(metric.name, progress),
        )
        metric = replace(metric, coverage=coverage)
        if not metric.is_gated:
            return metric
        why = obstacle(coverage)
        if why:
            remedy = "" if coverage.is_same_judge else f"; {self.task.remedy}"
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
        partners = [self.partner(CaseScores(key)) for key in rest]
        return sum(old is not None and name in old.by_metric for old in partners)


def compare_in_order(order: RunningOrder, tasks: Sequence[Task]) -> tuple[Comparison, ...]:
    """Compare a run with its baselines, as far as the verdict needs, in the order of its cases.

    Args:
        order: The order in which the cases were run.
        tasks: A task per baseline, of the same run.

    Raises:
        InputError: Cases cannot be joined.
    """
    ended = [_Ended(task) for task in tasks]
    walks = [whole_task.walk(order.largest) for whole_task in ended]
    progress = Progress(order, walks)
    for key in order.cases:
        known = (task.after for task in tasks if key in task.after.cases)
        after = next(known, None)
        if after is None:
            # It died with its worker.
            progress.take(CaseScores(key, "error"), {})
        else:
            progress.take(after.cases[key], after.scales)
    parts = compare_runs([whole_task.counted(progress.counted) for whole_task in ended])
    return tuple(
        whole_task.comparison(part, walk, progress)
        for whole_task, part, walk in zip(ended, parts, walks, strict=True)
    )


def _key(key: Key, by_id: bool) -> Key:
    return ("", "", key[2]) if by_id else key
