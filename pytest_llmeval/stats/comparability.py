"""When two runs can be compared at all, and the results where they cannot."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmeval.records.comparison import Coverage, GateResult
from pytest_llmeval.records.verdicts import FINE, UNJUDGED, VERDICTS, WORSE, gate_exit_code

MIN_CLUSTERS = 10
"""Fewer give no verdict."""

MIN_CHANGED = 5
"""Clusters that must have changed before OK may be said: with fewer the standard error is near 0 by chance."""

MANY_CLUSTERS = 149
"""Clusters that need no such proof: if 2 % got worse, 149 would show it with 95 % probability (ln .05 / ln .98)."""

_PAIRED_PERCENT = 95
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
    if 100 * paired < _PAIRED_PERCENT * selected:
        return f"only {paired} of the baseline's {selected} cases have a score in both runs; {_PAIRED_PERCENT} % must"
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


def comparison_exit_code(results: Iterable[GateResult], is_strict: bool = False) -> int:
    """Return the exit code of a comparison of two runs.

    Args:
        results: Of each metric; without any, nothing could be compared.
        is_strict: Whether a metric that is not shown to be no worse counts as worse.
    """
    found = tuple(results)
    if not found:
        return UNJUDGED
    code = gate_exit_code(VERDICTS[result.verdict].state for result in found)
    if code == FINE and is_strict and not all(result.is_shown for result in found):
        return WORSE
    return code
