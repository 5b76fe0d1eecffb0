"""From two runs to a Comparison: the verdict of each metric, and what a person reads after it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_llmeval.errors import nearest
from pytest_llmeval.gating.pairing import Joined, Paired, join, pair
from pytest_llmeval.gating.scores import CaseScores, RunScores
from pytest_llmeval.records.comparison import (
    CaseChange,
    Comparison,
    GateResult,
    LengthChange,
    MetricComparison,
    Slice,
)
from pytest_llmeval.records.result import PASS_RATE, Key
from pytest_llmeval.records.verdicts import flip_of_values
from pytest_llmeval.stats.comparability import not_compared
from pytest_llmeval.stats.gate import USUAL, GateRules, gate_metrics
from pytest_llmeval.stats.paired import PairedScores, length_change, paired_change
from pytest_llmeval.stats.suspects import suspects

_SHOWN_DROPS = 20
FIRST = "rubric"


@dataclass(frozen=True)
class Task:
    """Two runs to compare.

    Attributes:
        before: The baseline.
        after: The candidate.
        gated: Metrics whose verdict counts, with their margin and level.
        shown: Metrics that are compared without counting.
        left_out: Cases in quarantine.
        remedy: The command that makes a new baseline.
    """

    before: RunScores
    after: RunScores
    gated: Mapping[str, GateRules]
    shown: Sequence[str] = ()
    left_out: Collection[Key] = ()
    remedy: str = "llmeval baseline accept"


@dataclass
class _Work:
    """A task half done."""

    task: Task
    joined: Joined
    paired: dict[str, Paired] = field(default_factory=dict)


def compare_runs(tasks: Sequence[Task]) -> tuple[Comparison, ...]:
    """Compare a run with each of its baselines; Holm's procedure goes over all metrics that are gated, of all of them.

    Args:
        tasks: One a baseline.

    Raises:
        InputError: Cases cannot be joined, because only ids are known and one stands for several.
    """
    works = [_Work(task, join(task.before, task.after, task.left_out)) for task in tasks]
    scores: dict[str, PairedScores] = {}
    rules: dict[str, GateRules] = {}
    identical: set[str] = set()
    for place, work in enumerate(works):
        for metric in dict.fromkeys((*work.task.gated, *work.task.shown)):
            work.paired[metric] = found = pair(work.joined, metric)
            key = f"{place} {metric}"
            if metric in work.task.gated and not found.obstacle:
                scores[key], rules[key] = found.scores, work.task.gated[metric]
                identical |= {key} if found.is_identical else set()
    judged = gate_metrics(scores, rules, identical=identical)
    return tuple(_comparison(work, f"{place} ", judged) for place, work in enumerate(works))


def metrics_of(before: RunScores, after: RunScores) -> list[str]:
    """The metrics that both runs have, the judge's first and the pass rate last."""
    both = [name for name in before.scales if name in after.scales]
    return sorted(both, key=lambda name: (name != FIRST, name == PASS_RATE, name))


def _comparison(work: _Work, prefix: str, judged: Mapping[str, GateResult]) -> Comparison:
    task, joined = work.task, work.joined
    metrics = []
    for metric, paired in work.paired.items():
        is_gated = metric in task.gated
        result = judged.get(prefix + metric) or _alone(paired, task)
        metrics.append(_metric(paired, result, is_gated))
    lost, gained = _flipped(joined, work.paired)
    return Comparison(
        task.before.name,
        task.after.name,
        tuple(metrics),
        lost,
        gained,
        tuple(_shown(entry) for entry in joined.added),
        tuple(_shown(entry) for entry in joined.removed),
        tuple(_shown(entry) for key, entry in task.after.entries.items() if key in task.left_out),
    )


def _alone(paired: Paired, task: Task) -> GateResult:
    """The result of a metric that is not tested together with others: it cannot be, or it is shown only."""
    if not any(paired.metric in entry.marks for entry in task.after.entries.values()):
        names = task.after.scales
        there, hint = ", ".join(names) or "none", nearest(paired.metric, names)
        return not_compared(
            f"no case has a score {paired.metric!r}; there are {there}. {hint}".rstrip()
        )
    if not any(paired.metric in entry.marks for entry in task.before.entries.values()):
        remedy = f"this makes one that has: {task.remedy}"
        return GateResult("NO BASELINE", f"the baseline has no score {paired.metric!r}; {remedy}")
    if paired.obstacle:
        again = "" if paired.coverage.is_same_judge else f": {task.remedy}"
        return not_compared(paired.obstacle + again)
    rules = task.gated.get(paired.metric) or next(iter(task.gated.values()), USUAL)
    return gate_metrics({"": paired.scores}, rules, identical=paired.is_identical)[""]


