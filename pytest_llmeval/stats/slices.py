"""The changes of slices, which are the cases with one tag, and what these changes show.

A mean hides a slice that breaks while the rest gets better. So each slice is tested like the whole,
and Holm's procedure covers all slices together. A slice is small, so its change is an unsteady
estimate. It is shrunk toward the change of all cases, the more the smaller the slice is.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pytest_llmeval.records.comparison import GateResult, Slice
from pytest_llmeval.records.verdicts import Verdict
from pytest_llmeval.stats.gate import USUAL, GateRules, measure, verdict_of
from pytest_llmeval.stats.multiple_tests import holm
from pytest_llmeval.stats.paired import ROUNDING, Change, PairedScores, rules_out
from pytest_llmeval.stats.unseen import unseen_cases, unseen_size

_WIPED_OUT_CASES = 5
"""Fewest cases of a slice that can be wiped out: two or three may well fail together by chance."""

_HAD, _HAS = 0.9, 0.1
"""Share of the scale that a wiped-out slice had at least, and has at most."""

_Key = TypeVar("_Key", bound=Hashable)
"""A metric and a tag, or any other key of a slice."""


@dataclass(frozen=True)
class SliceScores:
    """The scores of the cases with a tag.

    Attributes:
        tag: The tag.
        scores: The paired scores; those of the missing cases are the whole if no other are there.
        rows: The positions of these cases among all of the metric. Two tags of the same cases are
            one test.
        is_identical: Whether every answer is that of the baseline.
    """

    tag: str
    scores: PairedScores
    rows: tuple[int, ...] = ()
    is_identical: bool = False


@dataclass(frozen=True)
class SliceTest:
    """What a slice shows.

    Attributes:
        facts: Its figures; ERROR without any pair of scores.
        change: Its change; ``None`` without any pair of scores.
        tested: Number of slices that were tested together.
    """

    facts: GateResult
    change: Change | None
    tested: int

    @property
    def verdict(self) -> Verdict:
        """The verdict on the slice."""
        return self.facts.verdict if self.change is None else verdict_of(self.facts)


def judge_slices(
    slices: Mapping[_Key, SliceScores],
    rules: Mapping[_Key, GateRules],
    groups: Mapping[_Key, Hashable] | None = None,
) -> dict[_Key, SliceTest]:
    """Test slices together, so that many of them raise no more false alarms than one.

    Holm's procedure counts the slices that can show anything. One in which fewer than five cases
    changed has no p-value below 5%, whatever its cases did, so it takes nothing from the level of
    the others. Source: Tarone, "A modified Bonferroni method for discrete data", Biometrics 46
    (1990). Tags of the same cases are one test.

    Args:
        slices: The slices by key.
        rules: Margin, level and permutations of each.
        groups: What the rows of each slice belong to, such as its metric; all to one by default.
    """
    measured = {key: measure(part.scores, rules[key]) for key, part in slices.items()}
    tests: dict[Hashable, float] = {}
    test_of: dict[_Key, Hashable] = {}
    for key, (facts, _) in measured.items():
        if facts.p is None or _smallest_p(facts) >= facts.alpha or slices[key].is_identical:
            continue
        rows = slices[key].rows
        test_of[key] = (groups[key] if groups else None, rows or key)
        tests[test_of[key]] = facts.p
    adjusted = dict(zip(tests, holm(list(tests.values())), strict=True))
    results = {}
    for key, (facts, change) in measured.items():
        if change is not None:
            alone = None if facts.p is None else 1.0
            adjusted_p = adjusted[test_of[key]] if key in test_of else alone
            facts = _decided(facts, adjusted_p, slices[key])
        results[key] = SliceTest(facts, change, max(1, len(tests)))
    return results


def _decided(facts: GateResult, adjusted_p: float | None, part: SliceScores) -> GateResult:
    missing = len(part.scores.missing)
    is_shown = part.is_identical or rules_out(facts.lower, facts.margin)
    return replace(
        facts,
        adjusted_p=adjusted_p,
        is_identical=part.is_identical,
        missing=missing,
        is_shown=is_shown and not missing,
    )


def _smallest_p(facts: GateResult) -> float:
    """Return the smallest p-value that the slice could have, given how many clusters changed."""
    return 0.0 if facts.test == "t" else 0.5**facts.changed


def slices_of(parts: Sequence[tuple[SliceScores, SliceTest]], overall: float) -> tuple[Slice, ...]:
    """Make the records of the slices of a metric, the worst first.

    Args:
        parts: The slices with their tests.
        overall: Change of all cases.
    """
    changes = [test.change for _, test in parts if test.change is not None]
    estimates = iter(_shrunken_changes(changes, overall))
    slices = [
        _slice(part, test, None if test.change is None else next(estimates)) for part, test in parts
    ]
    return tuple(sorted(slices, key=_order))


def _order(part: Slice) -> tuple[bool, float, float, str]:
    shrunken = -1.0 if part.shrunken is None else part.shrunken
    change = -1.0 if part.change is None else part.change
    return part.verdict != "REGRESSED", shrunken, change, part.tag


def _slice(part: SliceScores, test: SliceTest, shrunken: float | None) -> Slice:
    scores, facts, change = part.scores, test.facts, test.change
    if change is None:
        lost = Slice(part.tag, 0, _mean(scores.missing), None, None, "ERROR")
        return replace(lost, missing=len(scores.missing), is_wiped_out=_is_wiped_out(scores))
    is_even = change.error is None or change.error < ROUNDING
    return Slice(
        part.tag,
        change.n,
        _mean(scores.before),
        _mean(scores.after),
        None if is_even else change.error,
        test.verdict,
        shrunken,
        facts.p,
        facts.adjusted_p,
        test.tested,
        facts.lost,
        facts.gained,
        facts.missing,
        _is_wiped_out(scores),
        facts.margin,
    )


def _is_wiped_out(scores: PairedScores) -> bool:
    """Return whether nearly all is lost, where a case without a score has lost everything."""
    whole = scores.with_worst()
    if len(whole.before) < _WIPED_OUT_CASES:
        return False
    return _mean(whole.before) >= _HAD and _mean(whole.after) <= _HAS


def _shrunken_changes(changes: Sequence[Change], overall: float) -> list[float]:
    """Shrink the changes of slices toward the change of all cases.

    The change of a slice is normal around its true change with the variance ``s²``, and the true
    changes are normal around ``overall`` with the variance ``T``. The estimate is then
    ``change - s² / (T + s²) · (change - overall)``. ``T`` is that of the method of moments: the
    mean of ``(change - overall)² - s²`` over the slices, and at least 0. No change is moved by more
    than ``s``, so that one slice that broke among many that did not is still seen. The variance of
    one case is that of all slices together, because that of a small slice is too unsteady, with an
    allowance for further changes as large as those of the run.

    Sources: Efron and Morris, "Data Analysis Using Stein's Estimator and its Generalizations", JASA
    70 (1975), and for the limit "Limiting the Risk of Bayes and Empirical Bayes Estimators", JASA
    67 (1972); for the slices of evaluations Khodak et al., "SureMap", arXiv 2411.09730 (2024), and
    Herlihy et al., "A structured regression approach for evaluating model performance across
    intersectional subgroups", arXiv 2401.14893 (2024).

    Args:
        changes: The changes of the slices.
        overall: The change of all cases.
    """
    variances = _variances(changes)
    distances = [change.mean - overall for change in changes]
    pairs = list(zip(distances, variances, strict=True))
    if not pairs or not all(variances):
        return [change.mean for change in changes]
    excess = math.fsum(distance**2 - variance for distance, variance in pairs)
    between = max(0.0, excess / len(pairs))
    estimates = []
    for change, (distance, variance) in zip(changes, pairs, strict=True):
        limit = math.sqrt(variance)
        shift = variance / (between + variance) * distance
        estimates.append(change.mean - max(-limit, min(limit, shift)))
    return estimates


def _variances(changes: Sequence[Change]) -> list[float]:
    """Return the variance of the mean of each slice; all are 0 only if nothing changed."""
    spread = freedom = 0.0
    moves: list[float] = []
    for change in changes:
        if change.error is not None:
            spread += (change.clusters - 1) * change.error**2 * change.effective
            freedom += change.clusters - 1
        moves += [abs(total) * change.clusters / change.n for total in change.sums]
    one = spread / freedom if freedom else 0.0
    unseen_change = unseen_cases(USUAL.alpha) * unseen_size(moves) ** 2
    return [one / change.effective + unseen_change / change.effective**2 for change in changes]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
