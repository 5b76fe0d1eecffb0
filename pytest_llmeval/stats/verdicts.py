"""The words in which a gate answers, and what they mean for a run and for its exit code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pytest_llmeval.results import Interval

Verdict = Literal["ERROR", "REGRESSED", "INCONCLUSIVE", "NO BASELINE", "WARN", "OK"]
"""``ERROR``: it could not be compared. ``REGRESSED``: surely worse, and by the margin or more. ``INCONCLUSIVE``:
neither a regression nor its absence could be shown. ``WARN``: surely worse, but by less than the margin. ``OK``: a drop
as large as the margin is ruled out."""

WORST_FIRST: tuple[Verdict, ...] = ("ERROR", "REGRESSED", "INCONCLUSIVE", "NO BASELINE", "WARN", "OK")

DecidedBy = Literal["t", "permutation", "mcnemar"]

MIN_CLUSTERS = 10
"""Fewer give no verdict."""

MIN_CHANGED = 5
"""Clusters that must have changed before OK may be said: with fewer the standard error is near 0 by chance."""

MANY_CLUSTERS = 149
"""Clusters that need no such proof: if 2 % got worse, 149 would show it with 95 % probability (ln .05 / ln .98)."""

UNKNOWN = Interval(None, None, None, 0)

PAIRED_PERCENT = 95
"""Of the baseline's cases that a run selected, how many need a score in both runs: the missing may be the broken."""

UNSCORED_PERCENT = 5
"""How many scores may be missing."""


@dataclass(frozen=True)
class GateResult:
    """What the regression gate found for one metric. Differences are after minus before, on a scale from 0 to 1.

    Attributes:
        verdict: The answer.
        reason: Why, in one sentence.
        change: Mean difference d̄; below 0 is worse. ``None`` where nothing could be compared.
        error: Its standard error; ``None`` with fewer than two clusters.
        lower: Lower bound of the true difference, one-sided at ``1 - alpha``: t, or Tango's where McNemar decided.
        upper: Upper bound, likewise. Where a permutation or McNemar decided, ``p`` and not this says "worse".
        p: One-sided p-value of "worse".
        adjusted_p: The same after Holm over the metrics that were gated together; below ``alpha`` is worse.
        detectable: Smallest true drop that would be seen in four of five runs.
        cases_needed: Number of cases at which 5 points would be seen; ``None`` where that cannot be said.
        n: Cases with a score on both sides.
        clusters: Clusters they belong to.
        changed: Clusters in which a case changed.
        test: What decided whether it is worse.
        seed: Of the permutations; ``None`` where none were drawn.
        lost: Cases that passed before and fail now, where McNemar decided.
        gained: Cases that failed before and pass now, likewise.
        metrics: How many metrics were tested together.
        before: Mean in the baseline; with Wilson's interval if it is a pass rate.
        after: Mean in the candidate, likewise.
        margin: Smallest drop that matters.
        alpha: Level of the test.
        is_shown: Whether it is shown to be no worse than the margin (non-inferior), which a strict gate asks for.
        is_identical: Whether the caller said that every answer is the baseline's.
    """

    verdict: Verdict
    reason: str
    change: float | None = None
    error: float | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    adjusted_p: float | None = None
    detectable: float | None = None
    cases_needed: int | None = None
    n: int = 0
    clusters: int = 0
    changed: int = 0
    test: DecidedBy | None = None
    seed: int | None = None
    lost: int | None = None
    gained: int | None = None
    metrics: int = 1
    before: Interval = UNKNOWN
    after: Interval = UNKNOWN
    margin: float = 0.02
    alpha: float = 0.05
    is_shown: bool = False
    is_identical: bool = False


@dataclass(frozen=True)
class Coverage:
    """How much of the baseline a run can be compared with.

    Attributes:
        selected: Cases of the baseline that this run selected.
        paired: Of these, the ones with a valid score in both runs.
        asked: Scores that this run should have.
        unscored: Of these, the ones that could not be given.
        is_same_judge: Whether both runs were judged by one fingerprint, the baseline's answers re-judged if need be.
    """

    selected: int
    paired: int
    asked: int
    unscored: int = 0
    is_same_judge: bool = True


def obstacle(coverage: Coverage) -> str:
    """Why a run cannot be compared with its baseline, which makes it an ERROR; empty if it can be."""
    selected, paired, asked, unscored = coverage.selected, coverage.paired, coverage.asked, coverage.unscored
    if not coverage.is_same_judge:
        return "the baseline was judged by another judge and cannot be judged again: make a new baseline"
    if not paired:
        return "nothing to compare: no case has a score in both runs"
    if 100 * unscored > UNSCORED_PERCENT * asked:
        return f"{unscored} of {asked} scores are missing; at most {UNSCORED_PERCENT} % may be"
    if 100 * paired < PAIRED_PERCENT * selected:
        return f"only {paired} of the baseline's {selected} cases have a score in both runs; {PAIRED_PERCENT} % must"
    return ""


def not_compared(reason: str) -> GateResult:
    """The result where two runs cannot be compared."""
    return GateResult("ERROR", reason)


def no_baseline(remedy: str) -> GateResult:
    """The result where there is nothing to compare with.

    Args:
        remedy: The command that makes a baseline.
    """
    return GateResult("NO BASELINE", f"there is no baseline to compare with; this makes one: {remedy}")


def worst(results: Iterable[GateResult]) -> Verdict:
    """The verdict of a run: its worst. Of no results it is ERROR, because nothing was compared."""
    return min((each.verdict for each in results), key=WORST_FIRST.index, default="ERROR")


def exit_code(results: Iterable[GateResult], strict: bool = False) -> int:
    """What the gates of a run make of pytest's exit code.

    1: something is worse, or, where the gate is strict, not shown to be no worse. 10: nothing is worse, but something
    could not be compared. 0: neither.
    """
    found = tuple(results)
    verdicts = {each.verdict for each in found}
    if "REGRESSED" in verdicts:
        return 1
    if "ERROR" in verdicts or not found:
        return 10
    return int(strict and not all(each.is_shown for each in found))