def _metric(paired: Paired, result: GateResult, is_gated: bool) -> MetricComparison:
    dropped, drops = _dropped(paired)
    return MetricComparison(
        paired.metric,
        result,
        paired.coverage,
        is_gated,
        _length(paired),
        dropped,
        drops,
        tuple(_slices(paired)),
        paired.low,
        paired.high,
    )


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
    """The cases that got worse, most suspicious first, and how many there are."""
    metric, span = paired.metric, paired.high - paired.low
    scaled = [
        [[(value - paired.low) / span for value in entry.marks[metric].values] for entry in run]
        for run in (tuple(zip(*paired.pairs, strict=True)) or ((), ()))
    ]
    found = suspects(scaled[0], scaled[1])
    changes = (
        replace(_change(*paired.pairs[each.index], metric), p=each.p, is_marked=each.is_marked)
        for each in found[:_SHOWN_DROPS]
    )
    return tuple(changes), len(found)


def _flipped(
    joined: Joined, paired: Mapping[str, Paired]
) -> tuple[tuple[CaseChange, ...], tuple[CaseChange, ...]]:
    """The cases that passed before and fail now, and those of which the opposite is true."""
    metric = (
        PASS_RATE
        if any(PASS_RATE in old.marks for old, _ in joined.pairs)
        else _pass_fail_metric(paired)
    )
    pairs = [
        (old, new)
        for old, new in joined.pairs
        if _mean(old, metric) is not None and _mean(new, metric) is not None
    ]
    low, high = _ends(paired, metric)
    flips: dict[str | None, list[CaseChange]] = {"lost": [], "gained": [], None: []}
    for old, new in pairs:
        change = _change(old, new, metric)
        shares = ((value - low) / (high - low) for value in (change.before, change.after))
        flips[flip_of_values(*shares)].append(change)
    return tuple(flips["lost"]), tuple(flips["gained"])


def _pass_fail_metric(paired: Mapping[str, Paired]) -> str:
    """Of tables without outcomes: the first metric that knows only pass and fail; empty if there is none."""
    return next(
        (name for name, each in paired.items() if each.pairs and each.scores.is_pass_fail), ""
    )


def _ends(paired: Mapping[str, Paired], metric: str) -> tuple[float, float]:
    if metric == PASS_RATE or metric not in paired:
        return 0.0, 1.0
    return paired[metric].low, paired[metric].high


def _slices(paired: Paired) -> Iterable[Slice]:
    """The scores by tag, the largest drop first. They tell where to look; no verdict is made of them."""
    scores, places = paired.scores, _places_by_tag(paired.pairs)
    found = []
    for tag, own in places.items():
        before, after = ([run[place] for place in own] for run in (scores.before, scores.after))
        clusters = None if scores.clusters is None else [scores.clusters[place] for place in own]
        error = paired_change(PairedScores(before, after, clusters)).error
        found.append(
            Slice(tag, len(own), math.fsum(before) / len(own), math.fsum(after) / len(own), error)
        )
    return sorted(found, key=lambda each: (each.after - each.before, each.tag))


def _places_by_tag(pairs: Sequence[tuple[CaseScores, CaseScores]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, (old, new) in enumerate(pairs):
        for tag in dict.fromkeys(new.tags or old.tags):
            found.setdefault(tag, []).append(place)
    return found


def _change(old: CaseScores, new: CaseScores, metric: str) -> CaseChange:
    suite, file, name = new.key if new.key[0] else old.key
    before, after = _mean(old, metric) or 0.0, _mean(new, metric) or 0.0
    return CaseChange(suite, file, name, new.line or old.line, before, after)


def _mean(entry: CaseScores, metric: str) -> float | None:
    return entry.marks[metric].mean if metric in entry.marks else None


def _shown(entry: CaseScores) -> str:
    """A case as a person finds it."""
    suite, file, name = entry.key
    return "::".join(dict.fromkeys(filter(None, (suite, file if file != suite else "", name))))
