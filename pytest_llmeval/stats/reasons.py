"""Why a gate says what it says: one sentence for whoever reviews the change. A point is a hundredth of the scale."""

from __future__ import annotations

from pytest_llmeval.records.comparison import GateResult
from pytest_llmeval.stats.comparability import MANY_CLUSTERS, MIN_CHANGED, MIN_CLUSTERS
from pytest_llmeval.text import count, level, p_text, points

_NAMES = {"t": "t test", "permutation": "permutation test", "mcnemar": "exact McNemar test"}


def reason(found: GateResult) -> str:
    """The sentence for a result whose verdict and numbers are known; its own reason is not read."""
    if found.is_identical:
        return "identical: every answer is the baseline's"
    if found.clusters < MIN_CLUSTERS:
        return f"only {_clusters(found)}: fewer than {MIN_CLUSTERS} give no verdict"
    if found.verdict == "REGRESSED":
        return f"{_change(found)} ({_sureness(found)}), margin {_margin(found)}"
    if found.verdict == "WARN":
        return f"{_change(found)} ({_sureness(found)}), within the margin of {_margin(found)}"
    if found.verdict == "OK":
        return f"{_change(found)} ({_floor(found)}), margin {_margin(found)}"
    if found.lower is not None and found.lower > -found.margin:
        unit = "cases" if found.clusters == found.n else "clusters"
        return (
            f"only {found.changed} of {_clusters(found)} changed: too little to rule out a drop of {_margin(found)}; "
            f"that takes {MIN_CHANGED} that changed, or {MANY_CLUSTERS} {unit}"
        )
    return f"{_change(found)}, {_doubt(found)}, margin {_margin(found)}{_outlook(found)}"


def _change(found: GateResult) -> str:
    change = found.change or 0.0
    words = (
        f"{_points(change)} points {'worse' if change < 0 else 'better'}" if change else "no change"
    )
    if found.lost is None:
        return words
    return f"{words}: {found.lost} of {found.n} passed before and fail now, {found.gained} the other way"


def _sureness(found: GateResult) -> str:
    """How sure it is that it got worse."""
    if found.metrics > 1:
        return f"{_test(found)}, {p_text(found.adjusted_p)} among {found.metrics} metrics"
    if found.test == "t":
        return f"{level(1 - found.alpha)} sure: at least {_points(found.upper)}"
    return _test(found)


def _floor(found: GateResult) -> str:
    """What is ruled out."""
    lower = found.lower or 0.0
    if lower < 0 or _points(lower) == "0.0":
        return f"{level(1 - found.alpha)} sure: at most {_points(lower)} worse"
    return f"{level(1 - found.alpha)} sure: at least {_points(lower)} better"


def _doubt(found: GateResult) -> str:
    lower = f"{_points(found.lower)} worse is not ruled out"
    if (found.change or 0.0) >= 0:
        return f"but {lower}"
    if found.p is not None and found.p < found.alpha:
        return f"which may be chance among {found.metrics} metrics ({p_text(found.adjusted_p)}), and {lower}"
    return f"which may be chance, and {lower}"


def _outlook(found: GateResult) -> str:
    seen = f"; a drop of {_points(found.detectable)} would show"
    if found.cases_needed is None:
        return seen
    return f"{seen}, one of 5.0 with {count(found.cases_needed, 'case')}"


def _test(found: GateResult) -> str:
    return f"{_NAMES[found.test]}, {p_text(found.p)}" if found.test else p_text(found.p)


def _clusters(found: GateResult) -> str:
    if found.clusters == found.n:
        return count(found.n, "case")
    return f"{count(found.clusters, 'cluster')} of {count(found.n, 'case')}"


def _points(value: float | None) -> str:
    return points(None if value is None else abs(value), signed=False)


def _margin(found: GateResult) -> str:
    margin = f"{100 * found.margin:g}"
    return f"{margin} point{'' if margin == '1' else 's'}"
