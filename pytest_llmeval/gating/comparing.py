"""The comparison of two runs: a verdict per metric, dropped cases, flips and slices."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_llmeval.gating.control import scores_of_all
from pytest_llmeval.gating.edits import (
    deleted,
    edits,
    quarantined_losses,
    removed_failures,
    renamings,
    shown_name,
)
from pytest_llmeval.gating.pairing import Joined, Paired, ends, join, pair
from pytest_llmeval.gating.resampling import as_in_run, sampling_edits
from pytest_llmeval.gating.rethresholding import threshold_edits
from pytest_llmeval.gating.same_requests import answering_models, same_requests
from pytest_llmeval.gating.scores import CaseScores, RunScores, no_such_score
from pytest_llmeval.gating.slicing import judged_slices
from pytest_llmeval.records.comparison import (
    CaseChange,
    CaseEdit,
    Comparison,
    GateResult,
    LengthChange,
    MetricComparison,
    Slice,
)
from pytest_llmeval.records.result import PASS_RATE, Key
from pytest_llmeval.records.score import Scale
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.records.verdicts import flip_of_values
from pytest_llmeval.stats.comparability import needs_new_baseline, not_compared, with_coverage
from pytest_llmeval.stats.gate import USUAL, GateRules, gate, gate_metrics
from pytest_llmeval.stats.paired import ROUNDING, PairedScores, length_change
from pytest_llmeval.stats.suspects import suspects

_SHOWN_DROPS = 20


@dataclass(frozen=True)
class Task:
    """Two runs to compare.

    Attributes:
        before: The baseline.
        after: The candidate.
        gated: Rules of the metrics whose verdicts gate.
        shown: Metrics that are compared without gating.
        left_out: Cases in quarantine.
        remedy: What makes a new baseline.
        sliced: Rules of the metrics whose slices gate.
        scope: The test, class, module or folder whose cases are compared; empty for all.
        apart: Why metrics cannot be compared, whatever their scores are.
    """

    before: RunScores
    after: RunScores
    gated: Mapping[str, GateRules]
    shown: Sequence[str] = ()
    left_out: Collection[Key] = ()
    remedy: str = "make a new baseline: llmeval baseline accept"
    sliced: Mapping[str, GateRules] = field(default_factory=dict)
    scope: str = ""
    apart: Mapping[str, str] = field(default_factory=dict)

    def slice_rules(self, metric: str) -> GateRules:
        """Return the rules of the slices of a metric."""
        usual = next(iter(self.gated.values()), USUAL)
        return self.sliced.get(metric) or self.gated.get(metric) or usual

    def slice_family(self, number: int, metric: str) -> Hashable:
        """Return what the slices of a metric are tested together with.

        Those that gate share their level, and so do those of other gated metrics. Any other metric
        has its own.
        """
        if metric in self.sliced:
            return "sliced"
        return "gated" if metric in self.gated else (number, metric)


@dataclass
class _Work:
    """A task with its joined cases and paired scores."""

    task: Task
    joined: Joined
    paired: dict[str, Paired] = field(default_factory=dict)


_Compared = tuple[int, str]
"""The number of a task, and a metric that it compares."""


def compare_runs(tasks: Sequence[Task]) -> tuple[Comparison, ...]:
    """Compare a run with its baselines; Holm's procedure covers all their gated metrics.

    Args:
        tasks: A task per baseline.

    Raises:
        InputError: Cases cannot be joined, because a table has ids alone and one is ambiguous.
    """
    works = [_Work(task, as_in_run(join(task.before, task.after, task.left_out))) for task in tasks]
    scores: dict[_Compared, PairedScores] = {}
    rules: dict[_Compared, GateRules] = {}
    identical: set[_Compared] = set()
    for number, work in enumerate(works):
        metrics = (*work.task.gated, *work.task.sliced, *work.task.shown)
        for metric in dict.fromkeys(metrics):
            paired = _paired(work, metric)
            work.paired[metric] = paired
            if metric not in work.task.gated or paired.obstacle:
                continue
            key = (number, metric)
            scores[key] = replace(paired.scores, everything=scores_of_all(work.joined, paired))
            rules[key] = work.task.gated[metric]
            if paired.is_identical:
                identical.add(key)
    results = gate_metrics(scores, rules, identical=identical)
    slices = _judged_slices(works)
    return tuple(_comparison(number, work, results, slices) for number, work in enumerate(works))


def _paired(work: _Work, metric: str) -> Paired:
    """Return the pairs of a metric, or none where its scores are known to be of two kinds."""
    paired = pair(work.joined, metric)
    why = work.task.apart.get(metric)
    if why is None or paired.obstacle:
        return paired
    return replace(paired, pairs=(), scores=PairedScores((), ()), obstacle=why, missing=())


def _judged_slices(works: Sequence[_Work]) -> dict[_Compared, tuple[Slice, ...]]:
    """Return the slices of all metrics that could be compared."""
    paired: dict[_Compared, Paired] = {}
    rules: dict[_Compared, GateRules] = {}
    families: dict[_Compared, Hashable] = {}
    for number, work in enumerate(works):
        for metric, pairs in work.paired.items():
            if pairs.obstacle:
                continue
            key = (number, metric)
            paired[key] = pairs
            rules[key] = work.task.slice_rules(metric)
            families[key] = work.task.slice_family(number, metric)
    return judged_slices(paired, rules, families)


def untaken(before: RunScores, after: RunScores, left_out: Collection[Key] = ()) -> list[str]:
    """Return the metrics of the baseline that the candidate does not take at all.

    Only cases count that the candidate has, or was meant to have. A comparison of the metrics that
    both share would say nothing about these.
    """
    joined = join(before, after, left_out)
    selection = after.selection
    named = [*joined.pairs, *joined.edited]
    expected = [old for old, _ in named]
    expected += [old for old in joined.removed if selection.includes(old.key[0])]
    taken = {name for _, new in named for name in new.by_metric}
    taken |= {name for new in joined.added for name in new.by_metric}
    known = dict.fromkeys(name for old in expected for name in old.by_metric)
    # A table of another tool has no outcomes.
    taken |= {PASS_RATE} if after.is_plain else set()
    return [name for name in before.scales if name in known and name not in taken]


def metrics_of(before: RunScores, after: RunScores) -> list[str]:
    """Return the metrics of both runs, rubric first and the pass rate last."""
    shared = [name for name in before.scales if name in after.scales]
    return sorted(shared, key=lambda name: (name != RUBRIC, name == PASS_RATE, name))


def usual_metrics(scales: Mapping[str, Scale]) -> tuple[str, ...]:
    """Return the metrics that gate unless a user names them: the rubric, or all with a range."""
    if RUBRIC in scales:
        return (RUBRIC,)
    ranged = [name for name, scale in scales.items() if ends(scale) and name != PASS_RATE]
    return tuple(sorted(ranged)) or (PASS_RATE,)


def gated_metrics(before: Mapping[str, Scale], after: Mapping[str, Scale]) -> tuple[str, ...]:
    """Return the metrics that gate a run unless a user names them.

    What both runs have gates as if the run had nothing else. A metric that only the run has would
    gate its next comparison, so it is named as one without a baseline.

    Args:
        before: The scales of the baseline by metric.
        after: The scales of the run by metric.
    """
    shared = {name: scale for name, scale in before.items() if name in after}
    names = usual_metrics(shared) if shared else ()
    new = [name for name in usual_metrics(after) if name not in before]
    return tuple(dict.fromkeys((*names, *new)))


def _comparison(
    number: int,
    work: _Work,
    results: Mapping[_Compared, GateResult],
    slices: Mapping[_Compared, tuple[Slice, ...]],
) -> Comparison:
    task = work.task
    joined = work.joined
    metrics = []
    for metric, paired in work.paired.items():
        result = results.get((number, metric)) or _single_result(paired, work)
        compared = replace(
            _metric(paired, result),
            is_gated=metric in task.gated,
            slices=slices.get((number, metric), ()),
            is_sliced=metric in task.sliced,
        )
        metrics.append(compared)
    lost, gained = _flipped(joined, work.paired)
    return Comparison(
        task.before.name,
        task.after.name,
        tuple(metrics),
        lost,
        gained,
        tuple(shown_name(case) for case in joined.added),
        tuple(shown_name(case) for case in joined.removed),
        tuple(shown_name(case) for key, case in task.after.cases.items() if key in task.left_out),
        (*edits(joined), *_setting_edits(joined)),
        tuple(renamings(joined.pairs, task.before.is_plain or task.after.is_plain)),
        tuple(shown_name(case) for case in deleted(joined)),
        tuple(removed_failures(joined)),
        _quarantined_losses(task),
        models=answering_models(joined.pairs),
    )


def _setting_edits(joined: Joined) -> Iterator[CaseEdit]:
    yield from threshold_edits(joined.pairs)
    yield from sampling_edits(joined.pairs, joined.before.cases)


def _quarantined_losses(task: Task) -> tuple[str, ...]:
    if not task.left_out:
        return ()
    whole = as_in_run(join(task.before, task.after))
    return tuple(quarantined_losses(whole, task.left_out))


def _single_result(paired: Paired, work: _Work) -> GateResult:
    """Return the result of a metric outside Holm's procedure: not comparable, or not gated."""
    task, joined = work.task, work.joined
    is_before = any(paired.metric in case.by_metric for case in task.before.cases.values())
    if not any(paired.metric in case.by_metric for case in task.after.cases.values()):
        if not is_before or paired.metric == PASS_RATE:
            return not_compared(no_such_score(paired.metric, task.after.scales))
        return not_compared(
            f"{task.before.name} has a score {paired.metric!r} that {task.after.name} does not "
            f"take; take it again, or {task.remedy}"
        )
    if not is_before:
        if _is_foreign(joined, task):
            return not_compared(
                f"{task.before.name} has no case in common with {task.after.name}, so it is no "
                f"baseline of it; name another one, or {task.remedy}"
            )
        why = f"the baseline has no score {paired.metric!r}; {task.remedy}"
        return GateResult("NO BASELINE", why)
    if paired.obstacle:
        return not_compared(_with_remedy(paired, task))
    rules = task.gated.get(paired.metric) or next(iter(task.gated.values()), USUAL)
    return gate(paired.scores, rules, identical=paired.is_identical)


