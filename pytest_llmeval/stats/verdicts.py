"""The words in which a gate answers, and what they mean for a run and for its exit code."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmeval.records.comparison import Coverage, GateResult, Verdict

WORST_FIRST: tuple[Verdict, ...] = (
    "ERROR",
    "REGRESSED",
    "INCONCLUSIVE",
    "NO BASELINE",
    "WARN",
    "OK",
)

MIN_CLUSTERS = 10
"""Fewer give no verdict."""

MIN_CHANGED = 5
"""Clusters that must have changed before OK may be said: with fewer the standard error is near 0 by chance."""

MANY_CLUSTERS = 149
"""Clusters that need no such proof: if 2 % got worse, 149 would show it with 95 % probability (ln .05 / ln .98)."""

PAIRED_PERCENT = 95
"""Of the baseline's cases that a run selected, how many need a score in both runs: the missing may be the broken."""

UNSCORED_PERCENT = 5
"""How many scores may be missing."""


def obstacle(coverage: Coverage) -> str:
    """Why a run cannot be compared with its baseline, which makes it an ERROR; empty if it can be."""
    selected, paired, asked, unscored = (
        coverage.selected,
        coverage.paired,
        coverage.asked,
        coverage.unscored,
    )
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
    return GateResult(
        "NO BASELINE", f"there is no baseline to compare with; this makes one: {remedy}"
    )


def worst(results: Iterable[GateResult]) -> Verdict:
    """The verdict of a run: its worst. Of no results it is ERROR, because nothing was compared."""
    return min((each.verdict for each in results), key=WORST_FIRST.index, default="ERROR")


def exit_code(results: Iterable[GateResult], strict: bool = False) -> int:
    """What the gates of a run make of pytest's exit code.

    1: something is worse, or, where the gate is strict, not shown to be no worse. 10: nothing is
    worse, but something could not be compared. 0: neither.
    """
    found = tuple(results)
    verdicts = {each.verdict for each in found}
    if "REGRESSED" in verdicts:
        return 1
    if "ERROR" in verdicts or not found:
        return 10
    return int(strict and not all(each.is_shown for each in found))
