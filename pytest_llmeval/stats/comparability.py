"""The conditions under which two runs can be compared, and the results where they cannot."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmeval.records.comparison import Coverage, GateResult
from pytest_llmeval.records.verdicts import (
    FINE,
    UNJUDGED,
    VERDICTS,
    gate_exit_code,
    gate_state,
)
from pytest_llmeval.text import count

_PAIRED_PERCENT = 95
"""Percentage of the selected baseline cases that need a score in both runs.

The cases without one may be those that broke.
"""

UNSCORED_PERCENT = 5
"""Percentage of scores that may be missing."""


def obstacle(coverage: Coverage) -> str:
    """Return why a run cannot be compared with its baseline, or nothing if it can be."""
    if not coverage.is_same_judge:
        if not coverage.is_judged:
            return (
                "the baseline was scored by another version of the metric or with other "
                "parameters, and its answers cannot be scored again"
            )
        cause = "was scored by a different judge"
        if coverage.is_drifted:
            cause = "was scored before the judge changed"
        return f"the baseline {cause}, and its answers cannot be judged again"
    is_resampled = _is_resampled(coverage)
    if not coverage.paired and not is_resampled:
        return "nothing to compare: no case has a score in both runs"
    if _lacks_scores(coverage):
        return (
            f"{coverage.unscored} of {coverage.expected} scores are missing; "
            f"at most {UNSCORED_PERCENT}% are allowed"
        )
    if is_resampled:
        return (
            f"{coverage.resampled} of the baseline's {coverage.selected} cases were made with "
            f"other settings ({coverage.settings}), and their scores were not made again with these"
        )
    if lacks_pairs(coverage):
        edited = f" ({coverage.edited} edited since)" if coverage.edited else ""
        return (
            f"only {coverage.paired} of the baseline's {coverage.selected} cases have a score "
            f"in both runs{edited}; at least {_PAIRED_PERCENT}% are required"
        )
    return ""


def needs_new_baseline(coverage: Coverage) -> bool:
    """Return whether only a new baseline removes an obstacle."""
    if not coverage.is_same_judge:
        return True
    return _is_resampled(coverage) and not _lacks_scores(coverage)


def _lacks_scores(coverage: Coverage) -> bool:
    return 100 * coverage.unscored > UNSCORED_PERCENT * coverage.expected


def lacks_pairs(coverage: Coverage, further: int = 0) -> bool:
    """Return whether too few cases could be compared, also with some further ones."""
    paired = coverage.paired + coverage.not_run + further
    return 100 * paired < _PAIRED_PERCENT * coverage.selected


def _is_resampled(coverage: Coverage) -> bool:
    """Return whether too few cases can be compared because of other settings alone."""
    return lacks_pairs(coverage) and not lacks_pairs(coverage, coverage.resampled)


def is_partial(coverage: Coverage) -> bool:
    """Return whether a verdict covers too small a part of the cases for a strict gate."""
    return lacks_cases(coverage) or is_mostly_new(coverage)


def is_mostly_new(coverage: Coverage) -> bool:
    """Return whether the baseline has fewer than half of the cases of the run."""
    return coverage.added > coverage.paired + coverage.not_run


def lacks_cases(coverage: Coverage) -> bool:
    """Return whether a verdict covers too small a part of the baseline."""
    return 100 * (coverage.paired + coverage.not_run) < _PAIRED_PERCENT * coverage.before


def with_coverage(reason: str, coverage: Coverage) -> str:
    """Add to the reason of a verdict how many of the baseline's cases it covers, if not all."""
    if coverage.rescored:
        reason = f"{reason}; the expected answer of {count(coverage.rescored, 'case')} was edited"
    if coverage.added:
        cases = coverage.paired + coverage.added
        reason = f"{reason}; {coverage.added} of {cases} cases are new and not compared"
    if coverage.paired >= coverage.before:
        return reason
    edited = f" ({coverage.edited} edited since)" if coverage.edited else ""
    return f"{reason}; covers {coverage.paired} of the baseline's {coverage.before} cases{edited}"


def not_compared(reason: str) -> GateResult:
    """Make the result of two runs that cannot be compared."""
    return GateResult("ERROR", reason)


def by_outcome(option: str) -> GateResult:
    """Make the result of a run whose cases were chosen by how they ended last time.

    Args:
        option: The option that chose them.
    """
    return not_compared(
        f"the cases were selected by outcome ({option}): those that failed last time fall further "
        f"by chance alone; run without {option}"
    )


def no_baseline(remedy: str) -> GateResult:
    """Make the result of a run without a baseline, with the command that makes one."""
    return GateResult(
        "NO BASELINE", f"there is no baseline to compare with; make one with: {remedy}"
    )


def comparison_exit_code(
    results: Iterable[GateResult], is_strict: bool = False, is_whole: bool = True
) -> int:
    """Return the exit code of a comparison of two runs.

    Args:
        results: The result of each metric. Without any, nothing could be compared.
        is_strict: Whether a metric counts as worse unless it is shown to be no worse.
        is_whole: Whether the results cover the baseline, as a strict comparison requires.
    """
    metric_results = tuple(results)
    if not metric_results:
        return UNJUDGED
    code = gate_exit_code(VERDICTS[result.verdict].state for result in metric_results)
    if code != FINE or not is_strict:
        return code
    states = (gate_state(result.verdict, True, result.is_shown) for result in metric_results)
    return gate_exit_code(states) or (FINE if is_whole else UNJUDGED)