def _is_foreign(joined: Joined, task: Task) -> bool:
    """Return whether a baseline with cases shares none with the candidate."""
    return bool(joined.removed) and not (joined.pairs or joined.edited or task.left_out)


def _with_remedy(paired: Paired, task: Task) -> str:
    """Return the obstacle of a metric with what removes it."""
    if needs_new_baseline(paired.coverage):
        return f"{paired.obstacle}; {task.remedy}"
    runs = [run for run in (task.before, task.after) if run.is_plain]
    scales = [run.scales[paired.metric] for run in runs if paired.metric in run.scales]
    if any(ends(scale) is None for scale in scales):
        return f"{paired.obstacle}; give it one: --score {paired.metric} --scale LOW HIGH"
    return paired.obstacle


def _metric(paired: Paired, result: GateResult) -> MetricComparison:
    dropped, drops = _dropped(paired)
    if result.change is not None:
        result = replace(result, reason=with_coverage(result.reason, paired.coverage))
    return MetricComparison(
        paired.metric,
        result,
        paired.coverage,
        length=_length(paired),
        dropped=dropped,
        drops=drops,
        topped=_topped(paired.scores),
        floored=_floored(paired.scores),
        low=paired.low,
        high=paired.high,
        same_requests=same_requests(paired),
    )


