"""Two runs joined case by case, and one metric of them as pairs of numbers that the gate can judge."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

from pytest_llmeval.errors import InputError
from pytest_llmeval.gating.scores import CaseScores, MetricValues, RunScores
from pytest_llmeval.records.comparison import Coverage
from pytest_llmeval.records.result import Key
from pytest_llmeval.records.score import Scale
from pytest_llmeval.stats.comparability import obstacle
from pytest_llmeval.stats.paired import ROUNDING, PairedScores


@dataclass(frozen=True)
class Joined:
    """Two runs over the same cases.

    Attributes:
        before: The baseline.
        after: The candidate.
        pairs: Cases of both, in the order of the baseline.
        added: Cases of the candidate alone.
        removed: Cases of the baseline alone.
    """

    before: RunScores
    after: RunScores
    pairs: Sequence[tuple[CaseScores, CaseScores]]
    added: Sequence[CaseScores]
    removed: Sequence[CaseScores]


@dataclass(frozen=True)
class Paired:
    """One metric of two runs.

    Attributes:
        metric: Its name.
        pairs: The cases with a score in both runs.
        scores: Their scores, scaled.
        coverage: How many cases that is.
        obstacle: Why they cannot be compared; empty if they can.
        is_identical: Whether every answer is the baseline's.
        low: What is 0 in ``scores``.
        high: What is 1; below ``low`` where lower is better.
    """

    metric: str
    pairs: Sequence[tuple[CaseScores, CaseScores]]
    scores: PairedScores
    coverage: Coverage
    obstacle: str
    is_identical: bool
    low: float
    high: float


def join(before: RunScores, after: RunScores, left_out: Collection[Key] = ()) -> Joined:
    """Join two runs by suite, file and id; by the id alone where one of them knows no more.

    Args:
        before: The baseline.
        after: The candidate.
        left_out: Cases that are in quarantine.

    Raises:
        InputError: Only ids are known, and one of them stands for several cases.
    """
    by_id = before.is_plain or after.is_plain
    old, new = (_by_key(run, by_id, left_out) for run in (before, after))
    return Joined(
        before,
        after,
        [(entry, new[key]) for key, entry in old.items() if key in new],
        [entry for key, entry in new.items() if key not in old],
        [entry for key, entry in old.items() if key not in new],
    )


def pair(joined: Joined, metric: str) -> Paired:
    """One metric of two runs, or why it cannot be compared."""
    pairs = [
        (old, new) for old, new in joined.pairs if _values(old, metric) and _values(new, metric)
    ]
    coverage = _coverage(joined, metric, pairs)
    scales = [run.scales[metric] for run in (joined.before, joined.after) if metric in run.scales]
    found = ends(scales[0]) if scales else None
    low, high = found or (0.0, 1.0)
    why = obstacle(coverage) or _unlike(metric, scales)
    marks = [
        [_scaled(entry.marks[metric], low, high) for entry in run]
        for run in zip(*pairs, strict=True)
    ]
    if not why and any(not 0 <= value <= 1 for run in marks for value in run):
        why = (
            f"a score of {metric} lies outside its scale, {min(low, high):g} to {max(low, high):g}"
        )
    scores = (
        PairedScores((), ())
        if why
        else PairedScores(marks[0], marks[1], _clusters(pairs), _is_binary(pairs, metric, marks))
    )
    identical = bool(pairs) and all(old.answer and old.answer == new.answer for old, new in pairs)
    return Paired(metric, () if why else pairs, scores, coverage, why, identical, low, high)


def ends(scale: Scale) -> tuple[float, float] | None:
    """The worst and the best value of a scale; ``None`` where one of them is unbounded."""
    if scale.low is None or scale.high is None or scale.low == scale.high:
        return None
    return (scale.low, scale.high) if scale.higher_is_better else (scale.high, scale.low)


def _by_key(run: RunScores, by_id: bool, left_out: Collection[Key]) -> dict[Key, CaseScores]:
    entries = [entry for key, entry in run.entries.items() if key not in left_out]
    if not by_id:
        return {entry.key: entry for entry in entries}
    found: dict[Key, CaseScores] = {}
    for entry in entries:
        key = ("", "", entry.key[2])
        if key in found:
            raise InputError(
                f"{run.name}: found several cases with the id {key[2]!r}; "
                "allowed: one, where it is compared with a table that knows ids alone"
            )
        found[key] = entry
    return found


def _coverage(
    joined: Joined, metric: str, pairs: Sequence[tuple[CaseScores, CaseScores]]
) -> Coverage:
    """How many cases can be compared. A case that died with its worker counts as one that has no score."""
    lost = joined.after.lost
    known = [*joined.pairs, *((entry, None) for entry in joined.removed if joined.after.is_plain)]
    selected = sum(
        metric in old.marks or (new is not None and metric in new.marks) for old, new in known
    )
    asked = [
        new
        for old, new in joined.pairs
        if metric in new.marks or (new.outcome == "error" and metric in old.marks)
    ]
    asked += [new for new in joined.added if metric in new.marks or new.outcome == "error"]
    unscored = sum(not _values(new, metric) for new in asked)
    same = all(_is_same(old.marks[metric], new.marks[metric]) for old, new in pairs)
    return Coverage(selected + lost, len(pairs), len(asked) + lost, unscored + lost, same)


def _values(entry: CaseScores, metric: str) -> tuple[float, ...]:
    mark = entry.marks.get(metric)
    return mark.values if mark else ()


def _is_same(one: MetricValues, other: MetricValues) -> bool:
    """Whether two scores are of one scorer; what does not say who it is, is believed."""
    return not one.version or not other.version or one.version == other.version


def _unlike(metric: str, scales: Sequence[Scale]) -> str:
    """Why the scores cannot be brought to a scale from 0 to 1."""
    found = {ends(scale) for scale in scales}
    if None in found:
        return f"{metric} has no scale with two ends, so no share of it can be said"
    return f"{metric} has another scale in the baseline" if len(found) > 1 else ""


def _scaled(mark: MetricValues, low: float, high: float) -> float:
    value = ((mark.mean or 0.0) - low) / (high - low)
    return min(1.0, max(0.0, value)) if -ROUNDING <= value <= 1 + ROUNDING else value


def _is_binary(
    pairs: Sequence[tuple[CaseScores, CaseScores]], metric: str, values: Sequence[Sequence[float]]
) -> bool:
    """Whether all that is known of a metric is pass or fail, from one sample of each case."""
    return {*values[0], *values[1]} <= {0.0, 1.0} and all(
        len(entry.marks[metric].values) == 1 for both in pairs for entry in both
    )


def _clusters(pairs: Sequence[tuple[CaseScores, CaseScores]]) -> list[Hashable] | None:
    """What each case hangs together with, by the candidate, else by the baseline; a case without stands for itself."""
    named = [new.cluster if new.cluster is not None else old.cluster for old, new in pairs]
    if not any(name is not None for name in named):
        return None
    return [place if name is None else name for place, name in enumerate(named)]