def _topped(scores: PairedScores) -> int:
    """Return how many cases have the best possible score in both runs."""
    pairs = zip(scores.before, scores.after, strict=True)
    return sum(min(pair) >= 1 - ROUNDING for pair in pairs)


def _floored(scores: PairedScores) -> int:
    """Return how many cases have the worst possible score in both runs."""
    pairs = zip(scores.before, scores.after, strict=True)
    return sum(max(pair) <= ROUNDING for pair in pairs)


def _length(paired: Paired) -> LengthChange | None:
    rows = [
        (old.length, new.length, before, after)
        for (old, new), before, after in zip(
            paired.pairs, paired.scores.before, paired.scores.after, strict=True
        )
        if old.length is not None and new.length is not None
    ]
    if not rows:
        return None
    before, after, old, new = zip(*rows, strict=True)
    return length_change(before, after, old, new)


def _dropped(paired: Paired) -> tuple[tuple[CaseChange, ...], int]:
    """Return the cases that got worse, most suspicious first, and their total number."""
    metric = paired.metric
    before = [_scaled_values(old, paired) for old, _ in paired.pairs]
    after = [_scaled_values(new, paired) for _, new in paired.pairs]
    drops = suspects(before, after)
    changes = (
        replace(_change(*paired.pairs[drop.index], metric), p=drop.p, is_marked=drop.is_marked)
        for drop in drops[:_SHOWN_DROPS]
    )
    return tuple(changes), len(drops)


def _scaled_values(case: CaseScores, paired: Paired) -> list[float]:
    """Return the values of a case's samples, on a scale from 0 to 1."""
    span = paired.high - paired.low
    return [(value - paired.low) / span for value in case.by_metric[paired.metric].values]


def _flipped(
    joined: Joined, paired: Mapping[str, Paired]
) -> tuple[tuple[CaseChange, ...], tuple[CaseChange, ...]]:
    """Return the cases that passed before and fail now, and those that did the opposite."""
    metric = _pass_metric(joined, paired)
    low, high = _ends(paired, metric)
    flips: dict[str | None, list[CaseChange]] = {"lost": [], "gained": [], None: []}
    for old, new in joined.pairs:
        if old.value_of(metric) is None or new.value_of(metric) is None:
            continue
        if not old.is_comparable(new, metric):
            # What differs may be the effect of an edit.
            continue
        change = _change(old, new, metric)
        before = (change.before - low) / (high - low)
        after = (change.after - low) / (high - low)
        flips[flip_of_values(before, after)].append(change)
    return tuple(flips["lost"]), tuple(flips["gained"])


def _pass_metric(joined: Joined, paired: Mapping[str, Paired]) -> str:
    """Return the pass rate, or of tables without outcomes the first metric of pass and fail."""
    if any(PASS_RATE in old.by_metric for old, _ in joined.pairs):
        return PASS_RATE
    for name, pairs in paired.items():
        if pairs.pairs and pairs.scores.is_pass_fail:
            return name
    return ""


def _ends(paired: Mapping[str, Paired], metric: str) -> tuple[float, float]:
    if metric == PASS_RATE or metric not in paired:
        return 0.0, 1.0
    return paired[metric].low, paired[metric].high


def _change(old: CaseScores, new: CaseScores, metric: str) -> CaseChange:
    suite, file, name = new.key if new.key[0] else old.key
    before, after = old.value_of(metric) or 0.0, new.value_of(metric) or 0.0
    return CaseChange(suite, file, name, new.line or old.line, before, after)
